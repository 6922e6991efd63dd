//! A small invented country in every format. Two sites: A at 4° S 15° E, B at 4.5° S 15.5° E.

use std::io::{Cursor, Write as _};
use std::path::Path;

use desserte::geopackage::{Column, Content, Kind, NewTable, Shape, Value, write};
use desserte::import::crs::Crs;
use shapefile::dbase::{FieldName, FieldValue, Record, TableWriterBuilder};
use shapefile::{Point, Polygon, PolygonRing, ShapeWriter, Writer};

pub(super) const SITES: &str = "id,name,kind,latitude,longitude,invented\n\
    A,École A,school,-4.0,15.0,true\nB,École B,school,-4.5,15.5,true\n";

const PLACES: &str = "name,latitude,longitude,population\n\
    Covered,-4.0,15.0,1000\nAt the cell,-4.5,15.5,500\nFar,-4.9,15.9,70\nUncounted,-4.95,15.95,\n";

/// Two cells that can be read and two that cannot.
const CELLS: &str = "lat,lon,radio,net,range\n-4.5,15.5,UMTS,B,1000\n-4.5,15.5,WIFI,B,1000\n\
    -4.4,15.4,LTE,B,0\n-4.6,15.6,GSM,B,1500\n";

const POWER: &str = "lat,lon,name,value\n-4.03,15.0,Poste,substation\n-4.001,15.0,,tower\n";

/// West and east of 15.25° E.
const REGIONS: &str = r#"{"type":"FeatureCollection","features":[
  {"type":"Feature","properties":{"nom":"Ouest"},"geometry":{"type":"Polygon","coordinates":
    [[[14,-5],[15.25,-5],[15.25,-3],[14,-3],[14,-5]]]}},
  {"type":"Feature","properties":{"nom":"Est"},"geometry":{"type":"MultiPolygon","coordinates":
    [[[[15.25,-5],[16,-5],[16,-3],[15.25,-3],[15.25,-5]]]]}}]}"#;

/// One node, and one span that needs it; a span without a route.
const OFDS: &str = r#"{"networks":[{"id":"2b1a4c7e-0000-4000-8000-000000000000","name":"Invented",
  "links":[{"href":"https://standard.ofds.info/en/0__4__0/network-schema.json","rel":"describedby"}],
  "nodes":[{"id":"1","name":"POP","location":{"type":"Point","coordinates":[15.05,-4.0]}}],
  "spans":[{"id":"1","name":"Span","start":"1","route":{"type":"LineString",
    "coordinates":[[15.05,-4.0],[15.05,-3.5]]}},{"id":"2","name":"No route"}]}]}"#;

const PRJ: &str = r#"PROJCS["WGS_1984_UTM_Zone_33S",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",10000000.0],PARAMETER["Central_Meridian",15.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;

fn utm() -> Crs {
    Crs::from_name("EPSG:32733").unwrap()
}

/// Writes every file and the manifest into a folder.
pub(super) fn write_country(folder: &Path) {
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    put("sites.csv", SITES.as_bytes());
    put("places.csv", PLACES.as_bytes());
    put("cells.csv", CELLS.as_bytes());
    put("power.csv", POWER.as_bytes());
    put("regions.geojson", REGIONS.as_bytes());
    put("network.json", OFDS.as_bytes());
    put("fibre.gpkg", &fibre_in_utm());
    put("roads.osm.pbf", &pbf());
    put("heights.zip", &heights());
    write_coverage(folder);
    put("layers.toml", manifest().as_bytes());
}

fn entry(kind: &str, name: &str, file: &str, more: &str) -> String {
    format!(
        "[[layer]]\nkind = '{kind}'\nname = '{name}'\nfile = '{file}'\nsource = 'invented, for tests'\n\
         licence = 'none'\ndate = '2026'\nuncertainty = 'invented'\nuncertainty_class = 'metres'\n{more}\n"
    )
}

fn manifest() -> String {
    [
        entry("fibre_lines", "Dorsale", "fibre.gpkg", "columns = { name = 'section' }"),
        entry("fibre_lines", "Réseau OFDS", "network.json", "columns = { name = 'name' }"),
        entry("fibre_nodes", "Nœuds OFDS", "network.json", "columns = { name = 'name' }"),
        entry(
            "coverage",
            "4G de A",
            "coverage.shp",
            "columns = { name = 'NOM' }\nconstants = { operator = 'A', generation = '4G' }",
        ),
        entry(
            "coverage",
            "Cellules",
            "cells.csv",
            "columns = { latitude = 'lat', longitude = 'lon', generation = 'radio', operator = 'net', \
             radius_metres = 'range' }",
        ),
        entry("roads", "Routes", "roads.osm.pbf", "columns = { name = 'name' }"),
        entry("terrain", "Relief", "heights.zip", ""),
        entry(
            "power_nodes",
            "Postes",
            "power.csv",
            "columns = { latitude = 'lat', longitude = 'lon', name = 'name' }\n\
             keep = [{ column = 'value', any_of = ['substation'] }]",
        ),
        entry(
            "places",
            "Localités",
            "places.csv",
            "columns = { name = 'name', population = 'population' }",
        ),
        entry("regions", "Régions", "regions.geojson", "columns = { name = 'nom' }"),
    ]
    .concat()
}

/// A route along 4.1° S, in metres of UTM zone 33 south: our writer knows degrees only, so the
/// package's own tables are changed to the other system.
fn fibre_in_utm() -> Vec<u8> {
    let route = [[14.9, -4.1], [15.1, -4.1]].map(|pair| utm().projected(pair));
    let table = NewTable {
        name: "fibre".to_owned(),
        title: "Fibre".to_owned(),
        description: String::new(),
        kind: Kind::MultiLineString,
        columns: vec![Column {
            name: "section".to_owned(),
            content: Content::Text,
        }],
        rows: vec![(
            Some(Shape::Lines(vec![route.to_vec()])),
            vec![Value::Text("Section 1".to_owned())],
        )],
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), write(&[table], 0).unwrap()).unwrap();
    let package = rusqlite::Connection::open(file.path()).unwrap();
    package
        .execute_batch(
            "INSERT INTO gpkg_spatial_ref_sys VALUES ('UTM 33S', 32733, 'EPSG', 32733, 'undefined', NULL);
             UPDATE gpkg_geometry_columns SET srs_id = 32733; UPDATE gpkg_contents SET srs_id = 32733;
             PRAGMA journal_mode = WAL;",
        )
        .unwrap();
    drop(package);
    std::fs::read(file.path()).unwrap()
}

/// A square of half a degree around A with a hole at its western edge, in UTM, with accents in a
/// table of windows-1252.
fn write_coverage(folder: &Path) {
    let ring = |corners: [[f64; 2]; 4]| -> Vec<Point> {
        let mut ring: Vec<Point> = corners
            .iter()
            .map(|pair| utm().projected(*pair))
            .map(|[x, y]| Point::new(x, y))
            .collect();
        ring.push(ring[0]);
        ring
    };
    let outer = ring([
        [14.75, -4.25],
        [14.75, -3.75],
        [15.25, -3.75],
        [15.25, -4.25],
    ]);
    let hole = ring([[14.8, -4.05], [14.9, -4.05], [14.9, -3.95], [14.8, -3.95]]);
    let polygon = Polygon::with_rings(vec![PolygonRing::Outer(outer), PolygonRing::Inner(hole)]);
    let encoding = shapefile::dbase::encoding::EncodingRs::from(encoding_rs::WINDOWS_1252);
    let table = TableWriterBuilder::with_encoding(encoding)
        .add_character_field(FieldName::try_from("NOM").unwrap(), 40);
    let shapes = ShapeWriter::from_path(folder.join("coverage.shp")).unwrap();
    let dbf = table
        .build_with_file_dest(folder.join("coverage.dbf"))
        .unwrap();
    let mut record = Record::default();
    record.insert(
        "NOM".to_owned(),
        FieldValue::Character(Some("Zone été".to_owned())),
    );
    Writer::new(shapes, dbf)
        .write_shape_and_record(&polygon, &record)
        .unwrap();
    std::fs::write(folder.join("coverage.prj"), PRJ).unwrap();
    std::fs::write(folder.join("coverage.cpg"), "1252").unwrap();
}

/// Tiles of 11 by 11 samples: 300 m everywhere, one sample of the first unknown.
fn heights() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, unknown) in [("S05E014.hgt", 1), ("S05E015.hgt", 0)] {
        let sample = |number: usize| if number < unknown { i16::MIN } else { 300 };
        let bytes: Vec<u8> = (0..121)
            .flat_map(|number| sample(number).to_be_bytes())
            .collect();
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A primary road along 4.02° S, a path that is no road, and a track of which the extract has one
/// node less than it names. (`OpenStreetMap` wiki, "PBF Format".)
fn pbf() -> Vec<u8> {
    let strings = ["", "highway", "primary", "name", "RN 1", "path", "track"];
    let nodes = [
        (1, -4.02, 14.9),
        (2, -4.02, 15.1),
        (3, -4.6, 15.6),
        (4, -4.7, 15.6),
    ];
    let mut group = Vec::new();
    let (mut ids, mut latitudes, mut longitudes) = (Vec::new(), Vec::new(), Vec::new());
    let mut before = (0, 0, 0);
    for (id, latitude, longitude) in nodes {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "degrees in tens of nanodegrees"
        )]
        let units = |degrees: f64| (degrees * 1e7).round() as i64;
        let now = (id, units(latitude), units(longitude));
        signed(&mut ids, now.0 - before.0);
        signed(&mut latitudes, now.1 - before.1);
        signed(&mut longitudes, now.2 - before.2);
        before = now;
    }
    let mut dense = Vec::new();
    bytes(&mut dense, 1, &ids);
    bytes(&mut dense, 8, &latitudes);
    bytes(&mut dense, 9, &longitudes);
    bytes(&mut group, 2, &dense);
    for (id, tags, refs) in [
        (10, &[(1_u8, 2_u8), (3, 4)][..], &[1_i64, 2][..]),
        (11, &[(1, 5)][..], &[3, 4][..]),
        (12, &[(1, 6)][..], &[3, 4, 99][..]),
    ] {
        let mut way = Vec::new();
        number(&mut way, 1, id);
        bytes(
            &mut way,
            2,
            &tags.iter().map(|tag| tag.0).collect::<Vec<u8>>(),
        );
        bytes(
            &mut way,
            3,
            &tags.iter().map(|tag| tag.1).collect::<Vec<u8>>(),
        );
        let (mut packed, mut before) = (Vec::new(), 0);
        for node in refs {
            signed(&mut packed, node - before);
            before = *node;
        }
        bytes(&mut way, 8, &packed);
        bytes(&mut group, 3, &way);
    }
    let mut table = Vec::new();
    for text in strings {
        bytes(&mut table, 1, text.as_bytes());
    }
    let mut block = Vec::new();
    bytes(&mut block, 1, &table);
    bytes(&mut block, 2, &group);
    let mut header = Vec::new();
    bytes(&mut header, 4, b"OsmSchema-V0.6");
    bytes(&mut header, 4, b"DenseNodes");
    [blob("OSMHeader", &header), blob("OSMData", &block)].concat()
}

fn blob(kind: &str, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    bytes(&mut body, 1, content);
    let mut head = Vec::new();
    bytes(&mut head, 1, kind.as_bytes());
    number(&mut head, 3, body.len() as u64);
    let length = u32::try_from(head.len()).unwrap().to_be_bytes();
    [&length[..], &head, &body].concat()
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7F).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}

/// Zigzag.
fn signed(out: &mut Vec<u8>, value: i64) {
    varint(
        out,
        (value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned(),
    );
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}
