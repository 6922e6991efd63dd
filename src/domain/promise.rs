//! What was promised, and what is left of it: who answers for the slots that were down, whether the
//! promise was kept, and how much more downtime it bears.
//!
//! The machine and the plain availability say what happened at the site. The promise is judged on
//! what the contractor answers for: a slot down by a cause that is not charged is treated like an
//! excluded one, as the agreement's mode says. As long as people have not decided a cause, there
//! are two figures, and a verdict only where both agree.

use serde::Serialize;

use crate::account::MonthFigures;
use crate::agreement::{Agreement, Liability};
use crate::cause::Cause;
use crate::decimal::{Decimal, Fraction};
use crate::exclusion::ExclusionMode;

/// Slots by who answers for them; those of several sites add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ChargedSlots {
    /// Counted as up.
    pub up_slots: u64,
    /// Down, and the contractor answers for it.
    pub charged_slots: u64,
    /// Down, and the contractor does not.
    pub not_charged_slots: u64,
    /// Down, and people decide.
    pub needs_decision_slots: u64,
}

/// On whom a decision that is still to be made falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The contractor answers for it.
    Charged,
    /// The contractor does not.
    NotCharged,
}

impl ChargedSlots {
    /// The counts of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            up_slots: self.up_slots + other.up_slots,
            charged_slots: self.charged_slots + other.charged_slots,
            not_charged_slots: self.not_charged_slots + other.not_charged_slots,
            needs_decision_slots: self.needs_decision_slots + other.needs_decision_slots,
        }
    }

    /// Slots that count against the contractor.
    #[must_use]
    pub fn against(&self, decided: Decided) -> u64 {
        match decided {
            Decided::Charged => self.charged_slots + self.needs_decision_slots,
            Decided::NotCharged => self.charged_slots,
        }
    }

    /// Slots on both sides of the fraction.
    #[must_use]
    pub fn counted(&self, decided: Decided, mode: ExclusionMode) -> u64 {
        let all =
            self.up_slots + self.charged_slots + self.not_charged_slots + self.needs_decision_slots;
        match mode {
            ExclusionMode::AsUp => all,
            ExclusionMode::Remove => self.up_slots + self.against(decided),
        }
    }

    /// The availability that the promise is compared with; `None` when nothing counts.
    #[must_use]
    pub fn availability(&self, decided: Decided, mode: ExclusionMode) -> Option<Fraction> {
        let counted = self.counted(decided, mode);
        Fraction::of(counted - self.against(decided), counted)
    }
}

/// Whether a promise was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseVerdict {
    /// Kept, whatever is still to be decided.
    Kept,
    /// Missed, whatever is still to be decided.
    Missed,
    /// It depends on causes that people have to decide.
    NeedsDecision,
    /// Less was measured than the agreement asks for: no verdict.
    TooLittleMeasured,
    /// Nothing was measured: no verdict.
    NothingMeasured,
}

impl PromiseVerdict {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Missed => "missed",
            Self::NeedsDecision => "needs_decision",
            Self::TooLittleMeasured => "too_little_measured",
            Self::NothingMeasured => "nothing_measured",
        }
    }

    /// Yes or no; `None` when there is no verdict.
    #[must_use]
    pub fn kept(self) -> Option<bool> {
        match self {
            Self::Kept => Some(true),
            Self::Missed => Some(false),
            Self::NeedsDecision | Self::TooLittleMeasured | Self::NothingMeasured => None,
        }
    }

    /// The verdict of several sites that must all keep the promise: one that missed it decides,
    /// then one that is open, then one that was not measured enough: of such a site nobody can say
    /// that it kept it.
    #[must_use]
    pub fn of_all(sites: impl IntoIterator<Item = Self>) -> Self {
        let sites: Vec<Self> = sites.into_iter().collect();
        if sites.iter().all(|one| *one == Self::NothingMeasured) {
            return Self::NothingMeasured;
        }
        let among = |wanted: Self| sites.contains(&wanted);
        if among(Self::Missed) {
            Self::Missed
        } else if among(Self::NeedsDecision) {
            Self::NeedsDecision
        } else if among(Self::TooLittleMeasured) || among(Self::NothingMeasured) {
            Self::TooLittleMeasured
        } else {
            Self::Kept
        }
    }
}

/// How much downtime a promise bears in a month, and what is left of it. Slots; below 0 is the
/// shortfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Margin {
    /// Slots that may be down in the whole month.
    pub allowed_slots: u64,
    /// Left when every open decision falls on the contractor.
    pub lowest_slots: i64,
    /// Left when none does.
    pub highest_slots: i64,
}

impl Margin {
    /// The margin after these slots, when `to_come` more count and are up.
    #[must_use]
    pub fn of(promised: Decimal, slots: ChargedSlots, to_come: u64, mode: ExclusionMode) -> Self {
        let side = |decided| {
            let counted = slots.counted(decided, mode) + to_come;
            let allowed = promised.percentage_allows(counted);
            let signed = |slots: u64| i64::try_from(slots).unwrap_or(i64::MAX);
            (allowed, signed(allowed) - signed(slots.against(decided)))
        };
        let (allowed_slots, lowest_slots) = side(Decided::Charged);
        Self {
            allowed_slots,
            lowest_slots,
            highest_slots: side(Decided::NotCharged).1,
        }
    }

    /// Slots as minutes with six decimals, the sign in front.
    #[must_use]
    pub fn minutes(slots: i64, slot_seconds: u32) -> String {
        let seconds = slots.unsigned_abs() * u64::from(slot_seconds);
        let minutes = Fraction::of(seconds, 60).map(Fraction::six_decimals_half_even);
        let sign = if slots < 0 { "-" } else { "" };
        format!("{sign}{}", minutes.unwrap_or_default())
    }
}

/// What a site's month means for the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// Who answers for its slots.
    pub charged: ChargedSlots,
    /// The availabilities that the promise is compared with: every open decision against the
    /// contractor, and none.
    pub judged: [Option<Fraction>; 2],
    /// Whether it was kept.
    pub verdict: PromiseVerdict,
    /// What is left.
    pub margin: Margin,
    /// Slots of the month that will still count if they are measured.
    pub slots_to_come: u64,
}

/// Whether an availability keeps what was promised, percent: integers are compared, nothing is
/// rounded.
#[must_use]
pub fn keeps(promised_percent: Decimal, availability: Fraction) -> bool {
    promised_percent.compare_percentage(availability).is_ge()
}

impl Agreement {
    /// What a site's month means: `causes` are those of its outages, in their order.
    #[must_use]
    pub fn promise(
        &self,
        figures: &MonthFigures,
        causes: &[Option<Cause>],
        slots_to_come: u64,
    ) -> Promise {
        let charged = self.charged_slots(figures, causes);
        let judged = self.judged_availability(charged);
        Promise {
            charged,
            judged,
            verdict: self.verdict(judged, figures.billable),
            margin: self.margin(charged, slots_to_come),
            slots_to_come,
        }
    }

    /// The margin after these slots, when `to_come` more count and are up.
    #[must_use]
    pub fn margin(&self, slots: ChargedSlots, to_come: u64) -> Margin {
        let promised = self.objective.availability_percent;
        Margin::of(promised, slots, to_come, self.exclusions.mode)
    }

    /// Who answers for the slots of a month: `causes` are those of its outages, in their order; an
    /// outage without a cause is undetermined.
    #[must_use]
    pub fn charged_slots(&self, figures: &MonthFigures, causes: &[Option<Cause>]) -> ChargedSlots {
        let mut slots = ChargedSlots {
            up_slots: figures.counts.up_slots,
            ..ChargedSlots::default()
        };
        let causes = causes.iter().copied().chain(std::iter::repeat(None));
        for (outage, cause) in figures.outages.iter().zip(causes) {
            let held = match self.liability(cause.unwrap_or(Cause::Undetermined)) {
                Liability::Charged => &mut slots.charged_slots,
                Liability::NotCharged => &mut slots.not_charged_slots,
                Liability::NeedsDecision => &mut slots.needs_decision_slots,
            };
            *held += outage.down_slots;
        }
        slots
    }

    /// Whether these two availabilities (open decisions against the contractor, and for) keep the
    /// promise, compared exactly.
    #[must_use]
    pub fn verdict(
        &self,
        [lowest, highest]: [Option<Fraction>; 2],
        billable: Option<bool>,
    ) -> PromiseVerdict {
        let (Some(lowest), Some(highest)) = (lowest, highest) else {
            return PromiseVerdict::NothingMeasured;
        };
        if billable == Some(false) {
            return PromiseVerdict::TooLittleMeasured;
        }
        let promised = self.objective.availability_percent;
        match (keeps(promised, lowest), keeps(promised, highest)) {
            (true, true) => PromiseVerdict::Kept,
            (false, false) => PromiseVerdict::Missed,
            _ => PromiseVerdict::NeedsDecision,
        }
    }

    /// What an availability reads as with two decimals rounded half up, where that hides that the
    /// promise was missed: 99.898 % reads as 99.90 % and is below 99.9 %.
    #[must_use]
    pub fn misleading_rounding(&self, availability: Fraction) -> Option<String> {
        let promised = self.objective.availability_percent;
        let rounded = availability.percent_two_decimals_half_up();
        let read: Decimal = rounded.parse().ok()?;
        (!keeps(promised, availability) && read >= promised).then_some(rounded)
    }

    /// The two availabilities that the promise is compared with: with every open decision against
    /// the contractor, and with none.
    #[must_use]
    pub fn judged_availability(&self, slots: ChargedSlots) -> [Option<Fraction>; 2] {
        [Decided::Charged, Decided::NotCharged]
            .map(|decided| slots.availability(decided, self.exclusions.mode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PromiseVerdict::{Kept, Missed, NeedsDecision, NothingMeasured, TooLittleMeasured};

    const TERMS: &str = "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\n\
        time_zone = 'UTC'\nsites = ['s']\nparties = { customer = 'M', contractor = 'O' }\n\
        objective = { availability_percent = '99.9' }\n[test]\ntargets = ['t']\n";

    fn terms(mode: ExclusionMode) -> Agreement {
        let mut terms: Agreement = toml::from_str(TERMS).unwrap();
        terms.exclusions.mode = mode;
        terms
    }

    fn slots(charged: u64, not_charged: u64, needs_decision: u64) -> ChargedSlots {
        ChargedSlots {
            up_slots: 43_200 - charged - not_charged - needs_decision,
            charged_slots: charged,
            not_charged_slots: not_charged,
            needs_decision_slots: needs_decision,
        }
    }

    fn verdict(terms: &Agreement, slots: ChargedSlots) -> PromiseVerdict {
        terms.verdict(terms.judged_availability(slots), None)
    }

    #[test]
    fn what_is_not_charged_is_treated_as_excluded() {
        let remove = terms(ExclusionMode::Remove);
        let as_up = terms(ExclusionMode::AsUp);
        // 43 of 43,200 may be down; 500 slots of a power cut change that under `remove` only.
        assert_eq!(verdict(&remove, slots(43, 0, 0)), PromiseVerdict::Kept);
        assert_eq!(verdict(&remove, slots(44, 0, 0)), PromiseVerdict::Missed);
        assert_eq!(verdict(&as_up, slots(43, 500, 0)), PromiseVerdict::Kept);
        assert_eq!(verdict(&remove, slots(42, 500, 0)), PromiseVerdict::Kept);
        assert_eq!(verdict(&remove, slots(43, 500, 0)), PromiseVerdict::Missed);
        let [lowest, highest] = as_up.judged_availability(slots(43, 500, 0));
        assert_eq!(lowest, highest);
        assert_eq!(lowest, Fraction::of(43_157, 43_200));
    }

    #[test]
    fn an_open_decision_leaves_a_verdict_only_when_it_does_not_matter() {
        let terms = terms(ExclusionMode::AsUp);
        assert_eq!(
            verdict(&terms, slots(40, 0, 10)),
            PromiseVerdict::NeedsDecision
        );
        assert_eq!(verdict(&terms, slots(40, 0, 3)), PromiseVerdict::Kept);
        assert_eq!(verdict(&terms, slots(44, 0, 9)), PromiseVerdict::Missed);
    }

    #[test]
    fn rounding_is_named_where_it_would_hide_a_miss() {
        let terms = terms(ExclusionMode::Remove);
        let of = |down: u64| {
            let availability = Fraction::of(43_200 - down, 43_200).unwrap();
            terms.misleading_rounding(availability)
        };
        assert_eq!(of(44), Some("99.90".to_owned()));
        assert_eq!(of(43), None, "it was kept");
        assert_eq!(of(60), None, "99.86 reads as missed");
    }

    #[test]
    fn too_little_evidence_carries_no_verdict() {
        let terms = terms(ExclusionMode::Remove);
        let judged = terms.judged_availability(slots(0, 0, 0));
        assert_eq!(
            terms.verdict(judged, Some(false)),
            PromiseVerdict::TooLittleMeasured
        );
        assert_eq!(
            terms.verdict([None; 2], Some(false)),
            PromiseVerdict::NothingMeasured
        );
        assert_eq!(
            PromiseVerdict::of_all([Kept, Missed, NeedsDecision]),
            Missed
        );
        assert_eq!(
            PromiseVerdict::of_all([Kept, TooLittleMeasured]),
            TooLittleMeasured
        );
        assert_eq!(
            PromiseVerdict::of_all([NothingMeasured, Kept]),
            TooLittleMeasured
        );
        assert_eq!(PromiseVerdict::of_all([Kept, Kept]), Kept);
        assert_eq!(PromiseVerdict::of_all([]), NothingMeasured);
        assert_eq!(
            [Kept, Missed, NeedsDecision].map(PromiseVerdict::kept),
            [Some(true), Some(false), None]
        );
    }

    #[test]
    fn the_margin_is_what_the_month_still_bears() {
        let promised: Decimal = "99.9".parse().unwrap();
        let so_far = ChargedSlots {
            up_slots: 21_580,
            charged_slots: 10,
            not_charged_slots: 0,
            needs_decision_slots: 10,
        };
        let margin = Margin::of(promised, so_far, 21_600, ExclusionMode::AsUp);
        assert_eq!(
            (
                margin.allowed_slots,
                margin.lowest_slots,
                margin.highest_slots
            ),
            (43, 23, 33)
        );
        // Removed slots shrink what is allowed: 43,190 of 43,200 count, 43.19 of them may be down.
        let margin = Margin::of(promised, so_far, 21_600, ExclusionMode::Remove);
        assert_eq!((margin.lowest_slots, margin.highest_slots), (23, 33));
        let missed = Margin::of(promised, slots(50, 0, 0), 0, ExclusionMode::Remove);
        assert_eq!(missed.lowest_slots, -7);
        assert_eq!(Margin::minutes(-7, 60), "-7.000000");
        assert_eq!(Margin::minutes(3, 2), "0.100000");
        // The margin and the verdict never disagree.
        for charged in 40..48 {
            let slots = slots(charged, 0, 0);
            let margin = Margin::of(promised, slots, 0, ExclusionMode::Remove);
            let kept = verdict(&terms(ExclusionMode::Remove), slots) == PromiseVerdict::Kept;
            assert_eq!(kept, margin.lowest_slots >= 0, "{charged}");
        }
    }
}
