//! The reference cases when they are there, and our own always, through the command's own code.

use crate::root;

#[path = "../../conformance/cases.rs"]
#[expect(
    unreachable_pub,
    reason = "the file is part of a public module of the collector"
)]
mod cases;

use cases::ConformanceError;

/// Kinds that only the collector can run: they go through the wire's own types.
const BESIDE: [&str; 2] = ["dedupe", "clock"];

fn run_sla(json: &str, out: &mut Vec<u8>) -> Result<bool, ConformanceError> {
    cases::run(json, out, &|_, _| None)
}

fn report(json: &str) -> (bool, String) {
    let mut out = Vec::new();
    let all = run_sla(json, &mut out).unwrap();
    (all, String::from_utf8(out).unwrap())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the reference folder is named by the environment"
)]
fn reference_cases_of_the_domain_pass() {
    let folder = std::env::var("DESSERTE_REFERENCE")
        .map_or_else(|_| root().join("../shared"), |name| root().join(name));
    let file = folder.join("cases/sla.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let mut cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    let list = cases["cases"].as_array_mut().unwrap();
    list.retain(|case| !BESIDE.contains(&case["kind"].as_str().unwrap()));
    assert!(list.len() >= 33, "{}", list.len());
    let (all, report) = report(&cases.to_string());
    assert!(all, "{report}");
}

#[test]
fn own_cases_pass() {
    let text = std::fs::read_to_string(root().join("tests/vectors/sla-own.json")).unwrap();
    let (all, report) = report(&text);
    assert!(all, "{report}");
    assert!(report.lines().count() > 5, "{report}");
}

#[test]
fn each_wrong_figure_is_named_with_what_was_expected_and_found() {
    let text = std::fs::read_to_string(root().join("tests/vectors/sla-own.json")).unwrap();
    let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    let first = cases["cases"][0].clone();
    for (field, value) in first["expected"].as_object().unwrap() {
        let mut wrong = first.clone();
        wrong["expected"] = serde_json::json!({ field: "other" });
        let file = serde_json::json!({ "model": "sla-ref-1", "cases": [wrong] });
        let (all, report) = report(&file.to_string());
        let line = format!("OWN01 fail {field}: expected \"other\", found {value}\n");
        assert!(
            !all && report == format!("{line}0 passed, 1 failed\n"),
            "{report}"
        );
    }
}

#[test]
fn what_cannot_be_judged_fails_and_says_so() {
    let run = |case: &str| {
        report(&format!(r#"{{"model":"sla-ref-1","cases":[{case}]}}"#))
            .1
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        run(r#"{"id":"X","kind":"horoscope","input":{},"expected":{"a":1}}"#),
        "X fail kind: \"horoscope\" is not known"
    );
    let loss = |input: &str, expected: &str| {
        run(&format!(
            r#"{{"id":"X","kind":"loss_slots","input":{input},"expected":{expected}}}"#
        ))
    };
    let good = r#"{"sent":5,"received":[5],"C":"0.2"}"#;
    assert_eq!(loss(good, r#"{"states":["G"]}"#), "X pass");
    assert_eq!(loss(good, "{}"), "X fail expected: no field to compare");
    assert_eq!(
        loss(good, r#"{"colour":1}"#),
        "X fail colour: this figure is not computed"
    );
    assert!(
        loss(
            r#"{"sent":5,"received":[5],"C":"0.2","x":1}"#,
            r#"{"states":["G"]}"#
        )
        .starts_with("X fail input: unknown field `x`")
    );
}

#[test]
fn a_file_of_another_shape_or_model_is_refused() {
    let error = |json: &str| run_sla(json, &mut Vec::new()).unwrap_err();
    assert!(matches!(error("[]"), ConformanceError::Read(_)));
    assert!(matches!(
        error(r#"{"model":"x","cases":[]}"#),
        ConformanceError::Model(_)
    ));
}
