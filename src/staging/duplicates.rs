//! Sites as they are compared, and pairs among those that are there.

use std::collections::{BTreeMap, BTreeSet};

use desserte_planning::Position;

use super::Result;
use crate::import::pairs::{self, Candidate, Pair, Pairs, Rule};
use crate::registry::{NewSite, PairVerdict, Registry, SiteStatus, Verdict};

/// One site of a pair, as a person compares it.
#[derive(Debug, Clone, Copy)]
pub struct Side<'s> {
    /// What is compared.
    pub site: &'s Candidate,
    /// The file from which it was imported; `None` when nobody knows.
    pub source: Option<&'s str>,
    /// Whether it is there already.
    pub known: bool,
}

/// Pairs among the sites that are there.
#[derive(Debug, Default)]
pub struct Proposed {
    /// The pairs, strongest first.
    pub pairs: Pairs,
    candidates: Vec<Candidate>,
    sources: Vec<Option<String>>,
}

impl Proposed {
    /// The two sites of a pair, the one to keep first.
    #[must_use]
    pub fn sides(&self, pair: &Pair) -> Option<(Side<'_>, Side<'_>)> {
        let of = |number| {
            let side = side(&self.candidates, &self.sources, number)?;
            Some(Side {
                known: true,
                ..side
            })
        };
        Some((of(pair.keep)?, of(pair.other)?))
    }

    /// The pairs that are decided on: those that are named, and those that a rule covers.
    #[must_use]
    pub fn verdicts(
        &self,
        named: &BTreeMap<(String, String), (Verdict, Option<String>)>,
        rule: Option<(Rule, Verdict)>,
    ) -> Vec<PairVerdict> {
        let pairs = self.pairs.listed.iter();
        pairs
            .filter_map(|pair| {
                let (keep, other) = self.sides(pair)?;
                let (a, b) = (keep.site.id.clone(), other.site.id.clone());
                let key = if a < b { (a, b) } else { (b, a) };
                let (verdict, chosen) = match named.get(&key) {
                    Some((verdict, chosen)) => (*verdict, chosen.as_deref()),
                    None => (rule.filter(|(rule, _)| rule.covers(pair))?.1, None),
                };
                Some(of_pair(
                    pair,
                    (&keep.site.id, &other.site.id),
                    verdict,
                    chosen,
                ))
            })
            .collect()
    }
}

/// A pair with what was decided; the person may have chosen the other site to go on.
pub(super) fn of_pair(
    pair: &Pair,
    (keep, other): (&str, &str),
    verdict: Verdict,
    chosen: Option<&str>,
) -> PairVerdict {
    let (keep, other) = if chosen == Some(other) {
        (other, keep)
    } else {
        (keep, other)
    };
    PairVerdict {
        keep: keep.to_owned(),
        other: other.to_owned(),
        verdict,
        metres: pair.metres,
        likeness: pair.likeness,
        same_kind: pair.same_kind,
    }
}

/// One site of a pair, by its number.
pub(super) fn side<'s>(
    candidates: &'s [Candidate],
    sources: &'s [Option<String>],
    number: usize,
) -> Option<Side<'s>> {
    let site = candidates.get(number)?;
    Some(Side {
        site,
        source: sources.get(number).and_then(Option::as_deref),
        known: !site.fresh,
    })
}

/// Finds the pairs among the open sites.
pub fn proposed(registry: &Registry) -> Result<Proposed> {
    let (mut candidates, sources) = candidates(registry, &[], None)?;
    for one in &mut candidates {
        one.fresh = true;
    }
    let refused = registry.distinct_pairs()?;
    let pairs = pairs::find(&candidates, |a, b| {
        refused.contains(&(a.to_owned(), b.to_owned()))
    });
    Ok(Proposed {
        pairs,
        candidates,
        sources,
    })
}

/// Sites as they are compared, and the file of each beside.
pub(super) type Candidates = (Vec<Candidate>, Vec<Option<String>>);

/// The open sites, and those of a file that are new. A site that the file tells again stands as the
/// file tells it; one that was closed or merged is not compared.
pub(super) fn candidates(
    registry: &Registry,
    sites: &[NewSite],
    file: Option<&str>,
) -> Result<Candidates> {
    let told: BTreeSet<&str> = sites.iter().map(|site| site.id.as_str()).collect();
    let mut sources = registry.site_sources()?;
    let reopened = registry.closed_by_undoing()?;
    let (mut found, mut files, mut known) = (Vec::new(), Vec::new(), BTreeMap::new());
    for record in registry.sites()? {
        let open = record.current.status == SiteStatus::Open;
        let position = Position::new(record.current.latitude, record.current.longitude);
        if let (Ok(position), true, false) = (position, open, told.contains(record.id.as_str())) {
            files.push(sources.remove(&record.id));
            found.push(Candidate {
                id: record.id,
                name: record.current.name,
                kind: record.current.kind,
                position,
                fresh: false,
            });
        } else if !reopened.contains(&record.id) {
            known.insert(record.id, open);
        }
    }
    for site in sites {
        let before = known.get(&site.id).copied();
        let Ok(position) = Position::new(site.latitude, site.longitude) else {
            continue;
        };
        if before == Some(false) {
            continue;
        }
        files.push(file.map(str::to_owned));
        found.push(Candidate {
            id: site.id.clone(),
            name: site.name.clone(),
            kind: site.kind.clone(),
            position,
            fresh: before.is_none(),
        });
    }
    Ok((found, files))
}
