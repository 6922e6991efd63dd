//! The rules of an agreement, one after another.

use std::collections::BTreeSet;

use super::{Counting, CreditRule, MoneyTerms, Promised, tier_of};
use crate::decimal::{Decimal, Fraction};

const HOUR_SECONDS: u64 = 3_600;
const MINUTE_SECONDS: u64 = 60;

/// What the rules are applied to: what the contractor answers for in a period.
#[derive(Debug, Clone, Default)]
pub struct CreditBasis {
    /// Fee of the period, minor units.
    pub fee_minor: u64,
    /// Length of a slot, seconds.
    pub slot_seconds: u32,
    /// The availability that the promise is compared with; `None` when nothing was measured.
    pub availability: Option<Fraction>,
    /// Slots down beyond what the promise allows.
    pub slots_beyond_target: u64,
    /// For each outage: its slots down, and the local days that it touches.
    pub outages: Vec<(u64, u32)>,
    /// For each incident that was restored too late: by how many slots.
    pub late_slots: Vec<u64>,
    /// Lengths of the runs of working days without any connection.
    pub unconnected_runs: Vec<u32>,
    /// Other promises that were missed.
    pub missed: BTreeSet<Promised>,
}

/// Why a rule gave what it gave: what it counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepReason {
    /// The rung that was reached.
    Tier {
        /// From this availability, percent.
        from_percent: Decimal,
    },
    /// Nothing was measured: no rung.
    NothingMeasured,
    /// Hours, or a part of one: `slots × slot_seconds / 3600`.
    Hours {
        /// Slots that they are made of.
        slots: u64,
    },
    /// Blocks.
    Blocks {
        /// Outages that they are made of.
        outages: u64,
    },
    /// Runs of days.
    Days {
        /// Runs without connection that they are made of.
        runs: u64,
    },
    /// Another promise.
    Objective {
        /// Which one.
        objective: Promised,
        /// Whether it was missed.
        missed: bool,
    },
}

/// One rule applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditStep {
    /// The rule.
    pub rule: &'static str,
    /// What it counted.
    pub reason: StepReason,
    /// How many times its percentage applies.
    pub quantity: Fraction,
    /// Its percentage of the fee.
    pub credit_percent: Decimal,
    /// What it comes to, minor units.
    pub amount_minor: u64,
}

/// What all rules come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credits {
    /// Step by step.
    pub steps: Vec<CreditStep>,
    /// Their sum, minor units.
    pub sum_minor: u64,
    /// The most that it may be, minor units.
    pub cap_minor: u64,
    /// What is taken off the fee: the sum, at most the cap.
    pub credit_minor: u64,
}

impl MoneyTerms {
    /// Applies the rules.
    #[must_use]
    pub fn apply(&self, basis: &CreditBasis) -> Credits {
        let steps: Vec<CreditStep> = self
            .credits
            .iter()
            .map(|rule| self.step(rule, basis))
            .collect();
        let sum_minor = steps
            .iter()
            .fold(0_u64, |sum, step| sum.saturating_add(step.amount_minor));
        let fee = basis.fee_minor;
        let agreed = self
            .cap_percent
            .map_or(fee, |percent| self.rounding.percent_of(fee, percent));
        let cap_minor = agreed.min(fee);
        Credits {
            steps,
            sum_minor,
            cap_minor,
            credit_minor: sum_minor.min(cap_minor),
        }
    }

    fn step(&self, rule: &CreditRule, basis: &CreditBasis) -> CreditStep {
        let (reason, quantity, credit_percent) = counted(rule, basis);
        let share = credit_percent.fraction();
        let numerator = u128::from(basis.fee_minor)
            .saturating_mul(u128::from(share.numerator))
            .saturating_mul(u128::from(quantity.numerator));
        let denominator = u128::from(share.denominator) * 100 * u128::from(quantity.denominator);
        CreditStep {
            rule: rule.identifier(),
            reason,
            quantity,
            credit_percent,
            amount_minor: self.rounding.divide(numerator, denominator),
        }
    }
}

/// What a rule counts, how many times its percentage applies, and the percentage.
fn counted(rule: &CreditRule, basis: &CreditBasis) -> (StepReason, Fraction, Decimal) {
    match rule {
        CreditRule::Tiers { tiers } => tier(tiers, basis.availability),
        CreditRule::PerHourBeyondTarget {
            credit_percent,
            counting,
        } => {
            let slots = basis.slots_beyond_target;
            let hours = counting.hours(slots, basis.slot_seconds);
            (StepReason::Hours { slots }, hours, *credit_percent)
        }
        CreditRule::PerBlock {
            block_minutes,
            credit_percent,
            most_blocks_per_day,
        } => {
            let block = u64::from(*block_minutes).max(1) * MINUTE_SECONDS;
            let most = |days: u32| {
                most_blocks_per_day.map_or(u64::MAX, |most| u64::from(most) * u64::from(days))
            };
            let blocks = basis.outages.iter().map(|(slots, days)| {
                (slots * u64::from(basis.slot_seconds) / block).min(most(*days))
            });
            let outages = basis.outages.len() as u64;
            (
                StepReason::Blocks { outages },
                times(blocks.sum()),
                *credit_percent,
            )
        }
        CreditRule::PerHourOfLateRepair {
            credit_percent,
            counting,
        } => {
            let each = |slots: &u64| counting.hours(*slots, basis.slot_seconds);
            let hours = basis.late_slots.iter().map(each).fold(
                Fraction {
                    numerator: 0,
                    denominator: counting.denominator(),
                },
                |sum, one| Fraction {
                    numerator: sum.numerator + one.numerator,
                    ..sum
                },
            );
            let slots = basis.late_slots.iter().sum();
            (StepReason::Hours { slots }, hours, *credit_percent)
        }
        CreditRule::UnconnectedDays {
            days,
            credit_percent,
        } => {
            let full = |run: &u32| u64::from(run / (*days).max(1));
            let runs = basis.unconnected_runs.len() as u64;
            let quantity = times(basis.unconnected_runs.iter().map(full).sum());
            (StepReason::Days { runs }, quantity, *credit_percent)
        }
        CreditRule::MissedObjective {
            objective,
            credit_percent,
        } => {
            let missed = basis.missed.contains(objective);
            let reason = StepReason::Objective {
                objective: *objective,
                missed,
            };
            (reason, times(u64::from(missed)), *credit_percent)
        }
    }
}

fn tier(tiers: &[super::Tier], availability: Option<Fraction>) -> (StepReason, Fraction, Decimal) {
    match availability.and_then(|one| tier_of(tiers, one)) {
        Some(tier) => (
            StepReason::Tier {
                from_percent: tier.from_percent,
            },
            times(1),
            tier.credit_percent,
        ),
        None => (StepReason::NothingMeasured, times(0), Decimal::ZERO),
    }
}

fn times(number: u64) -> Fraction {
    Fraction {
        numerator: number,
        denominator: 1,
    }
}

impl Counting {
    fn denominator(self) -> u64 {
        match self {
            Self::Begun | Self::Full => 1,
            Self::Exact => HOUR_SECONDS,
        }
    }

    fn hours(self, slots: u64, slot_seconds: u32) -> Fraction {
        let seconds = slots.saturating_mul(u64::from(slot_seconds));
        Fraction {
            numerator: match self {
                Self::Begun => seconds.div_ceil(HOUR_SECONDS),
                Self::Full => seconds / HOUR_SECONDS,
                Self::Exact => seconds,
            },
            denominator: self.denominator(),
        }
    }
}

#[cfg(test)]
mod tests;
