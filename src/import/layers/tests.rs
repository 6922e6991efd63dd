//! The sample manifest, bad layers, and real layers when they are there.

use std::path::{Path, PathBuf};

use super::*;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn entry(kind: &str, file: &str, more: &str) -> Entry {
    let text = format!(
        "[[layer]]\nkind = \"{kind}\"\nname = \"a\"\nfile = \"{file}\"\nsource = \"s\"\n\
         licence = \"l\"\ndate = \"2026\"\nuncertainty = \"u\"\n{more}"
    );
    Manifest::from_toml("layers.toml", &text)
        .unwrap()
        .layer
        .remove(0)
}

fn collection(geometries: &[&str]) -> String {
    let features: Vec<String> = geometries
        .iter()
        .map(|shape| format!(r#"{{"type":"Feature","properties":{{"n":"x"}},"geometry":{shape}}}"#))
        .collect();
    format!(
        r#"{{"type":"FeatureCollection","features":[{}]}}"#,
        features.join(",")
    )
}

fn reasons(refused: &Refusals) -> Vec<(usize, &str)> {
    refused
        .listed
        .iter()
        .map(|refusal| (refusal.row, refusal.reason_code))
        .collect()
}

#[test]
fn the_sample_manifest_is_read_whole() {
    let path = repository("demo/examples/layers.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let manifest = Manifest::from_toml("layers.toml", &text).unwrap();
    let kinds: Vec<LayerKind> = manifest.layer.iter().map(|entry| entry.kind).collect();
    for kind in LayerKind::ALL {
        assert!(kinds.contains(&kind), "the sample shows no {kind}");
    }
    // Every key that the program knows stands in the sample, with a comment on its line or above.
    for key in [
        "kind",
        "name",
        "file",
        "crs",
        "source",
        "licence",
        "date",
        "uncertainty",
        "encoding",
    ] {
        assert!(
            text.contains(&format!("\n{key} = ")),
            "the sample lacks {key}"
        );
    }
    // The two layers whose files are shipped can be read as they stand.
    for entry in manifest
        .layer
        .iter()
        .filter(|entry| entry.file.starts_with("../congo/"))
    {
        let bytes = std::fs::read(repository("demo/examples").join(&entry.file)).unwrap();
        let import = read_layer(entry, &bytes, None).unwrap();
        assert_eq!(reasons(&import.refused), []);
        assert!(import.layer.len() >= 12, "{}", entry.name);
    }
}

#[test]
fn misspelt_missing_and_empty_keys_are_named() {
    let refused = |text: &str| Manifest::from_toml("m.toml", text).unwrap_err().to_string();
    assert!(refused("[[layers]]").contains("unknown field `layers`"));
    assert!(refused("[[layer]]\nkind = \"fibre\"").contains("unknown variant `fibre`"));
    assert!(refused("[[layer]]\nkind = \"masts\"\nname = \"a\"\nfile = \"f\"").contains("source"));
    let all = "[[layer]]\nkind = \"masts\"\nname = \"a\"\nfile = \"f\"\nsource = \"s\"\n\
               licence = \"l\"\ndate = \"D\"\nuncertainty = \" \"";
    assert!(refused(all).contains("layer a: uncertainty is empty"));
    assert!(refused(&all.replace("\" \"", "\"u\"")).contains("date D is not"));
}

#[test]
fn lines_are_read_and_defects_named() {
    let text = collection(&[
        r#"{"type":"LineString","coordinates":[[15,-4],[16,-4]]}"#,
        r#"{"type":"MultiLineString","coordinates":[[[15,-4],[15,-4]],[[15,-3],[16,-3]]]}"#,
        r#"{"type":"LineString","coordinates":[[15,-4],[15,-4]]}"#,
        "null",
        r#"{"type":"Point","coordinates":[15,-4]}"#,
        r#"{"type":"LineString","coordinates":[[15,-4],[0,0]]}"#,
        r#"{"type":"LineString","coordinates":[[15,-4],[16,-95]]}"#,
        r#"{"type":"LineString","coordinates":[[15,-4],[16]]}"#,
    ]);
    let entry = entry("fibre_lines", "f.geojson", "columns = { name = \"n\" }");
    let import = read_layer(&entry, text.as_bytes(), None).unwrap();
    assert_eq!(import.layer.len(), 2);
    assert_eq!(import.rows_read, 8);
    assert_eq!(
        reasons(&import.refused),
        [
            (3, "line_without_length"),
            (4, "geometry_missing"),
            (5, "geometry_unfit"),
            (6, "null_island"),
            (7, "coordinate_out_of_range"),
            (8, "geometry_unfit"),
        ]
    );
}

#[test]
fn places_keep_unknown_population_unknown() {
    let text = "name,lat,lon,pop,value\nA,-4,15,1200,town\nB,-4,16,0,town\nC,-4,17,,village\n\
                D,-4,18,~500,village\nE,-3,15,9,state\nF,x,15,9,town\n";
    let entry = entry(
        "places",
        "p.csv",
        "columns = { name = \"name\", latitude = \"lat\", longitude = \"lon\", population = \"pop\" }\n\
         keep = [{ column = \"value\", any_of = [\"town\", \"village\"] }]",
    );
    let import = read_layer(&entry, text.as_bytes(), None).unwrap();
    let AnyLayer::Places(layer) = &import.layer else {
        panic!("not places")
    };
    let populations: Vec<Option<u64>> = layer
        .features
        .iter()
        .map(|place| place.population)
        .collect();
    assert_eq!(populations, [Some(1_200), None, None, None]);
    assert_eq!(import.left_out, 1);
    assert_eq!(import.warnings[0].code, Warning::PopulationUnread);
    assert_eq!(import.warnings[0].rows.to_string(), "5");
    assert_eq!(reasons(&import.refused), [(7, "coordinate_invalid")]);
}

#[test]
fn other_coordinate_systems_are_refused() {
    let named = entry("masts", "m.csv", "crs = \"EPSG:3857\"");
    let error = read_layer(&named, b"latitude,longitude\n1,2\n", None).unwrap_err();
    assert!(matches!(error, ImportError::NotProjected { .. }), "{error}");
    let named = entry("masts", "m.csv", "crs = \"EPSG:26332\"");
    let error = read_layer(&named, b"latitude,longitude\n1,2\n", None).unwrap_err();
    assert!(
        error.to_string().contains("in EPSG:26332, not in WGS84"),
        "{error}"
    );
    let metres = collection(&[
        r#"{"type":"LineString","coordinates":[[1669792,-446000],[1669800,-446100]]}"#,
    ]);
    let error = read_layer(
        &entry("fibre_lines", "f.geojson", ""),
        metres.as_bytes(),
        None,
    )
    .unwrap_err();
    assert!(matches!(error, ImportError::Projected { .. }), "{error}");
    assert!(error.text_fr().contains("ogr2ogr"));
}

#[test]
fn a_swapped_layer_is_refused_and_a_foreign_one_is_not() {
    let bytes = std::fs::read(repository("demo/congo/border.geojson")).unwrap();
    let congo = Country::from_geojson("border.geojson", &bytes).unwrap();
    let line = |coordinates: &str| {
        collection(&[&format!(
            r#"{{"type":"LineString","coordinates":{coordinates}}}"#
        )])
    };
    let entry = entry("fibre_lines", "f.geojson", "");
    let read = |text: String| read_layer(&entry, text.as_bytes(), Some(&congo));
    assert!(read(line("[[15.2,-4.2],[15.3,-4.1]]")).is_ok());
    assert!(read(line("[[2.3,48.8],[2.4,48.9]]")).is_ok());
    let error = read(line("[[-4.2,15.2],[-4.1,15.3]]")).unwrap_err();
    assert_eq!(
        error,
        ImportError::LayerSwapped {
            file: "f.geojson".to_owned(),
            swapped: 1
        }
    );
}

#[test]
fn real_layers_of_three_countries_import() {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests find the reference folder by it"
    )]
    let named = std::env::var("DESSERTE_REFERENCE").ok();
    let folder = named
        .map_or_else(|| repository("../shared"), PathBuf::from)
        .join("data");
    if !folder.is_dir() {
        println!(
            "skipped: no folder {} (set DESSERTE_REFERENCE)",
            folder.display()
        );
        return;
    }
    let point_columns = "columns = { name = \"name\", population = \"population\" }";
    let cases = [
        (
            "congo/fibre_ofds_congo_republic_cab3_spans.geojson",
            "fibre_lines",
            "",
        ),
        (
            "congo/fibre_ofds_congo_republic_cab3_nodes.geojson",
            "fibre_nodes",
            "",
        ),
        (
            "togo/fibre_ofds_togo_togo_telecom_spans.geojson",
            "fibre_lines",
            "",
        ),
        ("togo/fibre_watra_lines.geojson", "fibre_lines", ""),
        ("togo/fibre_watra_nodes.geojson", "fibre_nodes", ""),
        ("congo/towers_osm_nodes_2019.csv", "masts", ""),
        (
            "lesotho/settlements_geonames_cities500_2026.csv",
            "places",
            point_columns,
        ),
        (
            "congo/adm1_naturalearth_10m.geojson",
            "regions",
            "columns = { name = \"name\" }",
        ),
    ];
    for (file, kind, more) in cases {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let import = read_layer(&entry(kind, file, more), &bytes, None).unwrap();
        println!(
            "{file}: {} features, refused {:?}",
            import.layer.len(),
            reasons(&import.refused)
        );
        assert!(!import.layer.is_empty(), "{file}");
    }
    the_two_systems_agree(&folder);
}

/// The same cables in metres of EPSG:3857 and in degrees.
fn the_two_systems_agree(folder: &Path) {
    let file = "regional/submarine_cables_watra_EPSG3857.geojson";
    let bytes = std::fs::read(folder.join(file)).unwrap();
    let converted = read_layer(&entry("fibre_lines", file, ""), &bytes, None).unwrap();
    assert_eq!(converted.warnings[0].code, Warning::Converted);
    let file = "regional/submarine_cables_watra_wgs84.geojson";
    let bytes = std::fs::read(folder.join(file)).unwrap();
    let degrees = read_layer(&entry("fibre_lines", file, ""), &bytes, None).unwrap();
    let (AnyLayer::FibreLines(ours), AnyLayer::FibreLines(theirs)) =
        (&converted.layer, &degrees.layer)
    else {
        panic!("not lines")
    };
    assert_eq!(ours.features.len(), theirs.features.len());
    for (one, other) in ours.features.iter().zip(&theirs.features) {
        for (a, b) in one.positions.iter().zip(&other.positions) {
            let apart = desserte_planning::geodesy::metres_between(*a, *b);
            assert!(apart < 1.0, "{apart} m between {a:?} and {b:?}");
        }
    }
}

#[test]
fn the_name_point_of_a_country_is_no_place_and_a_capital_is_one() {
    let towns = "A,-4,15,900000,city\nB,-4,15,200000,town\nC,-4,15,100000,town\nD,-4,15,90000,\n\
        E,-4,15,80000,village\n";
    let places = format!("name,lat,lon,pop,place\nPays,-4,15,5000000,Country\n{towns}");
    let manifest = |class: &str| -> Entry {
        toml::from_str(&format!(
            "kind = 'places'\nname = 'n'\nfile = 'p.csv'\nsource = 's'\nlicence = 'l'\ndate = '2026'\n\
             uncertainty = 'u'\n[columns]\nname = 'name'\nlatitude = 'lat'\nlongitude = 'lon'\n\
             population = 'pop'\n{class}"
        ))
        .unwrap()
    };
    let read = read_layer(&manifest("class = 'place'"), places.as_bytes(), None).unwrap();
    assert_eq!(reasons(&read.refused), [(2, "place_is_area")]);
    let warning = &read.warnings[0];
    let found = (warning.code, warning.rows.to_string());
    assert_eq!(
        found,
        (Warning::PopulationDominant, "3".to_owned()),
        "the capital is kept"
    );
    let AnyLayer::Places(layer) = &read.layer else {
        panic!("{:?}", read.layer)
    };
    assert_eq!(layer.features[0].population, Some(900_000));
    // Without a class nobody but a person can tell: kept and named.
    let read = read_layer(&manifest(""), places.as_bytes(), None).unwrap();
    assert_eq!(read.refused.count, 0);
    assert_eq!(read.warnings[0].rows.to_string(), "2");
}

#[test]
fn web_mercator_is_converted_when_it_is_named_and_refused_otherwise() {
    let feature = |x: f64, y: f64| {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"Lomé"}},"geometry":{{"type":"Point","coordinates":[{x},{y}]}}}}"#
        )
    };
    let collection = |crs: &str, feature: &str| {
        format!(r#"{{"type":"FeatureCollection",{crs}"features":[{feature}]}}"#)
    };
    let metres = feature(136_000.0, 686_000.0);
    let manifest = "kind = 'fibre_nodes'\nname = 'n'\nfile = 'p.geojson'\nsource = 's'\n\
        licence = 'l'\ndate = '2026'\nuncertainty = 'u'\n";
    let entry: Entry = toml::from_str(manifest).unwrap();
    let named: Entry = toml::from_str(&format!("{manifest}crs = 'EPSG:3857'")).unwrap();
    let own = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3857"}},"#;
    let silent = collection("", &metres);
    let error = read_layer(&entry, silent.as_bytes(), None).unwrap_err();
    assert!(error.to_string().contains("EPSG:3857"), "{error}");
    for (entry, text) in [(&named, silent), (&entry, collection(own, &metres))] {
        let read = read_layer(entry, text.as_bytes(), None).unwrap();
        let AnyLayer::FibreNodes(layer) = &read.layer else {
            panic!("{:?}", read.layer)
        };
        let at = layer.features[0].position;
        assert!((at.latitude() - 6.151).abs() < 0.01 && (at.longitude() - 1.222).abs() < 0.01);
        assert_eq!(read.warnings[0].code, Warning::Converted);
    }
    let degrees = collection("", &feature(1.2, 6.1));
    assert!(matches!(
        read_layer(&named, degrees.as_bytes(), None),
        Err(ImportError::NotProjected { .. })
    ));
}
