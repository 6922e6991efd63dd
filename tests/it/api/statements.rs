//! Statements where the terms change.

use axum::http::StatusCode;

use super::app::{AGREEMENT, TestApp, decision};

/// The second version: from 10 June on, with a fee.
fn later() -> String {
    AGREEMENT
        .replace("version = 1", "version = 2")
        .replace("2026-01-01", "2026-06-10")
        .replace(
            "[test]",
            "money = { currency = \"XAF\", monthly_fee = \"300000\" }\n[test]",
        )
}

#[tokio::test]
async fn terms_that_change_in_mid_month_give_two_statements() {
    let test = TestApp::new(90, &[20, 19, 18, 17, 16, 15]);
    let registry = test.app.source().registry();
    registry
        .put_agreement(&later(), decision("dearer"))
        .unwrap();
    test.app.refresh_directory().unwrap();
    let path = "/api/v1/agreements/lot-1/statements/2026-06";
    let last = test.ok(path).await;
    let versions: Vec<_> = last["parts"].as_array().unwrap().iter().collect();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0]["valid_to"], "2026-06-10");
    assert_eq!(
        (last["version"].as_u64(), last["revision"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(last["period_start"], "2026-06-09T23:00:00Z");
    // 21 of 30 days of the fee.
    let money = &last["sites"][0]["money"];
    assert_eq!(money["fee_period_minor"], 210_000);
    let first = test.ok(&format!("{path}?version=1")).await;
    assert_eq!(
        (first["version"].as_u64(), first["period_end"].as_str()),
        (Some(1), Some("2026-06-09T23:00:00Z"))
    );
    assert_eq!(first["total"]["period_slots"], 9 * 1_440);
    assert!(first["sites"][0]["money"].is_null());
    let (refused, _) = test.get(&format!("{path}?version=3")).await;
    assert_eq!(refused, StatusCode::BAD_REQUEST);
    let (before, _) = test
        .get("/api/v1/agreements/lot-1/statements/2025-12")
        .await;
    assert_eq!(before, StatusCode::BAD_REQUEST);
    let month = test.ok("/api/v1/sites/CG-1/months/2026-06").await;
    assert_eq!(month["period_start"], "2026-06-09T23:00:00Z");
}
