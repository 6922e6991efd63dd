//! Names: a fresh resolver for every measurement, without cache and without second tries, so that
//! what is measured is the network and not our memory.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ProtocolConfig, ResolverConfig, ResolverOpts},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RecordType},
    },
    system_conf::read_system_conf,
};

use super::reach::{Origin, Reach};
use crate::report::Outcome;

/// Where names are asked for.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// `None`: as the system is configured, read anew each time.
    pub config: Option<ResolverConfig>,
    /// Where what they resolve to may lie.
    pub reach: Reach,
}

impl Names {
    /// Addresses of a host that may be measured, or how the question failed. A literal address is no
    /// question. Whoever connects takes one of these and asks no second time: what a name says later
    /// changes nothing.
    pub async fn addresses(&self, host: &str, timeout: Duration) -> Result<Vec<IpAddr>, Outcome> {
        // That name is the machine's own everywhere (RFC 6761 §6.3).
        let is_literal = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let origin = if is_literal || host.eq_ignore_ascii_case("localhost") {
            Origin::Written
        } else {
            Origin::Resolved
        };
        let mut found = self.addresses_anywhere(host, timeout).await?;
        found.retain(|address| self.may(*address, origin));
        if found.is_empty() {
            return Err(Outcome::NotSent);
        }
        Ok(found)
    }

    /// Whether an address may be measured; the log says which may not, and what could be done about it.
    pub(super) fn may(&self, address: IpAddr, origin: Origin) -> bool {
        let allowed = self.reach.allows(address, origin);
        if !allowed {
            tracing::warn!(%address, "{address} is near this box: not measured unless local_networks in agent.toml names it");
        }
        allowed
    }

    /// The same of the collector, which may be anywhere: its address is the installer's.
    pub(super) async fn addresses_anywhere(
        &self,
        host: &str,
        timeout: Duration,
    ) -> Result<Vec<IpAddr>, Outcome> {
        if let Ok(literal) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![literal]);
        }
        let resolver = self.resolver(timeout).map_err(|error| {
            tracing::warn!(%error, "no resolver");
            Outcome::DnsTimeout
        })?;
        // The final dot keeps the search list out.
        let name = format!("{}.", host.trim_end_matches('.'));
        let asked = tokio::time::timeout(timeout, resolver.lookup_ip(name)).await;
        let found = asked
            .map_err(|_| Outcome::DnsTimeout)?
            .map_err(|error| outcome(&error))?;
        let addresses: Vec<IpAddr> = found.iter().collect();
        if addresses.is_empty() {
            Err(Outcome::DnsNoData)
        } else {
            Ok(addresses)
        }
    }

    /// Names that may be this machine's, for a test.
    #[cfg(test)]
    pub(crate) fn near() -> Self {
        Self {
            reach: Reach::with_loopback(),
            ..Self::default()
        }
    }

    /// Names asked for at this resolver, by UDP only.
    #[must_use]
    pub fn at(resolver: IpAddr) -> Self {
        let server = NameServerConfig::udp(resolver);
        Self {
            config: Some(ResolverConfig::from_parts(None, vec![], vec![server])),
            reach: Reach::default(),
        }
    }

    /// Names asked for at this resolver, by UDP, and by TCP when an answer does not fit.
    #[must_use]
    pub fn at_socket(resolver: SocketAddr) -> Self {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut one| {
            one.port = resolver.port();
            one
        });
        let server = NameServerConfig::new(resolver.ip(), true, connections.to_vec());
        Self {
            config: Some(ResolverConfig::from_parts(None, vec![], vec![server])),
            reach: Reach::default(),
        }
    }

    /// One question of one type, by UDP; by TCP when the answer came truncated (RFC 7766 §5). The
    /// two are asked one after the other here, because a resolver that does both by itself forgets
    /// the truncation when TCP fails.
    pub(super) async fn question(
        &self,
        name: &str,
        record: RecordType,
        timeout: Duration,
    ) -> Result<Lookup, Outcome> {
        let name = Name::from_ascii(name).map_err(|_| Outcome::NotSent)?;
        let ask = async {
            let by_udp = self.only(&ProtocolConfig::Udp, timeout)?;
            match by_udp.lookup(name.clone(), record).await {
                Err(NetError::Truncated) => {
                    let by_tcp = self.only(&ProtocolConfig::Tcp, timeout)?;
                    let again = by_tcp.lookup(name, record).await;
                    again.map_err(|error| match error {
                        NetError::Dns(_) => error,
                        _ => NetError::Truncated,
                    })
                }
                other => other,
            }
        };
        tokio::time::timeout(timeout, ask)
            .await
            .map_err(|_| Outcome::DnsTimeout)?
            .map_err(|error| outcome(&error))
    }

    /// A resolver that speaks one protocol only.
    fn only(
        &self,
        protocol: &ProtocolConfig,
        timeout: Duration,
    ) -> Result<TokioResolver, NetError> {
        let config = match &self.config {
            Some(config) => config.clone(),
            None => read_system_conf()?.0,
        };
        let wanted = |one: &ConnectionConfig| {
            std::mem::discriminant(&one.protocol) == std::mem::discriminant(protocol)
        };
        let servers = config.name_servers.into_iter().map(|mut server| {
            server.connections.retain(wanted);
            server
        });
        let servers = servers.filter(|server| !server.connections.is_empty());
        let config = ResolverConfig::from_parts(None, vec![], servers.collect());
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        fresh(builder.options_mut(), timeout);
        builder.build()
    }

    /// Asks one question, whose name tells nothing of anybody: the root's start of authority (RFC
    /// 1035 §3.3.13). Whether an answer of any kind came in time; a refusal is one.
    pub async fn answers(&self, timeout: Duration) -> bool {
        let resolver = match self.resolver(timeout) {
            Ok(resolver) => resolver,
            Err(error) => {
                tracing::warn!(%error, "no resolver");
                return false;
            }
        };
        let asked = tokio::time::timeout(timeout, resolver.lookup(Name::root(), RecordType::SOA));
        matches!(asked.await, Ok(Ok(_) | Err(NetError::Dns(_))))
    }

    fn resolver(&self, timeout: Duration) -> Result<TokioResolver, NetError> {
        let mut builder = match &self.config {
            Some(config) => {
                let provider = TokioRuntimeProvider::default();
                TokioResolver::builder_with_config(config.clone(), provider)
            }
            None => TokioResolver::builder_tokio()?,
        };
        fresh(builder.options_mut(), timeout);
        builder.build()
    }
}

/// No memory, no second try.
fn fresh(options: &mut ResolverOpts, timeout: Duration) {
    options.cache_size = 0;
    options.attempts = 0; // 1 would mean two tries
    options.timeout = timeout;
}

fn outcome(error: &NetError) -> Outcome {
    let code = match error {
        NetError::Truncated => return Outcome::DnsTruncated,
        NetError::Dns(DnsError::NoRecordsFound(none)) => none.response_code,
        NetError::Dns(DnsError::ResponseCode(code)) => *code,
        _ => return Outcome::DnsTimeout,
    };
    match code {
        ResponseCode::NXDomain => Outcome::DnsNxDomain,
        ResponseCode::NoError => Outcome::DnsNoData,
        ResponseCode::Refused => Outcome::DnsRefused,
        _ => Outcome::DnsServFail,
    }
}

#[cfg(test)]
mod tests {
    use hickory_resolver::config::ConnectionConfig;
    use tokio::net::UdpSocket;

    use super::*;

    /// A name server on loopback that answers every question with this code and, for A questions,
    /// with this address.
    async fn server(code: u8, address: Option<[u8; 4]>) -> Names {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let name_end = buffer[12..length].iter().position(|b| *b == 0).unwrap() + 13;
                let question_end = name_end + 4;
                let is_a = buffer[name_end + 1] == 1;
                let mut answer = buffer[..2].to_vec();
                answer.extend([0x81, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0]);
                answer.extend(&buffer[12..question_end]);
                if let (Some(address), true) = (address, is_a) {
                    answer[7] = 1;
                    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                    answer.extend(address);
                }
                let _ = socket.send_to(&answer, from).await;
            }
        });
        names_at(port)
    }

    fn names_at(port: u16) -> Names {
        let mut connection = ConnectionConfig::udp();
        connection.port = port;
        let server = NameServerConfig::new([127, 0, 0, 1].into(), true, vec![connection]);
        Names {
            config: Some(ResolverConfig::from_parts(None, vec![], vec![server])),
            ..Names::near()
        }
    }

    async fn ask(names: &Names) -> Result<Vec<IpAddr>, Outcome> {
        names
            .addresses("anchor.example", Duration::from_millis(800))
            .await
    }

    #[tokio::test]
    async fn each_way_of_failing_has_its_own_outcome() {
        assert_eq!(
            ask(&server(0, Some([127, 0, 0, 7])).await).await,
            Ok(vec![IpAddr::from([127, 0, 0, 7])])
        );
        assert_eq!(ask(&server(0, None).await).await, Err(Outcome::DnsNoData));
        assert_eq!(ask(&server(3, None).await).await, Err(Outcome::DnsNxDomain));
        assert_eq!(ask(&server(2, None).await).await, Err(Outcome::DnsServFail));
        assert_eq!(ask(&server(5, None).await).await, Err(Outcome::DnsRefused));
    }

    #[tokio::test]
    async fn a_silent_server_times_out_and_a_literal_needs_none() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let names = names_at(silent.local_addr().unwrap().port());
        let asked = names
            .addresses("anchor.example", Duration::from_millis(200))
            .await;
        assert_eq!(asked, Err(Outcome::DnsTimeout));
        assert!(!names.answers(Duration::from_millis(200)).await);
        let literal = names.addresses("[::1]", Duration::from_millis(1)).await;
        assert_eq!(literal, Ok(vec!["::1".parse().unwrap()]));
    }

    #[tokio::test]
    async fn any_answer_shows_that_a_resolver_lives() {
        for code in [0, 2, 3, 5] {
            let names = server(code, None).await;
            assert!(names.answers(Duration::from_millis(800)).await, "{code}");
        }
        let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let names = names_at(closed.local_addr().unwrap().port());
        drop(closed);
        assert!(!names.answers(Duration::from_millis(200)).await);
    }
}
