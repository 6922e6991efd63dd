//! The tables of a statement's page.

use std::fmt::Write as _;

use super::super::Shown;
use super::super::words::{amount, cause, decimal, grouped, statistic, word};
use super::escaped;
use crate::export::Language;
use crate::statement::model::{CreditItem, CreditMonth, MoneyMonth, Ratio, SiteMonth};

/// A table of these rows; columns after the first are numbers or short words.
pub(super) fn table(header: &[&str], rows: &str) -> String {
    let mut names = String::new();
    for name in header {
        // Writing to a string cannot fail.
        let _ = write!(names, "<th scope=\"col\">{}</th>", escaped(name));
    }
    format!("<table>\n<thead><tr>{names}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// One row.
pub(super) fn row(cells: &[String]) -> String {
    let mut row = "<tr>".to_owned();
    for cell in cells {
        let _ = write!(row, "<td>{}</td>", escaped(cell));
    }
    row.push_str("</tr>\n");
    row
}

fn percent(language: Language, ratio: Option<&Ratio>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| decimal(language, &ratio.percent))
}

/// A moment without the letters of the standard: `2026-06-10 17:30`.
fn moment(text: &str) -> String {
    text.replace('T', " ").trim_end_matches(":00Z").to_owned()
}

pub(super) fn sites(shown: &Shown<'_>, language: Language) -> String {
    let header = [
        "Site",
        language.pick("Disponibilité (%)", "Availability (%)"),
        language.pick("Couverture (%)", "Coverage (%)"),
        language.pick("Panne / exclus / sans mesure", "Down / excluded / unknown"),
        language.pick("Coupures", "Outages"),
        language.pick("RTT 50 / 95 / 99 % (ms)", "RTT 50 / 95 / 99 % (ms)"),
        language.pick("Perte (%)", "Loss (%)"),
        "Verdict",
    ];
    let rows: String = shown
        .document
        .sites
        .iter()
        .map(|site| site_row(shown, site, language))
        .collect();
    let heading = language.pick("Site par site", "Site by site");
    format!("<h2>{heading}</h2>\n{}", table(&header, &rows))
}

fn site_row(shown: &Shown<'_>, site: &SiteMonth, language: Language) -> String {
    let milliseconds =
        |us: u64| decimal(language, &format!("{}.{:01}", us / 1_000, us % 1_000 / 100));
    let latency = site.latency.as_ref().map_or_else(
        || "–".to_owned(),
        |one| {
            [one.rtt_us_p50, one.rtt_us_p95, one.rtt_us_p99]
                .map(milliseconds)
                .join(" / ")
        },
    );
    let loss = site.loss.as_ref().map(|one| &one.lost);
    row(&[
        shown.name(&site.site),
        percent(language, site.availability.as_ref()),
        percent(language, site.coverage.as_ref()),
        format!(
            "{} / {} / {}",
            grouped(language, site.down_slots),
            grouped(language, site.excluded_slots),
            grouped(language, site.unknown_slots)
        ),
        grouped(language, site.outage_count),
        latency,
        percent(language, loss),
        word(language, &site.promise.verdict),
    ])
}

pub(super) fn outages(shown: &Shown<'_>, language: Language) -> String {
    let header = [
        "Site",
        language.pick("Début (UTC)", "Start (UTC)"),
        language.pick("Fin (UTC)", "End (UTC)"),
        language.pick("Créneaux en panne", "Slots down"),
        "Cause",
        language.pick("Responsabilité", "Liability"),
        language.pick("Décompte (min)", "On the clock (min)"),
        language.pick("Rétablissement", "Restored"),
    ];
    let mut rows = String::new();
    for site in &shown.document.sites {
        // One incident an outage, and perhaps one before them that ended where the month began.
        let incidents = &site.repair.incidents;
        let before = incidents.len().saturating_sub(site.outages.len());
        for (one, incident) in site.outages.iter().zip(incidents.iter().skip(before)) {
            rows.push_str(&row(&[
                shown.name(&site.site),
                moment(&one.start),
                moment(&one.end),
                grouped(language, one.down_slots),
                cause(language, one.cause.as_deref()),
                word(language, &one.liability),
                decimal(language, short(&incident.clock_minutes)),
                word(language, &incident.verdict),
            ]));
        }
    }
    let heading = language.pick("Coupures", "Outages");
    if rows.is_empty() {
        let none = language.pick("Aucune coupure.", "No outage.");
        return format!("<h2>{heading}</h2>\n<p>{none}</p>\n");
    }
    format!("<h2>{heading}</h2>\n{}", table(&header, &rows))
}

/// Six decimals without noughts at the end.
fn short(text: &str) -> &str {
    text.trim_end_matches('0').trim_end_matches('.')
}

pub(super) fn quality(shown: &Shown<'_>, language: Language) -> String {
    let mut rows = String::new();
    for site in &shown.document.sites {
        for one in &site.quality {
            let direction = one.direction.as_ref();
            let promise = direction.map_or_else(
                || word(language, &one.objective),
                |way| {
                    format!(
                        "{} ({})",
                        word(language, &one.objective),
                        word(language, way)
                    )
                },
            );
            let with_unit = |text: &str| {
                let unit = word(language, &one.unit);
                format!("{} {unit}", decimal(language, text))
            };
            let found = one.value.as_deref();
            rows.push_str(&row(&[
                shown.name(&site.site),
                promise,
                statistic(language, &one.statistic),
                with_unit(&one.limit),
                found.map_or_else(|| "–".to_owned(), with_unit),
                grouped(language, one.samples),
                word(language, &one.verdict),
            ]));
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let header = [
        "Site",
        language.pick("Engagement", "Promise"),
        language.pick("Mesure retenue", "Statistic"),
        language.pick("Limite", "Limit"),
        language.pick("Constaté", "Found"),
        language.pick("Valeurs", "Values"),
        "Verdict",
    ];
    let heading = language.pick("Qualité du temps disponible", "Quality of available time");
    format!("<h2>{heading}</h2>\n{}", table(&header, &rows))
}

pub(super) fn credits(shown: &Shown<'_>, language: Language) -> String {
    let document = shown.document;
    let Some(total) = &document.total.money else {
        return String::new();
    };
    let mut text = String::new();
    if let Some(money) = &total.together {
        let all = language.pick("Tous les sites", "All sites");
        text.push_str(&credit(all, money, language));
    }
    for site in &document.sites {
        if let Some(money) = &site.money {
            text.push_str(&credit(&shown.name(&site.site), money, language));
        }
    }
    let heading = language.pick("Pénalités, pas à pas", "Credits, step by step");
    format!("<h2>{heading}</h2>\n{text}")
}

fn credit(name: &str, money: &MoneyMonth, language: Language) -> String {
    let as_text = |minor| amount(language, minor, (&money.currency, money.decimals));
    let fee = match language {
        Language::Fr => format!(
            "Redevance : {} × {}/{} = {}",
            as_text(money.fee_month_minor),
            money.fee_share.numerator,
            money.fee_share.denominator,
            as_text(money.fee_period_minor)
        ),
        Language::En => format!(
            "Fee: {} × {}/{} = {}",
            as_text(money.fee_month_minor),
            money.fee_share.numerator,
            money.fee_share.denominator,
            as_text(money.fee_period_minor)
        ),
    };
    let mut text = format!("<h3>{}</h3>\n<p>{}</p>\n", escaped(name), escaped(&fee));
    let (Some(charged), Some(not_charged)) = (&money.if_charged, &money.if_not_charged) else {
        let none = language.pick(
            "Non facturable : trop peu de créneaux ont été mesurés.",
            "Not billable: too few slots were measured.",
        );
        text.push_str("<p>");
        text.push_str(none);
        text.push_str("</p>\n");
        return text;
    };
    if charged == not_charged {
        text.push_str(&side("", charged, money, language));
    } else {
        let most = language.pick(
            "Si les décisions en attente sont à charge",
            "If open decisions are charged",
        );
        let least = language.pick("Sinon", "If not");
        text.push_str(&side(most, charged, money, language));
        text.push_str(&side(least, not_charged, money, language));
    }
    text
}

fn side(name: &str, credits: &CreditMonth, money: &MoneyMonth, language: Language) -> String {
    let as_text = |minor| amount(language, minor, (&money.currency, money.decimals));
    let mut rows: String = credits
        .steps
        .iter()
        .map(|step| {
            row(&[
                word(language, &step.rule),
                counted(step, language),
                format!("{} %", decimal(language, &step.credit_percent)),
                as_text(step.amount_minor),
            ])
        })
        .collect();
    let sums = [
        (language.pick("Somme", "Sum"), credits.sum_minor),
        (language.pick("Plafond", "Cap"), credits.cap_minor),
        (language.pick("Pénalité", "Credit"), credits.credit_minor),
        (language.pick("Reste dû", "Payable"), credits.payable_minor),
    ];
    for (name, minor) in sums {
        rows.push_str(&row(&[
            name.to_owned(),
            String::new(),
            String::new(),
            as_text(minor),
        ]));
    }
    let header = [
        language.pick("Règle", "Rule"),
        language.pick("Décompte", "Count"),
        language.pick("Part de la redevance", "Share of the fee"),
        language.pick("Montant", "Amount"),
    ];
    let caption = if name.is_empty() {
        String::new()
    } else {
        format!("<p class=\"soft\">{name}</p>\n")
    };
    format!("{caption}{}", table(&header, &rows))
}

/// What a step counted, in words.
fn counted(step: &CreditItem, language: Language) -> String {
    let quantity = if step.quantity.denominator == 1 {
        grouped(language, step.quantity.numerator)
    } else {
        format!("{}/{}", step.quantity.numerator, step.quantity.denominator)
    };
    if let Some(from) = &step.tier_from_percent {
        let from = decimal(language, from);
        return match language {
            Language::Fr => format!("palier à partir de {from} %"),
            Language::En => format!("tier from {from} %"),
        };
    }
    if let Some(slots) = step.slots {
        let slots = grouped(language, slots);
        return match language {
            Language::Fr => format!("{quantity} h ({slots} créneaux)"),
            Language::En => format!("{quantity} h ({slots} slots)"),
        };
    }
    match &step.objective {
        Some(objective) => format!("{} × {quantity}", word(language, objective)),
        None => format!("× {quantity}"),
    }
}

pub(super) fn exclusions(shown: &Shown<'_>, language: Language) -> String {
    let heading = language.pick("Exclusions", "Exclusions");
    if shown.document.exclusions.is_empty() {
        let none = language.pick("Aucune exclusion.", "No exclusion.");
        return format!("<h2>{heading}</h2>\n<p>{none}</p>\n");
    }
    let header = [
        language.pick("N°", "No."),
        "Site",
        language.pick("Début (UTC)", "Start (UTC)"),
        language.pick("Fin (UTC)", "End (UTC)"),
        language.pick("Classe", "Class"),
        language.pick("Motif", "Reason"),
        language.pick("Demandée / approuvée par", "Requested / approved by"),
        language.pick("État", "State"),
    ];
    let all = language.pick("tous", "all");
    let rows: String = shown
        .document
        .exclusions
        .iter()
        .map(|one| {
            let site = one.site.as_deref();
            row(&[
                one.id.to_string(),
                site.map_or_else(|| all.to_owned(), |site| shown.name(site)),
                moment(&one.from),
                moment(&one.to),
                format!("{} ({})", one.class, word(language, &one.kind)),
                one.reason.clone(),
                format!(
                    "{} / {}",
                    one.requested_by,
                    one.approved_by.as_deref().unwrap_or("–")
                ),
                word(language, &one.state),
            ])
        })
        .collect();
    format!("<h2>{heading}</h2>\n{}", table(&header, &rows))
}
