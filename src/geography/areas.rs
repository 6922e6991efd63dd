//! In which region a position lies, for sites whose source does not say.

use super::outline::Area;

/// Named areas, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Areas(Vec<Bounded>);

#[derive(Debug, Clone, PartialEq)]
struct Bounded {
    name: String,
    /// West, south, east, north.
    bounds: [f64; 4],
    rings: Vec<Vec<(f64, f64)>>,
}

impl Areas {
    /// The areas that have a name and a ring.
    #[must_use]
    pub fn of(areas: Vec<Area>) -> Self {
        Self(areas.into_iter().filter_map(bounded).collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of the first area that holds a position, degrees; even-odd rule over its rings.
    #[must_use]
    pub fn at(&self, longitude: f64, latitude: f64) -> Option<&str> {
        self.0
            .iter()
            .find(|area| area.holds(longitude, latitude))
            .map(|area| area.name.as_str())
    }
}

fn bounded(area: Area) -> Option<Bounded> {
    let name = area.name?;
    let mut bounds: Option<[f64; 4]> = None;
    for (x, y) in area.rings.iter().flatten().copied() {
        let [west, south, east, north] = bounds.unwrap_or([x, y, x, y]);
        bounds = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
    }
    Some(Bounded {
        name,
        bounds: bounds?,
        rings: area.rings,
    })
}

impl Bounded {
    fn holds(&self, x: f64, y: f64) -> bool {
        let [west, south, east, north] = self.bounds;
        if x < west || x > east || y < south || y > north {
            return false;
        }
        let crossed = |((x1, y1), (x2, y2)): &((f64, f64), (f64, f64))| {
            (*y1 > y) != (*y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        };
        let edges = self.rings.iter().flat_map(|ring| {
            let next = ring.iter().cycle().skip(1).copied();
            ring.iter().copied().zip(next)
        });
        edges.filter(crossed).count() % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(name: Option<&str>, from: f64, to: f64) -> Area {
        Area {
            name: name.map(str::to_owned),
            rings: vec![vec![(from, from), (to, from), (to, to), (from, to)]],
        }
    }

    #[test]
    fn a_position_lies_in_the_area_around_it_and_not_in_its_hole() {
        let mut outer = square(Some("outer"), 0.0, 10.0);
        outer
            .rings
            .push(vec![(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0)]);
        let areas = Areas::of(vec![
            square(None, 0.0, 20.0),
            outer,
            square(Some("inner"), 4.0, 6.0),
        ]);
        assert_eq!(areas.at(1.0, 1.0), Some("outer"));
        assert_eq!(areas.at(5.0, 5.0), Some("inner"));
        assert_eq!(areas.at(15.0, 15.0), None);
        assert_eq!(areas.at(f64::NAN, 1.0), None);
        assert!(Areas::of(vec![square(None, 0.0, 1.0)]).is_empty());
    }
}
