//! What each route answers, and refuses.

use axum::http::StatusCode;

use super::app::{SITE, TestApp};

pub(super) async fn refused(test: &TestApp, path: &str, status: StatusCode, code: &str) {
    let (found, problem) = test.get(path).await;
    assert_eq!(found, status, "{path}: {problem}");
    assert_eq!(problem["code"], code, "{path}: {problem}");
}

#[tokio::test]
async fn a_measured_site_is_up_and_the_others_are_unknown() {
    let test = TestApp::new(90, &[]);
    let site = test.ok("/api/v1/sites/CG-1").await;
    assert_eq!(site["state"], "up", "{site}");
    assert_eq!(site["latest"][0]["target"], "portal");
    assert_eq!(site["targets"][0]["address"], "http://127.0.0.1:9/");
    assert_eq!(site["agreements"][0], "lot-1");
    assert_eq!(site["agents"][0]["lines"][0]["confirmed"], true);
    assert_eq!(test.ok("/api/v1/sites/CG-2").await["state"], "unknown");
    let summary = test.ok("/api/v1/summary").await;
    assert_eq!(summary["sites"]["total"], 5);
    assert_eq!(summary["sites"]["up"], 1);
    assert_eq!(summary["sites"]["unknown"], 4);
    assert_eq!(summary["measured_sites"], 1);
    assert_eq!(summary["availability_24_hours"]["up_slots"], 90);
    assert_eq!(summary["availability_24_hours"]["percent"], "100.000000");
    let map = test.ok("/api/v1/map").await;
    assert_eq!(map["state"][0], "up");
    assert_eq!(map["invented"], true);
    refused(
        &test,
        "/api/v1/sites/nowhere",
        StatusCode::NOT_FOUND,
        "not_found",
    )
    .await;
}

#[tokio::test]
async fn nothing_measured_is_unknown_and_no_percentage() {
    let test = TestApp::new(0, &[]);
    let summary = test.ok("/api/v1/summary").await;
    assert_eq!(summary["availability_24_hours"], serde_json::Value::Null);
    assert_eq!(summary["sites"]["unknown"], 5);
    let month = test.ok("/api/v1/sites/CG-1/months/2026-05").await;
    assert_eq!(month["availability"], serde_json::Value::Null);
    assert_eq!(month["target_met"], serde_json::Value::Null);
    assert_eq!(month["final"], true);
}

#[tokio::test]
async fn an_outage_is_listed_with_its_cause_and_counted_in_the_month() {
    // Slots 20 to 13 minutes ago are bad: eight in a row.
    let test = TestApp::new(90, &[20, 19, 18, 17, 16, 15, 14, 13]);
    let outages = test.ok("/api/v1/outages").await;
    let outage = &outages["items"][0];
    assert_eq!(outage["cause"], "destination", "{outage}");
    assert_eq!(outage["locus"], "destination");
    assert_eq!(outage["start"], "2026-06-15T11:40:00Z");
    assert_eq!(outage["end"], "2026-06-15T11:48:00Z");
    assert_eq!(outage["down_slots"], 8);
    assert_eq!(outage["agent"], test.agent.to_string());
    assert!(
        outage["facts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["code"] == "collector_reachable")
    );
    assert_eq!(
        test.ok("/api/v1/outages?open=true").await["items"],
        serde_json::json!([])
    );
    for query in [
        "open=false",
        "site=CG-1",
        "cause=destination",
        "from=2026-06-15T11:45:00Z",
    ] {
        let found = test.ok(&format!("/api/v1/outages?{query}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{query}");
    }
    for query in ["site=CG-2", "cause=power", "to=2026-06-15T11:40:00Z"] {
        let found = test.ok(&format!("/api/v1/outages?{query}")).await;
        assert_eq!(found["items"], serde_json::json!([]), "{query}");
    }
    let month = test
        .ok("/api/v1/sites/CG-1/months/2026-06?agreement=lot-1")
        .await;
    assert_eq!(month["down_slots"], 8);
    assert_eq!(month["up_slots"], 82);
    assert_eq!(month["final"], false);
    assert_eq!(month["period_end"], "2026-06-15T12:00:00Z");
    assert_eq!(month["outages"][0]["cause"], "destination");
    // Availability is what was measured; a destination is not charged, so the promise is kept.
    assert_eq!(month["target_met"], true);
    assert_eq!(month["availability"]["percent"], "91.111111");
    let days = month["days"].as_array().unwrap();
    assert_eq!(days.len(), 15);
    let down: u64 = days
        .iter()
        .map(|day| day["down_slots"].as_u64().unwrap())
        .sum();
    assert_eq!(down, 8);
    for wrong in [
        "cause=sunshine",
        "from=yesterday",
        "open=perhaps",
        "limit=0",
        "cursor=!",
    ] {
        let path = format!("/api/v1/outages?{wrong}");
        refused(&test, &path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
    }
}

#[tokio::test]
async fn an_open_outage_is_down_and_has_no_end() {
    let test = TestApp::new(90, &[6, 5, 4, 3, 2, 1]);
    let site = test.ok("/api/v1/sites/CG-1").await;
    assert_eq!(site["state"], "down");
    assert_eq!(site["cause"], "destination");
    assert_eq!(site["since"], "2026-06-15T11:54:00Z");
    let open = test.ok("/api/v1/outages?open=true").await;
    assert_eq!(open["items"][0]["end"], serde_json::Value::Null);
    let down = test.ok("/api/v1/sites?state=down").await;
    assert_eq!(down["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn histories_leave_gaps_where_nothing_was_measured() {
    let test = TestApp::new(30, &[10, 9, 8, 7, 6, 5]);
    let path = "/api/v1/sites/CG-1/history?target=portal&from=2026-06-15T11:00:00Z&to=2026-06-15T12:00:00Z&step=600";
    let history = test.ok(path).await;
    assert_eq!(history["step_seconds"], 600);
    let states: Vec<&str> = history["state"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_str().unwrap())
        .collect();
    assert_eq!(
        states,
        ["unknown", "unknown", "unknown", "up", "up", "down"]
    );
    assert_eq!(history["sent"][0], serde_json::Value::Null);
    assert_eq!(history["rtt_us_median"][3], 1_000);
    assert_eq!(history["received"][5], 4);
    for column in [
        "start_unix_s",
        "sent",
        "received",
        "rtt_us_min",
        "rtt_us_median",
        "rtt_us_p95",
        "state",
    ] {
        assert_eq!(history[column].as_array().unwrap().len(), 6, "{column}");
    }
    let all = test
        .ok("/api/v1/sites/CG-1/history?from=2026-05-01T00:00:00Z")
        .await;
    assert!(all["state"].as_array().unwrap().len() <= 721);
    let base = "/api/v1/sites/CG-1/history?";
    for wrong in [
        "step=0",
        "step=1",
        "from=x",
        "from=2026-06-15T12:00:00Z&to=2026-06-15T11:00:00Z",
        "from=2020-01-01T00:00:00Z",
    ] {
        refused(
            &test,
            &format!("{base}{wrong}"),
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
        )
        .await;
    }
    refused(
        &test,
        &format!("{base}target=nothing"),
        StatusCode::NOT_FOUND,
        "not_found",
    )
    .await;
    refused(
        &test,
        "/api/v1/sites/nowhere/history",
        StatusCode::NOT_FOUND,
        "not_found",
    )
    .await;
}

#[tokio::test]
async fn months_are_refused_by_name() {
    let test = TestApp::new(10, &[]);
    for wrong in ["2026-13", "june", "2027-01"] {
        let path = format!("/api/v1/sites/CG-1/months/{wrong}");
        refused(&test, &path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
    }
    let path = "/api/v1/sites/CG-1/months/2026-06?agreement=other";
    refused(&test, path, StatusCode::NOT_FOUND, "not_found").await;
    refused(
        &test,
        "/api/v1/sites/CG-2/months/2026-06",
        StatusCode::NOT_FOUND,
        "not_found",
    )
    .await;
    let statement = test.ok("/api/v1/agreements/lot-1/statements/2026-06").await;
    assert_eq!(statement["sites"][0]["site"], SITE);
    assert_eq!(statement["sites"][0]["up_slots"], 10);
}

#[tokio::test]
async fn sites_are_searched_without_accents_and_come_in_pages() {
    let test = TestApp::new(0, &[]);
    let found = test
        .ok("/api/v1/sites?query=ecole%20BRAZZA&kind=school")
        .await;
    assert_eq!(found["items"].as_array().unwrap().len(), 4);
    let mut seen = Vec::new();
    let mut path = "/api/v1/sites?limit=2".to_owned();
    loop {
        let page = test.ok(&path).await;
        for item in page["items"].as_array().unwrap() {
            seen.push(item["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/v1/sites?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["CG-1", "CG-2", "CG-3", "CG-4", "CG-5"]);
    refused(
        &test,
        "/api/v1/sites?state=broken",
        StatusCode::BAD_REQUEST,
        "invalid_parameter",
    )
    .await;
}
