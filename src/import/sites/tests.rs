//! Bad input of every kind.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::import::site::SiteKind;
use crate::import::{
    MAX_COLUMNS, MAX_FIELD_BYTES, MAX_ID_BYTES, MAX_LISTED_PER_REASON, MAX_ROW_RANGES,
};

const MAPPING: &str = "id=id,name=name,kind=kind,latitude=lat,longitude=lon";

fn read(text: &[u8], country: Option<&Country>) -> Result<ImportReport, ImportError> {
    let mapping = Mapping::from_text(MAPPING).unwrap();
    let options = Options {
        mapping: Some(&mapping),
        encoding: None,
        crs: None,
        country,
    };
    import_sites("sites.csv", text, &options)
}

pub(super) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(super) fn congo() -> Country {
    let bytes = std::fs::read(repository("demo/congo/border.geojson")).unwrap();
    Country::from_geojson("border.geojson", &bytes).unwrap()
}

pub(super) fn refused(report: &ImportReport) -> Vec<(usize, &str, &str)> {
    let listed = report.refused.listed.iter();
    listed
        .map(|refusal| (refusal.row, refusal.field.as_str(), refusal.reason_code))
        .collect()
}

pub(super) fn warned(report: &ImportReport, code: Warning) -> usize {
    report
        .warnings
        .iter()
        .find(|warning| warning.code == code)
        .map_or(0, |found| found.count)
}

#[test]
fn each_bad_row_is_named_with_its_own_reason() {
    let text = "id,name,kind,lat,lon\n\
        a,Mairie de Sibiti,town_hall,-3.68,13.35\n\
        b,,school,-3.69,13.35\n\
        c,École,school,,13.35\n\
        d,École,school,trois,13.35\n\
        e,École,school,NaN,13.35\n\
        f,École,school,13.35,-3.68\n\
        g,École,school,0,0\n\
        h,École,school,-410000,1486000\n\
        i,École,school,95,200\n\
        j,École,school,48.85,2.35\n\
        ,École,school,-3.6,13.3\n\
        a,École,school,-3.61,13.3\n\
        k,Mairie de sibiti,town_hall,-3.6801,13.3501\n\
        l,Bar,bar,-3.6,13.3\n\
        m,École,,-3.6,13.3\n\
        n,École,school,-3.6\n";
    let report = read(text.as_bytes(), Some(&congo())).unwrap();
    assert_eq!(
        refused(&report),
        [
            (4, "lat", "coordinate_missing"),
            (5, "lat", "coordinate_invalid"),
            (6, "lat", "coordinate_missing"),
            (7, "lat, lon", "coordinates_swapped"),
            (8, "lat, lon", "null_island"),
            (9, "lat, lon", "coordinates_projected"),
            (10, "lat, lon", "coordinate_out_of_range"),
            (11, "lat, lon", "outside_country"),
            (12, "id", "id_missing"),
            (13, "id", "id_repeated"),
            (14, "name", "site_repeated"),
            (15, "kind", "kind_unknown"),
            (16, "kind", "kind_missing"),
            (17, "*", "field_count"),
        ]
    );
    assert_eq!(report.accepted.len(), 2);
    assert_eq!(report.refused.duplicates, 2);
    assert_eq!(warned(&report, Warning::Unnamed), 1);
    assert_eq!(report.accepted[1].name, None);
    let swapped = &report.refused.listed[3];
    assert_eq!(swapped.reason_en, "latitude and longitude look swapped");
    assert_eq!(
        swapped.reason_fr,
        "latitude et longitude semblent inversées"
    );
    assert_eq!(swapped.value.as_deref(), Some("13.35, -3.68"));
    assert_eq!(
        report.rows_read,
        report.accepted.len() + report.refused.count + report.left_out
    );
}

#[test]
fn a_missing_column_names_those_that_exist() {
    let error = read(b"id,nom,kind,lat\n1,a,school,2\n", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading sites.csv: no column name, lon; the file has: id, nom, kind, lat"
    );
    assert!(error.text_fr().contains("pas de colonne name, lon"));
}

#[test]
fn without_an_outline_the_report_says_what_it_cannot_see() {
    let report = read(b"id,name,kind,lat,lon\n1,a,school,13.35,-3.68\n", None).unwrap();
    assert_eq!(report.accepted.len(), 1);
    assert!(
        report
            .warnings
            .iter()
            .any(|warning| warning.code == Warning::NoOutline)
    );
    // A latitude beyond 90 degrees shows by itself.
    let report = read(b"id,name,kind,lat,lon\n1,a,school,113.35,-3.68\n", None).unwrap();
    assert_eq!(refused(&report), [(2, "lat, lon", "coordinates_swapped")]);
}

#[test]
fn semicolons_decimal_commas_marks_and_other_encodings() {
    let text = "\u{FEFF}id;name;kind;lat;lon\r\n1;Ewo;hôpital;-0,8725;14,82056\r\n";
    let report = read(text.as_bytes(), Some(&congo())).unwrap();
    assert_eq!(report.accepted[0].kind, SiteKind::Hospital);
    assert!((report.accepted[0].position.latitude() + 0.8725).abs() < 1e-12);

    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&text[3..]);
    let error = read(&bytes, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("row 2, column 3 (kind): byte 0xF4"),
        "{error}"
    );
    let mapping = Mapping::from_text(MAPPING).unwrap();
    let options = Options {
        mapping: Some(&mapping),
        encoding: Some("windows-1252"),
        crs: None,
        country: None,
    };
    let report = import_sites("sites.csv", &bytes, &options).unwrap();
    assert_eq!(report.accepted[0].source_kind.as_deref(), Some("hôpital"));
}

#[test]
fn many_duplicates_stay_a_bounded_report_that_names_them_all() {
    let many = MAX_LISTED_PER_REASON + 100;
    let mut text = "id,name,kind,lat,lon\n".to_owned();
    for _ in 0..=many {
        text.push_str("7,École de Ngo,school,-2.487,15.755\n");
    }
    let report = read(text.as_bytes(), Some(&congo())).unwrap();
    assert_eq!(report.accepted.len(), 1);
    assert_eq!(
        (report.refused.count, report.refused.duplicates),
        (many, many)
    );
    assert_eq!(report.refused.listed.len(), MAX_LISTED_PER_REASON);
    assert_eq!(report.refused.unlisted(), 100);
    assert_eq!(
        report.refused.rows_by_reason["site_repeated"].to_string(),
        format!("3-{}", many + 2)
    );
}

#[test]
fn rows_beyond_the_ranges_are_counted() {
    let mut rows = RowRanges::default();
    for number in 0..MAX_ROW_RANGES + 3 {
        rows.add(number * 2);
    }
    assert_eq!(rows.count(), MAX_ROW_RANGES + 3);
    assert!(rows.to_string().ends_with(", +3"));
}

#[test]
fn long_fields_and_control_characters_are_refused() {
    let mut text = "id,name,kind,lat,lon\n".to_owned();
    let _ = writeln!(
        text,
        "1,{},school,-2.4,15.7",
        "x".repeat(MAX_FIELD_BYTES + 1)
    );
    let _ = writeln!(text, "2,a\u{7}b,school,-2.4,15.7");
    let _ = writeln!(text, "{},a,school,-2.4,15.7", "9".repeat(MAX_ID_BYTES + 1));
    let _ = writeln!(text, "4,\"two\nlines\",school,-2.4,15.7");
    let report = read(text.as_bytes(), None).unwrap();
    assert_eq!(
        refused(&report),
        [
            (2, "name", "field_too_long"),
            (3, "name", "control_character"),
            (4, "id", "field_too_long")
        ]
    );
    assert_eq!(report.accepted[0].name.as_deref(), Some("two lines"));
}

#[test]
fn geojson_points_are_sites_and_other_shapes_are_named() {
    let point = |geometry: &str| {
        format!(
            r#"{{"type":"Feature","id":"x{}","properties":{{"amenity":"school"}},"geometry":{geometry}}}"#,
            geometry.len()
        )
    };
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{},{},{},{},{}]}}"#,
        point(r#"{"type":"Point","coordinates":[15.7,-2.4,300]}"#),
        point("null"),
        point(r#"{"type":"Point","coordinates":[]}"#),
        point(r#"{"type":"LineString","coordinates":[[15.7,-2.4],[15.8,-2.4]]}"#),
        point(r#"{"type":"Point","coordinates":[1486000.0,-410000.0]}"#),
    );
    let mapping = Mapping::from_toml(
        "kind_scheme = \"osm_amenity\"\n[columns]\nid = \"@id\"\nkind = \"amenity\"",
    )
    .unwrap();
    let options = Options {
        mapping: Some(&mapping),
        encoding: None,
        crs: None,
        country: None,
    };
    let report = import_sites("s.geojson", text.as_bytes(), &options).unwrap();
    assert_eq!(report.accepted.len(), 1);
    assert!((report.accepted[0].position.longitude() - 15.7).abs() < 1e-12);
    assert_eq!(
        refused(&report),
        [
            (2, "geometry", "geometry_missing"),
            (3, "geometry", "geometry_unfit"),
            (4, "geometry", "geometry_unfit"),
            (5, "geometry", "coordinates_projected"),
        ]
    );
}

#[test]
fn features_with_properties_of_their_own_stay_small_or_are_refused() {
    let feature = |number: usize| {
        format!(
            r#"{{"type":"Feature","properties":{{"p{number}":1,"id":{number},"kind":"school"}},
            "geometry":{{"type":"Point","coordinates":[15,-{number}e-3]}}}}"#
        )
    };
    let file = |count: usize| {
        let features: Vec<String> = (1..=count).map(feature).collect();
        format!(
            r#"{{"type":"FeatureCollection","features":[{}]}}"#,
            features.join(",")
        )
    };
    let read = |text: &str| import_sites("s.geojson", text.as_bytes(), &Options::default());
    let report = read(&file(MAX_COLUMNS - 2)).unwrap();
    assert_eq!(report.accepted.len(), MAX_COLUMNS - 2);
    assert_eq!(report.accepted[9].id, "10");
    let error = read(&file(MAX_COLUMNS)).unwrap_err();
    assert_eq!(
        error,
        ImportError::TooManyColumns {
            file: "s.geojson".to_owned()
        }
    );
}

#[test]
fn a_projected_file_is_refused_as_a_whole() {
    let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},
        "geometry":{"type":"Point","coordinates":[1486000.0,-410000.0]}}]}"#;
    let mapping = Mapping::from_text("kind:=school").unwrap();
    let options = Options {
        mapping: Some(&mapping),
        encoding: None,
        crs: None,
        country: None,
    };
    let error = import_sites("s.geojson", text.as_bytes(), &options).unwrap_err();
    assert!(error.to_string().contains("EPSG:3857"), "{error}");
    let named = text.replacen(
        "\"features\"",
        r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::26332"}},"features""#,
        1,
    );
    let error = import_sites("s.geojson", named.as_bytes(), &options).unwrap_err();
    assert!(error.to_string().contains("EPSG::26332"), "{error}");
}

proptest::proptest! {
    /// Whatever the bytes, nothing panics, and every row is accounted for once.
    #[test]
    fn every_row_of_any_file_is_accounted_for(
        rows in proptest::collection::vec("[-0-9.,;\"a-z\u{e9}\t ]{0,30}", 0..30),
        tail in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20),
    ) {
        let mut text = b"id,name,kind,lat,lon\n".to_vec();
        for (number, row) in rows.iter().enumerate() {
            text.extend(format!("{number},{row},school,{row},15.5\n").bytes());
        }
        text.extend(tail);
        if let Ok(report) = read(&text, None) {
            let listed: usize = report.refused.rows_by_reason.values().map(RowRanges::count).sum();
            proptest::prop_assert_eq!(listed, report.refused.count);
            proptest::prop_assert_eq!(
                report.rows_read,
                report.accepted.len() + report.left_out + report.refused.count
            );
        }
    }

    #[test]
    fn no_json_makes_it_panic(
        coordinates in "[-0-9.,\\[\\]null]{0,40}", kind in "(Point|LineString|Polygon|MultiPolygon|X)",
    ) {
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"properties":{{"kind":"school"}},"geometry":{{"type":"{kind}","coordinates":{coordinates}}}}}]}}"#
        );
        if let Ok(report) = import_sites("s.geojson", text.as_bytes(), &Options::default()) {
            proptest::prop_assert_eq!(report.accepted.len() + report.refused.count, 1);
        }
    }
}

#[test]
fn an_identifier_of_openstreetmap_can_stand_in_an_address() {
    let point = |id: &str, longitude: f64| {
        format!(
            r#"{{"type":"Feature","properties":{{"@id":"{id}","amenity":"school"}},"geometry":{{"type":"Point","coordinates":[{longitude},-2.4]}}}}"#
        )
    };
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{},{}]}}"#,
        point("node/9", 15.7),
        point("node-9", 15.9),
    );
    let mapping = Mapping::from_toml(
        "kind_scheme = \"osm_amenity\"\n[columns]\nid = \"@id\"\nkind = \"amenity\"",
    )
    .unwrap();
    let options = Options {
        mapping: Some(&mapping),
        encoding: None,
        crs: None,
        country: None,
    };
    let report = import_sites("s.geojson", text.as_bytes(), &options).unwrap();
    let ids: Vec<&str> = report
        .accepted
        .iter()
        .map(|site| site.id.as_str())
        .collect();
    assert_eq!(ids, ["node-9"]);
    assert_eq!(refused(&report), [(2, "@id", "id_repeated")]);
}
