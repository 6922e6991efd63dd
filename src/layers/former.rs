//! Layers that were stored before electricity, coverage, roads and terrain were known: as JSON text.

use desserte_planning::layer::{Line, Mast, Place, Point, Region};
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{FORMAT, LayersError, SCHEMA, ZSTD_LEVEL, content, database};

/// A mast as it was: it had neither operator nor generation.
#[derive(Deserialize)]
struct FormerMast {
    name: Option<String>,
    position: desserte_planning::Position,
}

/// Brings both tables into today's form, whole or not at all. Nothing happens to a file that is in it.
pub(super) fn bring_forward(connection: &mut Connection) -> Result<(), LayersError> {
    let is_former: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'layers')
                AND NOT EXISTS (SELECT 1 FROM pragma_table_info('layers') WHERE name = 'format')",
            [],
            |row| row.get(0),
        )
        .map_err(database("reading"))?;
    if !is_former {
        return Ok(());
    }
    let transaction = connection.transaction().map_err(database("writing"))?;
    transaction
        .execute_batch(
            "ALTER TABLE layers RENAME TO former_layers;
             ALTER TABLE replaced RENAME TO former_replaced;",
        )
        .and_then(|()| transaction.execute_batch(SCHEMA))
        .map_err(database("bringing forward"))?;
    bring(
        &transaction,
        "SELECT NULL, kind, name, provenance, features, imported_unix_ms FROM former_layers",
        "INSERT INTO layers (kind, name, provenance, format, features, defects, imported_unix_ms)
             SELECT ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE ?1 IS NULL",
    )?;
    bring(
        &transaction,
        "SELECT import, kind, name, provenance, features, imported_unix_ms FROM former_replaced
             ORDER BY number",
        "INSERT INTO replaced (import, kind, name, provenance, format, features, defects,
             imported_unix_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    transaction
        .execute_batch("DROP TABLE former_layers; DROP TABLE former_replaced;")
        .map_err(database("bringing forward"))?;
    transaction.commit().map_err(database("bringing forward"))
}

fn bring(connection: &Connection, from: &str, to: &str) -> Result<(), LayersError> {
    let failed = || database("bringing forward");
    let mut statement = connection.prepare(from).map_err(failed())?;
    let mut rows = statement.query([]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        let import: Option<String> = row.get(0).map_err(failed())?;
        let (kind, name): (String, String) =
            (row.get(1).map_err(failed())?, row.get(2).map_err(failed())?);
        let provenance: Option<String> = row.get(3).map_err(failed())?;
        let text: Option<String> = row.get(4).map_err(failed())?;
        let at: Option<i64> = row.get(5).map_err(failed())?;
        let features = text.map(|text| packed(&kind, &text)).transpose();
        let features = features.map_err(|reason| content(&name, &reason))?;
        let format = features.as_ref().map(|_| FORMAT);
        let defects = features
            .as_ref()
            .map(|_| "{\"rows_read\":0,\"left_out\":0,\"refused\":{}}");
        connection
            .execute(
                to,
                params![
                    import, kind, name, provenance, format, features, defects, at
                ],
            )
            .map_err(failed())?;
    }
    Ok(())
}

/// The features in today's form.
fn packed(kind: &str, text: &str) -> Result<Vec<u8>, String> {
    match kind {
        "fibre_lines" => same::<Line>(text),
        "fibre_nodes" => same::<Point>(text),
        "places" => same::<Place>(text),
        "regions" => same::<Region>(text),
        "masts" => {
            let masts: Vec<FormerMast> =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            let masts = masts.into_iter().map(|mast| Mast {
                name: mast.name,
                position: mast.position,
                operator: None,
                generation: None,
            });
            pack(&masts.collect::<Vec<_>>())
        }
        other => Err(format!("{other} is no kind of layer")),
    }
}

fn same<F: Serialize + DeserializeOwned>(text: &str) -> Result<Vec<u8>, String> {
    let features: Vec<F> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    pack(&features)
}

fn pack<F: Serialize>(features: &[F]) -> Result<Vec<u8>, String> {
    let plain = postcard::to_stdvec(features).map_err(|error| error.to_string())?;
    zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(|error| error.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;

    /// A file as it was written before: one route, and masts that were imported once.
    pub(in crate::layers) fn write(file: &Path) {
        let connection = Connection::open(file).unwrap();
        connection
            .execute_batch(
                r#"CREATE TABLE layers (kind TEXT NOT NULL, name TEXT NOT NULL, provenance TEXT NOT NULL,
                    features TEXT NOT NULL, imported_unix_ms INTEGER NOT NULL,
                    PRIMARY KEY (kind, name)) STRICT;
                CREATE TABLE replaced (number INTEGER PRIMARY KEY AUTOINCREMENT, import TEXT NOT NULL UNIQUE,
                    kind TEXT NOT NULL, name TEXT NOT NULL, provenance TEXT, features TEXT,
                    imported_unix_ms INTEGER) STRICT;
                INSERT INTO layers VALUES ('masts', 'm',
                    '{"layer":"m","source":"s","licence":"l","date":"2026","uncertainty":"u"}',
                    '[{"name":"M","position":{"latitude":-4.0,"longitude":15.0}}]', 1);
                INSERT INTO layers VALUES ('fibre_lines', 'f',
                    '{"layer":"f","source":"s","licence":"l","date":"2026","uncertainty":"u"}',
                    '[{"name":null,"positions":[{"latitude":-4.0,"longitude":15.0},{"latitude":-3.0,"longitude":15.0}]}]', 1);
                INSERT INTO replaced (import, kind, name) VALUES ('i', 'masts', 'm');"#,
            )
            .unwrap();
    }
}
