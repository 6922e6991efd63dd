//! Probes of the line: an agent, its gateway and the router behind it, a network namespace each.
//! Needs root and the packages iproute2 and util-linux; says so and ends when they are missing.

use std::{
    fs::File,
    net::UdpSocket,
    os::fd::AsFd as _,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use desserte_probe::{
    agent::{AgentOptions, run},
    config::Config,
    evidence::Roots,
    report::{Content, Fact},
    wire::schedule::{Measure, Schedule, Target},
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::watch;

use crate::{
    icmp::{DATAGRAM, inside_namespace},
    run::{facts, until},
    stub::{Seen, Stub},
    upload::schedule,
};

/// 192.0.2.1 (agent) — 192.0.2.2, 203.0.113.1 (gateway) — 203.0.113.2 (first hop, resolver), behind
/// which 198.51.100.0/24 lies. Both neighbours die with the test.
pub(crate) const NETWORK: &str = "unshare -n sleep 120 > /dev/null 2>&1 & gateway=$!
unshare -n sleep 120 > /dev/null 2>&1 & hop=$!
trap 'kill $gateway $hop' EXIT
export HOP=$hop
sleep 0.3
ip link add dev veth0 type veth peer name veth1
ip link set veth1 netns $gateway
ip addr add 192.0.2.1/24 dev veth0
ip link set veth0 up
ip route add default via 192.0.2.2
nsenter -t $gateway -n sh -e <<END
ip addr add 192.0.2.2/24 dev veth1
ip link set veth1 up
ip link add dev veth2 type veth peer name veth3
ip link set veth3 netns $hop
ip addr add 203.0.113.1/24 dev veth2
ip link set veth2 up
ip route add 198.51.100.0/24 via 203.0.113.2
echo 1 > /proc/sys/net/ipv4/ip_forward
END
nsenter -t $hop -n sh -e <<END
ip addr add 203.0.113.2/24 dev veth3
ip link set veth3 up
ip link add dev veth4 type veth peer name veth5
ip addr add 198.51.100.1/24 dev veth4
ip link set veth4 up
ip link set veth5 up
ip route add default via 203.0.113.1
echo 1 > /proc/sys/net/ipv4/ip_forward
END";

/// A name server in the namespace of the first hop, which refuses every question while `answering`.
fn name_server(hop: &str, answering: Arc<AtomicBool>) {
    let space = File::open(format!("/proc/{hop}/ns/net")).unwrap();
    std::thread::spawn(move || {
        move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        let socket = UdpSocket::bind("203.0.113.2:53").unwrap();
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            if answering.load(Relaxed) {
                buffer[2] = 0x81; // an answer
                buffer[3] = 0x85; // refused
                buffer[6..12].fill(0); // neither answers nor additional records
                let question_end = length.min(12 + 5); // the root's name, type and class
                socket.send_to(&buffer[..question_end], from).unwrap();
            }
        }
    });
}

fn measuring_beyond() -> Schedule {
    let target = Target {
        id: "anchor".into(),
        slot_seconds: 600, // nothing is measured in this test: the address is the literal one
        measure: Measure::Icmp {
            host: "198.51.100.9".into(),
            packets: 1,
            payload_bytes: 0,
            timeout_ms: 500,
        },
    };
    Schedule {
        active_line_probes: true,
        targets: vec![target],
        ..schedule()
    }
}

/// (answered, silent) probes of the gateway, the first hop and the resolver.
fn counts(seen: &Seen) -> [(usize, usize); 3] {
    let of = |wanted: fn(&Fact) -> Option<u16>| {
        let count = |answered: bool| {
            facts(seen, |fact| {
                wanted(fact).is_some_and(|received| (received > 0) == answered)
            })
        };
        (count(true), count(false))
    };
    [
        of(|fact| match fact {
            Fact::Gateway { received, .. } => Some(*received),
            _ => None,
        }),
        of(|fact| match fact {
            Fact::FirstHop { received, .. } => Some(*received),
            _ => None,
        }),
        of(|fact| match fact {
            Fact::Resolver { received, .. } => Some(*received),
            _ => None,
        }),
    ]
}

#[test]
fn the_first_hop_and_the_resolver_are_told_from_the_gateway() {
    let name = "line_probes::the_first_hop_and_the_resolver_are_told_from_the_gateway";
    if !inside_namespace(name, &format!("{DATAGRAM}\n{NETWORK}")) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let hop = std::env::var_os("HOP").unwrap().into_string().unwrap();
    let answering = Arc::new(AtomicBool::new(true));
    name_server(&hop, Arc::clone(&answering));
    runtime.block_on(first_up_then_silent_then_down(&hop, &answering));
}

async fn first_up_then_silent_then_down(hop: &str, answering: &AtomicBool) {
    let stub = Stub::start(measuring_beyond()).await;
    let data = tempfile::tempdir().unwrap();
    let resolv_conf = data.path().join("resolv.conf");
    let resolvers = "# made for a test\nnameserver 203.0.113.2\nnameserver 192.0.2.99\n";
    std::fs::write(&resolv_conf, resolvers).unwrap();
    desserte_probe::identity::enrol(data.path(), &stub.url, &stub.code)
        .await
        .unwrap();
    let (_stop, stopped) = watch::channel(false);
    let options = AgentOptions::new(data.path(), Config::default());
    let roots = Roots {
        resolv_conf,
        ..Roots::default()
    };
    let agent = tokio::spawn(run(AgentOptions { roots, ..options }, stopped));

    until(&stub, "everything answers", |seen| {
        counts(seen).iter().all(|(answered, _)| *answered >= 2)
    })
    .await;
    let [gateway, first_hop, resolver] = counts(&stub.seen.lock().unwrap());
    let silent = (gateway.1, first_hop.1, resolver.1);
    assert_eq!(silent, (0, 0, 0), "all was well");

    answering.store(false, Relaxed);
    until(&stub, "a silent resolver", |seen| counts(seen)[2].1 >= 1).await;
    assert_eq!(counts(&stub.seen.lock().unwrap())[1].1, 0, "the hop lives");

    let down = ["-t", hop, "-n", "ip", "link", "set", "veth3", "down"];
    assert!(
        Command::new("nsenter")
            .args(down)
            .status()
            .unwrap()
            .success()
    );
    let before = counts(&stub.seen.lock().unwrap());
    until(&stub, "a silent first hop behind a live gateway", |seen| {
        let [gateway, first_hop, _] = counts(seen);
        first_hop.1 >= 1 && gateway.0 > before[0].0
    })
    .await;
    agent.abort();

    let seen = stub.seen.lock().unwrap();
    assert_eq!(counts(&seen)[0].1, 0, "the gateway answered to the end");
    let elsewhere = facts(
        &seen,
        |fact| matches!(fact, Fact::Resolver { on_line, .. } if *on_line != Some(true)),
    );
    assert_eq!(elsewhere, 0, "the resolver lies beyond the line");
    for report in &seen.reports {
        let lines = report.entries.iter().filter_map(|e| match &e.content {
            Content::Minute(minute) => Some(&minute.evidence),
            Content::Summary(_) => None,
        });
        for evidence in lines.flatten() {
            if let Fact::FirstHop { line, .. } = evidence.fact {
                assert_eq!(report.lines[usize::from(line)].interface, "veth0");
            }
        }
    }
    let text = serde_json::to_string(&seen.reports).unwrap();
    for address in ["192.0.2.", "203.0.113.", "198.51.100."] {
        assert!(!text.contains(address), "no address leaves the machine");
    }
}
