//! The ranked list as an Excel workbook: the list, and a second sheet with what it rests on.

use std::io::Write;

use desserte_planning::plan::Plan;
use desserte_planning::ranking::Prefer;

use super::super::sheet::Cell;
use super::super::workbook::{self, Sheet};
use super::super::{ExportError, Language};
use super::Context;

/// Writes the ranked list as XLSX.
pub fn write_xlsx(plan: &Plan, language: Language, out: &mut dyn Write) -> Result<(), ExportError> {
    let context = Context::new(plan, language);
    let list = Sheet {
        name: language.pick("Classement", "Ranking").to_owned(),
        header: context.header(),
        rows: context.rows(plan).collect(),
    };
    let mut sheets = vec![list, assumptions(plan, language)];
    let programme = plan.programme.as_ref();
    sheets.extend(programme.map(|one| super::super::programme::summary_sheet(one, language)));
    workbook::write("the plan as XLSX", &sheets, out)
}

/// Criteria with their weights, layers with their sources; absent layers are named.
fn assumptions(plan: &Plan, language: Language) -> Sheet {
    let pick = |fr: &'static str, en: &'static str| language.pick(fr, en).to_owned();
    let header = [
        ("quoi", "what"),
        ("nom", "name"),
        ("poids", "weight"),
        ("sens", "direction"),
        ("source", "source"),
        ("date", "date"),
        ("licence", "licence"),
        ("incertitude", "uncertainty"),
    ];
    let criteria = plan.scenario.ranking.criteria.iter();
    let criteria = criteria.map(|(criterion, weighting)| {
        let prefer = weighting.prefer.unwrap_or(criterion.default_preference());
        let direction = match prefer {
            Prefer::High => pick(
                "une grande valeur augmente le besoin",
                "higher is more need",
            ),
            Prefer::Low => pick("une petite valeur augmente le besoin", "lower is more need"),
        };
        let name = language.pick(criterion.name_fr(), criterion.name_en());
        vec![
            Cell::Text(pick("critère", "criterion")),
            Cell::Text(name.to_owned()),
            Cell::Integer(u64::from(weighting.weight)),
            Cell::Text(direction),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
        ]
    });
    let layers = plan.layers.iter().map(|layer| {
        let name = language.pick(layer.kind.name_fr(), layer.kind.name_en());
        let told = layer.provenance.as_ref();
        let of = |text: fn(&desserte_planning::layer::Provenance) -> &String| {
            Cell::text(told.map(|told| text(told).clone()))
        };
        vec![
            Cell::Text(pick("couche", "layer")),
            Cell::Text(name.to_owned()),
            Cell::Empty,
            Cell::text(told.is_none().then(|| pick("absente", "absent"))),
            of(|told| &told.source),
            of(|told| &told.date),
            of(|told| &told.licence),
            of(|told| &told.uncertainty),
        ]
    });
    Sheet {
        name: pick("Hypothèses", "Assumptions"),
        header: header.map(|(fr, en)| pick(fr, en)).to_vec(),
        rows: criteria.chain(layers).collect(),
    }
}
