//! Bringing files in over HTTP: kept, mapped, tried, decided, applied, taken back.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::app::{TestApp, bytes, json as answer, request};

const SITES: &str = "code;nom;type;latitude;longitude\n\
    1;École de Mbé;École primaire;-3,30;15,80\n\
    2;Ecole de Mbe;ecole;-3,3002;15,80\n\
    3;Mairie de Ngabé;Mairie;-3,20;16,10\n\
    4;Bar du port;Bar;-3,20;16,10\n\
    5;Hôpital;Hôpital;0;0\n";

async fn upload(test: &TestApp, name: &str, what: &str, content: &[u8]) -> (StatusCode, Value) {
    let path = format!("/api/v1/imports?name={name}&what={what}");
    let asked = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "127.0.0.1:8420")
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ACCEPT_LANGUAGE, "fr")
        .body(Body::from(content.to_vec()))
        .unwrap();
    answer(test.send(asked).await).await
}

async fn staged(test: &TestApp) -> (String, Value) {
    let (status, detail) = upload(test, "ecoles.csv", "sites", SITES.as_bytes()).await;
    assert_eq!(status, StatusCode::CREATED, "{detail}");
    (detail["import"]["id"].as_str().unwrap().to_owned(), detail)
}

const SIGNED: &str = r#"{"author":"A. Planificatrice","reason":"recensement 2026"}"#;

#[tokio::test]
async fn a_file_walks_from_the_disk_to_the_map_and_back() {
    let test = TestApp::new(0, &[]);
    let (id, detail) = staged(&test).await;
    let mapping = &detail["mapping"];
    assert_eq!(mapping["columns"]["name"], json!(["nom"]));
    assert_eq!(mapping["kind_scheme"], "words");
    let run = &detail["dry_run"];
    assert_eq!(
        (&run["rows_read"], &run["accepted"]),
        (&json!(5), &json!(3))
    );
    assert_eq!((&run["refused"], &run["pairs"]), (&json!(2), &json!(1)));
    let before = test.ok("/api/v1/map").await["id"].as_array().unwrap().len();

    let refused = test
        .ok(&format!("/api/v1/imports/{id}/refusals?limit=1"))
        .await;
    assert_eq!(refused["items"][0]["row"], 5);
    assert_eq!(refused["items"][0]["code"], "kind_unknown");
    let next = refused["next"].as_str().unwrap();
    let rest = format!("/api/v1/imports/{id}/refusals?cursor={next}");
    assert_eq!(test.ok(&rest).await["items"][0]["code"], "null_island");
    let file = format!("/api/v1/imports/{id}/refusals/export?language=en");
    let csv = bytes(test.send(request(Method::GET, &file, Body::empty())).await).await;
    let csv = String::from_utf8(csv).unwrap();
    assert!(
        csv.starts_with("file,row,field,value,code,reason\r\necoles.csv,5,type,Bar,"),
        "{csv}"
    );

    let (keep, other) = taken_as_one(&test, &id).await;
    applied_and_undone(&test, &id, before, (&keep, &other)).await;

    // The same file again opens the sites again.
    let (id, detail) = staged(&test).await;
    assert_eq!(detail["dry_run"]["changed"], 3, "{}", detail["dry_run"]);
    let (status, _) = test
        .post(&format!("/api/v1/imports/{id}/apply"), SIGNED)
        .await;
    assert_eq!(status, StatusCode::OK);
    let now = test.ok("/api/v1/map").await["id"].as_array().unwrap().len();
    assert_eq!(now, before + 3);
}

/// Decides by a rule that the file's only pair is one site; answers the pair.
async fn taken_as_one(test: &TestApp, id: &str) -> (String, String) {
    let pairs = format!("/api/v1/imports/{id}/duplicates");
    let pair = &test.ok(&pairs).await["items"][0];
    assert!(pair["likeness"].as_f64().unwrap() > 0.99, "{pair}");
    assert_eq!(pair["keep"]["source"], "ecoles.csv");
    let named = |side: &str| pair[side]["id"].as_str().unwrap().to_owned();
    let (keep, other) = (named("keep"), named("other"));
    let rule =
        r#"{"rule":{"metres_max":50,"likeness_min":0.9,"same_kind":true,"decision":"same"}}"#;
    let (status, changed) = test.post(&pairs, rule).await;
    assert_eq!(
        (status, &changed["changed"]),
        (StatusCode::OK, &json!(1)),
        "{changed}"
    );
    assert_eq!(test.ok(&pairs).await["items"][0]["decision"], "same");
    (keep, other)
}

/// Applies the import and takes it back; `before` sites were on the map.
async fn applied_and_undone(test: &TestApp, id: &str, before: usize, (keep, other): (&str, &str)) {
    let apply = format!("/api/v1/imports/{id}/apply");
    let (status, refused) = test.post(&apply, r#"{"author":" ","reason":"x"}"#).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    let (status, done) = test.post(&apply, SIGNED).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!(done["import"]["applied"]["added"], 3);
    assert_eq!(done["import"]["applied"]["merged"], 1);
    let after = test.ok("/api/v1/map").await["id"].as_array().unwrap().len();
    assert_eq!(after, before + 2, "two of the three are one");
    let registry = test.app.source().registry();
    assert_eq!(registry.resolve_site(other).unwrap().as_deref(), Some(keep));
    assert_eq!(registry.site_aliases(keep).unwrap(), [other]);
    let (again, _) = test.post(&apply, SIGNED).await;
    assert_eq!(again, StatusCode::NOT_FOUND, "it waits no longer");

    let undo = format!("/api/v1/imports/{id}/undo");
    let (status, undone) = test.post(&undo, SIGNED).await;
    assert_eq!(status, StatusCode::OK, "{undone}");
    assert_eq!(undone["import"]["state"], "undone");
    assert_eq!(undone["import"]["undone"]["kept"], json!([]));
    let restored = test.ok("/api/v1/map").await["id"].as_array().unwrap().len();
    assert_eq!(restored, before);
    let (status, twice) = test.post(&undo, SIGNED).await;
    assert_eq!(
        (status, &twice["code"]),
        (StatusCode::CONFLICT, &json!("conflict"))
    );
    let actions: Vec<String> = registry
        .audit_after(0)
        .unwrap()
        .into_iter()
        .map(|record| record.action)
        .collect();
    for action in [
        "import.apply",
        "site.merge",
        "import.undo",
        "site.duplicate.undo",
    ] {
        assert!(
            actions.iter().any(|one| one == action),
            "{action}: {actions:?}"
        );
    }
}

#[tokio::test]
async fn sites_that_are_there_are_merged_told_apart_and_parted() {
    let test = TestApp::new(0, &[]);
    let (id, _) = staged(&test).await;
    let (status, _) = test
        .post(&format!("/api/v1/imports/{id}/apply"), SIGNED)
        .await;
    assert_eq!(status, StatusCode::OK);
    let pair = test.ok("/api/v1/duplicates").await["items"][0].clone();
    let (keep, other) = (&pair["keep"]["id"], &pair["other"]["id"]);
    assert_eq!(pair["keep"]["known"], true);
    let decide = |decision: &str| {
        json!({ "author": "a", "reason": "r",
            "decisions": [{ "keep": other, "other": keep, "decision": decision }] })
        .to_string()
    };
    let (status, done) = test.post("/api/v1/duplicates", &decide("distinct")).await;
    assert_eq!(
        (status, &done["changed"]),
        (StatusCode::OK, &json!(1)),
        "{done}"
    );
    assert_eq!(
        test.ok("/api/v1/duplicates").await["items"],
        json!([]),
        "not proposed again"
    );
    let made = test.ok("/api/v1/duplicates/decisions").await["items"][0].clone();
    assert_eq!(made["verdict"], "distinct");
    let undo = |number: &Value| format!("/api/v1/duplicates/decisions/{number}/undo");
    let (status, _) = test.post(&undo(&made["id"]), SIGNED).await;
    assert_eq!(status, StatusCode::OK);

    let (status, _) = test.post("/api/v1/duplicates", &decide("same")).await;
    assert_eq!(status, StatusCode::OK);
    let made = test.ok("/api/v1/duplicates/decisions").await["items"][0].clone();
    assert_eq!(&made["survivor"], other, "the person chose the other one");
    let (_, sites) = test
        .get(&format!("/api/v1/sites/{}", keep.as_str().unwrap()))
        .await;
    let (status, _) = test.post(&undo(&made["id"]), SIGNED).await;
    assert_eq!(status, StatusCode::OK, "{sites}");
    assert_eq!(
        test.ok("/api/v1/duplicates").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let (status, _) = test.post(&undo(&made["id"]), SIGNED).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, _) = test.post(&undo(&json!(9_999)), SIGNED).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_used_since_stays_when_an_import_is_undone() {
    let test = TestApp::new(0, &[]);
    let (id, _) = staged(&test).await;
    test.post(&format!("/api/v1/imports/{id}/apply"), SIGNED)
        .await;
    let registry = test.app.source().registry();
    let decision = desserte::registry::Decision {
        author: "t",
        at_unix_ms: super::app::NOW_MS + 1,
        reason: "r",
    };
    registry
        .move_site("ecoles-3", (-3.21, 16.11), decision)
        .unwrap();
    registry
        .assign_agent(test.agent, "ecoles-1", decision)
        .unwrap();
    let (status, undone) = test
        .post(&format!("/api/v1/imports/{id}/undo"), SIGNED)
        .await;
    assert_eq!(status, StatusCode::OK, "{undone}");
    let kept = undone["import"]["undone"]["kept"].as_array().unwrap();
    let kept: Vec<(&str, &str)> = kept
        .iter()
        .map(|one| {
            (
                one["site"].as_str().unwrap(),
                one["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        kept,
        [("ecoles-1", "has_agent"), ("ecoles-3", "changed_since")]
    );
}

#[tokio::test]
async fn layers_are_named_before_they_are_applied_and_come_back() {
    let test = TestApp::new(0, &[]);
    let places = b"nom,lat,lon,population\nNgo,-2.48,15.75,12000\nGamboma,-1.87,15.86,0\n";
    let (_, detail) = upload(&test, "localites.csv", "places", places).await;
    let id = detail["import"]["id"].as_str().unwrap().to_owned();
    let apply = format!("/api/v1/imports/{id}/apply");
    let (status, refused) = test.post(&apply, SIGNED).await;
    assert_eq!(
        status,
        StatusCode::BAD_REQUEST,
        "no source, licence or date: {refused}"
    );
    let mut mapping = detail["mapping"].clone();
    mapping["layer"] = json!({ "name": "Localités", "source": "INS", "licence": "ouverte",
        "date": "2026", "uncertainty": "centre du village" });
    let put = format!("/api/v1/imports/{id}/mapping");
    let asked = request(Method::PUT, &put, Body::from(mapping.to_string()));
    let (status, detail) = answer(test.send(asked).await).await;
    assert_eq!(status, StatusCode::OK, "{detail}");
    assert_eq!(detail["dry_run"]["added"], 2);
    let preview = test.ok(&format!("/api/v1/imports/{id}/preview")).await;
    assert_eq!(preview["name"], json!(["Ngo", "Gamboma"]));
    let (status, done) = test.post(&apply, SIGNED).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let shown = test.ok("/api/v1/country/places.json").await;
    assert_eq!(shown["items"].as_array().unwrap().len(), 2);
    let (status, _) = test
        .post(&format!("/api/v1/imports/{id}/undo"), SIGNED)
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(test.app.layers().places.len(), 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_said_in_the_readers_language() {
    let test = TestApp::new(0, &[]);
    for (name, what, content, status, part) in [
        ("e.csv", "sites", &b" "[..], StatusCode::BAD_REQUEST, "vide"),
        (
            "e.xlsx",
            "sites",
            b"PK\x03\x04x",
            StatusCode::BAD_REQUEST,
            "XLSX illisible",
        ),
        ("e.csv", "rivers", b"a", StatusCode::BAD_REQUEST, "rivers"),
        ("", "sites", b"a", StatusCode::BAD_REQUEST, "name"),
        ("a%2Fb.csv", "sites", b"a", StatusCode::BAD_REQUEST, "name"),
    ] {
        let (got, problem) = upload(&test, name, what, content).await;
        assert_eq!(got, status, "{name}: {problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(part),
            "{name}: {problem}"
        );
    }
    let (_, detail) = upload(&test, "e.csv", "sites", b"a;b\n1;2\n").await;
    assert!(
        detail["problem"]["fr"]
            .as_str()
            .unwrap()
            .contains("aucune colonne"),
        "{detail}"
    );
    assert!(detail["dry_run"].is_null());
    let path = format!(
        "/api/v1/imports/{}",
        detail["import"]["id"].as_str().unwrap()
    );
    let (status, _) = answer(
        test.send(request(Method::DELETE, &path, Body::empty()))
            .await,
    )
    .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = test.get(&path).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    for wrong in ["..%2F..%2Fregistry", "x", "0123456789abcdef"] {
        let (status, _) = test.get(&format!("/api/v1/imports/{wrong}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

#[tokio::test]
async fn files_that_wait_are_bounded_and_foreign_pages_bring_none() {
    let test = TestApp::new(0, &[]);
    for number in 0..desserte::staging::STAGED_MAX {
        let (status, _) = upload(&test, &format!("{number}.csv"), "sites", b"a\n1\n").await;
        assert_eq!(status, StatusCode::CREATED);
    }
    let (status, problem) = upload(&test, "more.csv", "sites", b"a\n1\n").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("conflict"))
    );
    let foreign = |method: Method, path: &str, kind: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:8420")
            .header(header::ORIGIN, "http://evil.example")
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from("a\n1\n"))
            .unwrap()
    };
    for (method, path) in [
        (Method::POST, "/api/v1/imports?name=x.csv"),
        (Method::PUT, "/api/v1/imports/0123456789abcdef/mapping"),
        (Method::DELETE, "/api/v1/imports/0123456789abcdef"),
    ] {
        let asked = foreign(method.clone(), path, "application/octet-stream");
        let (status, problem) = answer(test.send(asked).await).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: {problem}");
    }
    let asked = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/imports?name=x.csv")
        .header(header::HOST, "127.0.0.1:8420")
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("a\n1\n"))
        .unwrap();
    assert_eq!(
        test.send(asked).await.status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
}
