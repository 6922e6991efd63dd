//! A programme's columns, for a spreadsheet and for a map: beside the ranking where the plan is fresh,
//! by themselves where it was kept.
//!
//! Amounts are whole minor units, as everywhere; the currency stands in a column of its own. What a
//! person decided stands in every row, with reason and author.

use std::io::Write;

use desserte_planning::overrides::Decision;
use desserte_planning::programme::{Limit, Programme, RoutePlan, SitePlan};
use serde_json::{Map, Value, json};

use super::sheet::{self, Cell};
use super::workbook::{self, Sheet};
use super::{ExportError, Language};
use crate::import::site::SiteKind;
use crate::plans::{KeptPlan, KeptSite};

/// Decimals of a degree: a tenth of a metre.
const DEGREE_DECIMALS: usize = 6;

/// The columns of a programme, in their order.
pub(super) fn header(language: Language) -> Vec<String> {
    [
        ("action", "action"),
        ("motif de l'action", "reason of the action"),
        ("technologie", "technology"),
        ("phase", "phase"),
        ("pas de la frontière", "step of the frontier"),
        ("investissement (unités mineures)", "capex (minor units)"),
        (
            "coût annuel (unités mineures)",
            "cost of a year (minor units)",
        ),
        (
            "coût actualisé (unités mineures)",
            "net present value (minor units)",
        ),
        ("part des tracés (m)", "part of the routes (m)"),
        ("seuil de la fibre (m)", "break-even distance of fibre (m)"),
        ("technologies écartées", "technologies ruled out"),
        ("décision", "decision"),
        ("raison de la décision", "reason of the decision"),
        ("auteur de la décision", "author of the decision"),
        ("devise", "currency"),
    ]
    .into_iter()
    .map(|(fr, en)| language.pick(fr, en).to_owned())
    .collect()
}

/// The cells of a site.
pub(super) fn cells(site: &SitePlan, currency: &str, language: Language) -> Vec<Cell> {
    let money = |minor: Option<i64>| {
        minor
            .and_then(|minor| u64::try_from(minor).ok())
            .map_or(Cell::Empty, Cell::Integer)
    };
    let count =
        |count: Option<usize>| count.map_or(Cell::Empty, |count| Cell::Integer(count as u64));
    let ruled_out = site.options.iter().filter(|one| !one.planned).map(|one| {
        let technology = language.pick(one.technology.name_fr(), one.technology.name_en());
        let barrier = one.barrier.as_deref().unwrap_or_default();
        format!("{technology}: {}", barrier_text(barrier, language))
    });
    let decision = site.decision.as_ref();
    vec![
        Cell::Text(
            language
                .pick(site.action.name_fr(), site.action.name_en())
                .to_owned(),
        ),
        Cell::Text(reason_text(site.reason.code(), language).to_owned()),
        Cell::text(
            site.technology
                .map(|one| language.pick(one.name_fr(), one.name_en())),
        ),
        count(site.phase),
        count(site.step),
        money(site.capex_minor),
        money(site.yearly_minor),
        money(site.net_present_minor),
        site.route_metres.map_or(Cell::Empty, Cell::Integer),
        site.break_even_metres.map_or(Cell::Empty, Cell::Integer),
        Cell::Text(ruled_out.collect::<Vec<_>>().join("; ")),
        Cell::text(decision.map(|one| decision_text(&one.decision, language))),
        Cell::text(decision.map(|one| one.reason.clone())),
        Cell::text(decision.map(|one| one.author.clone())),
        Cell::Text(currency.to_owned()),
    ]
}

fn decision_text(decision: &Decision, language: Language) -> String {
    match decision {
        Decision::Pin { phase } => language.pick(
            format!("imposé en phase {phase} au plus tard"),
            format!("pinned to phase {phase} at the latest"),
        ),
        Decision::Exclude => language.pick("exclu".to_owned(), "excluded".to_owned()),
        Decision::Funded { by } => {
            language.pick(format!("financé par {by}"), format!("funded by {by}"))
        }
    }
}

/// What stands against a technology, in words.
fn barrier_text(code: &str, language: Language) -> &str {
    let (fr, en) = match code {
        "not_offered" => ("non proposée", "not offered"),
        "too_slow" => ("débit insuffisant", "too slow"),
        "no_fibre_known" => ("aucune fibre connue", "no fibre known"),
        "no_mast_known" => ("aucun pylône connu", "no mast known"),
        "mast_too_far" => ("pylône trop loin", "mast too far"),
        "sight_blocked" => ("relief entre les antennes", "ground in the way"),
        "terrain_unknown" => ("relief inconnu", "terrain unknown"),
        "not_covered" => ("hors couverture", "not covered"),
        "coverage_unknown" => ("couverture inconnue", "coverage unknown"),
        "position_missing" => ("position inconnue", "position unknown"),
        other => return other,
    };
    language.pick(fr, en)
}

/// Why an action, in words.
fn reason_text(code: &str, language: Language) -> &str {
    let (fr, en) = match code {
        "no_line_known" => ("aucune ligne connue", "no line known"),
        "too_few_slots" => ("trop peu de mesures", "too little measured"),
        "power_cuts" => ("coupures d'électricité", "power cuts"),
        "below_agreement" => ("sous l'engagement", "below its agreement"),
        "slower_than_agreed" => ("plus lent que promis", "slower than agreed"),
        "often_cut_off" => ("souvent coupé", "often cut off"),
        "adequate" => ("satisfaisant", "adequate"),
        other => return other,
    };
    language.pick(fr, en)
}

/// The same as properties of a feature.
pub(super) fn properties(site: &SitePlan, currency: &str) -> Map<String, Value> {
    let value = json!({
        "action": site.action,
        "action_reason": site.reason,
        "technology": site.technology,
        "phase": site.phase,
        "frontier_step": site.step,
        "capex_minor": site.capex_minor,
        "yearly_minor": site.yearly_minor,
        "net_present_minor": site.net_present_minor,
        "route_metres": site.route_metres,
        "break_even_metres": site.break_even_metres,
        "options": site.options,
        "decision": site.decision,
        "currency": currency,
    });
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A route as a feature.
pub(super) fn route(route: &RoutePlan, number: usize, currency: &str) -> Value {
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let line: Vec<[f64; 2]> = route
        .path
        .iter()
        .map(|at| [rounded(at.longitude()), rounded(at.latitude())])
        .collect();
    json!({
        "type": "Feature",
        "id": format!("route-{number}"),
        "geometry": { "type": "LineString", "coordinates": line },
        "properties": {
            "route": true,
            "phase": route.phase,
            "frontier_step": route.step,
            "least_cost": route.target,
            "metres": route.metres,
            "capex_minor": route.capex_minor,
            "currency": currency,
        },
    })
}

/// Phases, totals and limits as a sheet of two columns.
pub(super) fn summary_sheet(programme: &Programme, language: Language) -> Sheet {
    let pick = |fr: &str, en: &str| language.pick(fr, en).to_owned();
    let money = |minor: u64| Cell::Integer(minor);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut say = |what: String, cell: Cell| rows.push(vec![Cell::Text(what), cell]);
    let costs = &programme.costs;
    say(pick("coûts", "costs"), Cell::Text(costs.name.clone()));
    say(
        pick("source des coûts", "source of the costs"),
        Cell::Text(costs.source.clone()),
    );
    say(
        pick("devise", "currency"),
        Cell::Text(costs.currency.clone()),
    );
    say(
        pick("années", "years"),
        Cell::Integer(u64::from(costs.years)),
    );
    say(
        pick(
            "taux d'actualisation (points de base)",
            "discount rate (basis points)",
        ),
        Cell::Integer(u64::from(costs.discount_rate_basis_points)),
    );
    let target = &programme.target;
    let whole = |minor: i64| u64::try_from(minor).map_or(Cell::Empty, Cell::Integer);
    say(
        pick("sites à construire", "sites to build"),
        Cell::Integer(target.sites as u64),
    );
    say(
        pick("tracés (m)", "routes (m)"),
        Cell::Integer(target.route_metres),
    );
    say(
        pick(
            "coût actualisé de l'ensemble",
            "net present value of everything",
        ),
        whole(target.net_present_minor),
    );
    say(
        pick("aucun choix ne coûte moins de", "no choice costs less than"),
        whole(target.lower_bound_minor),
    );
    for (number, phase) in programme.phases.iter().enumerate() {
        let of = |fr: &str, en: &str| {
            format!("phase {} ({}) – {}", number + 1, phase.name, pick(fr, en))
        };
        say(of("sites", "sites"), Cell::Integer(phase.sites as u64));
        say(of("investissement", "capex"), money(phase.capex_minor));
        say(
            of("plafond cumulé", "ceiling so far"),
            money(phase.ceiling_minor),
        );
        say(
            of("coût annuel de l'ensemble", "cost of a year of all"),
            money(phase.yearly_minor),
        );
        say(
            of("tracés (m)", "routes (m)"),
            Cell::Integer(phase.route_metres),
        );
        say(
            of("écart maximal au mieux", "at most below the best"),
            Cell::Number(phase.gap, 4),
        );
        if phase.over_ceiling {
            say(
                of(
                    "les décisions dépassent le plafond",
                    "decisions exceed the ceiling",
                ),
                Cell::Text(pick("oui", "yes")),
            );
        }
        for (region, missing) in &phase.quotas_missed {
            say(
                format!("{} {region}", of("quota manqué", "quota missed")),
                Cell::Integer(*missing as u64),
            );
        }
    }
    for service in &programme.services {
        let of = |fr: &str, en: &str| format!("{} – {}", service.wish.name, pick(fr, en));
        say(
            of("points", "points"),
            Cell::Integer(service.points.len() as u64),
        );
        say(
            of("habitants couverts", "people covered"),
            money(service.people_covered),
        );
        say(of("habitants", "people"), money(service.people_total));
        say(
            of("localités couvertes", "settlements covered"),
            money(service.settlements_covered),
        );
        say(
            of("localités", "settlements"),
            money(service.settlements_total),
        );
    }
    for limit in &programme.limits {
        say(
            pick("limite", "limit"),
            Cell::Text(limit_text(limit, language)),
        );
    }
    Sheet {
        name: pick("Programme", "Programme"),
        header: vec![pick("quoi", "what"), pick("valeur", "value")],
        rows,
    }
}

fn limit_text(limit: &Limit, language: Language) -> String {
    language.pick(limit.text_fr(), limit.text_en())
}

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
    cells.extend(self::cells(&site.plan, currency, language));
    cells
}

/// The currency of a kept plan.
fn currency(plan: &KeptPlan) -> &str {
    plan.summary["costs"]["currency"]
        .as_str()
        .unwrap_or_default()
}

/// Writes the sites of a kept plan as CSV.
pub fn write_csv(
    plan: &KeptPlan,
    sites: &[KeptSite],
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let currency = currency(plan);
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
    let currency = currency(plan);
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
    let limits = language.pick("limits_fr", "limits_en");
    for limit in plan.summary[limits].as_array().into_iter().flatten() {
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
        flatten(part, &plan.summary[part], &mut rows);
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
    let currency = currency(plan);
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

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_planning::class::{Action, ActionReason};
    use desserte_planning::cost::Barrier;

    #[test]
    fn every_reason_and_barrier_has_words() {
        let barriers = [
            Barrier::NotOffered,
            Barrier::TooSlow,
            Barrier::NoFibreKnown,
            Barrier::NoMastKnown,
            Barrier::MastTooFar,
            Barrier::SightBlocked,
            Barrier::TerrainUnknown,
            Barrier::NotCovered,
            Barrier::CoverageUnknown,
            Barrier::PositionMissing,
        ];
        for barrier in barriers {
            for language in [Language::Fr, Language::En] {
                assert_ne!(barrier_text(barrier.code(), language), barrier.code());
            }
        }
        let reasons = [
            ActionReason::NoLineKnown,
            ActionReason::TooFewSlots,
            ActionReason::PowerCuts,
            ActionReason::BelowAgreement,
            ActionReason::SlowerThanAgreed,
            ActionReason::OftenCutOff,
        ];
        for reason in reasons {
            assert_ne!(reason_text(reason.code(), Language::Fr), reason.code());
        }
        assert_eq!(Action::ALL.len(), 5);
    }
}
