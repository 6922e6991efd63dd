//! From where a request comes, behind as many proxies as there are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The other end of a connection, as the listener sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incoming {
    /// Its address.
    pub peer: SocketAddr,
    /// Whether it speaks TLS with us.
    pub tls: bool,
}

/// Who sent a request, and whether it travelled under TLS all the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Its address.
    pub address: IpAddr,
    /// Whether the browser speaks `https` with whoever it reached.
    pub secure: bool,
}

/// Why a request is refused before anything else is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTrusted;

impl Caller {
    /// A request that was made without a connection, in a test of the routes: from loopback.
    pub const LOOPBACK: Self = Self {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secure: false,
    };

    /// Who sent a request over a connection. `X-Forwarded-For` is believed only as far as trusted
    /// proxies wrote it: from the right, the first address that is none of theirs. What lies further to
    /// the left was written by the sender. With trusted proxies and without TLS of our own nobody else
    /// than they, and this machine, may connect.
    pub fn of(
        incoming: Incoming,
        (forwarded_for, forwarded_proto): (Option<&str>, Option<&str>),
        trusted: &[IpAddr],
    ) -> Result<Self, NotTrusted> {
        let peer = incoming.peer.ip().to_canonical();
        let is_trusted = |address: IpAddr| trusted.contains(&address.to_canonical());
        if !is_trusted(peer) {
            if !incoming.tls && !peer.is_loopback() {
                return Err(NotTrusted);
            }
            return Ok(Self {
                address: peer,
                secure: incoming.tls,
            });
        }
        let mut address = peer;
        for written in forwarded_for.unwrap_or_default().rsplit(',') {
            let Ok(next) = written.trim().parse::<IpAddr>() else {
                break;
            };
            address = next.to_canonical();
            if !is_trusted(address) {
                break;
            }
        }
        // Of several schemes the last one was written by the proxy that we trust.
        let proto = forwarded_proto.unwrap_or_default().rsplit(',').next();
        Ok(Self {
            address,
            secure: proto.is_some_and(|one| one.trim().eq_ignore_ascii_case("https")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, tls: bool, forwarded: Option<&str>) -> Result<Caller, NotTrusted> {
        let incoming = Incoming {
            peer: peer.parse().unwrap(),
            tls,
        };
        let trusted = ["10.0.0.2".parse().unwrap(), "10.0.0.3".parse().unwrap()];
        Caller::of(incoming, (forwarded, Some("https")), &trusted)
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_what_they_wrote() {
        let address = |caller: Result<Caller, NotTrusted>| caller.unwrap().address.to_string();
        let spoofed = Some("198.51.100.9, 203.0.113.7");
        assert_eq!(address(of("10.0.0.2:9", false, spoofed)), "203.0.113.7");
        let two = Some("198.51.100.9, 203.0.113.7, 10.0.0.3");
        assert_eq!(address(of("10.0.0.2:9", false, two)), "203.0.113.7");
        assert_eq!(address(of("10.0.0.2:9", false, None)), "10.0.0.2");
        assert_eq!(
            address(of("10.0.0.2:9", false, Some("no address"))),
            "10.0.0.2"
        );
        assert_eq!(address(of("203.0.113.7:9", true, spoofed)), "203.0.113.7");
        assert_eq!(
            address(of("[::ffff:10.0.0.2]:9", false, spoofed)),
            "203.0.113.7"
        );
        assert_eq!(address(of("127.0.0.1:9", false, spoofed)), "127.0.0.1");
        assert_eq!(of("203.0.113.7:9", false, spoofed), Err(NotTrusted));
    }

    #[test]
    fn the_scheme_is_our_own_or_what_a_trusted_proxy_says() {
        assert!(of("203.0.113.7:9", true, None).unwrap().secure);
        assert!(of("10.0.0.2:9", false, None).unwrap().secure);
        assert!(!of("127.0.0.1:9", false, None).unwrap().secure);
    }
}
