//! Places with demand: the format of the SJC problems (Lorena and others), one line `n Q p S`, then
//! a line `x y demand` for each. `docs/solve.md` describes it.

use super::decimal::Decimal;
use super::{InstanceError, Reason};
use crate::cover::Place;

/// Most places of a file.
pub const PLACES_MAX: usize = 1_000_000;
/// Farthest coordinate from 0, either way: squares of distances stay exact enough in a float.
const COORDINATE_MAX: f64 = 1e12;

/// Places read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// The places; the first of the file is place 0 here.
    pub places: Vec<Place>,
    /// How many to choose, when the first line says so.
    pub count: Option<usize>,
    /// How far each reaches, when the first line says so.
    pub radius: Option<f64>,
}

/// Reads a file.
pub fn read(text: &str) -> Result<Points, InstanceError> {
    let mut lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let (line, first) = lines.next().ok_or(Reason::Missing("first line").at(1))?;
    let (announced, mut points) = header(first).map_err(|reason| reason.at(line))?;
    let mut last = line;
    for (line, words) in lines {
        last = line;
        let place = place(words).map_err(|reason| reason.at(line))?;
        points.places.push(place);
        if points.places.len() > announced.min(PLACES_MAX) {
            return Err(count(announced, points.places.len()).at(line));
        }
    }
    if points.places.len() < announced {
        return Err(count(announced, points.places.len()).at(last));
    }
    Ok(points)
}

fn count(announced: usize, given: usize) -> Reason {
    if given > PLACES_MAX {
        return Reason::TooMany {
            what: "places",
            most: PLACES_MAX as u64,
        };
    }
    Reason::Count {
        what: "places",
        announced: announced as u64,
        given: given as u64,
    }
}

/// The first line: how many places, a capacity that covering does not use, p and the radius; letters
/// stand where the file leaves p or the radius to the reader.
fn header(line: &str) -> Result<(usize, Points), Reason> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [places, rest @ ..] = words.as_slice() else {
        return Err(Reason::Missing("number of places"));
    };
    let announced = places.parse().map_err(|_| Reason::Number {
        field: "number of places",
        given: places.chars().take(40).collect(),
    })?;
    if let Some(word) = rest.get(3) {
        return Err(Reason::TooMuch(word.chars().take(40).collect()));
    }
    let named = |at: usize| rest.get(at).copied().filter(|word| !letters(word));
    let whole = |word: &str| {
        word.parse().map_err(|_| Reason::Number {
            field: "p",
            given: word.chars().take(40).collect(),
        })
    };
    let points = Points {
        places: Vec::new(),
        count: named(1).map(whole).transpose()?,
        radius: named(2)
            .map(|word| Decimal::read("radius", word).map(Decimal::float))
            .transpose()?,
    };
    Ok((announced, points))
}

fn letters(word: &str) -> bool {
    word.chars().all(char::is_alphabetic)
}

fn place(line: &str) -> Result<Place, Reason> {
    let mut words = line.split_whitespace();
    let mut next = |field| words.next().ok_or(Reason::Missing(field));
    let (x, y) = (coordinate("x", next("x")?)?, coordinate("y", next("y")?)?);
    let given = next("demand")?;
    let demand = Decimal::read("demand", given)?;
    let whole = demand.units(0).ok_or_else(|| Reason::Number {
        field: "demand, in whole units,",
        given: given.chars().take(40).collect(),
    })?;
    match words.next() {
        Some(word) => Err(Reason::TooMuch(word.chars().take(40).collect())),
        None => Ok(Place {
            x,
            y,
            demand: whole,
        }),
    }
}

fn coordinate(field: &'static str, word: &str) -> Result<f64, Reason> {
    let number: Option<f64> = word.parse().ok();
    let inside = number.filter(|number| number.abs() <= COORDINATE_MAX);
    inside.ok_or_else(|| Reason::Number {
        field,
        given: word.chars().take(40).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_what_is_wrong_is_named() {
        let points = read("2\t9999\tp\tS\n-1.5 2 7\t\n3 4 0\n").unwrap();
        assert_eq!(
            (points.count, points.radius, points.places.len()),
            (None, None, 2)
        );
        assert_eq!(points.places.first().map(|place| place.demand), Some(7));
        let named = read("1 100 5 800\n1 2 3\n").unwrap();
        assert_eq!((named.count, named.radius), (Some(5), Some(800.0)));
        let says = |text| read(text).unwrap_err().to_string();
        assert_eq!(says(""), "line 1: first line is missing");
        assert_eq!(
            says("2\n1 2 3\n"),
            "line 2: 2 places were announced, 1 are given"
        );
        assert_eq!(
            says("1\n1 2 3\n4 5 6\n"),
            "line 3: 1 places were announced, 2 are given"
        );
        assert_eq!(says("1\n1 2\n"), "line 2: demand is missing");
        assert!(says("1\n1 nan 3\n").starts_with("line 2: y: \"nan\""));
        assert!(says("1\n1 2 -3\n").starts_with("line 2: demand: \"-3\""));
        assert!(says("1\n1 2 0.5\n").starts_with("line 2: demand, in whole units,"));
        assert_eq!(
            says("1 2 3 4 5\n"),
            "line 1: \"5\" is too much on this line"
        );
        assert!(says("x\n").starts_with("line 1: number of places: \"x\""));
    }
}
