//! The JSON of each route has exactly the fields of the contract, no more and no less.

use std::collections::BTreeSet;

use serde_json::Value;

use super::app::TestApp;

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn exactly(value: &Value, fields: &str) {
    let wanted: BTreeSet<&str> = fields.split_whitespace().collect();
    assert_eq!(keys(value), wanted);
}

const SITE_FIELDS: &str = "id name kind latitude longitude place region operator state since cause \
    invented sensitive simulated agents";

#[tokio::test]
async fn whole_answers() {
    let test = TestApp::new(90, &[]);
    exactly(&test.ok("/health").await, "status version");
    let country = test.ok("/api/v1/country").await;
    exactly(
        &country,
        "id name_fr name_en time_zone bounds invented_sites notice layers absent_layers",
    );
    exactly(&country["absent_layers"][0], "kind note_fr note_en");
    let summary = test.ok("/api/v1/summary").await;
    exactly(
        &summary,
        "as_of sites agents measured_sites simulated_sites availability_24_hours",
    );
    exactly(&summary["sites"], "total up degraded down unknown excluded");
    exactly(&summary["agents"], "total silent");
    exactly(
        &summary["availability_24_hours"],
        "up_slots measured_slots percent",
    );
    exactly(
        &test.ok("/api/v1/map").await,
        "id name kind latitude longitude state region invented simulated",
    );
    let history = test.ok("/api/v1/sites/CG-1/history?target=portal").await;
    exactly(
        &history,
        "target simulated step_seconds start_unix_s sent received rtt_us_min rtt_us_median rtt_us_p95 state \
        states_from rates",
    );
}

#[tokio::test]
async fn sites_and_their_parts() {
    let test = TestApp::new(90, &[]);
    let sites = test.ok("/api/v1/sites").await;
    exactly(&sites, "items next");
    exactly(&sites["items"][0], SITE_FIELDS);
    let site = test.ok("/api/v1/sites/CG-1").await;
    exactly(
        &site,
        &format!("{SITE_FIELDS} aliases versions targets agreements latest"),
    );
    exactly(
        &site["versions"][0],
        "valid_from valid_to name kind latitude longitude operator status",
    );
    exactly(
        &site["agents"][0],
        "id state simulated assigned_from assigned_to last_batch_at last_heartbeat_at software boot \
         spool_records lines",
    );
    exactly(
        &site["agents"][0]["lines"][0],
        "key interface gateway family public_address confirmed first_seen_at last_seen_at",
    );
    exactly(&site["targets"][0], "id name kind address anchor");
    exactly(
        &site["latest"][0],
        "target at sent received rtt_us_median outcome",
    );
    let agents = test.ok("/api/v1/agents").await;
    exactly(
        &agents["items"][0],
        "id site site_name site_kind region invented simulated state silent_since enrolled_at last_batch_at \
         last_heartbeat_at software boot uptime_seconds spool_records spool_bytes spool_dropped \
         unconfirmed_lines lines line clock volume monthly_volume_bytes_max",
    );
    let days = test.ok("/api/v1/sites/CG-1/targets").await;
    exactly(&days, "start_unix_s step_seconds items");
    exactly(
        &days["items"][0],
        "id name kind address anchor decides latest state sent received rtt_us_median",
    );
}

#[tokio::test]
async fn outages_agreements_and_plans() {
    let test = TestApp::new(90, &[20, 19, 18, 17, 16, 15]);
    let outages = test.ok("/api/v1/outages").await;
    exactly(
        &outages["items"][0],
        "id site site_name site_kind region operator sensitive start end unheard slot_seconds \
         down_slots cause locus facts agent simulated",
    );
    exactly(&outages["items"][0]["facts"][0], "code values");
    let groups = test.ok("/api/v1/outages/groups").await;
    exactly(&groups, "items next total truncated");
    exactly(
        &groups["items"][0],
        "id reach region operator cause causes sites open_sites unheard_sites measured_sites sensitive \
         simulated start end outages",
    );
    exactly(&groups["items"][0]["causes"][0], "cause sites");
    let agreements = test.ok("/api/v1/agreements").await;
    let fields = "id title version valid_from valid_to sites slot_seconds \
        target_availability_percent customer contractor time_zone exclusion_classes simulated";
    exactly(&agreements["items"][0], fields);
    let plan = test.ok("/api/v1/plans/current").await;
    exactly(
        &plan,
        "criteria layers absent_layers sites items next preset presets",
    );
    let robustness = test.ok("/api/v1/plans/current/robustness").await;
    exactly(&robustness, "top draws factor_min factor_max items");
    exactly(&robustness["items"][0], "site share");
    exactly(&plan["criteria"][0], "id weight unit better known_sites");
    exactly(
        &plan["items"][0],
        "rank site site_name kind region simulated latitude longitude score known_weight_share \
         contributions",
    );
    exactly(
        &plan["items"][0]["contributions"][0],
        "criterion value unit normalised weight contribution unknown_reason source",
    );
}

#[tokio::test]
async fn months_and_statements() {
    let test = TestApp::new(90, &[20, 19, 18, 17, 16, 15]);
    let month = test.ok("/api/v1/sites/CG-1/months/2026-06").await;
    exactly(
        &month,
        "site agreement month period_start period_end slot_seconds period_slots excluded_slots \
         unknown_slots measured_slots down_slots up_slots raw_good_slots availability \
         unknown_interval coverage billable outage_count mttr_minutes mtbf_minutes outages days \
         revision final target_availability_percent target_met stopped_slots promise closes_at \
         simulated latency loss quality repair evidence money",
    );
    exactly(&month["availability"], "numerator denominator percent");
    exactly(
        &month["unknown_interval"],
        "minimum_percent maximum_percent",
    );
    exactly(
        &month["outages"][0],
        "start end down_slots stopped_slots cause liability reaches_period_end",
    );
    exactly(
        &month["days"][0],
        "date up_slots down_slots unknown_slots excluded_slots availability_percent \
         coverage_percent",
    );
    exactly(
        &month["promise"],
        "verdict charged_slots not_charged_slots needs_decision_slots lowest highest \
         misleading_percent allowed_slots margin_slots_lowest margin_slots_highest allowed_minutes \
         margin_minutes_lowest margin_minutes_highest",
    );
    let statement = test.ok("/api/v1/agreements/lot-1/statements/2026-06").await;
    exactly(
        &statement,
        "format agreement title version customer contractor month revision final time_zone \
         period_start period_end closes_at computed_at program method invented_sites simulated parts \
         total sites exclusions",
    );
    exactly(
        &statement["total"],
        "period_slots excluded_slots unknown_slots measured_slots down_slots up_slots \
         stopped_slots aggregation pooled mean worst coverage billable outage_count mttr_minutes \
         mtbf_minutes promise sites_kept sites_missed sites_needing_decision \
         sites_without_verdict worst_site final target_availability_percent days \
         rtt_us_p95_estimate money",
    );
}
