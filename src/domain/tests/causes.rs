//! The table of causes, one scenario file a situation.

use std::collections::BTreeSet;

use desserte_domain::cause::{CAUSES, Cause, CauseEvidence, Fact, Locus, ProbeCount, decide};
use serde::Deserialize;

use crate::root;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What happened, for the reader.
    situation: String,
    evidence: CauseEvidence,
    verdict: Expected,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    cause: Cause,
    locus: Locus,
    #[serde(default)]
    degraded: bool,
    facts: Vec<Fact>,
}

#[test]
fn every_scenario_gets_its_cause_with_the_facts_used() {
    let mut seen = BTreeSet::new();
    let folder = root().join("tests/scenarios/causes");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let scenario: Scenario =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let verdict = decide(&scenario.evidence);
        let expected = &scenario.verdict;
        let context = format!("{name}: {}\nfound {verdict:?}", scenario.situation);
        assert_eq!(verdict.cause, expected.cause, "{context}");
        assert_eq!(verdict.locus, expected.locus, "{context}");
        assert_eq!(verdict.degraded, expected.degraded, "{context}");
        assert_eq!(verdict.facts, expected.facts, "{context}");
        seen.insert(verdict.cause);
    }
    let missing: Vec<&Cause> = CAUSES
        .iter()
        .filter(|cause| !seen.contains(*cause))
        .collect();
    assert!(missing.is_empty(), "no scenario ends in {missing:?}");
}

#[test]
fn a_misspelt_fact_in_a_scenario_is_refused() {
    let good = "situation = 'x'\n[evidence.lan]\ncarrier = false\n\
        [verdict]\ncause = 'lan'\nlocus = 'local_network'\nfacts = []\n";
    assert!(toml::from_str::<Scenario>(good).is_ok());
    for (right, wrong) in [
        ("carrier", "carier"),
        (".lan", ".lann"),
        ("locus", "place"),
        ("'lan'", "'lanlan'"),
    ] {
        assert!(
            toml::from_str::<Scenario>(&good.replace(right, wrong)).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn no_evidence_at_all_decides_nothing() {
    let verdict = decide(&CauseEvidence::default());
    assert_eq!(verdict.cause, Cause::Undetermined);
    assert_eq!(verdict.facts, [Fact::EvidenceInsufficient]);
}

#[test]
fn identifiers_are_those_of_serde() {
    for cause in CAUSES {
        assert_eq!(serde_json::to_value(cause).unwrap(), cause.identifier());
    }
}

#[test]
fn what_was_never_sent_is_neither_dead_nor_alive() {
    let nothing = ProbeCount {
        sent: 0,
        received: 0,
    };
    assert!(!nothing.dead() && !nothing.alive() && !nothing.lossy());
}

#[test]
fn nothing_is_missing_where_no_target_fails() {
    let mut evidence = CauseEvidence::default();
    evidence.targets.measured = Some(2);
    evidence.targets.failing = Some(0);
    let facts = decide(&evidence).facts;
    assert!(facts.contains(&Fact::EvidenceInsufficient), "{facts:?}");
    assert!(!facts.contains(&Fact::GatewayNotMeasured), "{facts:?}");
}
