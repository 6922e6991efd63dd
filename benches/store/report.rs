//! The figures: a table for people, `target/bench/store.json` for programs.

use std::path::Path;

use desserte_probe::clock::{Clock as _, SystemClock};
use serde_json::json;

/// One figure, beside the peers of the same run.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    pub(crate) peers: Vec<(&'static str, f64)>,
    pub(crate) goal: Option<f64>,
}

pub(crate) fn print(figures: &[Figure]) {
    let number = |value: f64| {
        if value >= 1_000.0 {
            format!("{value:.0}")
        } else {
            format!("{value:.3}")
        }
    };
    println!("| figure | unit | ours | peers, same run | goal |\n|---|---|---|---|---|");
    for one in figures {
        let peers: Vec<String> = one
            .peers
            .iter()
            .map(|(name, value)| format!("{name} {}", number(*value)))
            .collect();
        let goal = one.goal.map_or_else(|| "–".to_owned(), number);
        let (ours, peers) = (number(one.ours), peers.join(" · "));
        println!(
            "| {} | {} | {ours} | {peers} | {goal} |",
            one.name, one.unit
        );
    }
    println!("{}", cpu());
}

pub(crate) fn write(figures: &[Figure]) {
    let date = jiff::Timestamp::from_millisecond(SystemClock.unix_ms())
        .expect("date")
        .to_string();
    let cpu = cpu();
    let entry = |one: &Figure, peer: Option<(&'static str, f64)>| {
        json!({
            "figure": one.name, "unit": one.unit, "ours": one.ours,
            "peer": peer.map(|one| one.0), "peer_value": peer.map(|one| one.1),
            "goal": one.goal, "cpu": cpu, "date": date,
        })
    };
    let mut all = Vec::new();
    for one in figures {
        if one.peers.is_empty() {
            all.push(entry(one, None));
        }
        all.extend(one.peers.iter().map(|peer| entry(one, Some(*peer))));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder).expect("folder");
    let path = folder.join("store.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&all).expect("json")).expect("write");
    println!(
        "{}",
        path.strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .unwrap_or(&path)
            .display()
    );
}

/// Model, cores and memory.
fn cpu() -> String {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        line.split(':').nth(1).unwrap_or_default().trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} cores, {}",
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal")
    )
}
