//! Codes, rankings, the country, events and metrics.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};

use super::app::{SITE, TestApp, bytes, request};
use super::routes::refused;

#[tokio::test]
async fn codes_lines_and_revocation() {
    let test = TestApp::new(10, &[]);
    let (status, code) = test.post("/api/v1/sites/CG-2/codes", "{}").await;
    assert_eq!(status, StatusCode::CREATED, "{code}");
    let text = code["code"].as_str().unwrap();
    let read = desserte_probe::wire::enrol::Code::from_text(text).unwrap();
    assert_eq!(read.collector_key_sha256, [9; 32]);
    assert_eq!(code["collector"], "https://127.0.0.1:4433");
    assert_eq!(
        test.post("/api/v1/sites/nowhere/codes", "{}").await.0,
        StatusCode::NOT_FOUND
    );
    let base = format!("/api/v1/agents/{}", test.agent);
    let confirm = format!("{base}/lines/{}/confirm", test.line);
    let who = r#"{"author":"A. Technicien","reason":"vu sur place"}"#;
    assert_eq!(test.post(&confirm, who).await.0, StatusCode::OK);
    let (status, problem) = test.post(&confirm, r#"{"author":"","reason":"x"}"#).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::BAD_REQUEST, &"invalid_parameter".into())
    );
    let other = format!("{base}/lines/nothing/confirm");
    assert_eq!(test.post(&other, who).await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        test.ok("/api/v1/agents").await["items"][0]["state"],
        "silent"
    );
    assert_eq!(
        test.post(&format!("{base}/revoke"), "{}").await.0,
        StatusCode::OK
    );
    assert_eq!(
        test.ok("/api/v1/agents").await["items"][0]["state"],
        "revoked"
    );
    assert_eq!(
        test.post("/api/v1/agents/x/revoke", "{}").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_ranking_sums_up_and_is_exported() {
    let test = TestApp::new(90, &[20, 19, 18, 17, 16, 15, 14, 13]);
    let plan = test
        .ok("/api/v1/plans/current?limit=2&weights=unavailability:1,fibre_distance:1")
        .await;
    assert_eq!(plan["sites"], 5);
    let first = &plan["items"][0];
    assert_eq!(first["site"], SITE);
    let sum: f64 = first["contributions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["contribution"].as_f64())
        .sum();
    assert!((sum - first["score"].as_f64().unwrap()).abs() < 1e-9);
    let fibre = first["contributions"].as_array().unwrap().iter();
    let fibre = fibre
        .clone()
        .find(|one| one["criterion"] == "fibre_distance")
        .unwrap();
    assert_eq!(fibre["unknown_reason"], "layer_absent");
    assert_eq!(fibre["value"], serde_json::Value::Null);
    assert!(plan["absent_layers"].as_array().unwrap().len() >= 3);
    let next = plan["next"].as_str().unwrap();
    let second = test
        .ok(&format!("/api/v1/plans/current?limit=2&cursor={next}"))
        .await;
    assert_eq!(second["items"][0]["rank"], 3);
    refused(
        &test,
        "/api/v1/plans/current?weights=luck:1",
        StatusCode::BAD_REQUEST,
        "invalid_parameter",
    )
    .await;
    refused(
        &test,
        "/api/v1/plans/current?weights=fibre_distance:0",
        StatusCode::BAD_REQUEST,
        "invalid_parameter",
    )
    .await;
    let path = "/api/v1/plans/current/export?format=csv&language=fr";
    let response = test.send(request(Method::GET, path, Body::empty())).await;
    assert_eq!(response.status(), StatusCode::OK);
    let disposition = response.headers()[header::CONTENT_DISPOSITION]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(disposition.contains("attachment"), "{disposition}");
    let text = String::from_utf8(bytes(response).await).unwrap();
    assert!(text.starts_with("\u{feff}rang;"), "{text}");
    refused(
        &test,
        "/api/v1/plans/current/export?format=pdf",
        StatusCode::BAD_REQUEST,
        "invalid_parameter",
    )
    .await;
    let (status, map) = test
        .get("/api/v1/plans/current/export?format=geojson")
        .await;
    assert_eq!(
        (status, &map["type"]),
        (StatusCode::OK, &"FeatureCollection".into())
    );
}

#[tokio::test]
async fn the_country_says_what_is_absent_and_answers_304() {
    let test = TestApp::new(0, &[]);
    let country = test.ok("/api/v1/country").await;
    assert_eq!(
        country["bounds"],
        serde_json::json!([11.0, -5.0, 18.5, 3.5])
    );
    assert_eq!(country["invented_sites"], true);
    assert_eq!(country["absent_layers"].as_array().unwrap().len(), 10);
    refused(
        &test,
        "/api/v1/country/regions.geojson",
        StatusCode::NOT_FOUND,
        "not_found",
    )
    .await;
    refused(
        &test,
        "/api/v1/country/places.json",
        StatusCode::NOT_FOUND,
        "not_found",
    )
    .await;
    for path in [
        "/api/v1/map",
        "/api/v1/country",
        "/api/v1/country/border.geojson",
    ] {
        let response = test.send(request(Method::GET, path, Body::empty())).await;
        let tag = response.headers()[header::ETAG].clone();
        let mut again = request(Method::GET, path, Body::empty());
        again.headers_mut().insert(header::IF_NONE_MATCH, tag);
        let response = test.send(again).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(bytes(response).await.is_empty());
    }
}

#[tokio::test]
async fn events_begin_with_a_summary() {
    use http_body_util::BodyExt as _;
    let test = TestApp::new(10, &[]);
    let response = test
        .send(request(Method::GET, "/api/v1/events", Body::empty()))
        .await;
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    let mut body = response.into_body();
    let mut text = String::new();
    let live = &test.app.live;
    while !text.contains("event: site") {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        if text.contains("event: summary") {
            live.update(
                "CG-2",
                desserte::live::SiteLive {
                    state: desserte_domain::live::SiteState::Up,
                    ..desserte::live::SiteLive::default()
                },
            );
        }
    }
    assert!(text.contains(r#""id":"CG-2","state":"up""#), "{text}");
}

#[tokio::test]
async fn metrics_are_openmetrics_and_health_answers() {
    let test = TestApp::new(10, &[]);
    assert_eq!(test.ok("/health").await["status"], "ok");
    let response = test
        .send(request(Method::GET, "/metrics", Body::empty()))
        .await;
    let text = String::from_utf8(bytes(response).await).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("desserte_sites{state=\"up\"} 1"), "{text}");
}

#[tokio::test]
async fn json_is_packed_when_the_reader_takes_it() {
    let test = TestApp::new(0, &[]);
    let mut asked = request(Method::GET, "/api/v1/map", Body::empty());
    asked
        .headers_mut()
        .insert(header::ACCEPT_ENCODING, "gzip".parse().unwrap());
    let response = test.send(asked).await;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
}
