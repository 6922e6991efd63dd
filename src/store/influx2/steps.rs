//! Steps of a chart, summed up by the server.

use influxdb2::api::query::FluxRecord;

use super::{InfluxStore, flux, read};
use crate::store::{
    StoreError,
    steps::{StepSums, Steps, StepsAsked},
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
        let minima = flux::step_minima(bucket, asked, span);
        self.note(asked, minima, &mut found, |sums, value| {
            sums.rtt_us_min = sums.rtt_us_min.into_iter().chain([value]).min();
        })?;
        let medians = flux::step_ranks(bucket, asked, span, "0.5");
        self.note(asked, medians, &mut found, |sums, value| {
            sums.rtt_us_median = Some(value);
        })?;
        let highs = flux::step_ranks(bucket, asked, span, "0.95");
        self.note(asked, highs, &mut found, |sums, value| {
            sums.rtt_us_p95 = Some(value);
        })?;
        Ok(found)
    }

    /// Asks for response times and notes each in its step.
    fn note(
        &self,
        asked: &StepsAsked<'_>,
        query: String,
        found: &mut Steps,
        note: impl Fn(&mut StepSums, u32),
    ) -> Result<(), StoreError> {
        let records: Vec<FluxRecord> = self.link.query(query)?;
        for record in &records {
            let (start, value) = read::step(record, asked.step_ms)?;
            note(found.sums.entry(start).or_default(), value);
        }
        Ok(())
    }
}
