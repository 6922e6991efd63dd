//! Months' figures, computed by several threads and kept while nothing that they are made of
//! changes: a closed month of an agreement with many sites is read once.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use desserte_domain::agreement::Agreement;
use desserte_domain::exclusion::Exclusion;
use desserte_probe::wire::id::AgentId;
use jiff::civil::Date;

use super::{App, Source, SourceError};
use crate::assess::SiteSamples;
use crate::assess::months::{EVIDENCE_AFTER_MS, MonthError, MonthRequest, MonthResult, MonthSlots};
use crate::assess::neighbours::HAVE_A_SAY_IN;
use crate::registry::Anchor;

/// Months of sites kept: two of ten thousand sites, some 50 MB. When there are more, the earlier go.
const KEPT_MAX: usize = 25_000;
/// Threads that compute one answer: more would starve the agents' listener on a small machine.
const THREADS_MAX: usize = 4;

/// One site's figures, or why there are none.
pub type Figured = Result<Arc<MonthResult>, MonthError>;

/// Figures that were computed.
#[derive(Debug, Default)]
pub(super) struct MonthCache {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    results: HashMap<Key, Kept>,
    /// Counts up whenever samples of a site come: what was read before is not kept any more.
    arrivals: HashMap<String, u64>,
    overflows: u64,
}

impl Held {
    fn stamp(&self, site: &str) -> (u64, u64) {
        (
            self.arrivals.get(site).copied().unwrap_or(0),
            self.overflows,
        )
    }

    /// Lets the earliest month go where there is no room. A month never makes room for itself: one of more sites than
    /// there is room for would be computed anew for ever, and nothing of it be found.
    fn make_room(&mut self, month: (i16, i8), most: usize) {
        if self.results.len() < most {
            return;
        }
        let others = self.results.keys().map(|key| key.month);
        if let Some(earliest) = others.filter(|other| *other != month).min() {
            self.results.retain(|key, _| key.month != earliest);
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    agreement: String,
    /// The version, and the days on which it is in force: a month has two parts where they change.
    in_force: (u32, Date, Option<Date>),
    site: String,
    month: (i16, i8),
}

#[derive(Debug)]
struct Kept {
    made_of: MadeOf,
    result: Arc<MonthResult>,
}

/// Everything but the samples that figures are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MadeOf {
    /// End of the slots that were looked at: it moves while the month, or its look-ahead, runs.
    until_unix_ms: i64,
    exclusions: Vec<Exclusion>,
    lines: Vec<(AgentId, String)>,
    /// What is said of transit and of the operator's network rests on them.
    anchors: BTreeMap<String, Anchor>,
}

impl Kept {
    /// Whether samples or evidence of a site, the oldest from this moment, may change the figures.
    fn rests_on(&self, own: bool, oldest_unix_ms: i64) -> bool {
        // An agent that was silent explains it when it is back.
        let seen_until = self.made_of.until_unix_ms.saturating_add(EVIDENCE_AFTER_MS);
        let mut causes = self.result.causes.iter().flatten();
        oldest_unix_ms < seen_until && (own || causes.any(|cause| HAVE_A_SAY_IN.contains(cause)))
    }
}

impl MonthCache {
    /// Samples of a site came, the oldest from this moment.
    fn arrived(&self, site: &str, oldest_unix_ms: i64) {
        let mut held = self.lock();
        *held.arrivals.entry(site.to_owned()).or_default() += 1;
        held.results
            .retain(|key, kept| !kept.rests_on(key.site == site, oldest_unix_ms));
    }

    /// More came than could be taken down.
    fn overflowed(&self) {
        let mut held = self.lock();
        held.overflows += 1;
        held.results.clear();
    }

    fn find(&self, key: &Key, made_of: &MadeOf) -> Option<Arc<MonthResult>> {
        let held = self.lock();
        let kept = held.results.get(key)?;
        (kept.made_of == *made_of).then(|| Arc::clone(&kept.result))
    }

    /// What to compare after reading: whether samples came meanwhile.
    fn stamp(&self, site: &str) -> (u64, u64) {
        self.lock().stamp(site)
    }

    fn keep(&self, key: Key, kept: Kept, stamp: (u64, u64)) {
        let mut held = self.lock();
        if held.stamp(&key.site) != stamp {
            return;
        }
        held.make_room(key.month, KEPT_MAX);
        if held.results.len() < KEPT_MAX || held.results.contains_key(&key) {
            held.results.insert(key, kept);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Samples of a site came, the oldest from this moment: months that they may change are computed
    /// anew when they are asked for.
    pub fn samples_arrived(&self, site: &str, oldest_unix_ms: i64) {
        self.months.arrived(site, oldest_unix_ms);
    }

    /// More samples came than could be taken down, site by site.
    pub fn samples_overflowed(&self) {
        self.months.overflowed();
    }

    /// A month's figures of a site.
    pub fn month(
        &self,
        agreement: &Agreement,
        site: &str,
        month: (i16, i8),
    ) -> Result<Figured, SourceError> {
        let request = MonthRequest {
            agreement,
            month,
            now_unix_ms: self.now_unix_ms(),
        };
        let (from, to) = match request.span() {
            Ok(span) => span,
            Err(error) => return Ok(Err(error)),
        };
        let slot_ms = i64::from(agreement.test.slot_seconds.max(1)) * 1_000;
        let made_of = MadeOf {
            until_unix_ms: to - (to - from).rem_euclid(slot_ms),
            exclusions: self.source().exclusions(&agreement.id, site)?,
            lines: self.source().judged_lines(site, agreement)?,
            anchors: self.source().registry().anchors()?.into_iter().collect(),
        };
        let key = Key {
            agreement: agreement.id.clone(),
            in_force: (agreement.version, agreement.valid_from, agreement.valid_to),
            site: site.to_owned(),
            month,
        };
        if let Some(result) = self.months.find(&key, &made_of) {
            return Ok(Ok(result));
        }
        let stamp = self.months.stamp(site);
        let figured = self.source().figure(&request, site, &made_of.exclusions)?;
        let result = match figured {
            Ok(result) => Arc::new(result),
            Err(error) => return Ok(Err(error)),
        };
        let kept = Kept {
            made_of,
            result: Arc::clone(&result),
        };
        self.months.keep(key, kept, stamp);
        Ok(Ok(result))
    }

    /// A month's figures of every site of an agreement, in its order, several at a time.
    pub fn month_of_all(
        &self,
        agreement: &Agreement,
        month: (i16, i8),
    ) -> Result<Vec<Figured>, SourceError> {
        each_site(&agreement.sites, |site| self.month(agreement, site, month))
    }

    /// A month's slots of a site, one by one.
    pub fn month_slots(
        &self,
        agreement: &Agreement,
        site: &str,
        month: (i16, i8),
    ) -> Result<Result<MonthSlots, MonthError>, SourceError> {
        let request = MonthRequest {
            agreement,
            month,
            now_unix_ms: self.now_unix_ms(),
        };
        let span = match request.span() {
            Ok(span) => span,
            Err(error) => return Ok(Err(error)),
        };
        let samples = self.source().judged_samples(site, agreement, span)?;
        let exclusions = self.source().exclusions(&agreement.id, site)?;
        Ok(request.slots(&samples, &exclusions))
    }
}

/// Asks for each site, in order, several at a time.
pub(super) fn each_site<T: Send, E: Send>(
    sites: &[String],
    of: impl Fn(&str) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let Some(site) = sites.get(position) else {
                return found;
            };
            found.push((position, of(site)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(THREADS_MAX).min(sites.len().max(1));
    let mut found = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut found = work();
        for other in others {
            match other.join() {
                Ok(more) => found.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    });
    found.sort_by_key(|(position, _)| *position);
    found.into_iter().map(|(_, result)| result).collect()
}

impl Source {
    /// A month's figures of a site from what is stored, with these exclusions.
    pub fn figure(
        &self,
        request: &MonthRequest<'_>,
        site: &str,
        exclusions: &[Exclusion],
    ) -> Result<Result<MonthResult, MonthError>, SourceError> {
        let span = match request.span() {
            Ok(span) => span,
            Err(error) => return Ok(Err(error)),
        };
        let samples = SiteSamples {
            targets: self.judged_targets(site, request.agreement, span)?,
            rates: self.judged_rates(site, request.agreement, span)?,
            ..SiteSamples::default()
        };
        let seen = |span| self.seen_beside(site, span);
        request.figures_asking(samples, exclusions, seen)
    }

    /// Exclusions that count for a site of an agreement: approved, not withdrawn.
    pub fn exclusions(&self, agreement: &str, site: &str) -> Result<Vec<Exclusion>, SourceError> {
        let records = self.registry().exclusions(agreement)?;
        Ok(records
            .into_iter()
            .filter(|record| record.counts() && record.concerns(site))
            .map(|record| record.interval())
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use desserte_domain::cause::Cause;

    use super::*;

    const UNTIL_MS: i64 = 1_782_864_000_000;

    fn kept(cause: Cause) -> MonthCache {
        let agreement: Agreement = toml::from_str(
            "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\ntime_zone = 'UTC'\n\
             sites = ['s']\nparties = { customer = 'M', contractor = 'O' }\n\
             objective = { availability_percent = '99.9' }\n[test]\ntargets = ['t']\n",
        )
        .unwrap();
        let request = MonthRequest {
            agreement: &agreement,
            month: (2026, 6),
            now_unix_ms: UNTIL_MS + 1,
        };
        let figures = request.figures(&SiteSamples::default(), &[]).unwrap();
        let result = Arc::new(MonthResult {
            causes: vec![Some(cause)],
            ..figures
        });
        let cache = MonthCache::default();
        let stamp = cache.stamp("s");
        cache.keep(
            key(),
            Kept {
                made_of: made_of(),
                result,
            },
            stamp,
        );
        cache
    }

    fn key() -> Key {
        Key {
            agreement: "a".to_owned(),
            in_force: (1, jiff::civil::date(2026, 1, 1), None),
            site: "s".to_owned(),
            month: (2026, 6),
        }
    }

    fn made_of() -> MadeOf {
        MadeOf {
            until_unix_ms: UNTIL_MS,
            exclusions: Vec::new(),
            lines: Vec::new(),
            anchors: BTreeMap::new(),
        }
    }

    #[test]
    fn figures_are_kept_until_something_arrives_that_has_a_say_in_them() {
        let after = |cause, site: &str, oldest| {
            let cache = kept(cause);
            cache.arrived(site, oldest);
            cache.find(&key(), &made_of()).is_some()
        };
        assert!(!after(Cause::LastMile, "s", UNTIL_MS - 1));
        // What an agent says when it is back tells why it was silent before.
        assert!(!after(
            Cause::LastMile,
            "s",
            UNTIL_MS + EVIDENCE_AFTER_MS - 1
        ));
        assert!(after(Cause::LastMile, "s", UNTIL_MS + EVIDENCE_AFTER_MS));
        assert!(after(Cause::LastMile, "other", UNTIL_MS - 1));
        // Whether the power was cut follows from what the neighbours did.
        assert!(!after(Cause::RestartedUnproven, "other", UNTIL_MS - 1));
    }

    #[test]
    fn a_month_makes_room_by_the_earliest_other_and_never_by_itself() {
        let cache = kept(Cause::LastMile);
        let result = cache.find(&key(), &made_of()).unwrap();
        for (site, month) in [("s", 5), ("t", 5), ("t", 6)] {
            let key = Key {
                site: site.to_owned(),
                month: (2026, month),
                ..key()
            };
            let kept = Kept {
                made_of: made_of(),
                result: Arc::clone(&result),
            };
            cache.keep(key, kept, (0, 0));
        }
        let months = |cache: &MonthCache| {
            let held = cache.lock();
            let mut months: Vec<i8> = held.results.keys().map(|key| key.month.1).collect();
            months.sort_unstable();
            months
        };
        cache.lock().make_room((2026, 7), 5);
        assert_eq!(months(&cache), [5, 5, 6, 6], "there is room");
        cache.lock().make_room((2026, 5), 4);
        assert_eq!(months(&cache), [5, 5]);
        cache.lock().make_room((2026, 5), 2);
        assert_eq!(months(&cache), [5, 5], "nothing else could go");
    }

    #[test]
    fn what_was_read_before_an_arrival_is_not_kept_and_other_anchors_ask_anew() {
        let cache = kept(Cause::LastMile);
        let mut other = made_of();
        other.anchors.insert("t".to_owned(), Anchor::National);
        assert!(cache.find(&key(), &other).is_none());
        let result = cache.find(&key(), &made_of()).unwrap();
        let stamp = cache.stamp("s");
        cache.arrived("s", 0);
        cache.keep(
            key(),
            Kept {
                made_of: made_of(),
                result,
            },
            stamp,
        );
        assert!(cache.find(&key(), &made_of()).is_none());
    }
}
