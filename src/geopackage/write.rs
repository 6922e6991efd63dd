//! Writing: features in WGS84, and tables without geometry, as one file.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, MAIN_DB, ToSql, params, params_from_iter};

use super::geometry::{Shape, blob};
use super::read::quoted;
use super::{GeoPackageError, database, index};

/// "GPKG", and version 1.3.0 (OGC 12-128r18, requirements 2 and 3).
const APPLICATION_ID: i32 = 0x4750_4B47;
const USER_VERSION: i32 = 10_300;
/// WGS84, degrees.
const WGS84: i32 = 4_326;
const WGS84_WKT: &str = "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4326\"]]";

/// The tables that every GeoPackage has (OGC 12-128r18, annex C).
const SCHEMA: &str = "
CREATE TABLE gpkg_spatial_ref_sys (
    srs_name TEXT NOT NULL,
    srs_id INTEGER NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL,
    definition TEXT NOT NULL,
    description TEXT
);
CREATE TABLE gpkg_contents (
    table_name TEXT NOT NULL PRIMARY KEY,
    data_type TEXT NOT NULL,
    identifier TEXT UNIQUE,
    description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE,
    min_y DOUBLE,
    max_x DOUBLE,
    max_y DOUBLE,
    srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);
CREATE TABLE gpkg_geometry_columns (
    table_name TEXT NOT NULL,
    column_name TEXT NOT NULL,
    geometry_type_name TEXT NOT NULL,
    srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL,
    m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
    CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
);
CREATE TABLE gpkg_extensions (
    table_name TEXT,
    column_name TEXT,
    extension_name TEXT NOT NULL,
    definition TEXT NOT NULL,
    scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
);
";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Yes or no.
    Boolean,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub content: Content,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing is known.
    Null,
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Yes or no.
    Boolean(bool),
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::Owned(rusqlite::types::Value::Null)),
            Self::Text(text) => text.to_sql(),
            Self::Integer(number) => number.to_sql(),
            Self::Real(number) => number.to_sql(),
            Self::Boolean(flag) => flag.to_sql(),
        }
    }
}

/// What a table draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: a table of attributes.
    Attributes,
    /// Points.
    Point,
    /// Lines in one or more parts.
    MultiLineString,
    /// Polygons in one or more parts.
    MultiPolygon,
}

impl Kind {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Attributes => None,
            Self::Point => Some("POINT"),
            Self::MultiLineString => Some("MULTILINESTRING"),
            Self::MultiPolygon => Some("MULTIPOLYGON"),
        }
    }
}

/// A table to write. Every row has as many values as there are columns.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTable {
    /// Its name in the file: letters, digits, `_`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it is and where it comes from.
    pub description: String,
    /// What it draws.
    pub kind: Kind,
    /// Its columns, besides number and geometry.
    pub columns: Vec<Column>,
    /// Its rows; no shape: the place is not known.
    pub rows: Vec<(Option<Shape>, Vec<Value>)>,
}

/// The file of these tables, as it was last changed at a time, Unix milliseconds.
pub fn write(tables: &[NewTable], changed_unix_ms: i64) -> Result<Vec<u8>, GeoPackageError> {
    let changed = jiff::Timestamp::from_millisecond(changed_unix_ms).unwrap_or_default();
    let changed = changed.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let mut connection = Connection::open_in_memory().map_err(database("making the file"))?;
    connection
        .pragma_update(None, "application_id", APPLICATION_ID)
        .and_then(|()| connection.pragma_update(None, "user_version", USER_VERSION))
        .and_then(|()| connection.execute_batch(SCHEMA))
        .map_err(database("making the tables"))?;
    put_systems(&connection)?;
    let transaction = connection.transaction().map_err(database("writing"))?;
    for table in tables {
        put_table(&transaction, table, &changed)?;
    }
    transaction.commit().map_err(database("writing"))?;
    let bytes = connection
        .serialize(MAIN_DB)
        .map_err(database("writing the file"))?;
    Ok(bytes.to_vec())
}

/// The three systems that the standard asks for (requirement 11).
fn put_systems(connection: &Connection) -> Result<(), GeoPackageError> {
    let systems = [
        ("Undefined cartesian SRS", -1, "NONE", -1, "undefined"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined"),
        ("WGS 84 geodetic", WGS84, "EPSG", WGS84, WGS84_WKT),
    ];
    for (name, id, organization, code, definition) in systems {
        connection
            .execute(
                "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
                params![name, id, organization, code, definition],
            )
            .map_err(database("writing the coordinate systems"))?;
    }
    Ok(())
}

fn put_table(
    connection: &Connection,
    table: &NewTable,
    changed: &str,
) -> Result<(), GeoPackageError> {
    make_table(connection, table)?;
    let geometry = table.kind.name();
    let shapes = table
        .rows
        .iter()
        .filter_map(|(shape, _)| shape.as_ref()?.bounds());
    let bounds = shapes.reduce(|a, b| {
        [
            a[0].min(b[0]),
            a[1].min(b[1]),
            a[2].max(b[2]),
            a[3].max(b[3]),
        ]
    });
    let side = |number: usize| bounds.and_then(|bounds| bounds.get(number).copied());
    connection
        .execute(
            "INSERT INTO gpkg_contents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                table.name,
                geometry.map_or("attributes", |_| "features"),
                table.title,
                table.description,
                changed,
                side(0),
                side(1),
                side(2),
                side(3),
                geometry.map(|_| WGS84),
            ],
        )
        .map_err(database("writing the contents"))?;
    if let Some(geometry) = geometry {
        connection
            .execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, 0, 0)",
                params![table.name, geometry, WGS84],
            )
            .map_err(database("writing the contents"))?;
    }
    put_rows(connection, table)?;
    if geometry.is_some() {
        index::make(connection, table)?;
    }
    Ok(())
}

fn make_table(connection: &Connection, table: &NewTable) -> Result<(), GeoPackageError> {
    let mut columns = vec!["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned()];
    columns.extend(table.kind.name().map(|geometry| format!("geom {geometry}")));
    for column in &table.columns {
        let content = match column.content {
            Content::Text => "TEXT",
            Content::Integer => "INTEGER",
            Content::Real => "DOUBLE",
            Content::Boolean => "BOOLEAN",
        };
        columns.push(format!("{} {content}", quoted(&column.name)));
    }
    let sql = format!(
        "CREATE TABLE {} ({})",
        quoted(&table.name),
        columns.join(", ")
    );
    connection
        .execute_batch(&sql)
        .map_err(database("making a table"))
}

fn put_rows(connection: &Connection, table: &NewTable) -> Result<(), GeoPackageError> {
    let multiple = table.kind != Kind::Point;
    let drawn = usize::from(table.kind != Kind::Attributes);
    let mut names = Vec::new();
    if drawn == 1 {
        names.push("geom".to_owned());
    }
    names.extend(table.columns.iter().map(|column| quoted(&column.name)));
    let places = vec!["?"; names.len()].join(", ");
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({places})",
        quoted(&table.name),
        names.join(", ")
    );
    let mut statement = connection.prepare(&sql).map_err(database("writing rows"))?;
    for (shape, values) in &table.rows {
        let shape = shape.as_ref().map(|shape| blob(shape, WGS84, multiple));
        let geometry: [&dyn ToSql; 1] = [&shape];
        let all = geometry
            .into_iter()
            .take(drawn)
            .chain(values.iter().map(|value| value as &dyn ToSql));
        statement
            .execute(params_from_iter(all))
            .map_err(database("writing a row"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geopackage::Reader;

    #[test]
    fn what_is_written_is_read_back() {
        let table = NewTable {
            name: "towns".to_owned(),
            title: "Towns".to_owned(),
            description: "invented".to_owned(),
            kind: Kind::Point,
            columns: vec![
                Column {
                    name: "na\"me".to_owned(),
                    content: Content::Text,
                },
                Column {
                    name: "population".to_owned(),
                    content: Content::Integer,
                },
            ],
            rows: vec![
                (
                    Some(Shape::Points(vec![[15.25, -4.25]])),
                    vec![Value::Text("É'wo".to_owned()), Value::Integer(7)],
                ),
                (None, vec![Value::Null, Value::Null]),
            ],
        };
        let bytes = write(&[table], 1_795_000_000_000).unwrap();
        let reader = Reader::open(&bytes).unwrap();
        let tables = reader.tables().unwrap();
        assert_eq!(tables[0].name, "towns");
        assert_eq!(tables[0].columns, ["fid", "na\"me", "population"]);
        assert_eq!((tables[0].rows, tables[0].system.code), (2, 4_326));
        let mut rows = Vec::new();
        reader
            .each(&tables[0], |values, shape| rows.push((values, shape)))
            .unwrap();
        assert_eq!(rows[0].0[1].as_deref(), Some("É'wo"));
        assert_eq!(rows[0].1, Some(Shape::Points(vec![[15.25, -4.25]])));
        assert_eq!(rows[1], (vec![Some("2".to_owned()), None, None], None));
    }

    #[test]
    fn what_is_no_package_is_refused() {
        assert!(
            Reader::open(b"nonsense")
                .and_then(|one| one.tables())
                .is_err()
        );
        let plain = Connection::open_in_memory().unwrap();
        plain.execute_batch("CREATE TABLE t (a)").unwrap();
        let mut plain = plain;
        let bytes = plain.serialize(MAIN_DB).unwrap().to_vec();
        let error = Reader::open(&bytes).unwrap().tables().unwrap_err();
        assert!(error.to_string().contains("gpkg_contents"), "{error}");
    }
}
