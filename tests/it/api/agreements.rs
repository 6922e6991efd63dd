//! Exclusions, statements and the list of slots, over the interface.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::app::{NOW_MS, SITE, SLOT_MS, TestApp};
use super::routes::refused;

/// The test agreement with the line at fault: its only target counts as the line.
const BAD: [i64; 8] = [20, 19, 18, 17, 16, 15, 14, 13];

fn moment(back: i64) -> String {
    jiff::Timestamp::from_millisecond(NOW_MS - back * SLOT_MS)
        .unwrap()
        .to_string()
}

fn request(kind: &str, (from, to): (i64, i64)) -> String {
    json!({
        "from": moment(from), "to": moment(to), "class": "maintenance", "kind": kind,
        "requested_by": "A. Mbemba", "reason": "the fibre is moved",
    })
    .to_string()
}

const LIST: &str = "/api/v1/agreements/lot-1/exclusions";
const MONTH: &str = "/api/v1/sites/CG-1/months/2026-06?agreement=lot-1";

async fn enter(test: &TestApp, kind: &str, span: (i64, i64)) -> i64 {
    let (status, entered) = test.post(LIST, &request(kind, span)).await;
    assert_eq!(status, StatusCode::CREATED, "{entered}");
    assert_eq!(entered["state"], "requested");
    entered["id"].as_i64().unwrap()
}

async fn approve(test: &TestApp, id: i64, person: &str) -> (StatusCode, Value) {
    let body = json!({ "approved_by": person }).to_string();
    test.post(&format!("{LIST}/{id}/approve"), &body).await
}

#[tokio::test]
async fn works_count_from_their_approval_by_another_person_to_their_withdrawal() {
    let test = TestApp::new(90, &BAD);
    let id = enter(&test, "planned_works", (20, 15)).await;
    let month = test.ok(MONTH).await;
    assert_eq!(
        (&month["excluded_slots"], &month["down_slots"]),
        (&json!(0), &json!(8))
    );
    let (status, problem) = approve(&test, id, "a mbemba").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("same_person"))
    );
    let (status, approved) = approve(&test, id, "C. Ngoma").await;
    assert_eq!(
        (status, &approved["state"]),
        (StatusCode::OK, &json!("approved"))
    );
    let month = test.ok(MONTH).await;
    assert_eq!(
        (&month["excluded_slots"], &month["down_slots"]),
        (&json!(5), &json!(3))
    );
    let shown = test.ok("/api/v1/sites/CG-1/exclusions").await;
    assert_eq!(shown["items"][0]["id"], id);
    let none = test
        .ok(&format!(
            "/api/v1/sites/CG-1/exclusions?from={}",
            moment(15)
        ))
        .await;
    assert_eq!(none["items"], json!([]));
    let body = json!({ "withdrawn_by": "A. Mbemba", "reason": "put off" }).to_string();
    let (status, _) = test.post(&format!("{LIST}/{id}/withdraw"), &body).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(test.ok(MONTH).await["down_slots"], 8);
    let listed = test.ok(LIST).await;
    assert_eq!(listed["items"][0]["state"], "withdrawn");
    assert_eq!(listed["items"][0]["withdrawn_reason"], "put off");
    let (status, problem) = approve(&test, id, "C. Ngoma").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("conflict"))
    );
}

#[tokio::test]
async fn a_stop_clock_is_off_the_repair_time_and_nothing_else() {
    let test = TestApp::new(90, &BAD);
    let before = test.ok(MONTH).await;
    assert_eq!(before["mttr_minutes"], "8.000000");
    let id = enter(&test, "stop_clock", (18, 14)).await;
    approve(&test, id, "C. Ngoma").await;
    let month = test.ok(MONTH).await;
    assert_eq!(month["mttr_minutes"], "4.000000");
    assert_eq!(month["stopped_slots"], 4);
    assert_eq!(month["outages"][0]["stopped_slots"], 4);
    for same in [
        "availability",
        "down_slots",
        "excluded_slots",
        "promise",
        "coverage",
    ] {
        assert_eq!(month[same], before[same], "{same}");
    }
}

#[tokio::test]
async fn entries_that_cannot_be_are_refused_by_field() {
    let test = TestApp::new(10, &[]);
    let mut body: Value = serde_json::from_str(&request("planned_works", (9, 5))).unwrap();
    for (field, value) in [
        ("from", "yesterday"),
        ("to", "2026-06-01T00:00:00Z"),
        ("class", "holiday"),
        ("kind", "works"),
        ("site", "CG-2"),
        ("requested_by", ""),
        ("reason", " "),
    ] {
        let right = body[field].clone();
        body[field] = json!(value);
        let (status, problem) = test.post(LIST, &body.to_string()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{field}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{field}:")), "{detail}");
        body[field] = right;
        if body[field].is_null() {
            body.as_object_mut().unwrap().remove(field);
        }
    }
    // May was closed on 11 June; the test's day is 15 June.
    body["from"] = json!("2026-05-10T00:00:00Z");
    body["to"] = json!("2026-05-10T01:00:00Z");
    let (status, problem) = test.post(LIST, &body.to_string()).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("month_closed"))
    );
    let (status, _) = test
        .post("/api/v1/agreements/x/exclusions", &body.to_string())
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = approve(&test, 77, "C. Ngoma").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    refused(
        &test,
        &format!("{LIST}?cursor=!"),
        StatusCode::BAD_REQUEST,
        "invalid_parameter",
    )
    .await;
}

#[tokio::test]
async fn exclusions_come_in_pages() {
    let test = TestApp::new(10, &[]);
    for back in [9, 8, 7] {
        enter(&test, "other", (back, back - 1)).await;
    }
    let first = test.ok(&format!("{LIST}?limit=2")).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = first["next"].as_str().unwrap();
    let second = test.ok(&format!("{LIST}?limit=2&cursor={next}")).await;
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn a_statement_has_the_whole_the_sites_the_exclusions_and_the_method() {
    let test = TestApp::new(90, &BAD);
    enter(&test, "planned_works", (20, 15)).await;
    let statement = test.ok("/api/v1/agreements/lot-1/statements/2026-06").await;
    assert_eq!(statement["customer"], "Ministère");
    assert_eq!(statement["closes_at"], "2026-07-10T23:00:00Z");
    assert_eq!(statement["exclusions"][0]["state"], "requested");
    assert_eq!(statement["method"]["n_enter"], 5);
    assert_eq!(
        statement["method"]["liability"]["destination"],
        "not_charged"
    );
    let (total, site) = (&statement["total"], &statement["sites"][0]);
    for same in [
        "down_slots",
        "up_slots",
        "period_slots",
        "days",
        "promise",
        "mttr_minutes",
    ] {
        assert_eq!(total[same], site[same], "{same}");
    }
    assert_eq!(total["pooled"]["percent"], "91.111111");
    assert_eq!(total["worst_site"], SITE);
    // A destination that does not answer is nobody's line: the promise is kept without it.
    assert_eq!(total["promise"]["verdict"], "kept");
    assert_eq!(total["promise"]["not_charged_slots"], 8);
    assert_eq!(total["promise"]["lowest"]["percent"], "100.000000");
    assert_eq!(site["outages"][0]["liability"], "not_charged");
    // 13 h before noon of 15 June in Brazzaville have 20,940 slots; the rest of 43,200 is to come.
    assert_eq!(total["promise"]["allowed_minutes"], "111.000000");
    let months = test.ok("/api/v1/agreements/lot-1/months?count=3").await;
    let names: Vec<&str> = months["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["month"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["2026-06", "2026-05", "2026-04"]);
    assert_eq!(months["items"][0]["pooled"], total["pooled"]);
    assert_eq!(months["items"][1]["promise"]["verdict"], "nothing_measured");
    let all = test.ok("/api/v1/agreements/lot-1/months?count=24").await;
    assert_eq!(
        all["items"].as_array().unwrap().len(),
        6,
        "it holds since January"
    );
    for wrong in ["0", "25", "x"] {
        let path = format!("/api/v1/agreements/lot-1/months?count={wrong}");
        refused(&test, &path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
    }
}

/// Samples that come later change a closed month that was computed before.
#[tokio::test]
async fn a_month_that_was_kept_is_computed_anew_when_samples_of_it_come() {
    let test = TestApp::new(90, &BAD);
    let may = "/api/v1/sites/CG-1/months/2026-05";
    assert_eq!(test.ok(may).await["measured_slots"], 0);
    let before = test.ok(MONTH).await;
    assert_eq!(test.ok(MONTH).await, before);
    test.late_sample(NOW_MS - 20 * 86_400_000);
    assert_eq!(test.ok(may).await["measured_slots"], 1);
}

mod slots {
    use super::super::app::{bytes, request as http};
    use super::*;
    use axum::body::Body;
    use axum::http::{Method, header};

    async fn text(test: &TestApp, query: &str) -> String {
        let path = format!("/api/v1/sites/CG-1/months/2026-06/slots{query}");
        let response = test.send(http(Method::GET, &path, Body::empty())).await;
        assert_eq!(response.status(), StatusCode::OK);
        let disposition = response.headers()[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap();
        assert!(
            disposition.contains("desserte-lot-1-CG-1-2026-06."),
            "{disposition}"
        );
        String::from_utf8(bytes(response).await).unwrap()
    }

    /// What a person does with the file and nothing else: the share up of what counts, and the same
    /// from the states by the rule of the agreement (five in a row).
    fn recomputed(rows: &[Vec<&str>], [state, counted]: [usize; 2], words: [&str; 4]) -> [f64; 2] {
        let [up, down, good, bad] = words;
        let count = |word: &str| rows.iter().filter(|row| row[counted] == word).count();
        let number = |count: usize| f64::from(u32::try_from(count).unwrap());
        let share = |up: usize, down: usize| 100.0 * number(up) / number(up + down);
        let known: Vec<bool> = rows
            .iter()
            .filter(|row| row[counted] == up || row[counted] == down)
            .filter(|row| row[state] == good || row[state] == bad)
            .map(|row| row[state] == bad)
            .collect();
        let runs = known.chunk_by(|left, right| left == right);
        let down_slots: usize = runs
            .filter(|run| run[0] && run.len() >= 5)
            .map(<[bool]>::len)
            .sum();
        [
            share(count(up), count(down)),
            share(known.len() - down_slots, down_slots),
        ]
    }

    #[tokio::test]
    async fn the_availability_is_recomputed_from_the_file_alone() {
        let test = TestApp::new(90, &BAD);
        let works = enter(&test, "planned_works", (60, 50)).await;
        approve(&test, works, "C. Ngoma").await;
        let clock = enter(&test, "stop_clock", (16, 14)).await;
        approve(&test, clock, "C. Ngoma").await;
        let month = test.ok(MONTH).await;
        let wanted: f64 = month["availability"]["percent"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        for (query, separator, words, mark) in [
            (
                "?language=fr",
                ';',
                ["disponible", "indisponible", "bon", "mauvais"],
                "\u{feff}",
            ),
            (
                "?language=en&agreement=lot-1&format=csv",
                ',',
                ["up", "down", "good", "bad"],
                "",
            ),
        ] {
            let text = text(&test, query).await;
            let body = text.strip_prefix(mark).unwrap();
            let rows: Vec<Vec<&str>> = body
                .lines()
                .map(|line| line.split(separator).collect())
                .collect();
            let (head, rows) = rows.split_first().unwrap();
            assert_eq!(rows.len() as u64, month["period_slots"].as_u64().unwrap());
            assert!(rows.iter().all(|row| row.len() == head.len()), "{head:?}");
            for found in recomputed(rows, [9, 11], words) {
                assert!((found - wanted).abs() < 5e-7, "{found} is not {wanted}");
            }
            let of =
                |column: usize, word: &str| rows.iter().filter(|row| row[column] == word).count();
            assert_eq!(of(12, "maintenance"), 10);
            assert_eq!(of(13, "maintenance"), 2);
            assert_eq!(of(14, "destination"), 8);
            let last = rows.last().unwrap();
            assert_eq!(
                (last[4], last[5]),
                ("2026-06-15T12:59:00+01:00", "2026-06-15T11:59:00Z")
            );
            assert_eq!((last[7], last[8]), ("1", "1"));
        }
    }

    #[tokio::test]
    async fn json_says_the_same_and_wrong_parameters_are_refused() {
        let test = TestApp::new(90, &BAD);
        let file: Value = serde_json::from_str(&text(&test, "?format=json").await).unwrap();
        let slots = file["slots"].as_array().unwrap();
        let count = |word: &str| {
            slots
                .iter()
                .filter(|slot| slot["counted_as"] == word)
                .count()
        };
        assert_eq!((count("up"), count("down")), (82, 8));
        assert_eq!(file["time_zone"], "Africa/Brazzaville");
        assert_eq!(file["invented"], true);
        let bad = slots.iter().filter(|slot| slot["state"] == "bad");
        assert!(bad.clone().count() == 8 && bad.clone().all(|slot| slot["cause"] == "destination"));
        let base = "/api/v1/sites/CG-1/months/2026-06/slots";
        for wrong in ["?format=xlsx", "?language=de"] {
            let path = format!("{base}{wrong}");
            refused(&test, &path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
        }
        let path = format!("{base}?agreement=other");
        refused(&test, &path, StatusCode::NOT_FOUND, "not_found").await;
        let path = "/api/v1/sites/CG-1/months/2027-01/slots";
        refused(&test, path, StatusCode::BAD_REQUEST, "invalid_parameter").await;
    }
}
