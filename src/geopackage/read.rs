//! Reading.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, MAIN_DB};

use super::geometry::{self, Shape};
use super::{GeoPackageError, database};

/// Where the header of a database says in which journal mode it was left (its format, 1.3.3).
const WRITE_VERSION: usize = 18;
/// What stands there in write-ahead mode, and what otherwise.
const WAL: u8 = 2;
const LEGACY: u8 = 1;

/// A GeoPackage in memory.
pub struct Reader(Connection);

/// A coordinate system as the package describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// Who numbers it.
    pub organization: String,
    /// Its number there.
    pub code: u32,
    /// Its definition in well-known text.
    pub definition: String,
}

/// A table of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureTable {
    /// Its name.
    pub name: String,
    /// Columns but that of the geometry.
    pub columns: Vec<String>,
    /// The column of the geometry.
    pub geometry: String,
    /// The coordinate system.
    pub system: System,
    /// How many rows.
    pub rows: usize,
}

impl Reader {
    /// Takes the bytes of a file. One that was left in write-ahead mode is read as it is: what waits
    /// beside it in another file did not come along.
    pub fn open(bytes: &[u8]) -> Result<Self, GeoPackageError> {
        let mut header = bytes.to_vec();
        for place in [WRITE_VERSION, WRITE_VERSION + 1] {
            if let Some(version) = header.get_mut(place).filter(|version| **version == WAL) {
                *version = LEGACY;
            }
        }
        let mut connection = Connection::open_in_memory().map_err(database("opening"))?;
        connection
            .deserialize_read_exact(MAIN_DB, header.as_slice(), header.len(), true)
            .map_err(database("opening"))?;
        // A foreign schema may name functions with effects; none of them runs.
        connection
            .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;")
            .map_err(database("opening"))?;
        Ok(Self(connection))
    }

    /// Its tables of features, in the order of their contents.
    pub fn tables(&self) -> Result<Vec<FeatureTable>, GeoPackageError> {
        let mut statement = self
            .0
            .prepare(
                "SELECT c.table_name, g.column_name, s.organization, s.organization_coordsys_id,
                        s.definition
                 FROM gpkg_contents AS c
                 JOIN gpkg_geometry_columns AS g ON g.table_name = c.table_name
                 JOIN gpkg_spatial_ref_sys AS s ON s.srs_id = g.srs_id
                 WHERE c.data_type = 'features' ORDER BY c.rowid",
            )
            .map_err(database("reading the contents"))?;
        let rows = statement
            .query_map([], |row| {
                let code: i64 = row.get(3)?;
                Ok(FeatureTable {
                    name: row.get(0)?,
                    columns: Vec::new(),
                    geometry: row.get(1)?,
                    system: System {
                        organization: row.get(2)?,
                        code: u32::try_from(code).unwrap_or(0),
                        definition: row.get(4)?,
                    },
                    rows: 0,
                })
            })
            .map_err(database("reading the contents"))?;
        let mut tables = Vec::new();
        for row in rows {
            let mut table = row.map_err(database("reading the contents"))?;
            self.describe(&mut table)?;
            tables.push(table);
        }
        if tables.is_empty() {
            return Err(GeoPackageError::NoFeatures);
        }
        Ok(tables)
    }

    fn describe(&self, table: &mut FeatureTable) -> Result<(), GeoPackageError> {
        let failed = || database("reading the columns");
        let mut statement = self
            .0
            .prepare("SELECT name FROM pragma_table_info(?1)")
            .map_err(failed())?;
        let names = statement
            .query_map([&table.name], |row| row.get::<_, String>(0))
            .map_err(failed())?;
        for name in names {
            let name = name.map_err(failed())?;
            if name != table.geometry {
                table.columns.push(name);
            }
        }
        let count = format!("SELECT count(*) FROM {}", quoted(&table.name));
        let rows: i64 = self
            .0
            .query_row(&count, [], |row| row.get(0))
            .map_err(database("counting the rows"))?;
        table.rows = usize::try_from(rows).unwrap_or(usize::MAX);
        Ok(())
    }

    /// Calls with each row: what its columns say (blobs say nothing), and what it draws.
    pub fn each(
        &self,
        table: &FeatureTable,
        mut take: impl FnMut(Vec<Option<String>>, Option<Shape>),
    ) -> Result<(), GeoPackageError> {
        let mut names: Vec<String> = table.columns.iter().map(|name| quoted(name)).collect();
        names.push(quoted(&table.geometry));
        let query = format!("SELECT {} FROM {}", names.join(", "), quoted(&table.name));
        let mut statement = self
            .0
            .prepare(&query)
            .map_err(database("reading the rows"))?;
        let mut rows = statement.query([]).map_err(database("reading the rows"))?;
        let mut number = 0;
        while let Some(row) = rows.next().map_err(database("reading the rows"))? {
            number += 1;
            let values = (0..table.columns.len())
                .map(|column| row.get_ref(column).map(text))
                .collect::<Result<Vec<_>, _>>()
                .map_err(database("reading a row"))?;
            let shape = row
                .get_ref(table.columns.len())
                .map_err(database("reading a geometry"))?;
            let shape = match shape {
                ValueRef::Blob(blob) => geometry::parse(blob),
                ValueRef::Null => Ok(None),
                _ => Err("a geometry is no blob"),
            };
            let shape = shape.map_err(|reason| GeoPackageError::Geometry {
                table: table.name.clone(),
                row: number,
                reason,
            })?;
            take(values, shape);
        }
        Ok(())
    }
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
    }
}

/// A name of SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
