#![expect(
    clippy::single_range_in_vec_init,
    reason = "one outage is a list of one range of slots"
)]

mod repair;

use super::*;
use crate::account::account;
use crate::decimal::Fraction;
use crate::exclusion::ExclusionKind;
use crate::machine::Availability;
use crate::slot::SlotState::{self, Bad, Good, Unknown};
use crate::sufficiency::note;

const TERMS: &str = "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\n\
    time_zone = 'UTC'\nsites = ['s']\nparties = { customer = 'M', contractor = 'O' }\n";
/// 2026-06-01T00:00:00Z.
const JUNE_MS: i64 = 1_780_272_000_000;
const MINUTE_MS: i64 = 60_000;

fn agreement(text: &str) -> Agreement {
    let head = format!("{TERMS}objective = {{ availability_percent = '99.9' }}\n");
    let found: Agreement =
        toml::from_str(&format!("{head}{text}\n[test]\ntargets = ['t']\n")).unwrap();
    assert_eq!(found.validate(), []);
    found
}

struct Found {
    settled: SiteSettlement,
    figures: MonthFigures,
}

/// June with these slots bad, and the causes of the outages that they make.
fn settle(
    terms: &Agreement,
    bad: &[std::ops::Range<usize>],
    causes: &[Cause],
    carried_in: Option<i64>,
) -> Found {
    let exclusions = [];
    settle_with(terms, (bad, Good), causes, (carried_in, &exclusions))
}

fn settle_with(
    terms: &Agreement,
    (bad, else_is): (&[std::ops::Range<usize>], SlotState),
    causes: &[Cause],
    (carried_in, exclusions): (Option<i64>, &[Exclusion]),
) -> Found {
    let period = terms.month(2026, 6).unwrap();
    let mut slots = vec![else_is; period.slot_count()];
    for range in bad {
        slots[range.clone()].fill(Bad);
    }
    let before = match carried_in {
        Some(_) => Availability::Unavailable,
        None => Availability::Available,
    };
    let figures =
        account(&terms.account_input(&period, (&slots, &[]), before, exclusions)).unwrap();
    let causes: Vec<_> = causes.iter().copied().map(Some).collect();
    let promise = terms.promise(&figures, &causes, 0);
    let input = SiteInput {
        month: (2026, 6),
        period: &period,
        figures: &figures,
        causes: &causes,
        promise: &promise,
        exclusions,
        carried_in_since_unix_ms: carried_in,
    };
    let evidence = note(&slots, terms.objective.availability_percent);
    let settled = terms
        .settle(&input, QualityMonth::default(), evidence)
        .unwrap();
    Found { settled, figures }
}

fn credits(found: &Found) -> [u64; 2] {
    let money = found.settled.money.as_ref().unwrap();
    money
        .credits
        .as_ref()
        .unwrap()
        .each_ref()
        .map(|one| one.credit_minor)
}

const FEE: &str = "[money]\ncurrency = 'XAF'\nmonthly_fee = '300000'\n";

#[test]
fn tiers_follow_the_availability_of_each_side_of_the_open_decisions() {
    let terms = agreement(&format!(
        "{FEE}[[money.credits]]\nrule = 'tiers'\ntiers = [\n\
         {{ from_percent = '99.9', credit_percent = '0' }},\n\
         {{ from_percent = '0', credit_percent = '10' }}]"
    ));
    let with = |cause| credits(&settle(&terms, &[100..200], &[cause], None));
    assert_eq!(with(Cause::LastMile), [30_000, 30_000]);
    assert_eq!(with(Cause::Transit), [30_000, 0]);
    assert_eq!(with(Cause::Lan), [0, 0]);
    let fee = settle(&terms, &[], &[], None).settled.money.unwrap().fee;
    assert_eq!((fee.month_minor, fee.period_minor), (300_000, 300_000));
    assert_eq!(fee.share, Fraction::of(43_200, 43_200).unwrap());
}

#[test]
fn hours_beyond_what_the_promise_allows() {
    let terms = agreement(&format!(
        "{FEE}[[money.credits]]\nrule = 'per_hour_beyond_target'\ncredit_percent = '5'"
    ));
    // 43 slots are allowed: 60 beyond are one hour, 61 two.
    let down = |slots: usize| credits(&settle(&terms, &[0..slots], &[Cause::LastMile], None));
    assert_eq!(down(43), [0, 0]);
    assert_eq!(down(103), [15_000, 15_000]);
    assert_eq!(down(104), [30_000, 30_000]);
}

#[test]
fn blocks_count_the_days_that_an_outage_touches() {
    let terms = agreement(&format!(
        "{FEE}[[money.credits]]\nrule = 'per_block'\nblock_minutes = 240\n\
         credit_percent = '1'\nmost_blocks_per_day = 1"
    ));
    let day = 1_440;
    let with =
        |from: usize, to: usize| credits(&settle(&terms, &[from..to], &[Cause::LastMile], None))[0];
    assert_eq!(with(0, day), 3_000);
    assert_eq!(with(day - 1, day + 600), 6_000);
    assert_eq!(with(day, day + 600), 3_000);
}

#[test]
fn working_days_without_connection_in_a_row() {
    let terms = agreement(&format!(
        "{FEE}[[money.credits]]\nrule = 'unconnected_days'\ndays = 3\ncredit_percent = '10'\n\
         [service_hours]\n\
         windows = [{{ days = [0, 1, 2, 3, 4], from = '08:00', to = '16:00' }}]"
    ));
    let day = |number: usize| (number - 1) * 1_440;
    let with = |from: usize, to: usize, cause| {
        let found = settle(&terms, &[day(from)..day(to)], &[cause], None);
        (found.figures.outages.len(), credits(&found))
    };
    // 1 June 2026 is a Monday. Two days are too few; Friday to Tuesday are three working days.
    assert_eq!(with(1, 3, Cause::LastMile), (1, [0, 0]));
    assert_eq!(with(1, 4, Cause::LastMile), (1, [30_000, 30_000]));
    assert_eq!(with(5, 10, Cause::LastMile), (1, [30_000, 30_000]));
    assert_eq!(with(1, 11, Cause::LastMile), (1, [60_000, 60_000]));
    assert_eq!(with(1, 4, Cause::Transit), (1, [30_000, 0]));
    assert_eq!(with(1, 4, Cause::Lan), (1, [0, 0]));
    // An hour of connection breaks the run.
    let broken = settle(
        &terms,
        &[day(1)..day(2) + 600, day(2) + 660..day(4)],
        &[Cause::LastMile; 2],
        None,
    );
    assert_eq!(credits(&broken), [0, 0]);
    // The month's last days are a run too: Friday 26, Monday 29, Tuesday 30.
    assert_eq!(with(26, 31, Cause::LastMile), (1, [30_000, 30_000]));
}

#[test]
fn too_little_measured_is_not_billable() {
    let terms: Agreement = toml::from_str(&format!(
        "{TERMS}objective = {{ availability_percent = '99.9', minimum_measured_share = '0.9' }}\n\
         {FEE}[test]\ntargets = ['t']\n"
    ))
    .unwrap();
    let works = Exclusion {
        from_unix_ms: JUNE_MS,
        to_unix_ms: JUNE_MS + 43_199 * MINUTE_MS,
        class: "maintenance".to_owned(),
        kind: ExclusionKind::PlannedWorks,
    };
    let billed = |else_is, exclusions: &[Exclusion]| {
        let found = settle_with(&terms, (&[], else_is), &[], (None, exclusions));
        found.settled.money.unwrap().credits.is_some()
    };
    assert!(billed(Good, &[]));
    assert!(!billed(Unknown, &[]));
    assert!(billed(Good, std::slice::from_ref(&works)));
}

#[test]
fn a_fee_of_all_sites_together_is_settled_with_the_total_only() {
    let terms = agreement(&format!(
        "{FEE}fee_per = 'agreement'\n[[money.credits]]\nrule = 'tiers'\n\
         tiers = [{{ from_percent = '0', credit_percent = '10' }}]"
    ));
    let found = settle(&terms, &[0..200], &[Cause::LastMile], None);
    assert_eq!(found.settled.money, None);
    let promise = terms.promise(&found.figures, &[Some(Cause::LastMile)], 0);
    let total = terms.total(&[(&found.figures, &promise)]);
    let settled = terms.settle_total((2026, 6), &total).unwrap().unwrap();
    assert_eq!(settled.credits.unwrap()[1].credit_minor, 30_000);
    let nothing = terms.total(&[]);
    let settled = terms.settle_total((2026, 6), &nothing).unwrap().unwrap();
    assert_eq!(settled.credits, None);
    let plain = agreement(FEE);
    let total = plain.total(&[(&found.figures, &promise)]);
    assert_eq!(plain.settle_total((2026, 6), &total), Ok(None));
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one agreement with every error, and their list"
)]
fn every_error_of_the_new_terms_is_explained_at_once() {
    let text = format!(
        "{TERMS}objective = {{ availability_percent = '99.9',\n\
         latency = {{ statistic = {{ percentile = '0' }}, at_most_us = 0 }},\n\
         loss = {{ statistic = 'mean', at_most_share = '1.1' }},\n\
         throughput = {{ statistic = 'mean', at_least_share = '2' }} }}\n\
         [test]\ntargets = ['t']\n\
         [exclusions]\nclasses = ['a']\n\
         rules = [{{ class = 'b', notice_hours = 99999 }}, {{ class = 'a' }}, {{ class = 'a' }}]\n\
         [repair]\nhours = {{ windows = [] }}\n\
         [acceptance]\ndays = 0\navailability_percent = '101'\nminimum_measured_share = '1.5'\n\
         [service_hours]\n\
         windows = [{{ days = [0], from = '08:00', to = '16:00' }}]\n\
         seasons = [{{ name = '', from = '2026-06-02', to = '2026-06-02', author = '', \
         entered = '2026-01-01', windows = [{{ days = [], from = '08:00', to = '16:00' }}] }}]\n\
         days = [{{ name = '', day = '2026-06-02', author = '', entered = '2026-01-01' }}]\n\
         [money]\ncurrency = 'xaf'\nmonthly_fee = '1'\ncap_percent = '101'\n\
         fee_per = 'agreement'\ncurrency_decimals = 5\n\
         credits = [\n\
         {{ rule = 'tiers', tiers = [{{ from_percent = '1', credit_percent = '101' }}, \
         {{ from_percent = '1.0', credit_percent = '1' }}] }},\n\
         {{ rule = 'per_hour_of_late_repair', credit_percent = '1' }},\n\
         {{ rule = 'per_block', block_minutes = 0, credit_percent = '1', \
         most_blocks_per_day = 0 }},\n\
         {{ rule = 'missed_objective', objective = 'mean_time_to_repair', \
         credit_percent = '1' }},\n\
         {{ rule = 'unconnected_days', days = 0, credit_percent = '1' }}]\n"
    );
    let terms: Agreement = toml::from_str(&text).unwrap();
    let fields: Vec<String> = terms.validate().into_iter().map(|one| one.field).collect();
    assert_eq!(
        fields,
        [
            "exclusions.rules[0].class",
            "exclusions.rules[0].notice_hours",
            "exclusions.rules[2].class",
            "service_hours.seasons[0].name",
            "service_hours.seasons[0].author",
            "service_hours.seasons[0].to",
            "service_hours.seasons[0].windows[0].days",
            "service_hours.days[0].name",
            "service_hours.days[0].author",
            "objective.latency.statistic.percentile",
            "objective.latency.at_most_us",
            "objective.loss.at_most_share",
            "objective.throughput.at_least_share",
            "objective.throughput",
            "repair",
            "repair.hours.windows",
            "money.currency",
            "money.currency_decimals",
            "money.cap_percent",
            "money.credits[0].tiers",
            "money.credits[0].tiers[0].credit_percent",
            "money.credits[0].tiers[1].from_percent",
            "money.credits[1]",
            "money.credits[1]",
            "money.credits[2]",
            "money.credits[2].block_minutes",
            "money.credits[2].most_blocks_per_day",
            "money.credits[3]",
            "money.credits[3]",
            "money.credits[4]",
            "money.credits[4].days",
            "acceptance.days",
            "acceptance.availability_percent",
            "acceptance.minimum_measured_share",
        ]
    );
    for problem in terms.validate() {
        assert_ne!(problem.to_string(), problem.in_french());
    }
}

#[test]
fn what_a_rule_follows_from_must_be_promised() {
    let with = |rule: &str, more: &str| {
        let text = format!(
            "{TERMS}objective = {{ availability_percent = '99.9' }}\n{FEE}\
             [[money.credits]]\ncredit_percent = '1'\n{rule}\n{more}\n[test]\ntargets = ['t']\n"
        );
        let terms: Agreement = toml::from_str(&text).unwrap();
        let problems = terms.validate();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let needs = |term: &str| vec![format!("money.credits[0]: needs {term}")];
    for (objective, term) in [
        ("latency", "objective.latency"),
        ("loss", "objective.loss"),
        ("throughput", "objective.throughput"),
        ("mean_time_to_repair", "repair.mean_at_most_minutes"),
    ] {
        let rule = format!("rule = 'missed_objective'\nobjective = '{objective}'");
        assert_eq!(with(&rule, ""), needs(term));
    }
    let late = "rule = 'per_hour_of_late_repair'";
    assert_eq!(with(late, ""), needs("repair.restore_within_minutes"));
    assert_eq!(
        with(late, "[repair]\nmean_at_most_minutes = 9"),
        needs("repair.restore_within_minutes")
    );
    assert_eq!(
        with(late, "[repair]\nrestore_within_minutes = 9"),
        Vec::<String>::new()
    );
    assert_eq!(
        with("rule = 'unconnected_days'\ndays = 3", ""),
        needs("service_hours")
    );
    let unknown = FEE.replace("XAF", "ABC");
    let text = format!(
        "{TERMS}objective = {{ availability_percent = '99.9' }}\n{unknown}[test]\ntargets = ['t']\n"
    );
    let terms: Agreement = toml::from_str(&text).unwrap();
    assert!(
        terms.validate()[0]
            .to_string()
            .contains("currency_decimals")
    );
    let finer = FEE.replace("300000", "300000.5");
    let text = format!(
        "{TERMS}objective = {{ availability_percent = '99.9' }}\n{finer}[test]\ntargets = ['t']\n"
    );
    let terms: Agreement = toml::from_str(&text).unwrap();
    assert_eq!(
        terms.validate()[0].to_string(),
        "money.monthly_fee: the currency has 0 decimals"
    );
}
