//! What the screens of outages, sites, agents and planning ask beside the lists.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use desserte::registry::OutageRecord;
use desserte_domain::cause::{Cause, Fact, Verdict};
use desserte_domain::outage::Outage;
use serde_json::{Value, json};

use super::app::{NOW_MS, SITE, SLOT_MS, TestApp, bytes, request};
use super::routes::refused;

/// An outage of a site that began some minutes ago.
fn outage(test: &TestApp, site: &str, cause: Cause, (began, over): (i64, Option<i64>)) {
    let record = OutageRecord {
        id: 0,
        site: site.to_owned(),
        agreement: None,
        agent: None,
        slot_seconds: 60,
        outage: Outage {
            start_unix_ms: NOW_MS - began * SLOT_MS,
            end_unix_ms: over.map(|over| NOW_MS - over * SLOT_MS),
            down_slots: 5,
            cause: Verdict::new(cause, vec![Fact::FirstHopNotMeasured]),
        },
    };
    let from = NOW_MS - began * SLOT_MS;
    let registry = test.app.source().registry();
    registry
        .replace_outages(site, (from, from + 1), &[record])
        .unwrap();
}

/// One cut of the operator's at four sites, and one of a box.
fn cut() -> TestApp {
    let test = TestApp::new(0, &[]);
    outage(&test, "CG-1", Cause::Upstream, (60, Some(30)));
    outage(&test, "CG-2", Cause::Undetermined, (58, Some(30)));
    outage(&test, "CG-3", Cause::Upstream, (55, None));
    outage(&test, "CG-4", Cause::LastMile, (52, Some(20)));
    outage(&test, "CG-5", Cause::Lan, (59, Some(50)));
    test
}

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().unwrap()
}

#[tokio::test]
async fn a_cut_of_one_operator_is_one_outage_with_its_sites_inside() {
    let test = cut();
    let list = test.ok("/api/v1/outages/groups").await;
    assert_eq!(list["total"], 2, "{list}");
    let group = &items(&list)[1];
    assert_eq!(group["reach"], "area_and_operator");
    assert_eq!(group["region"], "Brazzaville");
    assert_eq!(group["operator"], "Opérateur fictif A");
    assert_eq!(group["cause"], "upstream");
    assert_eq!(
        (&group["sites"], &group["open_sites"]),
        (&json!(4), &json!(1))
    );
    // One of the five has an agent.
    assert_eq!(group["measured_sites"], 1);
    assert_eq!(group["end"], Value::Null);
    assert_eq!(group["outages"].as_array().unwrap().len(), 3);
    let causes: Vec<(&str, u64)> = group["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["cause"].as_str().unwrap(),
                one["sites"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        causes,
        [("last_mile", 1), ("upstream", 2), ("undetermined", 1)]
    );
    let alone = &items(&list)[0];
    assert_eq!(
        (&alone["reach"], &alone["measured_sites"]),
        (&json!("site"), &Value::Null)
    );

    let id = group["id"].as_str().unwrap();
    let inside = test
        .ok(&format!("/api/v1/outages/groups/{id}?limit=3"))
        .await;
    let cursor = inside["next"].as_str().unwrap();
    let rest = test
        .ok(&format!(
            "/api/v1/outages/groups/{id}?limit=3&cursor={cursor}"
        ))
        .await;
    let sites: Vec<&str> = items(&inside)
        .iter()
        .chain(items(&rest))
        .map(|one| one["site"].as_str().unwrap())
        .collect();
    assert_eq!(sites, ["CG-1", "CG-2", "CG-3", "CG-4"]);
    assert_eq!(rest["next"], Value::Null);
    refused(
        &test,
        "/api/v1/outages/groups/x",
        StatusCode::NOT_FOUND,
        "not_found",
    )
    .await;
}

#[tokio::test]
async fn filters_keep_outages_and_pages_follow_one_another() {
    let test = cut();
    for (query, found) in [
        ("kind=school", 4),
        ("kind=town_hall", 1),
        ("region=Brazzaville", 5),
        ("region=Pool", 0),
        ("operator=Op%C3%A9rateur+fictif+A&open=false", 4),
        ("open=true", 1),
        ("cause=upstream", 2),
    ] {
        let list = test.ok(&format!("/api/v1/outages?{query}")).await;
        assert_eq!(items(&list).len(), found, "{query}");
        let groups = test.ok(&format!("/api/v1/outages/groups?{query}")).await;
        let inside: u64 = items(&groups)
            .iter()
            .map(|one| one["sites"].as_u64().unwrap())
            .sum();
        assert_eq!(inside, found as u64, "{query}");
    }
    let facets = test.ok("/api/v1/facets").await;
    assert_eq!(facets["regions"], json!(["Brazzaville"]));
    assert_eq!(facets["kinds"], json!(["school", "town_hall"]));
    let path = "/api/v1/outages?kind=palace";
    refused(&test, path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
    for route in ["/api/v1/outages", "/api/v1/outages/groups"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = test.ok(&format!("{route}?limit=1{cursor}")).await;
            seen.extend(items(&page).iter().map(|one| one["id"].clone()));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let whole = test.ok(route).await;
        let all: Vec<Value> = items(&whole).iter().map(|one| one["id"].clone()).collect();
        assert_eq!(seen, all, "{route}");
    }
}

#[tokio::test]
async fn outages_are_exported_with_the_group_that_they_belong_to() {
    let test = cut();
    let path = "/api/v1/outages/export?language=fr&region=Brazzaville";
    let response = test.send(request(Method::GET, path, Body::empty())).await;
    assert_eq!(response.status(), StatusCode::OK);
    let text = String::from_utf8(bytes(response).await).unwrap();
    let rows: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(rows.len(), 6, "{text}");
    assert!(rows[0].starts_with("coupure;groupe;identifiant du site"));
    let groups: Vec<&str> = rows[1..]
        .iter()
        .map(|row| row.split(';').nth(1).unwrap())
        .collect();
    assert_eq!(groups.iter().filter(|one| **one == groups[4]).count(), 4);
    assert!(text.contains("réseau de l'opérateur;upstream;first_hop_not_measured"));
    let path = "/api/v1/outages/export?language=de";
    refused(&test, path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
}

#[tokio::test]
async fn a_site_shows_its_targets_day_and_its_events() {
    let test = TestApp::new(90, &[20, 19, 18, 17, 16, 15]);
    let days = test.ok("/api/v1/sites/CG-1/targets").await;
    let target = &items(&days)[0];
    assert_eq!(target["id"], "portal");
    assert_eq!(target["decides"], true);
    let states: Vec<&str> = target["state"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| state.as_str().unwrap())
        .collect();
    assert_eq!(states.len(), 96);
    // 10:30 to 12:00 were measured; 11:40 to 11:46 failed: a third of one step, little of the
    // next. The last step has only begun.
    assert_eq!(
        states[88..],
        [
            "unknown", "up", "up", "up", "up", "degraded", "up", "unknown"
        ]
    );
    assert_eq!(target["sent"][0], Value::Null);
    refused(
        &test,
        "/api/v1/sites/x/targets",
        StatusCode::NOT_FOUND,
        "not_found",
    )
    .await;

    // The collector was reached all the time: nothing changed.
    let events = test.ok("/api/v1/sites/CG-1/evidence").await;
    assert_eq!(items(&events).len(), 0, "{events}");
    for (query, status, code) in [
        (
            "CG-1/evidence?from=2026-01-01T00:00:00Z",
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
        ),
        (
            "CG-1/evidence?from=2026-06-16T00:00:00Z",
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
        ),
        (
            "CG-1/evidence?cursor=!",
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
        ),
        ("nowhere/evidence", StatusCode::NOT_FOUND, "not_found"),
    ] {
        refused(&test, &format!("/api/v1/sites/{query}"), status, code).await;
    }
}

#[tokio::test]
async fn agents_are_found_by_state_and_words_and_sorted() {
    let test = TestApp::new(90, &[]);
    let one = |answer: Value| items(&answer).len();
    assert_eq!(one(test.ok("/api/v1/agents?query=ECOLE+brazza").await), 1);
    assert_eq!(one(test.ok("/api/v1/agents?query=dolisie").await), 0);
    assert_eq!(one(test.ok("/api/v1/agents?state=silent").await), 1);
    assert_eq!(one(test.ok("/api/v1/agents?state=revoked").await), 0);
    let agent = test.ok("/api/v1/agents?sort=volume").await["items"][0].clone();
    assert_eq!(agent["state"], "silent");
    // It never sent a batch: silent since its enrolment, forty days ago.
    assert_eq!(agent["silent_since"], "2026-05-06T12:00:00Z");
    assert_eq!(
        (&agent["volume"], &agent["clock"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(agent["line"]["interface"], "eth0");
    for wrong in ["sort=colour", "state=asleep", "cursor=!"] {
        let path = format!("/api/v1/agents?{wrong}");
        refused(&test, &path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
    }
    let site = test.ok(&format!("/api/v1/sites/{SITE}")).await;
    assert_eq!(site["agents"][0]["assigned_from"], "2026-05-06T12:00:00Z");
    assert_eq!(site["agents"][0]["assigned_to"], Value::Null);
    assert_eq!(site["sensitive"], false);
}

#[tokio::test]
async fn a_preset_ranks_anew_and_its_top_is_tried_with_other_weights() {
    let test = TestApp::new(90, &[]);
    let schools = test.ok("/api/v1/plans/current?preset=schools_first").await;
    assert_eq!(schools["preset"], "schools_first");
    assert_eq!(schools["presets"].as_array().unwrap().len(), 4);
    assert!(
        items(&schools)[..4]
            .iter()
            .all(|one| one["kind"] == "school")
    );
    let towns = test
        .ok("/api/v1/plans/current?preset=administrative_continuity&weights=site_kind:1")
        .await;
    assert_eq!(items(&towns)[0]["kind"], "town_hall");
    let stays = test
        .ok("/api/v1/plans/current/robustness?preset=schools_first&top=4")
        .await;
    let sum: f64 = items(&stays)
        .iter()
        .map(|one| one["share"].as_f64().unwrap())
        .sum();
    assert!((sum - 4.0).abs() < 1e-9, "{stays}");
    for wrong in ["current?preset=x", "current/robustness?top=0"] {
        let path = format!("/api/v1/plans/{wrong}");
        refused(&test, &path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
    }
    let path = "/api/v1/plans/current/export?format=xlsx&language=en&preset=schools_first";
    let response = test.send(request(Method::GET, path, Body::empty())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(bytes(response).await.starts_with(b"PK"));
}
