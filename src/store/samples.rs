//! What every engine offers. Samples lie on (series, time, sequence); slots are formed by the domain
//! alone, so an engine judges nothing.

use std::sync::Arc;

use desserte_domain::observation::{LineNumber, Observation, Outcome};
use desserte_probe::{
    report::{Detail, Fact, Family, Kind},
    wire::id::{AgentId, BootId},
};

use super::{
    StoreError,
    steps::{Steps, StepsAsked},
};

/// Number of a series within its store; another engine, or one filled anew, numbers otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub i64);

/// What distinguishes one series from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeriesKey {
    /// Site at which the agent measured.
    pub site: String,
    /// Agent.
    pub agent: AgentId,
    /// Target, its identifier in the schedule.
    pub target: String,
    /// Kind of measurement.
    pub kind: Kind,
    /// Length of its slots, seconds.
    pub slot_seconds: u32,
    /// Name of the line as in the registry (`line_key`); `None` when the agent
    /// did not know over which line it measured.
    pub line: Option<String>,
    /// Address family of the line; `None` with the line.
    pub family: Option<Family>,
}

/// A series with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Number.
    pub id: SeriesId,
    /// What it is.
    pub key: SeriesKey,
}

/// Which series to list; all conditions hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct SeriesFilter<'a> {
    /// Of this site.
    pub site: Option<&'a str>,
    /// Of this target.
    pub target: Option<&'a str>,
}

/// One sample in corrected time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleRow {
    /// Its series.
    pub series: Arc<SeriesKey>,
    /// Corrected start, Unix milliseconds.
    pub time_unix_ms: i64,
    /// The truth lies within ± this, milliseconds.
    pub uncertainty_ms: u32,
    /// Sequence number of its entry.
    pub sequence: u64,
    /// Outcome in the domain's words.
    pub outcome: Outcome,
    /// Packets or requests sent.
    pub sent: u16,
    /// Answers in time.
    pub received: u16,
    /// Shortest response time, microseconds.
    pub rtt_us_min: Option<u32>,
    /// Median response time.
    pub rtt_us_median: Option<u32>,
    /// Longest response time.
    pub rtt_us_max: Option<u32>,
    /// Mean absolute difference of successive response times.
    pub rtt_us_mean_successive_difference: Option<u32>,
    /// The times are of the process, not of the kernel.
    pub coarse: bool,
    /// What only its kind has.
    pub detail: Option<Detail>,
    /// Distance of the samples when it comes from a summary. Such a row gives way to a sample that
    /// is there already within half this distance: it is the original of the same slot.
    pub summary_spacing_ms: Option<u32>,
}

/// Something an agent saw, in corrected time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRow {
    /// Site at which the agent was.
    pub site: String,
    /// Agent.
    pub agent: AgentId,
    /// Its boot.
    pub boot: BootId,
    /// Corrected time, Unix milliseconds.
    pub time_unix_ms: i64,
    /// The truth lies within ± this, milliseconds.
    pub uncertainty_ms: u32,
    /// Sequence number of its entry.
    pub sequence: u64,
    /// Position within its entry.
    pub ordinal: u32,
    /// Name of the line that the fact's index stands for, where it has one.
    pub line: Option<String>,
    /// Target that the fact's index stands for, where it has one.
    pub target: Option<String>,
    /// What it saw; indices in it are those of the report and mean nothing here.
    pub fact: Fact,
}

/// Rows of one or more journal positions, to be kept together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filling {
    /// Journal position up to which the store is filled afterwards.
    pub position: u64,
    /// Samples; one that is there already (series, time, sequence) is left as it is.
    pub samples: Vec<SampleRow>,
    /// Evidence; one that is there already (agent, boot, sequence, ordinal) is left as it is.
    pub evidence: Vec<EvidenceRow>,
}

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

/// A day of a series in sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DaySums {
    /// Samples.
    pub samples: u64,
    /// Samples that sent something and got no answer.
    pub silent: u64,
    /// Packets or requests sent.
    pub sent: u64,
    /// Answers in time.
    pub received: u64,
}

impl DaySums {
    /// One sample.
    #[must_use]
    pub fn of(sent: u16, received: u16) -> Self {
        Self {
            samples: 1,
            silent: u64::from(sent > 0 && received == 0),
            sent: u64::from(sent),
            received: u64::from(received),
        }
    }

    /// Adds another day or series.
    pub fn add(&mut self, other: Self) {
        self.samples += other.samples;
        self.silent += other.silent;
        self.sent += other.sent;
        self.received += other.received;
    }
}

/// What an engine can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Rows that were put are seen by a scan after so long, milliseconds.
    pub safe_lag_ms: u64,
    /// Most rows of one [`Filling`] that it takes comfortably.
    pub rows_max: usize,
    /// Of two rows at one place (series, time, sequence) the first stays. A server that takes the last
    /// is as good, because the journal lets no two such rows through.
    pub first_stays: bool,
    /// It is reached over a network and may be away for hours: the journal is the queue then, and
    /// batches are accepted however far the store falls behind.
    pub may_be_away: bool,
}

/// An engine that holds samples.
pub trait SampleStore: Send + Sync + std::fmt::Debug {
    /// Keeps a filling, all of it or nothing. Putting it again changes nothing. A position below the
    /// one applied is not gone back to.
    fn put(&self, filling: &Filling) -> Result<(), StoreError>;
    /// Journal position up to which the store is filled; 0 when it is empty.
    fn applied_position(&self) -> Result<u64, StoreError>;
    /// Series, by number.
    fn series(&self, filter: SeriesFilter<'_>) -> Result<Vec<Series>, StoreError>;
    /// Samples of a series that start in `[from, to)`, Unix milliseconds, by time and sequence.
    fn scan(
        &self,
        series: SeriesId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<SampleBlock, StoreError>;
    /// What only the kind of a series has, of its samples that start in `[from, to)`: start, Unix
    /// milliseconds, and detail, by time. A store that keeps no details has none.
    fn details(
        &self,
        series: SeriesId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<(i64, Detail)>, StoreError> {
        let _ = (series, from_unix_ms, to_unix_ms);
        Ok(Vec::new())
    }
    /// The newest sample of a series.
    fn latest(&self, series: SeriesId) -> Result<Option<SampleRow>, StoreError>;
    /// Start of the oldest sample of a series, Unix milliseconds; also where this store's retention has let it go
    /// since. What a server lets go by itself is not known any more.
    fn oldest_unix_ms(&self, series: SeriesId) -> Result<Option<i64>, StoreError>;
    /// What the agents of a site saw in `[from, to)`, by time.
    fn evidence(
        &self,
        site: &str,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<EvidenceRow>, StoreError>;
    /// The days `[first, end)` of each series in sums, by series; days of UTC, 0 is 1970-01-01. Series
    /// without a sample there are left out.
    fn sums(
        &self,
        filter: SeriesFilter<'_>,
        days: (i64, i64),
    ) -> Result<Vec<(SeriesId, DaySums)>, StoreError>;
    /// Samples summed up by steps; `None`: whoever asks scans. Only an engine from which each sample comes
    /// over a network sums up itself.
    fn steps(&self, _asked: &StepsAsked<'_>) -> Result<Option<Steps>, StoreError> {
        Ok(None)
    }
    /// Writes down what waits in memory. An engine in which nothing waits has nothing to do.
    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// Lets go of what lies in months of UTC that end before a time, Unix milliseconds; how many months
    /// went. A server has a retention of its own.
    fn forget_before(&self, _unix_ms: i64) -> Result<usize, StoreError> {
        Ok(0)
    }
    /// What keeps it from being filled, in words for an operator; `None`: nothing does.
    fn trouble(&self) -> Option<String> {
        None
    }
    /// What it can do.
    fn caps(&self) -> Caps;
}
