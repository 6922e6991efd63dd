//! `desserte solve` as a process: answers, files that are refused, and published problems where the
//! reference folder has them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const GRAPH: &str = "SECTION Graph\nNodes 4\nEdges 4\nE 1 2 10\nE 2 3 2.5\nE 2 4 7\nE 1 1 1\nEND\n\
    SECTION Terminals\nTerminals 3\nT 1\nTP 4 20\nTP 3 2\nEND\nEOF\n";
const PLACES: &str = "4 9999 p S\n0 0 5\n3 4 1\n6 8 5\n100 100 6\n";

fn solve(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_desserte"))
        .arg("solve")
        .args(arguments)
        .output()
        .unwrap()
}

fn answer(arguments: &[&str]) -> Value {
    let output = solve(&[arguments, &["--format", "json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn answers_are_numbered_as_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let graph = file(folder.path(), "small.stp", GRAPH);
    let tree = answer(&["pcst", &graph]);
    assert_eq!(tree["objective"], 19.0);
    assert_eq!(tree["lower_bound"], 19.0);
    assert_eq!(tree["proved"], true);
    assert_eq!(tree["gap"], 0.0);
    assert_eq!(tree["edges"], serde_json::json!([[1, 2], [2, 4]]));
    assert_eq!(tree["nodes"], serde_json::json!([1, 2, 4]));
    assert_eq!(tree["facilities"], serde_json::json!([]));
    let rooted = answer(&["pcst", &graph, "--root", "3"]);
    assert_eq!(rooted["objective"], 19.5);
    let content = GRAPH.replace("TP 4 20", "T 4").replace("2.5", "3");
    let steiner = file(folder.path(), "small.gr", &content);
    assert_eq!(answer(&["steiner", &steiner])["objective"], 17);
    let places = file(folder.path(), "places.txt", PLACES);
    let cover = answer(&["mclp", &places, "--p", "2", "--radius", "5"]);
    assert_eq!(cover["objective"], 17);
    assert_eq!(cover["upper_bound"], 17);
    assert_eq!(cover["facilities"], serde_json::json!([2, 4]));
}

/// Refused with 2 in both languages, and nothing on stdout.
fn refused(arguments: &[&str], french: &str, english: &str) {
    for (language, part) in [("fr", french), ("en", english)] {
        let output = solve(&[arguments, &["--language", language]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(part), "{part:?} is not in {said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_bad_file_ends_with_2_its_line_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, content: String| file(folder.path(), name, &content);
    let bad = made("bad.stp", GRAPH.replace("E 2 4 7", "E 2 9 7"));
    refused(
        &["steiner", &bad],
        "bad.stp : ligne 6 : le nœud 9 n’est pas entre 1 et 4",
        "bad.stp: line 6: node 9 is not among 1 to 4",
    );
    let apart = GRAPH.replace("E 2 4 7", "E 2 1 7");
    let apart = made("apart.gr", apart.replace("TP 4 20", "T 4"));
    refused(
        &["steiner", &apart],
        "apart.gr : aucun chemin ne relie les nœuds 1 et 4",
        "apart.gr: no path joins the nodes 1 and 4",
    );
    let places = made("places.txt", PLACES.replace("100 6", "100 x"));
    refused(
        &["mclp", &places, "--p", "2", "--radius", "5"],
        "places.txt : ligne 5 : demande",
        "places.txt: line 5: demand",
    );
    refused(
        &["mclp", &bad, "--p", "2", "--radius", "5"],
        "ligne 1 : nombre de lieux",
        "line 1: number of places",
    );
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let graph = file(folder.path(), "good.stp", GRAPH);
    let places = file(folder.path(), "places.txt", PLACES);
    refused(
        &["mclp", &places, "--p", "2"],
        "--radius manque",
        "--radius is missing",
    );
    refused(
        &["steiner", &graph, "--p", "2"],
        "--p n’a pas de sens pour steiner",
        "--p means nothing for steiner",
    );
    refused(
        &["pcst", &graph, "--root", "5"],
        "nœuds vont de 1 à 4",
        "nodes are numbered from 1 to 4",
    );
    refused(
        &["pcst", &graph, "--seconds", "0"],
        "--seconds doit être",
        "--seconds must be",
    );
}

/// The rows of a kind's optima, when the reference folder is there.
fn published(kind: &str) -> Vec<(String, Vec<String>)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests find the reference folder by it"
    )]
    let named = std::env::var("DESSERTE_REFERENCE").ok();
    let root = PathBuf::from(named.unwrap_or_else(|| "../shared".to_owned()));
    let folder = root.join("instances").join(kind);
    let Ok(text) = std::fs::read_to_string(folder.join("optima.csv")) else {
        eprintln!("skipped: no {} (set DESSERTE_REFERENCE)", folder.display());
        return Vec::new();
    };
    let row = |line: &str| {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        (folder.join(&cells[0]).display().to_string(), cells)
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn published_prizes_and_covers_are_solved_and_proved() {
    for (file, cells) in published("pcst") {
        let tree = answer(&["pcst", &format!("{file}.stp")]);
        assert_eq!(tree["objective"].to_string(), cells[1], "{file}");
        assert_eq!(tree["proved"], true, "{file}");
    }
    for (file, cells) in published("mclp") {
        let places = format!("{file}.txt");
        let options = ["--p", &cells[1], "--radius", &cells[2]];
        let cover = answer(&[&["mclp", &places], &options[..]].concat());
        assert_eq!(cover["objective"].to_string(), cells[3], "{file}");
        assert_eq!(cover["proved"], true, "{file}");
    }
}

#[test]
fn published_steiner_trees_are_near_the_optimum_and_their_bounds_hold() {
    for (file, cells) in published("steiner") {
        let tree = answer(&["steiner", &file]);
        let optimum: f64 = cells[1].parse().unwrap();
        let objective = tree["objective"].as_f64().unwrap();
        let bound = tree["lower_bound"].as_f64().unwrap();
        assert!(bound <= optimum && optimum <= objective, "{file}");
        assert!(objective <= optimum * 1.005, "{file}: {objective}");
        assert!(bound >= optimum * 0.98, "{file}: {bound}");
    }
}
