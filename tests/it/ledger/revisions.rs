//! Late data makes another revision; the earlier one stays what it was.

use desserte::ledger::settle::{Settled, between};
use desserte::ledger::verify::Held;
use desserte::store::journal::Work;

use super::{CLOSED, Told, verified};

#[tokio::test]
async fn a_backlog_after_closing_makes_revision_2_and_lists_what_differs() {
    // The hour of the outage and two more are held up on the way.
    let told = Told::without(&[16, 17, 20]).await;
    let first = told.settled();
    let document: serde_json::Value = serde_json::from_str(&first.document).unwrap();
    assert_eq!(document["sites"][0]["unknown_slots"], 180);
    assert_eq!(document["sites"][0]["down_slots"], 0);
    let before = told.bundle(&first);
    let mut settled = Settled::default();
    let files = told.files();
    assert!(
        files.settle(&mut settled, CLOSED).unwrap().is_empty(),
        "nothing came"
    );
    let journal = told.bench.collector.journal();
    let looked = || journal.reached(Work::Revised).unwrap();
    assert_eq!(looked(), Some(journal.last_position()));
    for sealed in &told.held_back {
        told.bench.send(sealed).await.unwrap();
    }
    told.bench.settle();
    // A start in between goes on from where the last run came to.
    let kept = files
        .settle(&mut Settled::default(), CLOSED + 3_600_000)
        .unwrap();
    assert_eq!(looked(), Some(journal.last_position()));
    let [second] = kept.as_slice() else {
        panic!("{} statements", kept.len())
    };
    assert_eq!(second.inputs.revision, 2);
    let document: serde_json::Value = serde_json::from_str(&second.document).unwrap();
    assert_eq!(document["sites"][0]["unknown_slots"], 0);
    assert_eq!(document["sites"][0]["down_slots"], 40);
    let found = between(&first.document, &second.document).unwrap();
    let listed: Vec<String> = found.iter().map(ToString::to_string).collect();
    let is_listed = |part: &str| listed.iter().any(|one| one.contains(part));
    assert!(is_listed(
        "mairie-owando, unknown_slots: 180 is stated, 0 is recomputed"
    ));
    assert!(is_listed(
        "mairie-owando, days 2026-06-01, down_slots: 0 is stated, 40 is recomputed"
    ));
    assert!(!is_listed("revision"), "{listed:?}");
    // Revision 1 is what it was, byte for byte, from the journal as it is now.
    let registry = told.bench.collector.registry();
    let stored = registry
        .statement(("lot-1", "2026-06", 1), Some(1))
        .unwrap()
        .unwrap();
    assert_eq!(stored.document, first.document);
    let again = files.make_again(&stored.read_inputs().unwrap()).unwrap();
    assert_eq!(again.text, first.document);
    // Both verify, today as then.
    verified(&before, &Held::default()).unwrap();
    for (statement, revision) in [(&first, 1), (second, 2)] {
        let bytes = told.bundle(statement);
        assert_eq!(
            verified(&bytes, &Held::default()).unwrap().revision,
            revision
        );
    }
    // The same again, and what changes nothing, makes no third one.
    for sealed in &told.held_back {
        told.bench.send(sealed).await.unwrap();
    }
    for mut settled in [settled, Settled::default()] {
        let kept = files.settle(&mut settled, CLOSED + 7_200_000);
        assert!(kept.unwrap().is_empty());
    }
}

#[tokio::test]
async fn nothing_is_final_before_the_month_is_closed() {
    let told = Told::new().await;
    let files = told.files();
    let soon = super::START + 33 * 86_400_000;
    assert!(
        files
            .settle(&mut Settled::default(), soon)
            .unwrap()
            .is_empty()
    );
    let recorded = files
        .recorded(("lot-1", "2026-06"), (None, None), (soon, "test"))
        .unwrap();
    let checked = verified(&told.bundle(&recorded), &Held::default()).unwrap();
    assert!(!checked.is_final);
    let registry = told.bench.collector.registry();
    assert!(
        registry
            .statement(("lot-1", "2026-06", 1), None)
            .unwrap()
            .is_none()
    );
    let refused = files
        .recorded(("lot-1", "2026-06"), (Some(1), Some(2)), (soon, "test"))
        .unwrap_err();
    assert!(refused.to_string().contains("no revision 2"), "{refused}");
    let refused = files
        .recorded(("lot-3", "2026-06"), (None, None), (soon, "test"))
        .unwrap_err();
    assert!(refused.to_string().contains("lot-3"), "{refused}");
}
