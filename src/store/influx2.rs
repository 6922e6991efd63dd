//! Samples in a server of InfluxDB 2.
//!
//! The server stores, and sums up the steps of long charts; nothing is judged there. What was accepted is in the journal, so the server may be
//! away, be emptied or be put back from an older copy: how far it was filled is written into the bucket
//! with the rows themselves, and whatever lies behind that comes again.
//!
//! # In the bucket
//!
//! | measurement | tags | fields |
//! |---|---|---|
//! | `desserte_sample` | `site`, `agent`, `target`, `kind`, `slot_seconds`, `line`, `family` | `sequence`, `sent`, `received`, `uncertainty_ms`; `outcome` (its code) unless it is 0, `silent` = 1 when something was sent and nothing came back, `rtt_us_min`, `rtt_us_median`, `rtt_us_max`, `rtt_us_mean_successive_difference` where known, `coarse` where true, `detail` (JSON) where there is one |
//! | `desserte_evidence` | `site`, `agent` | `boot`, `sequence`, `ordinal`, `uncertainty_ms`, `line` and `target` where known, `fact` (JSON) |
//! | `desserte_applied` | `collector` | `position` of the journal |
//!
//! A tag that is not known says `unknown`. Integers are integers. Points lie on nanoseconds: the
//! milliseconds of the sample, and below them its sequence number modulo 10⁶, because two samples of one
//! moment with different numbers are two. Of two points at one place the server keeps the last; the
//! journal lets no two different ones through.
//!
//! # When the server refuses
//!
//! | answer | what is done |
//! |---|---|
//! | 204 | go on |
//! | 400 | halve until the bad row is alone; keep it in `influxdb2.sqlite` with the reason; go on |
//! | 422 | the server kept the good rows and counts the bad: keep the reason; go on |
//! | 413 | halve |
//! | 401, 403, 404 | stop, say so, try again each minute |
//! | 429, 5xx, no answer | try again, the later the longer it lasts, with jitter |

mod catalogue;
mod flux;
mod line;
mod link;
mod local;
mod read;
mod steps;
mod write;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use catalogue::Catalogue;
use link::Link;
use local::Local;

use super::{
    StoreError,
    samples::{
        Caps, DaySums, EvidenceRow, Filling, SampleBlock, SampleRow, SampleStore, Series,
        SeriesFilter, SeriesId,
    },
    server::Server,
    steps::{Steps, StepsAsked},
};

/// Rows of one filling: some requests.
const ROWS_MAX: usize = 20_000;

/// Samples in a bucket.
#[derive(Debug)]
pub struct InfluxStore {
    link: Link,
    /// This collector's name in the bucket.
    collector: String,
    local: Local,
    held: Mutex<Held>,
}

/// What is known of the bucket.
#[derive(Debug, Default)]
struct Held {
    /// `None` until the server was asked.
    catalogue: Option<Catalogue>,
    /// Nothing happened since it was asked that makes that doubtful.
    sure: bool,
    /// Journal position up to which rows were handed over.
    position: u64,
    /// Position that the bucket has: a lower one is that of an emptied or older bucket.
    there: u64,
    trouble: Option<String>,
}

impl InfluxStore {
    /// Opens a bucket; the server need not be there. `folder` takes the rows that it refuses.
    pub fn open(server: &Server, folder: &Path, collector: &str) -> Result<Self, StoreError> {
        let local = Local::open(&folder.join(super::server::NOTES))?;
        let link = Link::new(server)?;
        let position = local.position(&link.name())?;
        let store = Self {
            link,
            collector: collector.to_owned(),
            local,
            held: Mutex::new(Held {
                position,
                ..Held::default()
            }),
        };
        // A server that is away is asked again when there is something to write.
        match store.ready() {
            Ok(bucket) => store.held().position = bucket,
            Err(StoreError::Away { reason, .. }) => {
                tracing::warn!(reason, "the server of the samples is away: {reason}");
            }
            Err(error) => return Err(error),
        }
        Ok(store)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the bucket how far it is, and what is in it, unless that is known; its position.
    fn ready(&self) -> Result<u64, StoreError> {
        let (known, position) = {
            let held = self.held();
            if held.sure {
                return Ok(held.there);
            }
            (held.catalogue.is_some(), held.position)
        };
        let bucket = self.link.bucket();
        let asked = self
            .link
            .query(flux::position(bucket, &self.collector))
            .and_then(|records| read::position(&records))
            .and_then(|there| {
                // What was known of a bucket that has all that it had is still true.
                if known && there >= position {
                    return Ok((there, None));
                }
                let records = self.link.query(flux::series(bucket))?;
                Ok((there, Some(Catalogue::read(&records)?)))
            });
        let mut held = self.held();
        match asked {
            Ok((there, catalogue)) => {
                if let Some(catalogue) = catalogue {
                    held.catalogue = Some(catalogue);
                }
                held.sure = true;
                held.there = there;
                held.trouble = None;
                Ok(there)
            }
            Err(error) => {
                held.trouble = Some(error.to_string());
                Err(error)
            }
        }
    }

    /// Does something with what is known of the bucket.
    fn with<T>(&self, work: impl FnOnce(&mut Catalogue) -> T) -> Result<T, StoreError> {
        self.ready()?;
        let mut held = self.held();
        let catalogue = held.catalogue.get_or_insert_default();
        Ok(work(catalogue))
    }

    fn key(&self, series: SeriesId) -> Result<Option<Arc<super::samples::SeriesKey>>, StoreError> {
        self.with(|catalogue| catalogue.key(series))
    }

    /// The newest row of a series and the start of its oldest; asked of the server once.
    fn ends(&self, series: SeriesId) -> Result<catalogue::Ends, StoreError> {
        let known = self.with(|catalogue| (catalogue.key(series), catalogue.ends(series)))?;
        let (Some(key), ends) = known else {
            return Ok(catalogue::Ends::default());
        };
        if let Some(ends) = ends {
            return Ok(ends);
        }
        let bucket = self.link.bucket();
        let newest = self.link.query(flux::end(bucket, &key, "last"))?;
        let newest = read::samples(&newest)?.pop();
        let oldest = self.link.query(flux::end(bucket, &key, "first"))?;
        let oldest = read::samples(&oldest)?.first().map(|row| row.time_unix_ms);
        self.with(|catalogue| catalogue.note_ends(series, newest, oldest))
    }
}

impl SampleStore for InfluxStore {
    fn put(&self, filling: &Filling) -> Result<(), StoreError> {
        let bucket = self.ready()?;
        let applied = self.held().position;
        if bucket < applied {
            // The bucket was emptied or is an older copy.
            self.held().position = bucket;
            return Err(StoreError::Rewound { position: bucket });
        }
        let done = self.write(filling);
        let mut held = self.held();
        match &done {
            Ok(()) => {
                held.position = held.position.max(filling.position);
                held.there = held.position;
                held.trouble = None;
            }
            Err(error) => {
                // Who knows what it is when it is back.
                held.sure = false;
                held.trouble = Some(error.to_string());
            }
        }
        done
    }

    fn applied_position(&self) -> Result<u64, StoreError> {
        Ok(self.held().position)
    }

    fn series(&self, filter: SeriesFilter<'_>) -> Result<Vec<Series>, StoreError> {
        self.with(|catalogue| catalogue.list(filter))
    }

    fn scan(
        &self,
        series: SeriesId,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<SampleBlock, StoreError> {
        let Some(key) = self.key(series)? else {
            return Ok(SampleBlock::default());
        };
        let ends = self.ends(series)?;
        // Neither before the first sample nor behind the last is anything to be asked for.
        let (Some(newest), Some(oldest)) = (&ends.newest, ends.oldest_unix_ms) else {
            return Ok(SampleBlock::default());
        };
        let span = (
            from_unix_ms.max(oldest),
            to_unix_ms.min(newest.time_unix_ms.saturating_add(1)),
        );
        self.scan_key(&key, span)
    }

    fn latest(&self, series: SeriesId) -> Result<Option<SampleRow>, StoreError> {
        let Some(key) = self.key(series)? else {
            return Ok(None);
        };
        let newest = self.ends(series)?.newest;
        Ok(newest.map(|row| SampleRow { series: key, ..row }))
    }

    fn oldest_unix_ms(&self, series: SeriesId) -> Result<Option<i64>, StoreError> {
        Ok(self.ends(series)?.oldest_unix_ms)
    }

    fn evidence(
        &self,
        site: &str,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<EvidenceRow>, StoreError> {
        let Some(span) = flux::Span::of(from_unix_ms, to_unix_ms) else {
            return Ok(Vec::new());
        };
        let records = self
            .link
            .query(flux::evidence(self.link.bucket(), site, span))?;
        read::evidence(site, &records)
    }

    fn sums(
        &self,
        filter: SeriesFilter<'_>,
        (first, end): (i64, i64),
    ) -> Result<Vec<(SeriesId, DaySums)>, StoreError> {
        const DAY_MS: i64 = 86_400_000;
        let (from, to) = (first.saturating_mul(DAY_MS), end.saturating_mul(DAY_MS));
        let Some(span) = flux::Span::of(from, to) else {
            return Ok(Vec::new());
        };
        let bucket = self.link.bucket();
        let ask = |sum| self.link.query(flux::sums(bucket, filter, span, sum));
        let (sums, counts) = (ask(true)?, ask(false)?);
        self.with(|catalogue| read::sums(catalogue, &sums, &counts))?
    }

    fn steps(&self, asked: &StepsAsked<'_>) -> Result<Option<Steps>, StoreError> {
        self.summed_up(asked).map(Some)
    }

    fn trouble(&self) -> Option<String> {
        self.held().trouble.clone()
    }

    fn caps(&self) -> Caps {
        Caps {
            safe_lag_ms: 0,
            rows_max: ROWS_MAX,
            first_stays: false,
            may_be_away: true,
        }
    }
}
