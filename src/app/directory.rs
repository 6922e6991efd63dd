//! What the registry holds, as an image in memory: every request reads it, and it is made anew when
//! the registry changes, whoever changed it.

use std::collections::HashMap;

use desserte_domain::agreement::Agreement;
use desserte_probe::wire::id::AgentId;

use crate::assess::SiteTest;
use crate::geography::areas::Areas;
use crate::registry::fold;

/// A site as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteEntry {
    /// Stable identifier.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Kind.
    pub kind: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Town or village.
    pub place: Option<String>,
    /// Administrative area: that of its source, else the one in which it lies.
    pub region: Option<String>,
    /// Who provides its line.
    pub operator: Option<String>,
    /// Whether it is invented.
    pub invented: bool,
    /// Whether a simulated agent measures or measured it: what is known of it is made up.
    pub simulated: bool,
    /// Agents assigned to it now.
    pub agents: usize,
    /// Longest time between two uploads of its agents, seconds; `None` without an agent.
    pub upload_seconds: Option<u32>,
    /// Name, kind, place, region and operator in lower case without accents, for searching.
    pub folded: String,
}

/// An agent that is not revoked, as far as it is told by memory alone whether it is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedAgent {
    /// Identifier.
    pub id: AgentId,
    /// Site to which it is assigned now.
    pub site: Option<String>,
    /// When it was enrolled, Unix milliseconds.
    pub enrolled_unix_ms: i64,
    /// Seconds between its uploads.
    pub upload_seconds: u32,
}

/// An agreement with the text it was given as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAgreement {
    /// The agreement.
    pub agreement: Agreement,
    /// Its text.
    pub text: String,
}

/// The image.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Open sites, by identifier.
    sites: Vec<SiteEntry>,
    positions: HashMap<String, usize>,
    /// Agents from which batches are expected, by time of enrolment; none in a part.
    agents: Vec<ExpectedAgent>,
    /// Agreements, newest version of each, by identifier.
    agreements: Vec<StoredAgreement>,
    /// Tests of sites that an agreement names.
    tests: HashMap<String, SiteTest>,
    /// The day on which agreements were looked at.
    today: jiff::civil::Date,
    /// Counts up with every image.
    pub version: u64,
}

impl Directory {
    /// An image of these sites and agreements.
    #[must_use]
    pub fn new(
        mut sites: Vec<SiteEntry>,
        mut agreements: Vec<StoredAgreement>,
        today: jiff::civil::Date,
        version: u64,
    ) -> Self {
        sites.sort_by(|left, right| left.id.cmp(&right.id));
        agreements.sort_by(|left, right| left.agreement.id.cmp(&right.agreement.id));
        let positions = sites
            .iter()
            .enumerate()
            .map(|(position, site)| (site.id.clone(), position))
            .collect();
        let mut tests: HashMap<String, SiteTest> = HashMap::new();
        for stored in agreements
            .iter()
            .filter(|one| one.agreement.holds_on(today))
        {
            for site in &stored.agreement.sites {
                tests
                    .entry(site.clone())
                    .or_insert_with(|| SiteTest::of(&stored.agreement));
            }
        }
        Self {
            sites,
            positions,
            agents: Vec::new(),
            agreements,
            tests,
            today,
            version,
        }
    }

    /// The same image with the agents from which batches are expected.
    #[must_use]
    pub fn with_agents(self, agents: Vec<ExpectedAgent>) -> Self {
        Self { agents, ..self }
    }

    /// A part of this image: of the same registry, so with the same version.
    #[must_use]
    pub fn part(&self, sites: Vec<SiteEntry>, agreements: Vec<StoredAgreement>) -> Self {
        let mut part = Self::new(sites, agreements, self.today, self.version);
        // What decides a site's slots stays what it is, whoever looks.
        for (site, test) in &self.tests {
            if part.site(site).is_some() {
                part.tests.insert(site.clone(), test.clone());
            }
        }
        part
    }

    /// Gives each site without a region the one in which it lies.
    pub(super) fn place_in_regions(&mut self, areas: &Areas) {
        if areas.is_empty() {
            return;
        }
        for site in self.sites.iter_mut().filter(|site| site.region.is_none()) {
            if let Some(name) = areas.at(site.longitude, site.latitude) {
                site.folded.push(' ');
                site.folded.push_str(&fold(name));
                site.region = Some(name.to_owned());
            }
        }
    }

    /// Whether another image holds the same sites, agents, agreements and tests.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.sites == other.sites
            && self.agents == other.agents
            && self.agreements == other.agreements
            && self.tests == other.tests
    }

    /// Open sites, by identifier.
    #[must_use]
    pub fn sites(&self) -> &[SiteEntry] {
        &self.sites
    }

    /// An open site.
    #[must_use]
    pub fn site(&self, id: &str) -> Option<&SiteEntry> {
        self.sites.get(*self.positions.get(id)?)
    }

    /// Position of an open site in the list.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// Agents from which batches are expected, by time of enrolment; none in a part.
    #[must_use]
    pub fn agents(&self) -> &[ExpectedAgent] {
        &self.agents
    }

    /// Agreements, by identifier.
    #[must_use]
    pub fn agreements(&self) -> &[StoredAgreement] {
        &self.agreements
    }

    /// An agreement.
    #[must_use]
    pub fn agreement(&self, id: &str) -> Option<&StoredAgreement> {
        let position = self
            .agreements
            .binary_search_by(|one| one.agreement.id.as_str().cmp(id))
            .ok()?;
        self.agreements.get(position)
    }

    /// Agreements that name a site.
    pub fn agreements_of(&self, site: &str) -> impl Iterator<Item = &StoredAgreement> {
        self.agreements
            .iter()
            .filter(move |one| one.agreement.sites.iter().any(|named| named == site))
    }

    /// What decides a site's slots: the first agreement that holds and names it, else the defaults.
    #[must_use]
    pub fn test(&self, site: &str) -> SiteTest {
        self.tests.get(site).cloned().unwrap_or_default()
    }

    /// Sites of which what is known is made up by a demonstration.
    pub fn simulated(&self) -> impl Iterator<Item = &SiteEntry> {
        self.sites.iter().filter(|site| site.simulated)
    }

    /// Whether what is known of any of these sites is made up by a demonstration.
    #[must_use]
    pub fn any_simulated(&self, sites: &[String]) -> bool {
        let simulated = |id: &String| self.site(id).is_some_and(|site| site.simulated);
        sites.iter().any(simulated)
    }

    /// Whether a site is open and has an agent.
    #[must_use]
    pub fn is_measured(&self, id: &str) -> bool {
        self.site(id).is_some_and(|site| site.agents > 0)
    }

    /// Sites with an agent.
    pub fn measured(&self) -> impl Iterator<Item = &SiteEntry> {
        self.sites.iter().filter(|site| site.agents > 0)
    }
}
