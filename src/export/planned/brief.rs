//! A plan on paper: one HTML page for A4, with everything in it (no script, no picture, no font from
//! elsewhere), to be printed or kept.

mod map;

use std::io::Write;

use desserte_planning::layer::{LayerUse, Layers};
use desserte_planning::programme::PhaseReport;

use super::{Planned, PlannedSite};
use crate::export::{ExportError, Language};
use crate::import::site::SiteKind;
use map::colour;

/// Sites listed: what a page or two can hold. The rest is counted, and stands in the tables.
const SITES_LISTED: usize = 60;
const STYLE: &str = "@page{size:A4;margin:14mm}body{font:10pt/1.35 system-ui,sans-serif;color:#111;\
max-width:182mm;margin:0 auto;padding:4mm}h1{font-size:16pt;margin:0 0 2mm}h2{font-size:12pt;\
margin:6mm 0 2mm;break-after:avoid}table{border-collapse:collapse;width:100%;font-size:8.5pt}\
th,td{text-align:left;padding:1mm 1.5mm;border-bottom:.2mm solid #bbb;vertical-align:top}\
th{border-bottom:.4mm solid #333}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
tr{break-inside:avoid}thead{display:table-header-group}.note{color:#444}.warn{border:.4mm solid #943126;\
padding:2mm 3mm;margin:3mm 0}svg{width:100%;height:auto;break-inside:avoid}ul{margin:1mm 0;\
padding-left:5mm}.k{display:inline-block;width:3mm;height:3mm;border-radius:50%;margin-right:1mm}";

/// Writes the brief. `layers` draws the country on its map; `day` is when it was made, `yyyy-mm-dd`.
pub fn write(
    planned: &Planned<'_>,
    layers: &Layers,
    (day, language): (&str, Language),
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let page = Page {
        planned,
        layers,
        language,
    };
    out.write_all(page.html(day).as_bytes())
        .map_err(|source| ExportError::Write {
            what: "the brief",
            source,
        })
}

struct Page<'p> {
    planned: &'p Planned<'p>,
    layers: &'p Layers,
    language: Language,
}

/// A text as HTML says it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

impl Page<'_> {
    fn pick(&self, fr: &'static str, en: &'static str) -> &'static str {
        self.language.pick(fr, en)
    }

    fn html(&self, day: &str) -> String {
        let language = self.pick("fr", "en");
        let title = escaped(self.planned.title);
        let head = self.pick("Plan de raccordement", "Connection plan");
        let parts = [
            self.warnings(),
            self.phases(),
            self.map(),
            self.sites(),
            self.limits(),
            self.sources(),
        ];
        format!(
            "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
             <title>{title}</title><style>{STYLE}</style></head><body>\
             <h1>{head} – {title}</h1><p class=\"note\">{day} · {}</p>{}</body></html>\n",
            self.count(
                self.planned.sites.len() as u64,
                ("site", "sites"),
                ("site", "sites")
            ),
            parts.concat()
        )
    }

    /// A whole number as people write it, and what it counts.
    fn count(&self, number: u64, fr: (&str, &str), en: (&str, &str)) -> String {
        let (one, many) = self.language.pick(fr, en);
        // French says "0 site", English "0 sites".
        let single = number == 1 || (number == 0 && self.language == Language::Fr);
        format!(
            "{} {}",
            self.number(number),
            if single { one } else { many }
        )
    }

    fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let separator = self.language.pick("\u{202f}", ",");
        let mut text = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push_str(separator);
            }
            text.push(digit);
        }
        text
    }

    /// An amount of minor units in its currency.
    fn money(&self, minor: u64) -> String {
        let currency = self.planned.currency.unwrap_or_default();
        let (divisor, decimals) = match minor_digits(currency) {
            0 => (1, 0),
            3 => (1_000, 3),
            _ => (100, 2),
        };
        let whole = self.number(minor / divisor);
        let rest = minor % divisor;
        let sign = self.language.pick(',', '.');
        let fraction = if rest == 0 {
            String::new()
        } else {
            format!("{sign}{rest:0decimals$}")
        };
        format!("{whole}{fraction} {}", escaped(currency))
    }

    fn warnings(&self) -> String {
        let simulated = self.planned.sites.iter().any(|site| site.simulated);
        let invented = self.planned.sites.iter().any(|site| site.invented);
        let mut texts = Vec::new();
        if invented {
            texts.push(self.pick(
                "Sites inventés : une démonstration, aucune décision ne peut s'appuyer dessus.",
                "Invented sites: a demonstration, no decision can rest on it.",
            ));
        }
        if simulated {
            texts.push(self.pick("Mesures simulées.", "Simulated measurements."));
        }
        if texts.is_empty() {
            return String::new();
        }
        format!("<p class=\"warn\">{}</p>", texts.join(" "))
    }

    fn phases(&self) -> String {
        if self.planned.phases.is_empty() {
            let text = self.pick(
                "Classement par besoin ; sans coûts, ni phases ni technologies.",
                "Ranked by need; without costs there are neither phases nor technologies.",
            );
            return format!("<p>{text}</p>");
        }
        let heads = [
            ("Phase", "Phase", ""),
            ("Investissement", "Capex", "n"),
            ("Cumul", "Total", "n"),
            ("Coût annuel", "Cost of a year", "n"),
            ("Sites", "Sites", "n"),
            ("Fibre", "Fibre", "n"),
            ("Écart à l'optimum, au plus", "From the best, at most", "n"),
        ];
        let rows = self.planned.phases.iter().enumerate();
        let rows: String = rows
            .map(|(place, phase)| self.phase(place, phase))
            .collect();
        let title = self.pick("Phases", "Phases");
        format!(
            "<h2>{title}</h2>{}{rows}</tbody></table>",
            self.head(&heads)
        )
    }

    fn head(&self, heads: &[(&'static str, &'static str, &str)]) -> String {
        let cells: String = heads
            .iter()
            .map(|(fr, en, class)| format!("<th class=\"{class}\">{}</th>", self.pick(fr, en)))
            .collect();
        format!("<table><thead><tr>{cells}</tr></thead><tbody>")
    }

    fn phase(&self, place: usize, phase: &PhaseReport) -> String {
        let technologies = phase.by_technology.iter().map(|(technology, sites)| {
            let name = self.pick(technology.name_fr(), technology.name_en());
            format!("{name} {}", self.number(*sites as u64))
        });
        let technologies = technologies.collect::<Vec<_>>().join(", ");
        let percent = format!("{:.1} %", phase.gap * 100.0);
        let percent = self.language.pick(percent.replace('.', ","), percent);
        format!(
            "<tr><td><span class=\"k\" style=\"background:{}\"></span>{}<br><span class=\"note\">\
             {technologies}</span></td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{} km</td>\
             <td class=\"n\">{percent}</td></tr>",
            colour(Some(place + 1)),
            escaped(&phase.name),
            self.money(phase.capex_minor),
            self.money(phase.total_capex_minor),
            self.money(phase.yearly_minor),
            self.number(phase.sites as u64),
            self.number(phase.route_metres.div_ceil(1_000)),
        )
    }

    fn sites(&self) -> String {
        let heads = [
            ("Rang", "Rank", "n"),
            ("Site", "Site", ""),
            ("Type", "Kind", ""),
            ("Région", "Region", ""),
            ("Action", "Action", ""),
            ("Phase", "Phase", "n"),
            ("Investissement", "Capex", "n"),
            ("Fibre à", "Fibre at", "n"),
        ];
        let listed = self.planned.sites.iter().take(SITES_LISTED);
        let rows: String = listed.map(|site| self.site(site)).collect();
        let rest = self.planned.sites.len().saturating_sub(SITES_LISTED) as u64;
        let more = if rest > 0 {
            let counted = self.count(
                rest,
                ("autre site", "autres sites"),
                ("more site", "more sites"),
            );
            let place = self.pick("dans le classeur du plan", "in the plan's workbook");
            format!("<p class=\"note\">{counted} {place}.</p>")
        } else {
            String::new()
        };
        let title = self.pick("Sites par besoin", "Sites by need");
        format!(
            "<h2>{title}</h2>{}{rows}</tbody></table>{more}",
            self.head(&heads)
        )
    }

    fn site(&self, site: &PlannedSite<'_>) -> String {
        let kind = SiteKind::from_code(site.kind).map_or_else(
            || escaped(site.kind),
            |kind| self.pick(kind.name_fr(), kind.name_en()).to_owned(),
        );
        let plan = site.plan;
        let action = plan.map_or("", |plan| {
            self.pick(plan.action.name_fr(), plan.action.name_en())
        });
        let technology = plan.and_then(|plan| plan.technology);
        let technology = technology.map_or_else(String::new, |technology| {
            format!(
                "<br>{}",
                self.pick(technology.name_fr(), technology.name_en())
            )
        });
        let phase = plan.and_then(|plan| plan.phase);
        let phase = phase.map_or_else(String::new, |phase| phase.to_string());
        let capex = plan.and_then(|plan| u64::try_from(plan.capex_minor?).ok());
        let capex = capex.map_or_else(String::new, |minor| self.money(minor));
        let unknown = self.pick("inconnu", "unknown");
        let fibre = site.fibre_metres.map_or_else(
            || unknown.to_owned(),
            |metres| {
                let text = format!("{:.1} km", metres / 1_000.0);
                self.language.pick(text.replace('.', ","), text)
            },
        );
        format!(
            "<tr><td class=\"n\">{}</td><td>{}</td><td>{kind}</td><td>{}</td><td>{action}{technology}\
             </td><td class=\"n\">{phase}</td><td class=\"n\">{capex}</td><td class=\"n\">{fibre}</td></tr>",
            self.number(site.rank),
            escaped(site.name.unwrap_or(site.id)),
            escaped(site.region.unwrap_or_default()),
        )
    }

    fn limits(&self) -> String {
        let absent = |layer: &&LayerUse| layer.provenance.is_none();
        let names = self.planned.layers.iter().filter(absent);
        let names = names.map(|layer| self.pick(layer.kind.name_fr(), layer.kind.name_en()));
        let names = names.collect::<Vec<_>>().join(", ");
        let mut items: Vec<String> = Vec::new();
        if !names.is_empty() {
            let said = self.pick(
                "Couches absentes, rien n'est deviné",
                "Layers absent, nothing is guessed",
            );
            let colon = self.pick(" :", ":");
            items.push(format!("{said}{colon} {names}"));
        }
        let limits = self.planned.limits.iter();
        items.extend(limits.map(|(fr, en)| escaped(self.language.pick(fr, en))));
        if items.is_empty() {
            return String::new();
        }
        let title = self.pick("Ce que le plan ne sait pas", "What the plan does not know");
        let items: String = items
            .iter()
            .map(|item| format!("<li>{item}</li>"))
            .collect();
        format!("<h2>{title}</h2><ul>{items}</ul>")
    }

    fn sources(&self) -> String {
        let rows: String = self
            .planned
            .layers
            .iter()
            .filter_map(|layer| {
                let told = layer.provenance.as_ref()?;
                let kind = self.pick(layer.kind.name_fr(), layer.kind.name_en());
                Some(format!(
                    "<tr><td>{kind}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                    escaped(&told.layer),
                    escaped(&told.source),
                    escaped(&told.date),
                    escaped(&told.uncertainty)
                ))
            })
            .collect();
        if rows.is_empty() {
            return String::new();
        }
        let heads = [
            ("Type", "Kind", ""),
            ("Couche", "Layer", ""),
            ("Source", "Source", ""),
            ("Date", "Date", ""),
            ("Incertitude", "Uncertainty", ""),
        ];
        let title = self.pick("Sources", "Sources");
        format!(
            "<h2>{title}</h2>{}{rows}</tbody></table>",
            self.head(&heads)
        )
    }
}

/// Decimals of a currency's minor unit (ISO 4217).
fn minor_digits(currency: &str) -> u32 {
    match currency {
        "XAF" | "XOF" | "XPF" | "GNF" | "DJF" | "KMF" | "RWF" | "BIF" | "UGX" | "JPY" | "KRW"
        | "VND" | "CLP" | "PYG" | "ISK" | "VUV" => 0,
        "TND" | "LYD" | "BHD" | "IQD" | "JOD" | "KWD" | "OMR" => 3,
        _ => 2,
    }
}
