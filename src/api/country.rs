//! The country: who it is, its outlines, its layers.

use std::collections::BTreeMap;

use axum::{Json, http::HeaderMap, response::Response};
use bytes::Bytes;
use desserte_planning::layer::{LayerKind, LayerUse};

use super::conditional;
use super::error::{Answer, Refusal};
use super::model::{AbsentLayer, Country, LayerItem, Notice, PlaceItem, Places};
use super::seen::View;
use crate::app::App;
use crate::layers::Defects;

const GEOJSON: &str = "application/geo+json";
/// Without outlines and sites the map shows the whole world.
const WORLD: [f64; 4] = [-180.0, -85.0, 180.0, 85.0];

/// The country, its layers, and the layers that are absent.
#[utoipa::path(get, path = "/api/v1/country", tag = "country", responses(
    (status = 200, body = Country),
    (status = 304, description = "nothing changed since the ETag given"),
))]
pub(crate) async fn country(View(app): View, headers: HeaderMap) -> Answer<Response> {
    let directory = app.directory();
    let geography = &app.geography;
    let uses = app.layers().uses();
    let country = Country {
        id: geography.country.id.clone(),
        name_fr: geography.country.name_fr.clone(),
        name_en: geography.country.name_en.clone(),
        time_zone: geography.country.time_zone.clone(),
        bounds: app.bounds().or_else(|| of_sites(&app)).unwrap_or(WORLD),
        invented_sites: directory.sites().iter().any(|site| site.invented),
        notice: geography
            .notice
            .iter()
            .map(|(text_fr, text_en)| Notice {
                text_fr: text_fr.clone(),
                text_en: text_en.clone(),
            })
            .collect(),
        layers: layers(&uses, &app.layer_defects()),
        absent_layers: absent(&uses),
    };
    let bytes = serde_json::to_vec(&country)
        .map_err(|error| Refusal::internal("writing the country", error))?;
    Ok(conditional::answer(
        &headers,
        "application/json",
        bytes.into(),
    ))
}

/// Administrative areas (GeoJSON, property `name`).
#[utoipa::path(get, path = "/api/v1/country/regions.geojson", tag = "country", responses(
    (status = 200, content_type = "application/geo+json", body = Object),
    (status = 404, body = super::error::Problem),
))]
pub(crate) async fn regions(View(app): View, headers: HeaderMap) -> Answer<Response> {
    outline(&headers, app.regions_geojson().as_ref(), "regions")
}

/// The border (GeoJSON).
#[utoipa::path(get, path = "/api/v1/country/border.geojson", tag = "country", responses(
    (status = 200, content_type = "application/geo+json", body = Object),
    (status = 404, body = super::error::Problem),
))]
pub(crate) async fn border(View(app): View, headers: HeaderMap) -> Answer<Response> {
    outline(&headers, app.geography.border.as_ref(), "border")
}

/// Countries around (GeoJSON, property `name`).
#[utoipa::path(get, path = "/api/v1/country/neighbours.geojson", tag = "country", responses(
    (status = 200, content_type = "application/geo+json", body = Object),
    (status = 404, body = super::error::Problem),
))]
pub(crate) async fn neighbours(View(app): View, headers: HeaderMap) -> Answer<Response> {
    outline(&headers, app.geography.neighbours.as_ref(), "neighbours")
}

/// Towns and villages, the largest first.
#[utoipa::path(get, path = "/api/v1/country/places.json", tag = "country", responses(
    (status = 200, body = Places),
    (status = 404, body = super::error::Problem),
))]
pub(crate) async fn places(View(app): View) -> Answer<Json<Places>> {
    let layers = app.layers();
    if layers.places.is_empty() {
        return Err(Refusal::not_found("layer", "places"));
    }
    let mut items: Vec<PlaceItem> = layers
        .places
        .iter()
        .flat_map(|layer| &layer.features)
        .map(|place| PlaceItem {
            name: place.name.clone(),
            latitude: place.position.latitude(),
            longitude: place.position.longitude(),
            population: place.population,
        })
        .collect();
    items.sort_by(|left, right| {
        right
            .population
            .cmp(&left.population)
            .then_with(|| left.name.cmp(&right.name))
    });
    Ok(Json(Places { items }))
}

fn outline(headers: &HeaderMap, bytes: Option<&Bytes>, name: &str) -> Answer<Response> {
    let bytes = bytes.ok_or_else(|| Refusal::not_found("outline", name))?;
    Ok(conditional::answer(headers, GEOJSON, bytes.clone()))
}

fn of_sites(app: &App) -> Option<[f64; 4]> {
    app.directory().sites().iter().fold(None, |bounds, site| {
        let (x, y) = (site.longitude, site.latitude);
        let [west, south, east, north] = bounds.unwrap_or([x, y, x, y]);
        Some([west.min(x), south.min(y), east.max(x), north.max(y)])
    })
}

/// The layers that are there, with what became of the rows of their files.
pub(crate) fn layers(
    uses: &[LayerUse],
    defects: &BTreeMap<(String, String), Defects>,
) -> Vec<LayerItem> {
    uses.iter()
        .filter_map(|one| {
            let provenance = one.provenance.as_ref()?;
            let key = (one.kind.code().to_owned(), provenance.layer.clone());
            let found = defects.get(&key).filter(|found| found.rows_read > 0);
            let refused = found.map(|found| &found.refused);
            Some(LayerItem {
                uncertainty: provenance.uncertainty.clone(),
                uncertainty_class: provenance.uncertainty_class.code().to_owned(),
                rows_read: found.map(|found| found.rows_read as u64),
                left_out: found.map(|found| found.left_out as u64),
                refused: refused.map(|refused| {
                    let counts = refused.iter();
                    counts
                        .map(|(code, count)| (code.clone(), *count as u64))
                        .collect()
                }),
                kind: one.kind.code().to_owned(),
                name: provenance.layer.clone(),
                source: provenance.source.clone(),
                licence: provenance.licence.clone(),
                date: provenance.date.clone(),
                features: one.features.unwrap_or(0) as u64,
            })
        })
        .collect()
}

/// The layers that are not there, and what that means.
pub(crate) fn absent(uses: &[LayerUse]) -> Vec<AbsentLayer> {
    uses.iter()
        .filter(|one| one.provenance.is_none())
        .map(|one| {
            let (note_fr, note_en) = note(one.kind);
            AbsentLayer {
                kind: one.kind.code().to_owned(),
                note_fr: note_fr.to_owned(),
                note_en: note_en.to_owned(),
            }
        })
        .collect()
}

fn note(kind: LayerKind) -> (&'static str, &'static str) {
    match kind {
        LayerKind::FibreLines | LayerKind::FibreNodes => (
            "Fibre : aucune couche dont la licence permette la redistribution ; importez la vôtre.",
            "Fibre: no layer with a licence to redistribute; import yours.",
        ),
        LayerKind::Masts => (
            "Pylônes : aucune couche importée ; la distance au pylône reste inconnue.",
            "Masts: no layer imported; the distance to a mast stays unknown.",
        ),
        LayerKind::Coverage => (
            "Couverture mobile : aucune couche importée ; qui est couvert reste inconnu.",
            "Mobile coverage: no layer imported; who is covered stays unknown.",
        ),
        LayerKind::Roads => (
            "Routes : aucune couche importée ; les tranchées sont supposées droites × 1,3.",
            "Roads: no layer imported; trenches are taken as straight lines × 1.3.",
        ),
        LayerKind::Terrain => (
            "Relief : aucune couche importée ; la visibilité d’un faisceau reste inconnue.",
            "Terrain: no layer imported; whether a link has line of sight stays unknown.",
        ),
        LayerKind::PowerLines | LayerKind::PowerNodes => (
            "Électricité : aucune couche importée ; la distance au réseau reste inconnue.",
            "Electricity: no layer imported; the distance to the grid stays unknown.",
        ),
        LayerKind::Places => (
            "Localités : aucune couche importée ; la population voisine reste inconnue.",
            "Places: no layer imported; the population nearby stays unknown.",
        ),
        LayerKind::Regions => (
            "Régions : aucune couche importée.",
            "Regions: no layer imported.",
        ),
    }
}
