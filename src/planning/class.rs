//! What is to be done with a site: build, repair or enforce, power first, install a probe first.
//!
//! Measured evidence goes before geography. A site that has a line is never trenched to because the
//! map shows no fibre near it; one whose outages come from its power is not helped by any line; and
//! no verdict is given on fewer minutes than the thresholds ask for.

use serde::{Deserialize, Serialize};

use crate::ranking::MeasuredAvailability;

/// The whole, in millionths.
const MILLIONTHS: u64 = 1_000_000;

/// What is to be done. Closed list; the first rule that fits decides ([`classify`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// No line is known: build one.
    Build,
    /// A line is there and does not do what it should: repair it, or enforce its agreement. No capex.
    Enforce,
    /// Its outages come from its power: that first.
    PowerFirst,
    /// A line is there and too little was measured to judge it: a probe first.
    ProbeFirst,
    /// A line is there and does what it should.
    Served,
}

impl Action {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Build,
        Self::Enforce,
        Self::PowerFirst,
        Self::ProbeFirst,
        Self::Served,
    ];

    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Enforce => "enforce",
            Self::PowerFirst => "power_first",
            Self::ProbeFirst => "probe_first",
            Self::Served => "served",
        }
    }

    /// Its French name.
    #[must_use]
    pub fn name_fr(self) -> &'static str {
        match self {
            Self::Build => "construire",
            Self::Enforce => "réparer ou faire respecter",
            Self::PowerFirst => "l'énergie d'abord",
            Self::ProbeFirst => "une sonde d'abord",
            Self::Served => "desservi",
        }
    }

    /// Its English name.
    #[must_use]
    pub fn name_en(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Enforce => "repair or enforce",
            Self::PowerFirst => "power first",
            Self::ProbeFirst => "a probe first",
            Self::Served => "served",
        }
    }
}

/// Why that is to be done. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionReason {
    /// Neither an agreement names it nor does an agent measure it.
    NoLineKnown,
    /// Fewer slots are known than a verdict takes.
    TooFewSlots,
    /// Enough of the time without service is from power cuts.
    PowerCuts,
    /// Available for less of the time than its agreement promises.
    BelowAgreement,
    /// Slower than enough of what its agreement promises.
    SlowerThanAgreed,
    /// No agreement, and cut off for too much of the time.
    OftenCutOff,
    /// Nothing of these.
    Adequate,
}

impl ActionReason {
    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoLineKnown => "no_line_known",
            Self::TooFewSlots => "too_few_slots",
            Self::PowerCuts => "power_cuts",
            Self::BelowAgreement => "below_agreement",
            Self::SlowerThanAgreed => "slower_than_agreed",
            Self::OftenCutOff => "often_cut_off",
            Self::Adequate => "adequate",
        }
    }
}

/// What is known of a site's line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// An agreement names the site, an agent measures it, or it was delivered.
    pub line_known: bool,
    /// What its agreement promises, millionths of the time; `None` without one.
    pub promised_availability_millionths: Option<u32>,
    /// What was measured; `None`: nothing.
    pub availability: Option<MeasuredAvailability>,
    /// Of the slots down, those in outages caused by power.
    pub power_down_slots: u64,
    /// Of the slots down, those in outages of which the cause is known.
    pub explained_down_slots: u64,
    /// Median of the measured download rates of the promise; `None`: not measured.
    pub download_bits_per_second: Option<u64>,
    /// Measurements that it is the median of.
    #[serde(default)]
    pub download_measurements: u64,
    /// What its agreement promises; `None` without such a promise.
    pub promised_bits_per_second: Option<u64>,
}

/// From where on evidence decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Slots, up or down, that a verdict takes.
    pub slots_min: u64,
    /// Share of the slots down from power at and above which power comes first, percent.
    pub power_share_percent: u32,
    /// Unavailability below which nothing is chronic, basis points of the time.
    pub chronic_basis_points: u32,
    /// Share of the promised rate below which a line is too slow, percent.
    pub rate_percent: u32,
    /// Measurements of the rate that a verdict takes.
    pub rate_measurements_min: u64,
    /// Without an agreement: availability below which a line is to be repaired, basis points.
    pub adequate_basis_points: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            // A day of minutes.
            slots_min: 1_440,
            power_share_percent: 50,
            chronic_basis_points: 100,
            // Giga's guide to indicators: compliant from 80 % of the contracted rate.
            rate_percent: 80,
            // A day of one an hour.
            rate_measurements_min: 24,
            adequate_basis_points: 9_500,
        }
    }
}

impl Thresholds {
    /// The first threshold that is no share, if any.
    #[must_use]
    pub fn wrong(&self) -> Option<&'static str> {
        let shares = [
            ("power_share_percent", self.power_share_percent, 100),
            ("chronic_basis_points", self.chronic_basis_points, 10_000),
            ("rate_percent", self.rate_percent, 100),
            ("adequate_basis_points", self.adequate_basis_points, 10_000),
        ];
        let wrong = shares.into_iter().find(|(_, share, most)| share > most);
        wrong.map(|(name, ..)| name)
    }
}

/// What is to be done with a site, and why. In this order: without a line, build; too little
/// measured, a probe; chronic power cuts, power; below what was promised, enforce; else it is served.
#[must_use]
pub fn classify(evidence: &Evidence, thresholds: &Thresholds) -> (Action, ActionReason) {
    if !evidence.line_known {
        return (Action::Build, ActionReason::NoLineKnown);
    }
    let Some(measured) = &evidence.availability else {
        return (Action::ProbeFirst, ActionReason::TooFewSlots);
    };
    let known = measured.up_slots + measured.down_slots;
    if known == 0 || known < thresholds.slots_min {
        return (Action::ProbeFirst, ActionReason::TooFewSlots);
    }
    let chronic =
        measured.down_slots * 10_000 >= u64::from(thresholds.chronic_basis_points) * known;
    let powered = evidence.power_down_slots * 100
        >= u64::from(thresholds.power_share_percent) * measured.down_slots;
    if measured.down_slots > 0 && chronic && powered && evidence.power_down_slots > 0 {
        return (Action::PowerFirst, ActionReason::PowerCuts);
    }
    if let Some(promised) = evidence.promised_availability_millionths
        && measured.up_slots * MILLIONTHS < u64::from(promised) * known
    {
        return (Action::Enforce, ActionReason::BelowAgreement);
    }
    if let (Some(rate), Some(promised)) = (
        evidence.download_bits_per_second,
        evidence.promised_bits_per_second,
    ) && evidence.download_measurements >= thresholds.rate_measurements_min
        && rate.saturating_mul(100) < promised.saturating_mul(u64::from(thresholds.rate_percent))
    {
        return (Action::Enforce, ActionReason::SlowerThanAgreed);
    }
    let adequate = u64::from(thresholds.adequate_basis_points);
    if evidence.promised_availability_millionths.is_none()
        && measured.up_slots * 10_000 < adequate * known
    {
        return (Action::Enforce, ActionReason::OftenCutOff);
    }
    (Action::Served, ActionReason::Adequate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(up_slots: u64, down_slots: u64) -> Evidence {
        Evidence {
            line_known: true,
            availability: Some(MeasuredAvailability {
                period: "2026-06".to_owned(),
                up_slots,
                down_slots,
                unknown_slots: 7,
            }),
            ..Evidence::default()
        }
    }

    fn class(evidence: &Evidence) -> (Action, ActionReason) {
        classify(evidence, &Thresholds::default())
    }

    #[test]
    fn two_like_sites_differ_by_their_measured_rate_alone() {
        let good = Evidence {
            promised_availability_millionths: Some(990_000),
            promised_bits_per_second: Some(10_000_000),
            download_bits_per_second: Some(10_000_000),
            download_measurements: 24,
            ..measured(43_000, 200)
        };
        let slow = Evidence {
            download_bits_per_second: Some(1_000_000),
            ..good.clone()
        };
        assert_eq!(class(&good), (Action::Served, ActionReason::Adequate));
        assert_eq!(
            class(&slow),
            (Action::Enforce, ActionReason::SlowerThanAgreed)
        );
        let hardly_tested = Evidence {
            download_measurements: 23,
            ..slow.clone()
        };
        assert_eq!(
            class(&hardly_tested),
            (Action::Served, ActionReason::Adequate),
            "one test fewer than a verdict takes"
        );
        let at_the_share = Evidence {
            download_bits_per_second: Some(8_000_000),
            ..slow
        };
        assert_eq!(class(&at_the_share).0, Action::Served, "80 % exactly");
    }

    #[test]
    fn four_fifths_power_cuts_mean_power_first() {
        let powered = Evidence {
            power_down_slots: 800,
            promised_availability_millionths: Some(990_000),
            ..measured(42_200, 1_000)
        };
        assert_eq!(
            class(&powered),
            (Action::PowerFirst, ActionReason::PowerCuts)
        );
        let line = Evidence {
            power_down_slots: 100,
            ..powered.clone()
        };
        assert_eq!(
            class(&line),
            (Action::Enforce, ActionReason::BelowAgreement)
        );
        let rare = Evidence {
            power_down_slots: 80,
            ..measured(43_100, 100)
        };
        assert_eq!(
            class(&rare),
            (Action::Served, ActionReason::Adequate),
            "cuts, but not chronic"
        );
    }

    #[test]
    fn three_samples_decide_nothing() {
        assert_eq!(
            class(&measured(3, 0)),
            (Action::ProbeFirst, ActionReason::TooFewSlots)
        );
        assert_eq!(
            class(&measured(0, 3)),
            (Action::ProbeFirst, ActionReason::TooFewSlots)
        );
        let silent = Evidence {
            line_known: true,
            ..Evidence::default()
        };
        assert_eq!(
            class(&silent),
            (Action::ProbeFirst, ActionReason::TooFewSlots)
        );
        let nothing = Evidence::default();
        assert_eq!(class(&nothing), (Action::Build, ActionReason::NoLineKnown));
    }

    #[test]
    fn the_agreement_is_compared_exactly() {
        let promised = |up, down| Evidence {
            promised_availability_millionths: Some(995_000),
            ..measured(up, down)
        };
        assert_eq!(
            class(&promised(1_990, 10)).0,
            Action::Served,
            "exactly what was promised"
        );
        assert_eq!(class(&promised(1_989, 11)).0, Action::Enforce);
        let free = measured(1_800, 200);
        assert_eq!(class(&free), (Action::Enforce, ActionReason::OftenCutOff));
        let wrong = Thresholds {
            rate_percent: 101,
            ..Thresholds::default()
        };
        assert_eq!(wrong.wrong(), Some("rate_percent"));
        assert_eq!(Thresholds::default().wrong(), None);
    }
}
