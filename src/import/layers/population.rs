//! Places and areas: a country's inhabitants are no village's.

use desserte_planning::layer::Place;

use super::read::Rows;

/// With fewer populated places than this one of them may well be larger than all others.
const POPULATED_MIN: usize = 5;
/// Classes of `place=*` in OpenStreetMap and of gazetteers that are areas with a name point.
const AREAS: &[&str] = &[
    "country",
    "state",
    "region",
    "province",
    "district",
    "county",
    "department",
    "archipelago",
    "continent",
    "sea",
    "ocean",
    "pays",
    "province",
    "departement",
];

/// Whether a class is that of an area.
pub(super) fn is_area(class: &str) -> bool {
    AREAS.contains(&crate::text::fold(class).as_str())
}

/// Notes a place that has more inhabitants than all others together. It may be a capital (that of
/// Togo is) or the name point of a country or region that the file does not call so: only a person
/// knows.
pub(super) fn note_dominant(places: Vec<Place>, rows: &mut Rows) -> Vec<Place> {
    let populated = || {
        let numbered = places.iter().enumerate();
        numbered.filter_map(|(number, place)| Some((place.population?, number)))
    };
    let total: u64 = populated().map(|(inhabitants, _)| inhabitants).sum();
    if let Some((largest, number)) = populated().max()
        && populated().count() >= POPULATED_MIN
        && largest > total - largest
        && let Some(row) = rows.taken.get(number)
    {
        rows.dominant_populations.add(*row);
    }
    places
}
