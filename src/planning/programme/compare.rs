//! Two programmes side by side.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SitePlan;
use crate::class::Action;
use crate::cost::Technology;

/// What is compared of a programme's site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// What is to be done.
    pub action: Action,
    /// How it is to be connected.
    pub technology: Option<Technology>,
    /// Phase that builds it.
    pub phase: Option<usize>,
    /// Its capex with its part of the routes, minor units.
    pub capex_minor: Option<i64>,
    /// Its cost of a year, minor units.
    pub yearly_minor: Option<i64>,
}

/// A site that the two plan differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The site.
    pub site: String,
    /// In the first; `None`: it is not there.
    pub first: Option<Side>,
    /// In the second; `None`: it is not there.
    pub second: Option<Side>,
}

/// What differs between two programmes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Sites in both.
    pub in_both: usize,
    /// Sites planned alike: same action, technology and phase.
    pub alike: usize,
    /// Sites with another action.
    pub action_changed: usize,
    /// Sites with another technology.
    pub technology_changed: usize,
    /// Sites in another phase.
    pub phase_changed: usize,
    /// Every site that is not planned alike, by identifier.
    pub changes: Vec<Change>,
}

impl Side {
    fn of(site: &SitePlan) -> Self {
        Self {
            action: site.action,
            technology: site.technology,
            phase: site.phase,
            capex_minor: site.capex_minor,
            yearly_minor: site.yearly_minor,
        }
    }
}

/// Compares two programmes' sites.
#[must_use]
pub fn compare(first: &[SitePlan], second: &[SitePlan]) -> Comparison {
    let mut pairs: BTreeMap<&str, (Option<Side>, Option<Side>)> = BTreeMap::new();
    for site in first {
        pairs.entry(&site.site).or_default().0 = Some(Side::of(site));
    }
    for site in second {
        pairs.entry(&site.site).or_default().1 = Some(Side::of(site));
    }
    let mut comparison = Comparison {
        in_both: 0,
        alike: 0,
        action_changed: 0,
        technology_changed: 0,
        phase_changed: 0,
        changes: Vec::new(),
    };
    for (site, (first, second)) in pairs {
        if let (Some(a), Some(b)) = (&first, &second) {
            comparison.in_both += 1;
            comparison.action_changed += usize::from(a.action != b.action);
            comparison.technology_changed += usize::from(a.technology != b.technology);
            comparison.phase_changed += usize::from(a.phase != b.phase);
            if (a.action, a.technology, a.phase) == (b.action, b.technology, b.phase) {
                comparison.alike += 1;
                continue;
            }
        }
        comparison.changes.push(Change {
            site: site.to_owned(),
            first,
            second,
        });
    }
    comparison
}
