//! `desserte plan` as its user runs it: import, plan, read the files, compare, drop.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn desserte(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_desserte"))
        .args(arguments)
        .args(["--language", "en"])
        .output()
        .unwrap()
}

fn ran(arguments: &[&str]) -> (String, String) {
    let output = desserte(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}

fn refused(arguments: &[&str], parts: &[&str]) {
    let output = desserte(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A line of fibre along the equator, ten sites in a village 20 km north, three beside the line, one far
/// away.
fn country(folder: &Path) -> std::path::PathBuf {
    let data = folder.join("data");
    let mut rows = "id,name,kind,latitude,longitude,region\n".to_owned();
    for number in 0..10 {
        let east = 11.0 + f64::from(number) * 0.001;
        rows.push_str(&format!(
            "V-{number},Village {number},school,0.18,{east},North\n"
        ));
    }
    for number in 0..3 {
        let east = 10.0 + f64::from(number) * 0.1;
        rows.push_str(&format!(
            "L-{number},Line {number},post,0.001,{east},South\n"
        ));
    }
    rows.push_str("F-1,Far,hospital,0.9,13.5,North\n");
    std::fs::write(folder.join("sites.csv"), rows).unwrap();
    let fibre = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"equator"},
        "geometry":{"type":"LineString","coordinates":[[9.0,0.0],[12.0,0.0]]}}]}"#;
    std::fs::write(folder.join("fibre.geojson"), fibre).unwrap();
    let places = "name,latitude,longitude,population\nVillage,0.18,11.0,4000\nLine,0.0,10.1,900\n";
    std::fs::write(folder.join("places.csv"), places).unwrap();
    let manifest = r#"
[[layer]]
kind = "fibre_lines"
file = "fibre.geojson"
name = "line"
source = "invented"
licence = "none"
date = "2026"
uncertainty = "invented"
[[layer]]
kind = "places"
file = "places.csv"
name = "places"
source = "invented"
licence = "none"
date = "2026"
uncertainty = "invented"
columns = { name = "name", latitude = "latitude", longitude = "longitude", population = "population" }
"#;
    std::fs::write(folder.join("layers.toml"), manifest).unwrap();
    let sites = folder.join("sites.csv");
    ran(&[
        "import",
        "sites",
        text(&sites),
        "--data",
        text(&data),
        "--apply",
    ]);
    let layers = folder.join("layers.toml");
    ran(&[
        "import",
        "layers",
        text(&layers),
        "--data",
        text(&data),
        "--apply",
    ]);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/examples");
    std::fs::copy(examples.join("costs.toml"), folder.join("costs.toml")).unwrap();
    data
}

const SCENARIO: &str = r#"
name = "two phases"
costs = "costs.toml"
benefit = "sites"
frontier_steps = 6
[[phases]]
name = "first"
capex_minor = 20000000
[[phases]]
name = "second"
capex_minor = 400000000
[[overrides]]
site = "F-1"
do = "exclude"
reason = "served by a neighbour"
author = "A. Ngoma"
[[cover]]
name = "points"
radius_metres = 5000
by_kind = { school = 1, post = 9 }
[ranking.criteria.fibre_distance]
weight = 1
[ranking.criteria.place_population]
weight = 1
"#;

#[test]
fn a_plan_is_made_read_by_other_programs_kept_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let data = country(folder.path());
    let scenario = folder.path().join("scenario.toml");
    std::fs::write(&scenario, SCENARIO).unwrap();
    let output = folder.path().join("plan.json");
    let plan = |scenario: &Path, output: &Path, format: &str| {
        ran(&[
            "plan",
            "--data",
            text(&data),
            "--scenario",
            text(scenario),
            "--output",
            text(output),
            "--format",
            format,
        ])
    };
    let (_, said) = plan(&scenario, &output, "json");
    for part in [
        "kept: 13 sites to build",
        "straight lines × 1.3",
        "layer absent: masts",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    let made: Value = serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap();
    let programme = &made["programme"];
    assert_eq!(programme["basis"]["along"], "straight_lines");
    let phases = programme["phases"].as_array().unwrap();
    for (phase, ceiling) in phases.iter().zip([20_000_000, 420_000_000]) {
        assert_eq!(phase["ceiling_minor"], ceiling);
        assert!(phase["total_capex_minor"].as_u64().unwrap() <= ceiling);
        assert!(phase["benefit"].as_u64().unwrap() <= phase["upper_bound"].as_u64().unwrap());
    }
    let sites = programme["sites"].as_array().unwrap();
    let of = |id: &str| sites.iter().find(|site| site["site"] == id).unwrap();
    assert_eq!(of("F-1")["decision"]["author"], "A. Ngoma");
    assert_eq!(of("F-1")["phase"], Value::Null);
    assert_eq!(of("L-0")["technology"], "fibre");
    let service = &programme["services"][0];
    assert_eq!(service["people_covered"], 4_900);
    assert_eq!(service["shortfalls"][0]["kind"], "post");
    assert_eq!(service["shortfalls"][0]["candidates"], 3);

    // The same inputs give the same plan, byte by byte, on one thread too.
    let again = folder.path().join("again.json");
    let alone = Command::new(env!("CARGO_BIN_EXE_desserte"))
        .env("RAYON_NUM_THREADS", "1")
        .args([
            "plan",
            "--data",
            text(&data),
            "--scenario",
            text(&scenario),
            "--format",
            "json",
        ])
        .args(["--output", text(&again)])
        .output()
        .unwrap();
    assert!(alone.status.success());
    assert_eq!(
        std::fs::read(&output).unwrap(),
        std::fs::read(&again).unwrap()
    );

    let csv = folder.path().join("plan.csv");
    plan(&scenario, &csv, "csv");
    let mut reader = csv::Reader::from_path(&csv).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|one| one == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 14);
    let far = rows
        .iter()
        .find(|row| &row[column("site")] == "F-1")
        .unwrap();
    assert_eq!(&far[column("decision")], "excluded");
    assert_eq!(&far[column("author of the decision")], "A. Ngoma");
    assert_eq!(&far[column("currency")], "XAF");
    let geojson = folder.path().join("plan.geojson");
    plan(&scenario, &geojson, "geojson");
    let map: Value = serde_json::from_slice(&std::fs::read(&geojson).unwrap()).unwrap();
    let lines = map["features"].as_array().unwrap().iter();
    assert!(
        lines
            .filter(|one| one["geometry"]["type"] == "LineString")
            .count()
            >= 3
    );
    assert_eq!(
        map["desserte_plan"]["programme"]["costs"]["currency"],
        "XAF"
    );
    let xlsx = folder.path().join("plan.xlsx");
    plan(&scenario, &xlsx, "xlsx");
    let book: calamine::Xlsx<_> = calamine::open_workbook(&xlsx).unwrap();
    assert_eq!(calamine::Reader::sheet_names(&book).len(), 3);

    let poor = folder.path().join("poor.toml");
    let less = SCENARIO
        .replace("400000000", "10")
        .replace("two phases", "poor");
    std::fs::write(&poor, less).unwrap();
    plan(&poor, &again, "json");
    let (listed, _) = ran(&["plan", "list", "--data", text(&data)]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let id = |name: &str| {
        let found = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        listed.as_array().unwrap().len(),
        2,
        "the same inputs are one plan"
    );
    let (rich, poor) = (id("two phases"), id("poor"));
    let (changes, said) = ran(&["plan", "compare", &rich, &poor, "--data", text(&data)]);
    let changes: Value = serde_json::from_str(&changes).unwrap();
    assert!(!changes.as_array().unwrap().is_empty());
    assert!(said.contains("14 sites in both"), "{said}");
    ran(&["plan", "drop", &poor, "--data", text(&data)]);
    refused(&["plan", "drop", &poor, "--data", text(&data)], &[&poor]);
}

#[test]
fn a_scenario_that_cannot_be_followed_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let data = country(folder.path());
    let scenario = folder.path().join("scenario.toml");
    let output = folder.path().join("plan.csv");
    let asked = [
        "plan",
        "--data",
        text(&data),
        "--scenario",
        text(&scenario),
        "--output",
        text(&output),
    ];
    for (change, parts) in [
        (("site = \"F-1\"", "site = \"F-2\""), vec!["F-2"]),
        (
            ("do = \"exclude\"", "do = \"pin\"\nphase = 3"),
            vec!["F-1", "no phase 3"],
        ),
        (
            ("do = \"exclude\"", "do = \"exclude\"\nphaze = 3"),
            vec!["phaze"],
        ),
        (("reason = \"served by a neighbour\"\n", ""), vec!["reason"]),
        (("costs = \"costs.toml\"\n", ""), vec!["costs"]),
        (("costs.toml", "nowhere.toml"), vec!["nowhere.toml"]),
        (
            ("radius_metres = 5000", "radius_metres = 0"),
            vec!["points", "radius_metres"],
        ),
    ] {
        std::fs::write(&scenario, SCENARIO.replace(change.0, change.1)).unwrap();
        refused(&asked, &parts);
        assert!(!output.exists(), "nothing is written: {parts:?}");
    }
    let missing = ["plan", "--data", text(&data), "--output", text(&output)];
    refused(&missing, &["--scenario"]);
}
