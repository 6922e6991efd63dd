//! Figures, calendar, evidence, method and signatures.

use std::fmt::Write as _;

use super::super::Shown;
use super::super::words::{amount, decimal, grouped, word};
use super::escaped;
use crate::export::Language;
use crate::statement::model::{Day, SiteMonth};

/// Sites whose calendars are shown one by one; more are shown as one calendar of all.
const CALENDARS_MAX: usize = 12;

/// Shades of a day, from good to bad: the share above which it applies, and its colour. Each has its
/// percentage written in it, so that nothing rests on the hue.
const SHADES: [(f64, &str); 5] = [
    (100.0, "#d9efe1"),
    (99.0, "#eaf3c9"),
    (95.0, "#fbe7b0"),
    (80.0, "#f6c49a"),
    (0.0, "#eda3a3"),
];
const UNKNOWN: &str = "#e3e7eb";

pub(super) fn figures(shown: &Shown<'_>, language: Language) -> String {
    let total = &shown.document.total;
    let percent = |text: Option<&str>| {
        text.map_or_else(
            || "–".to_owned(),
            |text| format!("{} %", decimal(language, text)),
        )
    };
    let ratio = |one: &Option<crate::statement::model::Ratio>| {
        percent(one.as_ref().map(|one| one.percent.as_str()))
    };
    let minutes = |text: &Option<String>| {
        text.as_ref().map_or_else(
            || "–".to_owned(),
            |text| format!("{} min", decimal(language, text)),
        )
    };
    let together = match total.aggregation.as_str() {
        "pooled" => &total.pooled,
        "mean" => &total.mean,
        _ => &total.worst,
    };
    let mut facts = vec![
        (
            language.pick("Disponibilité mesurée", "Availability measured"),
            format!(
                "{} ({})",
                ratio(together),
                word(language, &total.aggregation)
            ),
        ),
        (
            language.pick("Couverture", "Coverage"),
            ratio(&total.coverage),
        ),
        (
            language.pick("Coupures", "Outages"),
            grouped(language, total.outage_count),
        ),
        (
            language.pick("Rétablissement moyen", "Mean time to repair"),
            minutes(&total.mttr_minutes),
        ),
        (
            language.pick("Entre deux pannes", "Between failures"),
            minutes(&total.mtbf_minutes),
        ),
        (
            language.pick(
                "Créneaux à charge / à décider",
                "Slots charged / to be decided",
            ),
            format!(
                "{} / {}",
                grouped(language, total.promise.charged_slots),
                grouped(language, total.promise.needs_decision_slots)
            ),
        ),
    ];
    facts.extend(money_facts(shown, language));
    let rows = super::pairs(&facts);
    let heading = language.pick("L’essentiel", "At a glance");
    format!("<h2>{heading}</h2>\n<dl class=\"figures\">\n{rows}</dl>\n")
}

/// The fee and what is taken off it.
fn money_facts(shown: &Shown<'_>, language: Language) -> Vec<(&'static str, String)> {
    let Some(money) = &shown.document.total.money else {
        return Vec::new();
    };
    let as_text = |minor| amount(language, minor, (&money.currency, money.decimals));
    let (most, least) = (
        money.credit_if_charged_minor,
        money.credit_if_not_charged_minor,
    );
    let credit = if most == least {
        as_text(most)
    } else {
        format!("{} – {}", as_text(least), as_text(most))
    };
    let mut facts = vec![
        (
            language.pick("Redevance de la période", "Fee of the period"),
            as_text(money.fee_period_minor),
        ),
        (language.pick("Pénalités", "Credits"), credit),
    ];
    if money.not_billable > 0 {
        facts.push((
            language.pick("Non facturables", "Not billable"),
            grouped(language, money.not_billable),
        ));
    }
    facts
}

pub(super) fn calendar(shown: &Shown<'_>, language: Language) -> String {
    let document = shown.document;
    let heading = language.pick("Calendrier", "Calendar");
    let mut text = format!("<h2>{heading}</h2>\n<div class=\"months\">\n");
    if document.sites.len() > CALENDARS_MAX {
        let all = language.pick("Tous les sites", "All sites");
        text.push_str(&month(all, &document.total.days, language));
    } else {
        for site in &document.sites {
            text.push_str(&month(&shown.name(&site.site), &site.days, language));
        }
    }
    text.push_str("</div>\n");
    text.push_str(&legend(language));
    text
}

fn legend(language: Language) -> String {
    let words = [
        language.pick("100 %", "100 %"),
        language.pick("à partir de 99 %", "from 99 %"),
        language.pick("à partir de 95 %", "from 95 %"),
        language.pick("à partir de 80 %", "from 80 %"),
        language.pick("moins de 80 %", "below 80 %"),
        language.pick(
            "rien de mesuré ou hors horaires",
            "nothing measured, or outside hours",
        ),
    ];
    let colours = SHADES.iter().map(|(_, colour)| *colour).chain([UNKNOWN]);
    let mut items = String::new();
    for (colour, word) in colours.zip(words) {
        // Writing to a string cannot fail.
        let _ = write!(
            items,
            "<li><svg viewBox=\"0 0 4 4\" aria-hidden=\"true\"><rect width=\"4\" height=\"4\" \
             fill=\"{colour}\"/></svg>{word}</li>"
        );
    }
    format!("<ul class=\"legend\">{items}</ul>\n")
}

fn colour(percent: Option<&str>) -> &'static str {
    let Some(percent) = percent.and_then(|text| text.parse::<f64>().ok()) else {
        return UNKNOWN;
    };
    let reached = SHADES.iter().find(|(from, _)| percent >= *from);
    reached.map_or(UNKNOWN, |(_, colour)| *colour)
}

/// A month of weeks, Monday first.
fn month(name: &str, days: &[Day], language: Language) -> String {
    const WIDTH: i32 = 30;
    const HEIGHT: i32 = 22;
    let weekdays = language.pick(
        ["lu", "ma", "me", "je", "ve", "sa", "di"],
        ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"],
    );
    let mut cells = String::new();
    for (place, weekday) in (0..).zip(weekdays) {
        let x = place * WIDTH + WIDTH / 2;
        let _ = write!(
            cells,
            "<text x=\"{x}\" y=\"8\" font-size=\"7\" text-anchor=\"middle\" fill=\"#475663\">{weekday}</text>"
        );
    }
    let mut rows = 1;
    let mut first = None;
    for day in days {
        let Ok(date) = day.date.parse::<jiff::civil::Date>() else {
            continue;
        };
        let column = i32::from(date.weekday().to_monday_zero_offset());
        let offset = *first.get_or_insert(i32::from(date.day()) - column);
        let row = (i32::from(date.day()) - offset) / 7;
        rows = rows.max(row + 1);
        let (x, y) = (column * WIDTH, 11 + row * HEIGHT);
        let percent = day.availability_percent.as_deref();
        let fill = colour(percent);
        let written = percent.map_or_else(
            || "–".to_owned(),
            |text| {
                decimal(
                    language,
                    text.get(..text.len().saturating_sub(4)).unwrap_or(text),
                )
            },
        );
        let _ = write!(
            cells,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"2\" fill=\"{fill}\"/>\
             <text x=\"{}\" y=\"{}\" font-size=\"6\" fill=\"#475663\">{}</text>\
             <text x=\"{}\" y=\"{}\" font-size=\"7\" text-anchor=\"middle\" fill=\"#16202b\">{written}</text>",
            WIDTH - 2,
            HEIGHT - 2,
            x + 2,
            y + 7,
            date.day(),
            x + WIDTH / 2 - 1,
            y + 16,
        );
    }
    let (width, height) = (WIDTH * 7, 12 + rows * HEIGHT);
    let label = escaped(name);
    format!(
        "<div class=\"month\"><h3>{label}</h3><svg viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{label}\">{cells}</svg></div>\n"
    )
}

pub(super) fn evidence(shown: &Shown<'_>, language: Language) -> String {
    let heading = language.pick(
        "Ce que valent ces mesures",
        "What these measurements are worth",
    );
    let intro = language.pick(
        "Un mois est un échantillon du comportement d’une ligne. L’intervalle est celui de Wilson à 95 %, calculé sur les créneaux indépendants équivalents ; il éclaire le lecteur et ne décide de rien.",
        "A month is a sample of how a line behaves. The interval is Wilson’s at 95 %, by the equivalent number of independent slots; it informs the reader and decides nothing.",
    );
    let header = [
        language.pick("Site", "Site"),
        language.pick("Créneaux mesurés", "Slots measured"),
        language.pick("Équivalents indépendants", "Independent equivalents"),
        language.pick("Intervalle (%)", "Interval (%)"),
        language.pick(
            "Créneaux pour prouver l’engagement",
            "Slots that would prove the promise",
        ),
        language.pick("Suffisant", "Enough"),
    ];
    let rows: String = shown
        .document
        .sites
        .iter()
        .map(|site| evidence_row(shown, site, language))
        .collect();
    format!(
        "<h2>{heading}</h2>\n<p>{intro}</p>\n{}",
        super::tables::table(&header, &rows)
    )
}

fn evidence_row(shown: &Shown<'_>, site: &SiteMonth, language: Language) -> String {
    let note = &site.evidence;
    let dash = || "–".to_owned();
    let shown_decimal = |text: &Option<String>| {
        text.as_ref()
            .map_or_else(dash, |text| decimal(language, text))
    };
    let interval = match (&note.interval_low_percent, &note.interval_high_percent) {
        (Some(low), Some(high)) => {
            format!("{} – {}", decimal(language, low), decimal(language, high))
        }
        _ => dash(),
    };
    let enough = match note.enough {
        Some(true) => language.pick("oui", "yes"),
        Some(false) => language.pick("non", "no"),
        None => "–",
    };
    super::tables::row(&[
        shown.name(&site.site),
        grouped(language, note.samples),
        shown_decimal(&note.effective_samples),
        interval,
        note.samples_needed
            .map_or_else(dash, |needed| grouped(language, needed)),
        enough.to_owned(),
    ])
}

pub(super) fn method(shown: &Shown<'_>, language: Language) -> String {
    let method = &shown.document.method;
    let heading = language.pick("Méthode", "Method");
    let share = decimal(language, &method.loss_threshold);
    let first = match language {
        Language::Fr => format!(
            "Modèle {} : créneaux de {} s, {} paquets par créneau et par cible ({}), au moins {} envoyés ; un créneau est mauvais quand la part perdue dépasse {share}. Une coupure commence au premier de {} créneaux mauvais et finit au premier de {} bons.",
            method.model,
            method.slot_seconds,
            method.packets_per_slot,
            method.targets.join(", "),
            method.minimum_sent,
            method.n_enter,
            method.n_exit
        ),
        Language::En => format!(
            "Model {}: slots of {} s, {} packets a slot and target ({}), at least {} sent; a slot is bad when the share lost is above {share}. An outage begins at the first of {} bad slots and ends at the first of {} good ones.",
            method.model,
            method.slot_seconds,
            method.packets_per_slot,
            method.targets.join(", "),
            method.minimum_sent,
            method.n_enter,
            method.n_exit
        ),
    };
    let second = match language {
        Language::Fr => format!(
            "Une coupure de {} s au plus échappe à ce modèle ; à partir de {} s elle est vue à coup sûr. Les chiffres se comparent en entiers exacts et ne sont arrondis que pour être montrés. Les centiles sont du rang le plus proche, sur le temps disponible.",
            method.unseen_up_to_seconds, method.seen_from_seconds
        ),
        Language::En => format!(
            "An outage of at most {} s escapes this model; from {} s on it is always seen. Figures are compared as exact integers and rounded only to be shown. Percentiles are the nearest rank, over available time.",
            method.unseen_up_to_seconds, method.seen_from_seconds
        ),
    };
    let made = match language {
        Language::Fr => format!(
            "Calculé le {} par Desserte {}.",
            shown.made_at, shown.program
        ),
        Language::En => format!(
            "Computed at {} by Desserte {}.",
            shown.made_at, shown.program
        ),
    };
    format!(
        "<h2>{heading}</h2>\n<p>{}</p>\n<p>{}</p>\n<p class=\"soft\">{}</p>\n",
        escaped(&first),
        escaped(&second),
        escaped(&made)
    )
}

pub(super) fn signatures(shown: &Shown<'_>, language: Language) -> String {
    let heading = language.pick("Signatures", "Signatures");
    let line = language.pick("Nom, date, signature", "Name, date, signature");
    let mut boxes = String::new();
    for party in [&shown.document.customer, &shown.document.contractor] {
        let party = escaped(party);
        let _ = writeln!(
            boxes,
            "<div><b>{party}</b><p class=\"soft\">{line}</p></div>"
        );
    }
    format!("<h2>{heading}</h2>\n<section class=\"signatures\">\n{boxes}</section>\n")
}
