//! The overview, the drawing of the regions and the compact map.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use desserte::live::{Change, SampleSeen};
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::app::{TestApp, bytes, request};

const COMPACT: &str = "application/vnd.desserte.map";

async fn compact(test: &TestApp, path: &str) -> Vec<u8> {
    let mut asked = request(Method::GET, path, Body::empty());
    let accept = format!("text/html, {COMPACT};q=0.9").parse().unwrap();
    asked.headers_mut().insert(header::ACCEPT, accept);
    let response = test.send(asked).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    assert_eq!(response.headers()[header::CONTENT_TYPE], COMPACT);
    assert!(response.headers().contains_key(header::ETAG));
    bytes(response).await
}

fn header_of(map: &[u8]) -> Value {
    let length = u32::from_le_bytes(map[4..8].try_into().unwrap()) as usize;
    serde_json::from_slice(&map[8..8 + length]).unwrap()
}

#[tokio::test]
async fn what_is_down_is_grouped_by_cause_region_and_operator() {
    let test = TestApp::new(90, &[5, 4, 3, 2, 1]);
    let overview = test.ok("/api/v1/overview").await;
    assert_eq!(overview["summary"]["sites"]["down"], 1);
    assert_eq!(
        overview["summary"]["sites"],
        test.ok("/api/v1/summary").await["sites"]
    );
    assert_eq!(overview["regions"].as_array().unwrap().len(), 1);
    assert_eq!(overview["regions"][0]["region"], "Brazzaville");
    assert_eq!(overview["regions"][0]["sites"]["total"], 5);
    assert_eq!(overview["regions"][0]["measured_sites"], 1);
    let halls = &overview["kinds"][0];
    assert_eq!(
        (&halls["kind"], &halls["sites"]["down"]),
        (&"town_hall".into(), &1.into())
    );
    assert_eq!(halls["serves_people"], true);
    let group = &overview["groups"][0];
    let outage = &test.ok("/api/v1/outages?open=true").await["items"][0];
    assert_eq!(group["state"], "down");
    assert_eq!(group["cause"], outage["cause"]);
    assert_eq!(group["operator"], "Opérateur fictif A");
    assert_eq!(group["examples"][0]["site"], "CG-1");
    // A town hall is not sensitive, and the agent of this test is no simulation.
    assert_eq!(group["sensitive"], false);
    assert_eq!(group["simulated"], false);
    assert_eq!(overview["causes"][0]["sites"], 1);
    assert_eq!(overview["groups_left_out"], 0);
    assert_eq!(overview["country"]["time_zone"], "Africa/Brazzaville");
}

#[tokio::test]
async fn a_country_without_regions_is_drawn_by_its_border() {
    let test = TestApp::new(10, &[]);
    let drawn = test.ok("/api/v1/country/outline.json").await;
    assert_eq!(drawn["shapes"].as_array().unwrap().len(), 1);
    assert_eq!(drawn["shapes"][0]["name"], Value::Null);
    let path = drawn["shapes"][0]["path"].as_str().unwrap();
    assert!(path.starts_with('M') && path.ends_with('z'), "{path}");
    assert!(drawn["height"].as_u64().unwrap() <= 1_000);
}

#[tokio::test]
async fn rows_of_the_compact_map_lead_to_sites() {
    let test = TestApp::new(90, &[5, 4, 3, 2, 1]);
    let map = compact(&test, "/api/v1/map").await;
    let header = header_of(&map);
    assert_eq!((&map[..4], &header["sites"]), (&b"DSM1"[..], &5.into()));
    assert_eq!(header["kinds"], serde_json::json!(["school", "town_hall"]));
    let version = header["version"].as_str().unwrap();
    let states = compact(&test, "/api/v1/map/states").await;
    assert_eq!(&states[4..20], version.as_bytes());
    assert_eq!(states.len(), 24 + 5);
    let path = format!("/api/v1/map/sites?version={version}&rows=4,3,2,1,0");
    let sites = test.ok(&path).await;
    let items = sites["items"].as_array().unwrap();
    assert_eq!(items.len(), 5);
    for item in items {
        let row = usize::try_from(item["row"].as_u64().unwrap()).unwrap();
        let code = if item["id"] == "CG-1" { 2 } else { 4 };
        assert_eq!(states[24 + row], code, "{item}");
    }
    let ids = test
        .ok("/api/v1/map/sites?ids=%5B%22CG-2%22%2C%22gone%22%5D")
        .await;
    assert_eq!(ids["items"].as_array().unwrap().len(), 1);
    assert_eq!(ids["items"][0]["name"], "École n° 2");
}

#[tokio::test]
async fn questions_that_mean_another_map_or_nothing_are_refused() {
    let test = TestApp::new(10, &[]);
    let cases = [
        ("/api/v1/map/sites?version=0&rows=1", StatusCode::CONFLICT),
        ("/api/v1/map/sites?rows=1", StatusCode::CONFLICT),
        ("/api/v1/map/sites?ids=CG-1", StatusCode::BAD_REQUEST),
        ("/api/v1/map/sites?ids=%5B1%5D", StatusCode::BAD_REQUEST),
    ];
    for (path, status) in cases {
        assert_eq!(test.get(path).await.0, status, "{path}");
    }
    let version = test.app.site_map().1.version.clone();
    for rows in ["", "1,", "-1", "x", &vec!["1"; 201].join(",")] {
        let path = format!("/api/v1/map/sites?version={version}&rows={rows}");
        assert_eq!(test.get(&path).await.0, StatusCode::BAD_REQUEST, "{rows}");
    }
    // A row beyond the last is a row of no site.
    let beyond = format!("/api/v1/map/sites?version={version}&rows=5,4294967295");
    assert_eq!(test.ok(&beyond).await["items"], serde_json::json!([]));
}

fn sample(site: &str) -> Change {
    Change::Sample(SampleSeen {
        site: site.to_owned(),
        target: "portal".to_owned(),
        at_unix_ms: 0,
        rtt_us_median: None,
        sent: 1,
        received: 0,
    })
}

/// The events of a stream up to the end of the one that holds `last`.
async fn heard(test: &TestApp, path: &str, tell: &[Change], last: &str) -> String {
    let response = test.send(request(Method::GET, path, Body::empty())).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let mut body = response.into_body();
    let mut text = String::new();
    for change in tell {
        test.app.live.tell(change.clone());
    }
    while !text.contains(last) {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(frame.data_ref().unwrap()));
    }
    text
}

#[tokio::test]
async fn a_reader_hears_the_topic_it_asked_for() {
    let test = TestApp::new(10, &[]);
    let path = "/api/v1/events?topic=samples&site=CG-2";
    let told = [sample("CG-1"), Change::Summary, sample("CG-2")];
    let text = heard(&test, path, &told, "CG-2").await;
    assert!(
        !text.contains("CG-1") && !text.contains("summary"),
        "{text}"
    );
    let path = "/api/v1/events?topic=changes";
    let told = [sample("CG-1"), Change::Everything];
    let text = heard(&test, path, &told, "resync").await;
    assert!(
        text.contains("event: summary") && !text.contains("CG-1"),
        "{text}"
    );
    let (status, _) = test.get("/api/v1/events?topic=weather").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
