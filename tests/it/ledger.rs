//! The log, statements made from the evidence, bundles and their verification.

mod forge;
mod log;
mod refusal;
mod revisions;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use desserte::app::Source;
use desserte::ledger::bundle::write::Recorded;
use desserte::ledger::evidence::Files;
use desserte::ledger::settle::Settled;
use desserte::ledger::verify::{Held, Refused, Verified, verify};
use desserte::registry::{Decision, ExclusionChange, NewExclusion};
use desserte_domain::exclusion::ExclusionKind;
use desserte_probe::clock::Clock as _;
use desserte_probe::report::{Content, Entry, Evidence, Fact, Minute, Outcome};

use super::ingest::agent::{BOOTTIME_AT_START, FakeAgent, exchange, sample};
use super::ingest::{Bench, START};

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const SITE: &str = "mairie-owando";
/// A day of June, and slots of a minute.
const AGREEMENT: &str = r#"
id = "lot-1"
version = 1
title = "Lot 1"
valid_from = "2026-06-01"
valid_to = "2026-06-02"
time_zone = "UTC"
sites = ["mairie-owando"]
parties = { customer = "Ministère", contractor = "Opérateur" }
objective = { availability_percent = "99.5" }
[test]
targets = ["anchor"]
[exclusions]
classes = ["works"]
"#;
/// Another contractor's, of another site.
const OTHER: &str = r#"
id = "lot-2"
version = 1
title = "Lot 2"
valid_from = "2026-06-01"
time_zone = "UTC"
sites = ["mairie-dolisie"]
parties = { customer = "Ministère", contractor = "Autre" }
objective = { availability_percent = "99.5" }
[test]
targets = ["anchor"]
"#;
/// Minutes of the agreement's day, and two hours more.
const MINUTES: i64 = 24 * 60 + 120;
const HOUR: i64 = 60;
/// Nothing is answered in these.
const DOWN: std::ops::Range<i64> = 1_000..1_040;
/// Works, from minute to minute.
const WORKS: (i64, i64) = (600, 660);
/// When the month is closed and everything decided: the middle of July.
pub(crate) const CLOSED: i64 = START + 45 * 86_400_000;

/// A minute of the agent: five packets, and what it saw.
pub(crate) fn minute(number: i64, answered: bool) -> Entry {
    let at = BOOTTIME_AT_START + u64::try_from(number * MINUTE_MS + 15_000).unwrap();
    let mut one = sample(at);
    if !answered {
        one.outcome = Outcome::Timeout;
        one.received = 0;
        (one.rtt_us_min, one.rtt_us_median, one.rtt_us_max) = (None, None, None);
        one.rtt_us_mean_successive_difference = None;
    }
    Entry {
        sequence: u64::try_from(number).unwrap() + 1,
        written_boottime_ms: at + 30_000,
        content: Content::Minute(Minute {
            samples: vec![one],
            evidence: vec![Evidence {
                boottime_ms: at,
                fact: Fact::Collector {
                    attempts: 1,
                    answered: 1,
                },
            }],
        }),
    }
}

/// A collector that took the day, with an outage and an approved exclusion, and its log.
pub(crate) struct Told {
    pub(crate) bench: Bench,
    pub(crate) agent: FakeAgent,
    /// Hours that were sealed and not sent.
    pub(crate) held_back: Vec<super::ingest::agent::Sealed>,
}

impl Told {
    /// Everything but some hours came in time.
    pub(crate) async fn without(hours: &[i64]) -> Self {
        let bench = Bench::new();
        let registry = bench.collector.registry();
        for text in [AGREEMENT, OTHER] {
            registry.put_agreement(text, decided(START)).unwrap();
        }
        let mut other = bench.enrol("mairie-dolisie");
        let agent = bench.enrol(SITE);
        let mut told = Self {
            bench,
            agent,
            held_back: Vec::new(),
        };
        for first in (0..MINUTES).step_by(usize::try_from(HOUR).unwrap()) {
            let entries: Vec<Entry> = (first..first + HOUR)
                .map(|number| minute(number, !DOWN.contains(&number)))
                .collect();
            let sealed_ms = (first + HOUR) * MINUTE_MS;
            told.to(START + sealed_ms);
            let boottime = BOOTTIME_AT_START + u64::try_from(sealed_ms).unwrap();
            let heard = vec![exchange(boottime, START + sealed_ms)];
            (told.agent.exchanges, other.exchanges) = (heard.clone(), heard);
            let sealed = told.agent.seal(entries.clone());
            if hours.contains(&(first / HOUR)) {
                told.held_back.push(sealed);
            } else {
                told.bench.send(&sealed).await.unwrap();
            }
            if first % (6 * HOUR) == 0 {
                let sealed = other.seal(entries);
                told.bench.send(&sealed).await.unwrap();
            }
        }
        told.bench.settle();
        told.exclude(WORKS);
        told
    }

    pub(crate) async fn new() -> Self {
        Self::without(&[]).await
    }

    /// Moves the clock.
    pub(crate) fn to(&self, unix_ms: i64) {
        let by = u64::try_from(unix_ms - self.bench.clock.unix_ms()).unwrap();
        self.bench.clock.advance(Duration::from_millis(by));
    }

    /// Works that were asked for and approved.
    pub(crate) fn exclude(&self, (from, to): (i64, i64)) -> i64 {
        let now = self.bench.clock.unix_ms();
        let registry = self.bench.collector.registry();
        let works = NewExclusion {
            agreement: "lot-1".to_owned(),
            site: None,
            from_unix_ms: START + from * MINUTE_MS,
            to_unix_ms: START + to * MINUTE_MS,
            class: "works".to_owned(),
            kind: ExclusionKind::PlannedWorks,
            requested_by: "Mme Okemba".to_owned(),
        };
        let number = registry.add_exclusion(&works, decided(now)).unwrap();
        let (id, approve) = (("lot-1", number), ExclusionChange::Approve);
        registry
            .change_exclusion(id, approve, "M. Ngoma", decided(now))
            .unwrap();
        number
    }

    /// Another decision, which has nothing to do with the statement.
    pub(crate) fn decide_elsewhere(&self) {
        let text = OTHER.replace("version = 1", "version = 2");
        let now = self.bench.clock.unix_ms();
        let registry = self.bench.collector.registry();
        registry.put_agreement(&text, decided(now)).unwrap();
    }

    pub(crate) fn files(&self) -> Files {
        Files {
            source: Source::new(Arc::clone(&self.bench.collector)),
            journal: Arc::clone(self.bench.collector.journal()),
            ledger: Arc::clone(self.bench.collector.ledger()),
        }
    }

    /// The statement of June, settled in the middle of July.
    pub(crate) fn settled(&self) -> Recorded {
        self.to(CLOSED);
        let mut kept = self
            .files()
            .settle(&mut Settled::default(), CLOSED)
            .unwrap();
        kept.retain(|one| one.inputs.agreement == "lot-1");
        assert_eq!(kept.len(), 1);
        kept.remove(0)
    }

    pub(crate) fn bundle(&self, statement: &Recorded) -> Vec<u8> {
        let mut bytes = Vec::new();
        let now = self.bench.clock.unix_ms();
        self.files().bundle(&mut bytes, statement, now).unwrap();
        bytes
    }
}

pub(crate) fn decided(at_unix_ms: i64) -> Decision<'static> {
    Decision {
        author: "test",
        at_unix_ms,
        reason: "as agreed",
    }
}

pub(crate) fn verified(bytes: &[u8], held: &Held) -> Result<Verified, Refused> {
    verify(Cursor::new(bytes), held)
}

/// With a checkpoint that was received before.
pub(crate) fn witnessed(note: &str) -> Held {
    Held {
        witness: Some(note.to_owned()),
        ..Held::default()
    }
}

#[tokio::test]
async fn a_statement_from_the_evidence_is_that_of_the_store_and_reproduces() {
    let told = Told::new().await;
    let recorded = told.settled();
    let document: serde_json::Value = serde_json::from_str(&recorded.document).unwrap();
    assert_eq!(document["final"], true);
    assert_eq!(document["revision"], 1);
    let site = &document["sites"][0];
    assert_eq!(site["down_slots"], 40);
    assert_eq!(site["excluded_slots"], 60);
    assert_eq!(site["up_slots"], 1_440 - 60 - 40);
    assert_eq!(document["exclusions"][0]["state"], "approved");
    // The same from the sample store, by the way that the page goes.
    let registry = told.bench.collector.registry();
    let terms = registry
        .agreement("lot-1", None)
        .unwrap()
        .unwrap()
        .agreement;
    let request = desserte::assess::months::MonthRequest {
        agreement: &terms,
        month: (2026, 6),
        now_unix_ms: CLOSED,
    };
    let source = told.files().source;
    let samples = source
        .judged_samples(SITE, &terms, request.span().unwrap())
        .unwrap();
    let exclusions = source.exclusions("lot-1", SITE).unwrap();
    let stored = request.figures(&samples, &exclusions).unwrap();
    let shown = desserte::statement::site_month(SITE, &terms, ((2026, 6), 1), &stored);
    assert_eq!(serde_json::to_value(&shown).unwrap(), *site);
    // And again from its inputs, after a restart.
    let again = told.files().make_again(&recorded.inputs).unwrap();
    assert_eq!(again.text, recorded.document);
    assert_eq!(again.inputs, recorded.inputs);
}

#[tokio::test]
async fn a_bundle_verifies_and_says_what_it_does_not_prove() {
    let told = Told::new().await;
    let witness = told.files().ledger.checkpoint(START).unwrap();
    let recorded = told.settled();
    let bytes = told.bundle(&recorded);
    let alone = verified(&bytes, &Held::default()).unwrap();
    assert_eq!((alone.agreement.as_str(), alone.revision), ("lot-1", 1));
    assert!(alone.is_final);
    assert_eq!((alone.sites, alone.batches), (1, 26));
    assert_eq!(alone.witness_size, None);
    let said = |verified: &Verified, word: &str| {
        let remarks = verified.not_proved.iter();
        remarks
            .map(|one| one.texts().1)
            .any(|one| one.contains(word))
    };
    assert!(said(&alone, "Without a checkpoint"));
    assert!(said(&alone, "--agents"));
    assert!(!said(&alone, "cut off at the end of its chain"));
    let with = verified(&bytes, &witnessed(&witness.note)).unwrap();
    assert_eq!(with.witness_size, Some(witness.size));
    assert!(!said(&with, "Without a checkpoint"));
    // The statement itself is younger than that checkpoint.
    assert!(said(&with, "1 records"), "{:?}", with.not_proved);
    let key = desserte_probe::wire::hex(&told.agent.public_key());
    let trusted = |key: String| Held {
        agents: Some([(told.agent.id.to_string(), key)].into()),
        ..Held::default()
    };
    let with = verified(&bytes, &trusted(key)).unwrap();
    assert!(!said(&with, "--agents"));
    let refused = verified(&bytes, &trusted("0".repeat(64))).unwrap_err();
    assert!(refused.to_string().contains("--agents"), "{refused}");
    // Nothing of the other contractor is in it.
    let (manifest, _) = forge::read(&bytes);
    let text = serde_json::to_string(&manifest).unwrap();
    for word in ["lot-2", "mairie-dolisie", "Autre"] {
        assert!(!text.contains(word), "{word}");
    }
}
