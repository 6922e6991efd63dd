//! Connecting: name, TCP, TLS where the address asks for it, WebSocket.
//!
//! The collector is recognised by its key, as for uploads, and the request is signed: it tests with
//! its agents only. Another server's certificate is no concern of a measurement that carries nothing.

use std::{net::SocketAddr, sync::Arc};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        client::IntoClientRequest as _,
        handshake::client::Request,
        http::{HeaderName, HeaderValue, Uri, header::SEC_WEBSOCKET_PROTOCOL, header::USER_AGENT},
        protocol::WebSocketConfig,
    },
};

use super::{Bench, DIAL_TIMEOUT, Direction, SUBPROTOCOL, Spec, outcome_of_ws};
use crate::{
    SOFTWARE,
    kinds::outcome_of,
    report::Outcome,
    tls::{Recorder, pinned_config},
    volume::Counted,
    wire::{
        hex,
        schedule::{COLLECTOR_SERVER, sign_throughput},
        sha256,
    },
};

/// Largest message that is taken (specification: not smaller than 1 << 24).
const MESSAGE_BYTES_MAX: usize = 1 << 24;

/// A connection, with TLS or without.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}
pub(super) type Stream = Box<dyn Io>;

/// Where a server listens.
struct Place {
    host: String,
    port: u16,
    tls: bool,
    /// `host:port` as the request names it.
    authority: String,
}

/// The place that a `ws://` or `wss://` address names; `None` for anything else.
fn place(server: &str) -> Option<Place> {
    let uri: Uri = server.parse().ok()?;
    let tls = match uri.scheme_str()? {
        "wss" => true,
        "ws" => false,
        _ => return None,
    };
    let authority = uri.authority()?;
    let bare = (uri.path().is_empty() || uri.path() == "/") && uri.query().is_none();
    (bare && !authority.as_str().contains('@')).then(|| Place {
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        tls,
        authority: authority.as_str().to_owned(),
    })
}

/// Whether a server can be measured with: the collector, or `ws://` or `wss://` with a host and
/// nothing behind it.
#[must_use]
pub fn is_valid_server(server: &str) -> bool {
    server == COLLECTOR_SERVER || place(server).is_some()
}

impl Bench {
    pub(super) async fn dial(
        &self,
        spec: &Spec,
        direction: Direction,
        now_unix_ms: Option<i64>,
        measured: &mut Option<std::net::IpAddr>,
    ) -> Result<WebSocketStream<Stream>, Outcome> {
        let own = spec.server == COLLECTOR_SERVER;
        let place = if own {
            let collector = &self.identity.collector;
            Place {
                host: collector.host.clone(),
                port: collector.port,
                tls: true,
                authority: collector.authority(),
            }
        } else {
            place(&spec.server).ok_or(Outcome::NotSent)?
        };
        let names = &self.http.names;
        let addresses = if own {
            names.addresses_anywhere(&place.host, DIAL_TIMEOUT).await?
        } else {
            names.addresses(&place.host, DIAL_TIMEOUT).await?
        };
        let address = addresses.first().ok_or(Outcome::DnsNoData)?;
        *measured = Some(*address);
        let stream = TcpStream::connect(SocketAddr::new(*address, place.port))
            .await
            .map_err(|error| outcome_of(&error))?;
        let stream = Counted::new(stream, Arc::clone(&self.http.volume));
        let stream: Stream = if place.tls {
            let name = ServerName::try_from(place.host.clone()).map_err(|_| Outcome::NotSent)?;
            let connector = TlsConnector::from(Arc::new(self.tls(own)?));
            let greeted = connector.connect(name, stream).await;
            Box::new(greeted.map_err(|_| Outcome::TlsFailed)?)
        } else {
            Box::new(stream)
        };
        let signed_at = own.then(|| now_unix_ms.unwrap_or_else(|| self.http.clock.unix_ms()));
        let request = self.request(&place, (spec, direction), signed_at)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let (socket, _) = client_async_with_config(request, stream, Some(config))
            .await
            .map_err(|error| outcome_of_ws(&error))?;
        Ok(socket)
    }

    fn tls(&self, own: bool) -> Result<ClientConfig, Outcome> {
        let config = if own {
            pinned_config(sha256(&self.identity.collector_key))
        } else {
            Arc::new(Recorder::new(None, None)).config()
        };
        config.map_err(|_| Outcome::NotSent)
    }

    /// The request for an upgrade; signed, with the time, for the collector.
    fn request(
        &self,
        place: &Place,
        (spec, direction): (&Spec, Direction),
        signed_at_unix_ms: Option<i64>,
    ) -> Result<Request, Outcome> {
        let url = format!(
            "ws://{}{}?max_bytes={}&client_name=desserte-probe",
            place.authority,
            direction.path(),
            spec.bytes_max
        );
        let mut request = url.into_client_request().map_err(|_| Outcome::NotSent)?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(SOFTWARE));
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        if let Some(now) = signed_at_unix_ms {
            let agent = self.identity.enrolment.agent;
            let signature = sign_throughput(&self.identity.key, agent, now);
            let values = [
                ("desserte-agent", agent.to_string()),
                ("desserte-time", now.to_string()),
                ("desserte-signature", hex(&signature)),
            ];
            for (name, value) in values {
                let value = HeaderValue::try_from(value).map_err(|_| Outcome::NotSent)?;
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_the_collector_or_addresses_without_a_path() {
        for right in [
            "collector",
            "ws://192.0.2.1:8420",
            "wss://ndt.example/",
            "ws://[::1]",
        ] {
            assert!(is_valid_server(right), "{right}");
        }
        for wrong in [
            "",
            "http://a",
            "ws://a/b",
            "ws://u@a",
            "wss://a?x=1",
            "host",
        ] {
            assert!(!is_valid_server(wrong), "{wrong}");
        }
    }
}
