//! The report: an array of figures, each with its peer, its goal, and the machine it was taken on.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// One figure.
pub(crate) struct Row {
    figure: String,
    unit: &'static str,
    ours: f64,
    peer: Option<(String, f64)>,
    goal: Option<&'static str>,
}

impl Row {
    pub(crate) fn new(figure: String, unit: &'static str, ours: f64) -> Self {
        Self {
            figure,
            unit,
            ours,
            peer: None,
            goal: None,
        }
    }

    pub(crate) fn beside(mut self, peer: &str, value: f64) -> Self {
        self.peer = Some((peer.to_owned(), value));
        self
    }

    pub(crate) fn goal(mut self, goal: &'static str) -> Self {
        self.goal = Some(goal);
        self
    }
}

/// All figures of a run.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        let (cpu, date) = (machine()?, date()?);
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "figure": row.figure,
                    "unit": row.unit,
                    "ours": row.ours,
                    "peer": row.peer.as_ref().map(|(name, _)| name),
                    "peer_value": row.peer.as_ref().map(|(_, value)| value),
                    "goal": row.goal,
                    "cpu": cpu,
                    "date": date,
                })
            })
            .collect();
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, serde_json::to_vec_pretty(&rows)?)?;
        Ok(())
    }
}

/// Model, cores and memory; never the machine's name.
fn machine() -> Result<String, Box<dyn Error>> {
    let after = |text: String, key: &str| -> Option<String> {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = after(fs::read_to_string("/proc/cpuinfo")?, "model name");
    let memory = after(fs::read_to_string("/proc/meminfo")?, "MemTotal");
    let kib: u64 = memory
        .and_then(|memory| memory.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    let cores = std::thread::available_parallelism()?;
    let model = model.unwrap_or_else(|| "unknown".to_owned());
    Ok(format!("{model}, {cores} cores, {} GiB", kib / 1_048_576))
}

fn date() -> Result<String, Box<dyn Error>> {
    let output = Command::new("date").args(["-u", "+%F"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
