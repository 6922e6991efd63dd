//! Requests that a page of another origin could make, and requests out of bounds.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use super::app::{TestApp, bytes, json, request};

const CODES: &str = "/api/v1/sites/CG-1/codes";

fn with(method: Method, path: &str, headers: &[(header::HeaderName, &str)]) -> Request<Body> {
    let mut built = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        built = built.header(name, *value);
    }
    built.body(Body::from("{}")).unwrap()
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let test = TestApp::new(0, &[]);
    for path in ["/", "/health", "/api/v1/nothing", "/api/v1/summary"] {
        let response = test.send(request(Method::GET, path, Body::empty())).await;
        let headers = response.headers();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'self';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
    }
}

#[tokio::test]
async fn a_name_that_was_bound_to_loopback_is_refused() {
    let test = TestApp::new(0, &[]);
    for host in ["evil.example", "localhost.evil.example:8420", "192.0.2.1"] {
        let asked = with(Method::GET, "/api/v1/summary", &[(header::HOST, host)]);
        let (status, problem) = json(test.send(asked).await).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{host}");
        assert_eq!(problem["code"], "forbidden_origin");
    }
    let none = with(Method::GET, "/api/v1/summary", &[]);
    assert_eq!(test.send(none).await.status(), StatusCode::FORBIDDEN);
    for host in ["localhost:1234", "[::1]:8420", "127.0.0.1"] {
        let asked = with(Method::GET, "/api/v1/summary", &[(header::HOST, host)]);
        assert_eq!(test.send(asked).await.status(), StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn another_origin_cannot_change_anything() {
    let test = TestApp::new(0, &[]);
    let post = |origin: &'static str| {
        let headers = [
            (header::HOST, "127.0.0.1:8420"),
            (header::CONTENT_TYPE, "application/json"),
            (header::ORIGIN, origin),
        ];
        with(Method::POST, CODES, &headers)
    };
    for origin in [
        "http://evil.example",
        "null",
        "https://127.0.0.1:8420",
        "http://127.0.0.1:9999",
        "http://127.0.0.1:8420.evil.example",
    ] {
        let (status, problem) = json(test.send(post(origin)).await).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin}");
        assert_eq!(problem["code"], "forbidden_origin", "{origin}");
    }
    let own = test.send(post("http://127.0.0.1:8420")).await;
    assert_eq!(own.status(), StatusCode::CREATED);
    // What would be unpacked.
    for coding in ["gzip", "zstd", "br", "gzip, gzip"] {
        let headers = [
            (header::HOST, "127.0.0.1:8420"),
            (header::CONTENT_TYPE, "application/json"),
            (header::CONTENT_ENCODING, coding),
        ];
        let answer = test.send(with(Method::POST, CODES, &headers)).await;
        assert_eq!(
            answer.status(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{coding}"
        );
    }
    // What a form can send without asking.
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let headers = [
            (header::HOST, "127.0.0.1:8420"),
            (header::CONTENT_TYPE, kind),
        ];
        let (status, problem) = json(test.send(with(Method::POST, CODES, &headers)).await).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert_eq!(problem["code"], "unsupported_media_type");
    }
}

#[tokio::test]
async fn bodies_methods_and_paths_out_of_bounds_have_their_own_code() {
    let test = TestApp::new(0, &[]);
    let large = Body::from(format!("{{\"x\":\"{}\"}}", "y".repeat(70_000)));
    let (status, problem) = json(test.send(request(Method::POST, CODES, large)).await).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &"too_large".into())
    );
    let (status, problem) = test.post(CODES, "not json").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::BAD_REQUEST, &"invalid_parameter".into())
    );
    let (status, problem) = test.post("/api/v1/summary", "{}").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"method_not_allowed".into())
    );
    let (status, problem) = test.get("/api/v1/nothing").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::NOT_FOUND, &"not_found".into())
    );
    for key in ["type", "title", "status", "detail", "code"] {
        assert!(problem.get(key).is_some(), "{key}: {problem}");
    }
}

#[tokio::test]
async fn the_page_answers_or_says_that_it_was_not_built() {
    let test = TestApp::new(0, &[]);
    let response = test.send(request(Method::GET, "/", Body::empty())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/html; charset=utf-8"
    );
    let page = String::from_utf8(bytes(response).await).unwrap();
    assert!(page.contains("<html lang=\"fr\""), "{page}");
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/assets/nothing.js",
        "/etc/passwd",
    ] {
        let response = test.send(request(Method::GET, path, Body::empty())).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
