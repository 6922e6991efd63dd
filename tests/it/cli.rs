//! The command line as processes: exit codes, messages, files.

use std::path::Path;
use std::process::{Command, Output};

const AGREEMENT: &str = super::api::AGREEMENT;

fn desserte(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_desserte"))
        .args(arguments)
        .args(["--language", "en"])
        .output()
        .unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn ends(output: &Output, code: i32, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

#[test]
fn usage_configuration_and_addresses_that_are_wrong_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    ends(&desserte(&["serv"]), 2, &["serve"]);
    let config = folder.path().join("desserte.toml");
    std::fs::write(&config, "[country]\ntime_zoen = 'UTC'\n").unwrap();
    let asked = ["check-config", "--config", text(&config)];
    ends(
        &desserte(&asked),
        2,
        &["desserte.toml", "time_zoen", "time_zone"],
    );
    std::fs::write(&config, "[country]\ntime_zone = 'UTC'\n").unwrap();
    ends(&desserte(&asked), 0, &[]);
    let data = folder.path().join("data");
    let open = [
        "serve",
        "--data",
        text(&data),
        "--agents",
        "127.0.0.1:0",
        "--web",
        "0.0.0.0:0",
    ];
    ends(&desserte(&open), 2, &["0.0.0.0:0", "loopback"]);
    let missing = ["conformance", "sla", "/nonexistent.json"];
    ends(&desserte(&missing), 2, &["/nonexistent.json"]);
}

#[test]
fn sites_are_imported_after_a_dry_run_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("sites.csv");
    let rows = "id,name,kind,latitude,longitude\nCG-1,Mairie,town_hall,-4.2,15.2\nCG-2,École,school,95,15\n";
    std::fs::write(&file, rows).unwrap();
    let import = ["import", "sites", text(&file), "--data", text(&data)];
    let list = ["sites", "list", "--data", text(&data), "--format", "json"];
    let dry = desserte(&import);
    ends(&dry, 0, &["Dry run"]);
    let report = String::from_utf8(dry.stdout).unwrap();
    assert!(report.contains("row 3, latitude"), "{report}");
    let none: Vec<serde_json::Value> = serde_json::from_slice(&desserte(&list).stdout).unwrap();
    assert!(none.is_empty());
    ends(&desserte(&[&import[..], &["--apply"]].concat()), 0, &[]);
    let sites: Vec<serde_json::Value> = serde_json::from_slice(&desserte(&list).stdout).unwrap();
    assert_eq!(sites.len(), 1);
    assert_eq!(sites[0]["name"], "Mairie");
    let moved = [
        "sites",
        "move",
        "CG-1",
        "--latitude",
        "-4.3",
        "--longitude",
        "15.3",
        "--reason",
        "GPS",
        "--data",
        text(&data),
    ];
    ends(&desserte(&moved), 0, &[]);
    let show = ["sites", "show", "CG-1", "--data", text(&data)];
    let versions: Vec<serde_json::Value> = serde_json::from_slice(&desserte(&show).stdout).unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[1]["latitude"], -4.3);
    let unknown = ["sites", "show", "CG-9", "--data", text(&data)];
    ends(&desserte(&unknown), 2, &["CG-9"]);
}

#[test]
fn agreements_codes_and_plans() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let sites = folder.path().join("sites.csv");
    std::fs::write(
        &sites,
        "id,name,kind,latitude,longitude\nCG-1,Mairie,town_hall,-4.2,15.2\n",
    )
    .unwrap();
    ends(
        &desserte(&[
            "import",
            "sites",
            text(&sites),
            "--data",
            text(&data),
            "--apply",
        ]),
        0,
        &[],
    );
    let agreement = folder.path().join("agreement.toml");
    std::fs::write(&agreement, AGREEMENT.replace("title", "titel")).unwrap();
    let add = ["agreements", "add", text(&agreement), "--data", text(&data)];
    ends(&desserte(&add), 2, &["agreement.toml", "titel"]);
    std::fs::write(&agreement, AGREEMENT).unwrap();
    ends(
        &desserte(&["agreements", "check", text(&agreement)]),
        0,
        &[],
    );
    ends(&desserte(&add), 0, &["lot-1"]);
    let list = desserte(&[
        "agreements",
        "list",
        "--data",
        text(&data),
        "--format",
        "csv",
    ]);
    assert!(String::from_utf8(list.stdout).unwrap().contains("lot-1"));
    let code = desserte(&["agents", "code", "--site", "CG-1", "--data", text(&data)]);
    ends(&code, 0, &[]);
    let code: serde_json::Value = serde_json::from_slice(&code.stdout).unwrap();
    desserte_probe::wire::enrol::Code::from_text(code["code"].as_str().unwrap()).unwrap();
    assert_eq!(code["site"], "CG-1");
    let scenario = folder.path().join("scenario.toml");
    std::fs::write(
        &scenario,
        "name = 'essai'\n[ranking.criteria]\nplace_population = { weight = 1 }\n",
    )
    .unwrap();
    let out = folder.path().join("plan.csv");
    let plan = [
        "plan",
        "--data",
        text(&data),
        "--scenario",
        text(&scenario),
        "--output",
        text(&out),
    ];
    ends(&desserte(&plan), 0, &[]);
    let written = std::fs::read_to_string(&out).unwrap();
    assert!(written.contains("CG-1"), "{written}");
}

#[test]
fn a_recording_is_replayed_in_virtual_time() {
    let folder = tempfile::tempdir().unwrap();
    let agreement = folder.path().join("agreement.toml");
    std::fs::write(&agreement, AGREEMENT).unwrap();
    let recording = folder.path().join("recording");
    std::fs::create_dir(&recording).unwrap();
    std::fs::write(
        recording.join("a.jsonl"),
        super::recording::lines(20, 5..13),
    )
    .unwrap();
    let replayed = desserte(&[
        "replay",
        text(&recording),
        "--agreement",
        text(&agreement),
        "--month",
        "2026-06",
    ]);
    ends(&replayed, 0, &[]);
    let replayed: serde_json::Value = serde_json::from_slice(&replayed.stdout).unwrap();
    let site = &replayed["sites"][0];
    assert_eq!(site["figures"]["down_slots"], 8, "{replayed}");
    assert_eq!(site["figures"]["up_slots"], 12);
    assert_eq!(site["outages"][0]["cause"], "destination");
    assert_eq!(replayed["without_time"], 0);
    std::fs::write(recording.join("b.jsonl"), "{\"received_at\":\"x\"}\n").unwrap();
    let broken = desserte(&[
        "replay",
        text(&recording),
        "--agreement",
        text(&agreement),
        "--month",
        "2026-06",
    ]);
    ends(&broken, 2, &["b.jsonl", "line 1"]);
}

/// A data folder with the agreement of the tests and its site.
fn with_agreement(folder: &Path) -> std::path::PathBuf {
    let data = folder.join("data");
    let sites = folder.join("sites.csv");
    let head = "id,name,kind,latitude,longitude,place,region,operator,invented\n";
    std::fs::write(&sites, format!("{head}CG-1,A,school,-4.2,15.2,,,,true\n")).unwrap();
    let import = ["import", "sites", text(&sites), "--data", text(&data)];
    ends(&desserte(&[&import[..], &["--apply"]].concat()), 0, &[]);
    let agreement = folder.join("agreement.toml");
    std::fs::write(&agreement, AGREEMENT).unwrap();
    let add = ["agreements", "add", text(&agreement), "--data", text(&data)];
    ends(&desserte(&add), 0, &[]);
    data
}

/// `desserte agreements …`, its words apart, under that data folder.
fn agreements(data: &Path, words: &str) -> Output {
    let asked: Vec<&str> = words.split_whitespace().collect();
    desserte(&[&["agreements"], &asked[..], &["--data", text(data)]].concat())
}

#[test]
fn an_exclusion_takes_two_people_and_stays_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let data = with_agreement(folder.path());
    let ask = |span: &str, kind: &str| {
        let who = "--class maintenance --requested-by A.Mbemba --reason works";
        agreements(&data, &format!("exclude lot-1 {span} --kind {kind} {who}"))
    };
    let span = "--from 2090-06-10T22:00:00+01:00 --to 2090-06-10T23:00:00+01:00";
    let turned = "--to 2090-06-10T22:00:00+01:00 --from 2090-06-10T23:00:00+01:00";
    let past = "--from 2026-01-01T00:00:00Z --to 2026-01-02T00:00:00Z";
    let vague = "--from tonight --to 2090-06-10T23:00:00+01:00";
    ends(&ask(vague, "other"), 2, &["--from", "with its offset"]);
    ends(
        &ask(span, "works"),
        2,
        &["planned_works, stop_clock, other"],
    );
    ends(&ask(turned, "other"), 2, &["to: must lie after from"]);
    ends(&ask(past, "other"), 2, &["closed"]);
    ends(&ask(span, "stop_clock"), 0, &["once approved"]);
    let listed = || {
        let listed = agreements(&data, "exclusions lot-1 --format json");
        serde_json::from_slice::<serde_json::Value>(&listed.stdout).unwrap()
    };
    let number = listed()[0]["id"].as_i64().unwrap();
    let approve = |person: &str| {
        let asked = format!("approve lot-1 {number} --approved-by {person}");
        agreements(&data, &asked)
    };
    ends(&approve("a.mbemba"), 2, &["somebody else must approve"]);
    ends(&approve("C.Ngoma"), 0, &["it counts"]);
    assert_eq!(listed()[0]["counts"], true);
    assert_eq!(listed()[0]["kind"], "stop_clock");
    let withdraw = format!("withdraw lot-1 {number} --withdrawn-by A --reason off");
    ends(&agreements(&data, &withdraw), 0, &["no more"]);
    assert_eq!(listed()[0]["counts"], false);
    assert_eq!(listed()[0]["withdrawn_by"], "A");
    let unknown = agreements(&data, "exclusions none");
    ends(&unknown, 2, &["no such agreement"]);
}
