//! What of the country a viewer sees.

use std::collections::BTreeSet;

use super::role::Role;
use crate::app::{Directory, SiteEntry, StoredAgreement};
use crate::config::Sites;

/// How far a viewer sees.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The whole country.
    Country,
    /// Sites of these regions.
    Regions(BTreeSet<String>),
    /// Agreements with these contractors, and their sites.
    Contractors(BTreeSet<String>),
    /// This site.
    Site(String),
}

/// What a viewer sees.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// How far.
    pub reach: Reach,
    /// Whether sites that are marked sensitive are seen.
    pub sensitive: bool,
}

impl Scope {
    /// Everything.
    pub const WHOLE: Self = Self {
        reach: Reach::Country,
        sensitive: true,
    };

    /// The scope of a role that reaches over these names.
    #[must_use]
    pub fn of(role: Role, names: &[String], sensitive: bool) -> Self {
        let set = || names.iter().cloned().collect();
        let reach = match role {
            Role::Engineer if !names.is_empty() => Reach::Regions(set()),
            Role::Contractor => Reach::Contractors(set()),
            Role::Technician => Reach::Site(names.first().cloned().unwrap_or_default()),
            Role::Administrator | Role::Engineer | Role::Planner | Role::Auditor => Reach::Country,
        };
        Self { reach, sensitive }
    }

    /// Whether nothing is out of it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::WHOLE
    }

    /// An image of what is in the scope; `None` when that is everything. An agreement is in it whole
    /// or not at all: half of its sites would make other figures than the contract's.
    #[must_use]
    pub fn cut(&self, whole: &Directory, settings: &Sites) -> Option<Directory> {
        if self.is_whole() {
            return None;
        }
        let own = |one: &&StoredAgreement| match &self.reach {
            Reach::Contractors(names) => names.contains(&one.agreement.parties.contractor),
            Reach::Country | Reach::Regions(_) => true,
            Reach::Site(_) => false,
        };
        let agreements: Vec<&StoredAgreement> = whole.agreements().iter().filter(own).collect();
        let covered: BTreeSet<&str> = agreements
            .iter()
            .flat_map(|one| &one.agreement.sites)
            .map(String::as_str)
            .collect();
        let reached = |site: &SiteEntry| match &self.reach {
            Reach::Country => true,
            Reach::Regions(names) => site.region.as_ref().is_some_and(|one| names.contains(one)),
            Reach::Contractors(_) => covered.contains(site.id.as_str()),
            Reach::Site(id) => site.id == *id,
        };
        let seen = |site: &SiteEntry| {
            (self.sensitive || !settings.is_sensitive(&site.kind)) && reached(site)
        };
        let sites: Vec<SiteEntry> = whole
            .sites()
            .iter()
            .filter(|one| seen(one))
            .cloned()
            .collect();
        let ids: BTreeSet<&str> = sites.iter().map(|site| site.id.as_str()).collect();
        // A site that is closed by now is in no directory: it takes no agreement out of sight.
        let out = |id: &String| whole.site(id).is_some() && !ids.contains(id.as_str());
        let agreements = agreements
            .into_iter()
            .filter(|one| !one.agreement.sites.iter().any(out))
            .cloned()
            .collect();
        Some(whole.part(sites, agreements))
    }
}
