//! What a person reads when a command is refused: in French and in English, each with the file or
//! the thing, the reason, and what to do.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const AGREEMENT: &str = super::api::AGREEMENT;

fn desserte(language: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_desserte"))
        .args(arguments)
        .args(["--language", language])
        .output()
        .unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Refused with 2 in both languages, each saying its parts and none of the other's.
fn refused(arguments: &[&str], french: &[&str], english: &[&str]) {
    for (language, parts, foreign) in [("fr", french, english), ("en", english, french)] {
        let output = desserte(language, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in {said}");
        }
        // The first part is the sentence; later ones may be names that both have.
        assert!(!said.contains(foreign[0]), "{:?} is in {said}", foreign[0]);
    }
}

fn file(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn agreements() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let check = |content: &str, french: &[&str], english: &[&str]| {
        let agreement = file(folder.path(), "accord.toml", content);
        refused(&["agreements", "check", text(&agreement)], french, english);
    };
    let without = AGREEMENT.replace("objective = { availability_percent = \"99.5\" }\n", "");
    check(
        &without,
        &[
            "champ manquant : `objective`",
            "accord.toml",
            "explique chaque champ",
        ],
        &[
            "missing field `objective`",
            "accord.toml",
            "explains every field",
        ],
    );
    check(
        &AGREEMENT.replace("title", "titel"),
        &["champ inconnu : `titel`", "accord.toml"],
        &["unknown field `titel`", "accord.toml"],
    );
    check(
        &AGREEMENT.replace("Africa/Brazzaville", "Africa/Brazaville"),
        &[
            "fuseau horaire absent de la base tz",
            "time_zone",
            "accord.toml",
        ],
        &[
            "not a time zone of the tz database",
            "time_zone",
            "accord.toml",
        ],
    );
    let agreement = file(folder.path(), "accord.toml", AGREEMENT);
    let (agreement, data) = (text(&agreement), text(&data));
    refused(
        &["agreements", "add", agreement, "--data", data],
        &["site inconnu", "CG-1", "sites list"],
        &["no such site", "CG-1", "sites list"],
    );
    refused(
        &["agreements", "check", agreement, "--data", data],
        &["site inconnu", "CG-1", "accord.toml"],
        &["no such site", "CG-1", "accord.toml"],
    );
    refused(
        &[
            "replay",
            data,
            "--agreement",
            agreement,
            "--month",
            "06-2026",
        ],
        &["mois attendu sous la forme", "06-2026", "2026-06"],
        &["expected a month", "06-2026", "2026-06"],
    );
    refused(
        &["agreements", "check", "/nonexistent/accord.toml"],
        &["lecture de /nonexistent/accord.toml : introuvable"],
        &["reading /nonexistent/accord.toml: not found"],
    );
}

#[test]
fn the_example_says_its_targets_addresses_once_the_marks_are_taken_away() {
    let example = include_str!("../../demo/examples/agreement.toml");
    let (terms, targets) = example.split_once("# [[target]]\n").unwrap();
    let lines: Vec<&str> = targets
        .lines()
        .map(|line| line.trim_start_matches('#').trim_start())
        .collect();
    let whole = format!("{terms}[[target]]\n{}\n", lines.join("\n"));
    let read = desserte::registry::AgreementDocument::parse(&whole).unwrap();
    let given: Vec<&str> = read.targets.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(given, read.agreement.test.targets);
    let folder = tempfile::tempdir().unwrap();
    let agreement = file(folder.path(), "accord.toml", &whole);
    for language in ["fr", "en"] {
        let output = desserte(language, &["agreements", "check", text(&agreement)]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
    }
}

#[test]
fn configurations_and_scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let config = file(folder.path(), "c.toml", "[country]\ntime_zoen = 'UTC'\n");
    refused(
        &["check-config", "--config", text(&config)],
        &[
            "vouliez-vous dire `time_zone`",
            "champ inconnu : `time_zoen`",
            "c.toml",
        ],
        &[
            "did you mean `time_zone`",
            "unknown field `time_zoen`",
            "c.toml",
        ],
    );
    let config = file(folder.path(), "c.toml", "[country]\ntime_zone = 'Mars'\n");
    refused(
        &["check-config", "--config", text(&config)],
        &["fuseau horaire absent", "country.time_zone", "c.toml"],
        &["not in the tz database", "country.time_zone", "c.toml"],
    );
    let scenario = file(folder.path(), "s.toml", "nom = 'essai'\n");
    let data = folder.path().join("data");
    let plan = [
        "plan",
        "--data",
        text(&data),
        "--output",
        "/nonexistent/p.csv",
    ];
    refused(
        &[&plan[..], &["--scenario", text(&scenario)]].concat(),
        &["lecture du scénario", "champ inconnu : `nom`", "s.toml"],
        &["reading the scenario", "unknown field `nom`", "s.toml"],
    );
}

#[test]
fn sites_and_codes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = ["--data", text(&data)];
    for command in [
        &["sites", "show", "CG-9"][..],
        &["agents", "code", "--site", "CG-9"],
    ] {
        refused(
            &[command, &data].concat(),
            &["site inconnu", "CG-9", "donne les sites connus"],
            &["no such site", "CG-9", "lists the known ones"],
        );
    }
    refused(
        &[&["agents", "revoke", "x", "--reason", "y"], &data[..]].concat(),
        &["n’est pas un identifiant d’agent", "agents list"],
        &["is no agent's identifier", "agents list"],
    );
}

#[test]
fn folders_addresses_and_servers() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = |data: &Path, agents: &str, web: &str, french: &[&str], english: &[&str]| {
        let start = [
            "serve",
            "--data",
            text(data),
            "--agents",
            agents,
            "--web",
            web,
        ];
        refused(&start, french, english);
    };
    let any = "127.0.0.1:0";
    serve(
        &data,
        any,
        "0.0.0.0:0",
        &["seule la boucle locale", "0.0.0.0:0", "tunnel"],
        &["only loopback", "0.0.0.0:0", "tunnel"],
    );
    let taken = TcpListener::bind(any).unwrap();
    let port = taken.local_addr().unwrap().to_string();
    for (agents, web) in [(port.as_str(), any), (any, port.as_str())] {
        let (french, english) = (["port déjà pris", &port], ["port taken", &port]);
        serve(&data, agents, web, &french, &english);
    }
    let no_folder = file(folder.path(), "fichier", "");
    let (fr, en) = ("dossier de données", "data folder");
    refused(
        &["sites", "list", "--data", text(&no_folder)],
        &[fr, text(&no_folder), "--data"],
        &[en, text(&no_folder), "--data"],
    );
    let running = super::processes::Collector::start(&data);
    serve(
        &data,
        any,
        any,
        &["un autre serveur utilise déjà", text(&data), "arrêtez-le"],
        &["another server runs on", text(&data), "stop it"],
    );
    running.stop();
}
