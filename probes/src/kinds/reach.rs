//! Where measurements may go. A schedule is written elsewhere and a name may resolve to anything, today or
//! tomorrow: neither makes a box talk to itself or to its neighbours, unless whoever installed it says so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Deserializer, de::Error as _};

/// Networks of the box's own side that may be measured, beside all that is outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Network>")]
pub struct Reach {
    local_networks: Vec<Network>,
    own_machine: bool,
}

/// Where clouds keep what a machine is entitled to, beside the link: Amazon's and Alibaba's.
const METADATA: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
];

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    first: Ipv6Addr,
    prefix_bits: u32,
}

/// How an address came to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Whoever wrote the target wrote it.
    Written,
    /// A name resolves to it.
    Resolved,
}

impl Reach {
    /// With the machine itself, for a demonstration or a test.
    #[must_use]
    pub fn with_loopback() -> Self {
        let local_networks = ["127.0.0.0/8", "::1/128"].map(network);
        Self {
            local_networks: local_networks.into_iter().flatten().collect(),
            own_machine: false,
        }
    }

    /// Of an agent whose collector is on the same machine, a trial or the collector's own site: what its
    /// schedule names of this machine, plainly written, is known to who wrote it.
    #[must_use]
    pub fn with_own_machine(mut self) -> Self {
        self.own_machine = true;
        self
    }

    /// With every private network: a portal answers for every name with its own address, which is to be seen.
    #[must_use]
    pub fn with_private(&self) -> Self {
        let private = [
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "fc00::/7",
        ];
        let private = private.into_iter().filter_map(network);
        Self {
            local_networks: self.local_networks.iter().copied().chain(private).collect(),
            own_machine: self.own_machine,
        }
    }

    /// Whether an address may be measured. A private one may where it is written as such: an intranet is
    /// measured by its addresses. The machine itself, its link (where clouds keep their metadata) and what
    /// is no single host may not.
    #[must_use]
    pub fn allows(&self, address: IpAddr, origin: Origin) -> bool {
        if self.own_machine && origin == Origin::Written && address.is_loopback() {
            return true;
        }
        let address = innermost(address);
        let wide = wide(address);
        if self.local_networks.iter().any(|one| one.holds(wide)) {
            return true;
        }
        let origin = if METADATA.contains(&address) {
            Origin::Resolved
        } else {
            origin
        };
        match address {
            IpAddr::V4(v4) => is_outside_v4(v4) || (origin == Origin::Written && is_private_v4(v4)),
            IpAddr::V6(v6) => {
                is_outside_v6(v6) || (origin == Origin::Written && v6.is_unique_local())
            }
        }
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    // RFC 6598: addresses that operators share among their customers.
    let shared = matches!(address.octets(), [100, 64..=127, ..]);
    address.is_private() || shared
}

/// A host elsewhere (RFC 6890, without the ranges for documentation, which lead nowhere).
fn is_outside_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    let is_nobody = first == 0 || first >= 224;
    !is_nobody && !address.is_loopback() && !address.is_link_local() && !is_private_v4(address)
}

fn is_outside_v6(address: Ipv6Addr) -> bool {
    let is_host = !address.is_unspecified() && !address.is_multicast() && !address.is_loopback();
    // Site-local, long deprecated (RFC 3879), is still routed by some.
    let is_site_local = address.segments()[0] & 0xffc0 == 0xfec0;
    is_host && !address.is_unicast_link_local() && !address.is_unique_local() && !is_site_local
}

/// The IPv4 address that an IPv6 address carries, where it is delivered there: mapped and compatible (RFC
/// 4291 §2.5.5), translated (RFC 6052, 2765), 6to4 (RFC 3056).
fn innermost(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address.to_canonical() else {
        return address.to_canonical();
    };
    let carried = match v6.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some((high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    carried.map_or(IpAddr::V6(v6), |(high, low)| {
        IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
    })
}

fn wide(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn network(text: &str) -> Option<Network> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u32 = bits.parse().ok()?;
    let (size, before) = match address {
        IpAddr::V4(_) => (32, 96),
        IpAddr::V6(_) => (128, 0),
    };
    let network = Network {
        first: wide(address),
        prefix_bits: before + bits,
    };
    (bits <= size && network.masked(network.first) == network.first.to_bits()).then_some(network)
}

impl Network {
    fn masked(&self, address: Ipv6Addr) -> u128 {
        let beyond = u128::BITS - self.prefix_bits;
        let bits = address.to_bits();
        bits.checked_shr(beyond).map_or(0, |kept| kept << beyond)
    }

    fn holds(&self, address: Ipv6Addr) -> bool {
        self.masked(address) == self.first.to_bits()
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        network(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is no network such as \"10.20.0.0/16\" or \"fd12::/16\""
            ))
        })
    }
}

impl From<Vec<Network>> for Reach {
    fn from(local_networks: Vec<Network>) -> Self {
        Self {
            local_networks,
            own_machine: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_its_collector_an_agent_measures_its_machine_where_it_is_plainly_written() {
        let reach = Reach::default().with_own_machine();
        let allows = |address: &str, origin| reach.allows(address.parse().unwrap(), origin);
        for own in ["127.0.0.1", "127.9.9.9", "::1"] {
            assert!(allows(own, Origin::Written), "{own}");
            assert!(!allows(own, Origin::Resolved), "{own}");
        }
        for other in [
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "169.254.169.254",
            "0.0.0.0",
        ] {
            assert!(!allows(other, Origin::Written), "{other}");
        }
    }

    fn allows(address: &str, origin: Origin) -> bool {
        Reach::default().allows(address.parse().unwrap(), origin)
    }

    #[test]
    fn what_is_near_is_not_measured() {
        let near = [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "100.100.100.200",
            "fd00:ec2::254",
        ];
        for address in near {
            assert!(!allows(address, Origin::Written), "{address}");
            assert!(!allows(address, Origin::Resolved), "{address}");
        }
        let private = [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.254",
            "192.168.1.1",
            "100.64.0.1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ];
        for address in private {
            assert!(allows(address, Origin::Written), "{address}");
            assert!(!allows(address, Origin::Resolved), "{address}");
        }
        let outside = [
            "192.0.2.1",
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2001:db8::1",
            "2606:4700::1111",
            "64:ff9b::c000:201",
            "2002:c000:201::1",
        ];
        for address in outside {
            assert!(allows(address, Origin::Resolved), "{address}");
        }
    }

    #[test]
    fn what_the_installer_names_is_measured() {
        #[derive(Deserialize)]
        struct File {
            local_networks: Reach,
        }
        let read = |list: &str| {
            let text = format!("local_networks = {list}");
            toml::from_str::<File>(&text).map(|file| file.local_networks)
        };
        let reach = read(r#"["10.20.0.0/16", "fd12::/16"]"#).unwrap();
        let allows = |address: &str| reach.allows(address.parse().unwrap(), Origin::Resolved);
        assert!(allows("10.20.255.1") && allows("::ffff:10.20.0.1") && allows("fd12:ffff::1"));
        assert!(!allows("10.21.0.1") && !allows("fd13::1") && !allows("127.0.0.1"));
        for wrong in [
            r#"["10.20.0.1/16"]"#,
            r#"["10.0.0.0/33"]"#,
            r#"["10.0.0.0"]"#,
            r#"["x/8"]"#,
        ] {
            let said = read(wrong).unwrap_err().to_string();
            assert!(said.contains("is no network"), "{said}");
        }
        let all = read(r#"["0.0.0.0/0", "::/0"]"#).unwrap();
        assert!(all.allows("127.0.0.1".parse().unwrap(), Origin::Resolved));
        assert!(Reach::with_loopback().allows("::1".parse().unwrap(), Origin::Written));
        let portal = Reach::default().with_private();
        assert!(portal.allows("172.31.0.1".parse().unwrap(), Origin::Resolved));
        assert!(!portal.allows("127.0.0.1".parse().unwrap(), Origin::Resolved));
    }
}
