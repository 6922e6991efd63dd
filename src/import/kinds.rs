//! How other people's words for a kind of site become ours.

use serde::{Deserialize, Serialize};

use super::site::SiteKind;

/// A built-in translation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindScheme {
    /// Our identifiers (`town_hall`) and our French and English names.
    #[default]
    Desserte,
    /// `amenity=*` of OpenStreetMap, as described in its wiki.
    OsmAmenity,
    /// The types of the KEMRI-Wellcome/WHO list of public health facilities.
    Kemri,
}

/// `amenity=*` values that are public sites. `doctors` and `pharmacy` are private as a rule and
/// stay out; add them in the mapping's `[kinds]` where they are not.
const OSM_AMENITY: &[(&str, SiteKind)] = &[
    ("townhall", SiteKind::TownHall),
    ("courthouse", SiteKind::Court),
    ("hospital", SiteKind::Hospital),
    ("clinic", SiteKind::HealthCentre),
    ("health_centre", SiteKind::HealthCentre),
    ("health_post", SiteKind::HealthCentre),
    ("kindergarten", SiteKind::School),
    ("school", SiteKind::School),
    ("college", SiteKind::School),
    ("university", SiteKind::School),
    ("post_office", SiteKind::Post),
    ("police", SiteKind::Police),
    ("public_building", SiteKind::Other),
    ("library", SiteKind::Other),
];

/// `facility_type_9` of the list, and the words of its column `Facility type` seen in our files.
const KEMRI: &[(&str, SiteKind)] = &[
    ("hospital", SiteKind::Hospital),
    ("health centre", SiteKind::HealthCentre),
    ("health center", SiteKind::HealthCentre),
    ("health clinic", SiteKind::HealthCentre),
    ("health post", SiteKind::HealthCentre),
    ("health station", SiteKind::HealthCentre),
    ("health hut", SiteKind::HealthCentre),
    ("medical center", SiteKind::HealthCentre),
    ("medical centre", SiteKind::HealthCentre),
    ("community health unit", SiteKind::HealthCentre),
    ("polyclinic", SiteKind::HealthCentre),
    ("dispensary", SiteKind::HealthCentre),
    ("maternity", SiteKind::HealthCentre),
];

impl KindScheme {
    /// The kind that a word means in this scheme; case does not matter.
    #[must_use]
    pub fn translate(self, word: &str) -> Option<SiteKind> {
        let word = word.to_lowercase();
        let listed = |list: &[(&str, SiteKind)]| {
            list.iter()
                .find(|(known, _)| *known == word)
                .map(|(_, kind)| *kind)
        };
        match self {
            Self::OsmAmenity => listed(OSM_AMENITY),
            Self::Kemri => listed(KEMRI),
            Self::Desserte => SiteKind::ALL.into_iter().find(|kind| {
                [kind.code(), kind.name_fr(), kind.name_en()].contains(&word.as_str())
            }),
        }
    }
}
