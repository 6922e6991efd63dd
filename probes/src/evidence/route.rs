//! The kernel's tables of routes, main tables only: `/proc/net/route` and `/proc/net/ipv6_route`.
//! Policy routing is not seen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Roots, text};
use crate::report::Family;

/// Flags of a route (linux/route.h): up, reject.
const ROUTE_UP: u32 = 0x1;
const ROUTE_REJECT: u32 = 0x200;

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Interface that it leaves by.
    pub interface: String,
    /// Whom the packet is handed to; `None` when the destination itself is on the link.
    pub gateway: Option<IpAddr>,
    /// Bits of the prefix; 0 for a default route.
    pub prefix_bits: u32,
    pub(super) family: Family,
    pub(super) metric: u32,
    destination: IpAddr,
    reject: bool,
}

impl Route {
    /// Whether anything goes over it to anywhere.
    pub(super) fn is_default(&self) -> bool {
        self.prefix_bits == 0 && !self.reject
    }

    fn leads_to(&self, address: IpAddr) -> bool {
        let differing = match (self.destination, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            _ => return false,
        };
        differing >= self.prefix_bits
    }
}

impl Roots {
    /// Every route that is up.
    pub(super) fn routes(&self) -> Vec<Route> {
        let net = self.proc.join("net");
        let v4 = text(&net.join("route")).unwrap_or_default();
        let v6 = text(&net.join("ipv6_route")).unwrap_or_default();
        v4.lines()
            .skip(1)
            .filter_map(ipv4)
            .chain(v6.lines().filter_map(ipv6))
            .collect()
    }

    /// The route that a packet to this address takes: longest prefix, then lowest metric. `None`
    /// without one, and when the table says that it shall not go.
    #[must_use]
    pub fn route_to(&self, address: IpAddr) -> Option<Route> {
        let routes = self.routes().into_iter().filter(|r| r.leads_to(address));
        routes
            .min_by_key(|r| (u32::MAX - r.prefix_bits, r.metric))
            .filter(|r| !r.reject)
    }
}

/// A row of `/proc/net/route`; addresses are in the byte order of the machine.
fn ipv4(row: &str) -> Option<Route> {
    let fields: Vec<&str> = row.split_whitespace().collect();
    let [
        interface,
        destination,
        gateway,
        flags,
        _,
        _,
        metric,
        mask,
        ..,
    ] = fields.as_slice()
    else {
        return None;
    };
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let address = |field: &str| {
        let number = u32::from_str_radix(field, 16).ok()?;
        Some(Ipv4Addr::from(number.to_ne_bytes()))
    };
    let gateway = address(gateway)?;
    (flags & ROUTE_UP != 0).then_some(Route {
        interface: (*interface).to_owned(),
        gateway: (!gateway.is_unspecified()).then_some(IpAddr::V4(gateway)),
        prefix_bits: address(mask)?.to_bits().count_ones(),
        family: Family::Ipv4,
        metric: metric.parse().ok()?,
        destination: address(destination)?.into(),
        reject: flags & ROUTE_REJECT != 0,
    })
}

/// A row of `/proc/net/ipv6_route`. Rows of `lo` are the machine's own addresses, and the refusal
/// that stands for "no route".
fn ipv6(row: &str) -> Option<Route> {
    let fields: Vec<&str> = row.split_whitespace().collect();
    let [
        destination,
        length,
        _,
        _,
        gateway,
        metric,
        _,
        _,
        flags,
        interface,
    ] = fields.as_slice()
    else {
        return None;
    };
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let address = |field: &str| {
        let number = u128::from_str_radix(field, 16).ok()?;
        Some(Ipv6Addr::from(number))
    };
    let gateway = address(gateway)?;
    (flags & ROUTE_UP != 0 && *interface != "lo").then_some(Route {
        interface: (*interface).to_owned(),
        gateway: (!gateway.is_unspecified()).then_some(IpAddr::V6(gateway)),
        prefix_bits: u32::from_str_radix(length, 16).ok()?,
        family: Family::Ipv6,
        metric: u32::from_str_radix(metric, 16).ok()?,
        destination: address(destination)?.into(),
        reject: flags & ROUTE_REJECT != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 192.0.2.0/24 on the link, 198.51.100.0/24 refused, the rest by 192.0.2.1; IPv6 likewise.
    fn roots() -> (tempfile::TempDir, Roots) {
        let root = tempfile::tempdir().unwrap();
        let roots = Roots {
            proc: root.path().to_owned(),
            ..Roots::default()
        };
        let net = root.path().join("net");
        std::fs::create_dir(&net).unwrap();
        let number = |a: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(a));
        let v4 = [
            "head".to_owned(),
            format!(
                "eth0 00000000 {} 0003 0 0 100 00000000 0 0 0",
                number([192, 0, 2, 1])
            ),
            format!(
                "eth0 {} 00000000 0001 0 0 100 {} 0 0 0",
                number([192, 0, 2, 0]),
                number([255, 255, 255, 0])
            ),
            format!(
                "* {} 00000000 0201 0 0 0 {} 0 0 0",
                number([198, 51, 100, 0]),
                number([255, 255, 255, 0])
            ),
        ];
        std::fs::write(net.join("route"), v4.join("\n")).unwrap();
        let zero = "0".repeat(32);
        let v6 = [
            format!(
                "{zero} 00 {zero} 00 20010db8000000000000000000000001 00000400 0 0 00000003 eth0"
            ),
            format!(
                "20010db8000000000000000000000000 40 {zero} 00 {zero} 00000100 0 0 00000001 eth0"
            ),
            format!("{zero} 00 {zero} 00 {zero} ffffffff 0 0 00200200 lo"),
        ];
        std::fs::write(net.join("ipv6_route"), v6.join("\n")).unwrap();
        (root, roots)
    }

    #[test]
    fn the_longest_prefix_wins_and_a_refusal_is_no_route() {
        let (_root, roots) = roots();
        let to = |address: &str| roots.route_to(address.parse().unwrap());
        let gateway = |address: &str| to(address).map(|r| r.gateway.map(|g| g.to_string()));
        assert_eq!(gateway("203.0.113.5"), Some(Some("192.0.2.1".to_owned())));
        assert_eq!(gateway("192.0.2.77"), Some(None));
        assert_eq!(gateway("198.51.100.7"), None);
        assert_eq!(
            gateway("2001:db8:1::5"),
            Some(Some("2001:db8::1".to_owned()))
        );
        assert_eq!(gateway("2001:db8::5"), Some(None));
        assert_eq!(to("192.0.2.77").unwrap().prefix_bits, 24);
    }
}
