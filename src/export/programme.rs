//! A programme's columns, for a spreadsheet and for a map: beside the ranking where the plan is fresh,
//! by themselves where it was kept.
//!
//! Amounts are whole minor units, as everywhere; the currency stands in a column of its own. What a
//! person decided stands in every row, with reason and author.

mod kept;
mod summary;

use desserte_planning::overrides::Decision;
use desserte_planning::programme::{RoutePlan, SitePlan};
use serde_json::{Map, Value, json};

use super::Language;
use super::sheet::Cell;

pub use kept::{write_csv, write_geojson, write_xlsx};
pub(super) use summary::summary_sheet;

/// The columns of a programme, in their order.
pub(super) fn header(language: Language) -> Vec<String> {
    [
        ("action", "action"),
        ("motif de l'action", "reason of the action"),
        ("débit promis (bit/s)", "promised rate (bit/s)"),
        ("débit mesuré (bit/s)", "measured rate (bit/s)"),
        ("mesures du débit", "measurements of the rate"),
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
    let rate = |known: Option<u64>| known.map_or(Cell::Empty, Cell::Integer);
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
        rate(site.promised_bits_per_second),
        rate(site.download_bits_per_second),
        rate(
            site.promised_bits_per_second
                .map(|_| site.download_measurements),
        ),
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
        "promised_bits_per_second": site.promised_bits_per_second,
        "download_bits_per_second": site.download_bits_per_second,
        "download_measurements": site.download_measurements,
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
