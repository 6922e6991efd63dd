//! A statement as one page without any request: printed it is a clean A4 report, by which two parties
//! can sign.

mod parts;
mod tables;

use std::fmt::Write as _;
use std::io::Write;

use super::Shown;
use super::words::{decimal, word};
use crate::export::{ExportError, Language};

const STYLE: &str = include_str!("html/statement.css");

/// Writes the page.
pub fn write_html(
    shown: &Shown<'_>,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let page = page(shown, language);
    out.write_all(page.as_bytes())
        .map_err(|source| ExportError::Write {
            what: "the statement as HTML",
            source,
        })
}

/// Text as it may stand in a page, also within quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Names with their values, for a `dl`.
fn pairs(facts: &[(&str, String)]) -> String {
    let mut rows = String::new();
    for (name, value) in facts {
        // Writing to a string cannot fail.
        let _ = writeln!(
            rows,
            "<div><dt>{name}</dt><dd>{}</dd></div>",
            escaped(value)
        );
    }
    rows
}

fn page(shown: &Shown<'_>, language: Language) -> String {
    let document = shown.document;
    let code = language.pick("fr", "en");
    let kind = language.pick("Relevé mensuel", "Monthly statement");
    let title = format!("{kind} {} · {}", document.month, document.title);
    let mut body = head(shown, language, kind);
    body.push_str(&parts::figures(shown, language));
    body.push_str(&parts::calendar(shown, language));
    body.push_str(&tables::sites(shown, language));
    body.push_str(&tables::outages(shown, language));
    body.push_str(&tables::quality(shown, language));
    body.push_str(&tables::credits(shown, language));
    body.push_str(&tables::exclusions(shown, language));
    body.push_str(&parts::evidence(shown, language));
    body.push_str(&parts::method(shown, language));
    body.push_str(&parts::signatures(shown, language));
    format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         </body>\n</html>\n",
        escaped(&title)
    )
}

fn head(shown: &Shown<'_>, language: Language, kind: &str) -> String {
    let document = shown.document;
    let state = if document.is_final {
        language.pick("définitif", "final")
    } else {
        language.pick("provisoire", "provisional")
    };
    let verdict = &document.total.promise.verdict;
    let promised = document.total.target_availability_percent.as_deref();
    let facts = [
        (
            language.pick("Client", "Customer"),
            document.customer.clone(),
        ),
        (
            language.pick("Prestataire", "Contractor"),
            document.contractor.clone(),
        ),
        (
            language.pick("Engagement", "Agreement"),
            format!("{}, version {}", document.agreement, document.version),
        ),
        (
            language.pick("Période", "Period"),
            format!(
                "{} → {} ({})",
                document.period_start.as_deref().unwrap_or("–"),
                document.period_end.as_deref().unwrap_or("–"),
                document.time_zone
            ),
        ),
        (
            language.pick("Révision", "Revision"),
            format!("{} ({state})", document.revision),
        ),
        (
            language.pick("Disponibilité promise", "Availability promised"),
            format!("{} %", decimal(language, promised.unwrap_or("–"))),
        ),
    ];
    let rows = pairs(&facts);
    let unreal = if shown.unreal {
        let notice = language.pick(
            "Sites inventés ou mesures simulées : aucun chiffre de ce relevé n’est réel.",
            "Invented sites or simulated measurements: no figure of this statement is real.",
        );
        format!("<p class=\"notice\">{notice}</p>\n")
    } else {
        String::new()
    };
    format!(
        "<header>\n<p class=\"kind\">{kind} · {}</p>\n<h1>{}</h1>\n\
         <p class=\"verdict {}\">{}</p>\n</header>\n{unreal}<dl class=\"facts\">\n{rows}</dl>\n",
        escaped(&document.month),
        escaped(&document.title),
        escaped(verdict),
        escaped(&word(language, verdict)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(
            escaped("<script>\"x\" & 'y'</script>"),
            "&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;"
        );
    }
}
