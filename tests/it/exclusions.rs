//! Exclusions in the registry: two people, a month that closes, nothing deleted.

use desserte::registry::{Decision, ExclusionChange, NewExclusion, Registry, RegistryError};
use desserte_domain::exclusion::ExclusionKind;
use desserte_domain::exclusion::entry::EntryError;

use crate::api::AGREEMENT;

/// 2026-06-01T00:00:00+01:00.
const JUNE_MS: i64 = 1_780_268_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Ten days after the end of June, in the agreement's zone.
const CLOSED_MS: i64 = JUNE_MS + 40 * 24 * HOUR_MS;

fn at(at_unix_ms: i64) -> Decision<'static> {
    Decision {
        author: "test",
        at_unix_ms,
        reason: "the fibre is moved",
    }
}

fn registry() -> Registry {
    let registry = Registry::in_memory().unwrap();
    let site = desserte::registry::NewSite {
        id: "CG-1".to_owned(),
        name: None,
        kind: "school".to_owned(),
        latitude: -4.0,
        longitude: 15.0,
        place: None,
        region: None,
        operator: None,
        invented: true,
        aliases: Vec::new(),
    };
    registry.upsert_sites(&[site], "test", 1_000).unwrap();
    registry.put_agreement(AGREEMENT, at(2_000)).unwrap();
    registry
}

fn works() -> NewExclusion {
    NewExclusion {
        agreement: "lot-1".to_owned(),
        site: None,
        from_unix_ms: JUNE_MS,
        to_unix_ms: JUNE_MS + HOUR_MS,
        class: "maintenance".to_owned(),
        kind: ExclusionKind::PlannedWorks,
        requested_by: "A. Mbemba".to_owned(),
    }
}

fn said(error: &RegistryError) -> Option<&EntryError> {
    match error {
        RegistryError::Exclusion(error) => Some(error),
        _ => None,
    }
}

#[test]
fn one_person_asks_another_approves_and_a_withdrawn_one_stays_on_record() {
    let registry = registry();
    let id = registry.add_exclusion(&works(), at(JUNE_MS)).unwrap();
    let counts = || registry.exclusions("lot-1").unwrap()[0].counts();
    assert!(!counts(), "it waits for an approval");
    let approve = |person: &str, now| {
        registry.change_exclusion(("lot-1", id), ExclusionChange::Approve, person, at(now))
    };
    let same = approve("a. MBEMBA", JUNE_MS).unwrap_err();
    assert!(
        matches!(said(&same), Some(EntryError::SamePerson(_))),
        "{same}"
    );
    assert!(!counts());
    let record = approve("C. Ngoma", JUNE_MS).unwrap();
    assert_eq!(record.approved, Some(("C. Ngoma".to_owned(), JUNE_MS)));
    assert!(counts());
    let twice = approve("D. Okemba", JUNE_MS).unwrap_err();
    assert!(twice.to_string().contains("approved already"), "{twice}");
    let withdraw = || {
        let change = ExclusionChange::Withdraw;
        registry.change_exclusion(("lot-1", id), change, "A. Mbemba", at(JUNE_MS + 1))
    };
    let record = withdraw().unwrap();
    assert_eq!(record.withdrawn_at_unix_ms, Some(JUNE_MS + 1));
    assert!(!counts());
    assert!(withdraw().is_err());
    assert!(approve("C. Ngoma", JUNE_MS + 2).is_err());
    assert_eq!(registry.exclusions("lot-1").unwrap().len(), 1);
    let actions: Vec<String> = registry
        .audit_after(0)
        .unwrap()
        .into_iter()
        .map(|record| record.action)
        .filter(|action| action.starts_with("exclusion."))
        .collect();
    assert_eq!(
        actions,
        ["exclusion.add", "exclusion.approve", "exclusion.withdraw"]
    );
}

#[test]
fn a_closed_month_takes_no_entry_no_approval_and_no_withdrawal() {
    let registry = registry();
    let id = registry.add_exclusion(&works(), at(CLOSED_MS - 1)).unwrap();
    for change in [ExclusionChange::Approve, ExclusionChange::Withdraw] {
        let refused = registry
            .change_exclusion(("lot-1", id), change, "C. Ngoma", at(CLOSED_MS))
            .unwrap_err();
        assert!(
            matches!(said(&refused), Some(EntryError::Closed { .. })),
            "{refused}"
        );
    }
    assert!(registry.add_exclusion(&works(), at(CLOSED_MS)).is_err());
}

#[test]
fn what_the_agreement_does_not_know_is_refused_and_nothing_stays() {
    let registry = registry();
    for wrong in [
        NewExclusion {
            to_unix_ms: JUNE_MS,
            ..works()
        },
        NewExclusion {
            class: "holiday".to_owned(),
            ..works()
        },
        NewExclusion {
            site: Some("CG-2".to_owned()),
            ..works()
        },
        NewExclusion {
            agreement: "none".to_owned(),
            ..works()
        },
        NewExclusion {
            requested_by: " ".to_owned(),
            ..works()
        },
    ] {
        let entered = registry.add_exclusion(&wrong, at(JUNE_MS));
        assert!(entered.is_err(), "{wrong:?}");
    }
    assert!(registry.exclusions("lot-1").unwrap().is_empty());
    let missing = registry
        .change_exclusion(("lot-1", 7), ExclusionChange::Approve, "C", at(JUNE_MS))
        .unwrap_err();
    assert!(missing.to_string().contains("no exclusion"), "{missing}");
}

#[test]
fn an_exclusion_of_the_first_schema_waits_for_an_approval() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.sqlite");
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(include_str!("../../src/registry/schema.sql"))
        .unwrap();
    old.execute_batch(
        "PRAGMA user_version = 1;
         INSERT INTO exclusion (agreement, from_unix_ms, to_unix_ms, class, reason, author,
             entered_at) VALUES ('lot-1', 1, 2, 'maintenance', 'works', 'Awa', 3);",
    )
    .unwrap();
    drop(old);
    let registry = Registry::open(&file).unwrap();
    let found = registry.exclusions("lot-1").unwrap();
    assert_eq!(found[0].exclusion.requested_by, "Awa");
    assert_eq!(found[0].exclusion.kind, ExclusionKind::Other);
    assert!(!found[0].counts());
    drop(registry);
    let deleted = rusqlite::Connection::open(&file)
        .unwrap()
        .execute("DELETE FROM exclusion", []);
    assert!(deleted.unwrap_err().to_string().contains("never deleted"));
}
