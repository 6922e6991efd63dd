//! The slots of a site over the last weeks, kept in memory, so that what arrives is judged where it
//! lies and nothing else is read again.
//!
//! Forming slots means reading samples; running the machine over a month of slots takes a tenth of a
//! millisecond. So the slots are kept, as runs of equal ones (a month of a good line is a few), each
//! arrival forms those that it concerns, and the machine runs over all of them. An outage that comes
//! out as it is stored keeps its verdict unless something arrived that may have a say in it. The
//! outages are those of one judgement of everything, in whatever order the samples came.

use desserte_domain::cause::{CauseEvidence, Verdict, decide};
use desserte_domain::machine::{Availability, MachineRun, run_from};
use desserte_domain::outage::outages;
use desserte_domain::slot::SlotState;

use super::SiteTest;
use super::judge::{Judgement, SLOTS_MAX, SiteSamples, TargetSamples, Window, only_agent, verdict};
use crate::live::SiteOutage;

/// What an agent says of a link before an outage may have a say in its cause, milliseconds.
const SAID_BEFORE_MS: i64 = 120_000;
/// What an agent says after an outage may have a say in its cause, milliseconds: it explains its
/// silence when it is back.
const SAID_AFTER_MS: i64 = 3_600_000;
/// An outage that has lasted longer is not decided anew with each upload, milliseconds: all that was seen in it is read
/// for that, and what another five minutes add to a day has no weight.
const LONG_MS: i64 = 24 * 3_600_000;
/// Of a longer one the cause may lag behind by this share of it at most, and by so many milliseconds.
const LAG: (i64, i64) = (32, 6 * 3_600_000);

/// The slots of one site.
#[derive(Debug, Clone)]
pub(super) struct Track {
    test: SiteTest,
    /// The targets that the slots were formed from, ascending; `None` before the first were.
    targets: Option<Vec<Taking>>,
    start_unix_ms: i64,
    runs: Vec<(SlotState, u32)>,
    /// Start of the outage that lasts, and up to where its cause was decided.
    decided: Option<(i64, i64)>,
}

/// A target and the slot from which on it takes part; `None`: from the first of all, however early.
type Taking = (String, Option<i64>);

/// What concerns a site since it was judged last.
#[derive(Debug, Clone, Default)]
pub(super) struct News {
    /// Spans of time that something was measured in, half-open, Unix milliseconds.
    pub(super) spans: Vec<(i64, i64)>,
    /// The present.
    pub(super) now_unix_ms: i64,
    /// From when on an agent may still hold what it measured until its next upload; `None`: nothing
    /// is waited for.
    pub(super) waited_from_unix_ms: Option<i64>,
}

impl News {
    /// Whether it may have a say in the cause of an outage. A batch that arrives also proves that
    /// the collector can be reached, which counts for an outage of these minutes.
    fn concerns(&self, start_unix_ms: i64, end_unix_ms: Option<i64>) -> bool {
        let lasting = end_unix_ms.is_none_or(|end| end + SAID_AFTER_MS >= self.now_unix_ms);
        let end = end_unix_ms.map_or(i64::MAX, |end| end.saturating_add(SAID_AFTER_MS));
        (lasting && !self.spans.is_empty())
            || self
                .spans
                .iter()
                .any(|(from, to)| *from < end && *to > start_unix_ms - SAID_BEFORE_MS)
    }
}

impl Track {
    /// No slot yet, the first one to hold `start`.
    pub(super) fn new(test: SiteTest, start_unix_ms: i64) -> Self {
        let window = Window::between(start_unix_ms, start_unix_ms, test.rule.slot_seconds);
        let start_unix_ms = start_unix_ms - start_unix_ms.rem_euclid(window.slot_ms);
        Self {
            test,
            targets: None,
            start_unix_ms,
            runs: Vec::new(),
            decided: None,
        }
    }

    pub(super) fn test(&self) -> &SiteTest {
        &self.test
    }

    /// The slots held.
    pub(super) fn window(&self) -> Window {
        let slots: u64 = self.runs.iter().map(|(_, count)| u64::from(*count)).sum();
        Window {
            start_unix_ms: self.start_unix_ms,
            slot_ms: self.test.rule.slot_ms(),
            slots: usize::try_from(slots).unwrap_or(usize::MAX),
        }
    }

    fn slots(&self) -> Vec<SlotState> {
        let mut slots = Vec::with_capacity(self.window().slots);
        for (state, count) in &self.runs {
            let more = usize::try_from(*count).unwrap_or(usize::MAX);
            slots.resize(slots.len().saturating_add(more), *state);
        }
        slots
    }

    fn hold(&mut self, slots: &[SlotState]) {
        self.runs = slots
            .chunk_by(|left, right| left == right)
            .filter_map(|run| Some((*run.first()?, u32::try_from(run.len()).unwrap_or(u32::MAX))))
            .collect();
    }

    /// Begins earlier: the slots in between must be formed.
    pub(super) fn begin_at(&mut self, start_unix_ms: i64) {
        let slot_ms = self.test.rule.slot_ms();
        let start = start_unix_ms - start_unix_ms.rem_euclid(slot_ms);
        let earlier = (self.start_unix_ms - start) / slot_ms;
        if let Ok(count @ 1..) = u32::try_from(earlier) {
            self.runs.insert(0, (SlotState::Unknown, count));
            self.start_unix_ms = start;
        }
    }

    /// Forgets the slots before.
    pub(super) fn forget_before(&mut self, start_unix_ms: i64) {
        let slot_ms = self.test.rule.slot_ms();
        let start = start_unix_ms - start_unix_ms.rem_euclid(slot_ms);
        let Ok(gone @ 1..) = usize::try_from((start - self.start_unix_ms) / slot_ms) else {
            return;
        };
        let slots = self.slots();
        self.hold(slots.get(gone..).unwrap_or_default());
        self.start_unix_ms = start;
    }

    /// Forms the slots of a window from all that was measured in it. `false` when the site has other
    /// targets than those that the rest was formed from, or one of them began earlier: then everything must be formed anew.
    #[must_use]
    pub(super) fn form(&mut self, window: Window, targets: &[TargetSamples]) -> bool {
        let mut counted: Vec<&TargetSamples> = targets
            .iter()
            .filter(|target| self.test.counts(&target.id, target.kind))
            .collect();
        counted.sort_by(|one, other| one.id.cmp(&other.id));
        let slot = |target: &&TargetSamples| Some(target.first_unix_ms?.div_euclid(window.slot_ms));
        let first = counted.iter().map(slot).min().flatten();
        let taking: Vec<Taking> = counted
            .iter()
            .map(|target| {
                (
                    target.id.clone(),
                    slot(target).filter(|one| Some(*one) > first),
                )
            })
            .collect();
        if self.targets.get_or_insert_with(|| taking.clone()) != &taking {
            return false;
        }
        let columns = self.test.counted(targets);
        let formed = self
            .test
            .slots(window.start_unix_ms, window.slots, &columns);
        let mut slots = self.slots();
        let offset = (window.start_unix_ms - self.start_unix_ms) / window.slot_ms;
        let first = usize::try_from(offset).unwrap_or(0);
        // What lies before the first slot held is nobody's question.
        let skipped = usize::try_from(-offset).unwrap_or(0);
        let formed = formed.get(skipped..).unwrap_or_default();
        let end = first.saturating_add(formed.len());
        if slots.len() < end {
            slots.resize(end, SlotState::Unknown);
        }
        if let Some(place) = slots.get_mut(first..end) {
            place.copy_from_slice(formed);
        }
        let surplus = slots.len().saturating_sub(SLOTS_MAX);
        if surplus > 0 {
            slots.drain(..surplus);
            let surplus = i64::try_from(surplus).unwrap_or(i64::MAX);
            self.start_unix_ms += surplus * window.slot_ms;
        }
        self.hold(&slots);
        true
    }

    /// The slots that are judged: all, but for unknown ones at the end for whose upload is waited. A
    /// slot that an agent still holds is not missing yet, whatever an agreement says of missing ones.
    fn settled(&self, news: &News) -> (Window, Vec<SlotState>) {
        let (mut window, mut slots) = (self.window(), self.slots());
        let Some(waited_from) = news.waited_from_unix_ms else {
            return (window, slots);
        };
        let over = (waited_from - window.start_unix_ms).div_euclid(window.slot_ms);
        let over = usize::try_from(over).unwrap_or(0);
        let known = slots.iter().rposition(|slot| *slot != SlotState::Unknown);
        slots.truncate(known.map_or(0, |last| last + 1).max(over));
        window.slots = slots.len();
        (window, slots)
    }

    /// The machine over the slots, from the first one that is known on.
    fn run(&self, slots: &[SlotState]) -> MachineRun {
        let known = slots.iter().position(|slot| *slot != SlotState::Unknown);
        let first = known.unwrap_or(slots.len());
        run_from(
            first,
            self.test.machine,
            Availability::Available,
            slots,
            &[],
        )
    }

    /// The machine over all slots, and the outages with their causes: as stored, where they are the
    /// same and the news has no say in them, else from what `read` gives of a span. The cause of one that lasts for days
    /// follows what comes by and by ([`LAG`]); once it is over it is decided from everything.
    pub(super) fn judge<E>(
        &mut self,
        stored: &[SiteOutage],
        news: &News,
        mut read: impl FnMut((i64, i64)) -> Result<SiteSamples, E>,
    ) -> Result<Judgement, E> {
        let (window, slots) = self.settled(news);
        let run = self.run(&slots);
        let mut found = outages(&run, &slots, window.start_unix_ms, window.slot_ms, |_| {
            // Replaced below.
            decide(&CauseEvidence::default())
        });
        let mut agents = Vec::with_capacity(found.len());
        for outage in &mut found {
            let (start, end) = (outage.start_unix_ms, outage.end_unix_ms);
            let same = stored.iter().find(|one| {
                (one.start_unix_ms, one.end_unix_ms, one.down_slots)
                    == (start, end, outage.down_slots)
                    && one.slot_seconds == self.test.rule.slot_seconds
            });
            if let Some(same) = same.filter(|_| !news.concerns(start, end)) {
                outage.cause = same.verdict.clone();
                agents.push(same.agent.as_ref().and_then(|agent| agent.parse().ok()));
                continue;
            }
            let until = end.unwrap_or(window.end_unix_ms());
            let lasting = stored
                .iter()
                .find(|one| (one.start_unix_ms, one.end_unix_ms) == (start, None))
                .filter(|_| end.is_none() && self.has_decided(news, (start, until)));
            if let Some(same) = lasting {
                outage.cause = same.verdict.clone();
                agents.push(same.agent.as_ref().and_then(|agent| agent.parse().ok()));
                continue;
            }
            if end.is_none() {
                self.decided = Some((start, until));
            }
            let samples = read((start, until.saturating_add(SAID_AFTER_MS)))?;
            outage.cause = self.cause(&samples, &slots, (start, until));
            let counted: Vec<&TargetSamples> = samples
                .targets
                .iter()
                .filter(|target| self.test.counts(&target.id, target.kind))
                .collect();
            agents.push(only_agent(&counted, outage, until));
        }
        Ok(Judgement {
            window,
            slots,
            run,
            outages: found,
            agents,
        })
    }

    /// Whether the cause of an outage that lasts was decided so far that what came since adds little. Late news of what was
    /// decided on is another matter.
    fn has_decided(&self, news: &News, (start, until): (i64, i64)) -> bool {
        let Some((_, decided)) = self.decided.filter(|one| one.0 == start) else {
            return false;
        };
        let lag = LAG.1.min((decided - start) / LAG.0);
        let late = decided - SAID_AFTER_MS;
        decided - start >= LONG_MS
            && until - decided < lag
            && news.spans.iter().all(|(from, _)| *from >= late)
    }

    fn cause(
        &self,
        samples: &SiteSamples,
        slots: &[SlotState],
        (start, end): (i64, i64),
    ) -> Verdict {
        let window = self.window();
        let slot = |at: i64| {
            usize::try_from((at - window.start_unix_ms) / window.slot_ms).unwrap_or(usize::MAX)
        };
        verdict(&self.test, samples, slots, slot(start)..slot(end), window)
    }
}

/// Slots counted as up, down and unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub(super) up: u64,
    pub(super) down: u64,
    pub(super) unknown: u64,
}

/// Sums the slots of a run from a time on.
pub(super) fn sums(window: Window, slots: &[SlotState], run: &MachineRun, from: i64) -> Sums {
    let first = usize::try_from(
        (from - window.start_unix_ms)
            .div_euclid(window.slot_ms)
            .max(0),
    )
    .unwrap_or(usize::MAX);
    let mut sums = Sums::default();
    for (state, availability) in slots.iter().zip(&run.states).skip(first) {
        match (state, availability) {
            (SlotState::Unknown, _) => sums.unknown += 1,
            (_, Availability::Available) => sums.up += 1,
            (_, Availability::Unavailable) => sums.down += 1,
        }
    }
    sums
}

#[cfg(test)]
mod tests;
