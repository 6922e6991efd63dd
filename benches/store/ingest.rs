//! What it costs to take rows in.

use std::path::Path;

use desserte::store::{embedded::EmbeddedStore, samples::SampleStore as _};

use super::{
    GROUP, MINUTE_MS, PutPeer, Row,
    peers::{self, Peer},
    put_only,
    report::Figure,
    rows::Fleet,
    seconds,
};

/// Puts rows into every peer.
pub(crate) fn put_all(peers: &mut [Box<dyn Peer>], rows: &[Row]) {
    for peer in peers {
        for group in rows.chunks(GROUP) {
            peer.put(group);
        }
    }
}

/// Rows a second that each peer takes.
fn rates(peers: &mut [Box<dyn Peer>], rows: &[Row], put: PutPeer) -> Vec<(&'static str, f64)> {
    let rate = |peer: &mut Box<dyn Peer>| {
        let groups = rows.chunks(GROUP);
        let taken: f64 = groups
            .map(|group| seconds(|| put(peer.as_mut(), group)).0)
            .sum();
        let rate = rows.len() as f64 / taken;
        println!("{}: {rate:.0} rows/s", peer.name());
        (peer.name(), rate)
    };
    peers.iter_mut().map(rate).collect()
}

/// Many series, interleaved as the minutes come in; the same again; and late ones.
pub(crate) fn taking_in(
    folder: &Path,
    (series, minutes): (usize, usize),
    figures: &mut Vec<Figure>,
) {
    std::fs::create_dir_all(folder).expect("folder");
    let mut others = peers::all(folder);
    let mut position = 0;
    let mut fleet = Fleet::new(series);
    let minutes = i64::try_from(minutes).expect("small");
    let rows: Vec<Row> = (0..minutes)
        .flat_map(|minute| fleet.step(minute, MINUTE_MS))
        .collect();
    let late: Vec<Row> = (0..2)
        .flat_map(|minute| fleet.step(minute - 3 * 1_440, MINUTE_MS))
        .collect();
    let kinds: [(&str, &[Row], PutPeer, Option<f64>); 3] = [
        (
            "interleaved, on disk",
            &rows,
            |peer, rows| peer.put(rows),
            Some(500_000.0),
        ),
        (
            "again (all are there)",
            &rows,
            |peer, rows| peer.put_again(rows),
            None,
        ),
        (
            "late, into a day that is over",
            &late,
            |peer, rows| peer.put(rows),
            None,
        ),
    ];
    for (what, rows, put_peer, goal) in kinds {
        let name = format!("{} rows of {series} series, {what}", rows.len());
        println!("{name}");
        // Closing writes down what waits, as it came; that and all that was put is what is on the disk then.
        let store = EmbeddedStore::open(&folder.join("ours")).expect("open");
        let taken = put_only(&store, &mut position, rows) + seconds(|| drop(store)).0;
        figures.push(Figure {
            name,
            unit: "samples/s",
            ours: rows.len() as f64 / taken,
            peers: rates(&mut others, rows, put_peer),
            goal,
        });
    }
    let store = EmbeddedStore::open(&folder.join("ours")).expect("open");
    let (taken, ()) = seconds(|| store.flush().expect("flush"));
    figures.push(Figure {
        name: format!("those rows of {series} series into chunks of a few rows, at once"),
        unit: "samples/s",
        ours: (rows.len() + late.len()) as f64 / taken,
        peers: vec![],
        goal: None,
    });
}

/// A day of many series as its minutes come, written down and into chunks whenever the store finds that due: what that
/// costs, and what it writes to the disk for each sample.
pub(crate) fn day(folder: &Path, series: usize, figures: &mut Vec<Figure>) {
    println!("a day of {series} series, minute by minute, ours alone");
    let store = EmbeddedStore::open(folder).expect("open");
    let mut fleet = Fleet::new(series);
    let (mut position, mut taken, mut count) = (0, 0.0, 0.0);
    let before = written_bytes();
    for minute in 0..1_440 {
        let rows = fleet.step(minute, MINUTE_MS);
        taken += put_only(&store, &mut position, &rows);
        count += rows.len() as f64;
    }
    taken += seconds(|| store.flush().expect("flush")).0;
    let mut note = |name: &str, unit, ours| {
        figures.push(Figure {
            name: format!("{name}, a day of {series} series, minute by minute"),
            unit,
            ours,
            peers: vec![],
            goal: None,
        });
    };
    note("taken in", "samples/s", count / taken);
    if let (Some(before), Some(after)) = (before, written_bytes()) {
        note(
            "written to the disk for each sample",
            "bytes",
            (after - before) / count,
        );
    }
}

/// Bytes that this process has had written to disks.
fn written_bytes() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/io").ok()?;
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok())
}
