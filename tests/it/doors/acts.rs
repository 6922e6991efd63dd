//! What those who are in do, and what machines may: two persons for an exclusion, tokens that read.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

use super::world::{Told, guest, world};

#[tokio::test]
async fn two_accounts_decide_about_an_exclusion_and_the_log_says_which() {
    let test = world(false);
    let body =
        json!({"from": "2026-06-14T10:00:00Z", "to": "2026-06-14T11:00:00Z", "class": "maintenance",
        "kind": "planned_works", "reason": "câble", "requested_by": "somebody else"})
        .to_string();
    let asked =
        guest("contractor").asks(&Method::POST, "/api/v1/agreements/lot-1/exclusions", &body);
    let asked = Told::of(test.send(asked).await).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text());
    assert_eq!(asked.json()["requested_by"], "CONTRACTOR (contractor)");
    let number = asked.json()["id"].to_string();
    let approve = format!("/api/v1/agreements/lot-1/exclusions/{number}/approve");
    for (name, status) in [
        ("contractor", StatusCode::FORBIDDEN),
        ("planner", StatusCode::FORBIDDEN),
        ("auditor", StatusCode::FORBIDDEN),
        ("administrator", StatusCode::OK),
    ] {
        let request = guest(name).asks(&Method::POST, &approve, r#"{"approved_by":"X"}"#);
        let told = Told::of(test.send(request).await).await;
        assert_eq!(told.status, status, "{name}: {}", told.text());
    }
    // Who asked does not approve, whatever name is typed.
    let again =
        guest("administrator").asks(&Method::POST, "/api/v1/agreements/lot-1/exclusions", &body);
    let number = Told::of(test.send(again).await).await.json()["id"].to_string();
    let approve = format!("/api/v1/agreements/lot-1/exclusions/{number}/approve");
    let own = guest("administrator").asks(
        &Method::POST,
        &approve,
        r#"{"approved_by":"Somebody Else"}"#,
    );
    let own = Told::of(test.send(own).await).await;
    assert_eq!(
        (own.status, &own.json()["code"]),
        (StatusCode::CONFLICT, &"same_person".into())
    );
    let log = guest("auditor").asks(&Method::GET, "/api/v1/audit?query=contractor", "");
    let log = Told::of(test.send(log).await).await.json();
    let line = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["action"] == "request.post")
        .unwrap();
    assert_eq!(
        (&line["author"], &line["peer"]),
        (&"CONTRACTOR (contractor)".into(), &"127.0.0.1".into())
    );
}

#[tokio::test]
async fn a_token_is_shown_once_reads_and_ends() {
    let test = world(false);
    let body = json!({"name": "Grafana", "role": "planner", "days": 30}).to_string();
    let made = guest("administrator").asks(&Method::POST, "/api/v1/tokens", &body);
    let made = Told::of(test.send(made).await).await.json();
    let secret = made["secret"].as_str().unwrap();
    let with = |method: Method, path: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {secret}"));
        request.body(Body::from("{}")).unwrap()
    };
    assert_eq!(
        test.send(with(Method::GET, "/api/v1/sites")).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        test.send(with(Method::POST, "/api/v1/duplicates"))
            .await
            .status(),
        StatusCode::FORBIDDEN
    );
    let list = guest("auditor").asks(&Method::GET, "/api/v1/tokens", "");
    let list = Told::of(test.send(list).await).await;
    assert!(!list.text().contains(secret), "{}", list.text());
    let revoke = format!("/api/v1/tokens/{}/revoke", made["id"].as_str().unwrap());
    let revoked = guest("administrator").asks(&Method::POST, &revoke, "{}");
    assert_eq!(test.send(revoked).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        test.send(with(Method::GET, "/api/v1/sites")).await.status(),
        StatusCode::UNAUTHORIZED
    );
}
