//! One HTTP request (RFC 9110) with the time of each phase: name, TCP, TLS, first byte, whole.
//!
//! The chain is ours (resolver → TCP → rustls → hyper) so that each phase can be timed. Certificates
//! are measured, never refused; redirects are not followed. An answer whose status is outside the
//! expected range is shown with its phases and counts as no answer.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Uri,
    body::Incoming,
    client::conn::http1::handshake,
    header::{ACCEPT, CONNECTION, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls::{RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{Measured, Times, micros, names::Names, outcome_of};
use crate::{
    SOFTWARE,
    clock::Clock,
    report::{Detail, Outcome},
    tls::Recorder,
    volume::{Counted, Volume},
};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// `http://` or `https://` address.
    pub url: String,
    /// Statuses that count as an answer, both inclusive.
    pub statuses: (u16, u16),
    /// For the whole request.
    pub timeout: Duration,
    /// Bytes of body read at most.
    pub body_bytes_max: u32,
}

/// What a request needs beside its specification.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The machine's clocks.
    pub clock: Arc<dyn Clock>,
    /// Where names are asked for.
    pub names: Names,
    /// Trusted authorities; `None` when the machine has none.
    pub roots: Option<Arc<RootCertStore>>,
    /// Bytes on the line.
    pub volume: Arc<Volume>,
}

/// The machine's trusted authorities; `None` when it has none.
#[must_use]
pub fn system_roots() -> Option<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    let (added, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    (added > 0).then(|| Arc::new(roots))
}

/// Phases as they are reached.
#[derive(Debug, Default)]
struct Phases {
    dns: Option<Duration>,
    connect: Option<Duration>,
    tls: Option<Duration>,
    first_byte: Option<Duration>,
    total: Option<Duration>,
    status: Option<u16>,
    address: Option<std::net::IpAddr>,
}

struct Parts {
    tls: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
}

fn parse(url: &str) -> Option<Parts> {
    let uri: Uri = url.parse().ok()?;
    let tls = match uri.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = uri.authority()?;
    Some(Parts {
        tls,
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        authority: authority.as_str().to_owned(),
        path: uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), |p| p.as_str().to_owned()),
    })
}

/// Whether an address can be measured.
#[must_use]
pub fn is_valid_url(url: &str) -> bool {
    parse(url).is_some()
}

impl Bench {
    /// Asks once. `now_unix_ms` is the corrected time, for the validity of certificates.
    pub async fn measure(&self, spec: &Spec, now_unix_ms: Option<i64>) -> Measured {
        let start = self.clock.boottime_ms();
        let Some(parts) = parse(&spec.url) else {
            return Measured::nothing(start, Outcome::NotSent);
        };
        let recorder = Arc::new(Recorder::new(self.roots.clone(), now_unix_ms));
        let mut phases = Phases::default();
        let work = self.request(&parts, spec, &recorder, &mut phases);
        let outcome = match tokio::time::timeout(spec.timeout, work).await {
            Ok(Ok(())) => Outcome::Ok,
            Ok(Err(outcome)) => outcome,
            Err(_) => Outcome::Timeout,
        };
        // Time for the name ran out together with the whole: the phase tells which it was.
        let unnamed = phases.dns.is_none() && phases.address.is_none();
        let outcome = if outcome == Outcome::Timeout && unnamed {
            Outcome::DnsTimeout
        } else {
            outcome
        };
        let answered = outcome == Outcome::Ok;
        let shown = recorder.shown();
        Measured {
            outcome,
            sent: 1,
            received: u16::from(answered),
            times: phases
                .total
                .filter(|_| answered)
                .and_then(|t| Times::of(&[micros(t)])),
            coarse: true,
            detail: Some(Detail::Http {
                dns_us: phases.dns.map(micros),
                connect_us: phases.connect.map(micros),
                tls_us: phases.tls.map(micros),
                first_byte_us: phases.first_byte.map(micros),
                total_us: phases.total.map(micros),
                status: phases.status,
                leaf_expires_unix_s: shown.leaf_expires_unix_s,
                chain_expires_unix_s: shown.chain_expires_unix_s,
                certificate_valid: shown.valid,
            }),
            address: phases.address,
            ..Measured::nothing(start, outcome)
        }
    }

    async fn request(
        &self,
        parts: &Parts,
        spec: &Spec,
        recorder: &Arc<Recorder>,
        phases: &mut Phases,
    ) -> Result<(), Outcome> {
        let begun = self.clock.monotonic();
        let literal = parts.host.parse::<std::net::IpAddr>().is_ok();
        let addresses = self.names.addresses(&parts.host, spec.timeout).await?;
        if !literal {
            phases.dns = Some(self.since(begun));
        }
        let address = addresses.first().ok_or(Outcome::DnsNoData)?;
        phases.address = Some(*address);
        let connecting = self.clock.monotonic();
        let stream = TcpStream::connect(SocketAddr::new(*address, parts.port)).await;
        let stream = stream.map_err(|error| outcome_of(&error))?;
        phases.connect = Some(self.since(connecting));
        let _ = stream.set_nodelay(true); // a delay of the last segment is no reason to fail
        let stream = Counted::new(stream, Arc::clone(&self.volume));
        if parts.tls {
            let greeting = self.clock.monotonic();
            let config = recorder.config().map_err(|_| Outcome::NotSent)?;
            let name = ServerName::try_from(parts.host.clone()).map_err(|_| Outcome::NotSent)?;
            let connector = TlsConnector::from(Arc::new(config));
            let stream = connector
                .connect(name, stream)
                .await
                .map_err(|error| tls_outcome(&error))?;
            phases.tls = Some(self.since(greeting));
            self.exchange(stream, parts, spec, (begun, phases)).await
        } else {
            self.exchange(stream, parts, spec, (begun, phases)).await
        }
    }

    async fn exchange<S>(
        &self,
        stream: S,
        parts: &Parts,
        spec: &Spec,
        (begun, phases): (Duration, &mut Phases),
    ) -> Result<(), Outcome>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let request = Request::get(&parts.path)
            .header(HOST, &parts.authority)
            .header(USER_AGENT, SOFTWARE)
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|_| Outcome::NotSent)?;
        let (mut sender, driver) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| http_outcome(&error))?;
        let driver = AbortOnDrop(tokio::spawn(driver));
        let asked = self.clock.monotonic();
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| http_outcome(&error))?;
        phases.first_byte = Some(self.since(asked));
        phases.status = Some(answer.status().as_u16());
        read_body(answer.into_body(), spec.body_bytes_max).await?;
        phases.total = Some(self.since(begun));
        drop(driver);
        let (from, to) = spec.statuses;
        let expected = phases
            .status
            .is_some_and(|status| (from..=to).contains(&status));
        if expected {
            Ok(())
        } else {
            Err(match phases.status {
                Some(super::captive::AUTHENTICATION_REQUIRED) => Outcome::Intercepted,
                _ => Outcome::HttpStatus,
            })
        }
    }

    fn since(&self, earlier: Duration) -> Duration {
        self.clock.monotonic().saturating_sub(earlier)
    }
}

/// A measured connection must not live on when its measurement was cut short.
struct AbortOnDrop(tokio::task::JoinHandle<hyper::Result<()>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads up to the limit and leaves the rest unread.
async fn read_body(mut body: Incoming, max: u32) -> Result<(), Outcome> {
    let mut read = 0_usize;
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    while read < max {
        match body.frame().await {
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(error)) => return Err(http_outcome(&error)),
            None => break,
        }
    }
    Ok(())
}

fn http_outcome(error: &hyper::Error) -> Outcome {
    if error.is_parse() {
        return Outcome::HttpMalformed;
    }
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            let outcome = outcome_of(io);
            return if outcome == Outcome::NotSent {
                Outcome::Reset
            } else {
                outcome
            };
        }
        source = inner.source();
    }
    Outcome::Reset
}

/// rustls hides its own errors in `InvalidData`; a peer that hangs up is a reset.
fn tls_outcome(error: &std::io::Error) -> Outcome {
    match outcome_of(error) {
        Outcome::Reset => Outcome::Reset,
        Outcome::Timeout => Outcome::Timeout,
        _ => Outcome::TlsFailed,
    }
}

#[cfg(test)]
mod tests;
