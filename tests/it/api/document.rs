//! The OpenAPI document and its snapshot.

use axum::http::StatusCode;

use super::app::TestApp;
use super::plans::{SCENARIO, made};

/// Set to 1 to write the snapshot anew.
const REGENERATE: &str = "DESSERTE_REGENERATE";

#[tokio::test]
async fn the_document_is_the_snapshot_and_every_path_is_served() {
    let test = TestApp::new(10, &[9, 8, 7, 6, 5, 4]);
    let document = test.ok("/api/v1/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut text = serde_json::to_string_pretty(&document).unwrap();
    text.push('\n');
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    #[expect(
        clippy::disallowed_methods,
        reason = "whether to write the snapshot is asked of the environment"
    )]
    if std::env::var(REGENERATE).is_ok() {
        std::fs::write(&file, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == text,
        "docs/openapi.json is not what the routes say; run the test with {REGENERATE}=1"
    );
    let staged = test
        .app
        .imports()
        .add(
            desserte::staging::What::Sites,
            "e.csv",
            b"kind,latitude,longitude\nschool,-4,15\n",
            (test.app.source().registry(), super::app::NOW_MS),
        )
        .unwrap();
    let plan = made(&test, SCENARIO).await["plan"].clone();
    let plan = plan.as_str().expect("a plan is made");
    let outages = test.get("/api/v1/outages?limit=1").await.1;
    let outage = outages["items"][0]["id"]
        .as_str()
        .expect("an outage")
        .to_owned();
    let mut unserved = Vec::new();
    for path in document["paths"].as_object().unwrap().keys() {
        let path = path
            .replace("{month}", "2026-06")
            .replace("/groups/{id}", &format!("/groups/{outage}"))
            .replace("/imports/{id}", &format!("/imports/{}", staged.id))
            .replace(
                "/plans/compare",
                &format!("/plans/compare?first={plan}&second={plan}"),
            )
            .replace("/plans/{id}", &format!("/plans/{plan}"))
            .replace("/sites/{id}", "/sites/CG-1")
            .replace("/sites/{site}", "/sites/CG-1")
            .replace("/agreements/{id}", "/agreements/lot-1")
            .replace("{id}", "x")
            .replace("{exclusion}", "1")
            .replace("{key}", "y")
            .replace("{collection}", "sites")
            .replace("{feature}", "CG-1");
        // Without an outline there are no regions, and without a collector there is no log.
        let expected_missing = ["regions", "neighbours", "places", "/ledger/", "/bundle"];
        if expected_missing.iter().any(|name| path.contains(name)) {
            continue;
        }
        // The stream of events never ends.
        if path == "/api/v1/events" {
            continue;
        }
        let (status, answer) = test.get(&path).await;
        if status != StatusCode::OK && status != StatusCode::METHOD_NOT_ALLOWED {
            unserved.push(format!("{path}: {status} {answer}"));
        }
    }
    assert!(unserved.is_empty(), "{unserved:#?}");
}
