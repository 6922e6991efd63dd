//! What a month costs the contractor: credit rules as data, applied step by step.
//!
//! Every amount is in whole minor units of the agreement's currency. The rules of one agreement are
//! applied one after another and added up; together they never exceed the cap, and never the fee.

mod apply;
mod fee;

pub use apply::{CreditBasis, CreditStep, Credits, StepReason};
pub use fee::{Fee, fee};

use serde::{Deserialize, Serialize};

use crate::decimal::{Decimal, Fraction};
use crate::money::{Rounding, decimals_of};

/// Rules of one agreement, and tiers of one ladder.
pub const MAX_RULES: usize = 32;

/// What a month costs, and what is taken off when a promise is missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneyTerms {
    /// Currency, by its ISO 4217 code.
    pub currency: String,
    /// Decimals of the currency, where it is not among those that are known.
    #[serde(default)]
    pub currency_decimals: Option<u32>,
    /// Fee of a calendar month, in the currency; best as a string.
    pub monthly_fee: Decimal,
    /// For what the fee is.
    #[serde(default)]
    pub fee_per: FeePer,
    /// How amounts become whole minor units.
    #[serde(default)]
    pub rounding: Rounding,
    /// Most that all credits of a month may be, in percent of its fee; absent: the fee.
    #[serde(default)]
    pub cap_percent: Option<Decimal>,
    /// The rules, in their order.
    #[serde(default)]
    pub credits: Vec<CreditRule>,
}

impl MoneyTerms {
    /// Decimals of the currency; `None` when nobody says.
    #[must_use]
    pub fn decimals(&self) -> Option<u32> {
        self.currency_decimals.or(decimals_of(&self.currency))
    }

    /// The monthly fee in minor units; `None` when it has more decimals than the currency.
    #[must_use]
    pub fn monthly_fee_minor(&self) -> Option<u64> {
        self.monthly_fee.scaled(self.decimals()?)
    }
}

/// For what a fee is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeePer {
    /// Each site has it, and is judged by itself.
    #[default]
    Site,
    /// All sites together have it, and are judged as the agreement takes them together.
    Agreement,
}

impl FeePer {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Agreement => "agreement",
        }
    }
}

/// One rung of a ladder: from this availability on (up to the next higher rung, not inside).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Availability in percent from which it applies.
    pub from_percent: Decimal,
    /// Percent of the fee.
    pub credit_percent: Decimal,
}

/// Hours that are begun, or full ones only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// Every unit that is begun counts in full.
    #[default]
    Begun,
    /// Only full units count.
    Full,
    /// A part of a unit counts in proportion.
    Exact,
}

/// A promise other than the availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promised {
    /// Response time.
    Latency,
    /// Loss.
    Loss,
    /// Share of the contracted rate.
    Throughput,
    /// Mean time to repair.
    MeanTimeToRepair,
}

impl Promised {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Loss => "loss",
            Self::Throughput => "throughput",
            Self::MeanTimeToRepair => "mean_time_to_repair",
        }
    }
}

/// One rule. Percentages are of the fee of the statement's period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum CreditRule {
    /// By the availability judged: half-open rungs, the highest one that is reached.
    Tiers {
        /// The rungs, from the highest down to one from 0.
        tiers: Vec<Tier>,
    },
    /// For each hour down beyond what the promise allows.
    PerHourBeyondTarget {
        /// Percent of the fee an hour.
        credit_percent: Decimal,
        /// How parts of an hour count.
        #[serde(default)]
        counting: Counting,
    },
    /// For each full block of an outage.
    PerBlock {
        /// Length of a block, minutes.
        block_minutes: u32,
        /// Percent of the fee a block.
        credit_percent: Decimal,
        /// Most blocks for each local day that an outage touches.
        #[serde(default)]
        most_blocks_per_day: Option<u32>,
    },
    /// For each hour by which an incident was restored too late.
    PerHourOfLateRepair {
        /// Percent of the fee an hour.
        credit_percent: Decimal,
        /// How parts of an hour count.
        #[serde(default)]
        counting: Counting,
    },
    /// For each run of working days without any connection.
    UnconnectedDays {
        /// Consecutive days that make one.
        days: u32,
        /// Percent of the fee for each full run of so many days.
        credit_percent: Decimal,
    },
    /// When another promise was missed.
    MissedObjective {
        /// Which one.
        objective: Promised,
        /// Percent of the fee.
        credit_percent: Decimal,
    },
}

impl CreditRule {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(&self) -> &'static str {
        match self {
            Self::Tiers { .. } => "tiers",
            Self::PerHourBeyondTarget { .. } => "per_hour_beyond_target",
            Self::PerBlock { .. } => "per_block",
            Self::PerHourOfLateRepair { .. } => "per_hour_of_late_repair",
            Self::UnconnectedDays { .. } => "unconnected_days",
            Self::MissedObjective { .. } => "missed_objective",
        }
    }

    /// Whether it follows from the availability alone, and so can be applied to sites together.
    #[must_use]
    pub fn of_availability_alone(&self) -> bool {
        matches!(self, Self::Tiers { .. })
    }
}

/// The rung of a ladder that an availability reaches: the highest one at or below it, compared
/// exactly. `None` when it lies below all.
#[must_use]
pub fn tier_of(tiers: &[Tier], availability: Fraction) -> Option<&Tier> {
    let reached = |tier: &&Tier| tier.from_percent.compare_percentage(availability).is_ge();
    tiers
        .iter()
        .filter(reached)
        .max_by_key(|tier| tier.from_percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ladder_is_half_open_and_in_any_order() {
        let tier = |from: &str, credit: &str| Tier {
            from_percent: from.parse().unwrap(),
            credit_percent: credit.parse().unwrap(),
        };
        let ladder = [
            tier("0", "25"),
            tier("99.9", "0"),
            tier("99.0", "10"),
            tier("99.5", "5"),
        ];
        let credit = |down: u64| {
            let availability = Fraction::of(43_200 - down, 43_200).unwrap();
            tier_of(&ladder, availability)
                .unwrap()
                .credit_percent
                .to_string()
        };
        assert_eq!(
            [0, 43, 44, 216, 217, 432, 433].map(credit),
            ["0", "0", "5", "5", "10", "10", "25"]
        );
        assert_eq!(tier_of(&ladder[1..2], Fraction::of(1, 2).unwrap()), None);
    }

    #[test]
    fn rules_are_read_by_name_and_unknown_keys_are_refused() {
        let read = |text: &str| toml::from_str::<MoneyTerms>(text);
        let head = "currency = 'TND'\nmonthly_fee = '120.5'\n";
        let terms = read(&format!(
            "{head}[[credits]]\nrule = 'per_hour_beyond_target'\ncredit_percent = '5'\n"
        ))
        .unwrap();
        assert_eq!(terms.monthly_fee_minor(), Some(120_500));
        assert_eq!(
            terms.credits[0],
            CreditRule::PerHourBeyondTarget {
                credit_percent: "5".parse().unwrap(),
                counting: Counting::Begun
            }
        );
        assert_eq!(
            (terms.fee_per, terms.rounding),
            (FeePer::Site, Rounding::Down)
        );
        for wrong in [
            "[[credits]]\nrule = 'per_hour_beyond_target'\ncredit_percent = '5'\nper = 1\n",
            "[[credits]]\nrule = 'per_day'\ncredit_percent = '5'\n",
            "cap = '5'\n",
        ] {
            assert!(read(&format!("{head}{wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fee_has_the_decimals_of_its_currency() {
        let fee = |currency: &str, decimals, fee: &str| {
            MoneyTerms {
                currency: currency.to_owned(),
                currency_decimals: decimals,
                monthly_fee: fee.parse().unwrap(),
                fee_per: FeePer::Agreement,
                rounding: Rounding::Up,
                cap_percent: None,
                credits: Vec::new(),
            }
            .monthly_fee_minor()
        };
        assert_eq!(fee("XAF", None, "350000"), Some(350_000));
        assert_eq!(fee("XAF", None, "350000.5"), None);
        assert_eq!(fee("LSL", None, "1.5"), Some(150));
        assert_eq!(fee("ABC", None, "1"), None);
        assert_eq!(fee("ABC", Some(1), "1"), Some(10));
    }

    #[test]
    fn names_are_those_of_the_files() {
        let json = |name: &str, value: serde_json::Value| {
            assert_eq!(value, serde_json::json!(name));
        };
        for per in [FeePer::Site, FeePer::Agreement] {
            json(per.identifier(), serde_json::to_value(per).unwrap());
        }
        for promised in [
            Promised::Latency,
            Promised::Loss,
            Promised::Throughput,
            Promised::MeanTimeToRepair,
        ] {
            json(
                promised.identifier(),
                serde_json::to_value(promised).unwrap(),
            );
        }
        let percent: Decimal = "1".parse().unwrap();
        let counting = Counting::Begun;
        for rule in [
            CreditRule::Tiers { tiers: Vec::new() },
            CreditRule::PerHourBeyondTarget {
                credit_percent: percent,
                counting,
            },
            CreditRule::PerBlock {
                block_minutes: 1,
                credit_percent: percent,
                most_blocks_per_day: None,
            },
            CreditRule::PerHourOfLateRepair {
                credit_percent: percent,
                counting,
            },
            CreditRule::UnconnectedDays {
                days: 3,
                credit_percent: percent,
            },
            CreditRule::MissedObjective {
                objective: Promised::Loss,
                credit_percent: percent,
            },
        ] {
            let written = serde_json::to_value(&rule).unwrap();
            json(rule.identifier(), written["rule"].clone());
            let tiers = rule.identifier() == "tiers";
            assert_eq!(rule.of_availability_alone(), tiers);
        }
    }
}
