//! The command line: every wrong input has its own clear error and exit code 2.

use std::{
    path::Path,
    process::{Command, Output},
};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_desserte-probe");

fn probe(arguments: &[&str], data: &Path) -> Output {
    let data = data.to_str().unwrap();
    let with_data = arguments
        .iter()
        .map(|a| if *a == "DATA" { data } else { *a });
    Command::new(BINARY).args(with_data).output().unwrap()
}

fn refused(arguments: &[&str], data: &Path) -> String {
    let output = probe(arguments, data);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    text
}

#[test]
fn wrong_input_is_named() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let cases: [(&[&str], &str); 7] = [
        (&["run", "--data", "DATA"], "no agent is enrolled here"),
        (&["once", "--data", "DATA"], "no agent is enrolled here"),
        (&["status", "--data", "DATA"], "no agent ran here yet"),
        (&["run"], "--data"),
        (&["fly"], "fly"),
        (
            &[
                "enrol",
                "--collector",
                "https://127.0.0.1:1",
                "--code",
                "ABC!",
                "--data",
                "DATA",
            ],
            "enrolment code",
        ),
        (
            &["check-config", "--config", "/no/such/file.toml"],
            "/no/such/file.toml",
        ),
    ];
    for (arguments, expected) in cases {
        let text = refused(arguments, data);
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}

#[test]
fn a_misspelt_key_is_named_with_its_file_by_every_command() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("agent.toml"), "langage = \"fr\"\n").unwrap();
    for command in ["check-config", "run", "status", "once"] {
        let text = refused(&[command, "--data", "DATA"], data.path());
        assert!(
            text.contains("agent.toml") && text.contains("langage"),
            "{command}: {text}"
        );
    }
    std::fs::write(data.path().join("agent.toml"), "language = \"fr\"\n").unwrap();
    let output = probe(&["check-config", "--data", "DATA"], data.path());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_unreachable_collector_is_a_failure_and_not_wrong_input() {
    let data = tempfile::tempdir().unwrap();
    let code = desserte_probe::wire::enrol::Code {
        secret: [1; 16],
        collector_key_sha256: [2; 32],
    };
    let code = code.to_text();
    let arguments = [
        "enrol",
        "--collector",
        "https://127.0.0.1:1",
        "--code",
        &code,
        "--data",
        "DATA",
    ];
    let output = probe(&arguments, data.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("connect to 127.0.0.1:1")
    );
}

#[test]
fn errors_speak_the_language_asked_for_and_say_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let cases: [(&[&str], &str, &str); 4] = [
        (&[], "aucun agent n'est enrôlé", "À faire"),
        (
            &["--language", "en"],
            "no agent is enrolled in",
            "What to do",
        ),
        (&["--language", "fr"], "aucun agent n'est enrôlé", "À faire"),
        (&["--language", "de"], "--language", "de"),
    ];
    for (language, what, to_do) in cases {
        let mut command = Command::new(BINARY);
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        let folder = data.path().to_str().unwrap();
        let output = command.args(["run", "--data", folder]).args(language);
        let output = output.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(what) && text.contains(to_do), "{text}");
    }
    let english = Command::new(BINARY)
        .args(["status", "--data", "/no/such/folder"])
        .env("LC_ALL", "en_GB.UTF-8")
        .output()
        .unwrap();
    let text = String::from_utf8(english.stderr).unwrap();
    assert!(
        text.contains("data folder /no/such/folder does not exist"),
        "{text}"
    );
}
