//! The exports of a small synthetic plan, read back.

use desserte_planning::layer::{Layer, Layers, Line, Place, Provenance};
use desserte_planning::plan::{PlanSite, plan};
use desserte_planning::ranking::MeasuredAvailability;
use desserte_planning::scenario::Scenario;

use super::*;

fn at(latitude: f64, longitude: f64) -> Position {
    Position::new(latitude, longitude).unwrap()
}

/// Synthetic, for tests: one route, one place, no mast; three sites.
fn synthetic() -> Plan {
    let provenance = |layer: &str| Provenance {
        layer: layer.to_owned(),
        source: "synthetic".to_owned(),
        licence: "none".to_owned(),
        date: "2026-01-01".to_owned(),
        uncertainty: "invented".to_owned(),
        uncertainty_class: desserte_planning::layer::UncertaintyClass::Unknown,
    };
    let layers = Layers {
        fibre_lines: vec![Layer {
            provenance: provenance("Tracé d'essai"),
            features: vec![Line {
                name: None,
                positions: vec![at(-4.0, 14.0), at(-4.0, 16.0)],
            }],
        }],
        places: vec![Layer {
            provenance: provenance("Localités d'essai"),
            features: vec![Place {
                name: Some("Ville".to_owned()),
                position: at(-4.1, 15.0),
                population: Some(12_000),
            }],
        }],
        ..Layers::default()
    };
    let site = |id: &str, name: Option<&str>, position, down: Option<u64>| PlanSite {
        id: id.to_owned(),
        name: name.map(str::to_owned),
        kind: "hospital".to_owned(),
        position,
        region: Some("Pool".to_owned()),
        invented: id != "c",
        simulated: id == "a",
        availability: down.map(|down_slots| MeasuredAvailability {
            period: "2026-06".to_owned(),
            up_slots: 90,
            down_slots,
            unknown_slots: 5,
        }),
    };
    let sites = vec![
        site(
            "a",
            Some("=HYPERLINK(\"http://x\")"),
            Some(at(-4.1, 15.0)),
            Some(10),
        ),
        site(
            "b",
            Some("Hôpital; dit \"général\""),
            Some(at(-4.3, 15.0)),
            None,
        ),
        site("c", None, None, None),
    ];
    plan(sites, &layers, Scenario::default()).unwrap()
}

fn csv_rows(language: Language) -> (Vec<String>, Vec<Vec<String>>) {
    let mut bytes = Vec::new();
    write_csv(&synthetic(), language, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.starts_with('\u{FEFF}'), language == Language::Fr);
    let text = text.trim_start_matches('\u{FEFF}');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if language == Language::Fr { b';' } else { b',' })
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let rows = reader.records();
    (
        header,
        rows.map(|row| row.unwrap().iter().map(str::to_owned).collect())
            .collect(),
    )
}

fn cell<'r>(table: &'r (Vec<String>, Vec<Vec<String>>), row: usize, column: &str) -> &'r str {
    let number = table.0.iter().position(|name| name == column);
    let number = number.unwrap_or_else(|| panic!("no column {column} in {:?}", table.0));
    &table.1[row][number]
}

#[test]
fn a_workbook_holds_numbers_as_numbers_and_no_formula() {
    use calamine::{Data, Reader as _, Xlsx};
    let mut bytes = Vec::new();
    write_xlsx(&synthetic(), Language::Fr, &mut bytes).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["Classement", "Hypothèses"]);
    let list = book.worksheet_range("Classement").unwrap();
    let header: Vec<String> = list.headers().unwrap();
    let column = |name: &str| header.iter().position(|one| one == name).unwrap();
    let first = list.rows().nth(1).unwrap();
    assert_eq!(first[column("rang")], Data::Float(1.0));
    assert_eq!(first[column("latitude")], Data::Float(-4.1));
    let name = Data::String("=HYPERLINK(\"http://x\")".to_owned());
    assert_eq!(first[column("nom")], name);
    assert!(matches!(first[column("score")], Data::Float(score) if score > 0.0));
    let nowhere = list.rows().nth(3).unwrap();
    assert_eq!(nowhere[column("latitude")], Data::Empty);
    let formulas = book.worksheet_formula("Classement").unwrap();
    assert!(formulas.used_cells().next().is_none());
    let rests = book.worksheet_range("Hypothèses").unwrap();
    let absent = rests
        .rows()
        .filter(|row| row[3] == Data::String("absente".to_owned()));
    assert_eq!(absent.count(), 8);
}

#[test]
fn french_csv_opens_in_a_french_spreadsheet() {
    let table = csv_rows(Language::Fr);
    assert_eq!(cell(&table, 0, "rang"), "1");
    assert_eq!(cell(&table, 0, "nom"), "'=HYPERLINK(\"http://x\")");
    assert_eq!(cell(&table, 0, "latitude"), "-4,100000");
    assert_eq!(cell(&table, 0, "type"), "hôpital");
    assert_eq!(cell(&table, 0, "inventé"), "oui");
    assert_eq!(cell(&table, 0, "mesures simulées"), "oui");
    assert_eq!(cell(&table, 1, "nom"), "Hôpital; dit \"général\"");
    assert_eq!(
        cell(&table, 1, "indisponibilité mesurée – inconnu car"),
        "rien n'a été mesuré sur la période"
    );
    assert_eq!(cell(&table, 1, "indisponibilité mesurée (1)"), "");
    assert_eq!(cell(&table, 2, "inventé"), "non");
    assert_eq!(cell(&table, 2, "mesures simulées"), "non");
    assert_eq!(cell(&table, 2, "latitude"), "");
    assert_eq!(
        cell(&table, 0, "pylône – source"),
        "couche absente : pylônes"
    );
    assert_eq!(
        cell(&table, 2, "couches absentes"),
        "nœuds de fibre, pylônes, couverture mobile, routes, relief, lignes électriques, postes et supports électriques, régions"
    );
    assert!(
        cell(&table, 0, "tracé de fibre – source")
            .contains("Tracé d'essai (synthetic, 2026-01-01)")
    );
}

#[test]
fn english_csv_says_the_same_and_its_contributions_sum_to_the_score() {
    let table = csv_rows(Language::En);
    assert_eq!(cell(&table, 0, "latitude"), "-4.100000");
    assert_eq!(cell(&table, 0, "population of the place"), "12000");
    assert_eq!(
        cell(&table, 1, "measured unavailability – unknown because"),
        "nothing was measured in the period"
    );
    // 0.1 degree of latitude at 4 degrees south.
    let metres: f64 = cell(&table, 0, "fibre route at (m)").parse().unwrap();
    assert!((metres - 11_058.0).abs() < 5.0, "{metres}");
    for row in 0..3 {
        let millionths = |text: &str| -> u64 { text.replace('.', "").parse().unwrap_or(0) };
        let columns = table.0.iter().enumerate();
        let contributions = columns
            .filter(|(_, name)| name.ends_with("contribution"))
            .map(|(number, _)| number);
        let sum: u64 = contributions
            .map(|number| millionths(&table.1[row][number]))
            .sum();
        assert_eq!(sum, millionths(cell(&table, row, "score")));
    }
    assert!(millionths_of(cell(&table, 0, "score")) > 0);
    assert_eq!(cell(&table, 2, "score"), "0.000000");
    assert_eq!(cell(&table, 2, "known share of weights"), "0.000000");
}

fn millionths_of(text: &str) -> u64 {
    text.replace('.', "").parse().unwrap()
}

#[test]
fn geojson_carries_the_assumptions_and_reads_as_geojson() {
    let mut bytes = Vec::new();
    write_geojson(&synthetic(), &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let parsed: geojson::FeatureCollection = text.parse().unwrap();
    assert_eq!(parsed.features.len(), 3);
    let value: Value = serde_json::from_str(&text).unwrap();
    let assumptions = &value["desserte_plan"];
    assert_eq!(assumptions["invented_sites"], 2);
    assert_eq!(assumptions["simulated_sites"], 1);
    assert_eq!(
        assumptions["layers"][0]["provenance"]["source"],
        "synthetic"
    );
    assert_eq!(assumptions["layers"][1]["provenance"], Value::Null);
    assert_eq!(
        assumptions["scenario"]["ranking"]["criteria"]["fibre_distance"]["weight"],
        30
    );
    let first = &value["features"][0];
    assert_eq!(first["id"], "a");
    assert_eq!(first["geometry"]["coordinates"], json!([15.0, -4.1]));
    assert_eq!(
        first["properties"]["nearest_mast"]["unknown"],
        "layer_absent"
    );
    assert_eq!(
        first["properties"]["mast_distance"]["reason_fr"],
        "couche absente : pylônes"
    );
    assert_eq!(first["properties"]["nearest_place"]["name"], "Ville");
    let last = &value["features"][2];
    assert_eq!(last["geometry"], Value::Null);
    assert_eq!(
        last["properties"]["fibre_distance"]["unknown"],
        "position_missing"
    );
    assert_eq!(last["properties"]["fibre_distance"].get("value"), None);
}

/// The whole way of the demonstration: its sites and places, no fibre, both exports.
#[test]
fn the_demonstration_country_is_planned_and_exported() {
    use crate::import::layers::{Manifest, read_layer};
    use crate::import::sites::{Options, import_sites};

    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read(repository.join(path)).unwrap();
    let sites = import_sites(
        "sites.csv",
        &read("demo/congo/sites.csv"),
        &Options::default(),
    );
    let sites: Vec<PlanSite> = sites
        .unwrap()
        .accepted
        .into_iter()
        .map(PlanSite::from)
        .collect();
    let count = sites.len();
    let manifest = String::from_utf8(read("demo/examples/layers.toml")).unwrap();
    let manifest = Manifest::from_toml("layers.toml", &manifest).unwrap();
    let mut layers = Layers::default();
    let bytes = read("demo/congo/places.csv");
    read_layer(&manifest.layer[0], &bytes, None)
        .unwrap()
        .layer
        .add_to(&mut layers);
    let plan = plan(sites, &layers, Scenario::default()).unwrap();
    assert_eq!(plan.rows.len(), count);
    let first = &plan.rows[0];
    assert_eq!(
        first.gap.place.known().unwrap().nearest.name.as_deref(),
        Some("Brazzaville")
    );
    for row in &plan.rows {
        assert!(
            row.gap.fibre_line.known().is_none(),
            "no fibre is shipped, none is guessed"
        );
        assert!(
            row.gap.place.known().unwrap().nearest.metres < 60_000.0,
            "{}",
            row.site.id
        );
        assert!(row.site.invented);
    }
    let mut bytes = Vec::new();
    write_csv(&plan, Language::Fr, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches("\r\n").count(), count + 1);
    assert!(text.contains("couche absente : tracés de fibre"));
    let mut bytes = Vec::new();
    write_geojson(&plan, &mut bytes).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["desserte_plan"]["invented_sites"], count);
}
