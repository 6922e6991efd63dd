//! The lists of a workbook: outages, days, quality, credits, exclusions.

use super::super::Shown;
use super::super::words::{cause, statistic, word};
use super::{PERCENT_DECIMALS, money, named, number};
use crate::export::Language;
use crate::export::sheet::Cell;
use crate::export::workbook::Sheet;
use crate::statement::model::MoneyMonth;

pub(super) fn outages(shown: &Shown<'_>, language: Language) -> Sheet {
    let mut rows = Vec::new();
    for site in &shown.document.sites {
        for one in &site.outages {
            rows.push(vec![
                Cell::Text(site.site.clone()),
                Cell::Text(one.start.clone()),
                Cell::Text(one.end.clone()),
                Cell::Integer(one.down_slots),
                Cell::Integer(one.stopped_slots),
                Cell::Text(cause(language, one.cause.as_deref())),
                Cell::Text(word(language, &one.liability)),
            ]);
        }
    }
    Sheet {
        name: language.pick("Coupures", "Outages").to_owned(),
        header: named(
            language,
            &[
                ("identifiant", "site"),
                ("début (UTC)", "start (UTC)"),
                ("fin (UTC)", "end (UTC)"),
                ("créneaux en panne", "slots down"),
                ("créneaux arrêtés", "slots stopped"),
                ("cause", "cause"),
                ("responsabilité", "liability"),
            ],
        ),
        rows,
    }
}

pub(super) fn days(shown: &Shown<'_>, language: Language) -> Sheet {
    let mut rows = Vec::new();
    for site in &shown.document.sites {
        for day in &site.days {
            rows.push(vec![
                Cell::Text(site.site.clone()),
                Cell::Text(day.date.clone()),
                Cell::Integer(day.up_slots),
                Cell::Integer(day.down_slots),
                Cell::Integer(day.unknown_slots),
                Cell::Integer(day.excluded_slots),
                number(day.availability_percent.as_deref(), PERCENT_DECIMALS),
            ]);
        }
    }
    Sheet {
        name: language.pick("Jours", "Days").to_owned(),
        header: named(
            language,
            &[
                ("identifiant", "site"),
                ("jour", "day"),
                ("en service", "up"),
                ("en panne", "down"),
                ("sans mesure", "unknown"),
                ("exclus", "excluded"),
                ("disponibilité (%)", "availability (%)"),
            ],
        ),
        rows,
    }
}

pub(super) fn quality(shown: &Shown<'_>, language: Language) -> Sheet {
    let mut rows = Vec::new();
    for site in &shown.document.sites {
        for one in &site.quality {
            let direction = one.direction.as_ref();
            rows.push(vec![
                Cell::Text(site.site.clone()),
                Cell::Text(word(language, &one.objective)),
                Cell::text(direction.map(|way| word(language, way))),
                Cell::Text(statistic(language, &one.statistic)),
                number(Some(&one.limit), PERCENT_DECIMALS),
                number(one.value.as_deref(), PERCENT_DECIMALS),
                number(one.spreadsheet_value.as_deref(), PERCENT_DECIMALS),
                Cell::Text(word(language, &one.unit)),
                Cell::Integer(one.samples),
                Cell::Text(word(language, &one.verdict)),
            ]);
        }
    }
    Sheet {
        name: language.pick("Qualité", "Quality").to_owned(),
        header: named(
            language,
            &[
                ("identifiant", "site"),
                ("engagement", "promise"),
                ("sens", "direction"),
                ("mesure retenue", "statistic"),
                ("limite", "limit"),
                ("constaté", "found"),
                ("selon un tableur", "by a spreadsheet"),
                ("unité", "unit"),
                ("valeurs", "values"),
                ("verdict", "verdict"),
            ],
        ),
        rows,
    }
}

pub(super) fn credits(shown: &Shown<'_>, language: Language) -> Sheet {
    let document = shown.document;
    let of_sites = document.sites.iter();
    let all = language.pick("tous", "all");
    let together = document.total.money.as_ref();
    let together = together.and_then(|money| money.together.as_ref());
    let settled = of_sites
        .filter_map(|site| Some((site.site.as_str(), site.money.as_ref()?)))
        .chain(together.map(|money| (all, money)));
    Sheet {
        name: language.pick("Pénalités", "Credits").to_owned(),
        header: named(
            language,
            &[
                ("identifiant", "site"),
                ("décisions en attente", "open decisions"),
                ("règle", "rule"),
                ("palier (%)", "tier (%)"),
                ("nombre", "number"),
                ("pourcentage", "percentage"),
                ("montant", "amount"),
                ("monnaie", "currency"),
            ],
        ),
        rows: settled
            .flat_map(|(site, money)| credit_rows(site, money, language))
            .collect(),
    }
}

fn credit_rows(site: &str, fees: &MoneyMonth, language: Language) -> Vec<Vec<Cell>> {
    let sides = [
        (
            language.pick("à charge", "charged"),
            fees.if_charged.as_ref(),
        ),
        (
            language.pick("hors charge", "not charged"),
            fees.if_not_charged.as_ref(),
        ),
    ];
    let mut rows = Vec::new();
    for (side, credits) in sides {
        let Some(credits) = credits else { continue };
        for step in &credits.steps {
            let share = step.quantity.denominator.max(1).to_string().parse::<f64>();
            let times = step.quantity.numerator.to_string().parse::<f64>();
            let number_of = times
                .ok()
                .zip(share.ok())
                .map(|(times, share)| times / share);
            rows.push(vec![
                Cell::Text(site.to_owned()),
                Cell::Text(side.to_owned()),
                Cell::Text(word(language, &step.rule)),
                number(step.tier_from_percent.as_deref(), PERCENT_DECIMALS),
                number_of.map_or(Cell::Empty, |number| Cell::Number(number, 2)),
                number(Some(&step.credit_percent), PERCENT_DECIMALS),
                money(Some(step.amount_minor), fees.decimals),
                Cell::Text(fees.currency.clone()),
            ]);
        }
        rows.push(vec![
            Cell::Text(site.to_owned()),
            Cell::Text(side.to_owned()),
            Cell::Text(
                language
                    .pick("total, après plafond", "total, after the cap")
                    .to_owned(),
            ),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            money(Some(credits.credit_minor), fees.decimals),
            Cell::Text(fees.currency.clone()),
        ]);
    }
    rows
}

pub(super) fn exclusions(shown: &Shown<'_>, language: Language) -> Sheet {
    Sheet {
        name: language.pick("Exclusions", "Exclusions").to_owned(),
        header: named(
            language,
            &[
                ("numéro", "number"),
                ("site", "site"),
                ("début (UTC)", "start (UTC)"),
                ("fin (UTC)", "end (UTC)"),
                ("classe", "class"),
                ("nature", "kind"),
                ("motif", "reason"),
                ("demandée par", "requested by"),
                ("approuvée par", "approved by"),
                ("état", "state"),
            ],
        ),
        rows: shown
            .document
            .exclusions
            .iter()
            .map(|one| {
                vec![
                    Cell::Integer(one.id.unsigned_abs()),
                    Cell::text(one.site.clone()),
                    Cell::Text(one.from.clone()),
                    Cell::Text(one.to.clone()),
                    Cell::Text(one.class.clone()),
                    Cell::Text(word(language, &one.kind)),
                    Cell::Text(one.reason.clone()),
                    Cell::Text(one.requested_by.clone()),
                    Cell::text(one.approved_by.clone()),
                    Cell::Text(word(language, &one.state)),
                ]
            })
            .collect(),
    }
}
