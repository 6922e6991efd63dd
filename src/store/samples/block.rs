//! Samples in columns.

use desserte_domain::observation::{LineNumber, Observation, Outcome};

use super::{DaySums, SampleRow};

/// Samples of one series, by time and sequence, in columns of one length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SampleBlock {
    /// Corrected start, Unix milliseconds.
    pub time_unix_ms: Vec<i64>,
    /// Half-width of what is known of the start.
    pub uncertainty_ms: Vec<u32>,
    /// Sequence number of the entry.
    pub sequence: Vec<u64>,
    /// Outcome.
    pub outcome: Vec<Outcome>,
    /// Sent.
    pub sent: Vec<u16>,
    /// Received.
    pub received: Vec<u16>,
    /// Shortest response time, microseconds.
    pub rtt_us_min: Vec<Option<u32>>,
    /// Median response time.
    pub rtt_us_median: Vec<Option<u32>>,
    /// Longest response time.
    pub rtt_us_max: Vec<Option<u32>>,
    /// Mean absolute difference of successive response times.
    pub rtt_us_mean_successive_difference: Vec<Option<u32>>,
    /// The times are of the process.
    pub coarse: Vec<bool>,
}

impl SampleBlock {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time_unix_ms.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time_unix_ms.is_empty()
    }

    /// Puts a sample behind the others.
    pub fn push(&mut self, row: &SampleRow) {
        self.time_unix_ms.push(row.time_unix_ms);
        self.uncertainty_ms.push(row.uncertainty_ms);
        self.sequence.push(row.sequence);
        self.outcome.push(row.outcome);
        self.sent.push(row.sent);
        self.received.push(row.received);
        self.rtt_us_min.push(row.rtt_us_min);
        self.rtt_us_median.push(row.rtt_us_median);
        self.rtt_us_max.push(row.rtt_us_max);
        self.rtt_us_mean_successive_difference
            .push(row.rtt_us_mean_successive_difference);
        self.coarse.push(row.coarse);
    }

    /// Makes room for so many more samples.
    pub fn reserve(&mut self, more: usize) {
        self.time_unix_ms.reserve(more);
        self.uncertainty_ms.reserve(more);
        self.sequence.reserve(more);
        self.outcome.reserve(more);
        self.sent.reserve(more);
        self.received.reserve(more);
        self.rtt_us_min.reserve(more);
        self.rtt_us_median.reserve(more);
        self.rtt_us_max.reserve(more);
        self.rtt_us_mean_successive_difference.reserve(more);
        self.coarse.reserve(more);
    }

    /// Puts another block behind this one.
    pub fn append(&mut self, mut later: Self) {
        self.time_unix_ms.append(&mut later.time_unix_ms);
        self.uncertainty_ms.append(&mut later.uncertainty_ms);
        self.sequence.append(&mut later.sequence);
        self.outcome.append(&mut later.outcome);
        self.sent.append(&mut later.sent);
        self.received.append(&mut later.received);
        self.rtt_us_min.append(&mut later.rtt_us_min);
        self.rtt_us_median.append(&mut later.rtt_us_median);
        self.rtt_us_max.append(&mut later.rtt_us_max);
        self.rtt_us_mean_successive_difference
            .append(&mut later.rtt_us_mean_successive_difference);
        self.coarse.append(&mut later.coarse);
    }

    /// The samples at these places.
    #[must_use]
    pub fn part(&self, places: std::ops::Range<usize>) -> Self {
        fn part<T: Clone>(column: &[T], places: &std::ops::Range<usize>) -> Vec<T> {
            column.get(places.clone()).unwrap_or_default().to_vec()
        }
        Self {
            time_unix_ms: part(&self.time_unix_ms, &places),
            uncertainty_ms: part(&self.uncertainty_ms, &places),
            sequence: part(&self.sequence, &places),
            outcome: part(&self.outcome, &places),
            sent: part(&self.sent, &places),
            received: part(&self.received, &places),
            rtt_us_min: part(&self.rtt_us_min, &places),
            rtt_us_median: part(&self.rtt_us_median, &places),
            rtt_us_max: part(&self.rtt_us_max, &places),
            rtt_us_mean_successive_difference: part(
                &self.rtt_us_mean_successive_difference,
                &places,
            ),
            coarse: part(&self.coarse, &places),
        }
    }

    /// All of them in sums.
    #[must_use]
    pub fn sums(&self) -> DaySums {
        let mut sums = DaySums::default();
        for (sent, received) in self.sent.iter().zip(&self.received) {
            sums.add(DaySums::of(*sent, *received));
        }
        sums
    }

    /// The samples as the domain reasons about them; `line` is the number that the caller gives to
    /// the series' line.
    #[must_use]
    pub fn observations(&self, line: Option<LineNumber>) -> Vec<Observation> {
        let starts = self.time_unix_ms.iter().zip(&self.uncertainty_ms);
        let counts = self.sent.iter().zip(&self.received).zip(&self.outcome);
        let shortest = self.rtt_us_min.iter().zip(&self.rtt_us_median);
        let longest = self
            .rtt_us_max
            .iter()
            .zip(&self.rtt_us_mean_successive_difference);
        let names = self.sequence.iter().zip(&self.coarse);
        starts
            .zip(names)
            .zip(counts)
            .zip(shortest.zip(longest))
            .map(
                |(((start, name), counts), (shortest, longest))| Observation {
                    start_unix_ms: *start.0,
                    uncertainty_ms: *start.1,
                    sequence: *name.0,
                    sent: *counts.0.0,
                    received: *counts.0.1,
                    rtt_us_min: *shortest.0,
                    rtt_us_median: *shortest.1,
                    rtt_us_max: *longest.0,
                    rtt_us_mean_successive_difference: *longest.1,
                    coarse: *name.1,
                    line,
                    outcome: *counts.1,
                },
            )
            .collect()
    }
}
