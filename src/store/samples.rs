//! What every engine offers. Samples lie on (series, time, sequence); slots are formed by the domain
//! alone, so an engine judges nothing.

mod block;

use std::sync::Arc;

use desserte_domain::observation::Outcome;
use desserte_probe::{
    report::{Detail, Fact, Family, Kind},
    wire::id::{AgentId, BootId},
};

pub use self::block::SampleBlock;
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
