//! Rows of a summary give way to the samples that it stands for, in whatever engine.

use super::samples::{SampleBlock, SampleRow};

impl SampleRow {
    /// Whether two rows that follow each other are of one summary, or both of none.
    pub(crate) fn is_same_run(one: &Self, other: &Self) -> bool {
        one.summary_spacing_ms == other.summary_spacing_ms
            && (one.summary_spacing_ms.is_none()
                || (one.sequence == other.sequence && one.series == other.series))
    }

    /// Where samples may lie that a summary's run stands for, Unix milliseconds; `None` when it is no
    /// summary.
    pub(crate) fn run_span(run: &[Self]) -> Option<(i64, i64)> {
        let (first, last) = (run.first()?, run.last()?);
        let half = i64::from(first.summary_spacing_ms?) / 2;
        let (from, to) = (
            first.time_unix_ms.min(last.time_unix_ms),
            first.time_unix_ms.max(last.time_unix_ms),
        );
        Some((from.saturating_sub(half), to.saturating_add(half)))
    }

    /// Rows of a run that no sample of `there`, which lies in its span, stands for.
    pub(crate) fn without_originals<'r>(run: &'r [Self], there: &SampleBlock) -> Vec<&'r Self> {
        let Some((first, spacing)) = run
            .first()
            .and_then(|first| Some((first, first.summary_spacing_ms?)))
        else {
            return run.iter().collect();
        };
        let half = i64::from(spacing) / 2;
        let originals: Vec<i64> = there
            .time_unix_ms
            .iter()
            .zip(&there.sequence)
            .filter(|(_, sequence)| **sequence != first.sequence)
            .map(|(time, _)| *time)
            .collect();
        run.iter()
            .filter(|row| {
                let after = row.time_unix_ms.saturating_sub(half);
                let next = originals.partition_point(|time| *time <= after);
                let near = row.time_unix_ms.saturating_add(half);
                originals.get(next).is_none_or(|time| *time >= near)
            })
            .collect()
    }
}
