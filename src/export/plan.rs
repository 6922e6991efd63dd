//! The ranked list, as CSV or XLSX for a spreadsheet and as GeoJSON (RFC 7946) for a map.
//!
//! A CSV file has no room for a preamble that programs would survive, so its assumptions stand in
//! columns: every row names the scenario, the layers that were absent, and beside each distance its
//! layer, date and uncertainty; beside each contribution its weight. In GeoJSON they are a foreign
//! member of the collection, `desserte_plan` (RFC 7946, 6.1).

mod workbook;

use std::io::Write;

use desserte_planning::gap::{Gap, Nearest};
use desserte_planning::plan::{Plan, PlanRow};
use desserte_planning::ranking::{Contribution, Criterion, MILLIONTHS};
use desserte_planning::{Finding, Position};
use serde_json::{Map, Value, json};

use super::sheet::{self, Cell};
use super::{ExportError, Language, programme};
use crate::import::site::SiteKind;

pub use workbook::write_xlsx;

/// Decimals of a degree: a tenth of a metre.
const DEGREE_DECIMALS: usize = 6;
/// Decimals of a criterion's value: metres to the centimetre, shares to a ten-thousandth.
const VALUE_DECIMALS: usize = 4;

/// Writes the ranked list as CSV.
pub fn write_csv(plan: &Plan, language: Language, out: &mut dyn Write) -> Result<(), ExportError> {
    let context = Context::new(plan, language);
    let rows = context.rows(plan);
    sheet::write("the plan as CSV", language, &context.header(), rows, out)
}

struct Context<'p> {
    language: Language,
    scenario: &'p str,
    absent: String,
    criteria: Vec<Criterion>,
    programme: bool,
}

impl<'p> Context<'p> {
    fn new(plan: &'p Plan, language: Language) -> Self {
        let absent = plan
            .layers
            .iter()
            .filter(|layer| layer.provenance.is_none());
        let names = absent.map(|layer| language.pick(layer.kind.name_fr(), layer.kind.name_en()));
        Self {
            language,
            scenario: &plan.scenario.name,
            absent: names.collect::<Vec<_>>().join(", "),
            criteria: plan.scenario.ranking.criteria.keys().copied().collect(),
            programme: plan.programme.is_some(),
        }
    }

    fn header(&self) -> Vec<String> {
        let pick = |fr: &str, en: &str| self.language.pick(fr, en).to_owned();
        let mut header = vec![
            pick("rang", "rank"),
            pick("identifiant", "site"),
            pick("nom", "name"),
            pick("type", "kind"),
            pick("région", "region"),
            "latitude".to_owned(),
            "longitude".to_owned(),
            pick("inventé", "invented"),
            pick("mesures simulées", "measurements simulated"),
            "score".to_owned(),
            pick("part connue des poids", "known share of weights"),
        ];
        for criterion in &self.criteria {
            let name = self.language.pick(criterion.name_fr(), criterion.name_en());
            let unit = self
                .language
                .pick(unit_fr(criterion.unit()), criterion.unit());
            header.push(format!("{name} ({unit})"));
            header.push(format!("{name} – {}", pick("poids", "weight")));
            header.push(format!("{name} – contribution"));
            header.push(format!(
                "{name} – {}",
                pick("inconnu car", "unknown because")
            ));
        }
        for (fr, en) in [
            ("tracé de fibre", "fibre route"),
            ("nœud de fibre", "fibre node"),
            ("pylône", "mast"),
            ("localité", "place"),
        ] {
            let thing = pick(fr, en);
            header.push(format!("{thing} {} (m)", pick("à", "at")));
            header.push(format!("{thing} – {}", pick("nom", "name")));
            header.push(format!("{thing} – source"));
        }
        header.push(pick("population de la localité", "population of the place"));
        header.push(pick("période mesurée", "period measured"));
        header.push(pick("scénario", "scenario"));
        header.push(pick("couches absentes", "layers absent"));
        if self.programme {
            header.extend(programme::header(self.language));
        }
        header
    }

    /// The rows, with the programme's columns where there is one.
    fn rows<'r>(&'r self, plan: &'r Plan) -> impl Iterator<Item = Vec<Cell>> + 'r {
        let programme = plan.programme.as_ref();
        let planned = programme.map_or(&[][..], |one| one.sites.as_slice());
        let currency = programme.map_or("", |one| one.costs.currency.as_str());
        let planned = planned.iter().map(Some).chain(std::iter::repeat(None));
        plan.rows.iter().zip(planned).map(move |(row, site)| {
            let mut cells = self.row(row);
            if let Some(site) = site {
                cells.extend(programme::cells(site, currency, self.language));
            }
            cells
        })
    }

    fn row(&self, row: &PlanRow) -> Vec<Cell> {
        let site = &row.site;
        let degrees = |degrees: Option<f64>| {
            degrees.map_or(Cell::Empty, |degrees| {
                Cell::Number(degrees, DEGREE_DECIMALS)
            })
        };
        let mut cells = vec![
            Cell::Integer(row.ranked.rank as u64),
            Cell::Text(site.id.clone()),
            Cell::text(site.name.clone()),
            Cell::Text(self.kind(&site.kind)),
            Cell::text(site.region.clone()),
            degrees(site.position.map(Position::latitude)),
            degrees(site.position.map(Position::longitude)),
            Cell::Text(self.yes_or_no(site.invented).to_owned()),
            Cell::Text(self.yes_or_no(site.simulated).to_owned()),
            Cell::Millionths(row.ranked.score_millionths),
            Cell::Millionths(row.ranked.known_weight_millionths),
        ];
        for contribution in &row.ranked.contributions {
            cells.extend(self.contribution(contribution));
        }
        for nearest in distances(&row.gap) {
            cells.extend(self.distance(nearest));
        }
        let place = row.gap.place.known();
        let population = place.and_then(|place| place.population);
        cells.push(population.map_or(Cell::Empty, Cell::Integer));
        cells.push(Cell::text(
            site.availability
                .as_ref()
                .map(|measured| measured.period.clone()),
        ));
        cells.push(Cell::Text(self.scenario.to_owned()));
        cells.push(Cell::text(
            Some(self.absent.clone()).filter(|absent| !absent.is_empty()),
        ));
        cells
    }

    fn kind(&self, code: &str) -> String {
        SiteKind::from_code(code).map_or_else(
            || code.to_owned(),
            |kind| {
                self.language
                    .pick(kind.name_fr(), kind.name_en())
                    .to_owned()
            },
        )
    }

    fn yes_or_no(&self, yes: bool) -> &'static str {
        if yes {
            self.language.pick("oui", "yes")
        } else {
            self.language.pick("non", "no")
        }
    }

    /// Value, weight, contribution, reason: either the first or the last is empty.
    fn contribution(&self, contribution: &Contribution) -> [Cell; 4] {
        let weight = Cell::Integer(u64::from(contribution.weight));
        match &contribution.finding {
            Finding::Known(assessed) => [
                Cell::Number(assessed.value, VALUE_DECIMALS),
                weight,
                Cell::Millionths(assessed.contribution_millionths),
                Cell::Empty,
            ],
            Finding::Unknown(reason) => [
                Cell::Empty,
                weight,
                Cell::Empty,
                Cell::Text(self.language.pick(reason.text_fr(), reason.text_en())),
            ],
        }
    }

    /// Metres, name, source; for an unknown distance the reason in the last.
    fn distance(&self, nearest: Finding<&Nearest>) -> [Cell; 3] {
        match nearest {
            Finding::Known(nearest) => {
                let provenance = &nearest.provenance;
                let source = format!(
                    "{} ({}, {}) – {}",
                    provenance.layer, provenance.source, provenance.date, provenance.uncertainty
                );
                let metres = Cell::Number(nearest.metres, 0);
                [metres, Cell::text(nearest.name.clone()), Cell::Text(source)]
            }
            Finding::Unknown(reason) => {
                let reason = self.language.pick(reason.text_fr(), reason.text_en());
                [Cell::Empty, Cell::Empty, Cell::Text(reason)]
            }
        }
    }
}

fn unit_fr(unit: &'static str) -> &'static str {
    if unit == "inhabitants" {
        "habitants"
    } else {
        unit
    }
}

/// The four distances of a gap, in the order of the columns.
fn distances(gap: &Gap) -> [Finding<&Nearest>; 4] {
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
        place,
    ]
}

/// Writes the ranked list as a GeoJSON feature collection, one feature a line. Property names are
/// identifiers and do not change with the language; reasons are there in both.
pub fn write_geojson(plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write {
        what: "the plan as GeoJSON",
        source,
    };
    let invented = plan.rows.iter().filter(|row| row.site.invented).count();
    let assumptions = json!({
        "scenario": plan.scenario,
        "layers": plan.layers,
        "sites": plan.rows.len(),
        "invented_sites": invented,
        "simulated_sites": plan.rows.iter().filter(|row| row.site.simulated).count(),
        "programme": summary(plan),
    });
    write!(
        out,
        "{{\"type\":\"FeatureCollection\",\"desserte_plan\":{assumptions},\"features\":["
    )
    .map_err(failed)?;
    let made = plan.programme.as_ref();
    let currency = made.map_or("", |one| one.costs.currency.as_str());
    for (number, row) in plan.rows.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let mut feature = feature(row);
        let site = made.and_then(|one| one.sites.get(number));
        let members = feature.get_mut("properties").and_then(Value::as_object_mut);
        if let (Some(site), Some(members)) = (site, members) {
            members.extend(programme::properties(site, currency));
        }
        write!(out, "{comma}\n{feature}").map_err(failed)?;
    }
    for (number, route) in made.iter().flat_map(|one| &one.routes).enumerate() {
        write!(out, ",\n{}", programme::route(route, number, currency)).map_err(failed)?;
    }
    out.write_all(b"\n]}\n").map_err(failed)
}

/// The programme without its sites and routes, which are features.
fn summary(plan: &Plan) -> Value {
    let Some(programme) = &plan.programme else {
        return Value::Null;
    };
    json!({
        "costs": programme.costs,
        "corrections": programme.corrections,
        "basis": programme.basis,
        "target": programme.target,
        "phases": programme.phases,
        "frontier": programme.frontier,
        "services": programme.services,
        "deliveries": programme.deliveries,
        "limits": programme.limits,
    })
}

/// A row of the ranking as a GeoJSON feature.
pub(crate) fn feature(row: &PlanRow) -> Value {
    let (site, ranked) = (&row.site, &row.ranked);
    let geometry = site.position.map_or(Value::Null, |position| {
        json!({
            "type": "Point",
            "coordinates": [rounded(position.longitude()), rounded(position.latitude())],
        })
    });
    let mut properties = Map::new();
    let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    put("rank", json!(ranked.rank));
    put("name", json!(site.name));
    put("kind", json!(site.kind));
    put("region", json!(site.region));
    put("invented", json!(site.invented));
    put("simulated", json!(site.simulated));
    put("score", share(ranked.score_millionths));
    put("known_weight_share", share(ranked.known_weight_millionths));
    for contribution in &ranked.contributions {
        put(
            contribution.criterion.code(),
            contribution_value(contribution),
        );
    }
    let names = [
        "nearest_fibre_line",
        "nearest_fibre_node",
        "nearest_mast",
        "nearest_place",
    ];
    for (name, nearest) in names.into_iter().zip(distances(&row.gap)) {
        put(name, nearest_value(nearest));
    }
    put(
        "nearest_place_population",
        json!(row.gap.place.known().and_then(|place| place.population)),
    );
    put("measured", json!(site.availability));
    json!({ "type": "Feature", "id": site.id, "geometry": geometry, "properties": properties })
}

fn contribution_value(contribution: &Contribution) -> Value {
    let mut value = json!({ "weight": contribution.weight, "unit": contribution.unit });
    let more = match &contribution.finding {
        Finding::Known(assessed) => json!({
            "value": assessed.value,
            "normalised": assessed.normalised,
            "contribution": share(assessed.contribution_millionths),
        }),
        Finding::Unknown(reason) => unknown(*reason),
    };
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}

fn nearest_value(nearest: Finding<&Nearest>) -> Value {
    match nearest {
        Finding::Known(nearest) => json!({
            "metres": (nearest.metres * 10.0).round() / 10.0,
            "name": nearest.name,
            "layer": nearest.provenance.layer,
            "source": nearest.provenance.source,
            "date": nearest.provenance.date,
            "uncertainty": nearest.provenance.uncertainty,
        }),
        Finding::Unknown(reason) => unknown(reason),
    }
}

fn unknown(reason: desserte_planning::UnknownReason) -> Value {
    json!({
        "unknown": reason.code(),
        "reason_fr": reason.text_fr(),
        "reason_en": reason.text_en(),
    })
}

fn share(millionths: u32) -> Value {
    json!(f64::from(millionths) / f64::from(MILLIONTHS))
}

/// RFC 7946, 11.2: six decimals are enough.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests;
