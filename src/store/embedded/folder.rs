//! The files of a folder: which are months, and which an earlier version wrote.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    INDEX,
    calendar::month_of_file,
    index::{self, EARLIEST_VERSION},
    month::Month,
};
use crate::store::{
    StoreError,
    sound::{self, Remedy},
};

/// Deletes what an earlier version wrote: `samples.sqlite` beside the folder, or the folder's files.
pub(super) fn forget_former(folder: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::damaged("samples of an earlier version", error);
    let beside = folder.with_extension("sqlite");
    let mut former = Vec::new();
    if beside != folder && beside.is_file() {
        for ending in ["sqlite-wal", "sqlite-shm", "sqlite"] {
            former.push(folder.with_extension(ending));
        }
    }
    let index = folder.join(INDEX);
    let there = index.is_file();
    // Months without an index are of no use either.
    if folder.is_dir() && !(there && index::version(&index)? >= EARLIEST_VERSION) {
        let mut files = files(folder)?;
        // The index last: until then its version says that the rest is of an earlier one.
        files.sort_by_key(|path| path.starts_with(&index));
        former.append(&mut files);
    }
    if former.is_empty() {
        return Ok(());
    }
    tracing::info!("samples of an earlier version are made again from the journal");
    for path in former.into_iter().filter(|path| path.exists()) {
        std::fs::remove_file(path).map_err(failed)?;
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error| StoreError::damaged("folder of samples", error);
    std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .filter(|path| path.as_ref().map_or(true, |path| path.is_file()))
        .collect()
}

pub(super) fn open_months(
    folder: &Path,
    open: fn(&Path) -> Result<Month, StoreError>,
    check: Option<Remedy>,
) -> Result<BTreeMap<i64, Arc<Month>>, StoreError> {
    let mut months = BTreeMap::new();
    for path in files(folder)? {
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(month) = name.and_then(month_of_file) {
            if let Some(remedy) = check {
                sound::check_file(&path, remedy)?;
            }
            months.insert(month, Arc::new(open(&path)?));
        }
    }
    Ok(months)
}
