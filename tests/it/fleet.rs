//! The seeded world through ingest, time and domain: every scripted fault is found with the cause
//! that its table expects, and the ambiguous ones stay undetermined.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use desserte::{
    app::Source,
    assess::{Judgement, SiteTest, Window, judge},
    collector::Collector,
    demo::{
        fleet::{World, chain::Chain},
        world::{
            DAY, MINUTE_MS,
            fault::{Expected, Fault, KINDS},
            script::{Script, Start},
            site::{Contract, Site, Technology, Terms, WallClock},
        },
    },
    ingest::BatchRequest,
    registry::{NewSite, Replaced},
};
use desserte_domain::{
    cause::Cause,
    machine::{Availability, MachineParameters, MissingPolicy},
    slot::{Rule, SlotRule},
};
use desserte_probe::clock::SystemClock;
use ed25519_dalek::SigningKey;

/// A minute of June 2026 in which everything begins.
const FIRST: i64 = 29_692_800;
const SEED: u64 = 2026;
const ANCHORS: [&str; 2] = ["simule-national", "simule-etranger"];
const PORTAL: &str = "simule-portail";

fn site(number: u32, contract: Contract, reports_over_sim: bool) -> Site {
    let technologies = [
        Technology::Fibre,
        Technology::Microwave,
        Technology::Mobile,
        Technology::Satellite,
    ];
    let clocks = [WallClock::Right, WallClock::Epoch, WallClock::WeekBehind];
    Site {
        number,
        id: format!("site-{number}"),
        region: format!("region-{}", number % 3),
        place: format!("place-{}", number % 5),
        operator: "A".to_owned(),
        technology: technologies[number as usize % 4],
        contract,
        reports_over_sim,
        wall_clock: clocks[number as usize % 3],
    }
}

fn sites(count: u32) -> Vec<Site> {
    let contracts = [Contract::HealthA, Contract::StateA, Contract::Without];
    (0..count)
        .map(|number| site(number, contracts[number as usize % 3], number % 2 == 0))
        .collect()
}

/// What decides a site's slots under these terms, as the demonstration's agreements say it.
fn test_of(terms: Terms) -> SiteTest {
    let mut targets: Vec<String> = ANCHORS.iter().map(|id| (*id).to_owned()).collect();
    match terms {
        Terms::AnyTarget => SiteTest::default(),
        Terms::Line => SiteTest {
            targets: Some(targets),
            ..SiteTest::default()
        },
        Terms::Service => {
            targets.push(PORTAL.to_owned());
            SiteTest {
                targets: Some(targets),
                rule: SlotRule {
                    rule: Rule::All,
                    ..SlotRule::default()
                },
                machine: MachineParameters {
                    n_enter: 3,
                    n_exit: 3,
                    missing: MissingPolicy::AsDown,
                    ..MachineParameters::default()
                },
                ..SiteTest::default()
            }
        }
    }
}

/// A collector that took everything that the sites measured in `[FIRST, until)`.
struct Told {
    _folder: tempfile::TempDir,
    source: Source,
    world: World,
    until: i64,
}

async fn told(world: World, until: i64) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::open(folder.path(), Arc::new(SystemClock)).unwrap();
    let rows: Vec<NewSite> = world.sites().iter().map(new_site).collect();
    let registry = collector.registry();
    registry.upsert_sites(&rows, "test", 1).unwrap();
    desserte::demo::fleet::enter_targets(registry, "test", 1).unwrap();
    for (number, site) in (1_u8..).zip(world.sites()) {
        let key = SigningKey::from_bytes(&[number; 32]);
        let agent = Replaced {
            site: &site.id,
            public_key: key.verifying_key().to_bytes(),
            software: "test/1",
            enrolled_unix_ms: FIRST * MINUTE_MS,
            replaced_unix_ms: (until + DAY) * MINUTE_MS,
        };
        let record = registry.keep_replaced_agents(&[agent], "test").unwrap();
        let mut chain = Chain::new(key, record[0].id, (FIRST, Some(until)));
        let life = world.life(site);
        while let Some(sealed) = chain.seal(&life, until, &[]).unwrap() {
            let request = BatchRequest {
                envelope: sealed.envelope.clone(),
                content_type: Some(desserte_probe::wire::CONTENT_TYPE_COLUMNS.to_owned()),
                body: Bytes::copy_from_slice(&sealed.body),
                peer: None,
                received_unix_ms: sealed.arrives_unix_ms.min(until * MINUTE_MS + 30_000),
            };
            collector.accept(request).await.unwrap();
            chain.advance(&sealed);
        }
    }
    let last = collector.journal().last_position();
    assert!(collector.wait_applied(last, Duration::from_mins(5)));
    Told {
        _folder: folder,
        source: Source::new(collector),
        world,
        until,
    }
}

fn new_site(site: &Site) -> NewSite {
    NewSite {
        id: site.id.clone(),
        kind: "school".to_owned(),
        region: Some(site.region.clone()),
        operator: Some(site.operator.clone()),
        invented: true,
        ..NewSite::default()
    }
}

impl Told {
    fn judged(&self, site: &Site) -> Judgement {
        let test = test_of(site.contract.terms());
        let window = Window::between(FIRST * MINUTE_MS, self.until * MINUTE_MS, 60);
        let span = (window.start_unix_ms, window.end_unix_ms());
        let samples = self.source.samples(&site.id, span).unwrap();
        judge(&test, &samples, window, Availability::Available)
    }

    /// Cause of the outage that holds in a minute; `None`: no outage.
    fn cause_at(judgement: &Judgement, minute: i64) -> Option<Cause> {
        let at = minute * MINUTE_MS;
        let outage = judgement.outages.iter().find(|outage| {
            outage.start_unix_ms <= at && outage.end_unix_ms.is_none_or(|end| at < end)
        })?;
        Some(outage.cause.cause)
    }

    /// Minutes of faults that were found as expected, and all of them; with what went wrong.
    fn score(&self) -> (u64, u64, Vec<String>) {
        let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
        for site in self.world.sites() {
            let judgement = self.judged(site);
            for fault in self.world.script().of(site.number) {
                let minutes = fault.from.max(FIRST)..fault.to.min(self.until);
                let expected = expected(fault, site, self.until);
                let found: Vec<Option<Cause>> = minutes
                    .map(|minute| Self::cause_at(&judgement, minute))
                    .collect();
                let good = found.iter().filter(|one| **one == expected).count();
                right += good as u64;
                all += found.len() as u64;
                if good < found.len() {
                    let terms = site.contract.terms();
                    let kind = fault.kind;
                    let shown: std::collections::BTreeSet<_> = found.iter().collect();
                    wrong.push(format!(
                        "{kind:?} at {} under {terms:?}: {good} of {} minutes, found {shown:?}",
                        site.id,
                        found.len()
                    ));
                }
            }
            for outage in &judgement.outages {
                let from = outage.start_unix_ms.div_euclid(MINUTE_MS);
                let faults = self.world.script().of(site.number);
                if !faults.iter().any(|fault| fault.holds(from)) {
                    wrong.push(format!("{}: an outage of nothing at {from}", site.id));
                }
            }
        }
        (right, all, wrong)
    }
}

fn expected(fault: &Fault, site: &Site, until: i64) -> Option<Cause> {
    match fault
        .kind
        .expected(site.contract.terms(), fault.to <= until)
    {
        Expected::Outage(cause) => Some(cause),
        Expected::NoOutage => None,
    }
}

/// Every kind of fault at one site after another, under every terms, with and without a SIM.
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_table_is_found_with_its_cause() {
    const LONG: i64 = 20;
    const EVERY: i64 = 60;
    let sites = sites(6);
    let of_site = |site: &Site| {
        (0_i64..)
            .zip(KINDS)
            .map(|(turn, kind)| Fault {
                kind,
                site: site.number,
                from: FIRST + 40 + turn * EVERY,
                to: FIRST + 40 + turn * EVERY + LONG,
            })
            .collect()
    };
    let script = Script::new(sites.iter().map(of_site).collect());
    let until = FIRST + 40 + i64::try_from(KINDS.len()).unwrap() * EVERY;
    let told = told(World::scripted(SEED, sites, script), until).await;
    let (right, all, wrong) = told.score();
    assert!(wrong.is_empty(), "{right} of {all}\n{}", wrong.join("\n"));
}

/// The demonstration's own script, its first days and the scene of a start.
#[tokio::test(flavor = "multi_thread")]
async fn the_demonstrations_faults_are_told_rightly() {
    let until = FIRST + DAY + 60;
    let start = Start {
        minute: until - 12,
        untold: i64::MIN,
    };
    let world = World::new(SEED, sites(60), vec![start], (FIRST, until));
    let told = told(world, until).await;
    let (right, all, wrong) = told.score();
    println!("{right} of {all} fault minutes told rightly");
    assert!(all > 1_000, "{all}");
    assert!(
        right * 100 >= all * 99,
        "{right} of {all}\n{}",
        wrong.join("\n")
    );
}
