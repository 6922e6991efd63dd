//! Rows that wait, written down as they came: all that came within some minutes as one body.
//!
//! A chunk is written anew as a whole. Were it written for each handful of rows, a day of a country would be
//! written some hundred times over; so rows are kept here until there are enough of them for each chunk. They stay in
//! memory meanwhile, and a start reads them again: what is here need not come again from the journal.
//!
//! A body is, behind its check sum, postcard: the rows of all series, one after the other in the columns of a chunk
//! (`embedded::chunk`), with the number of each series and how many rows are its; and evidence in the same way.

use serde::{Deserialize, Serialize};

use super::{chunk, facts, fresh::Fresh, row::Row};
use crate::store::{StoreError, samples::EvidenceRow};

#[derive(Serialize, Deserialize)]
struct Written {
    /// Numbers of series, and how many rows each has.
    series: Runs,
    samples: Vec<u8>,
    detail: Option<Vec<u8>>,
    /// Numbers of sites, and how many pieces of evidence each has.
    sites: Runs,
    evidence: Vec<u8>,
}

fn damaged(reason: impl std::fmt::Display) -> StoreError {
    StoreError::damaged("samples that wait", reason)
}

/// Numbers of what has rows, with how many.
type Runs = Vec<(i64, u32)>;

/// Rows one behind the other, and of what each run is.
fn joined<'f, T: Clone + 'f>(
    parts: impl Iterator<Item = (i64, &'f Vec<T>)>,
) -> Result<(Runs, Vec<T>), StoreError> {
    let (mut runs, mut all) = (Vec::new(), Vec::new());
    for (number, rows) in parts {
        runs.push((number, u32::try_from(rows.len()).map_err(damaged)?));
        all.extend_from_slice(rows);
    }
    Ok((runs, all))
}

/// What waits, as a body.
pub(super) fn body(fresh: &Fresh) -> Result<Vec<u8>, StoreError> {
    let (series, rows) = joined(fresh.rows.iter().map(|((series, _), rows)| (*series, rows)))?;
    let (sites, facts) = joined(fresh.evidence.iter().map(|((site, _), rows)| (*site, rows)))?;
    let sealed = chunk::seal(&rows)?;
    let written = Written {
        series,
        samples: sealed.body,
        detail: sealed.detail,
        sites,
        evidence: facts::seal(&facts)?,
    };
    Ok(super::with_crc(
        &postcard::to_stdvec(&written).map_err(damaged)?,
    ))
}

/// What waited; `sites` are the names of sites by their numbers from 1.
pub(super) fn read(body: &[u8], sites: &[String]) -> Result<Fresh, StoreError> {
    let bytes = super::without_crc(body).map_err(damaged)?;
    let written: Written = postcard::from_bytes(bytes).map_err(damaged)?;
    let mut fresh = Fresh::default();
    let rows = chunk::rows(&written.samples, written.detail.as_deref())?;
    each(&written.series, rows, |series, row: Row| {
        fresh.push(series, row);
        Ok(())
    })?;
    let evidence = facts::rows("", &written.evidence)?;
    each(&written.sites, evidence, |site, row| {
        let place = usize::try_from(site - 1).ok();
        let name = place.and_then(|place| sites.get(place));
        let name = name.ok_or_else(|| damaged(format!("no site has number {site}")))?;
        let row = EvidenceRow {
            site: name.clone(),
            ..row
        };
        fresh.push_evidence(site, row);
        Ok(())
    })?;
    Ok(fresh)
}

fn each<T>(
    runs: &[(i64, u32)],
    rows: Vec<T>,
    mut each: impl FnMut(i64, T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let counted: u64 = runs.iter().map(|(_, count)| u64::from(*count)).sum();
    if u64::try_from(rows.len()).ok() != Some(counted) {
        return Err(damaged("it holds another number of rows than it says"));
    }
    let mut rows = rows.into_iter();
    for (number, count) in runs {
        for row in rows
            .by_ref()
            .take(usize::try_from(*count).map_err(damaged)?)
        {
            each(*number, row)?;
        }
    }
    Ok(())
}
