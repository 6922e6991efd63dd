//! From what a data folder holds to a programme: the evidence of each site, the hash of every input,
//! and the same programme from the same inputs whoever asks for it.

use std::collections::BTreeMap;
use std::io::Write;

use desserte_domain::agreement::Agreement;
use desserte_domain::cause::Cause;
use desserte_domain::decimal::Fraction;
use desserte_domain::percentile::nearest_rank;
use desserte_domain::period::{Period, PeriodError};
use desserte_planning::class::Evidence;
use desserte_planning::cost::CostParameters;
use desserte_planning::layer::Layers;
use desserte_planning::plan::{Plan, PlanSite, plan};
use desserte_planning::programme::{ProgrammeError, Step, programme};
use desserte_planning::ranking::RankingError;
use desserte_planning::scenario::Scenario;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::app::{Directory, OutageFilter, PLAN_DAYS, SiteEntry, Source, SourceError, plan_site};
use crate::assess::long::{DAY_MS, slots_between};
use crate::live::SiteOutage;

/// Named in what is hashed: another rule set is another plan.
const RULES: &str = "desserte-plan-2";
/// Characters of a plan's identifier: 64 bits of the hash of its inputs.
const ID_LENGTH: usize = 16;
/// Most outages that are read for causes: beyond, the older ones are left out and less is explained.
const OUTAGES_MAX: usize = 1_000_000;
/// The share of values up to the middle one.
const MEDIAN: Fraction = Fraction {
    numerator: 1,
    denominator: 2,
};

/// SHA-256 of each input, hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The rule set.
    pub rules: String,
    /// The scenario, its costs' file name with it.
    pub scenario: String,
    /// What things cost; empty without costs.
    pub costs: String,
    /// Every layer with its features.
    pub layers: String,
    /// The sites with what was measured.
    pub sites: String,
    /// What is known of their lines.
    pub evidence: String,
}

impl Inputs {
    /// The plan's identifier: the same inputs, the same plan.
    #[must_use]
    pub fn id(&self) -> String {
        let mut id = hashed(self);
        id.truncate(ID_LENGTH);
        id
    }
}

/// A plan with the hash of what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The plan; with a programme where costs were given.
    pub plan: Plan,
    /// Its inputs.
    pub inputs: Inputs,
}

/// Why a plan cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlannerError {
    /// Registry or store.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The ranking.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// The programme.
    #[error(transparent)]
    Programme(#[from] ProgrammeError),
    /// The scenario's month is none.
    #[error("month = {0:?}: expected a month as yyyy-mm, such as 2026-06")]
    Month(String),
    /// Its time zone has no such month.
    #[error("month = {month:?}: {source}")]
    Period {
        /// The month.
        month: String,
        /// Why.
        source: PeriodError,
    },
    /// The month lies ahead.
    #[error("month = {0:?}: this month is yet to come")]
    ToCome(String),
    /// Phases, decisions or deliveries without anything to price them with.
    #[error("the scenario has phases or decisions, but names no file of costs")]
    WithoutCosts,
}

impl PlannerError {
    /// Whether what was given is wrong, rather than what is here.
    #[must_use]
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Source(_))
    }
}

/// Makes the plan of a scenario from what a source and layers hold. Without costs, sites are ranked
/// and nothing more.
pub fn make(
    source: &Source,
    directory: &Directory,
    layers: &Layers,
    scenario: Scenario,
    costs: Option<&CostParameters>,
    progress: &dyn Fn(Step),
) -> Result<Made, PlannerError> {
    let needs = !scenario.phases.is_empty()
        || !scenario.overrides.is_empty()
        || !scenario.quotas.is_empty()
        || !scenario.delivered.is_empty()
        || !scenario.cover.is_empty();
    if costs.is_none() && needs {
        return Err(PlannerError::WithoutCosts);
    }
    let (period, span) = period(&scenario, source.now_unix_ms())?;
    let (sites, evidence) = sites(source, directory, &period, span)?;
    let inputs = Inputs {
        rules: RULES.to_owned(),
        scenario: hashed(&scenario),
        costs: costs.map_or_else(String::new, hashed),
        layers: hashed(layers),
        sites: hashed(&sites),
        evidence: hashed(&evidence),
    };
    let mut plan = plan(sites, layers, scenario)?;
    if let Some(costs) = costs {
        plan.programme = Some(programme(&plan, layers, &evidence, costs, progress)?);
    }
    Ok(Made { plan, inputs })
}

/// The period whose measurements count, and its bounds: the scenario's month, or the last days.
fn period(scenario: &Scenario, now: i64) -> Result<(String, (i64, i64)), PlannerError> {
    let Some(month) = &scenario.month else {
        return Ok((format!("P{PLAN_DAYS}D"), (now - PLAN_DAYS * DAY_MS, now)));
    };
    let numbers = month
        .split_once('-')
        .and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
    let (year, number) = numbers.ok_or_else(|| PlannerError::Month(month.clone()))?;
    let zone = scenario.time_zone.as_deref().unwrap_or("UTC");
    let period = Period::month(zone, year, number, 60).map_err(|source| PlannerError::Period {
        month: month.clone(),
        source,
    })?;
    if period.start_unix_ms > now {
        return Err(PlannerError::ToCome(month.clone()));
    }
    let end = period.end_unix_ms.min(now);
    Ok((month.clone(), (period.start_unix_ms, end)))
}

type SitesAndEvidence = (Vec<PlanSite>, BTreeMap<String, Evidence>);

/// The open sites, and what is known of their lines.
fn sites(
    source: &Source,
    directory: &Directory,
    period: &str,
    span: (i64, i64),
) -> Result<SitesAndEvidence, PlannerError> {
    let causes = causes(source, span)?;
    let mut promised: BTreeMap<&str, u32> = BTreeMap::new();
    let mut rates: BTreeMap<&str, RatePromise<'_>> = BTreeMap::new();
    for stored in directory.agreements() {
        let agreement = &stored.agreement;
        let availability = millionths(&agreement.objective.availability_percent.to_string());
        let rate = RatePromise::of(agreement);
        for site in &agreement.sites {
            // Of several promises the highest counts.
            if let Some(millionths) = availability {
                let held = promised.entry(site).or_default();
                *held = (*held).max(millionths);
            }
            if let Some(rate) = rate {
                let held = rates.entry(site).or_insert(rate);
                if held.bits_per_second < rate.bits_per_second {
                    *held = rate;
                }
            }
        }
    }
    let mut sites = Vec::new();
    let mut evidence = BTreeMap::new();
    for site in directory.sites() {
        let site_plan = if site.agents == 0 {
            plan_site(site, None)
        } else {
            let test = directory.test(&site.id);
            let slots = slots_between(source, &site.id, &test, span)?;
            plan_site(site, Some((period.to_owned(), slots)))
        };
        let promise = promised.get(site.id.as_str()).copied();
        if let Some(mut known) = known(site, &site_plan, promise, causes.get(&site.id)) {
            if let Some(rate) = rates.get(site.id.as_str()) {
                rate.tell(source, &site.id, span, &mut known)?;
            }
            evidence.insert(site.id.clone(), known);
        }
        sites.push(site_plan);
    }
    Ok((sites, evidence))
}

fn known(
    site: &SiteEntry,
    measured: &PlanSite,
    promised: Option<u32>,
    causes: Option<&(u64, u64)>,
) -> Option<Evidence> {
    let line_known = site.agents > 0 || promised.is_some();
    let (power, explained) = causes.copied().unwrap_or_default();
    line_known.then(|| Evidence {
        line_known,
        promised_availability_millionths: promised,
        availability: measured.availability.clone(),
        power_down_slots: power,
        explained_down_slots: explained,
        ..Evidence::default()
    })
}

/// A download rate that an agreement promises.
#[derive(Clone, Copy)]
struct RatePromise<'a> {
    agreement: &'a Agreement,
    bits_per_second: u64,
}

impl<'a> RatePromise<'a> {
    fn of(agreement: &'a Agreement) -> Option<Self> {
        let objective = agreement.objective.throughput.as_ref()?;
        Some(Self {
            agreement,
            bits_per_second: objective.download_bits_per_second?,
        })
    }

    /// Adds the promise and what was measured of it: over the lines and against the targets that the
    /// agreement judges.
    fn tell(
        self,
        source: &Source,
        site: &str,
        span: (i64, i64),
        known: &mut Evidence,
    ) -> Result<(), SourceError> {
        let objective = self.agreement.objective.throughput.as_ref();
        let targets = objective.map_or(&[][..], |objective| &objective.targets);
        let judged = source.judged_rates(site, self.agreement, span)?.into_iter();
        let mut measured: Vec<u64> = judged
            .filter(|(target, _)| targets.is_empty() || targets.contains(target))
            .flat_map(|(_, rates)| rates)
            .filter_map(|rate| rate.download_bits_per_second)
            .collect();
        known.promised_bits_per_second = Some(self.bits_per_second);
        known.download_measurements = measured.len() as u64;
        known.download_bits_per_second = nearest_rank(&mut measured, MEDIAN);
        Ok(())
    }
}

/// By site: slots down in outages from power, and in outages whose cause is known.
fn causes(
    source: &Source,
    (from, to): (i64, i64),
) -> Result<BTreeMap<String, (u64, u64)>, SourceError> {
    let mut causes: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let outages = source.outages(&OutageFilter {
        from_unix_ms: Some(from),
        to_unix_ms: Some(to),
        limit: OUTAGES_MAX,
        ..OutageFilter::default()
    })?;
    for outage in outages {
        let slots = slots_inside(&outage, (from, to));
        let (power, explained) = causes.entry(outage.site).or_default();
        let cause = outage.verdict.cause;
        if cause != Cause::Undetermined {
            *explained += slots;
        }
        // A restart that nothing proves to be a power cut is none here.
        if cause == Cause::Power {
            *power += slots;
        }
    }
    Ok(causes)
}

/// Slots of an outage that lie in a period, its measured ones taken as spread evenly over it: they are
/// held against the slots down of that period alone.
fn slots_inside(outage: &SiteOutage, (from, to): (i64, i64)) -> u64 {
    let end = outage.end_unix_ms.unwrap_or(to);
    let length = end.saturating_sub(outage.start_unix_ms);
    let inside = end.min(to).saturating_sub(outage.start_unix_ms.max(from));
    if length <= 0 || inside >= length {
        return outage.down_slots;
    }
    let share = i128::from(outage.down_slots) * i128::from(inside.max(0)) / i128::from(length);
    u64::try_from(share).unwrap_or(0)
}

/// `99.9` as 999,000 millionths.
fn millionths(percent: &str) -> Option<u32> {
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
    let decimals: String = decimals.chars().chain("0000".chars()).take(4).collect();
    let whole: u32 = whole.parse().ok()?;
    let decimals: u32 = decimals.parse().ok()?;
    Some(
        whole
            .checked_mul(10_000)?
            .checked_add(decimals)?
            .min(1_000_000),
    )
}

/// SHA-256 of a value's JSON, hexadecimal.
fn hashed(value: &impl Serialize) -> String {
    struct Hasher(Sha256);
    impl Write for Hasher {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut hasher = Hasher(Sha256::new());
    // Writing into a hasher does not fail, and these types all have a JSON form.
    let written = serde_json::to_writer(&mut hasher, value);
    debug_assert!(written.is_ok(), "{written:?}");
    data_encoding::HEXLOWER.encode(&hasher.0.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_of_agreements_are_exact() {
        assert_eq!(millionths("99.9"), Some(999_000));
        assert_eq!(millionths("99.9555"), Some(999_555));
        assert_eq!(millionths("100"), Some(1_000_000));
        assert_eq!(millionths("98.12345"), Some(981_234));
        assert_eq!(millionths("x"), None);
    }

    #[test]
    fn an_outage_counts_for_the_period_with_what_lies_in_it() {
        let outage = |start_unix_ms, end_unix_ms| SiteOutage {
            id: 1,
            site: "s".to_owned(),
            start_unix_ms,
            end_unix_ms,
            slot_seconds: 60,
            down_slots: 100,
            verdict: desserte_domain::cause::Verdict::new(Cause::Undetermined, Vec::new()),
            agent: None,
        };
        let inside = |start, end| slots_inside(&outage(start, end), (1_000, 2_000));
        assert_eq!(inside(1_200, Some(1_300)), 100, "within it");
        assert_eq!(inside(100, Some(1_100)), 10, "a tenth of it");
        assert_eq!(inside(0, Some(4_000)), 25, "longer than the period");
        assert_eq!(inside(0, Some(900)), 0, "before it");
    }

    #[test]
    fn a_month_is_read_and_refused() {
        let of = |month: &str| {
            let scenario = Scenario {
                month: Some(month.to_owned()),
                ..Scenario::default()
            };
            period(&scenario, 1_790_000_000_000)
        };
        let (name, (from, to)) = of("2026-06").unwrap();
        assert_eq!((name.as_str(), (to - from) / DAY_MS), ("2026-06", 30));
        assert!(matches!(of("June"), Err(PlannerError::Month(_))));
        assert!(matches!(of("2026-13"), Err(PlannerError::Period { .. })));
        assert!(matches!(of("2031-01"), Err(PlannerError::ToCome(_))));
    }
}
