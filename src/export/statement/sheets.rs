//! A statement as a table of sites, and as a workbook.

mod lists;

use std::io::Write;

use super::Shown;
use super::words::word;
use crate::export::sheet::{self, Cell};
use crate::export::workbook::{self, Sheet};
use crate::export::{ExportError, Language};
use crate::statement::model::{CreditMonth, Ratio, SiteMonth};

/// Decimals of a percentage.
const PERCENT_DECIMALS: usize = 6;

/// One row a site.
pub fn write_csv(
    shown: &Shown<'_>,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let sites = sites(shown, language);
    let rows = sites.rows.into_iter();
    sheet::write("the statement as CSV", language, &sites.header, rows, out)
}

/// One sheet a subject: numbers are numbers, texts are never formulas.
pub fn write_xlsx(
    shown: &Shown<'_>,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let sheets = [
        summary(shown, language),
        sites(shown, language),
        lists::outages(shown, language),
        lists::days(shown, language),
        lists::quality(shown, language),
        lists::credits(shown, language),
        lists::exclusions(shown, language),
    ];
    workbook::write("the statement as XLSX", &sheets, out)
}

fn named(language: Language, columns: &[(&str, &str)]) -> Vec<String> {
    let columns = columns.iter();
    columns
        .map(|(fr, en)| language.pick(*fr, *en).to_owned())
        .collect()
}

/// A number written as text, as a number.
fn number(text: Option<&str>, decimals: usize) -> Cell {
    let parsed = text.and_then(|text| text.parse::<f64>().ok());
    parsed.map_or(Cell::Empty, |number| Cell::Number(number, decimals))
}

fn percent(ratio: Option<&Ratio>) -> Cell {
    number(ratio.map(|ratio| ratio.percent.as_str()), PERCENT_DECIMALS)
}

fn integer(number: Option<u64>) -> Cell {
    number.map_or(Cell::Empty, Cell::Integer)
}

fn yes_or_no(language: Language, yes: Option<bool>) -> Cell {
    Cell::text(yes.map(|yes| {
        if yes {
            language.pick("oui", "yes")
        } else {
            language.pick("non", "no")
        }
    }))
}

/// Minor units as a number of the currency.
fn money(minor: Option<u64>, decimals: u32) -> Cell {
    let text = minor.map(|minor| desserte_domain::money::amount_text(minor, decimals));
    let places = usize::try_from(decimals).unwrap_or(0);
    number(text.as_deref(), places)
}

/// An item of the first sheet in French and English, and its value.
type Item = ((&'static str, &'static str), Cell);

fn money_rows(shown: &Shown<'_>) -> Vec<Item> {
    let Some(fees) = &shown.document.total.money else {
        return Vec::new();
    };
    let amount = |minor| money(Some(minor), fees.decimals);
    vec![
        (("monnaie", "currency"), Cell::Text(fees.currency.clone())),
        (
            ("redevance de la période", "fee of the period"),
            amount(fees.fee_period_minor),
        ),
        (
            (
                "pénalités, si tout est à charge",
                "credits, if all is charged",
            ),
            amount(fees.credit_if_charged_minor),
        ),
        (
            ("pénalités, sinon", "credits, if not"),
            amount(fees.credit_if_not_charged_minor),
        ),
        (
            ("non facturables", "not billable"),
            Cell::Integer(fees.not_billable),
        ),
    ]
}

fn first_rows(shown: &Shown<'_>, language: Language) -> Vec<Item> {
    let document = shown.document;
    let total = &document.total;
    let text = |text: &str| Cell::Text(text.to_owned());
    vec![
        (("engagement", "agreement"), text(&document.agreement)),
        (("titre", "title"), text(&document.title)),
        (
            ("version", "version"),
            Cell::Integer(document.version.into()),
        ),
        (("client", "customer"), text(&document.customer)),
        (("prestataire", "contractor"), text(&document.contractor)),
        (("mois", "month"), text(&document.month)),
        (
            ("révision", "revision"),
            Cell::Integer(document.revision.into()),
        ),
        (
            ("définitif", "final"),
            yes_or_no(language, Some(document.is_final)),
        ),
        (("fuseau horaire", "time zone"), text(&document.time_zone)),
        (
            ("début (UTC)", "start (UTC)"),
            Cell::text(document.period_start.clone()),
        ),
        (
            ("fin (UTC)", "end (UTC)"),
            Cell::text(document.period_end.clone()),
        ),
        (
            ("disponibilité promise (%)", "availability promised (%)"),
            number(
                total.target_availability_percent.as_deref(),
                PERCENT_DECIMALS,
            ),
        ),
        (
            (
                "disponibilité, tous créneaux (%)",
                "availability, all slots (%)",
            ),
            percent(total.pooled.as_ref()),
        ),
        (
            (
                "disponibilité, site le plus bas (%)",
                "availability, lowest site (%)",
            ),
            percent(total.worst.as_ref()),
        ),
        (
            ("verdict", "verdict"),
            Cell::Text(word(language, &total.promise.verdict)),
        ),
        (("coupures", "outages"), Cell::Integer(total.outage_count)),
    ]
}

fn summary(shown: &Shown<'_>, language: Language) -> Sheet {
    let text = |text: &str| Cell::Text(text.to_owned());
    let mut rows = first_rows(shown, language);
    rows.extend(money_rows(shown));
    if shown.unreal {
        let notice = language.pick(
            "sites inventés ou mesures simulées : aucun chiffre n’est réel",
            "invented sites or simulated measurements: no figure is real",
        );
        rows.push((("attention", "notice"), text(notice)));
    }
    Sheet {
        name: language.pick("Relevé", "Statement").to_owned(),
        header: named(language, &[("rubrique", "item"), ("valeur", "value")]),
        rows: rows
            .into_iter()
            .map(|((fr, en), value)| vec![text(language.pick(fr, en)), value])
            .collect(),
    }
}

fn sites(shown: &Shown<'_>, language: Language) -> Sheet {
    let header = named(
        language,
        &[
            ("identifiant", "site"),
            ("nom", "name"),
            ("créneaux", "slots"),
            ("exclus", "excluded"),
            ("sans mesure", "unknown"),
            ("mesurés", "measured"),
            ("en panne", "down"),
            ("en service", "up"),
            ("disponibilité (%)", "availability (%)"),
            ("minimum (%)", "minimum (%)"),
            ("maximum (%)", "maximum (%)"),
            ("couverture (%)", "coverage (%)"),
            ("facturable", "billable"),
            ("coupures", "outages"),
            ("rétablissement moyen (min)", "mean time to repair (min)"),
            ("entre pannes (min)", "between failures (min)"),
            ("verdict", "verdict"),
            ("à charge", "charged"),
            ("hors charge", "not charged"),
            ("à décider", "to be decided"),
            ("RTT 50 % (µs)", "RTT 50 % (µs)"),
            ("RTT 95 % (µs)", "RTT 95 % (µs)"),
            ("RTT 99 % (µs)", "RTT 99 % (µs)"),
            ("perte (%)", "loss (%)"),
            ("rétablis dans le délai (%)", "restored in time (%)"),
            ("monnaie", "currency"),
            ("redevance", "fee"),
            ("pénalité, si à charge", "credit, if charged"),
            ("pénalité, sinon", "credit, if not"),
        ],
    );
    Sheet {
        name: "Sites".to_owned(),
        header,
        rows: shown
            .document
            .sites
            .iter()
            .map(|site| site_row(shown, site, language))
            .collect(),
    }
}

fn site_row(shown: &Shown<'_>, site: &SiteMonth, language: Language) -> Vec<Cell> {
    let interval = site.unknown_interval.as_ref();
    let latency = site.latency.as_ref();
    let fees = site.money.as_ref();
    let decimals = fees.map_or(0, |one| one.decimals);
    let credit = |side: Option<&CreditMonth>| money(side.map(|one| one.credit_minor), decimals);
    vec![
        Cell::Text(site.site.clone()),
        Cell::Text(shown.name(&site.site)),
        Cell::Integer(site.period_slots),
        Cell::Integer(site.excluded_slots),
        Cell::Integer(site.unknown_slots),
        Cell::Integer(site.measured_slots),
        Cell::Integer(site.down_slots),
        Cell::Integer(site.up_slots),
        percent(site.availability.as_ref()),
        number(
            interval.map(|one| one.minimum_percent.as_str()),
            PERCENT_DECIMALS,
        ),
        number(
            interval.map(|one| one.maximum_percent.as_str()),
            PERCENT_DECIMALS,
        ),
        percent(site.coverage.as_ref()),
        yes_or_no(language, site.billable),
        Cell::Integer(site.outage_count),
        number(site.mttr_minutes.as_deref(), PERCENT_DECIMALS),
        number(site.mtbf_minutes.as_deref(), PERCENT_DECIMALS),
        Cell::Text(word(language, &site.promise.verdict)),
        Cell::Integer(site.promise.charged_slots),
        Cell::Integer(site.promise.not_charged_slots),
        Cell::Integer(site.promise.needs_decision_slots),
        integer(latency.map(|one| one.rtt_us_p50)),
        integer(latency.map(|one| one.rtt_us_p95)),
        integer(latency.map(|one| one.rtt_us_p99)),
        percent(site.loss.as_ref().map(|one| &one.lost)),
        percent(site.repair.if_charged.in_time.as_ref()),
        Cell::text(fees.map(|one| one.currency.clone())),
        money(fees.map(|one| one.fee_period_minor), decimals),
        credit(fees.and_then(|one| one.if_charged.as_ref())),
        credit(fees.and_then(|one| one.if_not_charged.as_ref())),
    ]
}
