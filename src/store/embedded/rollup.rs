//! A day of a series in sums, and its response times as a DDSketch (Masson, Rim and Lee: *DDSketch: A
//! Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees*, VLDB 2019) in the encoding
//! that its Java library reads.

use sketches_ddsketch::{Config, DDSketch};

use super::row::Row;
use crate::store::{StoreError, samples::DaySums};

/// The sums of rows of one day.
pub(super) fn sums(rows: &[Row]) -> DaySums {
    let mut sums = DaySums::default();
    for row in rows {
        sums.add(DaySums::of(row.sent, row.received));
    }
    sums
}

/// An empty sketch; only sketches of one configuration can be merged.
fn empty() -> DDSketch {
    // One percent of relative error, far below what a chart's pixel shows.
    DDSketch::new(Config::defaults())
}

/// The median response times of rows, ready to be stored; `None` when none was answered.
pub(super) fn sketch(rows: &[Row]) -> Option<Vec<u8>> {
    let mut sketch = empty();
    for median in rows.iter().filter_map(|row| row.rtt_us_median) {
        sketch.add(f64::from(median));
    }
    (sketch.count() > 0).then(|| super::with_crc(&sketch.to_java_bytes()))
}

/// Reads a stored sketch.
pub(super) fn read(body: &[u8]) -> Result<DDSketch, StoreError> {
    let damaged = |reason: String| StoreError::damaged("sketch of a day", reason);
    let bytes = super::without_crc(body).map_err(|reason| damaged(reason.to_owned()))?;
    DDSketch::from_java_bytes(bytes).map_err(|error| damaged(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use desserte_domain::observation::Outcome;

    use super::*;

    fn row(sequence: u64, median: Option<u32>) -> Row {
        Row {
            time_unix_ms: 0,
            sequence,
            uncertainty_ms: 0,
            rtt_us_min: None,
            rtt_us_median: median,
            rtt_us_max: None,
            rtt_us_mean_successive_difference: None,
            outcome: Outcome::Ok,
            sent: 5,
            received: if median.is_some() { 4 } else { 0 },
            coarse: false,
            detail: None,
        }
    }

    #[test]
    fn quantiles_of_two_days_together_are_those_of_all_samples_within_a_percent() {
        let medians: Vec<u32> = (1..=2_000_u64)
            .map(|n| u32::try_from(n * 7_919 % 100_003 + 400).unwrap())
            .collect();
        let rows: Vec<Row> = (0..)
            .zip(&medians)
            .map(|(n, us)| row(n, Some(*us)))
            .collect();
        let mut both = read(&sketch(&rows[..900]).unwrap()).unwrap();
        both.merge(&read(&sketch(&rows[900..]).unwrap()).unwrap())
            .unwrap();
        assert_eq!(both.count(), 2_000);
        let mut sorted = medians;
        sorted.sort_unstable();
        for (quantile, place) in [(0.0, 0), (0.5, 999), (0.95, 1_899), (0.99, 1_979)] {
            let exact = f64::from(sorted[place]);
            let found = both.quantile(quantile).unwrap().unwrap();
            assert!(
                (found - exact).abs() <= exact * 0.011,
                "{quantile}: {found} for {exact}"
            );
        }
    }

    #[test]
    fn a_day_without_answers_has_sums_and_no_sketch() {
        let rows = [row(1, None), row(2, None)];
        assert_eq!(sketch(&rows), None);
        let expected = DaySums {
            samples: 2,
            silent: 2,
            sent: 10,
            received: 0,
        };
        assert_eq!(sums(&rows), expected);
        let mut body = sketch(&[row(1, Some(3))]).unwrap();
        body[9] ^= 1;
        assert!(read(&body).is_err());
    }
}
