//! Files that a disk gives back otherwise than they were written.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use desserte::collector::Collector;
use desserte_probe::clock::ManualClock;

use super::{Rounds, START, copy, long, request};
use crate::ingest::{Stored, open, settle, stored};

/// Files of a data folder that hold measurements or what they mean.
const FILES: [&str; 4] = [
    "journal.sqlite",
    "registry.sqlite",
    "samples/index.sqlite",
    "samples/2026-05.sqlite",
];

struct Filled {
    home: tempfile::TempDir,
    rows: Vec<Stored>,
    /// As a killed process leaves it: not checkpointed.
    killed: PathBuf,
    /// Closed in good order.
    closed: PathBuf,
}

async fn filled() -> Filled {
    let rounds = Rounds::new(4);
    let clock = Arc::new(ManualClock::new(START, 5_000));
    let home = tempfile::tempdir().unwrap();
    let (data, killed, closed) = (
        home.path().join("data"),
        home.path().join("killed"),
        home.path().join("closed"),
    );
    copy(&rounds.template, &data);
    let collector = open(&data, &clock);
    for place in 0..150 {
        clock.advance(std::time::Duration::from_secs(1));
        collector
            .accept(request(&rounds.batches[0][place]))
            .await
            .unwrap();
        if place == 100 {
            settle(&collector);
            collector.samples().flush().unwrap();
        }
    }
    let rows = stored(&collector);
    copy(&data, &killed);
    drop(collector);
    copy(&data, &closed);
    Filled {
        home,
        rows,
        killed,
        closed,
    }
}

/// What becomes of a folder: refused with advice, or opened with every row.
fn outcome(data: &Path, rows: &[Stored]) -> Result<(), String> {
    let clock = Arc::new(ManualClock::new(START, 5_000));
    match Collector::open(data, clock) {
        Ok(collector) => {
            assert!(stored(&collector) == rows, "served wrong without a word");
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

fn advises(message: &str) -> bool {
    [
        "put the last backup back",
        "delete the folder samples",
        "put the newer one back",
    ]
    .iter()
    .any(|advice| message.contains(advice))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_refused_with_advice_or_does_no_harm() {
    let Filled {
        home,
        rows,
        killed: _,
        closed,
    } = filled().await;
    outcome(&closed, &rows).unwrap();
    let step: u64 = if long() { 1 } else { 11 };
    let mut refused = 0;
    for name in FILES {
        let whole = fs::metadata(closed.join(name)).unwrap().len();
        let page: u64 = if name.contains("2026") { 1_024 } else { 4_096 };
        let pages = whole / page;
        // Truncated in the middle of a page, at a page, to half, to almost nothing.
        let cuts = [whole - page, whole - 100, whole / 2, page, 100].map(Damage::Cut);
        let zeroed = (0..pages)
            .filter(|n| n % step == 0 || *n < 4)
            .map(|n| Damage::Zero(n, page));
        for damage in cuts.into_iter().chain(zeroed) {
            let data = home.path().join("damaged");
            let _ = fs::remove_dir_all(&data);
            copy(&closed, &data);
            damage.to(&data.join(name));
            if let Err(message) = outcome(&data, &rows) {
                assert!(advises(&message), "{name}, {damage:?}: {message}");
                refused += 1;
            } else if let Damage::Cut(length) = damage {
                panic!("{name} cut to {length} bytes of {whole} was not noticed");
            }
        }
    }
    assert!(
        refused > 30,
        "{refused}: the damage did not reach the files"
    );
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Cut(u64),
    Zero(u64, u64),
}

impl Damage {
    fn to(self, file: &Path) {
        let open = fs::File::options().write(true).open(file).unwrap();
        match self {
            Self::Cut(length) => open.set_len(length).unwrap(),
            Self::Zero(number, page) => {
                let zeros = vec![0; usize::try_from(page).unwrap()];
                open.write_all_at(&zeros, number * page).unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_write_ahead_log_of_the_journal_is_noticed() {
    let Filled {
        home, rows, killed, ..
    } = filled().await;
    let data = home.path().join("damaged");
    copy(&killed, &data);
    outcome(&data, &rows).unwrap();
    for kept in [0, 50_000] {
        let _ = fs::remove_dir_all(&data);
        copy(&killed, &data);
        let log = data.join("journal.sqlite-wal");
        let before = fs::metadata(&log).unwrap().len();
        assert!(before > kept, "nothing waits in the log");
        Damage::Cut(kept).to(&log);
        let message = outcome(&data, &rows).unwrap_err();
        assert!(message.contains("its last part is lost"), "{message}");
        // Who goes on knowingly gets what is left.
        fs::remove_file(data.join("journal.mark")).unwrap();
        fs::remove_dir_all(data.join("samples")).unwrap();
        let left = open(&data, &Arc::new(ManualClock::new(START, 5_000)));
        let found = stored(&left);
        assert!(found.len() < rows.len() && found.iter().all(|row| rows.contains(row)));
    }
}
