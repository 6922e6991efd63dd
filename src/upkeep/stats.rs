//! What a data folder takes on its disk, and what for.

use std::path::Path;

use serde::Serialize;

use super::{UpkeepError, journal};
use crate::{
    collector::samples_path,
    store::embedded::{EmbeddedStore, INDEX, MonthFigures},
};

/// A part of the folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartFigures {
    /// `journal`, `samples/index.sqlite` (with what waits for a month), a month as `2026-06`, `samples` (all of
    /// these), or the name of another file.
    pub part: String,
    /// Size of its files.
    pub file_bytes: u64,
    /// Bytes in them that hold nothing and are used next.
    pub free_bytes: u64,
    /// Samples in it; `None` where it holds none.
    pub samples: Option<u64>,
    /// Bytes of the files for each sample; `None` without samples.
    pub bytes_per_sample: Option<f64>,
    /// Bytes of evidence: in the journal the signed bodies, in a month what agents saw.
    pub evidence_bytes: Option<u64>,
    /// Batches of the journal, or days of series of a month.
    pub pieces: Option<u64>,
    /// Batches of the journal whose bodies were let go.
    pub let_go: Option<u64>,
}

impl PartFigures {
    fn of_file(part: String, file_bytes: u64) -> Self {
        Self {
            part,
            file_bytes,
            free_bytes: 0,
            samples: None,
            bytes_per_sample: None,
            evidence_bytes: None,
            pieces: None,
            let_go: None,
        }
    }

    fn of_month(month: &MonthFigures) -> Self {
        let (year, number) = (month.month.div_euclid(12), month.month.rem_euclid(12) + 1);
        Self {
            part: format!("{year:04}-{number:02}"),
            file_bytes: month.file_bytes,
            free_bytes: month.free_bytes,
            samples: Some(month.samples),
            bytes_per_sample: each(month.file_bytes, month.samples),
            evidence_bytes: Some(month.evidence_bytes),
            pieces: Some(month.chunks),
            let_go: None,
        }
    }
}

/// Bytes for each sample, to a thousandth.
fn each(bytes: u64, samples: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let share = (samples > 0).then(|| bytes as f64 / samples as f64);
    share.map(|each| (each * 1_000.0).round() / 1_000.0)
}

/// Journal, index, months, these together, then other files. A server may be writing.
pub fn stats(data: &Path) -> Result<Vec<PartFigures>, UpkeepError> {
    let of_journal = journal(data)?.figures()?;
    let mut parts = vec![PartFigures {
        part: "journal".to_owned(),
        file_bytes: of_journal.file_bytes,
        free_bytes: of_journal.free_bytes,
        samples: Some(of_journal.samples),
        bytes_per_sample: each(of_journal.file_bytes, of_journal.samples),
        evidence_bytes: Some(of_journal.body_bytes),
        pieces: Some(of_journal.batches),
        let_go: Some(of_journal.let_go),
    }];
    let folder = samples_path(data);
    let store = EmbeddedStore::open_reading(&folder)?;
    let months = store.figures()?;
    let index = std::fs::metadata(folder.join(INDEX)).map_or(0, |file| file.len());
    parts.push(PartFigures {
        samples: Some(store.waiting()),
        ..PartFigures::of_file(format!("samples/{INDEX}"), index)
    });
    parts.extend(months.iter().map(PartFigures::of_month));
    let sum = |of: fn(&MonthFigures) -> u64| months.iter().map(of).sum::<u64>();
    let file_bytes = index + sum(|one| one.file_bytes);
    let samples = store.waiting() + sum(|one| one.samples);
    parts.push(PartFigures {
        part: "samples".to_owned(),
        file_bytes,
        free_bytes: sum(|one| one.free_bytes),
        samples: Some(samples),
        bytes_per_sample: each(file_bytes, samples),
        evidence_bytes: Some(sum(|one| one.evidence_bytes)),
        pieces: Some(sum(|one| one.chunks)),
        let_go: None,
    });
    let entries = std::fs::read_dir(data).map_err(UpkeepError::file("list", data))?;
    let mut others = Vec::new();
    for entry in entries {
        let entry = entry.map_err(UpkeepError::file("list", data))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let other = name != "journal.sqlite" && name.ends_with(".sqlite");
        if let Some(length) = entry
            .metadata()
            .ok()
            .filter(|_| other)
            .map(|file| file.len())
        {
            others.push(PartFigures::of_file(name, length));
        }
    }
    others.sort_by(|one, other| one.part.cmp(&other.part));
    parts.append(&mut others);
    Ok(parts)
}
