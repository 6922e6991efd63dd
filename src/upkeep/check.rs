//! Whether a data folder holds what was accepted: every batch against its hash, every chunk against its
//! check sum, and the samples against those that the journal gives once more.

use std::{
    collections::{HashMap, HashSet},
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
        samples::{SampleBlock, SampleStore, SeriesFilter, SeriesId, SeriesKey},
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
    /// Whether the journal no longer has all of its batches: the samples cannot be made again from it.
    pub evidence_let_go: bool,
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
    let reading = samples.read_everything(&mut *told)?;
    (checked.chunks, checked.samples, checked.facts) =
        (reading.chunks, reading.samples, reading.facts);
    for fault in reading.faults {
        checked.fault(|| format!("{}: {}", fault.file.display(), fault.reason));
    }
    // Where nobody can tell, nothing is to be deleted.
    checked.evidence_let_go = journal.lacks_beyond(0).unwrap_or(true);
    if !compare || !checked.faults.is_empty() || checked.evidence_let_go {
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
    let both = (&journal, &registry);
    refill(both, again, until, &mut each)?;
    again.flush()?;
    compare_all(&samples, again, lacks, &mut checked)?;
    // A month may hold more than the index says: a sealing that was cut short, or a copy taken while
    // agents sent. Only what the whole journal does not give is too much.
    if !served {
        refill(both, again, journal.last_position(), &mut each)?;
        again.flush()?;
        compare_all(&samples, again, exceeds, &mut checked)?;
    }
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

/// Looks at the samples of a series: wanted, found.
type Look = fn(&SeriesKey, &[Sample], &[Sample], &mut Checked);

/// Looks at every series of every month from the first one that is there on: what lies before was let
/// go.
fn compare_all(
    there: &EmbeddedStore,
    again: &EmbeddedStore,
    look: Look,
    checked: &mut Checked,
) -> Result<(), UpkeepError> {
    let kept = there.months();
    let first = kept.first().map_or(i64::MIN, |span| span.0);
    let mut spans = again.months();
    spans.retain(|span| span.0 >= first);
    spans.extend(kept);
    spans.sort_unstable();
    spans.dedup();
    let other: HashMap<SeriesKey, _> = again
        .series(SeriesFilter::default())?
        .into_iter()
        .map(|series| (series.key, series.id))
        .collect();
    let own: HashMap<SeriesKey, _> = there
        .series(SeriesFilter::default())?
        .into_iter()
        .map(|series| (series.key, series.id))
        .collect();
    let keys: HashSet<&SeriesKey> = own.keys().chain(other.keys()).collect();
    for span in spans {
        for key in &keys {
            let of = |store: &EmbeddedStore, id: Option<&SeriesId>| match id {
                Some(id) => store.scan(*id, span.0, span.1),
                None => Ok(SampleBlock::default()),
            };
            let wanted = of(again, other.get(*key))?;
            let found = of(there, own.get(*key))?;
            if wanted != found {
                look(key, &samples_of(&wanted), &samples_of(&found), checked);
            }
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

fn named(what: &str, key: &SeriesKey, (time, sequence): (i64, u64)) -> String {
    let (site, target) = (&key.site, &key.target);
    format!("{what}: site {site}, target {target}, {time}, entry {sequence}")
}

/// Samples that are wanted and not found, or found otherwise.
fn lacks(key: &SeriesKey, wanted: &[Sample], found: &[Sample], checked: &mut Checked) {
    for sample in wanted {
        match found.binary_search_by_key(&sample.0, |one| one.0) {
            Ok(at) if found.get(at) == Some(sample) => {}
            Ok(_) => {
                checked.different += 1;
                checked.fault(|| named("otherwise", key, sample.0));
            }
            Err(_) => {
                checked.missing += 1;
                checked.fault(|| named("missing", key, sample.0));
            }
        }
    }
}

/// Samples that are found and not wanted.
fn exceeds(key: &SeriesKey, wanted: &[Sample], found: &[Sample], checked: &mut Checked) {
    let place = |one: &Sample| one.0;
    for sample in found {
        if wanted.binary_search_by_key(&sample.0, place).is_err() {
            checked.surplus += 1;
            checked.fault(|| named("not in the journal", key, sample.0));
        }
    }
}
