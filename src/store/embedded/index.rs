//! The index: numbers of series and sites, rows that wait for their chunks, and the journal position up to
//! which all is written down.

use std::{collections::HashMap, path::Path, sync::Arc};

use desserte_probe::report::{Family, Kind};
use rusqlite::{Connection, Row, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{fresh::Fresh, recent};
use crate::{
    database,
    store::{StoreError, migrate, samples::SeriesKey, signed, unsigned},
};

const SCHEMA: &str = concat!(include_str!("index.sql"), include_str!("index-4.sql"));
/// Raised whenever anything below the folder is written in another way.
pub(super) const SCHEMA_VERSION: i64 = 4;
/// The earliest version that is brought up to the present one, by the tables that it lacks; what is earlier is
/// made again from the journal.
pub(super) const EARLIEST_VERSION: i64 = 3;
const SINCE_4: &str = include_str!("index-4.sql");

/// The index's file, open.
#[derive(Debug)]
pub(super) struct Index(Connection);

/// What the index holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) series: Vec<Arc<SeriesKey>>,
    pub(super) sites: Vec<String>,
    pub(super) position: u64,
    /// What waits for its chunks, the earlier first.
    pub(super) recent: Vec<Fresh>,
    /// When series began of which months were let go, Unix milliseconds.
    pub(super) first: HashMap<i64, i64>,
}

/// Version of a file; 0 when it is new.
pub(super) fn version(path: &Path) -> Result<i64, StoreError> {
    database::open(path, "FULL")
        .and_then(|connection| found(&connection))
        .map_err(StoreError::database("version of samples"))
}

/// Brings a file to the present version: a new one by its schema, one of [`EARLIEST_VERSION`] by what it lacks.
pub(super) fn bring_up(
    connection: &mut Connection,
    schema: &str,
    since: &str,
) -> Result<(), StoreError> {
    if (EARLIEST_VERSION..SCHEMA_VERSION).contains(&known_version(connection)?) {
        let failed = StoreError::database("bring samples up to the present version");
        let transaction = connection.transaction().map_err(&failed)?;
        transaction
            .execute_batch(since)
            .and_then(|()| transaction.pragma_update(None, "user_version", SCHEMA_VERSION))
            .and_then(|()| transaction.commit())
            .map_err(&failed)?;
    }
    migrate(connection, schema, SCHEMA_VERSION)
}

/// Version of an open file, which must not be later than the present one.
pub(super) fn known_version(connection: &Connection) -> Result<i64, StoreError> {
    let found = found(connection).map_err(StoreError::database("version of samples"))?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer {
            file: connection.path().unwrap_or_default().into(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    Ok(found)
}

fn found(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

impl Index {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::database("open samples");
        let mut connection = database::open(path, "FULL").map_err(failed)?;
        bring_up(&mut connection, SCHEMA, SINCE_4)?;
        Ok(Self(connection))
    }

    /// Opens the index of a folder that another process may be filling: nothing is changed in it.
    pub(super) fn open_reading(path: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::database("open samples");
        let connection = database::open(path, "FULL").map_err(failed)?;
        known_version(&connection)?;
        Ok(Self(connection))
    }

    pub(super) fn read(&self) -> Result<Content, StoreError> {
        let failed = StoreError::database("read index of samples");
        let series: Vec<(i64, Arc<SeriesKey>)> =
            self.list("SELECT * FROM series ORDER BY id", key)?;
        let sites: Vec<(i64, String)> =
            self.list("SELECT * FROM site ORDER BY id", |row| row.get("name"))?;
        for (expected, id) in (1..)
            .zip(series.iter().map(|one| one.0))
            .chain((1..).zip(sites.iter().map(|one| one.0)))
        {
            if id != expected {
                return Err(StoreError::damaged(
                    "index of samples",
                    "a number is missing",
                ));
            }
        }
        let position = self
            .0
            .query_row("SELECT position FROM applied", [], |row| row.get(0))
            .map(unsigned)
            .map_err(failed)?;
        let sites: Vec<String> = sites.into_iter().map(|one| one.1).collect();
        Ok(Content {
            series: series.into_iter().map(|one| one.1).collect(),
            recent: self.recent(&sites)?,
            first: self.first()?,
            sites,
            position,
        })
    }

    /// An index that a program of before still fills has not all tables.
    fn is_earlier(&self) -> Result<bool, StoreError> {
        let found = found(&self.0).map_err(StoreError::database("version of samples"))?;
        Ok(found < SCHEMA_VERSION)
    }

    fn first(&self) -> Result<HashMap<i64, i64>, StoreError> {
        if self.is_earlier()? {
            return Ok(HashMap::new());
        }
        let found = self.list("SELECT series AS id, time_unix_ms FROM first", |row| {
            row.get("time_unix_ms")
        });
        Ok(found?.into_iter().collect())
    }

    /// Notes when series began of which a month is let go; what is noted already stays.
    pub(super) fn note_first(&mut self, first: &[(i64, i64)]) -> Result<(), StoreError> {
        let failed = StoreError::database("note the beginnings of series");
        let transaction = self.0.transaction().map_err(&failed)?;
        for (series, at) in first {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO first VALUES (?, ?)")
                .and_then(|mut statement| statement.execute([series, at]))
                .map_err(&failed)?;
        }
        transaction.commit().map_err(failed)
    }

    fn recent(&self, sites: &[String]) -> Result<Vec<Fresh>, StoreError> {
        if self.is_earlier()? {
            return Ok(Vec::new());
        }
        let bodies: Vec<(i64, Vec<u8>)> = self
            .list("SELECT id, body FROM recent ORDER BY id", |row| {
                row.get("body")
            })?;
        let parts = bodies.iter();
        parts.map(|(_, body)| recent::read(body, sites)).collect()
    }

    fn list<T>(
        &self,
        query: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<(i64, T)>, StoreError> {
        self.0
            .prepare(query)
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok((row.get("id")?, read(row)?)))?
                    .collect()
            })
            .map_err(StoreError::database("read index of samples"))
    }

    /// Writes new series and sites down, the first of each under the number given.
    pub(super) fn add(
        &mut self,
        (first_series, series): (i64, &[Arc<SeriesKey>]),
        (first_site, sites): (i64, &[String]),
    ) -> Result<(), StoreError> {
        if series.is_empty() && sites.is_empty() {
            return Ok(());
        }
        let failed = StoreError::database("add series");
        let transaction = self.0.transaction().map_err(&failed)?;
        for (id, key) in (first_series..).zip(series) {
            let family = key.family.map(|family| text(&family)).transpose()?;
            transaction
                .prepare_cached("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
                .and_then(|mut statement| {
                    statement.execute(params![
                        id,
                        key.site,
                        key.agent.to_string(),
                        key.target,
                        text(&key.kind).unwrap_or_default(),
                        key.slot_seconds,
                        key.line,
                        family
                    ])
                })
                .map_err(&failed)?;
        }
        for (id, name) in (first_site..).zip(sites) {
            transaction
                .prepare_cached("INSERT INTO site VALUES (?, ?)")
                .and_then(|mut statement| statement.execute(params![id, name]))
                .map_err(&failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// Writes down what waits, and that it is there up to a position.
    pub(super) fn keep(&mut self, position: u64, fresh: &Fresh) -> Result<(), StoreError> {
        self.applied(position, fresh, "")
    }

    /// Says that everything up to a position is in chunks but for what is `left`, which waits on.
    pub(super) fn sealed(&mut self, position: u64, left: &Fresh) -> Result<(), StoreError> {
        self.applied(position, left, "DELETE FROM recent")
    }

    fn applied(&mut self, position: u64, waits: &Fresh, before: &str) -> Result<(), StoreError> {
        let failed = StoreError::database("applied position");
        let body = (waits.weight > 0)
            .then(|| recent::body(waits))
            .transpose()?;
        let transaction = self.0.transaction().map_err(&failed)?;
        transaction.execute_batch(before).map_err(&failed)?;
        if let Some(body) = body {
            transaction
                .execute("INSERT INTO recent (body) VALUES (?)", [body])
                .map_err(&failed)?;
        }
        transaction
            .execute("UPDATE applied SET position = ?", [signed(position)])
            .map_err(&failed)?;
        transaction.commit().map_err(failed)
    }
}

fn key(row: &Row<'_>) -> rusqlite::Result<Arc<SeriesKey>> {
    let (agent, kind): (String, String) = (row.get("agent")?, row.get("kind")?);
    let family: Option<String> = row.get("family")?;
    Ok(Arc::new(SeriesKey {
        site: row.get("site")?,
        agent: agent.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
        target: row.get("target")?,
        kind: from_text::<Kind>(kind)?,
        slot_seconds: row.get("slot_seconds")?,
        line: row.get("line")?,
        family: family.map(from_text::<Family>).transpose()?,
    }))
}

/// The text of a unit variant, as on the wire.
fn text(value: &impl Serialize) -> Result<String, StoreError> {
    let text =
        serde_json::to_string(value).map_err(|error| StoreError::damaged("series", error))?;
    Ok(text.trim_matches('"').to_owned())
}

fn from_text<T: DeserializeOwned>(text: String) -> rusqlite::Result<T> {
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|_| rusqlite::Error::InvalidQuery)
}
