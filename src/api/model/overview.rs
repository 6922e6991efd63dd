//! The country at a glance, and the compact map's questions.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Availability24Hours, SiteChange, SiteCounts, Summary};

/// What is down, since when, why, and who is concerned; regions compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NationalOverview {
    /// The country.
    pub country: CountryName,
    /// Counts of the whole.
    pub summary: Summary,
    /// Sites with an agent that was heard before and is silent now: nothing is known of them.
    pub silent_sites: u64,
    /// By region, in the order of their names; sites without one come last.
    pub regions: Vec<RegionState>,
    /// By kind, in the order of the list of kinds.
    pub kinds: Vec<KindState>,
    /// By operator, in the order of their names; sites without one come last.
    pub operators: Vec<OperatorState>,
    /// Sites that are down by cause, the most first.
    pub causes: Vec<CauseState>,
    /// Sites that are down or silent: first by outage, then those that stand alone by what they have
    /// in common; the most sites first, what is down before what is silent.
    pub groups: Vec<GroupState>,
    /// Groups beyond those given.
    pub groups_left_out: u64,
}

/// Who the country is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountryName {
    /// Identifier.
    pub id: String,
    /// Name in French.
    pub name_fr: String,
    /// Name in English.
    pub name_en: String,
    /// Time zone in the tz database.
    pub time_zone: String,
    /// Whether any open site is invented.
    pub invented_sites: bool,
}

/// A region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegionState {
    /// Its name; `null`: sites of which no region is known.
    pub region: Option<String>,
    /// Open sites by state.
    pub sites: SiteCounts,
    /// Sites with an agent.
    pub measured_sites: u64,
    /// Sites with an agent that is silent.
    pub silent_sites: u64,
    /// Over its measured sites; `null` when nothing was measured.
    pub availability_24_hours: Option<Availability24Hours>,
}

/// A kind of sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KindState {
    /// The kind.
    pub kind: String,
    /// Whether people come to these sites for care, lessons, papers or letters.
    pub serves_people: bool,
    /// Open sites by state.
    pub sites: SiteCounts,
    /// Sites with an agent.
    pub measured_sites: u64,
    /// Sites with an agent that is silent.
    pub silent_sites: u64,
}

/// An operator of lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorState {
    /// Its name; `null`: sites of which no operator is known.
    pub operator: Option<String>,
    /// Open sites by state.
    pub sites: SiteCounts,
    /// Sites with an agent.
    pub measured_sites: u64,
    /// Sites with an agent that is silent.
    pub silent_sites: u64,
    /// Over its measured sites; `null` when nothing was measured.
    pub availability_24_hours: Option<Availability24Hours>,
}

/// A cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CauseState {
    /// The cause, from the closed list.
    pub cause: String,
    /// Sites that are down by it.
    pub sites: u64,
    /// Since when the first of them.
    pub first_since: Option<String>,
}

/// Sites that are down by one outage, or have region, operator and cause in common, or are silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupState {
    /// Whether they are one outage: begun together, with what its cause reaches in common.
    pub shared: bool,
    /// `down`, or `unknown`: their agents are silent.
    pub state: String,
    /// Why; `null` for silent ones.
    pub cause: Option<String>,
    /// Where.
    pub region: Option<String>,
    /// Over whose line.
    pub operator: Option<String>,
    /// How many.
    pub sites: u64,
    /// Since when the first of them.
    pub first_since: Option<String>,
    /// Since when the last of them.
    pub last_since: Option<String>,
    /// Whether one of them is sensitive.
    pub sensitive: bool,
    /// Whether what is known of one of them is made up by a demonstration.
    pub simulated: bool,
    /// How many of each kind, the most first.
    pub kinds: Vec<KindCount>,
    /// Some of them, those that are down longest.
    pub examples: Vec<SiteName>,
}

/// So many sites of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KindCount {
    /// The kind.
    pub kind: String,
    /// How many.
    pub sites: u64,
}

/// A site and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteName {
    /// The site.
    pub site: String,
    /// Its name.
    pub name: Option<String>,
}

/// The regions as a small drawing, simplified once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountryOutline {
    /// Width of the drawing, units.
    pub width: u32,
    /// Height of the drawing, units.
    pub height: u32,
    /// One shape a region.
    pub shapes: Vec<OutlineShape>,
}

/// A region of the drawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutlineShape {
    /// Its name, as sites give their region.
    pub name: Option<String>,
    /// SVG path in whole units, to be filled by the even-odd rule.
    pub path: String,
    /// Where a label is written, units from the left.
    pub x: i32,
    /// Where a label is written, units from the top.
    pub y: i32,
    /// Width that is free there, units.
    pub room: u32,
}

/// A site's state changed (server-sent event `site`), and where it stands in the compact map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteEvent {
    /// What changed.
    #[serde(flatten)]
    pub change: SiteChange,
    /// Version of the compact map whose row is meant; `null` when nobody asked for the map.
    pub map_version: Option<String>,
    /// Its row there.
    pub map_row: Option<u32>,
}

/// Sites of rows of the compact map, or of identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MapSites {
    /// Version of the map whose rows are meant.
    pub version: String,
    /// Those that exist, in the order asked for.
    pub items: Vec<MapSite>,
}

/// A site of the compact map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MapSite {
    /// Its row.
    pub row: u32,
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its state.
    pub state: String,
    /// Whether its kind is sensitive: its live state will need a login.
    pub sensitive: bool,
    /// Whether what is known of it is made up by a demonstration.
    pub simulated: bool,
}
