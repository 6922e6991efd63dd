//! Lines: which samples nobody has to vouch for, and which wait for a person.

use std::time::Duration;

use super::{Bench, START, agent::FakeAgent, decision};

fn lines(bench: &Bench, agent: &FakeAgent) -> Vec<(String, Option<String>)> {
    bench.settle();
    let lines = bench.collector.registry().lines_of_agent(agent.id).unwrap();
    lines
        .into_iter()
        .map(|line| (line.key, line.confirmed.map(|(_, _, reason)| reason)))
        .collect()
}

#[tokio::test]
async fn the_first_line_is_confirmed_and_another_gateway_waits_for_a_person() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let home = "gateway-00112233445566778899aabbccddeeff-ipv4".to_owned();
    bench
        .send(&agent.seal(FakeAgent::minutes(1, 1, 300_000)))
        .await
        .unwrap();
    assert_eq!(
        lines(&bench, &agent),
        [(home.clone(), Some("enrolment".into()))]
    );
    bench.clock.advance(Duration::from_mins(1));
    agent.gateway = Some("f".repeat(32));
    bench
        .send(&agent.seal(FakeAgent::minutes(2, 2, 240_000)))
        .await
        .unwrap();
    let away = format!("gateway-{}-ipv4", "f".repeat(32));
    let found = lines(&bench, &agent);
    assert_eq!(
        found,
        [
            (home.clone(), Some("enrolment".into())),
            (away.clone(), None)
        ]
    );
    // Its samples are kept, under its own name.
    let rows = bench.stored();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].2.as_ref(), Some(&away));
    // A line whose gateway has gone is no other line.
    agent.gateway = None;
    bench
        .send(&agent.seal(FakeAgent::minutes(3, 3, 180_000)))
        .await
        .unwrap();
    let found = lines(&bench, &agent);
    assert_eq!(
        found[2],
        ("interface-eth0-ipv4".into(), Some("no_gateway".into()))
    );
    let registry = bench.collector.registry();
    registry
        .confirm_line(agent.id, &away, decision("new router"))
        .unwrap();
    registry
        .confirm_line(agent.id, &away, decision("again"))
        .unwrap();
    assert_eq!(lines(&bench, &agent)[1], (away, Some("new router".into())));
    assert!(
        registry
            .confirm_line(agent.id, "gateway-0-ipv4", decision("no"))
            .is_err()
    );
    let audit = registry.audit_after(0).unwrap();
    assert_eq!(
        audit
            .iter()
            .filter(|one| one.action == "line.confirm")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_line_known_at_another_site_is_not_taken_for_granted() {
    let bench = Bench::new();
    let mut first = bench.enrol("mairie-owando");
    bench
        .send(&first.seal(FakeAgent::minutes(1, 1, 0)))
        .await
        .unwrap();
    bench.settle();
    let mut second = bench.enrol("mairie-dolisie");
    bench
        .send(&second.seal(FakeAgent::minutes(1, 1, 0)))
        .await
        .unwrap();
    assert_eq!(lines(&bench, &second)[0].1, None);
    let mut sibling = bench.enrol("mairie-owando");
    bench
        .send(&sibling.seal(FakeAgent::minutes(1, 1, 0)))
        .await
        .unwrap();
    assert_eq!(
        lines(&bench, &sibling)[0].1.as_deref(),
        Some("same_gateway")
    );
}

#[tokio::test]
async fn samples_belong_to_the_site_at_which_they_were_measured() {
    let bench = Bench::new();
    let mut agent = bench.enrol("mairie-owando");
    let moved = desserte::registry::Decision {
        at_unix_ms: START + 600_000,
        ..decision("taken to Dolisie")
    };
    bench
        .collector
        .registry()
        .assign_agent(agent.id, "mairie-dolisie", moved)
        .unwrap();
    let boottime = super::agent::BOOTTIME_AT_START;
    agent.exchanges = vec![super::agent::exchange(boottime, START + 660_000)];
    bench.clock.advance(Duration::from_mins(11));
    bench
        .send(&agent.seal(FakeAgent::minutes(1, 3, 0)))
        .await
        .unwrap();
    let sites: Vec<(String, u64)> = bench
        .stored()
        .into_iter()
        .map(|row| (row.0, row.4))
        .collect();
    let expected = [
        ("mairie-dolisie", 2),
        ("mairie-dolisie", 3),
        ("mairie-owando", 1),
    ];
    assert_eq!(sites, expected.map(|(site, n)| (site.to_owned(), n)));
}
