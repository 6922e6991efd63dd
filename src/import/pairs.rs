//! Sites that may be one: pairs with the evidence for it, by distance and name. Nothing is decided
//! here. A grid keeps the work near the number of sites.

use std::collections::{BTreeMap, HashMap};

use desserte_planning::Position;
use desserte_planning::geodesy::metres_between;

use super::likeness::Words;

/// Sites of one kind this near are one building even when one has no name.
pub const TOUCHING_METRES: f64 = 50.0;
/// Within this a name that is alike is enough: two surveys of one yard.
pub const NEAR_METRES: f64 = 250.0;
/// How alike names must be within [`NEAR_METRES`].
pub const NEAR_LIKENESS_MIN: f64 = 0.6;
/// How alike the names of sites of two kinds must be: the school and the health centre of a village
/// stand side by side under its name.
pub const OTHER_KIND_LIKENESS_MIN: f64 = 0.85;
/// Within this the same kind and nearly the same name are proposed: positions of a gazetteer are
/// those of the village.
pub const FAR_METRES: f64 = 2_000.0;
/// How alike names must be beyond [`NEAR_METRES`].
pub const FAR_LIKENESS_MIN: f64 = 0.9;
/// Most pairs that are proposed, strongest first; the rest is counted. More is a wrong mapping.
pub const MAX_PAIRS: usize = 20_000;
/// Most sites of one cell that are compared with one site: a file whose positions are all one.
const MAX_COMPARED: usize = 5_000;
/// Height of a cell, degrees of latitude: no shorter than [`NEAR_METRES`].
const NEAR_CELL_DEGREES: f64 = 0.0025;
/// The same for [`FAR_METRES`].
const FAR_CELL_DEGREES: f64 = 0.02;
/// Metres of a degree of latitude, at least (110,574 at the equator, WGS84).
const DEGREE_METRES_MIN: f64 = 110_500.0;
/// Cells near the poles are not made wider than for this cosine.
const COSINE_MIN: f64 = 0.02;

/// A site as it is compared.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Where it stands.
    pub position: Position,
    /// Pairs of two sites that are not fresh are not looked for.
    pub fresh: bool,
}

/// Two sites that may be one; their numbers in the list of candidates, the one that should stay
/// first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The one that should stay: known before, with a name, first by identifier.
    pub keep: usize,
    /// The other.
    pub other: usize,
    /// Metres between them.
    pub metres: f64,
    /// How alike their names are, 0 to 1; `None` when one has no name.
    pub likeness: Option<f64>,
    /// Whether they are of one kind.
    pub same_kind: bool,
}

/// The pairs found, strongest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pairs {
    /// At most [`MAX_PAIRS`].
    pub listed: Vec<Pair>,
    /// How many more there are.
    pub unlisted: usize,
}

/// Row and column of the grid.
type Cell = (i64, i64);

/// Finds the pairs among candidates; `refused` says which were told apart before, by identifiers in
/// order. Near ones are found on a grid; far ones on a grid of each kind and word of a name, because
/// they must have both in common: a city of ten thousand schools is not compared with itself.
#[must_use]
pub fn find(candidates: &[Candidate], refused: impl Fn(&str, &str) -> bool) -> Pairs {
    let words: Vec<Option<Words>> = candidates
        .iter()
        .map(|one| one.name.as_deref().map(Words::of))
        .collect();
    let mut near: HashMap<Cell, Vec<usize>> = HashMap::new();
    let mut far: HashMap<(Cell, &str, &str), Vec<usize>> = HashMap::new();
    for (number, (one, words)) in candidates.iter().zip(&words).enumerate() {
        let place = cell(one.position, NEAR_CELL_DEGREES);
        near.entry(place).or_default().push(number);
        let place = cell(one.position, FAR_CELL_DEGREES);
        for word in words.iter().flat_map(Words::proper) {
            let key = (place, one.kind.as_str(), word);
            far.entry(key).or_default().push(number);
        }
    }
    let mut found: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
    for (number, (one, mine)) in candidates.iter().zip(&words).enumerate() {
        if !one.fresh {
            continue;
        }
        let beside = around(one.position, NEAR_CELL_DEGREES).filter_map(|place| near.get(&place));
        let named = mine.iter().flat_map(Words::proper).flat_map(|word| {
            let kind = one.kind.as_str();
            around(one.position, FAR_CELL_DEGREES).map(move |place| (place, kind, word))
        });
        let alike = named.filter_map(|key| far.get(&key));
        for other in beside
            .chain(alike)
            .flat_map(|cell| cell.iter().take(MAX_COMPARED))
        {
            let Some(theirs) = candidates.get(*other) else {
                continue;
            };
            let key = (number.min(*other), number.max(*other));
            // Two fresh ones meet twice.
            if (theirs.fresh && *other < number) || found.contains_key(&key) {
                continue;
            }
            let both = (mine.as_ref(), words.get(*other).and_then(Option::as_ref));
            if let Some(pair) = compare((number, one), (*other, theirs), both) {
                found.insert(key, pair);
            }
        }
    }
    sorted(candidates, found, refused)
}

/// The strongest first, without those that were told apart.
fn sorted(
    candidates: &[Candidate],
    found: BTreeMap<(usize, usize), Pair>,
    refused: impl Fn(&str, &str) -> bool,
) -> Pairs {
    let id = |number: usize| candidates.get(number).map_or("", |one| one.id.as_str());
    let mut listed: Vec<Pair> = found
        .into_values()
        .filter(|pair| {
            let (a, b) = (id(pair.keep), id(pair.other));
            !refused(a.min(b), a.max(b))
        })
        .collect();
    listed.sort_by(|a, b| {
        strength(b)
            .total_cmp(&strength(a))
            .then(a.metres.total_cmp(&b.metres))
    });
    let unlisted = listed.len().saturating_sub(MAX_PAIRS);
    listed.truncate(MAX_PAIRS);
    Pairs { listed, unlisted }
}

/// What is surest comes first: alike names, then the same kind, then distance.
fn strength(pair: &Pair) -> f64 {
    let name = pair.likeness.unwrap_or(0.5);
    let far = (pair.metres / FAR_METRES).min(1.0);
    name + if pair.same_kind { 0.2 } else { 0.0 } - far * 0.5
}

fn compare(
    (number, one): (usize, &Candidate),
    (their_number, theirs): (usize, &Candidate),
    names: (Option<&Words>, Option<&Words>),
) -> Option<Pair> {
    if number == their_number || one.id == theirs.id {
        return None;
    }
    if surely_apart(one.position, theirs.position) {
        return None;
    }
    let same_kind = one.kind == theirs.kind;
    let metres = metres_between(one.position, theirs.position);
    let likeness = match names {
        (Some(mine), Some(their)) if metres <= NEAR_METRES => Some(mine.likeness(their)),
        (Some(mine), Some(their)) if metres <= FAR_METRES && same_kind => {
            mine.share_a_name(their).then(|| mine.likeness(their))
        }
        _ => None,
    };
    let unnamed = names.0.is_none() || names.1.is_none();
    let proposed = match likeness {
        None => unnamed && same_kind && metres <= TOUCHING_METRES,
        Some(alike) if !same_kind => alike >= OTHER_KIND_LIKENESS_MIN,
        Some(alike) if metres <= NEAR_METRES => alike >= NEAR_LIKENESS_MIN,
        Some(alike) => alike >= FAR_LIKENESS_MIN,
    };
    if !proposed {
        return None;
    }
    let rank = |one: &Candidate| (one.fresh, one.name.is_none());
    let first = (rank(one), &one.id) < (rank(theirs), &theirs.id);
    let (keep, other) = if first {
        (number, their_number)
    } else {
        (their_number, number)
    };
    Some(Pair {
        keep,
        other,
        metres,
        likeness,
        same_kind,
    })
}

/// A bound that costs nothing, before the geodesic: a degree of latitude, and of longitude at the
/// latitude that makes it shorter, are no shorter than this.
fn surely_apart(one: Position, other: Position) -> bool {
    let north = (one.latitude() - other.latitude()).abs() * DEGREE_METRES_MIN;
    let steep = one.latitude().abs().max(other.latitude().abs());
    let narrow = steep.to_radians().cos() * DEGREE_METRES_MIN;
    let east = (one.longitude() - other.longitude()).abs() * narrow;
    north.hypot(east) > FAR_METRES
}

fn cell(position: Position, height: f64) -> Cell {
    let row = floor(position.latitude() / height);
    (row, floor(position.longitude() / width(row, height)))
}

/// Width of the cells of a row, degrees of longitude: no narrower than they are high.
fn width(row: i64, height: f64) -> f64 {
    let [south, north] = [as_f64(row), as_f64(row + 1)].map(|edge| (edge * height).abs());
    let cosine = south.max(north).to_radians().cos().max(COSINE_MIN);
    height / cosine
}

/// The cells in which anything within the height of a cell lies.
fn around(position: Position, height: f64) -> impl Iterator<Item = Cell> {
    let (row, _) = cell(position, height);
    let longitude = position.longitude();
    (row - 1..=row + 1).flat_map(move |row| {
        let width = width(row, height);
        let [west, east] = [longitude - width, longitude + width].map(|x| floor(x / width));
        (west..=east).map(move |column| (row, column))
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees over a cell's size stay far below 2^63"
)]
fn floor(number: f64) -> i64 {
    number.floor() as i64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rows of the grid are a few thousand"
)]
fn as_f64(row: i64) -> f64 {
    row as f64
}

/// Which pairs a person decides on at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// At most so far apart, metres.
    pub metres_max: f64,
    /// Names at least so alike, 0 to 1; with 0 pairs without a name count too.
    pub likeness_min: f64,
    /// Whether they must be of one kind.
    pub same_kind: bool,
}

impl Rule {
    /// Whether the rule says something of a pair.
    #[must_use]
    pub fn covers(&self, pair: &Pair) -> bool {
        let alike = match pair.likeness {
            Some(likeness) => likeness >= self.likeness_min,
            None => self.likeness_min <= 0.0,
        };
        alike && pair.metres <= self.metres_max && (pair.same_kind || !self.same_kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(id: &str, name: &str, kind: &str, (latitude, longitude): (f64, f64)) -> Candidate {
        Candidate {
            id: id.to_owned(),
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            kind: kind.to_owned(),
            position: Position::new(latitude, longitude).unwrap(),
            fresh: true,
        }
    }

    fn ids(candidates: &[Candidate]) -> Vec<(String, String)> {
        find(candidates, |_, _| false)
            .listed
            .iter()
            .map(|pair| {
                (
                    candidates[pair.keep].id.clone(),
                    candidates[pair.other].id.clone(),
                )
            })
            .collect()
    }

    #[test]
    fn pairs_carry_their_evidence() {
        let sites = [
            site("a", "CSI de Mbé", "health_centre", (-3.3000, 15.8000)),
            site("b", "C.S.I. Mbé", "health_centre", (-3.3009, 15.8000)),
            site("c", "École de Mbé", "school", (-3.3000, 15.8001)),
        ];
        let found = find(&sites, |_, _| false);
        assert_eq!(
            found.listed.len(),
            0,
            "C, S and I are three words: {found:?}"
        );
        let mut sites = sites;
        sites[1].name = Some("CSI Mbe".to_owned());
        let found = find(&sites, |_, _| false);
        assert_eq!(found.listed.len(), 1, "{found:?}");
        let pair = found.listed[0];
        assert!((pair.metres - 99.5).abs() < 1.0, "{pair:?}");
        assert!(pair.likeness.unwrap() > 0.99 && pair.same_kind);
        assert!(find(&sites, |a, b| (a, b) == ("a", "b")).listed.is_empty());
    }

    #[test]
    fn what_is_known_and_named_stays() {
        let mut sites = [
            site("a", "", "school", (6.0, 1.0)),
            site("b", "École de Tsévié", "school", (6.0001, 1.0)),
        ];
        assert_eq!(ids(&sites), [("b".to_owned(), "a".to_owned())]);
        sites[0].fresh = false;
        assert_eq!(ids(&sites), [("a".to_owned(), "b".to_owned())]);
        sites[1].fresh = false;
        assert!(ids(&sites).is_empty(), "both were there before");
    }

    #[test]
    fn the_grid_finds_what_comparing_everything_finds() {
        // Seeded by hand: a lattice with a step below the reach, over rows and columns of cells,
        // on the equator and far from it.
        for start in [-0.03, 58.97] {
            let sites: Vec<Candidate> = (0..15_u32)
                .flat_map(|x| (0..15_u32).map(move |y| (x, y)))
                .map(|(x, y)| {
                    let at = (start + f64::from(y) * 0.0101, -0.05 + f64::from(x) * 0.0101);
                    site(&format!("{x:02}-{y:02}"), "Djambala", "school", at)
                })
                .collect();
            let mut expected = 0;
            for (number, one) in sites.iter().enumerate() {
                let far = sites
                    .iter()
                    .skip(number + 1)
                    .filter(|other| metres_between(one.position, other.position) <= FAR_METRES);
                expected += far.count();
            }
            assert!(expected > 300, "{expected}");
            assert_eq!(find(&sites, |_, _| false).listed.len(), expected, "{start}");
        }
    }

    #[test]
    fn rules_cover_by_all_their_parts() {
        let pair = Pair {
            keep: 0,
            other: 1,
            metres: 40.0,
            likeness: Some(0.95),
            same_kind: false,
        };
        let rule = Rule {
            metres_max: 50.0,
            likeness_min: 0.9,
            same_kind: false,
        };
        assert!(rule.covers(&pair));
        assert!(
            !Rule {
                same_kind: true,
                ..rule
            }
            .covers(&pair)
        );
        assert!(
            !Rule {
                metres_max: 39.0,
                ..rule
            }
            .covers(&pair)
        );
        let unnamed = Pair {
            likeness: None,
            ..pair
        };
        assert!(!rule.covers(&unnamed));
        assert!(
            Rule {
                likeness_min: 0.0,
                ..rule
            }
            .covers(&unnamed)
        );
    }
}
