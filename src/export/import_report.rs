//! What became of an imported file, for a person at a terminal and for a spreadsheet.

use std::collections::BTreeMap;
use std::io::Write;

use super::sheet::{self, Cell};
use super::{ExportError, Language};
use crate::import::MAX_PRINTED_PER_REASON;
use crate::import::report::{Refusals, Totals, WarningRows};

/// Writes what a try found as text: totals, warnings, every refusal that is listed, and the rows of
/// those that are not.
pub fn write_text(
    report: &Totals<'_>,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write {
        what: "the import report",
        source,
    };
    let (file, read, accepted) = (report.file, report.rows_read, report.accepted);
    let (left_out, refused) = (report.left_out, report.refused.count);
    let total = match language {
        Language::Fr => format!(
            "{file} : lignes lues {read}, acceptées {accepted}, laissées de côté {left_out}, \
             refusées {refused}"
        ),
        Language::En => format!(
            "{file}: rows read {read}, accepted {accepted}, left out {left_out}, refused {refused}"
        ),
    };
    writeln!(out, "{total}").map_err(failed)?;
    write_warnings(report.warnings, language, out)?;
    write_refusals(report.refused, language, out)
}

/// Writes warnings as text, one a line.
pub fn write_warnings(
    warnings: &[WarningRows],
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    for warning in warnings {
        let text = language.pick(warning.text_fr, warning.text_en);
        let rows = match warning.count {
            0 => String::new(),
            count => format!(" [{count}] {}", warning.rows),
        };
        writeln!(out, "! {text}{rows}").map_err(|source| ExportError::Write {
            what: "the import report",
            source,
        })?;
    }
    Ok(())
}

/// Writes refusals as text: one line each, then for each reason with unlisted rows all its rows.
pub fn write_refusals(
    refused: &Refusals,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write {
        what: "the import report",
        source,
    };
    let mut printed: BTreeMap<&str, usize> = BTreeMap::new();
    for refusal in &refused.listed {
        let count = printed.entry(refusal.reason_code).or_default();
        *count += 1;
        if *count > MAX_PRINTED_PER_REASON {
            continue;
        }
        let row = language.pick("ligne", "row");
        let reason = language.pick(&refusal.reason_fr, &refusal.reason_en);
        let value = refusal
            .value
            .as_ref()
            .map(|value| format!(" « {value} »"))
            .unwrap_or_default();
        let colon = language.pick(" :", ":");
        writeln!(
            out,
            "{row} {}, {}{value}{colon} {reason} [{}]",
            refusal.row, refusal.field, refusal.reason_code
        )
        .map_err(failed)?;
    }
    if printed
        .values()
        .all(|count| *count <= MAX_PRINTED_PER_REASON)
    {
        return Ok(());
    }
    let more = language.pick("lignes refusées, toutes", "refused rows, all of them");
    for (code, rows) in &refused.rows_by_reason {
        writeln!(out, "{more} [{code}] ({}): {rows}", rows.count()).map_err(failed)?;
    }
    Ok(())
}

/// Writes the listed refusals as CSV: file, row, field, value, code, reason.
pub fn write_csv(
    refused: &Refusals,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let header = language
        .pick(
            ["fichier", "ligne", "champ", "valeur", "code", "raison"],
            ["file", "row", "field", "value", "code", "reason"],
        )
        .map(str::to_owned);
    let rows = refused.listed.iter().map(|refusal| {
        vec![
            Cell::Text(refusal.file.clone()),
            Cell::Integer(refusal.row as u64),
            Cell::Text(refusal.field.clone()),
            Cell::text(refusal.value.clone()),
            Cell::Text(refusal.reason_code.to_owned()),
            Cell::Text(
                language
                    .pick(&refusal.reason_fr, &refusal.reason_en)
                    .clone(),
            ),
        ]
    });
    sheet::write("the refusals as CSV", language, &header, rows, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::mapping::Mapping;
    use crate::import::report::ImportReport;
    use crate::import::sites::{Options, import_sites};

    fn report(rows: usize) -> ImportReport {
        let mapping = Mapping::from_text("id=id,kind:=school,latitude=lat,longitude=lon").unwrap();
        let options = Options {
            mapping: Some(&mapping),
            ..Options::default()
        };
        let text = format!("id,lat,lon\n=1,x,15\n{}", "2,-4,15\n".repeat(rows));
        import_sites("s.csv", text.as_bytes(), &options).unwrap()
    }

    fn text(report: &ImportReport, language: Language) -> String {
        let mut out = Vec::new();
        write_text(&report.totals(), language, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_refused_row_is_named_in_both_languages() {
        let report = report(2);
        let fr = text(&report, Language::Fr);
        assert!(
            fr.starts_with("s.csv : lignes lues 3, acceptées 1, laissées de côté 0, refusées 2"),
            "{fr}"
        );
        assert!(
            fr.contains(
                "ligne 2, lat « x » : ce n'est pas un nombre de degrés [coordinate_invalid]"
            ),
            "{fr}"
        );
        let en = text(&report, Language::En);
        assert!(
            en.contains("row 4, id « 2 »: row 3 has the same identifier [id_repeated]"),
            "{en}"
        );
        assert!(
            en.contains("! sites without a name: kept without one [1] 3"),
            "{en}"
        );
    }

    #[test]
    fn what_is_not_listed_is_given_as_ranges() {
        let en = text(&report(1_001), Language::En);
        assert!(
            en.contains("refused rows, all of them [id_repeated] (1000): 4-1003"),
            "{en}"
        );
        assert!(en.lines().count() < 250);
    }

    #[test]
    fn refusals_go_into_a_spreadsheet() {
        let mut out = Vec::new();
        write_csv(&report(1).refused, Language::En, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "file,row,field,value,code,reason\r\n\
             s.csv,2,lat,x,coordinate_invalid,this is no number of degrees\r\n"
        );
    }
}
