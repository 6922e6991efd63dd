//! Importing, deciding about duplicates and taking both back, by command.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn run(arguments: &[&str]) -> (Option<i32>, Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_desserte"))
        .args(arguments)
        .args(["--language", "en"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), output.stdout, said)
}

fn done(arguments: &[&str]) -> Vec<u8> {
    let (code, out, said) = run(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    out
}

fn list(arguments: &[&str]) -> Vec<Value> {
    serde_json::from_slice(&done(arguments)).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn sites_come_in_are_merged_parted_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = text(&data);
    let file = folder.path().join("ecoles.csv");
    let rows = "code;nom;type;lat;lon\n1;École de Mbé;École;-3,3;15,8\n2;Ecole de Mbe;École;-3,3002;15,8\n\
        3;Mairie;Mairie;-3,2;16,1\n";
    std::fs::write(&file, rows).unwrap();
    let mapping = folder.path().join("mapping.toml");
    done(&["import", "mapping", text(&file), "--output", text(&mapping)]);
    let import = [
        "import",
        "sites",
        text(&file),
        "--data",
        data,
        "--mapping",
        text(&mapping),
    ];

    let dry = String::from_utf8(done(&import)).unwrap();
    assert!(dry.contains("pairs that may be one site: 1"), "{dry}");
    assert!(!Path::new(data).exists(), "a dry run leaves nothing behind");
    let merging = ["--merge-within", "50", "--merge-likeness", "0.9"];
    let signed = ["--apply", "--author", "Awa", "--reason", "survey"];
    let applied = done(&[&import[..], &merging, &signed].concat());
    let applied = String::from_utf8(applied).unwrap();
    assert!(
        applied.contains("imported: 3 new, 0 changed, 0 unchanged, 1 merged"),
        "{applied}"
    );

    pairs_are_parted(data);
    import_is_taken_back(data);
}

/// The pair that was merged is parted, for good.
fn pairs_are_parted(data: &str) {
    let sites = ["sites", "list", "--data", data];
    assert_eq!(list(&sites).len(), 2);
    let decided = list(&["import", "duplicates", "decided", "--data", data]);
    let number = decided[0]["number"].to_string();
    done(&[
        "import",
        "duplicates",
        "undo",
        &number,
        "--reason",
        "two",
        "--data",
        data,
    ]);
    assert_eq!(list(&sites).len(), 3);
    let (code, _, said) = run(&["import", "duplicates", "undo", &number, "--data", data]);
    assert_eq!(code, Some(2), "{said}");
    let rule = [
        "--within",
        "50",
        "--likeness",
        "0.9",
        "--same-kind",
        "--data",
        data,
    ];
    done(&[&["import", "duplicates", "refuse"][..], &rule].concat());
    assert!(list(&["import", "duplicates", "list", "--data", data]).is_empty());
}

fn import_is_taken_back(data: &str) {
    let sites = ["sites", "list", "--data", data];
    let imports = list(&["import", "list", "--data", data]);
    assert_eq!(imports[0]["author"], "Awa");
    let id = imports[0]["id"].as_str().unwrap();
    done(&[
        "import",
        "undo",
        id,
        "--reason",
        "wrong year",
        "--data",
        data,
    ]);
    assert!(list(&sites).is_empty());
    let (code, _, said) = run(&["import", "undo", id, "--data", data]);
    assert_eq!(code, Some(2), "{said}");
}

#[test]
fn layers_of_a_manifest_are_taken_back_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = text(&data);
    std::fs::write(
        folder.path().join("p.csv"),
        "name,latitude,longitude\nNgo,-2.4,15.7\n",
    )
    .unwrap();
    let manifest = folder.path().join("layers.toml");
    let layer = |name: &str| {
        format!(
            "[[layer]]\nkind = 'places'\nname = '{name}'\nfile = 'p.csv'\nsource = 's'\nlicence = 'l'\n\
             date = '2026'\nuncertainty = 'u'\n"
        )
    };
    std::fs::write(&manifest, layer("a") + &layer("b")).unwrap();
    done(&[
        "import",
        "layers",
        text(&manifest),
        "--data",
        data,
        "--apply",
    ]);
    let imports = list(&["import", "list", "--data", data]);
    assert_eq!(imports.len(), 2);
    let of = |name: &str| {
        let found = imports.iter().find(|one| one["layer"] == name).unwrap();
        found["id"].as_str().unwrap()
    };
    done(&["import", "undo", of("a"), "--data", data]);
    let left = desserte::layers::LayerStore::open(Path::new(data))
        .unwrap()
        .read()
        .unwrap();
    let names: Vec<&str> = left
        .places
        .iter()
        .map(|layer| layer.provenance.layer.as_str())
        .collect();
    assert_eq!(names, ["b"]);
}
