//! Plans over HTTP: made in the background, kept, shown, compared, exported, dropped.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::app::{TestApp, request};
use super::routes::refused;

pub(super) const SCENARIO: &str = r#"
name = "from the page"
costs = "costs"
[[phases]]
name = "one"
capex_minor = 4000000
[[overrides]]
site = "CG-3"
do = "funded"
by = "Universal service fund"
reason = "signed in May"
author = "A. Ngoma"
[ranking.criteria.mast_distance]
weight = 1
[ranking.criteria.unavailability]
weight = 1
"#;

fn costs() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/examples/costs.toml");
    std::fs::read_to_string(path).unwrap()
}

pub(super) async fn made(test: &TestApp, scenario: &str) -> Value {
    let body = json!({ "scenario": scenario, "costs": costs() });
    let (status, answer) = test.post("/api/v1/plans", &body.to_string()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    loop {
        let now = test.ok("/api/v1/plans/progress").await;
        if now["running"] == false {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_plan_is_made_and_read_in_all_its_parts() {
    let test = TestApp::new(90, &[]);
    assert_eq!(test.ok("/api/v1/plans").await["items"], json!([]));
    let now = made(&test, SCENARIO).await;
    assert_eq!(now["error"], Value::Null, "{now}");
    let id = now["plan"].as_str().unwrap().to_owned();
    let list = test.ok("/api/v1/plans").await;
    assert_eq!(list["items"][0]["id"], id.as_str());
    assert_eq!(list["items"][0]["sites"], 5);
    let plan = test.ok(&format!("/api/v1/plans/{id}")).await;
    assert_eq!(plan["programme"]["costs"]["currency"], "XAF");
    // One site has an agreement and an agent; one is paid for by somebody else.
    assert_eq!(plan["programme"]["actions"]["build"], 4);
    assert_eq!(plan["sites_to_build"], 3);
    let phase = &plan["programme"]["phases"][0];
    assert!(
        phase["total_capex_minor"].as_u64().unwrap() <= 4_000_000,
        "{phase}"
    );
    assert!(phase["sites"].as_u64().unwrap() > 0, "{phase}");
    let limits = plan["programme"]["limits_en"].to_string();
    assert!(limits.contains("layer absent"), "{limits}");

    let first = test.ok(&format!("/api/v1/plans/{id}/sites?limit=2")).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = first["next"].as_str().unwrap();
    let rest = test
        .ok(&format!("/api/v1/plans/{id}/sites?cursor={cursor}"))
        .await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 3);
    assert_eq!(rest["items"][0]["rank"], 3);
    let enforced = test
        .ok(&format!("/api/v1/plans/{id}/sites?action=build"))
        .await;
    assert_eq!(enforced["items"].as_array().unwrap().len(), 4);
    sheets_of_sites(&test, &id).await;
    let map = test.ok(&format!("/api/v1/plans/{id}/map")).await;
    assert_eq!(map["site"].as_array().unwrap().len(), 5);
    assert_eq!(map["phase"].as_array().unwrap().len(), 5);

    // The same again is the same plan; another scenario is another one.
    assert_eq!(made(&test, SCENARIO).await["plan"], id.as_str());
    let poor = SCENARIO.replace("4000000", "1");
    let other = made(&test, &poor).await["plan"]
        .as_str()
        .unwrap()
        .to_owned();
    let compared = test
        .ok(&format!("/api/v1/plans/compare?first={id}&second={other}"))
        .await;
    assert_eq!(compared["comparison"]["in_both"], 5);
    assert_ne!(compared["comparison"]["phase_changed"], 0);
    let path = format!("/api/v1/plans/{other}");
    let dropped = test
        .send(request(Method::DELETE, &path, Body::empty()))
        .await;
    assert_eq!(dropped.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        test.ok("/api/v1/plans").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// The sheet of a site holds its money by years and the parts of its score; that of a site which others
/// pay for holds who decided it.
async fn sheets_of_sites(test: &TestApp, id: &str) {
    let sheet = test.ok(&format!("/api/v1/plans/{id}/sites/CG-2")).await;
    assert_eq!(sheet["technology"], "satellite", "{sheet}");
    let years = sheet["money"]["planned"]["years"].as_array().unwrap();
    assert_eq!(years.len(), 16);
    assert_eq!(years[0]["capex_minor"], sheet["capex_minor"]);
    let sum: u64 = sheet["contributions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["finding"]["known"]["contribution_millionths"].as_u64())
        .sum();
    let sum = u32::try_from(sum).unwrap();
    let score = sheet["score"].as_f64().unwrap();
    assert!(
        (f64::from(sum) / 1e6 - score).abs() < 1e-9,
        "the parts are the score"
    );
    let funded = test.ok(&format!("/api/v1/plans/{id}/sites/CG-3")).await;
    assert_eq!(funded["plan"]["decision"]["author"], "A. Ngoma");
    assert_eq!(funded["technology"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_planned_is_refused_with_its_reason() {
    let test = TestApp::new(90, &[]);
    let send = async |scenario: &str, costs: &str| {
        let body = json!({ "scenario": scenario, "costs": costs });
        test.post("/api/v1/plans", &body.to_string()).await
    };
    for (scenario, costs, part) in [
        (SCENARIO.replace("phases", "fases"), costs(), "fases"),
        (
            SCENARIO.to_owned(),
            costs().replace("years = 15", "years = 0"),
            "years",
        ),
        (
            SCENARIO.replace("author = \"A. Ngoma\"", "author = \"\""),
            costs(),
            "author",
        ),
    ] {
        let (status, answer) = send(&scenario, &costs).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(answer.to_string().contains(part), "{answer}");
    }
    // What only the sites can tell is told when the plan is made.
    let now = made(&test, &SCENARIO.replace("CG-3", "CG-77")).await;
    assert_eq!(now["plan"], Value::Null);
    assert!(now["error"].as_str().unwrap().contains("CG-77"), "{now}");
    let not_found = StatusCode::NOT_FOUND;
    for path in ["", "/sites", "/sites/CG-1", "/map", "/export"] {
        refused(
            &test,
            &format!("/api/v1/plans/nothing{path}"),
            not_found,
            "not_found",
        )
        .await;
    }
    let wrong = StatusCode::BAD_REQUEST;
    refused(
        &test,
        "/api/v1/plans/compare?first=a",
        wrong,
        "invalid_parameter",
    )
    .await;
}
