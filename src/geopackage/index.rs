//! The spatial index of a table (OGC 12-128r18, annex F.3, `gpkg_rtree_index`): a map program that
//! shows a corner of a country reads that corner.

use rusqlite::{Connection, params};

use super::read::quoted;
use super::{GeoPackageError, NewTable, database};

/// The column of geometries of every table of ours.
const COLUMN: &str = "geom";

/// Makes the index of a table whose rows are written, numbered from 1, and what keeps it true when
/// another program changes the table.
pub(super) fn make(connection: &Connection, table: &NewTable) -> Result<(), GeoPackageError> {
    let name = quoted(&format!("rtree_{}_{COLUMN}", table.name));
    connection
        .execute(
            "INSERT INTO gpkg_extensions VALUES (?1, ?2, 'gpkg_rtree_index',
                 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
            [&table.name, COLUMN],
        )
        .map_err(database("writing the extensions"))?;
    connection
        .execute_batch(&format!(
            "CREATE VIRTUAL TABLE {name} USING rtree(id, minx, maxx, miny, maxy)"
        ))
        .map_err(database("making an index"))?;
    let insert = format!("INSERT INTO {name} VALUES (?1, ?2, ?3, ?4, ?5)");
    let mut statement = connection
        .prepare(&insert)
        .map_err(database("filling an index"))?;
    for (number, (shape, _)) in (1_i64..).zip(&table.rows) {
        let bounds = shape.as_ref().and_then(super::Shape::bounds);
        if let Some([west, south, east, north]) = bounds {
            statement
                .execute(params![number, west, east, south, north])
                .map_err(database("filling an index"))?;
        }
    }
    connection
        .execute_batch(&triggers(&table.name, &name))
        .map_err(database("making the triggers of an index"))
}

/// What the standard prescribes for changes, event by event. The functions are those of the program
/// that makes the change.
fn triggers(table: &str, index: &str) -> String {
    let there = format!("(NEW.{COLUMN} NOTNULL AND NOT ST_IsEmpty(NEW.{COLUMN}))");
    let gone = format!("(NEW.{COLUMN} ISNULL OR ST_IsEmpty(NEW.{COLUMN}))");
    let corners = ["ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"];
    let corners = corners.map(|function| format!("{function}(NEW.{COLUMN})"));
    let put = format!(
        "INSERT OR REPLACE INTO {index} VALUES (NEW.fid, {});",
        corners.join(", ")
    );
    let drop_old = format!("DELETE FROM {index} WHERE id = OLD.fid;");
    let drop_both = format!("DELETE FROM {index} WHERE id IN (OLD.fid, NEW.fid);");
    let of = format!("UPDATE OF {COLUMN}");
    let same = "OLD.fid = NEW.fid AND ";
    let moved = "OLD.fid != NEW.fid AND ";
    let events = [
        ("insert", "INSERT", there.clone(), put.clone()),
        ("update1", &of, format!("{same}{there}"), put.clone()),
        ("update2", &of, format!("{same}{gone}"), drop_old.clone()),
        (
            "update3",
            "UPDATE",
            format!("{moved}{there}"),
            format!("{drop_old} {put}"),
        ),
        ("update4", "UPDATE", format!("{moved}{gone}"), drop_both),
        (
            "delete",
            "DELETE",
            format!("OLD.{COLUMN} NOTNULL"),
            drop_old.clone(),
        ),
    ];
    let triggers = events.map(|(name, event, when, then)| {
        let trigger = quoted(&format!("rtree_{table}_{COLUMN}_{name}"));
        let table = quoted(table);
        format!("CREATE TRIGGER {trigger} AFTER {event} ON {table} WHEN {when} BEGIN {then} END;\n")
    });
    triggers.concat()
}
