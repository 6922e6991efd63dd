//! Populations that are those of an area, not of a place.

use std::collections::BTreeSet;

use desserte_planning::layer::Place;

use super::read::Rows;

/// With fewer populated places than this one of them may well be larger than all others.
const POPULATED_MIN: usize = 5;

/// Takes away the population of places that have more inhabitants than all others together, again
/// after each: an extract of a country holds a node for the country and one for each of its regions.
/// A capital has not: that of the Congo has a third of what all its towns have.
pub(super) fn without_areas(mut places: Vec<Place>, rows: &mut Rows) -> Vec<Place> {
    let mut populated: Vec<(u64, usize)> = places
        .iter()
        .enumerate()
        .filter_map(|(number, place)| Some((place.population?, number)))
        .collect();
    populated.sort_unstable();
    let mut total: u64 = populated.iter().map(|(inhabitants, _)| inhabitants).sum();
    let mut areas = BTreeSet::new();
    while populated.len() >= POPULATED_MIN
        && let Some((inhabitants, number)) = populated.pop()
    {
        total -= inhabitants;
        if inhabitants <= total {
            break;
        }
        areas.insert(number);
    }
    for (number, row) in rows.taken.iter().enumerate() {
        if areas.contains(&number) {
            rows.area_populations.add(*row);
        }
    }
    for number in areas {
        if let Some(place) = places.get_mut(number) {
            place.population = None;
        }
    }
    places
}
