//! Imported layers, kept beside the registry in a file of their own (`layers.sqlite`): they are
//! large, come from files that the ministry has, and can always be imported anew.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use desserte_planning::layer::{Layer, LayerKind, Layers, Provenance};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Serialize, de::DeserializeOwned};

/// Name of the file in the data folder.
const FILE: &str = "layers.sqlite";
/// Waiting for another process (an import beside a server), milliseconds.
const BUSY_MS: u32 = 10_000;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS layers (
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    provenance  TEXT NOT NULL, -- JSON
    features    TEXT NOT NULL, -- JSON
    imported_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT;
-- What stood in the place of a layer before an import, so that it can be taken back.
CREATE TABLE IF NOT EXISTS replaced (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    import      TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    provenance  TEXT, -- NULL: there was no such layer
    features    TEXT,
    imported_unix_ms INTEGER
) STRICT;
";

/// Keeps what stands in the place of a layer: import, kind, name.
const KEEP_REPLACED: &str = "
INSERT INTO replaced (import, kind, name, provenance, features, imported_unix_ms)
SELECT ?1, ?2, ?3, layers.provenance, layers.features, layers.imported_unix_ms
FROM (SELECT 1) LEFT JOIN layers ON layers.kind = ?2 AND layers.name = ?3
";

/// Why layers cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LayersError {
    /// The database.
    #[error("{operation} {FILE}: {source}")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// A layer that is stored cannot be read back.
    #[error("reading layer {name:?} of {FILE}: {source}")]
    Content {
        /// The layer.
        name: String,
        /// Why.
        source: serde_json::Error,
    },
    /// An import of a layer that cannot be taken back.
    #[error("taking back import {import} of {FILE}: {reason}")]
    NotRestorable {
        /// The import.
        import: String,
        /// Why.
        reason: &'static str,
    },
}

fn database(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> LayersError {
    move |source| LayersError::Database { operation, source }
}

/// The stored layers.
#[derive(Debug)]
pub struct LayerStore(Mutex<Connection>);

impl LayerStore {
    /// Opens or makes the file in a data folder.
    pub fn open(data: &Path) -> Result<Self, LayersError> {
        let connection = Connection::open(data.join(FILE)).map_err(database("opening"))?;
        connection
            .busy_timeout(std::time::Duration::from_millis(u64::from(BUSY_MS)))
            .map_err(database("opening"))?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(database("opening"))?;
        connection
            .execute_batch(SCHEMA)
            .map_err(database("making the tables of"))?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Stores layers in one transaction; one of the same kind and name is replaced.
    pub fn replace(&self, layers: &Layers, at_unix_ms: i64) -> Result<(), LayersError> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction().map_err(database("writing"))?;
        put_all(&transaction, layers, at_unix_ms)?;
        transaction.commit().map_err(database("writing"))
    }

    /// Stores layers of imports in one transaction, keeping what each replaces. An import holds one
    /// layer.
    pub fn import(&self, imports: &[(String, Layers)], at_unix_ms: i64) -> Result<(), LayersError> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction().map_err(database("writing"))?;
        for (import, layers) in imports {
            for layer in layers.uses() {
                let Some(provenance) = layer.provenance else {
                    continue;
                };
                transaction
                    .execute(
                        KEEP_REPLACED,
                        params![import, layer.kind.code(), provenance.layer],
                    )
                    .map_err(database("writing"))?;
            }
            put_all(&transaction, layers, at_unix_ms)?;
        }
        transaction.commit().map_err(database("writing"))
    }

    /// Puts back what an import replaced; only the last import of a layer can be taken back.
    pub fn restore(&self, import: &str) -> Result<(), LayersError> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction().map_err(database("writing"))?;
        let refused = |reason| LayersError::NotRestorable {
            import: import.to_owned(),
            reason,
        };
        let found: Option<(i64, bool)> = transaction
            .query_row(
                "SELECT number, EXISTS (SELECT 1 FROM replaced AS later
                     WHERE later.kind = replaced.kind AND later.name = replaced.name
                     AND later.number > replaced.number)
                 FROM replaced WHERE import = ?1",
                [import],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(database("reading"))?;
        let (number, superseded) = found.ok_or_else(|| refused("it is not known here"))?;
        if superseded {
            return Err(refused("the layer was imported again since"));
        }
        for step in [
            "DELETE FROM layers WHERE (kind, name) IN
                 (SELECT kind, name FROM replaced WHERE number = ?1)",
            "INSERT INTO layers SELECT kind, name, provenance, features, imported_unix_ms
                 FROM replaced WHERE number = ?1 AND features IS NOT NULL",
            "DELETE FROM replaced WHERE number = ?1",
        ] {
            transaction
                .execute(step, [number])
                .map_err(database("writing"))?;
        }
        transaction.commit().map_err(database("writing"))
    }

    /// All layers.
    pub fn read(&self) -> Result<Layers, LayersError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Layers {
            fibre_lines: take(&connection, LayerKind::FibreLines)?,
            fibre_nodes: take(&connection, LayerKind::FibreNodes)?,
            masts: take(&connection, LayerKind::Masts)?,
            places: take(&connection, LayerKind::Places)?,
            regions: take(&connection, LayerKind::Regions)?,
        })
    }

    /// A number that changes when another process has written.
    pub fn version(&self) -> Result<i64, LayersError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(database("asking the version of"))
    }
}

fn put_all(connection: &Connection, layers: &Layers, at: i64) -> Result<(), LayersError> {
    put(connection, LayerKind::FibreLines, &layers.fibre_lines, at)?;
    put(connection, LayerKind::FibreNodes, &layers.fibre_nodes, at)?;
    put(connection, LayerKind::Masts, &layers.masts, at)?;
    put(connection, LayerKind::Places, &layers.places, at)?;
    put(connection, LayerKind::Regions, &layers.regions, at)
}

fn put<F: Serialize>(
    connection: &Connection,
    kind: LayerKind,
    layers: &[Layer<F>],
    at_unix_ms: i64,
) -> Result<(), LayersError> {
    for layer in layers {
        let name = &layer.provenance.layer;
        let content = |source| LayersError::Content {
            name: name.clone(),
            source,
        };
        let provenance = serde_json::to_string(&layer.provenance).map_err(content)?;
        let features = serde_json::to_string(&layer.features).map_err(content)?;
        connection
            .execute(
                "INSERT OR REPLACE INTO layers VALUES (?1, ?2, ?3, ?4, ?5)",
                params![kind.code(), name, provenance, features, at_unix_ms],
            )
            .map_err(database("writing"))?;
    }
    Ok(())
}

fn take<F: DeserializeOwned>(
    connection: &Connection,
    kind: LayerKind,
) -> Result<Vec<Layer<F>>, LayersError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT name, provenance, features FROM layers WHERE kind = ?1 ORDER BY name",
        )
        .map_err(database("reading"))?;
    let rows = statement
        .query_map([kind.code()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .map_err(database("reading"))?;
    let mut layers = Vec::new();
    for row in rows {
        let (name, provenance, features): (String, String, String) =
            row.map_err(database("reading"))?;
        let content = |source| LayersError::Content {
            name: name.clone(),
            source,
        };
        let provenance: Provenance = serde_json::from_str(&provenance).map_err(content)?;
        let features = serde_json::from_str(&features).map_err(content)?;
        layers.push(Layer {
            provenance,
            features,
        });
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_planning::Position;
    use desserte_planning::layer::Point;

    #[test]
    fn layers_come_back_and_are_replaced_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = LayerStore::open(folder.path()).unwrap();
        let masts = |count: usize| Layers {
            masts: vec![Layer {
                provenance: Provenance {
                    layer: "masts".to_owned(),
                    source: "invented".to_owned(),
                    licence: "none".to_owned(),
                    date: "2026".to_owned(),
                    uncertainty: "invented".to_owned(),
                },
                features: vec![
                    Point {
                        name: None,
                        position: Position::new(-4.25, 15.25).unwrap(),
                    };
                    count
                ],
            }],
            ..Layers::default()
        };
        store.replace(&masts(3), 1).unwrap();
        store.replace(&masts(2), 2).unwrap();
        assert_eq!(store.read().unwrap(), masts(2));
        let other = LayerStore::open(folder.path()).unwrap();
        let before = store.version().unwrap();
        other.replace(&masts(1), 3).unwrap();
        assert_ne!(store.version().unwrap(), before);
        assert_eq!(store.read().unwrap(), masts(1));
    }

    #[test]
    fn the_last_import_of_a_layer_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = LayerStore::open(folder.path()).unwrap();
        let places = |count: usize| Layers {
            places: vec![Layer {
                provenance: Provenance {
                    layer: "towns".to_owned(),
                    source: "invented".to_owned(),
                    licence: "none".to_owned(),
                    date: "2026".to_owned(),
                    uncertainty: "invented".to_owned(),
                },
                features: vec![
                    desserte_planning::layer::Place {
                        name: None,
                        position: Position::new(-4.25, 15.25).unwrap(),
                        population: None,
                    };
                    count
                ],
            }],
            ..Layers::default()
        };
        store.import(&[("a".to_owned(), places(1))], 1).unwrap();
        store.import(&[("b".to_owned(), places(2))], 2).unwrap();
        assert!(store.restore("a").is_err(), "b came after it");
        assert!(store.restore("c").is_err());
        store.restore("b").unwrap();
        assert_eq!(store.read().unwrap(), places(1));
        assert!(store.restore("b").is_err(), "twice");
        store.restore("a").unwrap();
        assert_eq!(store.read().unwrap(), Layers::default());
    }
}
