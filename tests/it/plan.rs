//! `desserte plan` as its user runs it: import, plan, read the files, compare, drop.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
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
fn country(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    let mut rows = "id,name,kind,latitude,longitude,region\n".to_owned();
    for number in 0..10 {
        let east = 11.0 + f64::from(number) * 0.001;
        writeln!(rows, "V-{number},Village {number},school,0.18,{east},North").unwrap();
    }
    for number in 0..3 {
        let east = 10.0 + f64::from(number) * 0.1;
        writeln!(rows, "L-{number},Line {number},post,0.001,{east},South").unwrap();
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

/// A country with a scenario, and the plans that are made of them.
struct Planning {
    folder: tempfile::TempDir,
    data: PathBuf,
    scenario: PathBuf,
}

impl Planning {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = country(folder.path());
        let scenario = folder.path().join("scenario.toml");
        std::fs::write(&scenario, SCENARIO).unwrap();
        Self {
            folder,
            data,
            scenario,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Plans by a scenario; the file, and what was said.
    fn plan(&self, scenario: &Path, name: &str, format: &str) -> (PathBuf, String) {
        let output = self.path(name);
        let (_, said) = ran(&[
            "plan",
            "--data",
            text(&self.data),
            "--scenario",
            text(scenario),
            "--output",
            text(&output),
            "--format",
            format,
        ]);
        (output, said)
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_plan_is_made_read_by_other_programs_kept_and_compared() {
    let planning = Planning::new();
    let (output, said) = planning.plan(&planning.scenario, "plan.json", "json");
    for part in [
        "kept: 13 sites to build",
        "straight lines × 1.3",
        "layer absent: masts",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    follows_its_scenario(&json(&output)["programme"]);
    is_the_same_on_one_thread(&planning, &output);
    opens_elsewhere(&planning);
    is_kept_and_compared(&planning);
}

fn follows_its_scenario(programme: &Value) {
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
}

/// The same inputs give the same plan, byte by byte, on one thread too.
fn is_the_same_on_one_thread(planning: &Planning, output: &Path) {
    let again = planning.path("again.json");
    let alone = Command::new(env!("CARGO_BIN_EXE_desserte"))
        .env("RAYON_NUM_THREADS", "1")
        .args([
            "plan",
            "--data",
            text(&planning.data),
            "--scenario",
            text(&planning.scenario),
            "--format",
            "json",
        ])
        .args(["--output", text(&again)])
        .output()
        .unwrap();
    assert!(alone.status.success());
    assert_eq!(
        std::fs::read(output).unwrap(),
        std::fs::read(&again).unwrap()
    );
}

/// Tables, a map and a workbook, read by other programs.
fn opens_elsewhere(planning: &Planning) {
    let (csv, _) = planning.plan(&planning.scenario, "plan.csv", "csv");
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
    let (geojson, _) = planning.plan(&planning.scenario, "plan.geojson", "geojson");
    let map = json(&geojson);
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
    let (xlsx, _) = planning.plan(&planning.scenario, "plan.xlsx", "xlsx");
    let book: calamine::Xlsx<_> = calamine::open_workbook(&xlsx).unwrap();
    assert_eq!(calamine::Reader::sheet_names(&book).len(), 3);
}

/// What was planned twice is kept once; another scenario is another plan, that can be compared and dropped.
fn is_kept_and_compared(planning: &Planning) {
    let data = &planning.data;
    let poor = planning.path("poor.toml");
    let less = SCENARIO
        .replace("400000000", "10")
        .replace("two phases", "poor");
    std::fs::write(&poor, less).unwrap();
    planning.plan(&poor, "poor.json", "json");
    let (listed, _) = ran(&["plan", "list", "--data", text(data)]);
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
    let (changes, said) = ran(&["plan", "compare", &rich, &poor, "--data", text(data)]);
    let changes: Value = serde_json::from_str(&changes).unwrap();
    assert!(!changes.as_array().unwrap().is_empty());
    assert!(said.contains("14 sites in both"), "{said}");
    ran(&["plan", "drop", &poor, "--data", text(data)]);
    refused(&["plan", "drop", &poor, "--data", text(data)], &[&poor]);
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
