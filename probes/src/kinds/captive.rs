//! Whether a portal answers in others' place: a page known to be empty, and a name known not to exist.
//!
//! The page decides where it answers: a resolver that puts addresses in for absent names (some
//! operators' do) is no portal as long as the page itself comes through. Without a page, or when it
//! could not be had, the name decides. When neither answered nothing is said.

use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;

use super::http::{Bench, Spec};
use crate::{
    report::{Detail, Outcome},
    wire::schedule::CaptiveCheck,
};

/// For each of the two.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Status of the empty page (RFC 9110 §15.3.5).
const EMPTY: u16 = 204;
/// "Network Authentication Required": sent by portals only (RFC 6585 §6).
pub(super) const AUTHENTICATION_REQUIRED: u16 = 511;
/// A page of another kind or a way to one: what portals answer. Other errors may be the server's.
const PORTAL_STATUSES: std::ops::Range<u16> = 200..400;

/// Asks both. Whether somebody else answered; `None` when nothing was learnt.
pub async fn intercepted(check: &CaptiveCheck, bench: &Bench) -> Option<bool> {
    let page = async {
        match &check.empty_page {
            Some(url) => page_intercepted(url, bench).await,
            None => None,
        }
    };
    let name = async {
        match &check.absent_name {
            Some(name) => name_intercepted(name, bench).await,
            None => None,
        }
    };
    let (page, name) = tokio::join!(page, name);
    page.or(name)
}

async fn page_intercepted(url: &str, bench: &Bench) -> Option<bool> {
    let spec = Spec {
        url: url.to_owned(),
        statuses: (EMPTY, EMPTY),
        timeout: TIMEOUT,
        body_bytes_max: 1,
    };
    let mut bench = bench.clone();
    bench.names.reach = bench.names.reach.with_private();
    match bench.measure(&spec, None).await.detail? {
        Detail::Http {
            status: Some(EMPTY),
            ..
        } => Some(false),
        Detail::Http {
            status: Some(status),
            ..
        } => {
            let portal = PORTAL_STATUSES.contains(&status) || status == AUTHENTICATION_REQUIRED;
            portal.then_some(true)
        }
        _ => None,
    }
}

async fn name_intercepted(name: &str, bench: &Bench) -> Option<bool> {
    match bench.names.question(name, RecordType::A, TIMEOUT).await {
        Ok(_) => Some(true),
        Err(Outcome::DnsNxDomain) => Some(false),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, UdpSocket},
    };

    use super::super::names::Names;
    use super::*;
    use crate::{clock::SystemClock, volume::Volume};

    async fn page(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = [0; 1_024];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        url
    }

    /// A resolver that knows every name, or none.
    async fn resolver(every: bool) -> Names {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let names = Names {
            reach: Names::near().reach,
            ..Names::at_socket(socket.local_addr().unwrap())
        };
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let end = buffer[12..length].iter().position(|b| *b == 0).unwrap() + 17;
                let mut answer = buffer[..2].to_vec();
                let code = if every { 0 } else { 3 };
                answer.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(every), 0, 0, 0, 0]);
                answer.extend(&buffer[12..end]);
                if every {
                    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, 1]);
                }
                let _ = socket.send_to(&answer, from).await;
            }
        });
        names
    }

    async fn found(page: Option<String>, name: Option<bool>) -> Option<bool> {
        let check = CaptiveCheck {
            empty_page: page,
            absent_name: name.map(|_| crate::wire::schedule::ABSENT_NAME.to_owned()),
            every_seconds: 60,
        };
        let bench = Bench {
            clock: Arc::new(SystemClock),
            names: match name {
                Some(every) => resolver(every).await,
                None => Names::near(),
            },
            roots: None,
            volume: Arc::new(Volume::default()),
        };
        intercepted(&check, &bench).await
    }

    #[tokio::test]
    async fn only_the_empty_page_is_genuine_and_a_failing_server_says_nothing() {
        let cases = [
            ("HTTP/1.1 204 No Content\r\n\r\n", Some(false)),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nlogin",
                Some(true),
            ),
            (
                "HTTP/1.1 302 Found\r\nlocation: http://p/\r\n\r\n",
                Some(true),
            ),
            (
                "HTTP/1.1 511 Log in\r\ncontent-length: 0\r\n\r\n",
                Some(true),
            ),
            ("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", None),
            ("HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n", None),
            ("", None),
        ];
        for (answer, expected) in cases {
            assert_eq!(
                found(Some(page(answer).await), None).await,
                expected,
                "{answer}"
            );
        }
    }

    #[tokio::test]
    async fn a_name_decides_only_where_no_page_answers() {
        assert_eq!(found(None, Some(true)).await, Some(true));
        assert_eq!(found(None, Some(false)).await, Some(false));
        let genuine = page("HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(found(Some(genuine), Some(true)).await, Some(false));
        let broken = page("").await;
        assert_eq!(found(Some(broken), Some(true)).await, Some(true));
        assert_eq!(found(None, None).await, None);
    }
}
