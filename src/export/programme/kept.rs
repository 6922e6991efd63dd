//! A kept plan by itself: sites with what is planned of each, what it rests on, routes.

use std::io::Write;

use desserte_planning::programme::RoutePlan;
use serde_json::{Value, json};

use super::super::sheet::{self, Cell};
use super::super::workbook::{self, Sheet};
use super::super::{ExportError, Language};
use super::{header, properties, route};
use crate::import::site::SiteKind;
use crate::plans::{KeptPlan, KeptSite};

/// Decimals of a degree: a tenth of a metre.
const DEGREE_DECIMALS: usize = 6;

fn kept_header(language: Language) -> Vec<String> {
    let names = [
        ("rang", "rank"),
        ("identifiant", "site"),
        ("nom", "name"),
        ("type", "kind"),
        ("région", "region"),
        ("latitude", "latitude"),
        ("longitude", "longitude"),
        ("inventé", "invented"),
        ("mesures simulées", "measurements simulated"),
        ("score", "score"),
        ("part connue des poids", "known share of weights"),
    ];
    let names = names
        .into_iter()
        .map(|(fr, en)| language.pick(fr, en).to_owned());
    names.chain(header(language)).collect()
}

fn kept_cells(site: &KeptSite, currency: &str, language: Language) -> Vec<Cell> {
    let yes_or_no = |yes: bool| {
        let text = if yes {
            language.pick("oui", "yes")
        } else {
            language.pick("non", "no")
        };
        Cell::Text(text.to_owned())
    };
    let degrees = |degrees: Option<f64>| {
        degrees.map_or(Cell::Empty, |degrees| {
            Cell::Number(degrees, DEGREE_DECIMALS)
        })
    };
    let kind = SiteKind::from_code(&site.kind).map_or_else(
        || site.kind.clone(),
        |kind| language.pick(kind.name_fr(), kind.name_en()).to_owned(),
    );
    let mut cells = vec![
        Cell::Integer(u64::from(site.rank)),
        Cell::Text(site.plan.site.clone()),
        Cell::text(site.name.clone()),
        Cell::Text(kind),
        Cell::text(site.region.clone()),
        degrees(site.latitude),
        degrees(site.longitude),
        yes_or_no(site.invented),
        yes_or_no(site.simulated),
        Cell::Millionths(site.score_millionths),
        Cell::Millionths(site.known_weight_millionths),
    ];
    cells.extend(super::cells(&site.plan, currency, language));
    cells
}

/// Writes the sites of a kept plan as CSV.
pub fn write_csv(
    plan: &KeptPlan,
    sites: &[KeptSite],
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let currency = plan.currency();
    let rows = sites
        .iter()
        .map(|site| kept_cells(site, currency, language));
    sheet::write(
        "the plan as CSV",
        language,
        &kept_header(language),
        rows,
        out,
    )
}

/// Writes a kept plan as XLSX: the sites, and what they rest on.
pub fn write_xlsx(
    plan: &KeptPlan,
    sites: &[KeptSite],
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let currency = plan.currency();
    let list = Sheet {
        name: language.pick("Sites", "Sites").to_owned(),
        header: kept_header(language),
        rows: sites
            .iter()
            .map(|site| kept_cells(site, currency, language))
            .collect(),
    };
    workbook::write("the plan as XLSX", &[list, basis(plan, language)], out)
}

/// Every figure of the summary, the assumptions and limits among them, by its path.
fn basis(plan: &KeptPlan, language: Language) -> Sheet {
    let mut rows = vec![
        vec![
            Cell::Text(language.pick("scénario", "scenario").to_owned()),
            Cell::Text(plan.name.clone()),
        ],
        vec![
            Cell::Text(
                language
                    .pick("identifiant du plan", "identifier of the plan")
                    .to_owned(),
            ),
            Cell::Text(plan.id.clone()),
        ],
    ];
    let limits = language.pick("/limits_fr", "/limits_en");
    for limit in plan.stated(limits).as_array().into_iter().flatten() {
        rows.push(vec![
            Cell::Text(language.pick("limite", "limit").to_owned()),
            Cell::text(limit.as_str()),
        ]);
    }
    for part in [
        "target",
        "phases",
        "costs",
        "services",
        "deliveries",
        "corrections",
    ] {
        flatten(part, plan.stated(&format!("/{part}")), &mut rows);
    }
    flatten("scenario", &plan.scenario, &mut rows);
    if let Ok(inputs) = serde_json::to_value(&plan.inputs) {
        flatten("sha256", &inputs, &mut rows);
    }
    Sheet {
        name: language.pick("Hypothèses", "Assumptions").to_owned(),
        header: vec![
            language.pick("quoi", "what").to_owned(),
            language.pick("valeur", "value").to_owned(),
        ],
        rows,
    }
}

fn flatten(path: &str, value: &Value, rows: &mut Vec<Vec<Cell>>) {
    let cell = match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(&format!("{path}.{name}"), value, rows);
            }
            return;
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                flatten(&format!("{path}.{}", number + 1), value, rows);
            }
            return;
        }
        Value::Null => return,
        Value::Bool(is) => Cell::Text(is.to_string()),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Cell::Integer(whole),
            (None, Some(number)) => Cell::Number(number, 6),
            (None, None) => Cell::Text(number.to_string()),
        },
        Value::String(text) => Cell::Text(text.clone()),
    };
    rows.push(vec![Cell::Text(path.to_owned()), cell]);
}

/// Writes a kept plan as GeoJSON: sites as points, routes as lines, assumptions as a foreign member.
pub fn write_geojson(
    plan: &KeptPlan,
    sites: &[KeptSite],
    routes: &[RoutePlan],
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write {
        what: "the plan as GeoJSON",
        source,
    };
    let currency = plan.currency();
    let assumptions = json!({
        "id": plan.id,
        "scenario": plan.scenario,
        "inputs_sha256": plan.inputs,
        "programme": plan.summary,
    });
    write!(
        out,
        "{{\"type\":\"FeatureCollection\",\"desserte_plan\":{assumptions},\"features\":["
    )
    .map_err(failed)?;
    let points = sites.iter().map(|site| {
        let mut properties = properties(&site.plan, currency);
        for (name, value) in [
            ("rank", json!(site.rank)),
            ("name", json!(site.name)),
            ("kind", json!(site.kind)),
            ("region", json!(site.region)),
            ("invented", json!(site.invented)),
            ("simulated", json!(site.simulated)),
            ("score", json!(f64::from(site.score_millionths) / 1e6)),
        ] {
            properties.insert(name.to_owned(), value);
        }
        let geometry = match (site.longitude, site.latitude) {
            (Some(longitude), Some(latitude)) => {
                json!({ "type": "Point", "coordinates": [longitude, latitude] })
            }
            _ => Value::Null,
        };
        json!({ "type": "Feature", "id": site.plan.site, "geometry": geometry,
            "properties": properties })
    });
    let lines = routes
        .iter()
        .enumerate()
        .map(|(number, one)| route(one, number, currency));
    for (number, feature) in points.chain(lines).enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(out, "{comma}\n{feature}").map_err(failed)?;
    }
    out.write_all(b"\n]}\n").map_err(failed)
}
