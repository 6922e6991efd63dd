//! One connection to the collector: TCP, TLS with the pinned key, HTTP/1.1 kept alive.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, StatusCode, Uri,
    client::conn::http1::{SendRequest, handshake},
    header::{HOST, RETRY_AFTER, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use crate::{
    SOFTWARE, tls,
    volume::{Counted, Volume},
};

/// TCP handshake with one address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// TLS handshake.
const TLS_TIMEOUT: Duration = Duration::from_secs(15);
/// One request with its answer; a batch of four hours is some 20 KB, so this serves 3 kbit/s.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// Largest answer that is read. A schedule with every target takes a quarter.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Addresses of the collector's name that are tried.
const ADDRESSES_MAX: usize = 4;

/// Why the collector could not be asked, or what it answered.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// The address of the collector is not usable.
    #[error("collector address {0:?}: expected https://HOST:PORT")]
    Address(String),
    /// Its name has no address now.
    #[error("resolve {host}: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// Why.
        source: std::io::Error,
    },
    /// No TCP connection.
    #[error("connect to {address}: {source}")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The listener does not own the collector's key, or does not speak TLS 1.3.
    #[error("TLS with {address}: {source}")]
    Tls {
        /// Where to.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A step took too long.
    #[error("{0}: timed out")]
    Timeout(&'static str),
    /// The connection broke, or the answer is not HTTP.
    #[error("{operation}: {source}")]
    Http {
        /// What was asked.
        operation: &'static str,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An answer other than the one hoped for.
    #[error("{operation}: {status}{}", code.as_deref().map(|c| format!(" ({c})")).unwrap_or_default())]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// HTTP status.
        status: u16,
        /// Machine-readable reason of the problem body.
        code: Option<String>,
        /// Its text.
        detail: Option<String>,
        /// How long the collector asks to wait.
        retry_after: Option<Duration>,
    },
    /// An answer that breaks the contract.
    #[error("{operation}: {reason}")]
    Answer {
        /// What was asked.
        operation: &'static str,
        /// What is wrong with the answer.
        reason: String,
    },
}

/// Where the collector listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Endpoint {
    /// Reads `https://HOST[:PORT]`. Port 443 when none is given.
    pub fn parse(text: &str) -> Result<Self, CollectorError> {
        let refused = || CollectorError::Address(text.to_owned());
        let uri: Uri = text.trim().parse().map_err(|_| refused())?;
        let authority = uri.authority().ok_or_else(refused)?;
        let bare = uri.path().is_empty() || uri.path() == "/";
        let plain = !authority.as_str().contains('@');
        if uri.scheme_str() != Some("https") || !bare || uri.query().is_some() || !plain {
            return Err(refused());
        }
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(443),
        })
    }

    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// An answer of the collector.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Body, of at most 64 KiB.
    pub body: Bytes,
    retry_after: Option<Duration>,
}

#[derive(serde::Deserialize)]
struct Problem {
    code: Option<String>,
    detail: Option<String>,
}

impl Answer {
    /// The body of the hoped-for status, or the problem that came instead.
    pub fn expect(
        self,
        operation: &'static str,
        status: StatusCode,
    ) -> Result<Bytes, CollectorError> {
        if self.status == status {
            return Ok(self.body);
        }
        let problem = serde_json::from_slice(&self.body).unwrap_or(Problem {
            code: None,
            detail: None,
        });
        Err(CollectorError::Refused {
            operation,
            status: self.status.as_u16(),
            code: problem.code,
            detail: problem.detail,
            retry_after: self.retry_after,
        })
    }
}

/// Reads JSON of an answer.
pub(crate) fn parse_json<T: serde::de::DeserializeOwned>(
    operation: &'static str,
    body: &[u8],
) -> Result<T, CollectorError> {
    serde_json::from_slice(body).map_err(|error| CollectorError::Answer {
        operation,
        reason: error.to_string(),
    })
}

/// A connection that stands.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
    /// Address of the collector.
    pub peer: SocketAddr,
}

impl Connection {
    /// Tries the collector's addresses one after the other.
    pub(crate) async fn open(
        endpoint: &Endpoint,
        key_sha256: [u8; 32],
        volume: &Arc<Volume>,
    ) -> Result<Self, CollectorError> {
        Self::open_from(None, endpoint, key_sha256, volume).await
    }

    /// The same from an address of this machine, where several agents of one process must not look
    /// like one.
    pub async fn open_from(
        from: Option<IpAddr>,
        endpoint: &Endpoint,
        key_sha256: [u8; 32],
        volume: &Arc<Volume>,
    ) -> Result<Self, CollectorError> {
        let host = &endpoint.host;
        let resolve = tokio::net::lookup_host((host.as_str(), endpoint.port));
        let found = within("resolve the collector's name", CONNECT_TIMEOUT, resolve).await?;
        let addresses: Vec<_> = found
            .map_err(|source| CollectorError::Resolve {
                host: host.clone(),
                source,
            })?
            .take(ADDRESSES_MAX)
            .collect();
        let mut last = CollectorError::Address(host.clone());
        for address in addresses {
            match Self::open_one(from, (endpoint, address), key_sha256, volume).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open_one(
        from: Option<IpAddr>,
        (endpoint, address): (&Endpoint, SocketAddr),
        key_sha256: [u8; 32],
        volume: &Arc<Volume>,
    ) -> Result<Self, CollectorError> {
        let connect = connect(from, address);
        let stream = within("connect to the collector", CONNECT_TIMEOUT, connect)
            .await?
            .map_err(|source| CollectorError::Connect { address, source })?;
        let _ = stream.set_nodelay(true); // a delay of the last segment is no reason to fail
        let tls_error = |source| CollectorError::Tls { address, source };
        let config = tls::pinned_config(key_sha256)
            .map_err(|error| tls_error(std::io::Error::other(error)))?;
        let name = ServerName::try_from(endpoint.host.clone())
            .map_err(|_| CollectorError::Address(endpoint.host.clone()))?;
        let counted = Counted::new(stream, Arc::clone(volume));
        let handshake_tls = TlsConnector::from(Arc::new(config)).connect(name, counted);
        let stream = within("TLS with the collector", TLS_TIMEOUT, handshake_tls)
            .await?
            .map_err(tls_error)?;
        let (sender, driver) = handshake(TokioIo::new(stream))
            .await
            .map_err(http("open HTTP connection"))?;
        // Ends when the sender is dropped or the peer closes; its error reaches the sender too.
        drop(tokio::spawn(driver));
        Ok(Self {
            sender,
            authority: endpoint.authority(),
            peer: address,
        })
    }

    /// Whether the peer has closed it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Asks one thing.
    pub async fn request(
        &mut self,
        operation: &'static str,
        (method, path): (Method, &str),
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Answer, CollectorError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(USER_AGENT, SOFTWARE);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(http(operation))?;
        let exchange = async {
            self.sender.ready().await.map_err(http(operation))?;
            let answer = self
                .sender
                .send_request(request)
                .await
                .map_err(http(operation))?;
            let (head, body) = answer.into_parts();
            let retry_after = head
                .headers
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs);
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body
                .map_err(|source| CollectorError::Http { operation, source })?
                .to_bytes();
            Ok(Answer {
                status: head.status,
                body,
                retry_after,
            })
        };
        within(operation, REQUEST_TIMEOUT, exchange).await?
    }
}

async fn connect(from: Option<IpAddr>, to: SocketAddr) -> std::io::Result<TcpStream> {
    let Some(from) = from.filter(|from| from.is_ipv4() == to.is_ipv4()) else {
        return TcpStream::connect(to).await;
    };
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

/// `Content-Type: application/json`.
pub(crate) fn json_header() -> (&'static str, String) {
    (CONTENT_TYPE_NAME, crate::wire::CONTENT_TYPE_JSON.to_owned())
}

/// Name of the header with the type of the body.
pub const CONTENT_TYPE_NAME: &str = "content-type";

fn http<E>(operation: &'static str) -> impl FnOnce(E) -> CollectorError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |error| CollectorError::Http {
        operation,
        source: error.into(),
    }
}

async fn within<T>(
    operation: &'static str,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, CollectorError> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| CollectorError::Timeout(operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        let read = |text| Endpoint::parse(text).map(|e| e.authority());
        assert_eq!(read("https://c.example:8443").unwrap(), "c.example:8443");
        assert_eq!(read("https://[::1]:9/").unwrap(), "[::1]:9");
        assert_eq!(read("https://10.0.0.1").unwrap(), "10.0.0.1:443");
        for wrong in [
            "http://c:1",
            "c:1",
            "https://",
            "https://c/x",
            "https://u@c:1",
            "",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
