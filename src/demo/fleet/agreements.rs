//! What the fleet measures, and the invented agreements that judge it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use desserte_domain::exclusion::ExclusionKind;
use desserte_probe::report::Kind;
use desserte_probe::wire::schedule::{COLLECTOR_SERVER, Measure};

use super::super::DemoError;
use super::super::world::minute::{self, Target};
use super::super::world::site::{Contract, Site};
use super::super::world::{DAY, MINUTE_MS};
use super::AUTHOR;
use super::state::State;
use crate::registry::{
    Anchor, Decision, ExclusionChange, NewExclusion, Registry, RegistryError, SiteTarget,
    TargetDefinition,
};

/// Identifier and kind of a target.
pub(super) fn name_of(target: Target) -> (&'static str, Kind) {
    match target {
        Target::National => ("simule-national", Kind::Icmp),
        Target::International => ("simule-etranger", Kind::Icmp),
        Target::OtherAbroad => ("simule-etranger-2", Kind::Icmp),
        Target::Portal => ("simule-portail", Kind::Http),
        Target::Rate => ("simule-debit", Kind::Throughput),
    }
}

/// Time zone of the invented agreements.
const ZONE: &str = "Africa/Brazzaville";
/// Pings of a target in a slot.
const PACKETS: u16 = 5;

/// An invented agreement.
struct Terms {
    contract: Contract,
    id: &'static str,
    title: &'static str,
    contractor: &'static str,
    promise_percent: &'static str,
    /// Tables and keys beyond the common ones.
    test: &'static str,
    machine: &'static str,
    more: &'static str,
}

const LINE: &str = "targets = [\"simule-national\", \"simule-etranger\"]\nrule = \"any\"\nloss_threshold = \"0.20\"";
const SERVICE: &str = "targets = [\"simule-national\", \"simule-etranger\", \"simule-portail\"]\n\
     rule = \"all\"\nloss_threshold = \"0.20\"";
/// School hours, and four fifths of the speed that is paid for.
const SCHOOL_TERMS: &str = "[[service_hours.windows]]\ndays = [0, 1, 2, 3, 4, 5]\n\
     from = \"07:00\"\nto = \"18:00\"\n\
     [objective.throughput]\nstatistic = { percentile = \"0.5\" }\n\
     download_bits_per_second = 10000000\nupload_bits_per_second = 2000000\n\
     at_least_share = \"0.80\"\n";

/// Promises from one that is kept easily to one that is not.
const AGREEMENTS: [Terms; 6] = [
    Terms {
        contract: Contract::StateA,
        id: "simule-administrations",
        title: "Administrations par fibre et faisceau (simulé)",
        contractor: "Opérateur fictif A",
        promise_percent: "98.5",
        test: LINE,
        machine: "n_enter = 5\nn_exit = 5\nmissing = \"exclude\"",
        more: "",
    },
    Terms {
        contract: Contract::HealthA,
        id: "simule-sante-a",
        title: "Hôpitaux et centres de santé, lot A (simulé)",
        contractor: "Opérateur fictif A",
        promise_percent: "99.0",
        test: SERVICE,
        machine: "n_enter = 3\nn_exit = 3\nmissing = \"as_down\"",
        more: "",
    },
    Terms {
        contract: Contract::HealthC,
        id: "simule-sante-c",
        title: "Hôpitaux et centres de santé, lot C (simulé)",
        contractor: "Opérateur fictif C",
        promise_percent: "96.0",
        test: SERVICE,
        machine: "n_enter = 3\nn_exit = 3\nmissing = \"as_down\"",
        more: "",
    },
    Terms {
        contract: Contract::JusticeB,
        id: "simule-justice",
        title: "Tribunaux et police (simulé)",
        contractor: "Opérateur fictif B",
        promise_percent: "99.9",
        test: SERVICE,
        machine: "n_enter = 3\nn_exit = 3\nmissing = \"as_down\"",
        more: "",
    },
    Terms {
        contract: Contract::SchoolsB,
        id: "simule-ecoles",
        title: "Écoles, heures de cours (simulé)",
        contractor: "Opérateur fictif B",
        promise_percent: "97.0",
        test: LINE,
        machine: "n_enter = 5\nn_exit = 5\nmissing = \"exclude\"",
        more: SCHOOL_TERMS,
    },
    Terms {
        contract: Contract::SatelliteC,
        id: "simule-satellite",
        title: "Sites éloignés par satellite (simulé)",
        contractor: "Opérateur fictif C",
        promise_percent: "95.0",
        test: LINE,
        machine: "n_enter = 5\nn_exit = 5\nmissing = \"hold\"",
        more: "",
    },
];

/// Enters targets, what each site measures, and the agreements; what is there stays as it is.
pub(super) fn enter(
    registry: &Registry,
    sites: &[Site],
    state: &State,
    now_unix_ms: i64,
) -> Result<(), DemoError> {
    if !state.is_new() {
        return Ok(());
    }
    let decision = Decision {
        author: AUTHOR,
        at_unix_ms: now_unix_ms,
        reason: "simulated fleet",
    };
    enter_targets(registry, AUTHOR, now_unix_ms)?;
    for site in sites {
        let measured: Vec<SiteTarget> = minute::targets(site)
            .iter()
            .map(|target| SiteTarget {
                target: name_of(*target).0.to_owned(),
                slot_seconds: minute::slot_seconds(*target),
            })
            .collect();
        registry.set_site_targets(&site.id, &measured, decision)?;
    }
    let mut covered: BTreeMap<Contract, Vec<&str>> = BTreeMap::new();
    for site in sites {
        covered.entry(site.contract).or_default().push(&site.id);
    }
    let begun = first_day(state.first_minute().min(works_minute(state)));
    for terms in &AGREEMENTS {
        if let Some(ids) = covered.get(&terms.contract) {
            registry.put_agreement(&text(terms, ids, begun), decision)?;
            works(registry, terms, ids, state, decision)?;
        }
    }
    Ok(())
}

/// Enters what every site of the fleet measures.
pub fn enter_targets(
    registry: &Registry,
    author: &str,
    at_unix_ms: i64,
) -> Result<(), RegistryError> {
    let decision = Decision {
        author,
        at_unix_ms,
        reason: "simulated fleet",
    };
    for target in targets() {
        registry.put_target(&target, decision)?;
    }
    Ok(())
}

fn targets() -> [TargetDefinition; 5] {
    // Addresses for documentation (RFC 5737, RFC 2606): nobody measures them.
    let ping = |host: &str| Measure::Icmp {
        host: host.to_owned(),
        packets: PACKETS,
        payload_bytes: 16,
        timeout_ms: 2_000,
    };
    let page = Measure::Http {
        url: "https://portail.example/".to_owned(),
        status_from: 200,
        status_to: 399,
        timeout_ms: 10_000,
        body_bytes_max: 65_536,
    };
    let rate = Measure::Throughput {
        server: COLLECTOR_SERVER.to_owned(),
        download: true,
        upload: true,
        seconds_max: 10,
        bytes_max: minute::RATE_BYTES_MAX,
    };
    [
        (
            Target::National,
            "Point d’échange national (simulé)",
            ping("192.0.2.1"),
        ),
        (
            Target::International,
            "Ancre à l’étranger (simulée)",
            ping("198.51.100.1"),
        ),
        (
            Target::OtherAbroad,
            "Autre ancre à l’étranger (simulée)",
            ping("203.0.113.1"),
        ),
        (Target::Portal, "Portail national (simulé)", page),
        (Target::Rate, "Débit vers le collecteur (simulé)", rate),
    ]
    .map(|(target, name, measure)| TargetDefinition {
        id: name_of(target).0.to_owned(),
        name: Some(name.to_owned()),
        measure,
        anchor: match target {
            Target::National => Some(Anchor::National),
            Target::International | Target::OtherAbroad => Some(Anchor::International),
            Target::Portal | Target::Rate => None,
        },
    })
}

/// The day on which the played-back past begins, in the agreements' zone: they hold from then on,
/// because nobody was promised anything before.
fn first_day(first_minute: i64) -> jiff::civil::Date {
    let zone = jiff::tz::TimeZone::get(ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    let begun = jiff::Timestamp::from_millisecond(first_minute * MINUTE_MS).unwrap_or_default();
    begun.to_zoned(zone).date()
}

fn text(terms: &Terms, sites: &[&str], valid_from: jiff::civil::Date) -> String {
    let mut text = String::new();
    let Terms {
        id,
        title,
        contractor,
        promise_percent,
        test,
        machine,
        more,
        ..
    } = terms;
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "id = \"{id}\"\nversion = 1\ntitle = \"{title}\"\nvalid_from = \"{valid_from}\"\n\
         time_zone = \"{ZONE}\"\nsites = {sites:?}\n\
         [parties]\ncustomer = \"Ministère (inventé)\"\ncontractor = \"{contractor}\"\n\
         [test]\n{test}\npackets_per_slot = {PACKETS}\nminimum_sent = 3\nslot_seconds = 60\n\
         [machine]\n{machine}\n[exclusions]\nclasses = [\"maintenance\", \"force_majeure\"]\n\
         {more}[objective]\navailability_percent = \"{promise_percent}\"\n\
         minimum_measured_share = \"0.80\"\n"
    );
    text
}

/// When the planned works begin: four days before the first start, however short the past is.
fn works_minute(state: &State) -> i64 {
    state.first_start_minute() - 4 * DAY
}

/// Planned works of two hours at the first site.
fn works(
    registry: &Registry,
    terms: &Terms,
    sites: &[&str],
    state: &State,
    decision: Decision<'_>,
) -> Result<(), DemoError> {
    let (Contract::StateA | Contract::HealthA, Some(site)) = (terms.contract, sites.first()) else {
        return Ok(());
    };
    let from = works_minute(state) * MINUTE_MS;
    let exclusion = NewExclusion {
        agreement: terms.id.to_owned(),
        site: Some((*site).to_owned()),
        from_unix_ms: from,
        to_unix_ms: from + 120 * MINUTE_MS,
        class: "maintenance".to_owned(),
        kind: ExclusionKind::PlannedWorks,
        requested_by: "Chef de projet (simulé)".to_owned(),
    };
    // Whoever reads the demonstration reads this sentence, in whichever language: French comes first.
    let asked = Decision {
        reason: "remplacement d’un faisceau hertzien (simulé) / a radio link is replaced (simulated)",
        ..decision
    };
    let number = registry.add_exclusion(&exclusion, asked)?;
    registry.change_exclusion(
        (terms.id, number),
        ExclusionChange::Approve,
        "Directrice des réseaux (simulée)",
        decision,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::AgreementDocument;

    #[test]
    fn every_agreement_can_be_used() {
        // The last minute of a year in Greenwich is in the next one in the agreements' zone.
        let begun = first_day(
            jiff::civil::date(2026, 12, 31)
                .at(23, 59, 0, 0)
                .to_zoned(jiff::tz::TimeZone::UTC)
                .unwrap()
                .timestamp()
                .as_millisecond()
                / MINUTE_MS,
        );
        for terms in &AGREEMENTS {
            let read = AgreementDocument::parse(&text(terms, &["a", "b"], begun)).unwrap();
            assert_eq!(read.agreement.sites, ["a", "b"], "{}", terms.id);
            assert_eq!(read.agreement.valid_from, jiff::civil::date(2027, 1, 1));
        }
    }
}
