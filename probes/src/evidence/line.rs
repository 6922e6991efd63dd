//! Lines: default routes, their interfaces and their gateways.

use std::{collections::HashMap, net::IpAddr, path::Path};

use super::{Roots, Route, flag, text};
use crate::{
    report::{LINES_MAX, Line, Neighbour},
    wire::{heartbeat::keyed_hash, hex},
};

/// Flag of a complete entry of `/proc/net/arp` (`ATF_COM` of `linux/if_arp.h`).
const ARP_COMPLETE: u32 = 0x2;

/// A line and its state now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLine {
    /// How reports name it.
    pub line: Line,
    /// Address of its gateway; never leaves the machine.
    pub gateway: Option<IpAddr>,
    /// Carrier of its interface.
    pub carrier: Option<bool>,
    /// Wi-Fi association; `None` for a wired interface.
    pub associated: Option<bool>,
    /// Whether a default route leads over it.
    pub route: bool,
    /// The gateway in the neighbour table.
    pub neighbour: Neighbour,
}

/// Name of an address outside the machine: the first 16 bytes of its keyed hash, in hexadecimal.
#[must_use]
pub fn address_hash(key: &[u8; 32], address: IpAddr) -> String {
    named_hash(key, &format!("ip:{address}"))
}

fn named_hash(key: &[u8; 32], name: &str) -> String {
    let hash = keyed_hash(key, name.as_bytes());
    hex(hash.first_chunk::<16>().unwrap_or(&[0; 16]))
}

/// Looks at the lines and remembers them, so that one that lost its route is still told.
#[derive(Debug)]
pub struct LineWatch {
    roots: Roots,
    key: [u8; 32],
    /// Hardware addresses seen lately: a gateway keeps its name while it does not answer.
    hardware: HashMap<(String, IpAddr), String>,
    known: Vec<(Line, Option<IpAddr>)>,
}

impl LineWatch {
    /// `key` is the line key of the enrolment.
    #[must_use]
    pub fn new(roots: Roots, key: [u8; 32]) -> Self {
        Self {
            roots,
            key,
            hardware: HashMap::new(),
            known: vec![],
        }
    }

    /// Lines with a default route first, the preferred one of each family before the others; then
    /// those that had one since the agent started.
    pub fn look(&mut self) -> Vec<SeenLine> {
        let neighbours = self.neighbours();
        let mut routes: Vec<Route> = self.default_routes().collect();
        routes.sort_by_key(|r| r.metric);
        let mut seen: Vec<SeenLine> = Vec::new();
        for route in routes {
            let line = self.name(&route);
            if !seen.iter().any(|s| s.line == line) {
                let gateway = route.gateway;
                seen.push(self.state(line, gateway, true, &neighbours));
            }
        }
        for (line, gateway) in self.known.clone() {
            // A gateway whose hardware address was learnt since has a new name: it is no second line.
            let renamed = |s: &SeenLine| {
                let same = s.line.interface == line.interface && s.line.family == line.family;
                same && gateway.is_some() && s.gateway == gateway
            };
            if !seen.iter().any(|s| s.line == line || renamed(s)) {
                seen.push(self.state(line, gateway, false, &neighbours));
            }
        }
        seen.truncate(LINES_MAX - 2); // the loopback lines have their place
        self.known = seen.iter().map(|s| (s.line.clone(), s.gateway)).collect();
        seen
    }

    fn name(&self, route: &Route) -> Line {
        let hashed = route.gateway.map(|address| {
            let hardware = self.hardware.get(&(route.interface.clone(), address));
            hardware.map_or_else(
                || address_hash(&self.key, address),
                |m| named_hash(&self.key, &format!("mac:{m}")),
            )
        });
        Line {
            interface: route.interface.clone(),
            gateway: hashed,
            family: route.family,
        }
    }

    fn state(
        &self,
        line: Line,
        gateway: Option<IpAddr>,
        route: bool,
        neighbours: &HashMap<(String, IpAddr), bool>,
    ) -> SeenLine {
        let folder = self.roots.sys.join("class/net").join(&line.interface);
        let complete = gateway.and_then(|g| neighbours.get(&(line.interface.clone(), g)));
        SeenLine {
            carrier: carrier(&folder),
            associated: folder
                .join("wireless")
                .exists()
                .then(|| text(&folder.join("operstate")).as_deref() == Some("up")),
            neighbour: match complete {
                Some(true) => Neighbour::Reachable,
                Some(false) => Neighbour::Failed,
                None => Neighbour::NotKnown,
            },
            line,
            gateway,
            route,
        }
    }

    fn default_routes(&self) -> impl Iterator<Item = Route> {
        self.roots.routes().into_iter().filter(Route::is_default)
    }

    /// (interface, address) → whether the entry is complete. Only gateways are looked up in it.
    fn neighbours(&mut self) -> HashMap<(String, IpAddr), bool> {
        let gateways: Vec<(String, IpAddr)> = self
            .default_routes()
            .filter_map(|r| r.gateway.map(|g| (r.interface, g)))
            .chain(
                self.known
                    .iter()
                    .filter_map(|(l, g)| g.map(|g| (l.interface.clone(), g))),
            )
            .collect();
        let table = text(&self.roots.proc.join("net/arp")).unwrap_or_default();
        let mut found = HashMap::new();
        for row in table.lines().skip(1) {
            let Some((place, complete, hardware)) = arp_row(row) else {
                continue;
            };
            if !gateways.contains(&place) {
                continue;
            }
            if complete {
                self.hardware.insert(place.clone(), hardware);
            }
            found.insert(place, complete);
        }
        found
    }
}

/// The kernel refuses to tell the carrier of an interface that is switched off.
fn carrier(folder: &Path) -> Option<bool> {
    flag(&folder.join("carrier"))
        .or_else(|| (text(&folder.join("operstate")).as_deref() == Some("down")).then_some(false))
}

fn arp_row(row: &str) -> Option<((String, IpAddr), bool, String)> {
    let fields: Vec<&str> = row.split_whitespace().collect();
    let [address, _, flags, hardware, _, interface] = fields.as_slice() else {
        return None;
    };
    let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
    let place = ((*interface).to_owned(), address.parse().ok()?);
    Some((place, flags & ARP_COMPLETE != 0, (*hardware).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Family;

    const ROUTE_HEAD: &str =
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n";
    const ARP_HEAD: &str = "IP address HW type Flags HW address Mask Device\n";

    fn machine() -> (tempfile::TempDir, LineWatch) {
        let root = tempfile::tempdir().unwrap();
        for folder in ["proc/net", "sys/class/net/eth0"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let roots = Roots {
            proc: root.path().join("proc"),
            sys: root.path().join("sys"),
            ..Roots::default()
        };
        let watch = LineWatch::new(roots, [4; 32]);
        (root, watch)
    }

    fn put(root: &tempfile::TempDir, path: &str, content: String) {
        std::fs::write(root.path().join(path), content).unwrap();
    }

    fn default_route(root: &tempfile::TempDir) {
        let rows = "eth0 00000000 010200C0 0003 0 0 100 00000000 0 0 0\n\
                    eth0 000200C0 00000000 0001 0 0 100 00FFFFFF 0 0 0\n";
        put(root, "proc/net/route", format!("{ROUTE_HEAD}{rows}"));
    }

    #[test]
    fn a_line_keeps_its_name_while_its_gateway_is_silent() {
        let (root, mut watch) = machine();
        default_route(&root);
        put(&root, "sys/class/net/eth0/carrier", "1\n".into());
        let arp =
            |flags: &str, mac: &str| format!("{ARP_HEAD}192.0.2.1 0x1 {flags} {mac} * eth0\n");
        put(&root, "proc/net/arp", arp("0x2", "02:00:00:00:00:01"));
        let before = watch.look();
        assert_eq!(before.len(), 1);
        assert_eq!((before[0].carrier, before[0].route), (Some(true), true));
        assert_eq!(before[0].neighbour, Neighbour::Reachable);
        assert_eq!(before[0].gateway, Some([192, 0, 2, 1].into()));
        let expected = keyed_hash(&[4; 32], b"mac:02:00:00:00:00:01");
        assert_eq!(
            before[0].line.gateway.as_deref(),
            Some(hex(&expected[..16]).as_str())
        );

        put(&root, "proc/net/arp", arp("0x0", "00:00:00:00:00:00"));
        let silent = watch.look();
        assert_eq!(silent[0].line, before[0].line);
        assert_eq!(silent[0].neighbour, Neighbour::Failed);

        put(&root, "proc/net/route", ROUTE_HEAD.into());
        put(&root, "sys/class/net/eth0/carrier", "0\n".into());
        let cut = watch.look();
        assert_eq!(cut[0].line, before[0].line);
        assert_eq!((cut[0].carrier, cut[0].route), (Some(false), false));
    }

    #[test]
    fn a_gateway_whose_hardware_address_is_learnt_later_is_one_line() {
        let (root, mut watch) = machine();
        default_route(&root);
        put(&root, "proc/net/arp", ARP_HEAD.into());
        let by_address = watch.look();
        let row = "192.0.2.1 0x1 0x2 02:00:00:00:00:01 * eth0\n";
        put(&root, "proc/net/arp", format!("{ARP_HEAD}{row}"));
        let by_hardware = watch.look();
        assert_ne!(by_hardware[0].line, by_address[0].line);
        assert_eq!(by_hardware.len(), 1, "no ghost of the first name");
    }

    #[test]
    fn a_machine_without_any_route_or_table_has_no_line() {
        let (_root, mut watch) = machine();
        assert_eq!(watch.look(), vec![]);
    }

    #[test]
    fn ipv6_is_a_line_of_its_own() {
        let (root, mut watch) = machine();
        default_route(&root);
        let zero = "0".repeat(32);
        put(
            &root,
            "proc/net/ipv6_route",
            format!(
                "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n"
            ),
        );
        let families: Vec<Family> = watch.look().iter().map(|s| s.line.family).collect();
        assert_eq!(families, [Family::Ipv4, Family::Ipv6]);
    }
}
