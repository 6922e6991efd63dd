//! Outages as CSV, one a row; the outages of one group share its number.

use std::io::Write;

use desserte_domain::cause::Cause;

use super::sheet::{self, Cell};
use super::{ExportError, Language};
use crate::app::SiteEntry;
use crate::import::site::SiteKind;
use crate::live::SiteOutage;

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct OutageRow<'a> {
    /// Number of the group: that of its first outage.
    pub group: i64,
    /// The outage.
    pub outage: &'a SiteOutage,
    /// Its site, where it is still open.
    pub site: Option<&'a SiteEntry>,
}

/// Writes outages as CSV; `now_unix_ms` measures those that last.
pub fn write_csv<'a>(
    rows: impl Iterator<Item = OutageRow<'a>>,
    now_unix_ms: i64,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let header: Vec<String> = [
        ("coupure", "outage"),
        ("groupe", "group"),
        ("identifiant du site", "site"),
        ("nom", "name"),
        ("type", "kind"),
        ("région", "region"),
        ("opérateur", "operator"),
        ("inventé", "invented"),
        ("mesures simulées", "simulated"),
        ("début (UTC)", "start (UTC)"),
        ("fin (UTC)", "end (UTC)"),
        ("en cours", "open"),
        ("durée (s)", "duration (s)"),
        ("créneaux mesurés", "slots measured"),
        ("créneau (s)", "slot (s)"),
        ("cause", "cause"),
        ("code de la cause", "code of the cause"),
        ("indices", "evidence"),
        ("agent", "agent"),
    ]
    .into_iter()
    .map(|(fr, en)| language.pick(fr, en).to_owned())
    .collect();
    let rows = rows.map(|row| cells(&row, now_unix_ms, language));
    sheet::write("the outages as CSV", language, &header, rows, out)
}

fn cells(row: &OutageRow<'_>, now_unix_ms: i64, language: Language) -> Vec<Cell> {
    let (outage, site) = (row.outage, row.site);
    let yes_or_no = |yes| {
        let word = if yes {
            language.pick("oui", "yes")
        } else {
            language.pick("non", "no")
        };
        Cell::Text(word.to_owned())
    };
    let end = outage.end_unix_ms;
    let lasted = end.unwrap_or(now_unix_ms) - outage.start_unix_ms;
    vec![
        Cell::Integer(outage.id.unsigned_abs()),
        Cell::Integer(row.group.unsigned_abs()),
        Cell::Text(outage.site.clone()),
        Cell::text(site.and_then(|site| site.name.clone())),
        Cell::text(site.map(|site| kind(&site.kind, language))),
        Cell::text(site.and_then(|site| site.region.clone())),
        Cell::text(site.and_then(|site| site.operator.clone())),
        site.map_or(Cell::Empty, |site| yes_or_no(site.invented)),
        site.map_or(Cell::Empty, |site| yes_or_no(site.simulated)),
        moment(outage.start_unix_ms),
        end.map_or(Cell::Empty, moment),
        yes_or_no(end.is_none()),
        Cell::Integer(u64::try_from(lasted / 1_000).unwrap_or(0)),
        Cell::Integer(outage.down_slots),
        Cell::Integer(u64::from(outage.slot_seconds)),
        Cell::Text(cause(outage.verdict.cause, language).to_owned()),
        Cell::Text(outage.verdict.cause.identifier().to_owned()),
        Cell::Text(evidence(outage)),
        Cell::text(outage.agent.clone()),
    ]
}

fn moment(unix_ms: i64) -> Cell {
    let at = jiff::Timestamp::from_millisecond(unix_ms);
    Cell::text(at.ok().map(|at| at.to_string()))
}

fn kind(code: &str, language: Language) -> String {
    SiteKind::from_code(code).map_or_else(
        || code.to_owned(),
        |kind| language.pick(kind.name_fr(), kind.name_en()).to_owned(),
    )
}

/// The facts by their codes, with their numbers.
fn evidence(outage: &SiteOutage) -> String {
    let said = outage.verdict.facts.iter().filter_map(|fact| {
        let serde_json::Value::Object(mut members) = serde_json::to_value(fact).ok()? else {
            return None;
        };
        let code = members.remove("code")?.as_str()?.to_owned();
        let numbers: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(if numbers.is_empty() {
            code
        } else {
            format!("{code} ({})", numbers.join(" "))
        })
    });
    said.collect::<Vec<_>>().join(", ")
}

pub(super) fn cause(cause: Cause, language: Language) -> &'static str {
    let (fr, en) = match cause {
        Cause::Power => ("coupure d'électricité", "power cut"),
        Cause::RestartedUnproven => ("redémarrage, cause non prouvée", "restarted, unproven"),
        Cause::PlannedStop => ("arrêt volontaire", "planned stop"),
        Cause::Agent => ("agent de mesure", "measurement agent"),
        Cause::HostSuspended => ("machine en veille", "host suspended"),
        Cause::Lan => ("réseau local", "local network"),
        Cause::LastMile => ("ligne d'accès", "access line"),
        Cause::Upstream => ("réseau de l'opérateur", "operator's network"),
        Cause::Transit => ("transit international", "international transit"),
        Cause::CaptivePortal => ("portail captif", "captive portal"),
        Cause::DnsLine => ("DNS de la ligne", "DNS of the line"),
        Cause::DnsOther => ("DNS (autre)", "DNS (other)"),
        Cause::Destination => ("destination", "destination"),
        Cause::Collector => ("collecteur", "collector"),
        Cause::Undetermined => ("indéterminée", "undetermined"),
    };
    language.pick(fr, en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_domain::cause::{Fact, ProbeCount, Verdict};

    #[test]
    fn an_outage_is_one_row_with_its_evidence_in_numbers() {
        let outage = SiteOutage {
            id: 7,
            site: "=1+1".to_owned(),
            start_unix_ms: 0,
            end_unix_ms: None,
            slot_seconds: 60,
            down_slots: 5,
            verdict: Verdict::new(
                Cause::LastMile,
                vec![Fact::FirstHopProbe(ProbeCount {
                    sent: 5,
                    received: 0,
                })],
            ),
            agent: None,
        };
        let row = OutageRow {
            group: 3,
            outage: &outage,
            site: None,
        };
        let mut bytes = Vec::new();
        write_csv([row].into_iter(), 90_500, Language::En, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let line = text.lines().nth(1).unwrap();
        assert_eq!(
            line,
            "7,3,'=1+1,,,,,,,1970-01-01T00:00:00Z,,yes,90,5,60,access line,last_mile,\
             first_hop_probe (received=0 sent=5),"
        );
        assert_eq!(
            line.split(',').count(),
            text.lines().next().unwrap().split(',').count()
        );
    }
}
