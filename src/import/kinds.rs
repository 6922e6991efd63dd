//! How other people's words for a kind of site become ours.

use serde::{Deserialize, Serialize};

use super::site::SiteKind;
use crate::text::fold;

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
    /// French and English words in a free text: *École primaire publique*, *CSI*, *Lycée*.
    Words,
}

/// Words by which a ministry's table says what a site is, folded; the first that is found counts, so
/// that what says more stands before what says less (*centre hospitalier* before *centre*).
const WORDS: &[(&str, SiteKind)] = &[
    ("etat civil", SiteKind::CivilRegistry),
    ("civil registry", SiteKind::CivilRegistry),
    ("civil registration", SiteKind::CivilRegistry),
    ("centre de sante", SiteKind::HealthCentre),
    ("poste de sante", SiteKind::HealthCentre),
    ("health", SiteKind::HealthCentre),
    ("sante", SiteKind::HealthCentre),
    ("centre medical", SiteKind::HealthCentre),
    ("medical", SiteKind::HealthCentre),
    ("hopital", SiteKind::Hospital),
    ("hospital", SiteKind::Hospital),
    ("hospitalier", SiteKind::Hospital),
    ("chu", SiteKind::Hospital),
    ("chr", SiteKind::Hospital),
    ("csi", SiteKind::HealthCentre),
    ("csps", SiteKind::HealthCentre),
    ("cms", SiteKind::HealthCentre),
    ("usp", SiteKind::HealthCentre),
    ("clinique", SiteKind::HealthCentre),
    ("clinic", SiteKind::HealthCentre),
    ("polyclinique", SiteKind::HealthCentre),
    ("dispensaire", SiteKind::HealthCentre),
    ("dispensary", SiteKind::HealthCentre),
    ("maternite", SiteKind::HealthCentre),
    ("maternity", SiteKind::HealthCentre),
    ("ecole", SiteKind::School),
    ("school", SiteKind::School),
    ("lycee", SiteKind::School),
    ("college", SiteKind::School),
    ("ceg", SiteKind::School),
    ("universite", SiteKind::School),
    ("university", SiteKind::School),
    ("kindergarten", SiteKind::School),
    ("primaire", SiteKind::School),
    ("secondaire", SiteKind::School),
    ("tribunal", SiteKind::Court),
    ("cour", SiteKind::Court),
    ("court", SiteKind::Court),
    ("palais de justice", SiteKind::Court),
    ("ministere", SiteKind::Ministry),
    ("ministry", SiteKind::Ministry),
    ("mairie", SiteKind::TownHall),
    ("prefecture", SiteKind::TownHall),
    ("sous prefecture", SiteKind::TownHall),
    ("town hall", SiteKind::TownHall),
    ("commissariat", SiteKind::Police),
    ("gendarmerie", SiteKind::Police),
    ("police", SiteKind::Police),
    ("bureau de poste", SiteKind::Post),
    ("post office", SiteKind::Post),
    ("poste", SiteKind::Post),
];

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
    /// Every translation, the strictest first.
    pub const ALL: [Self; 4] = [Self::Desserte, Self::OsmAmenity, Self::Kemri, Self::Words];

    /// The identifier used in mappings.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Desserte => "desserte",
            Self::OsmAmenity => "osm_amenity",
            Self::Kemri => "kemri",
            Self::Words => "words",
        }
    }

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
            Self::Words => Self::Desserte.translate(&word).or_else(|| by_words(&word)),
            Self::Desserte => SiteKind::ALL.into_iter().find(|kind| {
                [kind.code(), kind.name_fr(), kind.name_en()].contains(&word.as_str())
            }),
        }
    }
}

/// The first of [`WORDS`] that stands in a text as whole words (a plural *s* apart).
fn by_words(text: &str) -> Option<SiteKind> {
    let folded = fold(text);
    let words: Vec<&str> = folded
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.strip_suffix('s')
                .filter(|one| one.len() > 3)
                .unwrap_or(word)
        })
        .collect();
    let text = format!(" {} ", words.join(" "));
    let singular = |known: &str| {
        let words = known.split(' ').map(|word| {
            word.strip_suffix('s')
                .filter(|one| one.len() > 3)
                .unwrap_or(word)
        });
        format!(" {} ", words.collect::<Vec<_>>().join(" "))
    };
    WORDS
        .iter()
        .find(|(known, _)| text.contains(&singular(known)))
        .map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_table_are_understood() {
        for (text, kind) in [
            ("École primaire publique", Some(SiteKind::School)),
            ("ECOLES PRIMAIRES", Some(SiteKind::School)),
            ("C.E.G.", None),
            ("CEG", Some(SiteKind::School)),
            (
                "Centre de Santé Intégré (CSI)",
                Some(SiteKind::HealthCentre),
            ),
            ("Hôpital de base", Some(SiteKind::Hospital)),
            ("Centre hospitalier universitaire", Some(SiteKind::Hospital)),
            ("Tribunal de grande instance", Some(SiteKind::Court)),
            (
                "Centre principal d’état civil",
                Some(SiteKind::CivilRegistry),
            ),
            ("Bureau de poste", Some(SiteKind::Post)),
            ("town_hall", Some(SiteKind::TownHall)),
            ("Bar", None),
            ("Préscolaire", None),
        ] {
            assert_eq!(KindScheme::Words.translate(text), kind, "{text}");
        }
    }
}
