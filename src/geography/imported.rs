//! Imported regions as the map draws them.

use bytes::Bytes;
use desserte_planning::Position;
use desserte_planning::layer::{Layer, Region};
use serde_json::json;

/// Vertices that a map draws without anybody waiting.
const VERTICES_MAX: usize = 60_000;
/// Grids to which vertices are moved, the finest first, steps a degree: 10 m, 100 m, 500 m, 1 km,
/// 2 km. Neighbours share their border's vertices, so a border that is moved stays one.
const GRIDS: [f64; 5] = [10_000.0, 1_000.0, 200.0, 100.0, 50.0];

/// A layer of regions as GeoJSON with the property `name`, on the finest grid that a map can draw.
#[must_use]
pub fn geojson(layer: &Layer<Region>) -> Bytes {
    let mut drawn = None;
    for grid in GRIDS {
        let regions: Vec<Vec<Vec<[f64; 2]>>> = layer
            .features
            .iter()
            .map(|region| {
                let rings = region.rings.iter().filter_map(|ring| moved(ring, grid));
                rings.collect()
            })
            .collect();
        let vertices: usize = regions.iter().flatten().map(Vec::len).sum();
        drawn = Some(regions);
        if vertices <= VERTICES_MAX {
            break;
        }
    }
    let regions = layer.features.iter().zip(drawn.unwrap_or_default());
    let features: Vec<serde_json::Value> = regions
        .filter(|(_, rings)| !rings.is_empty())
        .map(|(region, rings)| {
            let polygons: Vec<_> = rings.into_iter().map(|outer| json!([outer])).collect();
            json!({
                "type": "Feature",
                "properties": { "name": region.name },
                "geometry": { "type": "MultiPolygon", "coordinates": polygons },
            })
        })
        .collect();
    let collection = json!({ "type": "FeatureCollection", "features": features });
    Bytes::from(collection.to_string())
}

/// A closed ring on the grid; `None` where nothing of it is left.
fn moved(ring: &[Position], steps: f64) -> Option<Vec<[f64; 2]>> {
    let on_grid = |degrees: f64| (degrees * steps).round() / steps;
    let mut moved: Vec<[f64; 2]> = ring
        .iter()
        .map(|at| [on_grid(at.longitude()), on_grid(at.latitude())])
        .collect();
    moved.dedup();
    if moved.first() != moved.last() {
        moved.extend(moved.first().copied());
    }
    // Three corners and the first again.
    (moved.len() > 3).then_some(moved)
}

/// West, south, east, north of a layer; `None` without a vertex.
#[must_use]
pub fn bounds(layer: &Layer<Region>) -> Option<[f64; 4]> {
    let positions = layer
        .features
        .iter()
        .flat_map(|region| region.rings.iter().flatten());
    let boxes = positions.map(|at| [at.longitude(), at.latitude(), at.longitude(), at.latitude()]);
    boxes.reduce(|[west, south, east, north], [x, y, ..]| {
        [west.min(x), south.min(y), east.max(x), north.max(y)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_planning::layer::{Provenance, UncertaintyClass};

    fn circle(name: &str, centre: f64, corners: u32) -> Region {
        let ring = (0..corners).map(|number| {
            let angle = f64::from(number) / f64::from(corners) * std::f64::consts::TAU;
            Position::new(angle.sin(), centre + angle.cos()).unwrap()
        });
        Region {
            name: Some(name.to_owned()),
            rings: vec![ring.collect()],
        }
    }

    fn layer(features: Vec<Region>) -> Layer<Region> {
        Layer {
            provenance: Provenance {
                layer: "r".to_owned(),
                source: "synthetic, for tests".to_owned(),
                licence: "none".to_owned(),
                date: "2026".to_owned(),
                uncertainty: "invented".to_owned(),
                uncertainty_class: UncertaintyClass::Unknown,
            },
            features,
        }
    }

    #[test]
    fn regions_are_drawn_closed_and_large_ones_coarser() {
        let small = layer(vec![circle("A", 15.0, 12)]);
        let text: serde_json::Value = serde_json::from_slice(&geojson(&small)).unwrap();
        let ring = text["features"][0]["geometry"]["coordinates"][0][0]
            .as_array()
            .unwrap();
        assert_eq!(ring.len(), 13);
        assert_eq!(ring[0], ring[12]);
        assert_eq!(text["features"][0]["properties"]["name"], "A");
        assert_eq!(bounds(&small), Some([14.0, -1.0, 16.0, 1.0]));
        let large = geojson(&layer(vec![circle("B", 15.0, 400_000)]));
        let text: serde_json::Value = serde_json::from_slice(&large).unwrap();
        let ring = text["features"][0]["geometry"]["coordinates"][0][0]
            .as_array()
            .unwrap();
        assert!(
            ring.len() > 1_000 && ring.len() <= VERTICES_MAX,
            "{}",
            ring.len()
        );
    }
}
