//! The columns of samples, each predicted from the sample before of the same target.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{
    super::{Detail, Outcome, ReportedTarget, SAMPLES_MAX, Sample, bounded},
    ColumnsError, difference,
};

#[derive(Default, Serialize, Deserialize)]
pub(super) struct SampleColumns {
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    target: Vec<u16>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    line: Vec<Option<u16>>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    start: Vec<i64>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    outcome: Vec<Outcome>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    sent: Vec<u16>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    lost: Vec<u16>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    minimum: Vec<i64>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    median: Vec<u32>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    maximum: Vec<u32>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    difference: Vec<u64>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    coarse: Vec<bool>,
    #[serde(deserialize_with = "bounded::<_, _, SAMPLES_MAX>")]
    pub(super) detail: Vec<Option<Detail>>,
}

/// What the sample before of the same target held.
#[derive(Clone, Copy)]
pub(super) struct Previous {
    expected_start_ms: u64,
    slot_ms: u64,
    minimum: u32,
}

pub(super) struct Before {
    slot_ms: Vec<u64>,
    previous: HashMap<u16, Previous>,
}

impl Before {
    pub(super) fn new(targets: &[ReportedTarget]) -> Self {
        let slot_ms = targets
            .iter()
            .map(|t| u64::from(t.slot_seconds) * 1_000)
            .collect();
        Self {
            slot_ms,
            previous: HashMap::new(),
        }
    }

    pub(super) fn of(&mut self, target: u16, written: u64) -> &mut Previous {
        let slot_ms = self.slot_ms.get(usize::from(target)).copied().unwrap_or(0);
        self.previous.entry(target).or_insert(Previous {
            expected_start_ms: written,
            slot_ms,
            minimum: 0,
        })
    }
}

impl Previous {
    fn remember(&mut self, start: u64, minimum: Option<u32>) {
        self.expected_start_ms = start.wrapping_add(self.slot_ms);
        self.minimum = minimum.unwrap_or(self.minimum);
    }
}

impl SampleColumns {
    pub(super) fn push(&mut self, sample: &Sample, previous: &mut Previous) {
        self.target.push(sample.target);
        self.line.push(sample.line);
        self.start.push(difference(
            sample.start_boottime_ms,
            previous.expected_start_ms,
        ));
        self.outcome.push(sample.outcome);
        self.sent.push(sample.sent);
        self.lost.push(sample.sent.wrapping_sub(sample.received));
        if let (Some(minimum), Some(median), Some(maximum)) =
            (sample.rtt_us_min, sample.rtt_us_median, sample.rtt_us_max)
        {
            self.minimum
                .push(i64::from(minimum) - i64::from(previous.minimum));
            self.median.push(median.wrapping_sub(minimum));
            self.maximum.push(maximum.wrapping_sub(median));
        }
        if sample.received >= 2 {
            let difference = sample.rtt_us_mean_successive_difference;
            self.difference
                .push(difference.map_or(0, |d| u64::from(d) + 1));
        }
        self.coarse.push(sample.coarse);
        self.detail.push(sample.detail.clone());
        previous.remember(sample.start_boottime_ms, sample.rtt_us_min);
    }
}

/// Reads samples one by one; the columns of every sample have one length, checked at the start.
pub(super) struct SampleReader {
    target: std::vec::IntoIter<u16>,
    line: std::vec::IntoIter<Option<u16>>,
    start: std::vec::IntoIter<i64>,
    outcome: std::vec::IntoIter<Outcome>,
    sent: std::vec::IntoIter<u16>,
    lost: std::vec::IntoIter<u16>,
    minimum: std::vec::IntoIter<i64>,
    median: std::vec::IntoIter<u32>,
    maximum: std::vec::IntoIter<u32>,
    difference: std::vec::IntoIter<u64>,
    coarse: std::vec::IntoIter<bool>,
    detail: std::vec::IntoIter<Option<Detail>>,
}

impl SampleReader {
    pub(super) fn new(columns: SampleColumns) -> Result<Self, ColumnsError> {
        let length = columns.target.len();
        let lengths = [
            ("line", columns.line.len()),
            ("start", columns.start.len()),
            ("outcome", columns.outcome.len()),
            ("sent", columns.sent.len()),
            ("lost", columns.lost.len()),
            ("coarse", columns.coarse.len()),
            ("detail", columns.detail.len()),
        ];
        if let Some((name, _)) = lengths.iter().find(|(_, l)| *l != length) {
            return Err(ColumnsError::Shape(name));
        }
        Ok(Self {
            target: columns.target.into_iter(),
            line: columns.line.into_iter(),
            start: columns.start.into_iter(),
            outcome: columns.outcome.into_iter(),
            sent: columns.sent.into_iter(),
            lost: columns.lost.into_iter(),
            minimum: columns.minimum.into_iter(),
            median: columns.median.into_iter(),
            maximum: columns.maximum.into_iter(),
            difference: columns.difference.into_iter(),
            coarse: columns.coarse.into_iter(),
            detail: columns.detail.into_iter(),
        })
    }

    pub(super) fn is_empty(&mut self) -> bool {
        self.target.next().is_none()
            && self.minimum.next().is_none()
            && self.median.next().is_none()
            && self.maximum.next().is_none()
            && self.difference.next().is_none()
    }

    pub(super) fn next(
        &mut self,
        before: &mut Before,
        written: u64,
    ) -> Result<Sample, ColumnsError> {
        let missing = ColumnsError::Shape("samples");
        let target = self.target.next().ok_or(missing)?;
        let previous = before.of(target, written);
        let start = take("start", &mut self.start)?;
        let start = previous.expected_start_ms.wrapping_add_signed(start);
        let sent = take("sent", &mut self.sent)?;
        let lost = take("lost", &mut self.lost)?;
        let received = sent.checked_sub(lost).ok_or(ColumnsError::Shape("lost"))?;
        let (mut minimum, mut median, mut maximum, mut difference) = (None, None, None, None);
        if received > 0 {
            let step = take("minimum", &mut self.minimum)?;
            let low = i64::from(previous.minimum)
                .checked_add(step)
                .and_then(|value| u32::try_from(value).ok())
                .ok_or(ColumnsError::Shape("minimum"))?;
            let middle = low.checked_add(take("median", &mut self.median)?);
            let middle = middle.ok_or(ColumnsError::Shape("median"))?;
            let high = middle.checked_add(take("maximum", &mut self.maximum)?);
            (minimum, median) = (Some(low), Some(middle));
            maximum = Some(high.ok_or(ColumnsError::Shape("maximum"))?);
        }
        if received >= 2 {
            let raised = take("difference", &mut self.difference)?.checked_sub(1);
            difference = raised
                .map(|value| u32::try_from(value).map_err(|_| ColumnsError::Shape("difference")))
                .transpose()?;
        }
        previous.remember(start, minimum);
        Ok(Sample {
            target,
            line: take("line", &mut self.line)?,
            start_boottime_ms: start,
            outcome: take("outcome", &mut self.outcome)?,
            sent,
            received,
            rtt_us_min: minimum,
            rtt_us_median: median,
            rtt_us_max: maximum,
            rtt_us_mean_successive_difference: difference,
            coarse: take("coarse", &mut self.coarse)?,
            detail: take("detail", &mut self.detail)?,
        })
    }
}

fn take<T>(name: &'static str, column: &mut std::vec::IntoIter<T>) -> Result<T, ColumnsError> {
    column.next().ok_or(ColumnsError::Shape(name))
}
