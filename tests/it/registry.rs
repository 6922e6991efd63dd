//! The registry: history is kept, imports are whole, schedules follow agreements.

mod outages;

use desserte::registry::{
    AgreementDocument, Decision, ImportOutcome, NewSite, Registry, RegistryError, SeenLine,
    SiteStatus, SiteTarget,
};
use desserte_probe::report::{Family, Line};
use desserte_probe::wire::schedule::Measure;

fn site(id: &str) -> NewSite {
    NewSite {
        id: id.into(),
        name: Some(format!("École de {id}")),
        kind: "school".into(),
        latitude: -4.25,
        longitude: 15.25,
        region: Some("Plateaux".into()),
        ..NewSite::default()
    }
}

fn registry(ids: &[&str]) -> Registry {
    let registry = Registry::in_memory().unwrap();
    let sites: Vec<NewSite> = ids.iter().map(|id| site(id)).collect();
    registry.upsert_sites(&sites, "import", 1_000).unwrap();
    registry
}

fn decision(at_unix_ms: i64) -> Decision<'static> {
    Decision {
        author: "Awa",
        at_unix_ms,
        reason: "seen on the spot",
    }
}

#[test]
fn importing_again_writes_only_what_changed_and_keeps_what_was() {
    let registry = registry(&["djambala", "gamboma"]);
    let mut renamed = site("gamboma");
    renamed.name = Some("Lycée de Gamboma".into());
    renamed.aliases = vec!["osm-7".into()];
    let sites = [site("djambala"), renamed, site("lekana")];
    let outcome = registry.upsert_sites(&sites, "import", 2_000).unwrap();
    let expected = ImportOutcome {
        added: 1,
        changed: 1,
        unchanged: 1,
    };
    assert_eq!(outcome, expected);
    let versions = registry.site_versions("gamboma").unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0].valid_to_unix_ms, Some(2_000));
    assert_eq!(versions[0].name.as_deref(), Some("École de gamboma"));
    assert_eq!(versions[1].valid_to_unix_ms, None);
    assert_eq!(
        registry.resolve_site("osm-7").unwrap().as_deref(),
        Some("gamboma")
    );
    let found = registry.search_sites("LYCEE de gam", 10).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(registry.search_sites("100%", 10).unwrap(), []);
}

#[test]
fn one_bad_row_and_nothing_is_imported() {
    let registry = registry(&["djambala"]);
    let mut swapped = site("wrong");
    (swapped.latitude, swapped.longitude) = (150.0, -4.0);
    let error = registry
        .upsert_sites(&[site("good"), swapped], "import", 2_000)
        .unwrap_err();
    assert!(
        error.to_string().contains("\"wrong\": field latitude"),
        "{error}"
    );
    assert_eq!(registry.sites().unwrap().len(), 1);
    let mut thief = site("thief");
    thief.aliases = vec!["djambala".into()];
    let error = registry
        .upsert_sites(&[thief], "import", 2_000)
        .unwrap_err();
    assert!(matches!(error, RegistryError::Conflict { .. }), "{error}");
    assert_eq!(registry.sites().unwrap().len(), 1);
}

#[test]
fn moving_closing_and_merging_keep_history_and_take_agents_along() {
    let registry = registry(&["old", "new"]);
    registry
        .move_site("old", (-1.5, 16.0), decision(2_000))
        .unwrap();
    registry.keep_code(&[1; 16], "old", "Awa", 2_000).unwrap();
    let agent = registry
        .redeem_code(&[1; 16], &[9; 32], "fake", 2_500)
        .unwrap()
        .agent
        .id;
    registry.merge_site("old", "new", decision(3_000)).unwrap();
    let versions = registry.site_versions("old").unwrap();
    let latitudes: Vec<f64> = versions.iter().map(|version| version.latitude).collect();
    assert_eq!(latitudes.len(), 3);
    assert!((latitudes[0] + 4.25).abs() < 1e-9 && (latitudes[1] + 1.5).abs() < 1e-9);
    assert_eq!(versions[2].status, SiteStatus::MergedInto("new".into()));
    assert_eq!(
        registry.resolve_site("old").unwrap().as_deref(),
        Some("new")
    );
    let assignments = registry.assignments(agent).unwrap();
    let sites: Vec<&str> = assignments.iter().map(|one| one.site.as_str()).collect();
    assert_eq!(sites, ["old", "new"]);
    assert_eq!(assignments[0].valid_to_unix_ms, Some(3_000));
    assert!(
        registry.merge_site("old", "new", decision(4_000)).is_err(),
        "once"
    );
    assert!(
        registry.merge_site("new", "new", decision(4_000)).is_err(),
        "not into itself"
    );
    assert!(
        registry.keep_code(&[2; 16], "old", "Awa", 4_000).is_err(),
        "not at a merged site"
    );
    // An import of the merged site does not open it again.
    registry
        .upsert_sites(&[site("old")], "import", 5_000)
        .unwrap();
    let status = registry.site("old").unwrap().unwrap().current.status;
    assert_eq!(status, SiteStatus::MergedInto("new".into()));
    registry.close_site("new", decision(6_000)).unwrap();
    let actions: Vec<String> = registry
        .audit_after(0)
        .unwrap()
        .into_iter()
        .map(|one| one.action)
        .collect();
    for action in [
        "site.import",
        "site.move",
        "agent.enrol",
        "site.merge",
        "site.close",
    ] {
        assert!(
            actions.iter().any(|one| one == action),
            "{action}: {actions:?}"
        );
    }
}

const AGREEMENT: &str = r#"
id = "schools"
version = 1
title = "Écoles"
valid_from = "2026-01-01"
time_zone = "Africa/Brazzaville"
sites = ["djambala"]
parties = { customer = "M", contractor = "O" }
test = { targets = ["portal"], slot_seconds = 2, minimum_sent = 1, packets_per_slot = 1 }
objective = { availability_percent = "99.5" }
[[target]]
id = "portal"
measure = { http = { url = "http://127.0.0.1:8080/", status_from = 200, status_to = 299, timeout_ms = 1000, body_bytes_max = 1000 } }
"#;

#[test]
fn an_agreement_brings_its_targets_and_every_change_is_a_new_revision() {
    let registry = registry(&["djambala", "gamboma"]);
    registry
        .keep_code(&[1; 16], "djambala", "Awa", 2_000)
        .unwrap();
    let agent = registry
        .redeem_code(&[1; 16], &[9; 32], "fake", 2_500)
        .unwrap()
        .agent
        .id;
    let empty = registry.schedule(agent).unwrap().unwrap();
    assert_eq!(
        (empty.revision, empty.targets.len(), empty.upload_seconds),
        (1, 0, 300)
    );
    registry.put_agreement(AGREEMENT, decision(3_000)).unwrap();
    let schedule = registry.schedule(agent).unwrap().unwrap();
    assert_eq!(schedule.revision, 2);
    assert_eq!((schedule.record_seconds, schedule.upload_seconds), (2, 2));
    assert_eq!(
        (
            schedule.targets[0].id.as_str(),
            schedule.targets[0].slot_seconds
        ),
        ("portal", 2)
    );
    assert!(matches!(schedule.targets[0].measure, Measure::Http { .. }));
    registry.put_agreement(AGREEMENT, decision(4_000)).unwrap();
    assert_eq!(
        registry.schedule_revision(agent).unwrap(),
        2,
        "the same text changes nothing"
    );
    let other_text = AGREEMENT.replace("8080", "9090");
    let error = registry
        .put_agreement(&other_text, decision(5_000))
        .unwrap_err();
    assert!(matches!(error, RegistryError::Conflict { .. }), "{error}");
    let next = other_text.replace("version = 1", "version = 2");
    registry.put_agreement(&next, decision(5_000)).unwrap();
    assert_eq!(registry.schedule_revision(agent).unwrap(), 3);
    assert_eq!(registry.agreements().unwrap().len(), 1);
    assert_eq!(
        registry
            .agreement("schools", Some(1))
            .unwrap()
            .unwrap()
            .text,
        AGREEMENT
    );
    let ended = next.replace("version = 2", "version = 3\nvalid_to = '2026-02-01'");
    registry
        .put_agreement(&ended, decision(1_780_272_000_000))
        .unwrap();
    assert_eq!(registry.schedule(agent).unwrap().unwrap().targets, []);
    let portal = SiteTarget {
        target: "portal".into(),
        slot_seconds: 60,
    };
    registry
        .set_site_targets("djambala", &[portal], decision(6_000))
        .unwrap();
    let schedule = registry.schedule(agent).unwrap().unwrap();
    assert_eq!(
        (schedule.revision, schedule.record_seconds),
        (5, 2),
        "at that time it still held"
    );
}

#[test]
fn a_registry_is_read_anew_for_what_is_new_and_not_for_signs_of_life() {
    let registry = registry(&["djambala"]);
    registry
        .keep_code(&[1; 16], "djambala", "Awa", 2_000)
        .unwrap();
    let agent = registry
        .redeem_code(&[1; 16], &[9; 32], "fake", 2_500)
        .unwrap()
        .agent
        .id;
    let text = AGREEMENT.replace("version = 1", "version = 1\nvalid_to = '2026-02-01'");
    registry.put_agreement(&text, decision(3_000)).unwrap();
    let seen = |gateway: &str, at_unix_ms: i64| {
        let before = registry.version().unwrap();
        let line = Line {
            interface: "eth0".into(),
            gateway: Some(gateway.repeat(32)),
            family: Family::Ipv4,
        };
        let seen = SeenLine {
            line,
            public_address: None,
        };
        registry
            .note_lines("djambala", agent, &[seen], at_unix_ms)
            .unwrap();
        registry.version().unwrap() != before
    };
    assert!(seen("a", 4_000));
    assert!(!seen("a", 4_000 + 7_200_000));
    let lines = registry.lines_of_agent(agent).unwrap();
    assert_eq!(lines[0].last_seen_unix_ms, 7_204_000);
    assert!(seen("b", 7_205_000));
    // The agreement ends with time, and with it how often its agent uploads.
    let refreshed = |at_unix_ms: i64| {
        let before = registry.version().unwrap();
        registry.refresh_schedules(at_unix_ms).unwrap();
        registry.version().unwrap() != before
    };
    assert!(!refreshed(8_000_000));
    assert!(refreshed(1_780_272_000_000));
    assert!(!refreshed(1_780_272_001_000));
}

#[test]
fn agreements_that_cannot_be_used_are_explained() {
    let registry = registry(&["djambala"]);
    let misspelt = AGREEMENT.replace("time_zone", "timezone");
    let error = registry
        .put_agreement(&misspelt, decision(1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("timezone"), "{error}");
    let elsewhere = AGREEMENT.replace("\"djambala\"", "\"nowhere\"");
    let error = registry
        .put_agreement(&elsewhere, decision(1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no site \"nowhere\""), "{error}");
    let untargeted = AGREEMENT.split("[[target]]").next().unwrap();
    let error = registry
        .put_agreement(untargeted, decision(1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no target \"portal\""), "{error}");
    let wrong = AGREEMENT.replace("\"99.5\"", "\"199.5\"");
    let error = AgreementDocument::parse(&wrong).unwrap_err();
    assert!(matches!(error, RegistryError::Agreement { .. }), "{error}");
    assert!(
        registry.targets().unwrap().is_empty(),
        "nothing of a refused text stays"
    );
}

#[test]
fn a_registry_in_a_file_is_seen_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let (server, command) = (
        Registry::open(&path).unwrap(),
        Registry::open(&path).unwrap(),
    );
    let before = server.version().unwrap();
    assert_eq!(server.version().unwrap(), before);
    command
        .upsert_sites(&[site("djambala")], "import", 1)
        .unwrap();
    assert_ne!(server.version().unwrap(), before);
    assert_eq!(server.sites().unwrap().len(), 1);
}
