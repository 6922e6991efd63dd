//! The regions of a country as a small drawing: simplified once, quantised, written as SVG paths.
//!
//! Neighbours share their border: rings are cut into arcs where three of them meet, and an arc is
//! simplified the same way whichever region it is read for, so that no gap opens between two
//! regions. Source of the simplification: D. H. Douglas, T. K. Peucker, "Algorithms for the
//! reduction of the number of points required to represent a digitized line", 1973.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use geo::{Simplify as _, line_string};

/// Longer side of the drawing, units. At the width of a screen's half a unit is half a pixel.
const SIDE_UNITS: f64 = 1_000.0;
/// How far a simplified line may be from the true one, units.
const TOLERANCE_UNITS: f64 = 1.5;
/// Rings smaller than this are islets that nobody sees at this size, square units; a region keeps
/// its largest ring whatever its size.
const RING_AREA_MIN: f64 = 12.0;
/// Latitude where the web Mercator square ends.
const LATITUDE_MAX: f64 = 85.051_128_78;
/// Lines across a region on which room for its name is looked for.
const SCAN_LINES: u32 = 16;

/// An area as it was read: its name, and rings of (longitude, latitude) in degrees.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Area {
    /// Its name.
    pub name: Option<String>,
    /// Outer and inner rings, closed or not.
    pub rings: Vec<Vec<(f64, f64)>>,
}

/// A drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Width, units.
    pub width: u32,
    /// Height, units.
    pub height: u32,
    /// The areas that have a visible ring, in the order given.
    pub shapes: Vec<Shape>,
}

/// One area of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its name.
    pub name: Option<String>,
    /// SVG path of its rings, to be filled by the even-odd rule.
    pub path: String,
    /// Where its name or number is written, units.
    pub label: (i32, i32),
    /// Width free there, units.
    pub room: u32,
}

/// A vertex in the plane of the drawing, before rounding: compared by its bits, because two
/// regions that share a border give the very same numbers.
type Vertex = (u64, u64);
type Ring = Vec<(f64, f64)>;

fn vertex((x, y): (f64, f64)) -> Vertex {
    (x.to_bits(), y.to_bits())
}

/// The drawing of these areas; `None` when nothing can be drawn.
#[must_use]
pub fn draw(areas: &[Area]) -> Option<Outline> {
    let plane: Vec<Vec<Ring>> = areas
        .iter()
        .map(|area| area.rings.iter().filter_map(|ring| open(ring)).collect())
        .collect();
    let frame = Frame::around(plane.iter().flatten().flatten())?;
    let plane: Vec<Vec<Ring>> = plane
        .into_iter()
        .map(|rings| rings.into_iter().map(|ring| frame.place(ring)).collect())
        .collect();
    let nodes = nodes(plane.iter().flatten());
    let shapes: Vec<Shape> = areas
        .iter()
        .zip(plane)
        .filter_map(|(area, rings)| shape(area.name.clone(), rings, &nodes))
        .collect();
    (!shapes.is_empty()).then_some(Outline {
        width: frame.width,
        height: frame.height,
        shapes,
    })
}

/// A ring in web Mercator without its closing vertex; `None` when it encloses nothing.
fn open(ring: &[(f64, f64)]) -> Option<Ring> {
    let mut plane: Ring = ring
        .iter()
        .filter(|(longitude, latitude)| longitude.is_finite() && latitude.is_finite())
        .map(|(longitude, latitude)| {
            let sine = latitude
                .clamp(-LATITUDE_MAX, LATITUDE_MAX)
                .to_radians()
                .sin();
            let y = ((1.0 + sine) / (1.0 - sine)).ln() / 2.0;
            (longitude.to_radians(), -y)
        })
        .collect();
    plane.dedup();
    if plane.len() > 1 && plane.first() == plane.last() {
        plane.pop();
    }
    (plane.len() >= 3).then_some(plane)
}

/// From the plane to the drawing.
struct Frame {
    west: f64,
    top: f64,
    scale: f64,
    width: u32,
    height: u32,
}

impl Frame {
    fn around<'a>(vertices: impl Iterator<Item = &'a (f64, f64)>) -> Option<Self> {
        let mut bounds: Option<[f64; 4]> = None;
        for (x, y) in vertices {
            let [west, top, east, bottom] = bounds.unwrap_or([*x, *y, *x, *y]);
            bounds = Some([west.min(*x), top.min(*y), east.max(*x), bottom.max(*y)]);
        }
        let [west, top, east, bottom] = bounds?;
        let (wide, high) = (east - west, bottom - top);
        if !(wide > 0.0 && high > 0.0) {
            return None;
        }
        let scale = SIDE_UNITS / wide.max(high);
        Some(Self {
            west,
            top,
            scale,
            width: units(wide * scale),
            height: units(high * scale),
        })
    }

    fn place(&self, ring: Ring) -> Ring {
        ring.into_iter()
            .map(|(x, y)| ((x - self.west) * self.scale, (y - self.top) * self.scale))
            .collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length within the drawing's side"
)]
fn units(length: f64) -> u32 {
    length.round().max(1.0) as u32
}

/// Vertices where a border begins or ends: those that do not have exactly two neighbours over all
/// rings together.
fn nodes<'a>(rings: impl Iterator<Item = &'a Ring>) -> BTreeSet<Vertex> {
    let mut neighbours: BTreeMap<Vertex, BTreeSet<Vertex>> = BTreeMap::new();
    for ring in rings {
        for (from, to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (from, to) = (vertex(*from), vertex(*to));
            neighbours.entry(from).or_default().insert(to);
            neighbours.entry(to).or_default().insert(from);
        }
    }
    neighbours
        .into_iter()
        .filter(|(_, others)| others.len() != 2)
        .map(|(node, _)| node)
        .collect()
}

fn shape(name: Option<String>, rings: Vec<Ring>, nodes: &BTreeSet<Vertex>) -> Option<Shape> {
    let mut drawn: Vec<Vec<(i32, i32)>> = rings
        .into_iter()
        .map(|ring| quantised(&simplified(ring, nodes)))
        .filter(|ring| ring.len() >= 3)
        .collect();
    drawn.sort_by(|left, right| area(right).total_cmp(&area(left)));
    let mut kept = 0_usize;
    drawn.retain(|ring| {
        kept += 1;
        kept == 1 || area(ring) >= RING_AREA_MIN
    });
    let (label, room) = label(drawn.first()?);
    Some(Shape {
        name,
        path: drawn.iter().map(|ring| path(ring)).collect(),
        label,
        room,
    })
}

/// A ring of simplified arcs.
fn simplified(mut ring: Ring, nodes: &BTreeSet<Vertex>) -> Ring {
    // A ring without a node (an island, a country of one region) begins at its smallest vertex,
    // so that it is cut at the same place from both of its sides.
    let is_node = |at: &(f64, f64)| nodes.contains(&vertex(*at));
    let begin = ring.iter().position(is_node).or_else(|| {
        let order = |(_, left): &(usize, &(f64, f64)), (_, right): &(usize, &(f64, f64))| {
            left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1))
        };
        ring.iter().enumerate().min_by(order).map(|(at, _)| at)
    });
    ring.rotate_left(begin.unwrap_or(0));
    let Some(first) = ring.first().copied() else {
        return ring;
    };
    ring.push(first);
    let mut whole = Ring::new();
    let mut arc = Ring::new();
    for (at, position) in ring.iter().enumerate() {
        arc.push(*position);
        if arc.len() > 1 && (is_node(position) || at + 1 == ring.len()) {
            let mut simple = simplified_arc(&arc);
            simple.pop();
            whole.extend(simple);
            arc = vec![*position];
        }
    }
    whole
}

/// An arc read from its smaller end: both regions beside it simplify the same sequence.
fn simplified_arc(arc: &Ring) -> Ring {
    let backwards = match (arc.first(), arc.last()) {
        (Some(first), Some(last)) if first == last => {
            // A loop: its second vertex and its last but one decide.
            arc.get(1).map(|at| vertex(*at)) > arc.iter().rev().nth(1).map(|at| vertex(*at))
        }
        (first, last) => first.map(|at| vertex(*at)) > last.map(|at| vertex(*at)),
    };
    let mut line = line_string![];
    let coordinates = arc.iter().map(|(x, y)| geo::Coord { x: *x, y: *y });
    if backwards {
        line.0.extend(coordinates.rev());
    } else {
        line.0.extend(coordinates);
    }
    let simple = line.simplify(TOLERANCE_UNITS);
    let found = simple.0.into_iter().map(|at| (at.x, at.y));
    if backwards {
        found.rev().collect()
    } else {
        found.collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a position within the drawing's side"
)]
fn quantised(ring: &Ring) -> Vec<(i32, i32)> {
    let mut found: Vec<(i32, i32)> = ring
        .iter()
        .map(|(x, y)| (x.round() as i32, y.round() as i32))
        .collect();
    found.dedup();
    if found.len() > 1 && found.first() == found.last() {
        found.pop();
    }
    found
}

/// Square units inside a ring (shoelace formula).
fn area(ring: &[(i32, i32)]) -> f64 {
    let doubled: i64 = ring
        .iter()
        .zip(ring.iter().cycle().skip(1))
        .map(|((x1, y1), (x2, y2))| {
            i64::from(*x1) * i64::from(*y2) - i64::from(*x2) * i64::from(*y1)
        })
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "at most the drawing's square")]
    let area = doubled.abs() as f64 / 2.0;
    area
}

/// `M` with the first vertex, `l` with the steps to the others, `z`.
fn path(ring: &[(i32, i32)]) -> String {
    let mut text = String::new();
    let mut before = (0, 0);
    for (at, (x, y)) in ring.iter().enumerate() {
        let (dx, dy) = (x - before.0, y - before.1);
        let mark = match at {
            0 => "M",
            1 => "l",
            _ if dx < 0 => "",
            _ => " ",
        };
        let between = if dy < 0 { "" } else { " " };
        let _ = write!(text, "{mark}{dx}{between}{dy}");
        before = (*x, *y);
    }
    text.push('z');
    text
}

/// The middle of the widest stretch inside the ring, away from its ends, and its width.
fn label(ring: &[(i32, i32)]) -> ((i32, i32), u32) {
    let top = ring.iter().map(|at| at.1).min().unwrap_or(0);
    let bottom = ring.iter().map(|at| at.1).max().unwrap_or(0);
    let mut best = (0.0, (0.0, 0.0), 0.0);
    for line in 1..SCAN_LINES {
        let share = f64::from(line) / f64::from(SCAN_LINES);
        let y = f64::from(top) + f64::from(bottom - top) * share;
        let across = crossings(ring, y);
        for pair in across.chunks_exact(2) {
            let [west, east] = pair else { continue };
            let worth = (east - west) * (1.0 - (share - 0.5).abs());
            if worth > best.0 {
                best = (worth, (f64::midpoint(*west, *east), y), east - west);
            }
        }
    }
    let (_, position, width) = best;
    let at = quantised(&vec![position])
        .first()
        .copied()
        .unwrap_or_default();
    (at, units(width))
}

/// Where a horizontal line crosses the ring, from west to east.
fn crossings(ring: &[(i32, i32)], y: f64) -> Vec<f64> {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    let mut found: Vec<f64> = edges
        .map(|(from, to)| {
            let ends = |at: &(i32, i32)| (f64::from(at.0), f64::from(at.1));
            (ends(from), ends(to))
        })
        .filter(|((_, y1), (_, y2))| (*y1 > y) != (*y2 > y))
        .map(|((x1, y1), (x2, y2))| x1 + (y - y1) / (y2 - y1) * (x2 - x1))
        .collect();
    found.sort_by(f64::total_cmp);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two squares of ten degrees side by side; their shared border has a small zigzag.
    fn neighbours() -> [Area; 2] {
        let border = [
            (10.0, 0.0),
            (10.01, 2.5),
            (9.99, 5.0),
            (10.01, 7.5),
            (10.0, 10.0),
        ];
        let mut west = vec![(0.0, 0.0)];
        west.extend(border);
        west.extend([(0.0, 10.0), (0.0, 0.0)]);
        let mut east: Vec<(f64, f64)> = border.into_iter().rev().collect();
        east.extend([(20.0, 0.0), (20.0, 10.0), (10.0, 10.0)]);
        let area = |name: &str, ring| Area {
            name: Some(name.to_owned()),
            rings: vec![ring],
        };
        [area("west", west), area("east", east)]
    }

    #[test]
    fn a_shared_border_is_simplified_alike_from_both_sides() {
        let drawn = draw(&neighbours()).unwrap();
        assert_eq!((drawn.width, drawn.height), (1_000, 503));
        assert_eq!(drawn.shapes[0].path, "M500 503l0-503-500 0 0 503z");
        assert_eq!(drawn.shapes[1].path, "M500 0l0 503 500 0 0-503z");
        let (x, y) = drawn.shapes[0].label;
        assert_eq!(drawn.shapes[0].room, 500);
        assert!(
            (240..=260).contains(&x) && (200..=300).contains(&y),
            "{x} {y}"
        );
    }

    #[test]
    fn islets_go_and_the_largest_ring_of_a_region_stays() {
        let islet = vec![(30.0, 5.0), (30.01, 5.0), (30.01, 5.01), (30.0, 5.0)];
        let mut areas = neighbours().to_vec();
        areas[0].rings.push(islet.clone());
        areas.push(Area {
            name: Some("islet".to_owned()),
            rings: vec![vec![(25.0, 5.0), (25.3, 5.0), (25.3, 5.3), (25.0, 5.0)]],
        });
        let drawn = draw(&areas).unwrap();
        assert_eq!(drawn.shapes.len(), 3);
        assert_eq!(drawn.shapes[0].path.matches('M').count(), 1);
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        assert_eq!(draw(&[]), None);
        let line = Area {
            name: None,
            rings: vec![vec![(0.0, 0.0), (1.0, 0.0), (0.0, 0.0)], Vec::new()],
        };
        assert_eq!(draw(std::slice::from_ref(&line)), None);
        let bad = Area {
            name: None,
            rings: vec![vec![(f64::NAN, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]],
        };
        assert!(draw(&[line, bad]).unwrap().shapes.len() == 1);
    }
}
