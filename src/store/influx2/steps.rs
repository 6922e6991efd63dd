//! Steps of a chart, summed up by the server as far as it is quick at it.

use std::collections::BTreeMap;

use desserte_domain::{decimal::Fraction, percentile::nearest_rank};

use super::{InfluxStore, flux, read};
use crate::store::{
    StoreError,
    steps::{Steps, StepsAsked},
};

impl InfluxStore {
    pub(super) fn summed_up(&self, asked: &StepsAsked<'_>) -> Result<Steps, StoreError> {
        let mut found = Steps::default();
        let Some(span) = flux::Span::of(asked.span.0, asked.span.1) else {
            return Ok(found);
        };
        let bucket = self.link.bucket();
        for record in &self.link.query(flux::step_sums(bucket, asked, span))? {
            let (start, value) = read::step::<u64>(record, asked.step_ms)?;
            let (target, field) = read::target_and_field(record)?;
            if field == "sent" && value > 0 {
                let measured = found.measured.entry(target.to_owned()).or_default();
                measured.insert(start);
            }
            if target == asked.target {
                let sums = found.sums.entry(start).or_default();
                match field {
                    "sent" => sums.sent += value,
                    _ => sums.received += value,
                }
            }
        }
        for record in &self.link.query(flux::step_minima(bucket, asked, span))? {
            let (start, value) = read::step(record, asked.step_ms)?;
            let sums = found.sums.entry(start).or_default();
            sums.rtt_us_min = sums.rtt_us_min.into_iter().chain([value]).min();
        }
        for (start, mut medians) in self.medians(asked)? {
            let mut rank = |hundredths| nearest_rank(&mut medians, Fraction::of(hundredths, 100)?);
            let sums = found.sums.entry(start).or_default();
            (sums.rtt_us_median, sums.rtt_us_p95) = (rank(50), rank(95));
        }
        Ok(found)
    }

    /// The medians of the target's samples by step. They are handed over, piece by piece: `quantile` takes
    /// the server some ten times as long as sending this one field.
    fn medians(&self, asked: &StepsAsked<'_>) -> Result<BTreeMap<i64, Vec<u32>>, StoreError> {
        let mut medians: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        for span in flux::Span::pieces(asked.span.0, asked.span.1) {
            let query = flux::step_medians(self.link.bucket(), asked, span);
            for record in &self.link.query(query)? {
                let (start, value) = read::step(record, asked.step_ms)?;
                medians.entry(start).or_default().push(value);
            }
        }
        Ok(medians)
    }
}
