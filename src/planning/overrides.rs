//! What a person decides against or beside the figures, with reason and name: shown in every export.

use serde::{Deserialize, Serialize};

/// Most decisions of a scenario.
pub const OVERRIDES_MAX: usize = 100_000;
/// Longest reason or name of a person, characters.
pub const TEXT_MAX: usize = 500;

/// What is decided of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is built in this phase at the latest, whatever its rank.
    Pin {
        /// The phase, from 1.
        phase: usize,
    },
    /// It is not built by this plan.
    Exclude,
    /// Somebody else pays for it: it is connected, and costs this plan nothing.
    Funded {
        /// Who.
        by: String,
    },
}

/// A decision about a site. Written flat: `do` is `pin` (with `phase`), `exclude` or `funded` (with
/// `by`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Override {
    /// The site.
    pub site: String,
    /// What is decided.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub author: String,
}

/// As it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    site: String,
    r#do: Deed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phase: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    reason: String,
    author: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Deed {
    Pin,
    Exclude,
    Funded,
}

impl TryFrom<Written> for Override {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let decision = match (written.r#do, written.phase, written.by) {
            (Deed::Pin, Some(phase), None) => Decision::Pin { phase },
            (Deed::Exclude, None, None) => Decision::Exclude,
            (Deed::Funded, None, Some(by)) => Decision::Funded { by },
            _ => {
                return Err(format!(
                    "override {:?}: pin takes phase, funded takes by, exclude neither",
                    written.site
                ));
            }
        };
        Ok(Self {
            site: written.site,
            decision,
            reason: written.reason,
            author: written.author,
        })
    }
}

impl From<Override> for Written {
    fn from(one: Override) -> Self {
        let (deed, phase, by) = match one.decision {
            Decision::Pin { phase } => (Deed::Pin, Some(phase), None),
            Decision::Exclude => (Deed::Exclude, None, None),
            Decision::Funded { by } => (Deed::Funded, None, Some(by)),
        };
        Self {
            site: one.site,
            r#do: deed,
            phase,
            by,
            reason: one.reason,
            author: one.author,
        }
    }
}

/// A least number of sites of a region in the first phases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// The region, as sites name it.
    pub region: String,
    /// So many of its sites at least.
    pub sites: usize,
    /// Up to and with this phase, from 1.
    pub phase: usize,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub author: String,
}

/// Why decisions cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// More than [`OVERRIDES_MAX`].
    #[error("{0} decisions are more than {OVERRIDES_MAX}")]
    TooMany(usize),
    /// No reason, no author, or one that is too long.
    #[error("{what} {of:?}: {field} must hold 1 to {TEXT_MAX} characters")]
    Text {
        /// `override` or `quota`.
        what: &'static str,
        /// The site or the region.
        of: String,
        /// The field.
        field: &'static str,
    },
    /// Two decisions of one site, or two quotas of one region and phase.
    #[error("{what} {of:?} is decided twice")]
    Twice {
        /// `override` or `quota`.
        what: &'static str,
        /// The site or the region.
        of: String,
    },
    /// A phase that the scenario does not have.
    #[error("{what} {of:?}: there is no phase {phase}; the scenario has {phases}")]
    NoSuchPhase {
        /// `override` or `quota`.
        what: &'static str,
        /// The site or the region.
        of: String,
        /// The phase asked for.
        phase: usize,
        /// Phases of the scenario.
        phases: usize,
    },
    /// A site that is not open here.
    #[error("override: there is no open site {0:?}")]
    NoSuchSite(String),
    /// A region without a site.
    #[error("quota: no open site lies in region {0:?}")]
    NoSuchRegion(String),
}

/// Checks what can be checked without the sites.
pub fn check(overrides: &[Override], quotas: &[Quota], phases: usize) -> Result<(), OverrideError> {
    let total = overrides.len() + quotas.len();
    if total > OVERRIDES_MAX {
        return Err(OverrideError::TooMany(total));
    }
    let mut seen = std::collections::BTreeSet::new();
    for one in overrides {
        let (what, of) = ("override", one.site.as_str());
        texts(
            what,
            of,
            &[("reason", &one.reason), ("author", &one.author)],
        )?;
        match &one.decision {
            Decision::Pin { phase } => in_phases(what, of, *phase, phases)?,
            Decision::Funded { by } => texts(what, of, &[("by", by)])?,
            Decision::Exclude => {}
        }
        if !seen.insert((what, of, 0)) {
            return Err(OverrideError::Twice {
                what,
                of: of.to_owned(),
            });
        }
    }
    for one in quotas {
        let (what, of) = ("quota", one.region.as_str());
        texts(
            what,
            of,
            &[("reason", &one.reason), ("author", &one.author)],
        )?;
        in_phases(what, of, one.phase, phases)?;
        if !seen.insert((what, of, one.phase)) {
            return Err(OverrideError::Twice {
                what,
                of: of.to_owned(),
            });
        }
    }
    Ok(())
}

fn texts(
    what: &'static str,
    of: &str,
    fields: &[(&'static str, &String)],
) -> Result<(), OverrideError> {
    for (field, text) in fields {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
            let of = of.to_owned();
            return Err(OverrideError::Text { what, of, field });
        }
    }
    Ok(())
}

fn in_phases(
    what: &'static str,
    of: &str,
    phase: usize,
    phases: usize,
) -> Result<(), OverrideError> {
    if (1..=phases).contains(&phase) {
        return Ok(());
    }
    let of = of.to_owned();
    Err(OverrideError::NoSuchPhase {
        what,
        of,
        phase,
        phases,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(site: &str, phase: usize) -> Override {
        Override {
            site: site.to_owned(),
            decision: Decision::Pin { phase },
            reason: "promised in parliament".to_owned(),
            author: "A. Ngoma".to_owned(),
        }
    }

    #[test]
    fn decisions_without_reason_author_or_phase_are_refused() {
        let quota = Quota {
            region: "Likouala".to_owned(),
            sites: 3,
            phase: 1,
            reason: "no region without".to_owned(),
            author: "A. Ngoma".to_owned(),
        };
        let check = |overrides: &[Override], quotas: &[Quota]| check(overrides, quotas, 2);
        assert_eq!(
            check(&[pin("a", 1), pin("b", 2)], std::slice::from_ref(&quota)),
            Ok(())
        );
        let nameless = Override {
            author: " ".to_owned(),
            ..pin("a", 1)
        };
        let error = check(&[nameless], &[]).unwrap_err().to_string();
        assert!(
            error.contains("\"a\"") && error.contains("author"),
            "{error}"
        );
        let read = |text: &str| serde_json::from_str::<Override>(text);
        let flat = r#"{"site":"a","do":"pin","phase":1,"reason":"r","author":"n"}"#;
        let one = read(flat).unwrap();
        assert_eq!(serde_json::to_string(&one).unwrap(), flat);
        assert!(read(&flat.replace("\"phase\":1", "\"phaze\":1")).is_err());
        assert!(
            read(&flat.replace("pin", "exclude")).is_err(),
            "a phase without a pin"
        );
        let error = check(&[pin("a", 3)], &[]).unwrap_err().to_string();
        assert!(error.contains("no phase 3"), "{error}");
        assert!(check(&[pin("a", 0)], &[]).is_err());
        let twice = check(&[pin("a", 1), pin("a", 2)], &[]).unwrap_err();
        assert_eq!(
            twice,
            OverrideError::Twice {
                what: "override",
                of: "a".to_owned()
            }
        );
        assert!(check(&[], &[quota.clone(), quota]).is_err());
    }
}
