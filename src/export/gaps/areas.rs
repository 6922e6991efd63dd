//! Gaps area by area.

use std::io::Write;

use desserte_planning::gap::AreaGap;
use desserte_planning::gaps::GapReport;
use desserte_planning::layer::{Layers, Region};
use serde_json::{Value, json};

use super::super::map::ring;
use super::super::sheet::{self, Cell};
use super::super::workbook::Sheet;
use super::super::{ExportError, Language};

/// Generations of the columns.
const GENERATIONS: [&str; 4] = ["2g", "3g", "4g", "5g"];

/// Writes the areas as CSV.
pub fn write_areas_csv(
    report: &GapReport,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let Sheet { header, rows, .. } = sheet(report, language);
    sheet::write("the areas as CSV", language, &header, rows.into_iter(), out)
}

/// The areas as a sheet. Every row says what counted as reach, for it decides the figures.
pub(super) fn sheet(report: &GapReport, language: Language) -> Sheet {
    let pick = |fr: &str, en: &str| language.pick(fr, en).to_owned();
    let mut header = vec![
        pick("zone", "area"),
        "sites".to_owned(),
        pick("sites sans position", "sites without position"),
    ];
    for code in GENERATIONS {
        let generation = code.to_uppercase();
        header.push(format!(
            "{} {generation}",
            pick("sites, au mieux", "sites, at best")
        ));
    }
    header.extend([
        pick("sites sans couverture", "sites without coverage"),
        pick("sites près de la fibre", "sites near fibre"),
        pick("fibre, distance médiane (m)", "fibre, median distance (m)"),
        pick("sites mesurés", "sites measured"),
        pick("disponibilité mesurée", "availability measured"),
        pick("localités", "places"),
        pick(
            "localités sans population connue",
            "places without known population",
        ),
        "population".to_owned(),
        pick("population couverte", "population covered"),
        pick("population près de la fibre", "population near fibre"),
        pick("population près d'un pylône", "population near a mast"),
        pick("population hors de portée", "population beyond reach"),
        pick("portée (m)", "reach (m)"),
        pick("génération comptée", "generation that counts"),
    ]);
    Sheet {
        name: pick("Zones", "Areas"),
        header,
        rows: report
            .areas
            .rows
            .iter()
            .map(|row| cells(row, report, language))
            .collect(),
    }
}

fn cells(row: &AreaGap, report: &GapReport, language: Language) -> Vec<Cell> {
    let count = |count: Option<u64>| count.map_or(Cell::Empty, Cell::Integer);
    let nowhere = language.pick("hors des zones nommées", "outside the named areas");
    let area = row.area.clone().unwrap_or_else(|| nowhere.to_owned());
    let mut cells = vec![
        Cell::Text(area),
        Cell::Integer(row.sites),
        Cell::Integer(row.sites_without_position),
    ];
    for code in GENERATIONS {
        let counts = row.sites_by_generation.as_ref();
        cells.push(count(
            counts.map(|counts| counts.get(code).copied().unwrap_or(0)),
        ));
    }
    let metres = row.fibre_metres_median;
    let share = row.availability_share;
    cells.extend([
        count(row.sites_without_coverage),
        count(row.sites_near_fibre),
        metres.map_or(Cell::Empty, |metres| Cell::Number(metres, 0)),
        Cell::Integer(row.sites_measured),
        share.map_or(Cell::Empty, |share| Cell::Number(share, 6)),
        count(row.places),
        count(row.places_without_population),
        count(row.population),
        count(row.population_covered),
        count(row.population_near_fibre),
        count(row.population_near_mast),
        count(row.population_beyond_reach),
        Cell::Number(report.areas.reach.metres, 0),
        Cell::Text(report.areas.reach.generation.code().to_uppercase()),
    ]);
    cells
}

/// Writes the areas as GeoJSON: the polygons of the layer that they were made of. An area without
/// one has no geometry.
pub fn write_areas_geojson(
    report: &GapReport,
    layers: &Layers,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write {
        what: "the areas as GeoJSON",
        source,
    };
    let about = json!({
        "layers": report.layers,
        "reach": report.areas.reach,
        "regions": report.areas.regions,
        "places": report.areas.places,
    });
    write!(
        out,
        "{{\"type\":\"FeatureCollection\",\"desserte_gaps\":{about},\"features\":["
    )
    .map_err(failed)?;
    for (number, row) in report.areas.rows.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let geometry = polygons(report, layers, row.area.as_deref());
        let feature = json!({ "type": "Feature", "geometry": geometry, "properties": row });
        write!(out, "{comma}\n{feature}").map_err(failed)?;
    }
    out.write_all(b"\n]}\n").map_err(failed)
}

/// The regions of an area: several may have one name.
pub(super) fn regions<'l>(
    report: &GapReport,
    layers: &'l Layers,
    area: Option<&str>,
) -> Vec<&'l Region> {
    let named = report.areas.regions.as_deref();
    let layer = layers
        .regions
        .iter()
        .find(|layer| Some(layer.provenance.layer.as_str()) == named);
    let regions = layer.into_iter().flat_map(|layer| &layer.features);
    regions
        .filter(|region| area.is_some() && region.name.as_deref() == area)
        .collect()
}

fn polygons(report: &GapReport, layers: &Layers, area: Option<&str>) -> Value {
    let rings = regions(report, layers, area);
    let rings = rings.iter().flat_map(|region| &region.rings);
    let polygons: Vec<Value> = rings
        .map(|outer| json!([counterclockwise(ring(outer))]))
        .collect();
    if polygons.is_empty() {
        return Value::Null;
    }
    json!({ "type": "MultiPolygon", "coordinates": polygons })
}

/// Outer rings run against the clock (RFC 7946, 3.1.6).
fn counterclockwise(mut ring: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let edges = ring.iter().zip(ring.iter().skip(1));
    let doubled: f64 = edges.map(|([x1, y1], [x2, y2])| x1 * y2 - x2 * y1).sum();
    if doubled < 0.0 {
        ring.reverse();
    }
    ring
}
