//! Imported layers, kept beside the registry in a file of their own (`layers.sqlite`): they are
//! large, come from files that the ministry has, and can always be imported anew.

mod former;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use desserte_planning::layer::{Layer, LayerKind, Layers};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::import::report::Refusals;

/// Name of the file in the data folder.
const FILE: &str = "layers.sqlite";
/// Waiting for another process (an import beside a server), milliseconds.
const BUSY_MS: u32 = 10_000;

/// How features are kept: postcard, compressed with zstd. Another number is another program's.
const FORMAT: i64 = 2;
/// How hard features are compressed: the fastest level that halves heights.
const ZSTD_LEVEL: i32 = 3;
/// Most bytes of one layer's features once unpacked.
const FEATURES_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS layers (
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    provenance  TEXT NOT NULL, -- JSON
    format      INTEGER NOT NULL,
    features    BLOB NOT NULL,
    defects     TEXT NOT NULL, -- JSON
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
    format      INTEGER,
    features    BLOB,
    defects     TEXT,
    imported_unix_ms INTEGER
) STRICT;
";

/// Keeps what stands in the place of a layer: import, kind, name.
const KEEP_REPLACED: &str = "
INSERT INTO replaced (import, kind, name, provenance, format, features, defects, imported_unix_ms)
SELECT ?1, ?2, ?3, layers.provenance, layers.format, layers.features, layers.defects,
    layers.imported_unix_ms
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
    #[error("reading layer {name:?} of {FILE}: {reason}; import it again")]
    Content {
        /// The layer.
        name: String,
        /// Why.
        reason: String,
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

/// What became of the rows of a layer's file; kept beside the layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defects {
    /// Rows or features of the file.
    pub rows_read: usize,
    /// Those that the manifest's filters left out.
    pub left_out: usize,
    /// Those that were refused, by the code of the reason.
    pub refused: BTreeMap<String, usize>,
}

impl Defects {
    /// What an import found.
    #[must_use]
    pub fn of(rows_read: usize, left_out: usize, refused: &Refusals) -> Self {
        let by_reason = refused.rows_by_reason.iter();
        Self {
            rows_read,
            left_out,
            refused: by_reason
                .map(|(code, rows)| ((*code).to_owned(), rows.count()))
                .collect(),
        }
    }
}

/// One layer that is to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Identifier of the import.
    pub import: String,
    /// The layer, alone in its kind.
    pub layers: Layers,
    /// What became of its file's rows.
    pub defects: Defects,
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
        let mut connection = Connection::open(data.join(FILE)).map_err(database("opening"))?;
        connection
            .busy_timeout(std::time::Duration::from_millis(u64::from(BUSY_MS)))
            .map_err(database("opening"))?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(database("opening"))?;
        former::bring_forward(&mut connection)?;
        connection
            .execute_batch(SCHEMA)
            .map_err(database("making the tables of"))?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Stores layers in one transaction; one of the same kind and name is replaced.
    pub fn replace(&self, layers: &Layers, at_unix_ms: i64) -> Result<(), LayersError> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction().map_err(database("writing"))?;
        put_all(&transaction, layers, (&Defects::default(), at_unix_ms))?;
        transaction.commit().map_err(database("writing"))
    }

    /// Stores layers of imports in one transaction, keeping what each replaces. An import holds one
    /// layer.
    pub fn import(&self, imports: &[Imported], at_unix_ms: i64) -> Result<(), LayersError> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction().map_err(database("writing"))?;
        for one in imports {
            for layer in one.layers.uses() {
                let Some(provenance) = layer.provenance else {
                    continue;
                };
                transaction
                    .execute(
                        KEEP_REPLACED,
                        params![one.import, layer.kind.code(), provenance.layer],
                    )
                    .map_err(database("writing"))?;
            }
            put_all(&transaction, &one.layers, (&one.defects, at_unix_ms))?;
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
            "INSERT INTO layers
                 SELECT kind, name, provenance, format, features, defects, imported_unix_ms
                 FROM replaced WHERE number = ?1 AND features IS NOT NULL",
            "DELETE FROM replaced WHERE number = ?1",
        ] {
            transaction
                .execute(step, [number])
                .map_err(database("writing"))?;
        }
        transaction.commit().map_err(database("writing"))
    }

    /// All layers, by name; of the regions, which several layers may draw over one another, those
    /// that were imported last come first.
    pub fn read(&self) -> Result<Layers, LayersError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Layers {
            fibre_lines: take(&connection, LayerKind::FibreLines)?,
            fibre_nodes: take(&connection, LayerKind::FibreNodes)?,
            masts: take(&connection, LayerKind::Masts)?,
            coverage: take(&connection, LayerKind::Coverage)?,
            roads: take(&connection, LayerKind::Roads)?,
            terrain: take(&connection, LayerKind::Terrain)?,
            power_lines: take(&connection, LayerKind::PowerLines)?,
            power_nodes: take(&connection, LayerKind::PowerNodes)?,
            places: take(&connection, LayerKind::Places)?,
            regions: take(&connection, LayerKind::Regions)?,
        })
    }

    /// What became of the rows of each layer's file, by kind and name.
    pub fn defects(&self) -> Result<BTreeMap<(String, String), Defects>, LayersError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection
            .prepare_cached("SELECT kind, name, defects FROM layers")
            .map_err(database("reading"))?;
        let rows = statement
            .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))
            .map_err(database("reading"))?;
        let mut defects = BTreeMap::new();
        for row in rows {
            let (key, text): ((String, String), String) = row.map_err(database("reading"))?;
            let read = serde_json::from_str(&text).map_err(|error| content(&key.1, &error))?;
            defects.insert(key, read);
        }
        Ok(defects)
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

fn content(name: &str, reason: &dyn std::fmt::Display) -> LayersError {
    LayersError::Content {
        name: name.to_owned(),
        reason: reason.to_string(),
    }
}

/// Where the rows came from, and when.
type Origin<'d> = (&'d Defects, i64);

fn put_all(connection: &Connection, layers: &Layers, of: Origin<'_>) -> Result<(), LayersError> {
    put(connection, LayerKind::FibreLines, &layers.fibre_lines, of)?;
    put(connection, LayerKind::FibreNodes, &layers.fibre_nodes, of)?;
    put(connection, LayerKind::Masts, &layers.masts, of)?;
    put(connection, LayerKind::Coverage, &layers.coverage, of)?;
    put(connection, LayerKind::Roads, &layers.roads, of)?;
    put(connection, LayerKind::Terrain, &layers.terrain, of)?;
    put(connection, LayerKind::PowerLines, &layers.power_lines, of)?;
    put(connection, LayerKind::PowerNodes, &layers.power_nodes, of)?;
    put(connection, LayerKind::Places, &layers.places, of)?;
    put(connection, LayerKind::Regions, &layers.regions, of)
}

fn put<F: Serialize>(
    connection: &Connection,
    kind: LayerKind,
    layers: &[Layer<F>],
    (defects, at_unix_ms): Origin<'_>,
) -> Result<(), LayersError> {
    for layer in layers {
        let name = &layer.provenance.layer;
        let failed = |error: serde_json::Error| content(name, &error);
        let provenance = serde_json::to_string(&layer.provenance).map_err(failed)?;
        let defects = serde_json::to_string(defects).map_err(failed)?;
        let plain = postcard::to_stdvec(&layer.features).map_err(|error| content(name, &error))?;
        let features =
            zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(|error| content(name, &error))?;
        connection
            .execute(
                "INSERT OR REPLACE INTO layers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    kind.code(),
                    name,
                    provenance,
                    FORMAT,
                    features,
                    defects,
                    at_unix_ms
                ],
            )
            .map_err(database("writing"))?;
    }
    Ok(())
}

fn take<F: DeserializeOwned>(
    connection: &Connection,
    kind: LayerKind,
) -> Result<Vec<Layer<F>>, LayersError> {
    let newest_first = kind == LayerKind::Regions;
    let mut statement = connection
        .prepare_cached(
            "SELECT name, provenance, format, features FROM layers WHERE kind = ?1
                 ORDER BY CASE WHEN ?2 THEN -imported_unix_ms ELSE 0 END, name",
        )
        .map_err(database("reading"))?;
    let mut rows = statement
        .query(params![kind.code(), newest_first])
        .map_err(database("reading"))?;
    let mut layers = Vec::new();
    while let Some(row) = rows.next().map_err(database("reading"))? {
        let name: String = row.get(0).map_err(database("reading"))?;
        let provenance: String = row.get(1).map_err(database("reading"))?;
        let format: i64 = row.get(2).map_err(database("reading"))?;
        if format != FORMAT {
            return Err(content(
                &name,
                &format!("its features are in format {format}"),
            ));
        }
        let packed = row
            .get_ref(3)
            .and_then(|features| Ok(features.as_blob()?))
            .map_err(database("reading"))?;
        layers.push(Layer {
            provenance: serde_json::from_str(&provenance)
                .map_err(|error| content(&name, &error))?,
            features: unpacked(packed).map_err(|reason| content(&name, &reason))?,
        });
    }
    Ok(layers)
}

/// Features as they were before they were stored.
fn unpacked<F: DeserializeOwned>(packed: &[u8]) -> Result<Vec<F>, String> {
    let decoder = zstd::stream::read::Decoder::new(packed).map_err(|error| error.to_string())?;
    let mut plain = Vec::new();
    let limit = FEATURES_BYTES_MAX as u64;
    decoder
        .take(limit + 1)
        .read_to_end(&mut plain)
        .map_err(|error| error.to_string())?;
    if plain.len() > FEATURES_BYTES_MAX {
        return Err(format!(
            "more than {FEATURES_BYTES_MAX} bytes once unpacked"
        ));
    }
    postcard::from_bytes(&plain).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_planning::Position;
    use desserte_planning::layer::{Mast, Provenance};

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
                    uncertainty_class: desserte_planning::layer::UncertaintyClass::Unknown,
                },
                features: vec![
                    Mast {
                        name: None,
                        position: Position::new(-4.25, 15.25).unwrap(),
                        operator: None,
                        generation: None,
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
                    uncertainty_class: desserte_planning::layer::UncertaintyClass::Unknown,
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
        let import = |import: &str, layers| Imported {
            import: import.to_owned(),
            layers,
            defects: Defects {
                rows_read: 3,
                left_out: 0,
                refused: BTreeMap::from([("null_island".to_owned(), 1)]),
            },
        };
        store.import(&[import("a", places(1))], 1).unwrap();
        store.import(&[import("b", places(2))], 2).unwrap();
        let key = ("places".to_owned(), "towns".to_owned());
        assert_eq!(store.defects().unwrap()[&key].refused["null_island"], 1);
        assert!(store.restore("a").is_err(), "b came after it");
        assert!(store.restore("c").is_err());
        store.restore("b").unwrap();
        assert_eq!(store.read().unwrap(), places(1));
        assert!(store.restore("b").is_err(), "twice");
        store.restore("a").unwrap();
        assert_eq!(store.read().unwrap(), Layers::default());
    }

    #[test]
    fn layers_of_the_former_format_are_kept_with_what_they_replaced() {
        let folder = tempfile::tempdir().unwrap();
        former::tests::write(&folder.path().join(FILE));
        let store = LayerStore::open(folder.path()).unwrap();
        let layers = store.read().unwrap();
        assert_eq!(layers.masts[0].features[0].name.as_deref(), Some("M"));
        assert_eq!(layers.fibre_lines[0].features[0].positions.len(), 2);
        store.restore("i").unwrap();
        assert!(
            store.read().unwrap().masts.is_empty(),
            "the first import of it"
        );
        drop(store);
        assert_eq!(
            LayerStore::open(folder.path())
                .unwrap()
                .read()
                .unwrap()
                .fibre_lines
                .len(),
            1
        );
    }
}
