//! The gap analysis, site by site and area by area: for a spreadsheet, and as GeoJSON (RFC 7946).
//!
//! Beside each distance stand the layer, its date and its uncertainty; what is not known says why in
//! the place of its source, and is an empty cell, never a zero.

mod areas;
mod map;

use std::io::Write;

use desserte_planning::gap::{Covered, Gap, Nearest};
use desserte_planning::gaps::{GapReport, GapRow};
use desserte_planning::layer::LayerUse;
use desserte_planning::ranking::MeasuredAvailability;
use desserte_planning::{Finding, Position, UnknownReason};
use serde_json::{Map, Value, json};

use super::sheet::{self, Cell};
use super::workbook::{self, Sheet};
use super::{ExportError, Language};
use crate::import::site::SiteKind;

pub use areas::{write_areas_csv, write_areas_geojson};
pub use map::tables;

/// Decimals of a degree: a tenth of a metre.
const DEGREE_DECIMALS: usize = 6;

/// The kinds of things to which a distance is known: identifier, French and English.
const THINGS: [(&str, &str, &str); 7] = [
    ("fibre_line", "tracé de fibre", "fibre route"),
    ("fibre_node", "nœud de fibre", "fibre node"),
    ("mast", "pylône", "mast"),
    ("road", "route", "road"),
    ("power_line", "ligne électrique", "power line"),
    ("power_node", "poste ou support électrique", "power node"),
    ("place", "localité", "place"),
];

/// The distances of a gap, in the order of [`THINGS`].
fn distances(gap: &Gap) -> [Finding<&Nearest>; 7] {
    fn of(finding: &Finding<Nearest>) -> Finding<&Nearest> {
        match finding {
            Finding::Known(nearest) => Finding::Known(nearest),
            Finding::Unknown(reason) => Finding::Unknown(*reason),
        }
    }
    let place = match &gap.place {
        Finding::Known(place) => Finding::Known(&place.nearest),
        Finding::Unknown(reason) => Finding::Unknown(*reason),
    };
    [
        of(&gap.fibre_line),
        of(&gap.fibre_node),
        of(&gap.mast),
        of(&gap.road),
        of(&gap.power_line),
        of(&gap.power_node),
        place,
    ]
}

/// Writes the sites as CSV.
pub fn write_csv(
    report: &GapReport,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let absent = absent(&report.layers, language);
    let rows = report.sites.iter().map(|row| cells(row, &absent, language));
    sheet::write("the gaps as CSV", language, &header(language), rows, out)
}

/// Writes sites, areas and sources as a workbook.
pub fn write_xlsx(
    report: &GapReport,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let absent = absent(&report.layers, language);
    let rows = report.sites.iter().map(|row| cells(row, &absent, language));
    let sites = Sheet {
        name: language.pick("Sites", "Sites").to_owned(),
        header: header(language),
        rows: rows.collect(),
    };
    let sheets = [
        sites,
        areas::sheet(report, language),
        sources(&report.layers, language),
    ];
    workbook::write("the gaps as XLSX", &sheets, out)
}

fn header(language: Language) -> Vec<String> {
    let pick = |fr: &str, en: &str| language.pick(fr, en).to_owned();
    let mut header = vec![
        pick("identifiant", "site"),
        pick("nom", "name"),
        pick("type", "kind"),
        pick("région", "region"),
        pick("zone", "area"),
        "latitude".to_owned(),
        "longitude".to_owned(),
        pick("inventé", "invented"),
        pick("mesures simulées", "measurements simulated"),
        pick("meilleure génération", "newest generation"),
        pick("réseaux", "networks"),
        pick("couverture – source", "coverage – source"),
    ];
    for (_, fr, en) in THINGS {
        let thing = pick(fr, en);
        header.push(format!("{thing} {} (m)", pick("à", "at")));
        header.push(format!("{thing} – {}", pick("nom", "name")));
        header.push(format!("{thing} – source"));
    }
    header.push(pick("population de la localité", "population of the place"));
    header.push(pick("période mesurée", "period measured"));
    header.push(pick("disponibilité mesurée", "availability measured"));
    header.push(pick("créneaux inconnus", "unknown slots"));
    header.push(pick("couches absentes", "layers absent"));
    header
}

fn absent(layers: &[LayerUse], language: Language) -> String {
    let absent = layers.iter().filter(|layer| layer.provenance.is_none());
    let names = absent.map(|layer| language.pick(layer.kind.name_fr(), layer.kind.name_en()));
    names.collect::<Vec<_>>().join(", ")
}

fn cells(row: &GapRow, absent: &str, language: Language) -> Vec<Cell> {
    let site = &row.site;
    let yes_or_no = |yes: bool| {
        let word = if yes {
            language.pick("oui", "yes")
        } else {
            language.pick("non", "no")
        };
        Cell::Text(word.to_owned())
    };
    let degrees = |degrees: Option<f64>| {
        degrees.map_or(Cell::Empty, |degrees| {
            Cell::Number(degrees, DEGREE_DECIMALS)
        })
    };
    let mut cells = vec![
        Cell::Text(site.id.clone()),
        Cell::text(site.name.clone()),
        Cell::Text(kind(&site.kind, language)),
        Cell::text(site.region.clone()),
        Cell::text(row.area.clone()),
        degrees(site.position.map(Position::latitude)),
        degrees(site.position.map(Position::longitude)),
        yes_or_no(site.invented),
        yes_or_no(site.simulated),
    ];
    cells.extend(coverage_cells(&row.gap, language));
    for nearest in distances(&row.gap) {
        cells.extend(distance_cells(nearest, language));
    }
    let place = row.gap.place.known();
    let population = place.and_then(|place| place.population);
    cells.push(population.map_or(Cell::Empty, Cell::Integer));
    let measured = site.availability.as_ref();
    cells.push(Cell::text(measured.map(|measured| measured.period.clone())));
    let share = measured.and_then(MeasuredAvailability::up_share);
    cells.push(share.map_or(Cell::Empty, |share| Cell::Number(share, 6)));
    cells.push(measured.map_or(Cell::Empty, |measured| {
        Cell::Integer(measured.unknown_slots)
    }));
    cells.push(Cell::text(
        Some(absent.to_owned()).filter(|absent| !absent.is_empty()),
    ));
    cells
}

fn kind(code: &str, language: Language) -> String {
    SiteKind::from_code(code).map_or_else(
        || code.to_owned(),
        |kind| language.pick(kind.name_fr(), kind.name_en()).to_owned(),
    )
}

/// Newest generation, networks, source; for unknown coverage the reason in the last.
fn coverage_cells(gap: &Gap, language: Language) -> [Cell; 3] {
    match &gap.coverage {
        Finding::Unknown(reason) => [Cell::Empty, Cell::Empty, reason_cell(*reason, language)],
        Finding::Known(covered) => {
            let newest = covered.iter().filter_map(|one| one.generation).max();
            let none = language.pick(
                "aucun dans les couches importées",
                "none in the imported layers",
            );
            let networks: Vec<String> = covered.iter().map(network).collect();
            let networks = if networks.is_empty() {
                none.to_owned()
            } else {
                networks.join(", ")
            };
            let mut sources: Vec<String> = covered
                .iter()
                .map(|one| source_of(&one.provenance))
                .collect();
            sources.dedup();
            [
                Cell::text(newest.map(|newest| newest.code().to_uppercase())),
                Cell::Text(networks),
                Cell::text(Some(sources.join(" ; ")).filter(|text| !text.is_empty())),
            ]
        }
    }
}

/// `A 4G`.
fn network(covered: &Covered) -> String {
    let generation = covered.generation.map(|one| one.code().to_uppercase());
    let parts = [covered.operator.clone(), generation];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    if said.is_empty() {
        covered.provenance.layer.clone()
    } else {
        said.join(" ")
    }
}

fn source_of(provenance: &desserte_planning::layer::Provenance) -> String {
    format!(
        "{} ({}, {}) – {}",
        provenance.layer, provenance.source, provenance.date, provenance.uncertainty
    )
}

fn reason_cell(reason: UnknownReason, language: Language) -> Cell {
    Cell::Text(language.pick(reason.text_fr(), reason.text_en()))
}

/// Metres, name, source; for an unknown distance the reason in the last.
fn distance_cells(nearest: Finding<&Nearest>, language: Language) -> [Cell; 3] {
    match nearest {
        Finding::Known(nearest) => [
            Cell::Number(nearest.metres, 0),
            Cell::text(nearest.name.clone()),
            Cell::Text(source_of(&nearest.provenance)),
        ],
        Finding::Unknown(reason) => [Cell::Empty, Cell::Empty, reason_cell(reason, language)],
    }
}

/// Where the layers come from; absent ones are named.
fn sources(layers: &[LayerUse], language: Language) -> Sheet {
    let pick = |fr: &'static str, en: &'static str| language.pick(fr, en).to_owned();
    let rows = layers.iter().map(|layer| {
        let told = layer.provenance.as_ref();
        let of = |text: fn(&desserte_planning::layer::Provenance) -> &str| {
            Cell::text(told.map(|told| text(told).to_owned()))
        };
        vec![
            Cell::Text(
                language
                    .pick(layer.kind.name_fr(), layer.kind.name_en())
                    .to_owned(),
            ),
            Cell::text(told.is_none().then(|| pick("absente", "absent"))),
            layer
                .features
                .map_or(Cell::Empty, |count| Cell::Integer(count as u64)),
            of(|told| &told.layer),
            of(|told| &told.source),
            of(|told| &told.licence),
            of(|told| &told.date),
            of(|told| &told.uncertainty),
        ]
    });
    Sheet {
        name: pick("Couches", "Layers"),
        header: vec![
            pick("type", "kind"),
            pick("état", "state"),
            pick("objets", "features"),
            pick("couche", "layer"),
            "source".to_owned(),
            pick("licence", "licence"),
            "date".to_owned(),
            pick("incertitude", "uncertainty"),
        ],
        rows: rows.collect(),
    }
}

/// Writes the sites as a GeoJSON feature collection, one feature a line; areas and layers in the
/// foreign member `desserte_gaps` (RFC 7946, 6.1). Names are identifiers and do not change with the
/// language.
pub fn write_geojson(report: &GapReport, out: &mut dyn Write) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write {
        what: "the gaps as GeoJSON",
        source,
    };
    let simulated = report.sites.iter().filter(|row| row.site.simulated).count();
    let about = json!({
        "layers": report.layers,
        "areas": report.areas.rows,
        "reach": report.areas.reach,
        "sites": report.sites.len(),
        "simulated_sites": simulated,
        "invented_sites": report.sites.iter().filter(|row| row.site.invented).count(),
    });
    write!(
        out,
        "{{\"type\":\"FeatureCollection\",\"desserte_gaps\":{about},\"features\":["
    )
    .map_err(failed)?;
    for (number, row) in report.sites.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let feature = feature(&row.site, row.area.as_deref(), &row.gap);
        write!(out, "{comma}\n{feature}").map_err(failed)?;
    }
    out.write_all(b"\n]}\n").map_err(failed)
}

/// A site and its gap as a GeoJSON feature.
pub(crate) fn feature(
    site: &desserte_planning::plan::PlanSite,
    area: Option<&str>,
    gap: &Gap,
) -> Value {
    let geometry = site.position.map_or(
        Value::Null,
        |position| json!({ "type": "Point", "coordinates": super::map::pair(position) }),
    );
    let mut properties = Map::new();
    let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    put("site", json!(site.id));
    put("name", json!(site.name));
    put("kind", json!(site.kind));
    put("region", json!(site.region));
    put("area", json!(area));
    put("invented", json!(site.invented));
    put("simulated", json!(site.simulated));
    let covered = gap.coverage.known();
    let newest = covered.and_then(|all| all.iter().filter_map(|one| one.generation).max());
    put("newest_generation", json!(newest));
    put(
        "networks",
        json!(covered.map(|all| all.iter().map(network).collect::<Vec<_>>())),
    );
    if let Finding::Unknown(reason) = &gap.coverage {
        put("coverage_unknown", json!(reason.code()));
    }
    for ((name, ..), nearest) in THINGS.into_iter().zip(distances(gap)) {
        match nearest {
            Finding::Known(nearest) => {
                let metres = (nearest.metres * 10.0).round() / 10.0;
                put(&format!("{name}_metres"), json!(metres));
                put(&format!("{name}_name"), json!(nearest.name));
                put(&format!("{name}_layer"), json!(nearest.provenance.layer));
                put(&format!("{name}_date"), json!(nearest.provenance.date));
            }
            Finding::Unknown(reason) => {
                put(&format!("{name}_metres"), Value::Null);
                put(&format!("{name}_unknown"), json!(reason.code()));
            }
        }
    }
    let place = gap.place.known();
    put(
        "place_population",
        json!(place.and_then(|place| place.population)),
    );
    put("measured", json!(site.availability));
    json!({ "type": "Feature", "id": site.id, "geometry": geometry, "properties": properties })
}
