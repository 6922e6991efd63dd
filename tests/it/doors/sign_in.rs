//! Signing in: invitations, second factor, guesses, sessions, proofs.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::world::{Told, from, guest, world};
use crate::api::TestApp;

const PASSWORD: &str = "le fleuve monte en mai";
const OTHER: &str = "la pluie tombe en novembre";

fn post(path: &str, body: &Value, cookies: &str, csrf: &str) -> Request<Body> {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "127.0.0.1:8420")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, cookies)
        .header(desserte::doors::CSRF_HEADER, csrf)
        .body(Body::from(body.to_string()))
        .unwrap()
}

async fn say(test: &TestApp, path: &str, body: Value) -> Told {
    Told::of(test.send(post(path, &body, "", "")).await).await
}

async fn sign_in(test: &TestApp, password: &str, peer: &str, cookies: &str) -> Told {
    let body = json!({"person": "amina", "password": password});
    let mut request = post("/api/v1/session", &body, cookies, "");
    request
        .headers_mut()
        .insert("x-forwarded-for", "198.51.100.1".parse().unwrap());
    Told::of(test.send(from(request, peer)).await).await
}

fn cookies(told: &Told) -> String {
    let set = told.headers.iter().filter(|(name, _)| name == "set-cookie");
    let pairs: Vec<&str> = set
        .filter_map(|(_, value)| value.split(';').next())
        .collect();
    pairs.join("; ")
}

/// Adds a person by the administrator's page; returns the secret of the link.
async fn invited(test: &TestApp, id: &str, role: &str) -> String {
    let body = json!({"id": id, "name": "Amina Ngoma", "role": role}).to_string();
    let request = guest("administrator").asks(&Method::POST, "/api/v1/people", &body);
    let made = Told::of(test.send(request).await).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let path = made.json()["path"].as_str().unwrap().to_owned();
    path.rsplit_once('/').unwrap().1.to_owned()
}

async fn with_password(test: &TestApp, id: &str, role: &str) {
    let secret = invited(test, id, role).await;
    let accepted = say(
        test,
        "/api/v1/invitations/accept",
        json!({"secret": secret, "password": PASSWORD}),
    )
    .await;
    assert_eq!(
        accepted.status,
        StatusCode::NO_CONTENT,
        "{}",
        accepted.text()
    );
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one person's whole way in and out")]
async fn an_invitation_is_worth_one_password_and_a_session_one_sign_in() {
    let test = world(false);
    let secret = invited(&test, "amina", "planner").await;
    let look = say(&test, "/api/v1/invitations/look", json!({"secret": secret})).await;
    assert_eq!(look.json()["name"], "Amina Ngoma");
    let short = say(
        &test,
        "/api/v1/invitations/accept",
        json!({"secret": secret, "password": "court"}),
    )
    .await;
    assert_eq!(
        (short.status, &short.json()["code"]),
        (StatusCode::BAD_REQUEST, &"unfit_password".into())
    );
    let body = json!({"secret": secret, "password": PASSWORD});
    assert_eq!(
        say(&test, "/api/v1/invitations/accept", body.clone())
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        say(&test, "/api/v1/invitations/accept", body).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        say(&test, "/api/v1/invitations/look", json!({"secret": secret}))
            .await
            .status,
        StatusCode::NOT_FOUND
    );

    let signed_in = sign_in(&test, PASSWORD, "192.0.2.1", "").await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.text());
    let set: Vec<&(String, String)> = signed_in
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .collect();
    assert_eq!(set.len(), 2);
    for (_, cookie) in set {
        for part in [
            "__Host-desserte",
            "Path=/",
            "Secure",
            "HttpOnly",
            "SameSite=Strict",
        ] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
    let first = cookies(&signed_in);
    let state = |cookies: String| {
        let request = Request::builder()
            .uri("/api/v1/session")
            .header(header::HOST, "localhost")
            .header(header::COOKIE, cookies);
        request.body(Body::empty()).unwrap()
    };
    let told = Told::of(test.send(state(first.clone())).await).await.json();
    assert_eq!(
        (&told["role"], &told["person"]),
        (&"planner".into(), &"amina".into())
    );
    // A new sign-in with the old cookie ends the old session: nobody keeps one that was planted.
    let second = cookies(&sign_in(&test, PASSWORD, "192.0.2.1", &first).await);
    assert!(!second.contains("device"), "the browser is known by now");
    let old = Told::of(test.send(state(first.clone())).await).await.json();
    assert_eq!(old["signed_in"], false);
    assert_eq!(
        Told::of(test.send(state(second.clone())).await)
            .await
            .json()["signed_in"],
        true
    );
    // Shut out: at once.
    let change = json!({"role": "planner", "disabled": true}).to_string();
    let shut = guest("administrator").asks(&Method::PUT, "/api/v1/people/amina", &change);
    assert_eq!(test.send(shut).await.status(), StatusCode::OK);
    assert_eq!(
        Told::of(test.send(state(second)).await).await.json()["signed_in"],
        false
    );
    assert_eq!(
        sign_in(&test, PASSWORD, "192.0.2.1", "").await.status,
        StatusCode::UNAUTHORIZED
    );
    let log = guest("auditor").asks(&Method::GET, "/api/v1/sign-ins", "");
    let log = Told::of(test.send(log).await).await.json();
    let outcomes: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["outcome"].as_str())
        .collect();
    assert_eq!(outcomes, ["wrong", "signed_in", "signed_in"]);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let test = world(false);
    let change = json!({"role": "planner", "disabled": false}).to_string();
    let request =
        guest("administrator").asks(&Method::PUT, "/api/v1/people/administrator", &change);
    let told = Told::of(test.send(request).await).await;
    assert_eq!(told.status, StatusCode::CONFLICT, "{}", told.text());
    let still = guest("administrator").asks(&Method::GET, "/api/v1/people", "");
    assert_eq!(test.send(still).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn guesses_use_up_the_guessers_places_and_not_the_owners() {
    let test = world(false);
    with_password(&test, "amina", "planner").await;
    let known = cookies(&sign_in(&test, PASSWORD, "192.0.2.1", "").await);
    let mut evaluated = 0;
    for _ in 0..60 {
        let told = sign_in(&test, "wrong password", "203.0.113.9", "").await;
        match told.status {
            StatusCode::UNAUTHORIZED => evaluated += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                assert!(told.headers.iter().any(|(name, _)| name == "retry-after"));
            }
            other => panic!("{other}: {}", told.text()),
        }
    }
    assert_eq!(evaluated, 5);
    // The right password does not help whoever guessed: they do not learn that it is right.
    assert_eq!(
        sign_in(&test, PASSWORD, "203.0.113.9", "").await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    // The owner comes in from elsewhere, and from the guesser's own network with a known browser.
    assert_eq!(
        sign_in(&test, PASSWORD, "198.51.100.77", "").await.status,
        StatusCode::OK
    );
    assert_eq!(
        sign_in(&test, PASSWORD, "203.0.113.9", &known).await.status,
        StatusCode::OK
    );
    // An account that nobody has is answered alike.
    let body = json!({"person": "nobody", "password": "wrong password"});
    let nobody = from(post("/api/v1/session", &body, "", ""), "198.51.100.78");
    let nobody = Told::of(test.send(nobody).await).await;
    let wrong = sign_in(&test, "wrong password", "198.51.100.79", "").await;
    assert_eq!(nobody, wrong);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_a_code_works_once() {
    let test = world(false);
    with_password(&test, "amina", "planner").await;
    let signed_in = sign_in(&test, PASSWORD, "192.0.2.1", "").await;
    let (held, csrf) = (
        cookies(&signed_in),
        signed_in.json()["csrf"].as_str().unwrap().to_owned(),
    );
    let own = |path: &str, body: Value| post(path, &body, &held, &csrf);
    let begun = test
        .send(own("/api/v1/session/totp", json!({"password": PASSWORD})))
        .await;
    let begun = Told::of(begun).await.json();
    let secret = begun["secret"].as_str().unwrap();
    let code = code_of(secret);
    let confirm = json!({"secret": secret, "code": "000000"});
    assert_eq!(
        test.send(own("/api/v1/session/totp/confirm", confirm))
            .await
            .status(),
        StatusCode::UNAUTHORIZED
    );
    let confirm = json!({"secret": secret, "code": code});
    assert_eq!(
        test.send(own("/api/v1/session/totp/confirm", confirm))
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    let without = sign_in(&test, PASSWORD, "192.0.2.2", "").await;
    assert_eq!(
        (without.status, &without.json()["code"]),
        (StatusCode::UNAUTHORIZED, &"code_needed".into())
    );
    // The code was used when it was confirmed.
    let body = json!({"person": "amina", "password": PASSWORD, "code": code});
    let again = from(post("/api/v1/session", &body, "", ""), "192.0.2.3");
    assert_eq!(test.send(again).await.status(), StatusCode::UNAUTHORIZED);
    // An administrator's reset takes it away with the password.
    let reset = guest("administrator").asks(
        &Method::POST,
        "/api/v1/people/amina/link",
        r#"{"reset":true}"#,
    );
    let reset = Told::of(test.send(reset).await).await.json();
    let secret = reset["path"].as_str().unwrap().rsplit_once('/').unwrap().1;
    assert_eq!(
        sign_in(&test, PASSWORD, "192.0.2.4", "").await.status,
        StatusCode::UNAUTHORIZED
    );
    say(
        &test,
        "/api/v1/invitations/accept",
        json!({"secret": secret, "password": OTHER}),
    )
    .await;
    assert_eq!(
        sign_in(&test, OTHER, "192.0.2.5", "").await.status,
        StatusCode::OK
    );
}

/// The code of now, of the manual clock: RFC 6238 by hand would be our own code again.
fn code_of(secret: &str) -> String {
    use totp_rs::{Builder, Secret};
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .build()
        .unwrap();
    let seconds = u64::try_from(crate::api::NOW_MS / 1_000).unwrap();
    totp.generate(seconds).to_string()
}

#[tokio::test]
async fn a_session_changes_nothing_without_its_proof() {
    let test = world(false);
    let engineer = guest("engineer");
    for (method, path, _) in desserte::doors::policy::ROUTES {
        if *method == "GET"
            || path.starts_with("/api/v1/session")
            || path.starts_with("/api/v1/invitations")
        {
            continue;
        }
        let path = path.replace("{id}", "CG-1");
        let method: Method = method.parse().unwrap();
        for who in [&engineer, &guest("administrator")] {
            let bare = Told::of(test.send(who.bare(&method, &path, "{}")).await).await;
            assert_eq!(
                bare.status,
                StatusCode::FORBIDDEN,
                "{method} {path}: {}",
                bare.text()
            );
            let mut foreign = who.asks(&method, &path, "{}");
            foreign
                .headers_mut()
                .insert(header::ORIGIN, "https://evil.example".parse().unwrap());
            assert_eq!(
                test.send(foreign).await.status(),
                StatusCode::FORBIDDEN,
                "{method} {path}"
            );
        }
    }
    let codes = engineer.asks(&Method::POST, "/api/v1/sites/CG-1/codes", "{}");
    assert_eq!(test.send(codes).await.status(), StatusCode::CREATED);
}
