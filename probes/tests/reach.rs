//! Targets that try to make the box talk to itself, to its link or to its neighbours, in a namespace where
//! all of those are there and listen, and nothing is outside.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use desserte_probe::{
    clock::SystemClock,
    kinds::{
        dns,
        http::{Bench, Spec},
        names::Names,
        reach::Reach,
    },
    report::Outcome,
    volume::Volume,
    wire::schedule::{DnsAnswer, DnsRecord},
};
use tokio::net::{TcpListener, UdpSocket};

use crate::icmp::inside_namespace;

const SETUP: &str = "for near in 169.254.169.254/32 10.0.0.1/32 172.16.0.1/32 192.168.1.1/32 \
    100.64.0.1/32 100.100.100.200/32 192.0.2.53/32 192.0.2.80/32; do ip addr add $near dev lo; done
for near in fe80::1/128 fd00:ec2::254/128 fc00::1/128 64:ff9b::7f00:1/128 2002:7f00:1::/128; do \
    ip -6 addr add $near dev lo nodad; done";

const RESOLVER: &str = "192.0.2.53:53";
/// Outside, as far as anybody can tell: what is asked for here is no fault.
const OUTSIDE: &str = "192.0.2.80";
/// The canary's port: of TCP, and of UDP for questions.
const PORT: u16 = 8_080;

/// Ways of writing what is near, as a host in an address or beside a port.
const WRITTEN: [&str; 76] = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7F.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "00000177.0.0.1",
    "127.0.0.01",
    "127.000.000.001",
    "127.0.0.1.",
    "127.0.0.1..",
    "0.0.0.0",
    "0",
    "00",
    "0x0",
    "0.0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ip6-localhost",
    "localhost.localdomain",
    "app.localhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[::1%25lo]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "169.254.169.254",
    "169.254.169.254.",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "0x64.0x64.0x64.0xc8",
    "[::ffff:100.100.100.200]",
    "167772161",
    "0xa000001",
    "012.0.0.1",
    "10.1",
    "10.0.1",
    "0xa.0.0.1",
    "0xc0a80101",
    "3232235777",
    "192.168.257",
    "0300.0250.1.1",
    "user@127.0.0.1",
    "192.0.2.80@127.0.0.1",
    "192.0.2.80:8080@127.0.0.1",
    "192.0.2.80#@127.0.0.1",
    "127.0.0.1\\@192.0.2.80",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "[::ffff:127.1]",
];

/// Names, and what the resolver says of them: the second time something else than the first.
const RESOLVED: [(&str, &str, &str); 16] = [
    ("loopback.test", "127.0.0.1", "127.0.0.1"),
    ("loopback-v6.test", "::1", "::1"),
    ("mapped.test", "::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ("compatible.test", "::127.0.0.1", "::127.0.0.1"),
    ("translated.test", "64:ff9b::7f00:1", "64:ff9b::7f00:1"),
    ("six-to-four.test", "2002:7f00:1::", "2002:7f00:1::"),
    ("nobody.test", "0.0.0.0", "0.0.0.0"),
    ("metadata.test", "169.254.169.254", "169.254.169.254"),
    ("metadata-v6.test", "fd00:ec2::254", "fd00:ec2::254"),
    ("link.test", "fe80::1", "fe80::1"),
    ("ten.test", "10.0.0.1", "10.0.0.1"),
    ("lan.test", "192.168.1.1", "192.168.1.1"),
    ("shared.test", "100.64.0.1", "100.64.0.1"),
    ("local.test", "fc00::1", "fc00::1"),
    ("rebinding.test", OUTSIDE, "127.0.0.1"),
    ("rebinding-metadata.test", OUTSIDE, "169.254.169.254"),
];

/// What came to the canary: at which of its addresses.
type Heard = Arc<Mutex<Vec<IpAddr>>>;

async fn canary() -> Heard {
    let heard = Heard::default();
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT))
        .await
        .unwrap();
    let told = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let at = stream.local_addr().unwrap().ip().to_canonical();
            told.lock().unwrap().push(at);
        }
    });
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, PORT))
        .await
        .unwrap();
    let told = Arc::clone(&heard);
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while socket.recv_from(&mut buffer).await.is_ok() {
            told.lock().unwrap().push(Ipv6Addr::UNSPECIFIED.into());
        }
    });
    heard
}

/// Answers for the names above and knows no other.
async fn resolver() {
    let socket = UdpSocket::bind(RESOLVER).await.unwrap();
    tokio::spawn(async move {
        let mut asked: HashMap<(String, u8), u32> = HashMap::new();
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let mut name = String::new();
            let mut at = 12;
            while buffer[at] != 0 {
                let end = at + 1 + usize::from(buffer[at]);
                name += &String::from_utf8_lossy(&buffer[at + 1..end]).to_lowercase();
                name += ".";
                at = end;
            }
            let kind = buffer[at + 2];
            let known = RESOLVED.iter().find(|one| format!("{}.", one.0) == name);
            let times = asked.entry((name, kind)).or_default();
            *times += 1;
            let address: Option<IpAddr> = known.map(|(_, first, then)| {
                let says = if *times == 1 { first } else { then };
                says.parse().unwrap()
            });
            let bytes = match (address, kind) {
                (Some(IpAddr::V4(v4)), 1) => v4.octets().to_vec(),
                (Some(IpAddr::V6(v6)), 28) => v6.octets().to_vec(),
                _ => vec![],
            };
            let mut answer = buffer[..2].to_vec();
            let code = if known.is_some() { 0 } else { 3 };
            let answers = u8::from(!bytes.is_empty());
            answer.extend([0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]);
            answer.extend(&buffer[12..at + 5]);
            if answers == 1 {
                let size = u8::try_from(bytes.len()).unwrap();
                answer.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, size]);
                answer.extend(bytes);
            }
            let _ = socket.send_to(&answer, from).await;
            let _ = length;
        }
    });
}

fn bench(reach: Reach) -> Bench {
    let resolver: SocketAddr = RESOLVER.parse().unwrap();
    Bench {
        clock: Arc::new(SystemClock),
        names: Names {
            reach,
            ..Names::at_socket(resolver)
        },
        roots: None,
        volume: Arc::new(Volume::default()),
    }
}

async fn page(bench: &Bench, host: &str) -> Outcome {
    let spec = Spec {
        url: format!("http://{host}:{PORT}/latest/meta-data/"),
        statuses: (200, 399),
        timeout: Duration::from_millis(150),
        body_bytes_max: 1_000,
    };
    bench.measure(&spec, None).await.outcome
}

async fn question(bench: &Bench, host: &str) -> Outcome {
    let spec = dns::Spec {
        name: "x.test".to_owned(),
        record: DnsRecord::A,
        resolver: format!("{host}:{PORT}"),
        expected: DnsAnswer::Records,
        timeout: Duration::from_millis(150),
    };
    let (clock, volume) = (&bench.clock, &bench.volume);
    dns::measure(&spec, (&bench.names, None), clock, volume)
        .await
        .outcome
}

async fn everything_is_tried() {
    let heard = canary().await;
    resolver().await;
    let strict = bench(Reach::default());
    let resolved = RESOLVED.iter().map(|(name, _, _)| *name);
    for host in WRITTEN.into_iter().chain(resolved) {
        // A name is asked for again: what it says then is looked at like what it said before.
        for _ in 0..2 {
            page(&strict, host).await;
            let bare = host.trim_matches(['[', ']']);
            let found = strict
                .names
                .addresses(bare, Duration::from_millis(150))
                .await;
            let near: Vec<IpAddr> = found.unwrap_or_default();
            let outside: IpAddr = OUTSIDE.parse().unwrap();
            assert!(near.iter().all(|one| *one == outside), "{host}: {near:?}");
        }
        question(&strict, host).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let outside: IpAddr = OUTSIDE.parse().unwrap();
    let near: Vec<IpAddr> = heard
        .lock()
        .unwrap()
        .drain(..)
        .filter(|at| *at != outside)
        .collect();
    assert_eq!(near, Vec::<IpAddr>::new(), "connections to the canary");

    // The canary sings where it may be heard: it is the rule that keeps it silent.
    let near = bench(Reach::with_loopback());
    for host in ["127.0.0.1", "[::1]", "loopback.test", "rebinding.test"] {
        page(&near, host).await;
        assert_eq!(heard.lock().unwrap().drain(..).count(), 1, "{host}");
    }
    question(&near, "127.0.0.1").await;
    assert!(!heard.lock().unwrap().is_empty(), "a question");
    heard.lock().unwrap().clear();
    // An intranet is measured by its written address; its metadata never.
    page(&strict, "10.0.0.1").await;
    assert_eq!(
        heard.lock().unwrap().drain(..).count(),
        1,
        "a private address as written"
    );
}

#[test]
fn no_way_of_writing_what_is_near_leads_there() {
    if !inside_namespace("reach::no_way_of_writing_what_is_near_leads_there", SETUP) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(everything_is_tried());
}
