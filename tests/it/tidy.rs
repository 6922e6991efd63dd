//! The source is held to its own rules: who may use whom, sizes, licences, the README's lists.
//!
//! Clippy holds functions, arguments, clocks and the environment (`clippy.toml`); this file holds
//! what no lint can see.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Lines of a file before its tests. Longer files are two rooms.
const FILE_LINES_MAX: usize = 400;

/// The pure packages and what they may name in `[dependencies]`.
const PURE: [(&str, &[&str]); 2] = [
    (
        "src/domain",
        &["jiff", "libm", "serde", "sketches-ddsketch", "thiserror"],
    ),
    (
        "src/planning",
        &["delaunator", "geo", "rayon", "rstar", "serde", "thiserror"],
    ),
];

/// What no pure package says: clocks, input and output, the environment, threads of its own, logs.
const IMPURE: [&str; 16] = [
    "std::fs",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "async fn",
    "tokio",
    "tracing",
    "println!",
    "rusqlite",
    "crate::api",
];

/// Folder or file of the collector → modules of the collector that it may not name.
const MAY_NOT_USE: [(&str, &[&str]); 6] = [
    (
        "src/store",
        &[
            "crate::api",
            "crate::ingest",
            "crate::registry",
            "crate::live",
            "axum",
        ],
    ),
    (
        "src/registry",
        &["crate::api", "crate::ingest", "crate::store", "axum"],
    ),
    ("src/ingest", &["crate::api", "axum", "rusqlite"]),
    (
        "src/import",
        &[
            "crate::api",
            "crate::store",
            "crate::registry",
            "rusqlite",
            "axum",
        ],
    ),
    (
        "src/export",
        &[
            "crate::api",
            "crate::store",
            "crate::registry",
            "rusqlite",
            "axum",
        ],
    ),
    ("src/api", &["rusqlite", "crate::cli"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Rust files below `folder` (or `folder.rs`), with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder), root().join(format!("{folder}.rs"))];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|e| e == "rs") && path.exists() {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found.sort();
    found
}

/// The text before the file's tests, without comments.
fn code(text: &str) -> String {
    let before_tests = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let lines = before_tests
        .lines()
        .map(|l| l.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn table(path: &Path) -> toml::Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

#[test]
fn the_pure_packages_stay_pure() {
    for (folder, allowed) in PURE {
        let manifest = table(&root().join(folder).join("Cargo.toml"));
        let named = manifest["dependencies"].as_table().unwrap().keys();
        let extra: Vec<_> = named
            .filter(|name| !allowed.contains(&name.as_str()))
            .collect();
        assert!(
            extra.is_empty(),
            "{folder}/Cargo.toml: not allowed there: {extra:?}"
        );
        let files = sources(folder);
        assert!(!files.is_empty(), "no source in {folder}");
        let tests = root().join(folder).join("tests");
        for (path, text) in files
            .into_iter()
            .filter(|(path, _)| !path.starts_with(&tests))
        {
            let text = code(&text);
            let said: Vec<_> = IMPURE.iter().filter(|word| text.contains(**word)).collect();
            assert!(said.is_empty(), "{}: says {said:?}", path.display());
        }
    }
}

#[test]
fn the_agent_knows_nothing_of_the_collector() {
    let manifest = table(&root().join("probes/Cargo.toml"));
    for section in ["dependencies", "dev-dependencies"] {
        for name in manifest[section].as_table().unwrap().keys() {
            assert!(
                !name.starts_with("desserte"),
                "probes/Cargo.toml names {name}"
            );
            let heavy = ["axum", "rusqlite", "geo"].contains(&name.as_str());
            assert!(
                !heavy,
                "probes/Cargo.toml names {name}: no storage engine, no web server"
            );
        }
    }
}

#[test]
fn each_room_of_the_collector_uses_only_its_neighbours() {
    for (folder, forbidden) in MAY_NOT_USE {
        let files = sources(folder);
        assert!(!files.is_empty(), "no source in {folder}");
        for (path, text) in files {
            let text = code(&text);
            let said: Vec<_> = forbidden
                .iter()
                .filter(|word| text.contains(**word))
                .collect();
            assert!(said.is_empty(), "{}: uses {said:?}", path.display());
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let mut long = Vec::new();
    for folder in ["src", "probes/src"] {
        for (path, text) in sources(folder) {
            if path.ends_with("tests.rs") {
                continue;
            }
            let lines = text
                .split("\n#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .lines()
                .count();
            if lines > FILE_LINES_MAX {
                long.push(format!("{}: {lines}", path.display()));
            }
        }
    }
    assert!(
        long.is_empty(),
        "lines before the tests, above {FILE_LINES_MAX}: {long:#?}"
    );
}

#[test]
fn the_readme_names_every_kind_criterion_and_store() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let schedule = fs::read_to_string(root().join("probes/src/wire/schedule.rs")).unwrap();
    let kinds = schedule.split("pub enum Measure {").nth(1).unwrap();
    let kinds = kinds
        .split("\n}")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| {
            let name = line.strip_prefix("    ")?.strip_suffix(" {")?;
            name.chars()
                .next()?
                .is_uppercase()
                .then(|| name.to_lowercase())
        });
    let kinds: Vec<String> = kinds
        .map(|name| format!("probes/src/kinds/{name}.rs"))
        .collect();
    assert!(kinds.len() >= 2, "{kinds:?}");
    for file in kinds
        .iter()
        .map(String::as_str)
        .chain(["src/store/embedded.rs"])
    {
        assert!(root().join(file).exists(), "{file} is missing");
        assert!(readme.contains(file), "README.md does not name {file}");
    }
    for criterion in desserte_planning::ranking::Criterion::ALL {
        let name = criterion.code();
        assert!(
            readme.contains(&format!("`{name}`")),
            "README.md does not name {name}"
        );
    }
}

/// One package of the build: name, version, licence expression.
type Package = (String, String, String);

/// The packages that are really compiled for Linux. `cargo metadata` also lists optional packages
/// that only the lock file knows, so the tree is asked.
fn packages() -> BTreeSet<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--workspace",
            "--edges",
            "normal,build,dev",
        ])
        .args([
            "--target",
            "x86_64-unknown-linux-gnu",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.contains("desserte"))
        .filter_map(|line| {
            let (package, licence) = line.trim_end_matches(" (*)").split_once('|')?;
            let mut words = package.split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            Some((
                name.into(),
                version.into(),
                licence.trim_end_matches(" (*)").into(),
            ))
        })
        .collect()
}

#[test]
fn licences_and_versions_keep_to_deny_toml() {
    let deny = table(&root().join("deny.toml"));
    let strings = |value: &toml::Value| -> Vec<String> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect()
    };
    let allowed: Vec<spdx::Licensee> = strings(&deny["licenses"]["allow"])
        .iter()
        .map(|name| spdx::Licensee::parse(name).unwrap())
        .collect();
    let packages = packages();
    assert!(
        packages.len() > 100,
        "only {} packages seen",
        packages.len()
    );
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, version, licence) in &packages {
        *versions.entry(name).or_default() += 1;
        let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX)
            .unwrap_or_else(|error| {
                panic!("{name} {version}: licence \"{licence}\" cannot be read: {error}")
            });
        let fits = expression.evaluate(|wanted| allowed.iter().any(|have| have.satisfies(wanted)));
        assert!(
            fits,
            "{name} {version}: licence {licence} is not in deny.toml"
        );
    }
    for rule in deny["bans"]["deny"].as_array().unwrap() {
        let name = rule["name"].as_str().unwrap();
        let capped = rule
            .get("deny-multiple-versions")
            .is_some_and(|v| v.as_bool() == Some(true))
            || rule.get("wrappers").is_some();
        let found = versions.get(name).copied().unwrap_or(0);
        assert!(
            found <= usize::from(capped),
            "{name}: {found} versions, see deny.toml"
        );
    }
}

#[test]
fn no_path_of_a_machine_and_no_download_address_is_committed() {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "git ls-files failed");
    let homes = [["/ho", "me/"].concat(), ["/ro", "ot/"].concat()];
    for name in String::from_utf8(listed.stdout)
        .unwrap()
        .split_terminator('\0')
    {
        let Ok(text) = fs::read_to_string(root().join(name)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let bad = homes.iter().any(|home| line.contains(home));
            assert!(!bad, "{name}:{}: a path of a machine", number + 1);
            let resolved = name.ends_with("package-lock.json") && line.contains("\"resolved\"");
            assert!(!resolved, "{name}:{}: a download address", number + 1);
        }
    }
}
