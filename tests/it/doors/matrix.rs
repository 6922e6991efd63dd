//! Every role on every route with own, foreign and absent names. The routes are those of
//! `docs/openapi.json`: one that is added and not thought of fails here.

use axum::http::{Method, StatusCode};
use desserte::api::router::document;
use desserte::assess::SiteTest;
use desserte::doors::policy::{self, Need, Object};
use desserte::doors::scope::Scope;
use desserte::doors::viewer::{Viewer, Who};
use desserte::live::SiteOutage;
use serde_json::json;

use super::world::{
    ABSENT_AGREEMENT, ABSENT_SITE, CANARY, FOREIGN_AGREEMENT, FOREIGN_SITE, Guest, SCOPED, Told,
    WHOLE, foreign_agent, foreign_outage, foreign_outage_number, guest, stranger, world,
};
use crate::api::{NOW_MS, SITE, TestApp};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// Method and path of every route that the interface describes.
fn routes() -> Vec<(Method, String)> {
    let document = serde_json::to_value(document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if METHODS.contains(&method.as_str()) {
                found.push((method.to_uppercase().parse().unwrap(), path.clone()));
            }
        }
    }
    assert!(found.len() > 60, "{found:?}");
    found
}

/// A path with names in place of its parameters.
fn named(path: &str, site: &str, agreement: &str, agent: &str, outage: &str) -> String {
    path.replace("/sites/{id}", &format!("/sites/{site}"))
        .replace("/agreements/{id}", &format!("/agreements/{agreement}"))
        .replace("/agents/{id}", &format!("/agents/{agent}"))
        .replace("/groups/{id}", &format!("/groups/{outage}"))
        .replace("{month}", "2026-06")
        .replace("{exclusion}", "2")
        .replace("{key}", "k")
        .replace("{collection}", "sites")
        .replace("{feature}", site)
        .replace("{site}", site)
        .replace("{id}", "x")
}

async fn told(test: &TestApp, guest: &Guest, method: &Method, path: &str) -> Told {
    Told::of(test.send(guest.asks(method, path, "{}")).await).await
}

#[test]
fn the_policy_and_the_interface_name_the_same_routes() {
    let described = routes();
    for (method, path) in &described {
        assert!(
            policy::need(method.as_str(), path).is_some(),
            "{method} {path} is in no line of src/doors/policy.rs: it is closed to everybody"
        );
    }
    for (method, path, _) in policy::ROUTES {
        let known = described
            .iter()
            .any(|(m, p)| m.as_str() == *method && p == path);
        assert!(
            known || path.starts_with("/ndt/") || *path == "/ogc/",
            "{method} {path} is no route any more"
        );
    }
    // A parameter that names a site, an agreement or an agent is looked at by the gate.
    for (_, path) in &described {
        for (begin, object) in [
            ("/api/v1/sites/{", Object::Site),
            ("/api/v1/agreements/{", Object::Agreement),
            ("/api/v1/agents/{", Object::Agent),
        ] {
            if path.starts_with(begin) {
                assert_eq!(policy::object(path), Some(object), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_session_nothing_but_the_door_answers() {
    let test = world(true);
    for (method, path) in routes() {
        let path_asked = named(&path, SITE, "lot-1", "x", "1");
        let answer = told(&test, &stranger(), &method, &path_asked).await;
        let open = policy::need(method.as_str(), &path) == Some(Need::Nothing);
        assert_eq!(
            answer.status == StatusCode::UNAUTHORIZED,
            !open,
            "{method} {path}: {}",
            answer.text()
        );
        assert!(
            !answer.text().to_lowercase().contains(CANARY),
            "{method} {path}"
        );
    }
    // The page's own files need nobody.
    let page = told(&test, &stranger(), &Method::GET, "/").await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn each_role_may_what_the_policy_says_and_nothing_else() {
    let test = world(true);
    for name in SCOPED.into_iter().chain(WHOLE) {
        let guest = guest(name);
        let state = told(&test, &guest, &Method::GET, "/api/v1/session")
            .await
            .json();
        let may: Vec<&str> = state["may"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one.as_str())
            .collect();
        for (method, path) in routes() {
            let Some(Need::May(action)) = policy::need(method.as_str(), &path) else {
                continue;
            };
            // What changes the world would change it for the next: only refusals are looked at.
            let allowed = may.contains(&action.identifier());
            if method != Method::GET && allowed {
                continue;
            }
            if path == "/api/v1/events" && allowed {
                continue;
            }
            let answer = told(
                &test,
                &guest,
                &method,
                &named(&path, SITE, "lot-1", "x", "1"),
            )
            .await;
            assert_eq!(
                answer.status == StatusCode::FORBIDDEN,
                !allowed,
                "{name} {method} {path}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(
                answer.status.as_u16() < 500,
                "{name} {method} {path}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn what_is_foreign_is_answered_as_what_does_not_exist() {
    let test = world(true);
    let (agent, outage) = (foreign_agent(&test), foreign_outage_number(&test));
    let absent_agent = "0".repeat(agent.len());
    let absent_outage = "9".repeat(outage.len());
    for name in SCOPED {
        let guest = guest(name);
        for (method, path) in routes() {
            let parametrised = [
                "/sites/{id}",
                "/agreements/{id}",
                "/agents/{id}",
                "/groups/{id}",
            ];
            if !parametrised.iter().any(|one| path.contains(one)) {
                continue;
            }
            let foreign = named(&path, FOREIGN_SITE, FOREIGN_AGREEMENT, &agent, &outage);
            let absent = named(
                &path,
                ABSENT_SITE,
                ABSENT_AGREEMENT,
                &absent_agent,
                &absent_outage,
            );
            let seen = told(&test, &guest, &method, &foreign).await;
            let mut none = told(&test, &guest, &method, &absent).await;
            let text = none
                .text()
                .replace(ABSENT_SITE, FOREIGN_SITE)
                .replace(ABSENT_AGREEMENT, FOREIGN_AGREEMENT)
                .replace(&absent_agent, &agent)
                .replace(&absent_outage, &outage);
            none.body = text.into_bytes();
            assert_eq!(seen.text(), none.text(), "{name} {method} {path}");
            assert_eq!(seen, none, "{name} {method} {path}");
            let refused = [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN];
            assert!(
                refused.contains(&seen.status),
                "{name} {method} {path}: {}",
                seen.text()
            );
        }
    }
}

/// Routes without parameters, with every question that could tell of what is foreign.
const QUESTIONS: [&str; 28] = [
    "/ogc/collections/outages/items",
    "/ogc/collections/outages/items/2",
    "/ogc/collections/sites/items?bbox=15.2,-4.4,15.4,-4.2",
    "/ogc/collections/sites/items/CG-CANARI",
    "/ogc/collections/plans/items",
    "/ogc/collections/gaps/items/CG-CANARI",
    "/api/v1/sites?query=canari",
    "/api/v1/sites?kind=court",
    "/api/v1/sites?state=down",
    "/api/v1/sites?limit=1",
    "/api/v1/sites?region=R%C3%A9gion%20canari",
    "/api/v1/outages?limit=1",
    "/api/v1/outages?site=CG-CANARI",
    "/api/v1/outages?kind=court",
    "/api/v1/outages?cause=upstream",
    "/api/v1/outages/groups?limit=1",
    "/api/v1/outages/groups?region=R%C3%A9gion%20canari",
    "/api/v1/outages/export?language=en",
    "/api/v1/agents?query=canari",
    "/api/v1/agents?sort=software",
    "/api/v1/agreements?limit=1",
    "/api/v1/map/sites?ids=%5B%22CG-CANARI%22%5D",
    "/api/v1/sites/CG-1/months/2026-06?agreement=lot-canari",
    "/api/v1/sites/CG-1/months/2026-06/slots?agreement=lot-canari",
    "/api/v1/sites/CG-1/months/2026-06/slots?format=json",
    "/api/v1/sites/CG-1/history?target=portail-canari",
    "/api/v1/plans/current?limit=1",
    "/api/v1/plans/current/export?format=geojson",
];

#[tokio::test]
async fn a_world_with_what_is_foreign_looks_like_one_without_it() {
    let (with, without) = (world(true), world(false));
    let own_outage = {
        let page = told(
            &with,
            &guest("administrator"),
            &Method::GET,
            "/api/v1/outages?site=CG-1",
        )
        .await
        .json();
        page["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let own_agent = with.agent.to_string();
    let mut asked: Vec<String> = routes()
        .into_iter()
        .filter(|(method, path)| *method == Method::GET && path != "/api/v1/events")
        .map(|(_, path)| named(&path, SITE, "lot-1", &own_agent, &own_outage))
        .collect();
    asked.extend(QUESTIONS.map(str::to_owned));
    let mut compared = 0;
    for name in SCOPED {
        let guest = guest(name);
        for path in &asked {
            let mut seen = told(&with, &guest, &Method::GET, path).await;
            let alone_path = path.replace(&own_agent, &without.agent.to_string());
            let mut alone = told(&without, &guest, &Method::GET, &alone_path).await;
            // The own agent's name is drawn anew in each world.
            seen.forget(&own_agent);
            alone.forget(&without.agent.to_string());
            // What was typed is repeated to who typed it, and says nothing.
            let typed = path.contains(CANARY) || path.contains("CANARI");
            let told_it = seen.text().to_lowercase().contains(CANARY);
            assert!(typed || !told_it, "{name} {path}: {}", seen.text());
            assert_eq!(seen.text(), alone.text(), "{name} {path}");
            assert_eq!(seen, alone, "{name} {path}");
            compared += usize::from(seen.status == StatusCode::OK);
        }
        // The compact map too.
        let mut request = guest.asks(&Method::GET, "/api/v1/map", "");
        let kind = "application/vnd.desserte.map".parse().unwrap();
        request.headers_mut().insert("accept", kind);
        let seen = Told::of(with.send(request).await).await;
        assert!(
            !seen.text().to_lowercase().contains(CANARY),
            "{name} compact map"
        );
    }
    assert!(compared > 100, "only {compared} answers were compared");
    // And whoever sees the whole country does see it: the comparison can fail.
    for name in WHOLE {
        let seen = told(&with, &guest(name), &Method::GET, "/api/v1/sites").await;
        assert!(seen.text().contains(FOREIGN_SITE), "{name}");
    }
}

#[tokio::test]
async fn a_token_without_sensitive_sites_sees_none_of_them() {
    let test = world(true);
    let viewer = Viewer {
        who: Who::Token {
            id: "t".to_owned(),
            name: "T".to_owned(),
        },
        role: desserte::doors::role::Role::Planner,
        scope: Scope::of(desserte::doors::role::Role::Planner, &[], false),
    };
    let app = test.app.seen_by(std::sync::Arc::new(viewer));
    assert!(app.directory().site(FOREIGN_SITE).is_none(), "a court");
    assert!(app.directory().site("CG-2").is_some(), "a school");
    assert!(app.directory().agreement(FOREIGN_AGREEMENT).is_none());
    assert_eq!(app.tally().total, 5);
}

/// Outages, exclusions and comments are numbered; foreign ones are entered before and between the own.
#[tokio::test]
async fn the_number_of_what_is_own_tells_not_how_much_is_foreign() {
    let mut numbers = Vec::new();
    for with_foreign in [true, false] {
        let test = world(with_foreign);
        let mut found = Vec::new();
        for reason in ["un", "deux"] {
            let body = json!({"from": "2026-06-14T10:00:00Z", "to": "2026-06-14T11:00:00Z",
                "class": "maintenance", "kind": "planned_works", "reason": reason});
            let comment = json!({"site": SITE, "outage_start": "2026-06-14T10:00:00Z",
                "text": reason});
            for (path, body) in [
                ("exclusions", &body),
                ("statements/2026-06/contests", &comment),
            ] {
                let enter = async |name, agreement| {
                    let path = format!("/api/v1/agreements/{agreement}/{path}");
                    let is_own = agreement == "lot-1";
                    let site = if is_own { SITE } else { FOREIGN_SITE };
                    let body = body.to_string().replace(SITE, site);
                    let request = guest(name).asks(&Method::POST, &path, &body);
                    let told = Told::of(test.send(request).await).await;
                    assert_eq!(told.status, StatusCode::CREATED, "{path}: {}", told.text());
                    told.json()["id"].as_i64().unwrap()
                };
                if with_foreign {
                    let foreign = enter("administrator", FOREIGN_AGREEMENT).await;
                    assert!(!found.contains(&foreign));
                }
                found.push(enter("contractor", "lot-1").await);
            }
        }
        let own = SiteOutage {
            site: SITE.to_owned(),
            start_unix_ms: NOW_MS - 90 * 60_000,
            end_unix_ms: Some(NOW_MS - 80 * 60_000),
            ..foreign_outage()
        };
        let source = test.app.source();
        let stored = source.replace_outages(SITE, 0, &SiteTest::default(), &[own]);
        found.push(stored.unwrap()[0].id);
        numbers.push(found);
    }
    assert_eq!(numbers[0], numbers[1]);
    let mut sorted = numbers[0].clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 5);
    assert!(
        sorted.windows(2).all(|two| two[1] - two[0] > 1_000),
        "{sorted:?}"
    );
}
