use std::io::Read as _;

use super::*;
use crate::export::Language;
use crate::statement::StatementDocument;
use crate::statement::tests::{TERMS, made_of, record};

const FORMULA: &str = "=HYPERLINK(\"http://192.0.2.1\")";

fn document() -> StatementDocument {
    let text = TERMS
        .replace("title = 'Lot'", "title = '=1+1 <b>Lot</b>'")
        .replace(
            "objective =",
            "liability = { undetermined = 'charged' }\nmoney = { currency = 'TND', monthly_fee = \
         '120.5', credits = [{ rule = 'per_hour_beyond_target', credit_percent = '5' }] }\n\
         objective =",
        );
    let mut records = [record(1, 2_000, 2_060)];
    records[0].reason = FORMULA.to_owned();
    made_of(&text, &records)
}

fn with<T>(document: &StatementDocument, of: impl FnOnce(&Shown<'_>) -> T) -> T {
    let names = BTreeMap::from([("one".to_owned(), "Lycée \"A\" & <i>B</i>".to_owned())]);
    of(&Shown {
        document,
        names: &names,
        unreal: true,
        made_at: "2026-07-01T00:00:00Z",
        program: "0",
    })
}

fn xlsx(language: Language) -> Vec<u8> {
    let mut bytes = Vec::new();
    with(&document(), |shown| write_xlsx(shown, language, &mut bytes)).unwrap();
    bytes
}

/// Every part of a workbook by its name.
fn parts(bytes: Vec<u8>) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|place| {
            let mut file = archive.by_index(place).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

#[test]
fn a_workbook_has_numbers_as_numbers_and_no_formula() {
    for language in [Language::Fr, Language::En] {
        let parts = parts(xlsx(language));
        let sheets: Vec<_> = parts
            .iter()
            .filter(|(name, _)| name.starts_with("xl/worksheets/sheet"))
            .collect();
        assert_eq!(sheets.len(), 7);
        for (name, text) in &sheets {
            assert!(!text.contains("<f>") && !text.contains("<f "), "{name}");
        }
        assert!(parts["xl/sharedStrings.xml"].contains("=HYPERLINK"));
        // The availability of the site that was down: 43,080 of 43,140 slots.
        let sites = &parts["xl/worksheets/sheet2.xml"];
        assert!(
            sites.contains("<v>43080</v>") && sites.contains("<v>99.860918</v>"),
            "{sites}"
        );
        // Its fee of 120.500 dinars; 17 slots beyond 43 are an hour begun, 5 % of it.
        assert!(
            sites.contains("<v>120.5</v>") && sites.contains("<v>6.025</v>"),
            "{sites}"
        );
    }
}

#[test]
fn another_program_reads_the_same_numbers() {
    let soffice = std::process::Command::new("soffice")
        .arg("--version")
        .output();
    if soffice.is_err() {
        println!("skipped: soffice is not installed; the workbook's XML is checked instead");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statement.xlsx");
    std::fs::write(&file, xlsx(Language::En)).unwrap();
    let profile = format!(
        "-env:UserInstallation=file://{}/profile",
        folder.path().display()
    );
    let converted = std::process::Command::new("soffice")
        .args([profile.as_str(), "--headless", "--convert-to"])
        .arg("csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2")
        .arg("--outdir")
        .args([folder.path(), file.as_path()])
        .output()
        .unwrap();
    assert!(converted.status.success(), "{converted:?}");
    let csv = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "csv"))
        .unwrap();
    let text = std::fs::read_to_string(csv).unwrap();
    assert!(
        text.contains("43080") && text.contains("99.860918"),
        "{text}"
    );
}

#[test]
fn a_table_has_one_row_a_site_in_the_language_of_the_reader() {
    let text = |language| {
        let mut bytes = Vec::new();
        with(&document(), |shown| write_csv(shown, language, &mut bytes)).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let french = text(Language::Fr);
    assert_eq!(french.lines().count(), 3);
    assert!(
        french.contains("99,860918") && french.contains("disponibilité"),
        "{french}"
    );
    let english = text(Language::En);
    assert!(
        english.contains("99.860918") && english.contains("availability"),
        "{english}"
    );
}

#[test]
fn a_page_escapes_what_people_wrote_and_asks_for_nothing() {
    for language in [Language::Fr, Language::En] {
        let mut bytes = Vec::new();
        with(&document(), |shown| write_html(shown, language, &mut bytes)).unwrap();
        let page = String::from_utf8(bytes).unwrap();
        assert!(page.contains("=1+1 &lt;b&gt;Lot&lt;/b&gt;"));
        assert!(page.contains("Lycée &quot;A&quot; &amp; &lt;i&gt;B&lt;/i&gt;"));
        assert!(page.contains("HYPERLINK(&quot;"));
        for asked in ["<script", " src=", " href=", "url("] {
            assert!(!page.contains(asked), "{asked}");
        }
        let open = page.matches("<table>").count();
        assert_eq!(open, page.matches("</table>").count());
        assert!(open >= 5);
        // A month of 30 days for each of two sites, one shade a day.
        assert_eq!(page.matches("rx=\"2\"").count(), 60);
        assert!(page.contains(language.pick("lang=\"fr\"", "lang=\"en\"")));
    }
}
