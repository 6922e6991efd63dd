//! Sealing: records become batches, encoded, signed and chained.

use ed25519_dalek::SigningKey;

use super::{
    Spool, SpoolError, batch,
    record::{Record, Tables},
    records,
};
use crate::{
    report::{
        self, ColumnsError, Content, Entry, Report, TIME_EXCHANGES_MAX, TimeExchange, encode,
    },
    wire::{
        CONTENT_TYPE_COLUMNS, VERSION,
        envelope::Envelope,
        hex,
        id::{AgentId, BootId},
        parse_hex,
    },
};

/// Most entries of a batch: four hours of minutes. A lost connection then costs little to repeat.
const BATCH_ENTRIES_MAX: usize = 240;
/// Most samples of a batch, for the same reason.
const BATCH_SAMPLES_MAX: usize = 8_192;
/// Exchanges of time sent in one batch, the newest: the collector keeps those of the batches before.
const BATCH_EXCHANGES_MAX: usize = 16;
const _: () = assert!(
    BATCH_ENTRIES_MAX <= report::ENTRIES_MAX
        && BATCH_SAMPLES_MAX <= report::SAMPLES_MAX
        && BATCH_EXCHANGES_MAX <= TIME_EXCHANGES_MAX
);

/// Who seals.
#[derive(Debug)]
pub struct Sealer {
    /// The agent's key.
    pub key: SigningKey,
    /// The agent.
    pub agent: AgentId,
    /// Name and version of the software.
    pub software: String,
}

/// When it is sealed.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// The boot that runs now.
    pub boot: BootId,
    /// Boot time now.
    pub boottime_ms: u64,
    /// Wall clock now.
    pub wall_unix_ms: Option<i64>,
    /// Exchanges of this boot, newest last.
    pub exchanges: Vec<TimeExchange>,
}

/// A batch being filled. All its entries belong to one boot.
struct Filling {
    boot: BootId,
    tables: Tables,
    entries: Vec<Entry>,
    samples: usize,
    exchanges: Vec<TimeExchange>,
    last: Record,
}

impl Filling {
    fn start(record: Record) -> Option<Self> {
        let mut tables = Tables::default();
        let entry = tables.translate(&record)?;
        Some(Self {
            boot: record.draft.boot,
            tables,
            samples: sample_count(&entry),
            entries: vec![entry],
            exchanges: record.draft.exchanges.clone(),
            last: record,
        })
    }

    /// Takes the record, or gives it back when it belongs into the next batch.
    fn take(&mut self, record: Record) -> Option<Record> {
        if record.draft.boot != self.boot || self.entries.len() >= BATCH_ENTRIES_MAX {
            return Some(record);
        }
        let Some(entry) = self.tables.translate(&record) else {
            return Some(record);
        };
        let samples = self.samples + sample_count(&entry);
        if samples > BATCH_SAMPLES_MAX {
            return Some(record);
        }
        self.samples = samples;
        self.entries.push(entry);
        self.exchanges.extend_from_slice(&record.draft.exchanges);
        self.last = record;
        None
    }
}

fn sample_count(entry: &Entry) -> usize {
    match &entry.content {
        Content::Minute(minute) => minute.samples.len(),
        Content::Summary(_) => 0,
    }
}

impl Spool {
    /// Seals every entry that waits, in the order of sequence. Returns how many batches that made.
    pub fn seal(&mut self, by: &Sealer, now: &Sealing) -> Result<usize, SpoolError> {
        self.writer = None;
        let mut made = 0;
        let mut filling: Option<Filling> = None;
        let paths: Vec<_> = self.segments.iter().map(|s| s.path.clone()).collect();
        let sealed = self.state.sealed_sequence;
        for path in paths {
            let (list, damaged) = records(&path)?;
            self.state.entries_lost += damaged;
            for record in list.into_iter().filter(|r| r.sequence > sealed) {
                let back = match &mut filling {
                    Some(open) => open.take(record),
                    None => Some(record),
                };
                let Some(record) = back else { continue };
                if let Some(full) = filling.take() {
                    made += self.close(&full, by, now)?;
                }
                filling = Filling::start(record);
                if filling.is_none() {
                    self.state.entries_lost += 1;
                }
            }
        }
        if let Some(full) = filling {
            made += self.close(&full, by, now)?;
        }
        self.state.sealed_sequence = self.next_sequence - 1;
        self.state.save(&self.folder)?;
        self.drop_sealed_segments()?;
        Ok(made)
    }

    /// Encodes and writes one batch, or two halves when it is too large.
    fn close(
        &mut self,
        filling: &Filling,
        by: &Sealer,
        now: &Sealing,
    ) -> Result<usize, SpoolError> {
        let report = make_report(filling, by, now);
        self.close_report(report, by)
    }

    fn close_report(&mut self, report: Report, by: &Sealer) -> Result<usize, SpoolError> {
        match encode(&report) {
            Ok(body) => self.write_batch(&report, body, by).map(|()| 1),
            Err(ColumnsError::TooLarge { .. }) if report.entries.len() > 1 => {
                let mut early = report;
                let middle = early.entries.len() / 2;
                let late = Report {
                    entries: early.entries.split_off(middle),
                    ..early.clone()
                };
                Ok(self.close_report(early, by)? + self.close_report(late, by)?)
            }
            // An entry that breaks the contract would be refused for ever: it is counted instead.
            Err(error @ (ColumnsError::Invalid(_) | ColumnsError::TooLarge { .. })) => {
                tracing::error!(%error, "entries not sealed");
                self.close_valid(report, by)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn close_valid(&mut self, mut report: Report, by: &Sealer) -> Result<usize, SpoolError> {
        let before = report.entries.len();
        let mut kept = Vec::with_capacity(before);
        for entry in std::mem::take(&mut report.entries) {
            report.entries = vec![entry];
            if encode(&report).is_ok() {
                kept.append(&mut report.entries);
            }
        }
        self.state.entries_lost += (before - kept.len()) as u64;
        if kept.is_empty() {
            return Ok(0);
        }
        report.entries = kept;
        let body = encode(&report)?;
        self.write_batch(&report, body, by).map(|()| 1)
    }

    fn write_batch(
        &mut self,
        report: &Report,
        body: Vec<u8>,
        by: &Sealer,
    ) -> Result<(), SpoolError> {
        let (Some(first), Some(last)) = (report.entries.first(), report.entries.last()) else {
            return Ok(());
        };
        let previous = parse_hex("chain head", &self.state.chain_head).unwrap_or([0; 32]);
        let envelope = Envelope::seal(
            &by.key,
            (report.agent, report.boot),
            (first.sequence, last.sequence),
            previous,
            &body,
        );
        let sealed = batch::SealedBatch {
            envelope,
            content_type: CONTENT_TYPE_COLUMNS.to_owned(),
            body,
            entries: report.entries.len() as u64,
        };
        let waiting = batch::write(&self.folder, self.state.seals, &sealed)?;
        self.state.seals += 1;
        self.state.chain_head = hex(&waiting.hash);
        self.state.sealed_sequence = waiting.last;
        self.batches.push(waiting);
        Ok(self.state.save(&self.folder)?)
    }
}

/// Entries of an earlier boot are sealed as that boot's: with its last boot time and its exchanges.
fn make_report(filling: &Filling, by: &Sealer, now: &Sealing) -> Report {
    let current = filling.boot == now.boot;
    let last = &filling.last.draft;
    let known = if current {
        &now.exchanges
    } else {
        &filling.exchanges
    };
    let newest = known.len().saturating_sub(BATCH_EXCHANGES_MAX);
    Report {
        version: VERSION,
        agent: by.agent,
        boot: filling.boot,
        software: by.software.clone(),
        profile: last.profile,
        sealed_boottime_ms: if current {
            now.boottime_ms
        } else {
            last.written_boottime_ms
        },
        sealed_wall_unix_ms: if current {
            now.wall_unix_ms
        } else {
            last.wall_unix_ms
        },
        time_exchanges: known.get(newest..).unwrap_or_default().to_vec(),
        targets: filling.tables.targets.clone(),
        lines: filling.tables.lines.clone(),
        entries: filling.entries.clone(),
    }
}
