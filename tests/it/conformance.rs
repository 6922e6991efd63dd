//! The worked cases through the command's own code, those of the wire too.

use std::path::PathBuf;

use desserte::conformance::run_sla;

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
fn every_reference_case_passes() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var("DESSERTE_REFERENCE")
        .map_or_else(|_| root.join("../shared"), |name| root.join(name));
    let file = folder.join("cases/sla.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let (all, report) = report(&text);
    assert!(all, "{report}");
    assert!(report.ends_with("36 passed, 0 failed\n"), "{report}");
}

#[test]
fn every_own_case_passes() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sla-own.json");
    let (all, report) = report(&std::fs::read_to_string(file).unwrap());
    assert!(all, "{report}");
}

#[test]
fn entries_are_told_apart_by_agent_boot_and_sequence() {
    let run = |samples: &str, expected: &str| {
        report(&format!(
            r#"{{"model":"sla-ref-1","cases":[{{"id":"X","kind":"dedupe",
                "input":{{"samples":[{samples}]}},"expected":{expected}}}]}}"#
        ))
    };
    let (at, later) = ("\"2026-06-01T00:00:07Z\"", "\"2026-06-01T00:00:08Z\"");
    let boots = format!("[\"a\",1,7,{at},true],[\"a\",2,7,{at},false],[\"b\",1,7,{at},true]");
    assert!(run(&boots, r#"{"stored":3,"conflicts":0,"good":2}"#).0);
    let moved = format!("[\"a\",7,{at},true],[\"a\",7,{later},true]");
    assert!(
        run(
            &moved,
            r#"{"stored":1,"duplicates":0,"conflicts":1,"good":1}"#
        )
        .0
    );
}

#[test]
fn a_clock_of_parts_of_seconds_is_exact() {
    let (all, report) = report(
        r#"{"model":"sla-ref-1","cases":[{"id":"X","kind":"clock","input":{
            "anchor":{"wall":1000.5,"mono":10},
            "samples":[[1001.75,11.25],[1003.751,11.25],[999.749,11.25]],"max_skew_s":2},
            "expected":{"corrected":[1001.75,1001.75,1001.75],"flagged":[false,true,true]}}]}"#,
    );
    assert!(all, "{report}");
}
