//! Agents that never were, and what they send.

use std::sync::Arc;

use desserte::{collector::Collector, ingest::BatchRequest, registry::NewSite};
use desserte_probe::{
    report::{
        self, Content, Entry, Evidence, Fact, Family, Kind, Line, Minute, Outcome, Report,
        ReportedTarget, Sample, TimeExchange,
    },
    wire::{
        CONTENT_TYPE_COLUMNS, VERSION,
        envelope::Envelope,
        id::{AgentId, BootId},
        schedule::Profile,
    },
};
use ed25519_dalek::SigningKey;

/// 2026-06-01 00:00 UTC.
pub(crate) const START_MS: i64 = 1_780_272_000_000;
pub(crate) const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;
/// Minutes of one batch.
const BATCH: u64 = 360;
/// Boot time at [`START_MS`].
const BOOTTIME_MS: u64 = 1_000_000;

pub(crate) struct Agents {
    agents: Vec<Agent>,
    now_unix_ms: i64,
}

struct Agent {
    key: SigningKey,
    id: AgentId,
    previous: [u8; 32],
    random: u64,
    rtt_us: [f64; 3],
}

impl Agents {
    pub(crate) fn enrol(collector: &Arc<Collector>, sites: usize, now: i64) -> Self {
        let registry = collector.registry();
        let agents = (0..sites).map(|number| {
            let site = NewSite {
                id: format!("site-{number:05}"),
                kind: "school".into(),
                ..NewSite::default()
            };
            registry
                .upsert_sites(std::slice::from_ref(&site), "bench", START_MS)
                .expect("site");
            let code = collector.new_code(&site.id, "bench").expect("code").code;
            let seed = u8::try_from(number % 251).expect("small");
            let key = SigningKey::from_bytes(&[seed.wrapping_add(1); 32]);
            // Keys must differ beyond 251 sites.
            let key = if number < 251 {
                key
            } else {
                SigningKey::from_bytes(&rand::random())
            };
            let public = key.verifying_key().to_bytes();
            let redeemed = registry
                .redeem_code(&code.secret, &public, "bench 1", START_MS)
                .expect("redeem");
            let rtt = 20_000.0 + 1_500.0 * number as f64;
            Agent {
                key,
                id: redeemed.agent.id,
                previous: [0; 32],
                random: 0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1),
                rtt_us: [rtt, rtt * 1.8, rtt * 3.1],
            }
        });
        Self {
            agents: agents.collect(),
            now_unix_ms: now,
        }
    }

    /// The batches of all agents, the oldest first.
    pub(crate) fn batches(&mut self, days: usize) -> Vec<BatchRequest> {
        let minutes = days as u64 * 1_440;
        let mut batches = Vec::new();
        for first in (0..minutes).step_by(usize::try_from(BATCH).expect("small")) {
            let last = (first + BATCH).min(minutes);
            for agent in &mut self.agents {
                batches.push(agent.batch(first..last, self.now_unix_ms));
            }
        }
        batches
    }
}

impl Agent {
    /// xorshift64*: a number in [0, 1).
    fn random(&mut self) -> f64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn sample(&mut self, target: u16, at: u64) -> Sample {
        let place = usize::from(target);
        let base = self.rtt_us[place];
        let wander = (self.random() - 0.5) * 0.02 * base;
        self.rtt_us[place] = (base + wander).clamp(base * 0.9, base * 1.1);
        let noise = |one: f64| (base * (1.0 + one * 0.08)) as u32;
        let (one, other, spread) = (self.random(), self.random(), self.random());
        let min = noise(one * 0.3);
        let median = min + (other * base * 0.05) as u32;
        let max = median + (spread * spread * base * 0.4) as u32;
        let lost = if self.random() < 0.005 {
            5
        } else {
            u16::from(self.random() < 0.02)
        };
        let there = lost < 5;
        Sample {
            target,
            line: Some(0),
            start_boottime_ms: at + (self.random() * 40.0) as u64 + u64::from(target) * 3_000,
            outcome: if lost == 0 {
                Outcome::Ok
            } else {
                Outcome::Timeout
            },
            sent: 5,
            received: 5 - lost,
            rtt_us_min: there.then_some(min),
            rtt_us_median: there.then_some(median),
            rtt_us_max: there.then_some(max),
            rtt_us_mean_successive_difference: there.then_some((max - min) / 3),
            coarse: false,
            detail: None,
        }
    }

    fn batch(&mut self, minutes: std::ops::Range<u64>, now: i64) -> BatchRequest {
        let entries: Vec<Entry> = minutes
            .map(|minute| {
                let at = BOOTTIME_MS + minute * MINUTE_MS + 12_000;
                let samples = (0..3).map(|target| self.sample(target, at)).collect();
                Entry {
                    sequence: minute + 1,
                    written_boottime_ms: at + 45_000,
                    content: Content::Minute(Minute {
                        samples,
                        evidence: vec![Evidence {
                            boottime_ms: at + 40_000,
                            fact: Fact::Gateway {
                                line: 0,
                                sent: 5,
                                received: 5,
                            },
                        }],
                    }),
                }
            })
            .collect();
        let range = (entries[0].sequence, entries[entries.len() - 1].sequence);
        let report = self.report(entries);
        let body = report::encode(&report).expect("encode");
        let who = (self.id, report.boot);
        let envelope = Envelope::seal(&self.key, who, range, self.previous, &body);
        self.previous = envelope.batch_hash(&body);
        BatchRequest {
            envelope,
            content_type: Some(CONTENT_TYPE_COLUMNS.to_owned()),
            body: body.into(),
            peer: None,
            received_unix_ms: now,
        }
    }

    fn report(&self, entries: Vec<Entry>) -> Report {
        let sent = entries[entries.len() - 1].written_boottime_ms;
        let unix = START_MS + i64::try_from(sent - BOOTTIME_MS).expect("small") + 40;
        let target = |id: &str| ReportedTarget {
            id: id.into(),
            kind: Kind::Icmp,
            slot_seconds: 60,
        };
        Report {
            version: VERSION,
            agent: self.id,
            boot: BootId([7; 16]),
            software: "bench 1".into(),
            profile: Profile::Full,
            sealed_boottime_ms: sent,
            sealed_wall_unix_ms: None,
            time_exchanges: vec![TimeExchange {
                sent_boottime_ms: sent,
                received_boottime_ms: sent + 80,
                collector_received_unix_ms: unix,
                collector_sent_unix_ms: unix,
            }],
            targets: vec![
                target("gateway"),
                target("national"),
                target("international"),
            ],
            lines: vec![Line {
                interface: "eth0".into(),
                gateway: Some("00112233445566778899aabbccddeeff".into()),
                family: Family::Ipv4,
            }],
            entries,
        }
    }
}
