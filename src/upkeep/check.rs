//! Whether a data folder holds what was accepted: every batch against its hash, every chunk against its
//! check sum, and the samples against those that the journal gives once more.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{UpkeepError, is_served, journal};
use crate::{
    collector::{registry_path, samples_path},
    ingest::refill,
    registry::Registry,
    store::{
        embedded::EmbeddedStore,
        samples::{SampleBlock, SampleStore, SeriesFilter, SeriesKey},
        sound::{self, Remedy},
    },
};

/// Most differences that are told one by one.
const FAULTS_MAX: usize = 100;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Batches of the journal, each read against its hash.
    pub batches: u64,
    /// Chunks read.
    pub chunks: u64,
    /// Samples in them.
    pub samples: u64,
    /// Facts of the evidence.
    pub facts: u64,
    /// Position up to which samples were compared with the journal; `None`: they were not, because the
    /// journal has not all its batches any more, or nobody asked.
    pub compared_until: Option<u64>,
    /// Samples that the journal gives and the store lacks.
    pub missing: u64,
    /// Samples that the store has and the journal does not give. Not looked for while a server writes.
    pub surplus: u64,
    /// Samples that are otherwise than the journal gives them.
    pub different: u64,
    /// What cannot be read or differs, the first of it.
    pub faults: Vec<String>,
}

impl Checked {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty() && self.missing + self.surplus + self.different == 0
    }

    fn fault(&mut self, fault: impl FnOnce() -> String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault());
        }
    }
}

/// Checks a data folder; a server may be writing. `told` hears how far it is, for a person.
pub fn check(
    data: &Path,
    compare: bool,
    told: &mut dyn FnMut(&str),
) -> Result<Checked, UpkeepError> {
    let mut checked = Checked::default();
    let journal = journal(data)?;
    sound::check_file(&registry_path(data), Remedy::Backup)?;
    let mut each = |position: u64| {
        if position.is_multiple_of(10_000) {
            told(&format!("journal: {position}"));
        }
    };
    match journal.check(&mut each) {
        Ok(batches) => checked.batches = batches,
        Err(error) => checked.fault(|| error.to_string()),
    }
    let served = is_served(data);
    let samples = EmbeddedStore::open_reading(&samples_path(data))?;
    let reading = samples.read_everything(|month| told(month))?;
    (checked.chunks, checked.samples, checked.facts) =
        (reading.chunks, reading.samples, reading.facts);
    for fault in reading.faults {
        checked.fault(|| format!("{}: {}", fault.file.display(), fault.reason));
    }
    if !compare || !checked.faults.is_empty() || journal.lacks_beyond(0)? {
        return Ok(checked);
    }
    let until = samples.applied_position()?.min(journal.last_position());
    let made = Again::make(data)?;
    let Some(again) = &made.store else {
        return Ok(checked);
    };
    let registry = Registry::open(&registry_path(data))?;
    let mut each = |position: u64| {
        if position.is_multiple_of(6_400) {
            told(&format!("samples made again: {position} / {until}"));
        }
    };
    refill((&journal, &registry), again, until, &mut each)?;
    again.flush()?;
    compare_all(&samples, again, !served, &mut checked)?;
    checked.compared_until = Some(until);
    Ok(checked)
}

/// A store beside the folder's own; deleted with its owner.
struct Again {
    folder: PathBuf,
    store: Option<EmbeddedStore>,
}

impl Again {
    fn make(data: &Path) -> Result<Self, UpkeepError> {
        let folder = data.join("samples.check");
        // What a check that was cut short left.
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(UpkeepError::file("delete", &folder))?;
        }
        let store = Some(EmbeddedStore::open(&folder)?);
        Ok(Self { folder, store })
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        self.store = None;
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "the folder of the check could not be deleted");
        }
    }
}

fn compare_all(
    there: &EmbeddedStore,
    again: &EmbeddedStore,
    surplus_counts: bool,
    checked: &mut Checked,
) -> Result<(), UpkeepError> {
    let kept = there.months();
    let numbers: HashMap<SeriesKey, _> = there
        .series(SeriesFilter::default())?
        .into_iter()
        .map(|series| (series.key, series.id))
        .collect();
    let expected = again.series(SeriesFilter::default())?;
    // A month without a file was let go.
    for span in again.months().iter().filter(|month| kept.contains(month)) {
        for series in &expected {
            let wanted = again.scan(series.id, span.0, span.1)?;
            let found = match numbers.get(&series.key) {
                Some(id) => there.scan(*id, span.0, span.1)?,
                None => SampleBlock::default(),
            };
            compare_blocks(&series.key, &wanted, &found, surplus_counts, checked);
        }
    }
    Ok(())
}

type Sample = (
    (i64, u64),
    (u32, desserte_domain::observation::Outcome, u16, u16),
    [Option<u32>; 4],
    bool,
);

fn samples_of(block: &SampleBlock) -> Vec<Sample> {
    let observations = block.observations(None).into_iter();
    observations
        .map(|one| {
            (
                (one.start_unix_ms, one.sequence),
                (one.uncertainty_ms, one.outcome, one.sent, one.received),
                [
                    one.rtt_us_min,
                    one.rtt_us_median,
                    one.rtt_us_max,
                    one.rtt_us_mean_successive_difference,
                ],
                one.coarse,
            )
        })
        .collect()
}

fn compare_blocks(
    key: &SeriesKey,
    wanted: &SampleBlock,
    found: &SampleBlock,
    surplus_counts: bool,
    checked: &mut Checked,
) {
    if wanted == found {
        return;
    }
    let (wanted, found) = (samples_of(wanted), samples_of(found));
    let place = |sample: &Sample| sample.0;
    let named = |what: &str, (time, sequence): (i64, u64)| {
        format!(
            "{what}: site {}, target {}, {time}, entry {sequence}",
            key.site, key.target
        )
    };
    for sample in &wanted {
        match found.binary_search_by_key(&sample.0, place) {
            Ok(at) if found.get(at) == Some(sample) => {}
            Ok(_) => {
                checked.different += 1;
                checked.fault(|| named("otherwise", sample.0));
            }
            Err(_) => {
                checked.missing += 1;
                checked.fault(|| named("missing", sample.0));
            }
        }
    }
    let surplus = found
        .iter()
        .filter(|sample| wanted.binary_search_by_key(&sample.0, place).is_err());
    for sample in surplus.filter(|_| surplus_counts) {
        checked.surplus += 1;
        checked.fault(|| named("not in the journal", sample.0));
    }
}
