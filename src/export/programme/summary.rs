//! What a programme comes to, for a spreadsheet: costs, phases, service points and limits, one figure a
//! row.

use desserte_planning::cost::CostParameters;
use desserte_planning::programme::{PhaseReport, Programme, Target};
use desserte_planning::service::ServicePlan;

use super::super::Language;
use super::super::sheet::Cell;
use super::super::workbook::Sheet;

/// A word in French and English.
type Word<'a> = (&'a str, &'a str);

/// Phases, totals and limits as a sheet of two columns.
pub(in crate::export) fn summary_sheet(programme: &Programme, language: Language) -> Sheet {
    let mut summary = Summary {
        language,
        rows: Vec::new(),
    };
    summary.costs(&programme.costs);
    summary.target(&programme.target);
    for (number, phase) in (1..).zip(&programme.phases) {
        summary.phase(number, phase);
    }
    for service in &programme.services {
        summary.service(service);
    }
    for limit in &programme.limits {
        let text = language.pick(limit.text_fr(), limit.text_en());
        summary.say(("limite", "limit"), Cell::Text(text));
    }
    let pick = |(fr, en): Word<'_>| language.pick(fr, en).to_owned();
    Sheet {
        name: pick(("Programme", "Programme")),
        header: vec![pick(("quoi", "what")), pick(("valeur", "value"))],
        rows: summary.rows,
    }
}

/// The rows so far.
struct Summary {
    language: Language,
    rows: Vec<Vec<Cell>>,
}

impl Summary {
    fn say(&mut self, (fr, en): Word<'_>, cell: Cell) {
        self.row(self.language.pick(fr, en).to_owned(), cell);
    }

    /// A figure of a phase or of a service.
    fn say_of(&mut self, whose: &str, (fr, en): Word<'_>, cell: Cell) {
        self.row(format!("{whose} – {}", self.language.pick(fr, en)), cell);
    }

    fn row(&mut self, what: String, cell: Cell) {
        self.rows.push(vec![Cell::Text(what), cell]);
    }

    fn costs(&mut self, costs: &CostParameters) {
        self.say(("coûts", "costs"), Cell::Text(costs.name.clone()));
        self.say(
            ("source des coûts", "source of the costs"),
            Cell::Text(costs.source.clone()),
        );
        self.say(("devise", "currency"), Cell::Text(costs.currency.clone()));
        self.say(("années", "years"), Cell::Integer(u64::from(costs.years)));
        self.say(
            (
                "taux d'actualisation (points de base)",
                "discount rate (basis points)",
            ),
            Cell::Integer(u64::from(costs.discount_rate_basis_points)),
        );
    }

    fn target(&mut self, target: &Target) {
        let whole = |minor: i64| u64::try_from(minor).map_or(Cell::Empty, Cell::Integer);
        self.say(
            ("sites à construire", "sites to build"),
            Cell::Integer(target.sites as u64),
        );
        self.say(
            ("tracés (m)", "routes (m)"),
            Cell::Integer(target.route_metres),
        );
        self.say(
            (
                "coût actualisé de l'ensemble",
                "net present value of everything",
            ),
            whole(target.net_present_minor),
        );
        self.say(
            ("aucun choix ne coûte moins de", "no choice costs less than"),
            whole(target.lower_bound_minor),
        );
    }

    fn phase(&mut self, number: usize, phase: &PhaseReport) {
        let whose = format!("phase {number} ({})", phase.name);
        for (what, figure) in [
            (("sites", "sites"), phase.sites as u64),
            (("investissement", "capex"), phase.capex_minor),
            (("plafond cumulé", "ceiling so far"), phase.ceiling_minor),
            (
                ("coût annuel de l'ensemble", "cost of a year of all"),
                phase.yearly_minor,
            ),
            (("tracés (m)", "routes (m)"), phase.route_metres),
        ] {
            self.say_of(&whose, what, Cell::Integer(figure));
        }
        self.say_of(
            &whose,
            ("écart maximal au mieux", "at most below the best"),
            Cell::Number(phase.gap, 4),
        );
        if phase.over_ceiling {
            let yes = self.language.pick("oui", "yes").to_owned();
            self.say_of(
                &whose,
                (
                    "les décisions dépassent le plafond",
                    "decisions exceed the ceiling",
                ),
                Cell::Text(yes),
            );
        }
        for (region, missing) in &phase.quotas_missed {
            let missed = self.language.pick("quota manqué", "quota missed");
            self.row(
                format!("{whose} – {missed} {region}"),
                Cell::Integer(*missing as u64),
            );
        }
    }

    fn service(&mut self, service: &ServicePlan) {
        for (what, figure) in [
            (("points", "points"), service.points.len() as u64),
            (
                ("habitants couverts", "people covered"),
                service.people_covered,
            ),
            (("habitants", "people"), service.people_total),
            (
                ("localités couvertes", "settlements covered"),
                service.settlements_covered,
            ),
            (("localités", "settlements"), service.settlements_total),
        ] {
            self.say_of(&service.wish.name, what, Cell::Integer(figure));
        }
    }
}
