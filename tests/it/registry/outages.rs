//! Outages as the registry keeps them.

use desserte::registry::{OutageFilter, OutageRecord, Registry};
use desserte_domain::{
    cause::{Cause, Verdict},
    outage::Outage,
};

use super::site;

fn outage(start: i64, end: Option<i64>, cause: Cause) -> OutageRecord {
    OutageRecord {
        id: 0,
        site: "djambala".into(),
        agreement: None,
        agent: None,
        slot_seconds: 60,
        outage: Outage {
            start_unix_ms: start,
            end_unix_ms: end,
            down_slots: 5,
            cause: Verdict::new(cause, vec![]),
        },
    }
}

#[test]
fn outages_are_replaced_by_window_and_keep_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let (registry, witness) = (
        Registry::open(&path).unwrap(),
        Registry::open(&path).unwrap(),
    );
    registry
        .upsert_sites(&[site("djambala"), site("gamboma")], "import", 1_000)
        .unwrap();
    let open = [outage(1_000, None, Cause::Undetermined)];
    let first = registry
        .replace_outages("djambala", (0, 9_000), &open)
        .unwrap();
    // Another process sees every write, and who watches the version in this one sees none.
    let (version, written) = (registry.version().unwrap(), witness.version().unwrap());
    registry
        .replace_outages("djambala", (0, 9_000), &open)
        .unwrap();
    assert_eq!(
        witness.version().unwrap(),
        written,
        "the same again writes nothing"
    );
    let later = [
        outage(1_000, Some(2_000), Cause::LastMile),
        outage(5_000, None, Cause::Lan),
    ];
    let second = registry
        .replace_outages("djambala", (0, 9_000), &later)
        .unwrap();
    assert_eq!(second[0].id, first[0].id);
    assert_ne!(witness.version().unwrap(), written);
    assert_eq!(registry.version().unwrap(), version);
    let list = |filter: &OutageFilter<'_>| -> Vec<i64> {
        let found = registry.outages(filter).unwrap();
        found.iter().map(|one| one.outage.start_unix_ms).collect()
    };
    assert_eq!(list(&OutageFilter::default()), [5_000, 1_000]);
    let open = OutageFilter {
        open: Some(true),
        ..OutageFilter::default()
    };
    assert_eq!(list(&open), [5_000]);
    let cause = OutageFilter {
        cause: Some("last_mile"),
        ..OutageFilter::default()
    };
    assert_eq!(list(&cause), [1_000]);
    let page = OutageFilter {
        limit: 1,
        ..OutageFilter::default()
    };
    assert_eq!(list(&page), [5_000]);
    let next = OutageFilter {
        before: Some((5_000, second[1].id)),
        ..page
    };
    assert_eq!(list(&next), [1_000]);
    let elsewhere = OutageFilter {
        site: Some("gamboma"),
        ..OutageFilter::default()
    };
    assert_eq!(list(&elsewhere), Vec::<i64>::new());
    assert_eq!(registry.outages(&cause).unwrap()[0], second[0]);
    // A window without outages takes away those that overlap it, and no others.
    registry
        .replace_outages("djambala", (4_000, 9_000), &[])
        .unwrap();
    assert_eq!(list(&OutageFilter::default()), [1_000]);
}
