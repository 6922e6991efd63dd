//! The log itself: complete after crashes, for files from before there was one, and true to what is there.

use std::path::Path;
use std::sync::Arc;

use desserte::collector::Collector;
use desserte::ledger::Ledger;
use desserte::ledger::leaf::LeafKind;
use desserte::registry::Registry;
use desserte::store::journal::Journal;
use desserte_probe::clock::Clock as _;

use super::Told;

const FILES: [&str; 2] = ["journal.sqlite", "registry.sqlite"];

/// Opens the files of a folder and compares everything; the first complaint.
fn checked(folder: &Path) -> Result<u64, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let [journal, registry] = FILES.map(|name| folder.join(name));
    let registry = Registry::open(&registry).map_err(|error| text(&error))?;
    let kept = Journal::open(&journal, |_, _| Some(vec![])).map_err(|error| text(&error))?;
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let ledger = Ledger::open(&journal, Arc::new(registry), key).map_err(|error| text(&error))?;
    ledger.check(&kept, |_| {}).map_err(|error| text(&error))
}

/// Every batch and record has its leaf, once; answers with the number of leaves.
fn complete(collector: &Collector) -> u64 {
    let ledger = collector.ledger();
    ledger.take_up().unwrap();
    let batches = collector.journal().last_position();
    let records = collector.registry().last_record().unwrap();
    for position in 1..=batches {
        let leaf = ledger.leaf_of(LeafKind::Batch, position).unwrap();
        assert!(leaf.is_some(), "batch {position}");
    }
    for position in 1..=records {
        let leaf = ledger.leaf_of(LeafKind::Record, position).unwrap();
        assert!(leaf.is_some(), "record {position}");
    }
    let size = ledger.size().unwrap();
    assert_eq!(
        size,
        batches + records,
        "no batch of this test waited for its time"
    );
    assert_eq!(ledger.check(collector.journal(), |_| {}).unwrap(), size);
    size
}

#[tokio::test]
async fn everything_has_its_leaf_and_a_file_from_before_gets_them() {
    let told = Told::new().await;
    let size = complete(&told.bench.collector);
    let root = told.files().ledger.checkpoint(1).unwrap().root;
    let Told { bench, .. } = told;
    let super::super::ingest::Bench {
        folder,
        clock,
        collector,
    } = bench;
    drop(collector);
    // As a journal of version 2 was, and a registry without records.
    let path = folder.path().join("journal.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(
        "DROP TABLE reached; DROP INDEX boot_measured; DROP TABLE leaf; DROP TABLE node;
         DROP TABLE checkpoint; PRAGMA user_version = 2;",
    )
    .unwrap();
    drop(old);
    let reopened = super::super::ingest::open(folder.path(), &clock);
    assert_eq!(complete(&reopened), size);
    let again = reopened.ledger().checkpoint(1).unwrap().root;
    assert_eq!(again, root, "the same leaves in the same order");
    drop(reopened);
    let old = rusqlite::Connection::open(folder.path().join("registry.sqlite")).unwrap();
    let agreement: i64 = old
        .query_row(
            "SELECT count(*) FROM record WHERE agreement = 'lot-1'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    old.execute_batch(
        "DROP TABLE record; DROP TABLE statement; DROP TABLE contest;
         DROP TABLE exclusion_attachment; DROP TABLE link; DROP TABLE session; DROP TABLE device;
         DROP TABLE machine_token; DROP TABLE sign_in; DROP TABLE person;
         ALTER TABLE audit DROP COLUMN peer;
         ALTER TABLE agent DROP COLUMN monthly_volume_bytes_max;
         DROP INDEX exclusion_end; DROP INDEX line_agent; PRAGMA user_version = 5;",
    )
    .unwrap();
    drop(old);
    let registry =
        desserte::registry::Registry::open(&folder.path().join("registry.sqlite")).unwrap();
    let chain = registry.records_of("lot-1", u64::from(u32::MAX)).unwrap();
    assert_eq!(chain.len(), usize::try_from(agreement).unwrap());
    let contents = chain.iter().map(|one| one.content.as_str());
    let read = desserte::ledger::terms::read("lot-1", contents, u64::MAX).unwrap();
    assert_eq!(read.versions.len(), 1);
    assert_eq!(read.exclusions, registry.exclusions("lot-1").unwrap());
}

#[tokio::test]
async fn a_crash_between_registry_and_log_loses_no_leaf() {
    let told = Told::new().await;
    told.files().ledger.take_up().unwrap();
    let before = complete(&told.bench.collector);
    // Decisions of another process, which ended before anybody took them up.
    told.exclude((700, 710));
    assert_eq!(told.files().ledger.size().unwrap(), before);
    let Told { bench, .. } = told;
    drop(bench.collector);
    let reopened = super::super::ingest::open(bench.folder.path(), &bench.clock);
    assert!(
        reopened.ledger().size().unwrap() > before,
        "taken up at the start"
    );
    complete(&reopened);
}

/// A copy of the files in a folder of its own.
fn copied(from: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in FILES {
        std::fs::copy(from.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

/// Takes away what makes a file refuse changes.
fn unguarded(open: &rusqlite::Connection) {
    let triggers: Vec<String> = open
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for name in triggers {
        open.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
}

#[tokio::test]
async fn what_is_changed_in_a_file_is_found() {
    let told = Told::new().await;
    told.settled();
    told.files()
        .ledger
        .checkpoint(told.bench.clock.unix_ms())
        .unwrap();
    let Told { bench, .. } = told;
    drop(bench.collector);
    let whole = checked(bench.folder.path()).unwrap();
    assert!(whole > 40);
    let changes = [
        (
            0,
            "UPDATE batch SET received_at = received_at + 1 WHERE position = 7",
            "Batch 7",
        ),
        (
            0,
            "UPDATE batch SET batch_hash = zeroblob(32) WHERE position = 9",
            "position 9",
        ),
        (
            0,
            "UPDATE leaf SET hash = randomblob(32) WHERE number = 20",
            "leaf 20",
        ),
        (
            0,
            "UPDATE node SET hash = randomblob(32) WHERE level = 3 AND number = 1",
            "subtree 1 of level 3",
        ),
        (
            0,
            "UPDATE checkpoint SET root = randomblob(32)",
            "the checkpoint of",
        ),
        (0, "DELETE FROM leaf WHERE number = 30", "missing"),
        (
            1,
            "UPDATE record SET content = replace(content, 'Mme', 'M.') WHERE kind = 'exclusion.requested'",
            "Record",
        ),
        (1, "DELETE FROM record WHERE position = 5", "record 5"),
    ];
    for (file, sql, named) in changes {
        let copy = copied(bench.folder.path());
        let open = rusqlite::Connection::open(copy.path().join(FILES[file])).unwrap();
        // As it is, the file refuses; whoever changes it takes that away first.
        if !sql.contains("batch SET") {
            assert!(open.execute_batch(sql).is_err(), "{sql}");
        }
        unguarded(&open);
        open.execute_batch(sql).unwrap();
        drop(open);
        let refused = checked(copy.path()).unwrap_err();
        assert!(refused.contains(named), "{sql}: {refused}");
    }
    // A registry that is older than the log is no registry of it.
    let copy = copied(bench.folder.path());
    let open = rusqlite::Connection::open(copy.path().join(FILES[1])).unwrap();
    open.execute_batch(
        "DROP TRIGGER record_stays; DROP TRIGGER statement_stays; DELETE FROM statement;
         DELETE FROM record WHERE position > 9;",
    )
    .unwrap();
    drop(open);
    for name in ["collector.key", "line.key"] {
        std::fs::copy(bench.folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let clock = Arc::clone(&bench.clock) as Arc<_>;
    let refused = Collector::open(copy.path(), clock).unwrap_err().to_string();
    assert!(refused.contains("older copy"), "{refused}");
}

#[tokio::test]
async fn checkpoints_are_kept_and_go_on_from_one_another() {
    let told = Told::new().await;
    let ledger = told.files().ledger;
    let first = ledger.published(1_000).unwrap();
    told.exclude((800, 810));
    ledger.take_up().unwrap();
    assert_eq!(
        ledger.published(2_000).unwrap(),
        first,
        "an hour has not passed"
    );
    let second = ledger.published(1_000 + 3_600_000).unwrap();
    assert!(second.size > first.size);
    assert_eq!(
        ledger.published(99_000_000).unwrap(),
        second,
        "nothing came since"
    );
    let key = ledger.public_key();
    let open = |note: &str| desserte::ledger::Checkpoint::open(note, &key).unwrap();
    let (one, two) = (open(&first.note), open(&second.note));
    let proof = ledger.consistency(one.size, two.size).unwrap();
    assert!(desserte::ledger::proof::extends(&two, &one, &proof));
    assert!(ledger.consistency(two.size, one.size).is_err());
    assert!(ledger.consistency(0, two.size + 99).is_err());
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sizes = Arc::clone(&seen);
    ledger
        .check(told.bench.collector.journal(), move |kept| {
            sizes.lock().unwrap().push(kept.size);
        })
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), [first.size, second.size]);
}
