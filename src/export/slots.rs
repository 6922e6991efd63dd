//! A month's slots, one row a slot: what a person needs to recompute the figures with a spreadsheet.
//!
//! Up ÷ (up + down) of the column *counted as* is the availability. The columns before it let the
//! rest be checked: the state of a slot from what was sent and received, the machine's state from
//! the states, what is left out by which exclusion. Every row names agreement, version and site, so
//! that rows of several files may lie under one another.

use std::io::Write;

use desserte_domain::account::Count;
use desserte_domain::cause::Cause;
use desserte_domain::machine::Availability;
use desserte_domain::slot::SlotState;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::sheet::{self, Cell};
use super::{ExportError, Language};
use crate::assess::months::{MonthSlot, MonthSlots};

/// Of what the slots are.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    /// The site.
    pub site: &'s str,
    /// The agreement.
    pub agreement: &'s str,
    /// Its version.
    pub version: u32,
    /// `yyyy-mm`.
    pub month: &'s str,
    /// Whether the site is invented.
    pub invented: bool,
    /// Whether a demonstration made its measurements up.
    pub simulated: bool,
}

const WHAT: &str = "the month's slots";

/// Writes the slots as CSV.
pub fn write_csv(
    slots: &MonthSlots,
    subject: Subject<'_>,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let zone = zone(slots);
    let rows = slots.rows.iter().map(|slot| {
        vec![
            Cell::Text(subject.agreement.to_owned()),
            Cell::Integer(u64::from(subject.version)),
            Cell::Text(subject.site.to_owned()),
            Cell::Text(yes(subject.invented, language).to_owned()),
            Cell::Text(local(slot, &zone)),
            Cell::Text(utc(slot)),
            Cell::Integer(u64::from(slots.period.slot_seconds)),
            Cell::Integer(slot.sent),
            Cell::Integer(slot.received),
            Cell::Text(state(slot.state, language).to_owned()),
            Cell::Text(machine(slot.availability, language).to_owned()),
            Cell::Text(count(slot.count, language).to_owned()),
            Cell::text(excluded_by(slot, language)),
            Cell::text(slot.stopped_by.clone()),
            Cell::text(slot.cause.map(|one| cause(one, language))),
            Cell::Text(yes(subject.simulated, language).to_owned()),
        ]
    });
    sheet::write(WHAT, language, &header(language), rows, out)
}

/// Writes the slots as JSON, one slot a line; its words are identifiers in every language.
pub fn write_json(
    slots: &MonthSlots,
    subject: Subject<'_>,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write { what: WHAT, source };
    let zone = zone(slots);
    let head = json!({
        "agreement": subject.agreement,
        "agreement_version": subject.version,
        "site": subject.site,
        "invented": subject.invented,
        "simulated": subject.simulated,
        "month": subject.month,
        "time_zone": slots.period.time_zone,
        "slot_seconds": slots.period.slot_seconds,
    });
    let head = head.to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    write!(out, "{head},\"slots\":[").map_err(failed)?;
    for (number, slot) in slots.rows.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let row = json!({
            "start_local": local(slot, &zone),
            "start_utc": utc(slot),
            "sent": slot.sent,
            "received": slot.received,
            "state": state(slot.state, Language::En),
            "machine_state": machine(slot.availability, Language::En),
            "counted_as": slot.count.identifier(),
            "excluded_by": excluded_by(slot, Language::En),
            "stop_clock": slot.stopped_by,
            "cause": slot.cause.map(Cause::identifier),
        });
        write!(out, "{comma}\n{row}").map_err(failed)?;
    }
    out.write_all(b"\n]}\n").map_err(failed)?;
    out.flush().map_err(failed)
}

fn header(language: Language) -> Vec<String> {
    let names = language.pick(
        [
            "engagement",
            "version",
            "site",
            "site inventé",
            "début (heure locale)",
            "début (UTC)",
            "durée (s)",
            "envoyés",
            "reçus",
            "état du créneau",
            "état de l’automate",
            "compté comme",
            "exclu par",
            "horloge arrêtée par",
            "cause",
            "mesures simulées",
        ],
        [
            "agreement",
            "version",
            "site",
            "invented site",
            "start (local time)",
            "start (UTC)",
            "length (s)",
            "sent",
            "received",
            "state of the slot",
            "state of the machine",
            "counted as",
            "excluded by",
            "clock stopped by",
            "cause",
            "simulated measurements",
        ],
    );
    names.map(str::to_owned).to_vec()
}

fn zone(slots: &MonthSlots) -> TimeZone {
    desserte_domain::period::time_zone(&slots.period.time_zone).unwrap_or(TimeZone::UTC)
}

fn moment(slot: &MonthSlot) -> Timestamp {
    Timestamp::from_millisecond(slot.start_unix_ms).unwrap_or_default()
}

/// `2026-06-01T00:00:00+01:00`, and no name of a zone behind it: spreadsheets read it.
fn local(slot: &MonthSlot, zone: &TimeZone) -> String {
    let at = moment(slot);
    let offset = zone.to_offset(at);
    at.display_with_offset(offset).to_string()
}

fn utc(slot: &MonthSlot) -> String {
    moment(slot).to_string()
}

fn yes(yes: bool, language: Language) -> &'static str {
    if yes {
        language.pick("oui", "yes")
    } else {
        language.pick("non", "no")
    }
}

fn state(state: SlotState, language: Language) -> &'static str {
    match state {
        SlotState::Good => language.pick("bon", "good"),
        SlotState::Bad => language.pick("mauvais", "bad"),
        SlotState::Unknown => language.pick("inconnu", "unknown"),
    }
}

fn machine(availability: Availability, language: Language) -> &'static str {
    match availability {
        Availability::Available => language.pick("disponible", "available"),
        Availability::Unavailable => language.pick("indisponible", "unavailable"),
    }
}

fn count(count: Count, language: Language) -> &'static str {
    match count {
        Count::Up => language.pick("disponible", "up"),
        Count::Down => language.pick("indisponible", "down"),
        Count::Unknown => language.pick("inconnu", "unknown"),
        Count::Excluded => language.pick("exclu", "excluded"),
    }
}

fn excluded_by(slot: &MonthSlot, language: Language) -> Option<String> {
    if slot.outside_service_hours {
        let text = language.pick("hors heures de service", "outside_service_hours");
        return Some(text.to_owned());
    }
    slot.excluded_by.clone()
}

fn cause(cause: Cause, language: Language) -> &'static str {
    let fr = match cause {
        Cause::Power => "coupure de courant",
        Cause::RestartedUnproven => "redémarrage, cause non prouvée",
        Cause::PlannedStop => "arrêt prévu",
        Cause::Agent => "agent de mesure",
        Cause::HostSuspended => "machine en veille",
        Cause::Lan => "réseau local",
        Cause::LastMile => "ligne d’accès",
        Cause::Upstream => "réseau de l’opérateur",
        Cause::Transit => "transit international",
        Cause::CaptivePortal => "portail captif",
        Cause::DnsLine => "DNS de la ligne",
        Cause::DnsOther => "DNS (autre)",
        Cause::Destination => "destination",
        Cause::Collector => "collecteur",
        Cause::Undetermined => "indéterminée",
    };
    language.pick(fr, cause.identifier())
}
