//! ICMP inside a network namespace of the test's own. Needs root and the package iproute2; says so
//! and ends when they are missing.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use desserte_probe::{
    clock::SystemClock,
    kinds::Measured,
    kinds::icmp::{Icmp, SocketKind, Spec},
    report::Outcome,
    volume::Volume,
};

/// Set for the process inside the namespace.
const INSIDE: &str = "DESSERTE_TEST_INSIDE_NAMESPACE";

/// Runs the named test again inside a new namespace, after `setup`. `true` when we are inside.
pub(crate) fn inside_namespace(test: &str, setup: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !Path::new("/usr/sbin/ip").exists() && !Path::new("/sbin/ip").exists() {
        println!("skipped: package iproute2 is not installed");
        return false;
    }
    let allowed = Command::new("unshare").args(["-n", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        println!("skipped: no network namespace may be made here (root needed)");
        return false;
    }
    let exe = std::env::current_exe().unwrap();
    let script = format!(
        "set -e\nip link set lo up\n{setup}\nset +e\n\"$0\" --exact {test} --nocapture\n\
         code=$?\n[ -n \"$peer\" ] && kill \"$peer\"\nexit $code"
    );
    let output = Command::new("unshare")
        .args(["-n", "sh", "-c", &script])
        .arg(exe)
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    false
}

pub(crate) const DATAGRAM: &str = "echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range";
const NEIGHBOUR: &str = "ip link add dev veth0 type veth peer name veth1
ip addr add 192.0.2.1/24 dev veth0
ip link set veth0 up
ip link set veth1 up
ip route add blackhole 198.51.100.0/24
ip route add 203.0.113.0/24 dev veth0
ip neigh add 203.0.113.9 lladdr 02:00:00:00:00:09 dev veth0 nud permanent";

fn measure(addresses: &[&str], packets: u16, timeout_ms: u64) -> (SocketKind, Vec<Measured>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let icmp = Icmp::start(Arc::new(SystemClock), Arc::new(Volume::default())).unwrap();
    let measured = addresses
        .iter()
        .map(|address| {
            runtime.block_on(icmp.measure(Spec {
                address: address.parse().unwrap(),
                packets,
                payload_bytes: 0,
                timeout: Duration::from_millis(timeout_ms),
                gap: Duration::from_millis(20),
                hop_limit: None,
            }))
        })
        .collect();
    (icmp.socket, measured)
}

#[test]
fn the_kernel_times_a_host_that_answers() {
    let setup = format!("{DATAGRAM}\n{NEIGHBOUR}");
    if !inside_namespace("icmp::the_kernel_times_a_host_that_answers", &setup) {
        return;
    }
    let (socket, measured) = measure(&["127.0.0.1", "192.0.2.1", "::1"], 5, 500);
    assert_eq!(socket, SocketKind::Datagram);
    for one in measured {
        assert_eq!(
            (one.outcome, one.sent, one.received),
            (Outcome::Ok, 5, 5),
            "{one:?}"
        );
        assert!(!one.coarse, "kernel stamps: {one:?}");
        let times = one.times.unwrap();
        assert!(times.max < 50_000, "{one:?}");
        assert!(times.mean_successive_difference.is_some());
    }
}

#[test]
fn a_dead_host_is_never_up() {
    let setup = format!("{DATAGRAM}\n{NEIGHBOUR}");
    if !inside_namespace("icmp::a_dead_host_is_never_up", &setup) {
        return;
    }
    let no_route = "233.252.0.1";
    let hosts = [
        "10.255.255.1",
        "198.51.100.7",
        "203.0.113.9",
        "192.0.2.77",
        no_route,
    ];
    let (_, measured) = measure(&hosts, 2, 3_200);
    for one in &measured {
        assert_eq!(
            (one.received, one.times),
            (0, None),
            "a lost packet has no time: {one:?}"
        );
        assert_eq!(one.sent, 2, "{one:?}");
    }
    let outcomes: Vec<Outcome> = measured.iter().map(|m| m.outcome).collect();
    assert_eq!(outcomes[0], Outcome::NoRoute);
    assert_eq!(
        outcomes[1],
        Outcome::NoRoute,
        "the machine's own blackhole route"
    );
    assert_eq!(outcomes[2], Outcome::Timeout, "sent into nothing");
    assert_eq!(
        outcomes[3],
        Outcome::Unreachable,
        "no neighbour answers: {:?}",
        measured[3]
    );
    assert_eq!(
        measured[3].icmp_errors.first().map(|e| (e.0, e.1)),
        Some((3, 1))
    );
}

/// On a raw socket "unreachable" arrives as an answer, and everybody's packets do.
#[test]
fn without_ping_sockets_a_raw_one_is_used_and_marked_coarse() {
    let setup = format!("echo '1 0' > /proc/sys/net/ipv4/ping_group_range\n{NEIGHBOUR}");
    let name = "icmp::without_ping_sockets_a_raw_one_is_used_and_marked_coarse";
    if !inside_namespace(name, &setup) {
        return;
    }
    let (socket, measured) = measure(&["127.0.0.1", "192.0.2.77"], 2, 3_200);
    assert_eq!(socket, SocketKind::Raw);
    assert_eq!(
        (measured[0].received, measured[0].coarse),
        (2, true),
        "{:?}",
        measured[0]
    );
    assert_eq!(
        (measured[1].received, measured[1].outcome),
        (0, Outcome::Unreachable)
    );
}
