//! An agreement: versioned data (TOML) that says what is judged, how, and who is liable.
//!
//! Read it with any serde format, then call [`Agreement::validate`], which explains every error at
//! once. What follows from it (slot rule, machine, schedule) is derived here, so that the agent,
//! the collector and the statement cannot differ.

mod left_out;
mod problem;
mod schedule;
mod validate;
mod versions;

pub use left_out::{ClassRule, ExclusionTerms};
pub use problem::{Problem, Reason};
pub use schedule::{ECHO_PACKET_BYTES, MeasuringProfile, Schedule};
pub use validate::{
    MAX_LIST_ENTRIES, MAX_PACKETS_PER_SLOT, MAX_REPAIR_MINUTES, MAX_SLOT_SECONDS,
    MAX_SLOTS_OF_A_RUN, MAX_TEXT_CHARS,
};
pub use versions::{in_force, replaced};

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::acceptance::AcceptanceTerms;
use crate::account::AccountInput;
use crate::aggregate::Aggregation;
use crate::cause::Cause;
use crate::credit::MoneyTerms;
use crate::decimal::Decimal;
use crate::exclusion::Exclusion;
use crate::machine::{Availability, MachineParameters};
use crate::period::{Period, PeriodError};
use crate::quality::{LatencyObjective, LossObjective, ThroughputObjective};
use crate::repair::RepairTerms;
use crate::service_hours::ServiceHours;
use crate::slot::{Rule, SlotRule, SlotState};

/// An agreement between who pays for a line and who provides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Stable identifier: lower-case letters, digits, `-` and `_`.
    pub id: String,
    /// Version of this text, from 1; a change is a new version.
    pub version: u32,
    /// What a person calls it.
    pub title: String,
    /// Who agreed.
    pub parties: Parties,
    /// First local day on which it holds.
    pub valid_from: Date,
    /// First local day on which it no longer holds; absent: open.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Time zone of its months and hours, by its name in the tz database.
    pub time_zone: String,
    /// Identifiers of the sites it covers.
    pub sites: Vec<String>,
    /// What decides a slot.
    pub test: AvailabilityTest,
    /// What makes an outage.
    #[serde(default)]
    pub machine: MachineParameters,
    /// What is left out, and how.
    #[serde(default)]
    pub exclusions: ExclusionTerms,
    /// Hours that count; absent: all.
    #[serde(default)]
    pub service_hours: Option<ServiceHours>,
    /// What was promised.
    pub objective: Objective,
    /// Which line is judged; absent: every line of the site.
    #[serde(default)]
    pub line: JudgedLine,
    /// Who is liable for what; causes not named keep their default.
    #[serde(default)]
    pub liability: BTreeMap<Cause, Liability>,
    /// What is promised of repairs; absent: nothing.
    #[serde(default)]
    pub repair: Option<RepairTerms>,
    /// What a month costs, and what a missed promise takes off; absent: figures only.
    #[serde(default)]
    pub money: Option<MoneyTerms>,
    /// What is asked of a new line before it is accepted; absent: nothing.
    #[serde(default)]
    pub acceptance: Option<AcceptanceTerms>,
}

/// Who agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// Who pays and measures: a ministry, an agency.
    pub customer: String,
    /// Who provides the line.
    pub contractor: String,
}

/// The availability test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityTest {
    /// Targets: anchors beyond the contractor's network, or targets of the contract.
    pub targets: Vec<String>,
    /// `"any"`, `"all"` or `{ quorum = N }`.
    #[serde(default = "default_rule")]
    pub rule: Rule,
    /// Packets to each target in a slot.
    #[serde(default = "default_packets_per_slot")]
    pub packets_per_slot: u16,
    /// A target to which fewer went is unknown in that slot.
    #[serde(default = "default_minimum_sent")]
    pub minimum_sent: u16,
    /// Share of packets lost, 0 to 1, above which (strictly) a target is bad; best as a string.
    #[serde(default = "default_loss_threshold")]
    pub loss_threshold: Decimal,
    /// Length of a slot, seconds.
    #[serde(default = "default_slot_seconds")]
    pub slot_seconds: u32,
}

fn default_rule() -> Rule {
    SlotRule::default().rule
}

fn default_packets_per_slot() -> u16 {
    SlotRule::default().packets_per_slot
}

fn default_minimum_sent() -> u16 {
    SlotRule::default().minimum_sent
}

fn default_loss_threshold() -> Decimal {
    // 0.20, kept with two decimals as contracts write it.
    Decimal::new(20, 2).unwrap_or(Decimal::ZERO)
}

fn default_slot_seconds() -> u32 {
    SlotRule::default().slot_seconds
}

/// What was promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Availability of a month in percent; best as a string: `"99.9"`.
    pub availability_percent: Decimal,
    /// Share of the slots, 0 to 1, that must be measured for a month to be billed; absent: none.
    #[serde(default)]
    pub minimum_measured_share: Option<Decimal>,
    /// How the whole agreement is judged.
    #[serde(default)]
    pub aggregation: Aggregation,
    /// Response time; absent: not promised.
    #[serde(default)]
    pub latency: Option<LatencyObjective>,
    /// Loss; absent: not promised.
    #[serde(default)]
    pub loss: Option<LossObjective>,
    /// Throughput; absent: not promised.
    #[serde(default)]
    pub throughput: Option<ThroughputObjective>,
}

/// The line that is judged: a sample counts when any entry matches the line it came over. All
/// empty: every line of the site counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JudgedLine {
    /// Names of local interfaces, for example `eth0`.
    pub interfaces: Vec<String>,
    /// Keyed hashes of gateways, as the site's page shows them.
    pub gateways: Vec<String>,
    /// Public prefixes that the collector saw, for example `203.0.113.0/24`.
    pub prefixes: Vec<String>,
}

impl JudgedLine {
    /// Whether every line of the site counts.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.interfaces.is_empty() && self.gateways.is_empty() && self.prefixes.is_empty()
    }

    /// Whether a line counts, by what is known of it: its interface, the keyed hash of its gateway
    /// and the public address that the collector saw. What is not known matches nothing.
    #[must_use]
    pub fn judges(
        &self,
        interface: Option<&str>,
        gateway: Option<&str>,
        public_address: Option<std::net::IpAddr>,
    ) -> bool {
        let named = |list: &[String], name: Option<&str>| {
            name.is_some_and(|name| list.iter().any(|one| one == name))
        };
        let inside = public_address.is_some_and(|address| {
            self.prefixes
                .iter()
                .any(|prefix| validate::prefix_contains(prefix, address))
        });
        self.is_any()
            || named(&self.interfaces, interface)
            || named(&self.gateways, gateway)
            || inside
    }
}

/// Who answers for the slots of a cause. It changes counting, never the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liability {
    /// The contractor.
    Charged,
    /// Not the contractor.
    NotCharged,
    /// People decide; listed apart.
    NeedsDecision,
}

impl Liability {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Charged => "charged",
            Self::NotCharged => "not_charged",
            Self::NeedsDecision => "needs_decision",
        }
    }

    /// Who answers for a cause where an agreement says nothing.
    #[must_use]
    pub fn default_for(cause: Cause) -> Self {
        match cause {
            Cause::LastMile | Cause::Upstream | Cause::DnsLine => Self::Charged,
            Cause::Lan
            | Cause::Destination
            | Cause::PlannedStop
            | Cause::Agent
            | Cause::Collector
            | Cause::Power => Self::NotCharged,
            Cause::RestartedUnproven
            | Cause::HostSuspended
            | Cause::Transit
            | Cause::CaptivePortal
            | Cause::DnsOther
            | Cause::Undetermined => Self::NeedsDecision,
        }
    }
}

impl Agreement {
    /// Every error of this agreement; empty when it can be used.
    #[must_use]
    pub fn validate(&self) -> Vec<Problem> {
        validate::problems(self)
    }

    /// The rule that forms its slots. (A threshold finer than a millionth is refused by
    /// [`Agreement::validate`].)
    #[must_use]
    pub fn slot_rule(&self) -> SlotRule {
        let defaults = SlotRule::default();
        SlotRule {
            rule: self.test.rule,
            packets_per_slot: self.test.packets_per_slot,
            minimum_sent: self.test.minimum_sent,
            loss_threshold_parts_per_million: self
                .test
                .loss_threshold
                .parts_per_million()
                .unwrap_or(defaults.loss_threshold_parts_per_million),
            slot_seconds: self.test.slot_seconds,
        }
    }

    /// The days of a calendar month on which it holds, in its time zone and slots: what lies before
    /// its first day or after its last is nobody's promise.
    pub fn month(&self, year: i16, month: i8) -> Result<Period, PeriodError> {
        let whole = Period::month(&self.time_zone, year, month, self.test.slot_seconds)?;
        let from = whole.first_day.max(self.valid_from);
        let to = self
            .valid_to
            .map_or(whole.end_day, |end| end.min(whole.end_day));
        if (from, to) == (whole.first_day, whole.end_day) {
            return Ok(whole);
        }
        if from >= to {
            return Err(PeriodError::NotHeld { year, month });
        }
        Period::between(&self.time_zone, from, to, self.test.slot_seconds)
    }

    /// What [`crate::account::account`] needs for one site's period under these terms.
    /// `slots` are the period's and `look_ahead` those after it, formed with
    /// [`Agreement::slot_rule`] from its targets on its line.
    #[must_use]
    pub fn account_input<'a>(
        &'a self,
        period: &'a Period,
        (slots, look_ahead): (&'a [SlotState], &'a [SlotState]),
        carry_in: Availability,
        exclusions: &'a [Exclusion],
    ) -> AccountInput<'a> {
        AccountInput {
            period,
            slots,
            look_ahead,
            slots_before_measuring: 0,
            carry_in,
            machine: self.machine,
            exclusion_mode: self.exclusions.mode,
            exclusions,
            service_hours: self.service_hours.as_ref(),
            minimum_measured_share: self.objective.minimum_measured_share,
        }
    }

    /// What it asks of the agent at each site.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule {
            targets: u32::try_from(self.test.targets.len()).unwrap_or(u32::MAX),
            packets_per_slot: u32::from(self.test.packets_per_slot),
            minimum_sent: u32::from(self.test.minimum_sent),
            slot_seconds: self.test.slot_seconds.max(1),
        }
    }

    /// The rule of a class of exclusion, where there is one.
    #[must_use]
    pub fn class_rule(&self, class: &str) -> Option<&ClassRule> {
        self.exclusions
            .rules
            .iter()
            .find(|rule| rule.class == class)
    }

    /// Who answers for a cause.
    #[must_use]
    pub fn liability(&self, cause: Cause) -> Liability {
        self.liability
            .get(&cause)
            .copied()
            .unwrap_or(Liability::default_for(cause))
    }

    /// Whether it holds on a local day.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|end| day < end)
    }

    /// Whether it holds on some day of a month.
    #[must_use]
    pub fn holds_in(&self, year: i16, month: i8) -> bool {
        Date::new(year, month, 1).is_ok_and(|first| {
            self.valid_from <= first.last_of_month() && self.valid_to.is_none_or(|end| first < end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::CAUSES;

    const EXAMPLE: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../demo/examples/agreement.toml"
    ));

    const SHORT: &str = "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\n\
        time_zone = 'UTC'\nsites = ['s']\nparties = { customer = 'M', contractor = 'O' }\n\
        objective = { availability_percent = 99.9 }\n\
        [test]\ntargets = ['t']\n";

    fn short(change: impl FnOnce(&mut Agreement)) -> Vec<String> {
        let mut agreement: Agreement = toml::from_str(SHORT).unwrap();
        change(&mut agreement);
        agreement
            .validate()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_example_is_valid_and_states_every_default() {
        let example: Agreement = toml::from_str(EXAMPLE).unwrap();
        assert_eq!(example.validate(), []);
        assert_eq!(example.slot_rule(), SlotRule::default());
        assert_eq!(example.machine, MachineParameters::default());
        for cause in CAUSES {
            assert_eq!(
                example.liability.get(&cause),
                Some(&Liability::default_for(cause))
            );
            assert!(EXAMPLE.contains(cause.identifier()), "{cause:?}");
        }
    }

    #[test]
    fn defaults_are_those_of_the_plan() {
        let agreement: Agreement = toml::from_str(SHORT).unwrap();
        assert_eq!(agreement.validate(), []);
        assert_eq!(agreement.slot_rule(), SlotRule::default());
        assert_eq!(agreement.machine, MachineParameters::default());
        assert_eq!(agreement.liability(Cause::LastMile), Liability::Charged);
        assert_eq!(
            agreement.liability(Cause::Transit),
            Liability::NeedsDecision
        );
        assert_eq!(agreement.objective.availability_percent.to_string(), "99.9");
        assert_eq!(agreement.schedule().monthly_volume_bytes(), 12_096_000);
        assert!(agreement.line.judges(None, None, None));
    }

    #[test]
    fn a_misspelt_key_is_refused_by_name() {
        for (right, wrong) in [
            ("title", "titel"),
            ("packets_per_slot", "packet_per_slot"),
            ("n_enter", "n_entre"),
            ("mode =", "mod ="),
            ("availability_percent", "availabilty_percent"),
            ("last_mile =", "lastmile ="),
            ("interfaces", "interface"),
            ("holidays", "holliday"),
        ] {
            let text = EXAMPLE.replacen(&format!("\n{right}"), &format!("\n{wrong}"), 1);
            let error = toml::from_str::<Agreement>(&text).unwrap_err().to_string();
            assert!(error.contains(wrong.trim_end_matches(" =")), "{error}");
        }
    }

    #[test]
    fn every_error_is_explained_at_once_and_in_both_languages() {
        let mut agreement: Agreement = toml::from_str(SHORT).unwrap();
        agreement.id = "A b".to_owned();
        agreement.title = "x".repeat(201);
        agreement.version = 0;
        agreement.time_zone = "Africa/Brazaville".to_owned();
        agreement.valid_to = Some(agreement.valid_from);
        agreement.sites = Vec::new();
        agreement.test.minimum_sent = 6;
        agreement.objective.availability_percent = "100.1".parse().unwrap();
        agreement.line.prefixes = vec!["203.0.113.0".to_owned()];
        let problems = agreement.validate();
        let fields: Vec<&str> = problems.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "id",
                "title",
                "version",
                "valid_to",
                "time_zone",
                "sites",
                "test.minimum_sent",
                "objective.availability_percent",
                "line.prefixes"
            ]
        );
        assert_eq!(
            problems[6].to_string(),
            "test.minimum_sent: must be from 1 to 5"
        );
        assert_eq!(
            problems[6].in_french(),
            "test.minimum_sent : doit aller de 1 à 5"
        );
    }

    #[test]
    fn single_errors() {
        assert_eq!(short(|_| ()), Vec::<String>::new());
        let found = short(|a| a.machine.n_enter = 100);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("machine.lookahead_max_slots: at least 99"),
            "{found:?}"
        );
        assert_eq!(short(|a| a.test.rule = Rule::Quorum(2)).len(), 1);
        assert_eq!(short(|a| a.test.slot_seconds = 0).len(), 1);
        assert_eq!(
            short(|a| a.test.loss_threshold = "0.1234567".parse().unwrap()).len(),
            1
        );
        assert_eq!(short(|a| a.test.targets = vec!["t".to_owned(); 2]).len(), 1);
        let days = |days: Vec<u8>| {
            short(|a| {
                let (from, to) = ("08:00".parse().unwrap(), "18:00".parse().unwrap());
                let windows = vec![crate::service_hours::ServiceWindow { days, from, to }];
                a.service_hours = Some(ServiceHours {
                    windows,
                    ..ServiceHours::default()
                });
            })
        };
        assert_eq!(
            days(vec![7]),
            ["service_hours.windows[0].days: must be from 0 to 6"]
        );
        assert_eq!(
            days(vec![]),
            ["service_hours.windows[0].days: must not be empty"]
        );
        assert_eq!(days(vec![0, 6]), Vec::<String>::new());
    }

    #[test]
    fn a_line_is_judged_by_interface_gateway_or_prefix() {
        let line = JudgedLine {
            interfaces: vec!["eth0".to_owned()],
            gateways: vec!["6f1e".to_owned()],
            prefixes: vec!["203.0.113.0/24".to_owned(), "2001:db8::/32".to_owned()],
        };
        let ip = |text: &str| Some(text.parse().unwrap());
        assert!(line.judges(Some("eth0"), None, None));
        assert!(line.judges(Some("wlan0"), Some("6f1e"), None));
        assert!(line.judges(None, None, ip("203.0.113.255")));
        assert!(line.judges(None, None, ip("2001:db8:ffff::1")));
        assert!(!line.judges(None, None, ip("203.0.114.0")));
        assert!(!line.judges(None, None, ip("2001:db9::")));
        assert!(!line.judges(None, None, None));
        let all = JudgedLine {
            prefixes: vec!["0.0.0.0/0".to_owned()],
            ..JudgedLine::default()
        };
        assert!(all.judges(None, None, ip("198.51.100.1")));
        assert!(!all.judges(None, None, ip("::1")));
    }

    #[test]
    fn a_month_under_the_example_counts_its_hours_only() {
        let example: Agreement = toml::from_str(EXAMPLE).unwrap();
        let period = example.month(2026, 6).unwrap();
        let slots = vec![SlotState::Good; period.slot_count()];
        let input = example.account_input(&period, (&slots, &[]), Availability::Available, &[]);
        let figures = crate::account::account(&input).unwrap();
        // 22 weekdays of 11 hours.
        assert_eq!(figures.counts.measured_slots, 22 * 11 * 60);
        assert_eq!(figures.billable, Some(true));
    }

    fn day(year: i16, month: i8, day: i8) -> Date {
        Date::new(year, month, day).unwrap()
    }

    #[test]
    fn a_month_has_the_days_on_which_it_holds() {
        let mut terms: Agreement = toml::from_str(EXAMPLE).unwrap();
        (terms.valid_from, terms.valid_to) = (day(2026, 6, 16), Some(day(2026, 8, 11)));
        let days = |month| {
            let period = terms.month(2026, month)?;
            let days = period.days()?.len();
            Ok::<_, PeriodError>((period.first_day, period.end_day, days))
        };
        assert_eq!(days(6), Ok((day(2026, 6, 16), day(2026, 7, 1), 15)));
        assert_eq!(days(7), Ok((day(2026, 7, 1), day(2026, 8, 1), 31)));
        assert_eq!(days(8), Ok((day(2026, 8, 1), day(2026, 8, 11), 10)));
        for month in [5, 9] {
            assert_eq!(days(month), Err(PeriodError::NotHeld { year: 2026, month }));
        }
    }

    #[test]
    fn it_holds_from_its_first_day_to_the_day_before_its_end() {
        let example: Agreement = toml::from_str(EXAMPLE).unwrap();
        assert!(!example.holds_on(day(2025, 12, 31)));
        assert!(example.holds_on(day(2026, 1, 1)) && example.holds_on(day(2028, 12, 31)));
        assert!(!example.holds_on(day(2029, 1, 1)));
        assert!(!example.holds_in(2025, 12) && example.holds_in(2026, 1));
        assert!(example.holds_in(2028, 12) && !example.holds_in(2029, 1));
    }
}
