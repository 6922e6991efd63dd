//! How far sites and areas are from what exists.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// A site and its gap.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapItem {
    /// The site.
    pub site: String,
    /// Its name.
    pub site_name: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its area in the registry.
    pub region: Option<String>,
    /// The area of the first layer of regions in which it stands; without one as `region`.
    pub area: Option<String>,
    /// Whether a demonstration invented it.
    pub invented: bool,
    /// Whether what was measured there is simulated.
    pub simulated: bool,
    /// Degrees north; `null` when not known.
    pub latitude: Option<f64>,
    /// Degrees east; `null` when not known.
    pub longitude: Option<f64>,
    /// The networks that reach it.
    pub coverage: GapCoverage,
    /// The nearest of each kind: `fibre_line`, `fibre_node`, `mast`, `road`, `power_line`,
    /// `power_node`, `place`.
    pub distances: BTreeMap<String, GapDistance>,
    /// Inhabitants of the nearest place; `null` when not known.
    pub place_population: Option<u64>,
    /// What was measured there in the last days; `null`: nothing.
    pub measured: Option<GapMeasured>,
}

/// The networks at a site.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapCoverage {
    /// The newest generation first; an empty list: in none of the imported layers. `null` when not
    /// known.
    pub networks: Option<Vec<GapNetwork>>,
    /// Why it is not known: `layer_absent` or `position_missing`.
    pub unknown_reason: Option<String>,
}

/// A network at a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GapNetwork {
    /// Whose; `null` when its source does not say.
    pub operator: Option<String>,
    /// `2g`, `3g`, `4g` or `5g`; `null` when its source does not say.
    pub generation: Option<String>,
    /// The layer that says so.
    pub layer: String,
}

/// The nearest of a kind of thing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapDistance {
    /// Geodesic metres on WGS84; `null` when not known.
    pub metres: Option<f64>,
    /// What it is called in its source.
    pub name: Option<String>,
    /// Its layer.
    pub layer: Option<String>,
    /// Who made the layer.
    pub source: Option<String>,
    /// The day of the layer's content, as far as it is known.
    pub date: Option<String>,
    /// How far the layer may be wrong, in words.
    pub uncertainty: Option<String>,
    /// The same as a class: `metres`, `hundreds_of_metres`, `kilometres` or `unknown`.
    pub uncertainty_class: Option<String>,
    /// Why it is not known: `layer_absent`, `layer_empty` or `position_missing`.
    pub unknown_reason: Option<String>,
}

/// What was measured at a site.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapMeasured {
    /// The period, ISO 8601.
    pub period: String,
    /// Slots in which it was reachable.
    pub up_slots: u64,
    /// Slots in which it was not.
    pub down_slots: u64,
    /// Slots of which nothing is known: in no share.
    pub unknown_slots: u64,
    /// Slots up, as a share of those up and down.
    pub availability: Option<f64>,
}

/// The gaps of all areas, and what they rest on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapAreas {
    /// Metres within which fibre or a mast is service within reach.
    pub reach_metres: f64,
    /// Oldest generation that is service.
    pub generation: String,
    /// The layer of regions; `null`: the areas are those of the registry.
    pub regions: Option<String>,
    /// The layer of places whose inhabitants are counted; `null`: none was imported.
    pub places: Option<String>,
    /// The areas, by name; last what lies in no named area.
    pub items: Vec<GapArea>,
}

/// The gap of an area. What needs a layer that was not imported is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapArea {
    /// Its name; `null`: what lies in no named area.
    pub area: Option<String>,
    /// Sites in it.
    pub sites: u64,
    /// Sites without a position.
    pub sites_without_position: u64,
    /// Sites by the newest generation that covers them.
    pub sites_by_generation: Option<BTreeMap<String, u64>>,
    /// Sites that no network of the generation covers.
    pub sites_without_coverage: Option<u64>,
    /// Sites with fibre within reach.
    pub sites_near_fibre: Option<u64>,
    /// Median of the sites' distances to fibre, metres.
    pub fibre_metres_median: Option<f64>,
    /// Sites where something was measured.
    pub sites_measured: u64,
    /// Their slots up, as a share of those up and down.
    pub availability: Option<f64>,
    /// Places in it.
    pub places: Option<u64>,
    /// Places of which nobody knows how many live there.
    pub places_without_population: Option<u64>,
    /// Inhabitants of its places.
    pub population: Option<u64>,
    /// … of places that a network of the generation covers.
    pub population_covered: Option<u64>,
    /// … of places with fibre within reach.
    pub population_near_fibre: Option<u64>,
    /// … of places with a mast within reach.
    pub population_near_mast: Option<u64>,
    /// … of places that none of the imported layers of coverage, fibre and masts reaches.
    pub population_beyond_reach: Option<u64>,
}
