//! An agent's chain of batches: which minute comes next, sealed and signed as on the wire.

use desserte_probe::clock::TimeMap;
use desserte_probe::report::{
    ColumnsError, Content, Entry, Family, Line, Report, ReportedTarget, TimeExchange, encode,
};
use desserte_probe::wire::envelope::Envelope;
use desserte_probe::wire::id::{AgentId, BootId};
use desserte_probe::wire::schedule::Profile;
use desserte_probe::wire::{VERSION, hex};
use ed25519_dalek::SigningKey;

use super::super::world::boots::{Boot, boot_at, boots};
use super::super::world::draw::{below, draw};
use super::super::world::fault::Fault;
use super::super::world::minute::{Life, slot_seconds, targets};
use super::super::world::site::{Technology, WallClock};
use super::super::world::{DAY, MINUTE_MS, minute_of};
use super::{SOFTWARE, agreements};
use crate::ingest::decode;
use crate::store::journal::JournaledBatch;

/// Minutes between two exchanges of time of an agent that lives.
const EXCHANGE_EVERY: i64 = 30;
/// An exchange of time takes place so late in its minute, milliseconds.
const LATE_IN_MINUTE_MS: i64 = 41_000;
/// A batch arrives so long after its last minute, milliseconds.
const ON_ITS_WAY_MS: i64 = 9_000;

/// See the module.
#[derive(Debug, Clone)]
pub struct Chain {
    key: SigningKey,
    agent: AgentId,
    /// First minute of the agent, and the first that is no longer its own.
    span: (i64, Option<i64>),
    next_minute: i64,
    next_sequence: u64,
    previous: [u8; 32],
}

/// A batch, and how far it brings its chain.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its envelope.
    pub envelope: Envelope,
    /// Its body.
    pub body: Vec<u8>,
    /// Minutes in it.
    pub minutes: u64,
    /// When it would have arrived, Unix milliseconds.
    pub arrives_unix_ms: i64,
    /// First minute after it.
    after: i64,
    next_sequence: u64,
}

impl Chain {
    /// The chain of an agent that has sent nothing yet and measures in a span of minutes.
    #[must_use]
    pub fn new(key: SigningKey, agent: AgentId, span: (i64, Option<i64>)) -> Self {
        Self {
            key,
            agent,
            span,
            next_minute: span.0,
            next_sequence: 1,
            previous: [0; 32],
        }
    }

    /// The agent.
    #[must_use]
    pub fn agent(&self) -> AgentId {
        self.agent
    }

    /// The agent's key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// First minute that the agent measured.
    #[must_use]
    pub fn first_minute(&self) -> i64 {
        self.span.0
    }

    /// First minute that is not sent yet.
    #[must_use]
    pub fn next_minute(&self) -> i64 {
        self.next_minute
    }

    /// Goes on behind the last batch that the collector accepted of this agent.
    #[must_use]
    pub fn resumed(mut self, last: &JournaledBatch) -> Self {
        let map: Option<&TimeMap> = last.time_map.as_ref();
        let report = decode(last.content_type, &last.body).ok();
        let written = report
            .as_ref()
            .and_then(|report| report.entries.last())
            .map(|entry| entry.written_boottime_ms);
        if let Some((map, written)) = map.zip(written) {
            // An entry is written as its minute ends: half a minute back lies within it.
            let inside = map.corrected_unix_ms(written).0 - MINUTE_MS / 2;
            self.next_minute = minute_of(inside) + 1;
        }
        self.next_sequence = last.envelope.sequence_last + 1;
        self.previous = last.batch_hash;
        self
    }

    /// Seals the next batch of minutes before `until`: of one boot and one day at most, and not beyond
    /// the moment when the way to the collector is blocked. `heard` are exchanges of time that really
    /// took place. `None` when there is nothing to send.
    pub fn seal(
        &self,
        life: &Life<'_>,
        until: i64,
        heard: &[(BootId, TimeExchange)],
    ) -> Result<Option<Sealed>, ColumnsError> {
        let until = self.span.1.map_or(until, |end| until.min(end));
        let first = (self.next_minute..until).find(|minute| life.measures(*minute));
        let Some(first) = first else {
            return Ok(None);
        };
        let faults = life.script.of(life.site.number);
        let boots = boots(life.seed, life.site, self.span.0, faults);
        let Some((index, boot)) = boot_at(&boots, first) else {
            return Ok(None);
        };
        let before = index.checked_sub(1).and_then(|index| boots.get(index));
        let of_boot = boots.get(index + 1).map_or(until, |next| next.first);
        let of_day = (first.div_euclid(DAY) + 1) * DAY;
        let end = until.min(of_boot).min(of_day);
        let end = blocked(life, (first, end)).unwrap_or(end);
        let minutes: Vec<i64> = (first..end).filter(|one| life.measures(*one)).collect();
        let last = minutes.last().copied().unwrap_or(first);
        let entries = (self.next_sequence..)
            .zip(&minutes)
            .map(|(sequence, minute)| entry(life, sequence, *minute, (boot, before)))
            .collect();
        // Whatever had not arrived when it was replaced came just before.
        let replaced = self.span.1.map_or(i64::MAX, |end| end * MINUTE_MS - 1);
        let arrives_unix_ms = arrival(life, last).min(replaced);
        let mut report = report(life, self.agent, boot, (last, arrives_unix_ms), entries);
        report.time_exchanges = exchanges(life, boot, (first, last));
        let of_boot = heard.iter().filter(|(of, _)| *of == boot.id);
        report.time_exchanges.extend(of_boot.map(|(_, one)| *one));
        if report.time_exchanges.is_empty() {
            let at = last * MINUTE_MS + LATE_IN_MINUTE_MS;
            report.time_exchanges.push(exchange(life, boot, at));
        }
        self.sign(&report, arrives_unix_ms, end).map(Some)
    }

    fn sign(
        &self,
        report: &Report,
        arrives_unix_ms: i64,
        after: i64,
    ) -> Result<Sealed, ColumnsError> {
        let body = encode(report)?;
        let count = u64::try_from(report.entries.len()).unwrap_or(0);
        let next_sequence = self.next_sequence + count;
        let envelope = Envelope::seal(
            &self.key,
            (self.agent, report.boot),
            (self.next_sequence, next_sequence - 1),
            self.previous,
            &body,
        );
        Ok(Sealed {
            envelope,
            body,
            minutes: count,
            arrives_unix_ms,
            after,
            next_sequence,
        })
    }

    /// A batch was receipted: what it held is sent.
    pub fn advance(&mut self, sealed: &Sealed) {
        self.previous = sealed.envelope.batch_hash(&sealed.body);
        self.next_minute = sealed.after;
        self.next_sequence = sealed.next_sequence;
    }
}

fn entry(
    life: &Life<'_>,
    sequence: u64,
    minute: i64,
    (boot, before): (&Boot, Option<&Boot>),
) -> Entry {
    Entry {
        sequence,
        written_boottime_ms: boot.boottime_ms((minute + 1) * MINUTE_MS),
        content: Content::Minute(life.minute(minute, boot, before)),
    }
}

fn report(
    life: &Life<'_>,
    agent: AgentId,
    boot: &Boot,
    (last, arrives_unix_ms): (i64, i64),
    entries: Vec<Entry>,
) -> Report {
    let sealed = arrives_unix_ms.max((last + 1) * MINUTE_MS);
    let boottime = boot.boottime_ms(sealed);
    let wall = match life.site.wall_clock {
        WallClock::Right => sealed,
        WallClock::Epoch => i64::try_from(boottime).unwrap_or(0),
        WallClock::WeekBehind => sealed - 7 * DAY * MINUTE_MS,
    };
    Report {
        version: VERSION,
        agent,
        boot: boot.id,
        software: SOFTWARE.to_owned(),
        profile: Profile::Full,
        sealed_boottime_ms: boottime,
        sealed_wall_unix_ms: Some(wall),
        time_exchanges: Vec::new(),
        targets: targets(life.site)
            .iter()
            .map(|target| {
                let (id, kind) = agreements::name_of(*target);
                ReportedTarget {
                    id: id.to_owned(),
                    kind,
                    slot_seconds: slot_seconds(*target),
                }
            })
            .collect(),
        lines: vec![Line {
            interface: "eth0".to_owned(),
            gateway: Some(gateway(life)),
            family: Family::Ipv4,
        }],
        entries,
    }
}

/// What stands for the keyed hash of the site's gateway.
fn gateway(life: &Life<'_>) -> String {
    let half = |what| life.site.draw(life.seed, &[71, what]).to_be_bytes();
    hex(&[half(0), half(1)].concat())
}

/// When a batch whose last minute is this one arrives: as soon as the collector is reached.
fn arrival(life: &Life<'_>, last: i64) -> i64 {
    let reached = |minute: &i64| life.measures(*minute) && life.reaches_collector(*minute);
    let minute = (last + 1..last + 1 + 7 * DAY)
        .find(reached)
        .unwrap_or(last + 1);
    minute * MINUTE_MS + ON_ITS_WAY_MS + life.site.phase_ms(life.seed) / 3
}

/// The minute before the first in a span from which the collector is out of reach: what was written
/// until then had been sent, so that a site is silent since its fault and not since its last batch.
fn blocked(life: &Life<'_>, (first, end): (i64, i64)) -> Option<i64> {
    let reached = |minute: i64| life.reaches_collector(minute);
    (first + 2..end)
        .find(|minute| reached(minute - 1) && !reached(*minute))
        .map(|minute| minute - 1)
}

/// Exchanges of time as the agent would have had them while it measured.
fn exchanges(life: &Life<'_>, boot: &Boot, (first, last): (i64, i64)) -> Vec<TimeExchange> {
    let offset = i64::from(life.site.number) % EXCHANGE_EVERY;
    let due = |minute: &i64| {
        minute.rem_euclid(EXCHANGE_EVERY) == offset
            && life.measures(*minute)
            && life.reaches_collector(*minute)
    };
    (first..=last)
        .filter(due)
        .map(|minute| exchange(life, boot, minute * MINUTE_MS + LATE_IN_MINUTE_MS))
        .collect()
}

fn exchange(life: &Life<'_>, boot: &Boot, at_unix_ms: i64) -> TimeExchange {
    let drawn = draw(
        life.site.draw(life.seed, &[81]),
        &[at_unix_ms.unsigned_abs()],
    );
    let round_trip = match life.site.technology {
        Technology::Fibre => 6,
        Technology::Microwave => 18,
        Technology::Mobile => 70,
        Technology::Satellite => 620,
    };
    let there = round_trip / 2 + i64::try_from(below(drawn, 5)).unwrap_or(0);
    let back = round_trip / 2 + i64::try_from(below(drawn >> 8, 5)).unwrap_or(0);
    TimeExchange {
        sent_boottime_ms: boot.boottime_ms(at_unix_ms - there),
        received_boottime_ms: boot.boottime_ms(at_unix_ms + 1 + back),
        collector_received_unix_ms: at_unix_ms,
        collector_sent_unix_ms: at_unix_ms + 1,
    }
}

/// A fault of the site that decides slots, in a minute.
pub(super) fn failing<'a>(life: &Life<'a>, minute: i64) -> Option<&'a Fault> {
    let fault = life.script.at(life.site.number, minute);
    fault.filter(|fault| fault.kind.is_felt())
}
