//! The index: numbers of series and sites, and the journal position up to which all is sealed.

use std::{path::Path, sync::Arc};

use desserte_probe::report::{Family, Kind};
use rusqlite::{Connection, Row, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    database,
    store::{StoreError, migrate, samples::SeriesKey, signed, unsigned},
};

const SCHEMA: &str = include_str!("index.sql");
/// Raised whenever anything below the folder is written in another way: what an earlier version
/// wrote is then made again from the journal.
pub(super) const SCHEMA_VERSION: i64 = 3;

/// The index's file, open.
#[derive(Debug)]
pub(super) struct Index(Connection);

/// What the index holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) series: Vec<Arc<SeriesKey>>,
    pub(super) sites: Vec<String>,
    pub(super) position: u64,
}

/// Version of a file; 0 when it is new.
pub(super) fn version(path: &Path) -> Result<i64, StoreError> {
    database::open(path, "FULL")
        .and_then(|connection| {
            connection.pragma_query_value(None, "user_version", |row| row.get(0))
        })
        .map_err(StoreError::database("version of samples"))
}

impl Index {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection =
            database::open(path, "FULL").map_err(StoreError::database("open samples"))?;
        migrate(&mut connection, SCHEMA, SCHEMA_VERSION)?;
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
        Ok(Content {
            series: series.into_iter().map(|one| one.1).collect(),
            sites: sites.into_iter().map(|one| one.1).collect(),
            position,
        })
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

    /// Says up to where everything is sealed.
    pub(super) fn applied(&self, position: u64) -> Result<(), StoreError> {
        self.0
            .execute("UPDATE applied SET position = ?", [signed(position)])
            .map_err(StoreError::database("applied position"))
            .map(drop)
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
