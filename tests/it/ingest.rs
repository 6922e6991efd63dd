//! Batches, good and bad, from the wire to the store.

pub(crate) mod agent;
mod durability;
mod enrolment;
pub(crate) mod http;
mod lines;
mod planned_rate;
mod refusals;
mod time;

use std::{path::Path, sync::Arc, time::Duration};

use desserte::{
    collector::Collector,
    ingest::{BatchRequest, Refusal},
    registry::{NewSite, SiteTarget, TargetDefinition},
    store::samples::SeriesFilter,
};
use desserte_probe::{
    clock::ManualClock,
    wire::{receipt::Receipt, schedule::Measure},
};

use self::agent::FakeAgent;

/// 2026-06-01 00:00 UTC.
pub(crate) const START: i64 = 1_780_272_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// A collector of a new folder, with a clock that stands at [`START`] until it is moved.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) collector: Arc<Collector>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START, 5_000));
        let collector = open(folder.path(), &clock);
        let bench = Self {
            folder,
            clock,
            collector,
        };
        bench.sites(&["mairie-owando", "mairie-dolisie"]);
        bench
    }

    fn sites(&self, ids: &[&str]) {
        let sites: Vec<NewSite> = ids
            .iter()
            .map(|id| NewSite {
                id: (*id).into(),
                kind: "town_hall".into(),
                ..NewSite::default()
            })
            .collect();
        let registry = self.collector.registry();
        registry.upsert_sites(&sites, "test", START).unwrap();
        let target = TargetDefinition {
            id: "anchor".into(),
            name: None,
            measure: Measure::Icmp {
                host: "127.0.0.1".into(),
                packets: 5,
                payload_bytes: 0,
                timeout_ms: 1_000,
            },
            anchor: None,
        };
        registry.put_target(&target, decision("a target")).unwrap();
        for id in ids {
            let wanted = [SiteTarget {
                target: "anchor".into(),
                slot_seconds: 60,
            }];
            registry
                .set_site_targets(id, &wanted, decision("measure"))
                .unwrap();
        }
    }

    /// Enrols an agent without a network.
    pub(crate) fn enrol(&self, site: &str) -> FakeAgent {
        let code = self.collector.new_code(site, "test").unwrap().code;
        let agent = FakeAgent::new();
        let now = START;
        let redeemed = self
            .collector
            .registry()
            .redeem_code(&code.secret, &agent.public_key(), "fake 1", now)
            .unwrap();
        agent.named(redeemed.agent.id)
    }

    pub(crate) async fn send(
        &self,
        (envelope, body): &(desserte_probe::wire::envelope::Envelope, Vec<u8>),
    ) -> Result<Receipt, Refusal> {
        use desserte_probe::clock::Clock as _;
        self.collector
            .accept(BatchRequest {
                envelope: envelope.clone(),
                content_type: Some("application/json".into()),
                body: body.clone().into(),
                peer: Some("192.0.2.7".parse().unwrap()),
                received_unix_ms: self.clock.unix_ms(),
            })
            .await
    }

    /// Waits until everything journaled is in the store.
    pub(crate) fn settle(&self) {
        settle(&self.collector);
    }

    /// Every (site, target, line, time, sequence) in the store, sorted.
    pub(crate) fn stored(&self) -> Vec<Stored> {
        stored(&self.collector)
    }
}

pub(crate) type Stored = (String, String, Option<String>, i64, u64);

pub(crate) fn open(folder: &Path, clock: &Arc<ManualClock>) -> Arc<Collector> {
    Collector::open(folder, Arc::clone(clock) as Arc<_>).unwrap()
}

pub(crate) fn settle(collector: &Collector) {
    let last = collector.journal().last_position();
    assert!(
        collector.wait_applied(last, PATIENCE),
        "store did not follow to {last}"
    );
}

pub(crate) fn stored(collector: &Collector) -> Vec<Stored> {
    settle(collector);
    let store = collector.samples();
    let mut all = Vec::new();
    for series in store.series(SeriesFilter::default()).unwrap() {
        let block = store.scan(series.id, i64::MIN, i64::MAX).unwrap();
        for (time, sequence) in block.time_unix_ms.iter().zip(&block.sequence) {
            let key = &series.key;
            all.push((
                key.site.clone(),
                key.target.clone(),
                key.line.clone(),
                *time,
                *sequence,
            ));
        }
    }
    all.sort();
    all
}

pub(crate) fn decision(reason: &str) -> desserte::registry::Decision<'_> {
    desserte::registry::Decision {
        author: "test",
        at_unix_ms: START,
        reason,
    }
}
