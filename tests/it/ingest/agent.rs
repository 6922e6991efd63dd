//! An agent made of values: it signs what a test wants to send.

use desserte_probe::{
    report::{
        Content, Entry, Evidence, Fact, Family, Kind, Line, Minute, Outcome, Report,
        ReportedTarget, Sample, TimeExchange,
    },
    wire::{
        VERSION,
        envelope::Envelope,
        id::{AgentId, BootId},
        schedule::Profile,
    },
};
use ed25519_dalek::SigningKey;

use super::START;

pub(crate) type Sealed = (Envelope, Vec<u8>);

/// The collector's clock stands at START when this boot is so old.
pub(crate) const BOOTTIME_AT_START: u64 = 10_000_000;

pub(crate) struct FakeAgent {
    pub(crate) key: SigningKey,
    pub(crate) id: AgentId,
    pub(crate) boot: BootId,
    pub(crate) previous: [u8; 32],
    pub(crate) gateway: Option<String>,
    pub(crate) exchanges: Vec<TimeExchange>,
}

impl FakeAgent {
    pub(crate) fn new() -> Self {
        Self {
            key: SigningKey::from_bytes(&rand::random()),
            id: AgentId([0; 16]),
            boot: BootId([7; 16]),
            previous: [0; 32],
            gateway: Some("00112233445566778899aabbccddeeff".into()),
            exchanges: vec![exchange(BOOTTIME_AT_START, START)],
        }
    }

    pub(crate) fn named(mut self, id: AgentId) -> Self {
        self.id = id;
        self
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// One minute with one answered sample and one fact, measured `ago_ms` before START.
    pub(crate) fn minute(sequence: u64, ago_ms: u64) -> Entry {
        let at = BOOTTIME_AT_START - ago_ms;
        Entry {
            sequence,
            written_boottime_ms: at + 30_000,
            content: Content::Minute(Minute {
                samples: vec![sample(at)],
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

    pub(crate) fn report(&self, entries: Vec<Entry>) -> Report {
        Report {
            version: VERSION,
            agent: self.id,
            boot: self.boot,
            software: "fake 1".into(),
            profile: Profile::Full,
            sealed_boottime_ms: BOOTTIME_AT_START,
            sealed_wall_unix_ms: None,
            time_exchanges: self.exchanges.clone(),
            targets: vec![ReportedTarget {
                id: "anchor".into(),
                kind: Kind::Icmp,
                slot_seconds: 60,
            }],
            lines: vec![Line {
                interface: "eth0".into(),
                gateway: self.gateway.clone(),
                family: Family::Ipv4,
            }],
            entries,
        }
    }

    /// Seals entries as JSON, chained to the batch before.
    pub(crate) fn seal(&mut self, entries: Vec<Entry>) -> Sealed {
        let report = self.report(entries);
        let sealed = self.seal_report(&report);
        self.previous = sealed.0.batch_hash(&sealed.1);
        sealed
    }

    pub(crate) fn seal_report(&self, report: &Report) -> Sealed {
        let first = report.entries.first().map_or(0, |entry| entry.sequence);
        let last = report.entries.last().map_or(0, |entry| entry.sequence);
        self.seal_bytes((first, last), serde_json::to_vec(report).unwrap())
    }

    pub(crate) fn seal_bytes(&self, range: (u64, u64), body: Vec<u8>) -> Sealed {
        let who = (self.id, self.boot);
        (
            Envelope::seal(&self.key, who, range, self.previous, &body),
            body,
        )
    }

    /// Minutes `first..=last`, each a minute apart, the last one `ago_ms` before START.
    pub(crate) fn minutes(first: u64, last: u64, ago_ms: u64) -> Vec<Entry> {
        (first..=last)
            .map(|sequence| Self::minute(sequence, ago_ms + (last - sequence) * 60_000))
            .collect()
    }
}

pub(crate) fn sample(start_boottime_ms: u64) -> Sample {
    Sample {
        target: 0,
        line: Some(0),
        start_boottime_ms,
        outcome: Outcome::Ok,
        sent: 5,
        received: 5,
        rtt_us_min: Some(900),
        rtt_us_median: Some(1_000),
        rtt_us_max: Some(1_200),
        rtt_us_mean_successive_difference: Some(50),
        coarse: false,
        detail: None,
    }
}

/// An exchange of 20 ms with the collector at `unix_ms`.
pub(crate) fn exchange(boottime_ms: u64, unix_ms: i64) -> TimeExchange {
    TimeExchange {
        sent_boottime_ms: boottime_ms - 10,
        received_boottime_ms: boottime_ms + 10,
        collector_received_unix_ms: unix_ms,
        collector_sent_unix_ms: unix_ms,
    }
}
