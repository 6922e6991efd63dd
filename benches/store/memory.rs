//! A store under a memory limit: read whole by a process of its own in a control group.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use desserte::store::{
    embedded::EmbeddedStore,
    samples::{SampleStore as _, SeriesFilter},
};

use super::{
    DAYS, MINUTE_MS, Row, bytes_below, exact_month, month_of_sums, put_only,
    report::Figure,
    rows::Fleet,
    seconds,
    source::{DAY_MS, START_MS},
};

/// The argument by which this program reads a store and nothing else.
pub(crate) const CHILD: &str = "--read-store";

/// Series of which a day is put at once.
const SERIES_AT_ONCE: usize = 250;

/// A control group of this bench; removed with its owner.
struct Group(PathBuf);

impl Group {
    fn make(limit_bytes: u64) -> Option<Self> {
        // Version 2 where memory is delegated there, else version 1.
        let candidates = [
            ("/sys/fs/cgroup", "memory.max"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ];
        candidates.into_iter().find_map(|(root, limit)| {
            let folder = Path::new(root).join(format!("desserte-bench-{}", std::process::id()));
            std::fs::create_dir(&folder).ok()?;
            let group = Self(folder.clone());
            std::fs::write(folder.join(limit), limit_bytes.to_string()).ok()?;
            Some(group)
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// What a process under a limit found.
struct Read {
    exact_seconds: f64,
    sums_seconds: f64,
    samples: f64,
    peak_bytes: f64,
}

/// Reads a store whole under a limit, bytes; `None` where the machine has no such limit to give.
fn read_under(limit_bytes: u64, store: &Path) -> Option<Read> {
    let group = Group::make(limit_bytes)?;
    let output = Command::new("sh")
        .args(["-c", "echo $$ > \"$1\"; shift; exec \"$@\"", "sh"])
        .arg(group.0.join("cgroup.procs"))
        .arg(std::env::current_exe().ok()?)
        .arg(CHILD)
        .arg(store)
        .stderr(Stdio::inherit())
        .output()
        .ok()?;
    assert!(
        output.status.success(),
        "the limited process ended: {}",
        output.status
    );
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().map(|one| one.parse::<f64>().ok());
    Some(Read {
        exact_seconds: numbers.next()??,
        sums_seconds: numbers.next()??,
        samples: numbers.next()??,
        peak_bytes: numbers.next()??,
    })
}

/// Greatest resident size of this process, bytes.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or_default();
    let kib = line
        .split_whitespace()
        .nth(1)
        .and_then(|one| one.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1_024.0
}

/// A store with a month of minutes of some series.
pub(crate) fn filled(folder: &Path, series: usize) -> EmbeddedStore {
    let store = EmbeddedStore::open(folder).expect("open");
    let mut fleet = Fleet::new(series);
    let mut position = 0;
    // Days of some series at a time, as a backlog comes: each chunk is written once, and a day of thousands of series
    // would not fit into this program's own memory.
    for day in 0..DAYS {
        let minutes = day * 1_440..(day + 1) * 1_440;
        for first in (0..series).step_by(SERIES_AT_ONCE) {
            let some = first..(first + SERIES_AT_ONCE).min(series);
            let rows: Vec<Row> = fleet.minutes(some, (minutes.clone(), MINUTE_MS));
            put_only(&store, &mut position, &rows);
        }
    }
    store.flush().expect("flush");
    store
}

/// A store that does not fit into the memory that it may use: series of a month, and MiB.
pub(crate) fn limited(
    folder: &Path,
    (series, limit_mib): (usize, usize),
    figures: &mut Vec<Figure>,
) {
    println!("a month of {series} series, read under {limit_mib} MiB");
    let (taken, store) = seconds(|| filled(folder, series));
    drop(store);
    let size = bytes_below(folder) / 1e6;
    println!("made in {taken:.0} s: {size:.0} MB");
    let limit = u64::try_from(limit_mib).expect("small") * 1024 * 1024;
    let Some(read) = read_under(limit, folder) else {
        println!("without a memory limit: no control group can be made here");
        return;
    };
    let size = size.round();
    for (name, unit, ours) in [
        (
            "exact month",
            "samples/s",
            read.samples / read.exact_seconds,
        ),
        ("month from day sums", "s", read.sums_seconds),
        ("greatest resident size", "MB", read.peak_bytes / 1e6),
    ] {
        figures.push(Figure {
            name: format!(
                "{name}, store of {size} MB ({series} series) under a limit of {limit_mib} MiB"
            ),
            unit,
            ours,
            peers: vec![],
            goal: None,
        });
    }
}

/// What the limited process does: all of a store, and what that took.
pub(crate) fn read_store(folder: &Path) {
    let span = (START_MS, START_MS + DAYS * DAY_MS);
    let slots = usize::try_from(DAYS * 1_440).expect("small");
    let store = EmbeddedStore::open(folder).expect("open");
    let series = store.series(SeriesFilter::default()).expect("series").len();
    let (summed, ()) = seconds(|| month_of_sums(&store, series));
    let (taken, ()) = seconds(|| exact_month(&store, span, slots));
    println!("{taken} {summed} {} {}", series * slots, peak());
}
