//! A file of targets: what there is to measure, and which sites measure what beside their agreements.

use desserte_probe::wire::schedule::TARGETS_MAX;
use serde::Deserialize;

use super::{
    Registry, RegistryError, SiteTarget, TargetDefinition, schedule, site_change::Decision, target,
};

/// Longest text, bytes: ten thousand sites with long identifiers.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most targets that one text defines.
const DEFINITIONS_MAX: usize = 1_024;

/// The text, read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetsDocument {
    /// Targets to enter or to change.
    pub target: Vec<TargetDefinition>,
    /// What sites measure, in place of what was set before.
    pub measure: Vec<SitesMeasure>,
}

/// What some sites measure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitesMeasure {
    /// The sites.
    pub sites: Vec<String>,
    /// What each of them measures; empty: nothing beside its agreements.
    pub targets: Vec<SiteTarget>,
}

impl TargetsDocument {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let wrong = |reason: String| RegistryError::TargetsText(reason);
        if text.len() > TEXT_BYTES_MAX {
            return Err(wrong("longer than 2 MiB".to_owned()));
        }
        let document: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if document.target.len() > DEFINITIONS_MAX {
            return Err(wrong("more than 1024 targets".to_owned()));
        }
        if document
            .measure
            .iter()
            .any(|one| one.targets.len() > TARGETS_MAX)
        {
            return Err(wrong("more than 64 targets of one site".to_owned()));
        }
        Ok(document)
    }
}

impl Registry {
    /// Enters a file of targets whole, or nothing of it; the schedules follow.
    pub fn put_targets(
        &self,
        document: &TargetsDocument,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.write("put targets", |transaction| {
            for one in &document.target {
                target::put(transaction, one, decision)?;
            }
            for one in &document.measure {
                for site in &one.sites {
                    target::set_of_site(transaction, site, &one.targets, decision)?;
                }
            }
            schedule::rebuild_all(transaction, decision.at_unix_ms).map(drop)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::NewSite;

    const EXAMPLE: &str = include_str!("../../demo/examples/targets.toml");

    fn decision() -> Decision<'static> {
        Decision {
            author: "Awa",
            at_unix_ms: 1,
            reason: "for a test",
        }
    }

    fn registry() -> Registry {
        let registry = Registry::in_memory().unwrap();
        let sites = ["mairie-owando", "mairie-dolisie"].map(|id| NewSite {
            id: id.into(),
            kind: "town_hall".into(),
            ..NewSite::default()
        });
        registry.upsert_sites(&sites, "import", 1).unwrap();
        registry
    }

    #[test]
    fn the_example_has_every_kind_and_can_be_entered() {
        let document = TargetsDocument::parse(EXAMPLE).unwrap();
        let mut kinds: Vec<String> = document
            .target
            .iter()
            .map(|one| format!("{:?}", one.measure.kind()))
            .collect();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds, ["Dns", "Http", "Icmp", "Path", "Tcp", "Throughput"]);
        let registry = registry();
        registry.put_targets(&document, decision()).unwrap();
        assert_eq!(registry.targets().unwrap().len(), document.target.len());
        assert_eq!(
            registry.site_targets("mairie-owando").unwrap().len(),
            document.measure[0].targets.len()
        );
    }

    #[test]
    fn a_file_with_one_wrong_line_enters_nothing() {
        let registry = registry();
        for (right, wrong, named) in [
            ("\"mairie-dolisie\"", "\"nowhere\"", "nowhere"),
            ("slot_seconds = 21600", "slot_seconds = 60", "slot_seconds"),
            ("port = 443", "port = 0", "port"),
        ] {
            let text = EXAMPLE.replacen(right, wrong, 1);
            assert_ne!(text, EXAMPLE, "{right}");
            let document = TargetsDocument::parse(&text).unwrap();
            let error = registry.put_targets(&document, decision()).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert!(registry.targets().unwrap().is_empty());
            assert!(registry.site_targets("mairie-owando").unwrap().is_empty());
        }
        let misspelt = EXAMPLE.replacen("record =", "recrod =", 1);
        let error = TargetsDocument::parse(&misspelt).unwrap_err().to_string();
        assert!(error.contains("recrod"), "{error}");
    }
}
