//! What a line was found to carry reaches the plan.

use desserte::app::Source;
use desserte::planner;
use desserte_planning::class::{Action, ActionReason};
use desserte_planning::cost::CostParameters;
use desserte_planning::layer::Layers;
use desserte_planning::scenario::Scenario;
use desserte_probe::report::{Content, Detail, Kind, ReportedTarget};

use super::agent::FakeAgent;
use super::{Bench, decision};

const AGREEMENT: &str = r#"
id = "lot-1"
version = 1
title = "Lot 1"
valid_from = "2026-05-01"
time_zone = "UTC"
sites = ["mairie-owando", "mairie-dolisie"]
parties = { customer = "Ministère", contractor = "Exemple" }
objective = { availability_percent = "90", throughput = { statistic = "mean", download_bits_per_second = 10000000, at_least_share = "0.8" } }
[test]
targets = ["anchor"]
"#;
const MINUTES: u64 = 30;

/// Half an hour of samples, each minute with a test that found this rate, twice as much every third time.
fn tested(agent: &mut FakeAgent, rate: u64) -> super::agent::Sealed {
    let mut entries = FakeAgent::minutes(1, MINUTES, 60_000);
    for entry in &mut entries {
        let faster = if entry.sequence % 3 == 0 { 2 } else { 1 };
        let Content::Minute(minute) = &mut entry.content else {
            unreachable!("minutes were made");
        };
        let mut test = minute.samples[0].clone();
        test.target = 1;
        test.detail = Some(Detail::Throughput {
            download_bits_per_second: Some(rate * faster),
            upload_bits_per_second: None,
            bytes: 1_000_000,
        });
        (test.sent, test.received) = (1, 1);
        test.rtt_us_mean_successive_difference = None;
        minute.samples.push(test);
    }
    let mut report = agent.report(entries);
    report.targets.push(ReportedTarget {
        id: "speed".into(),
        kind: Kind::Throughput,
        slot_seconds: 60,
    });
    let sealed = agent.seal_report(&report);
    agent.previous = sealed.0.batch_hash(&sealed.1);
    sealed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_slower_than_promised_is_to_be_enforced_and_the_plan_says_by_what() {
    let bench = Bench::new();
    let registry = bench.collector.registry();
    registry
        .put_agreement(AGREEMENT, decision("agreed"))
        .unwrap();
    for (site, rate) in [("mairie-owando", 7_000_000), ("mairie-dolisie", 8_000_000)] {
        let mut agent = bench.enrol(site);
        bench.send(&tested(&mut agent, rate)).await.unwrap();
    }
    bench.settle();
    let source = Source::new(bench.collector.clone());
    let directory = source.directory(1).unwrap();
    let costs: CostParameters =
        toml::from_str(include_str!("../../../demo/examples/costs.toml")).unwrap();
    let made = |measurements_min: u64| {
        let mut scenario = Scenario::default();
        scenario.classes.slots_min = 10;
        scenario.classes.rate_measurements_min = measurements_min;
        let layers = Layers::default();
        planner::make(
            &source,
            &directory,
            &layers,
            scenario,
            Some(&costs),
            &|_| {},
        )
        .unwrap()
    };
    let plan = made(MINUTES);
    let of = |plan: &planner::Made, id: &str| {
        let programme = plan.plan.programme.as_ref().unwrap();
        let mut sites = programme.sites.iter();
        sites.find(|site| site.site == id).unwrap().clone()
    };
    let slow = of(&plan, "mairie-owando");
    assert_eq!(slow.promised_bits_per_second, Some(10_000_000));
    assert_eq!(slow.download_bits_per_second, Some(7_000_000), "the median");
    assert_eq!(slow.download_measurements, MINUTES);
    assert_eq!(
        (slow.action, slow.reason),
        (Action::Enforce, ActionReason::SlowerThanAgreed)
    );
    let enough = of(&plan, "mairie-dolisie");
    assert_eq!(
        (enough.action, enough.reason),
        (Action::Served, ActionReason::Adequate),
        "80 % of the promise exactly"
    );
    let hardly = made(MINUTES + 1);
    assert_eq!(of(&hardly, "mairie-owando").action, Action::Served);
    assert_ne!(plan.inputs.id(), hardly.inputs.id());
}
