//! What late repairs cost.

use super::*;
use crate::repair::RepairVerdict;

#[test]
fn an_incident_is_judged_once_where_it_ends_with_its_true_length() {
    let terms = agreement(&format!(
        "{FEE}[[money.credits]]\nrule = 'per_hour_of_late_repair'\ncredit_percent = '1'\n\
         [repair]\nrestore_within_minutes = 240\nmean_at_most_minutes = 300"
    ));
    let causes = [Cause::LastMile, Cause::Upstream];
    // Carried in since 120 minutes: 120 + 180 are an hour late. The last one is still down.
    let since = Some(JUNE_MS - 120 * MINUTE_MS);
    let found = settle(&terms, &[0..180, 42_000..43_200], &causes, since);
    let verdicts: Vec<_> = found
        .settled
        .incidents
        .iter()
        .map(|one| one.verdict)
        .collect();
    assert_eq!(verdicts, [RepairVerdict::Late, RepairVerdict::Open]);
    assert_eq!(found.settled.incidents[0].clock_slots, 300);
    assert_eq!(found.settled.repair[0].judged, 1);
    assert_eq!(credits(&found), [3_000, 3_000]);
    // One that ended where the month begins is judged here all the same, and nobody knows why.
    let ended = settle(&terms, &[], &[], since);
    assert_eq!(ended.settled.incidents.len(), 1);
    assert_eq!(ended.settled.incidents[0].clock_slots, 120);
    assert_eq!(
        [
            ended.settled.repair[0].judged,
            ended.settled.repair[1].judged
        ],
        [1, 0]
    );
    let later = settle(&terms, &[500..600], &causes, since);
    assert_eq!(later.settled.incidents.len(), 2);
}

#[test]
fn a_late_repair_that_waits_for_a_decision_is_paid_on_one_side_only() {
    let terms = agreement(&format!(
        "{FEE}[[money.credits]]\nrule = 'per_hour_of_late_repair'\ncredit_percent = '1'\n\
         [repair]\nrestore_within_minutes = 240"
    ));
    let with = |cause| credits(&settle(&terms, &[0..300], &[cause], None));
    assert_eq!(with(Cause::LastMile), [3_000, 3_000]);
    assert_eq!(with(Cause::Transit), [3_000, 0]);
    assert_eq!(with(Cause::Lan), [0, 0]);
}

#[test]
fn the_mean_time_to_repair_may_be_missed_on_one_side_only() {
    let terms = agreement(&format!(
        "{FEE}[[money.credits]]\nrule = 'missed_objective'\n\
         objective = 'mean_time_to_repair'\ncredit_percent = '2'\n\
         [repair]\nmean_at_most_minutes = 100"
    ));
    let outages = [0..100, 1_000..1_300];
    let with = |cause| credits(&settle(&terms, &outages, &[Cause::LastMile, cause], None));
    assert_eq!(with(Cause::LastMile), [6_000, 6_000]);
    assert_eq!(with(Cause::Transit), [6_000, 0]);
    assert_eq!(with(Cause::Lan), [0, 0]);
}
