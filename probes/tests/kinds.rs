//! Kinds that need a network of their own, and what an agent makes of a portal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use desserte_probe::{
    agent::{AgentOptions, run},
    clock::{Clock, SystemClock},
    evidence::address_hash,
    kinds::path::{self, Spec},
    report::{Content, Detail, Fact, Outcome},
    volume::Volume,
    wire::schedule::{CaptiveCheck, Measure, Profile, Schedule, Target},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::watch,
};

use crate::{
    icmp::{DATAGRAM, inside_namespace},
    line_probes::NETWORK,
    run::{GATEWAY, facts, near, until},
    stub::{Seen, Stub},
    upload::schedule,
};

const KEY: [u8; 32] = [8; 32];

fn trace(address: &str) -> (Outcome, Vec<Option<String>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let spec = Spec {
        address: address.parse().unwrap(),
        hops_max: 9,
        timeout: Duration::from_millis(400),
        key: KEY,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let volume = Volume::default();
    let measured = runtime.block_on(path::measure(&spec, &clock, &volume));
    let Some(Detail::Path { hops }) = measured.detail else {
        panic!("{measured:?}")
    };
    let hops = hops.into_iter().map(|hop| hop.map(|hop| hop.address));
    (measured.outcome, hops.collect())
}

fn named(addresses: &[&str]) -> Vec<Option<String>> {
    let named = addresses
        .iter()
        .map(|one| address_hash(&KEY, one.parse().unwrap()));
    named.map(Some).collect()
}

fn the_way_is_found() {
    // 192.0.2.2 is the gateway; 198.51.100.1 is an address of the router behind it.
    let (outcome, hops) = trace("198.51.100.1");
    assert_eq!(hops, named(&["192.0.2.2", "198.51.100.1"]));
    assert_eq!(outcome, Outcome::Ok);
    // Nobody has this one: the router says nothing, or after seconds that it is not there.
    let (outcome, hops) = trace("198.51.100.77");
    assert_eq!(hops[..2], named(&["192.0.2.2", "203.0.113.2"]));
    assert_ne!(outcome, Outcome::Ok);
    let (outcome, hops) = trace("192.0.2.99");
    assert!(
        hops.is_empty(),
        "nobody answers in the own network: {hops:?}"
    );
    assert_ne!(outcome, Outcome::Ok);
}

#[test]
fn a_path_is_found_by_echoes() {
    let setup = format!("{DATAGRAM}\n{NETWORK}");
    if inside_namespace("kinds::a_path_is_found_by_echoes", &setup) {
        the_way_is_found();
    }
}

#[test]
fn a_path_is_found_by_datagrams_where_echoes_are_not_allowed() {
    let name = "kinds::a_path_is_found_by_datagrams_where_echoes_are_not_allowed";
    let setup = format!("echo '1 0' > /proc/sys/net/ipv4/ping_group_range\n{NETWORK}");
    if inside_namespace(name, &setup) {
        the_way_is_found();
    }
}

/// A server that a portal stands in front of while `portal` is set.
async fn behind_a_portal(portal: Arc<AtomicBool>, genuine: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1_024];
            let _ = stream.read(&mut buffer).await;
            let answer = if portal.load(Relaxed) {
                "HTTP/1.1 302 Found\r\nlocation: http://login.example/\r\ncontent-length: 0\r\n\r\n"
            } else {
                genuine
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

fn outcomes(seen: &Seen) -> Vec<Outcome> {
    let minutes = seen
        .entries
        .values()
        .filter_map(|entry| match &entry.content {
            Content::Minute(minute) => Some(&minute.samples),
            Content::Summary(_) => None,
        });
    minutes.flatten().map(|sample| sample.outcome).collect()
}

#[tokio::test]
async fn a_portal_is_told_and_its_answers_are_not_taken_for_the_targets() {
    let portal = Arc::new(AtomicBool::new(false));
    let empty = "HTTP/1.1 204 No Content\r\n\r\n";
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let measure = Measure::Http {
        url: behind_a_portal(Arc::clone(&portal), page).await,
        status_from: 200,
        status_to: 399, // a redirection to the portal would pass for an answer
        timeout_ms: 500,
        body_bytes_max: 1_000,
    };
    let stub = Stub::start(Schedule {
        targets: vec![Target {
            id: "page".into(),
            slot_seconds: 1,
            measure,
        }],
        captive: Some(CaptiveCheck {
            empty_page: Some(behind_a_portal(Arc::clone(&portal), empty).await),
            absent_name: None,
            every_seconds: 1,
        }),
        ..schedule()
    })
    .await;
    let data = tempfile::tempdir().unwrap();
    desserte_probe::identity::enrol(data.path(), &stub.url, &stub.code)
        .await
        .unwrap();
    let (_stop, stopped) = watch::channel(false);
    let options = AgentOptions::new(data.path(), near());
    let agent = tokio::spawn(run(options, stopped));
    let told = |seen: &Seen, wanted: bool| {
        facts(
            seen,
            |fact| matches!(fact, Fact::Captive { intercepted } if *intercepted == wanted),
        )
    };
    until(&stub, "no portal, and a page that answers", |seen| {
        told(seen, false) > 0 && outcomes(seen).contains(&Outcome::Ok)
    })
    .await;
    assert!(!outcomes(&stub.seen.lock().unwrap()).contains(&Outcome::Intercepted));
    portal.store(true, Relaxed);
    until(
        &stub,
        "a portal, and answers that are not the target's",
        |seen| told(seen, true) > 0 && outcomes(seen).contains(&Outcome::Intercepted),
    )
    .await;
    portal.store(false, Relaxed);
    let before = {
        let seen = stub.seen.lock().unwrap();
        (told(&seen, false), outcomes(&seen).len())
    };
    until(&stub, "the portal has gone", |seen| {
        told(seen, false) > before.0
            && outcomes(seen).len() > before.1 + 2
            && outcomes(seen).last() == Some(&Outcome::Ok)
    })
    .await;
    agent.abort();
    assert_eq!(stub.seen.lock().unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_metered_line_is_spared_and_its_gateway_watched() {
    let name = "kinds::a_metered_line_is_spared_and_its_gateway_watched";
    if !inside_namespace(name, &format!("{DATAGRAM}\n{GATEWAY}")) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stub = Stub::start(Schedule {
            profile: Profile::Metered,
            active_line_probes: true,
            targets: vec![Target {
                id: "gateway".into(),
                slot_seconds: 1,
                measure: Measure::Icmp {
                    host: "192.0.2.2".into(),
                    packets: 1,
                    payload_bytes: 0,
                    timeout_ms: 300,
                },
            }],
            ..schedule()
        })
        .await;
        let data = tempfile::tempdir().unwrap();
        desserte_probe::identity::enrol(data.path(), &stub.url, &stub.code)
            .await
            .unwrap();
        let (_stop, stopped) = watch::channel(false);
        let options = AgentOptions::new(data.path(), near());
        let agent = tokio::spawn(run(options, stopped));
        until(
            &stub,
            "two probes of the gateway, ten seconds apart",
            |seen| facts(seen, |fact| matches!(fact, Fact::Gateway { .. })) >= 2,
        )
        .await;
        agent.abort();
        let seen = stub.seen.lock().unwrap();
        // A target of one-second slots is measured in one of three hundred, the line's state is
        // written each second all the same.
        assert!(outcomes(&seen).len() <= 1, "{:?}", outcomes(&seen));
        assert!(seen.entries.len() >= 10, "{}", seen.entries.len());
        let whole = |fact: &Fact| {
            matches!(
                fact,
                Fact::Gateway {
                    sent: 1,
                    received: 1,
                    ..
                }
            )
        };
        assert!(facts(&seen, whole) >= 2);
        assert!(
            seen.reports
                .iter()
                .all(|report| report.profile == Profile::Metered)
        );
    });
}
