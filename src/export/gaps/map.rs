//! Gaps as tables of features: sites, areas, and where the layers come from.

use desserte_planning::Finding;
use desserte_planning::gap::AreaGap;
use desserte_planning::gaps::{GapReport, GapRow};
use desserte_planning::layer::Layers;
use desserte_planning::ranking::MeasuredAvailability;

use super::super::Language;
use super::super::map::{
    Column, Content, Kind, NewTable, Shape, Value, column, layer_sources, number, point, ring,
    said, text, whole,
};
use super::{THINGS, areas, distances, network};

/// Sites, areas and sources. Names of tables and columns are identifiers and do not change with the
/// language.
#[must_use]
pub fn tables(report: &GapReport, layers: &Layers, language: Language) -> Vec<NewTable> {
    let sites = NewTable {
        name: "gaps".to_owned(),
        title: language
            .pick("Écarts des sites", "Gaps of the sites")
            .to_owned(),
        description: language
            .pick(
                "distances géodésiques en mètres ; une case vide est inconnue, jamais zéro",
                "geodesic distances in metres; an empty cell is unknown, never zero",
            )
            .to_owned(),
        kind: Kind::Point,
        columns: site_columns(),
        rows: report
            .sites
            .iter()
            .map(|row| (point(row.site.position), site_values(row)))
            .collect(),
    };
    let rows = report.areas.rows.iter().map(|row| {
        let regions = areas::regions(report, layers, row.area.as_deref());
        let rings = regions.iter().flat_map(|region| &region.rings);
        let polygons: Vec<Vec<Vec<[f64; 2]>>> = rings.map(|outer| vec![ring(outer)]).collect();
        let shape = (!polygons.is_empty()).then_some(Shape::Polygons(polygons));
        (shape, area_values(row))
    });
    let areas = NewTable {
        name: "areas".to_owned(),
        title: language
            .pick("Écarts des zones", "Gaps of the areas")
            .to_owned(),
        description: language.pick(
            format!(
                "hors de portée : ni réseau {} ou plus récent, ni fibre ni pylône à moins de {} m",
                report.areas.reach.generation.code().to_uppercase(),
                report.areas.reach.metres
            ),
            format!(
                "beyond reach: neither a network of {} or newer nor fibre nor a mast within {} m",
                report.areas.reach.generation.code().to_uppercase(),
                report.areas.reach.metres
            ),
        ),
        kind: Kind::MultiPolygon,
        columns: area_columns(),
        rows: rows.collect(),
    };
    vec![sites, areas, layer_sources(&report.layers, language)]
}

fn site_columns() -> Vec<Column> {
    let texts = ["site", "name", "kind", "region", "area"];
    let mut columns = texts.map(text).to_vec();
    columns.push(column("invented", Content::Boolean));
    columns.push(column("simulated", Content::Boolean));
    columns.extend(["newest_generation", "networks", "coverage_unknown"].map(text));
    for (name, ..) in THINGS {
        columns.push(column(&format!("{name}_metres"), Content::Real));
        columns.extend(["name", "layer", "unknown"].map(|more| text(&format!("{name}_{more}"))));
    }
    columns.push(column("place_population", Content::Integer));
    columns.push(text("period_measured"));
    columns.push(column("availability_share", Content::Real));
    columns
}

fn site_values(row: &GapRow) -> Vec<Value> {
    let (site, gap) = (&row.site, &row.gap);
    let covered = gap.coverage.known();
    let newest = covered.and_then(|all| all.iter().filter_map(|one| one.generation).max());
    let networks = covered.map(|all| all.iter().map(network).collect::<Vec<_>>().join(", "));
    let unknown = match &gap.coverage {
        Finding::Known(_) => None,
        Finding::Unknown(reason) => Some(reason.code()),
    };
    let mut values = vec![
        Value::Text(site.id.clone()),
        said(site.name.as_deref()),
        Value::Text(site.kind.clone()),
        said(site.region.as_deref()),
        said(row.area.as_deref()),
        Value::Boolean(site.invented),
        Value::Boolean(site.simulated),
        said(newest.map(desserte_planning::layer::Generation::code)),
        said(networks.as_deref().filter(|networks| !networks.is_empty())),
        said(unknown),
    ];
    for nearest in distances(gap) {
        values.extend(match nearest {
            Finding::Known(nearest) => [
                Value::Real((nearest.metres * 10.0).round() / 10.0),
                said(nearest.name.as_deref()),
                Value::Text(nearest.provenance.layer.clone()),
                Value::Null,
            ],
            Finding::Unknown(reason) => [
                Value::Null,
                Value::Null,
                Value::Null,
                said(Some(reason.code())),
            ],
        });
    }
    let place = gap.place.known();
    let measured = site.availability.as_ref();
    values.push(whole(place.and_then(|place| place.population)));
    values.push(said(measured.map(|measured| measured.period.as_str())));
    values.push(number(measured.and_then(MeasuredAvailability::up_share)));
    values
}

/// The counts of an area, in their order: name and value.
fn counts(row: &AreaGap) -> [(&'static str, Option<u64>); 11] {
    [
        ("sites", Some(row.sites)),
        ("sites_without_position", Some(row.sites_without_position)),
        ("sites_without_coverage", row.sites_without_coverage),
        ("sites_near_fibre", row.sites_near_fibre),
        ("sites_measured", Some(row.sites_measured)),
        ("places", row.places),
        ("places_without_population", row.places_without_population),
        ("population", row.population),
        ("population_covered", row.population_covered),
        ("population_near_fibre", row.population_near_fibre),
        ("population_beyond_reach", row.population_beyond_reach),
    ]
}

fn area_columns() -> Vec<Column> {
    let mut columns = vec![text("area")];
    let counted = counts(&AreaGap::default());
    columns.extend(counted.map(|(name, _)| column(name, Content::Integer)));
    columns.push(column("fibre_metres_median", Content::Real));
    columns.push(column("availability_share", Content::Real));
    columns
}

fn area_values(row: &AreaGap) -> Vec<Value> {
    let mut values = vec![said(row.area.as_deref())];
    values.extend(counts(row).map(|(_, count)| whole(count)));
    values.push(number(row.fibre_metres_median));
    values.push(number(row.availability_share));
    values
}
