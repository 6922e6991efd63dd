//! Imported layers as tables.

use desserte_planning::geodesy::around;
use desserte_planning::layer::{
    CoverageArea, Extent, Layer, LayerKind, LayerUse, Layers, Line, Mast, Place, Point, Provenance,
    Region,
};

use super::{
    Column, Content, Kind, NewTable, Shape, Value, column, line, point, ring, said, text, whole,
};
use crate::export::Language;

/// Corners of the polygon that stands for a disc.
const DISC_CORNERS: u32 = 64;

/// Every layer that draws something, one table for each kind, and a table of their sources in which
/// absent kinds are named. Terrain is a raster and has no place in it.
#[must_use]
pub fn tables(layers: &Layers, language: Language) -> Vec<NewTable> {
    let of =
        |kind, draws, columns: Vec<Column>, rows| table((kind, draws), columns, rows, language);
    let named = || vec![text("layer"), text("name")];
    let with = |more: Vec<Column>| named().into_iter().chain(more).collect::<Vec<_>>();
    let lines = |kind, layers: &[Layer<Line>]| {
        of(kind, Kind::MultiLineString, named(), rows(layers, line_row))
    };
    let points =
        |kind, layers: &[Layer<Point>]| of(kind, Kind::Point, named(), rows(layers, point_row));
    let network = || vec![text("operator"), text("generation")];
    let mut tables = vec![
        lines(LayerKind::FibreLines, &layers.fibre_lines),
        points(LayerKind::FibreNodes, &layers.fibre_nodes),
        of(
            LayerKind::Masts,
            Kind::Point,
            with(network()),
            rows(&layers.masts, mast_row),
        ),
        of(
            LayerKind::Coverage,
            Kind::MultiPolygon,
            with(network()),
            rows(&layers.coverage, coverage_row),
        ),
        lines(LayerKind::Roads, &layers.roads),
        lines(LayerKind::PowerLines, &layers.power_lines),
        points(LayerKind::PowerNodes, &layers.power_nodes),
        of(
            LayerKind::Places,
            Kind::Point,
            with(vec![column("population", Content::Integer)]),
            rows(&layers.places, place_row),
        ),
        of(
            LayerKind::Regions,
            Kind::MultiPolygon,
            named(),
            rows(&layers.regions, region_row),
        ),
    ];
    tables.retain(|table| !table.rows.is_empty());
    tables.push(sources(&layers.uses(), language));
    tables
}

/// What a feature draws, and what its columns say.
type Row = (Option<Shape>, Vec<Value>);

fn table(
    (kind, draws): (LayerKind, Kind),
    columns: Vec<Column>,
    rows: Vec<Row>,
    language: Language,
) -> NewTable {
    NewTable {
        name: kind.code().to_owned(),
        title: language.pick(kind.name_fr(), kind.name_en()).to_owned(),
        description: language
            .pick(
                "couche importée ; voir la table sources",
                "imported layer; see table sources",
            )
            .to_owned(),
        kind: draws,
        columns,
        rows,
    }
}

fn rows<F>(layers: &[Layer<F>], row: impl Fn(&Provenance, &F) -> Row) -> Vec<Row> {
    let features = layers.iter().flat_map(|layer| {
        let provenance = &layer.provenance;
        layer
            .features
            .iter()
            .map(move |feature| (provenance, feature))
    });
    features
        .map(|(provenance, feature)| row(provenance, feature))
        .collect()
}

fn first(provenance: &Provenance, name: Option<&str>) -> Vec<Value> {
    vec![Value::Text(provenance.layer.clone()), said(name)]
}

fn line_row(provenance: &Provenance, route: &Line) -> Row {
    let shape = line(&route.positions);
    (Some(shape), first(provenance, route.name.as_deref()))
}

fn point_row(provenance: &Provenance, node: &Point) -> Row {
    (
        point(Some(node.position)),
        first(provenance, node.name.as_deref()),
    )
}

fn mast_row(provenance: &Provenance, mast: &Mast) -> Row {
    let mut values = first(provenance, mast.name.as_deref());
    values.push(said(mast.operator.as_deref()));
    values.push(said(
        mast.generation
            .map(desserte_planning::layer::Generation::code),
    ));
    (point(Some(mast.position)), values)
}

fn coverage_row(provenance: &Provenance, area: &CoverageArea) -> Row {
    let mut values = first(provenance, area.name.as_deref());
    values.push(said(area.operator.as_deref()));
    values.push(said(
        area.generation
            .map(desserte_planning::layer::Generation::code),
    ));
    let polygons = match &area.extent {
        Extent::Polygons(polygons) => polygons
            .iter()
            .map(|polygon| {
                let rings = std::iter::once(&polygon.outer).chain(&polygon.holes);
                rings.map(|positions| ring(positions)).collect()
            })
            .collect(),
        Extent::Disc {
            centre,
            radius_metres,
        } => vec![vec![ring(&around(*centre, *radius_metres, DISC_CORNERS))]],
    };
    (Some(Shape::Polygons(polygons)), values)
}

fn place_row(provenance: &Provenance, place: &Place) -> Row {
    let mut values = first(provenance, place.name.as_deref());
    values.push(whole(place.population));
    (point(Some(place.position)), values)
}

fn region_row(provenance: &Provenance, region: &Region) -> Row {
    let polygons = region.rings.iter().map(|outer| vec![ring(outer)]).collect();
    (
        Some(Shape::Polygons(polygons)),
        first(provenance, region.name.as_deref()),
    )
}

/// Where each layer comes from; kinds without a layer are named as absent.
pub(in crate::export) fn sources(uses: &[LayerUse], language: Language) -> NewTable {
    let columns = [
        "kind",
        "layer",
        "source",
        "licence",
        "date",
        "uncertainty",
        "uncertainty_class",
    ];
    let rows = uses.iter().map(|one| {
        let told = one.provenance.as_ref();
        let of = |pick: fn(&Provenance) -> &str| said(told.map(pick));
        let values = vec![
            Value::Text(one.kind.code().to_owned()),
            of(|told| &told.layer),
            of(|told| &told.source),
            of(|told| &told.licence),
            of(|told| &told.date),
            of(|told| &told.uncertainty),
            of(|told| told.uncertainty_class.code()),
            whole(one.features.map(|count| count as u64)),
            Value::Boolean(told.is_none()),
        ];
        (None, values)
    });
    let mut columns = columns.map(text).to_vec();
    columns.push(column("features", Content::Integer));
    columns.push(column("absent", Content::Boolean));
    NewTable {
        name: "sources".to_owned(),
        title: language.pick("Sources", "Sources").to_owned(),
        description: language
            .pick(
                "d'où vient chaque couche ; « absent » : aucune n'a été importée, rien n'est deviné",
                "where each layer comes from; \"absent\": none was imported, nothing is guessed",
            )
            .to_owned(),
        kind: Kind::Attributes,
        columns,
        rows: rows.collect(),
    }
}
