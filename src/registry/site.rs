//! Sites and their dated versions.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{
    Registry, RegistryError,
    error::{database, missing},
    fold,
};

/// Longest chain of merges that is followed; merging into a merged site is refused, so chains grow
/// only when the survivor is merged later.
pub(super) const MERGES_MAX: usize = 16;

/// Whether a site exists in the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteStatus {
    /// In service.
    Open,
    /// No longer.
    Closed,
    /// It turned out to be, or became, another site.
    MergedInto(String),
}

/// What was true of a site during an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteVersion {
    /// From when, Unix milliseconds.
    pub valid_from_unix_ms: i64,
    /// Until when; `None`: still.
    pub valid_to_unix_ms: Option<i64>,
    /// Name.
    pub name: Option<String>,
    /// Kind.
    pub kind: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Town or village.
    pub place: Option<String>,
    /// Administrative area.
    pub region: Option<String>,
    /// Who provides its line.
    pub operator: Option<String>,
    /// Whether it is in service.
    pub status: SiteStatus,
    /// Whether it is invented.
    pub invented: bool,
    /// Who entered this version.
    pub author: String,
}

/// A site as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRecord {
    /// Stable identifier.
    pub id: String,
    /// What is true now.
    pub current: SiteVersion,
}

/// Columns of a version, in the order in which [`version`] reads them.
const COLUMNS: &str = "valid_from, valid_to, name, kind, latitude, longitude, place, region,
    operator, status, merged_into, invented, author";

fn version(row: &Row<'_>) -> rusqlite::Result<SiteVersion> {
    let merged_into: Option<String> = row.get("merged_into")?;
    let status: String = row.get("status")?;
    Ok(SiteVersion {
        valid_from_unix_ms: row.get("valid_from")?,
        valid_to_unix_ms: row.get("valid_to")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        latitude: row.get("latitude")?,
        longitude: row.get("longitude")?,
        place: row.get("place")?,
        region: row.get("region")?,
        operator: row.get("operator")?,
        status: match merged_into {
            Some(into) => SiteStatus::MergedInto(into),
            None if status == "open" => SiteStatus::Open,
            None => SiteStatus::Closed,
        },
        invented: row.get("invented")?,
        author: row.get("author")?,
    })
}

impl Registry {
    /// Every site as it is now, closed and merged ones too, by identifier.
    pub fn sites(&self) -> Result<Vec<SiteRecord>, RegistryError> {
        self.read("sites", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT site, {COLUMNS} FROM site_version WHERE valid_to IS NULL ORDER BY site"
                ))?
                .query_map([], |row| {
                    Ok(SiteRecord {
                        id: row.get("site")?,
                        current: version(row)?,
                    })
                })?
                .collect()
        })
    }

    /// Open sites whose name, place, region or operator contains `query`, accents and case apart.
    pub fn search_sites(&self, query: &str, limit: u32) -> Result<Vec<SiteRecord>, RegistryError> {
        let escaped = fold(query).replace('!', "!!").replace('%', "!%");
        let pattern = format!("%{}%", escaped.replace('_', "!_"));
        self.read("search sites", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT site, {COLUMNS} FROM site_version
                     WHERE valid_to IS NULL AND status = 'open' AND folded LIKE ? ESCAPE '!'
                     ORDER BY site LIMIT ?"
                ))?
                .query_map(params![pattern, limit], |row| {
                    Ok(SiteRecord {
                        id: row.get("site")?,
                        current: version(row)?,
                    })
                })?
                .collect()
        })
    }

    /// A site as it is now.
    pub fn site(&self, id: &str) -> Result<Option<SiteRecord>, RegistryError> {
        let current = self.read("site", |connection| current(connection, id))?;
        Ok(current.map(|current| SiteRecord {
            id: id.to_owned(),
            current,
        }))
    }

    /// Every version of a site, oldest first; empty when there is no such site.
    pub fn site_versions(&self, id: &str) -> Result<Vec<SiteVersion>, RegistryError> {
        self.read("site versions", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM site_version WHERE site = ? ORDER BY valid_from"
                ))?
                .query_map([id], version)?
                .collect()
        })
    }

    /// Other identifiers of a site.
    pub fn site_aliases(&self, id: &str) -> Result<Vec<String>, RegistryError> {
        self.read("site aliases", |connection| {
            connection
                .prepare_cached("SELECT alias FROM site_alias WHERE site = ? ORDER BY alias")?
                .query_map([id], |row| row.get(0))?
                .collect()
        })
    }

    /// The site that an identifier or alias stands for now, merges followed.
    pub fn resolve_site(&self, id: &str) -> Result<Option<String>, RegistryError> {
        self.read("resolve site", |connection| {
            let alias: Option<String> = connection
                .prepare_cached("SELECT site FROM site_alias WHERE alias = ?")?
                .query_row([id], |row| row.get(0))
                .optional()?;
            let mut id = alias.unwrap_or_else(|| id.to_owned());
            for _ in 0..MERGES_MAX {
                match current(connection, &id)?.map(|version| version.status) {
                    None => return Ok(None),
                    Some(SiteStatus::MergedInto(into)) => id = into,
                    Some(_) => return Ok(Some(id)),
                }
            }
            Ok(None)
        })
    }
}

pub(super) fn current(connection: &Connection, id: &str) -> rusqlite::Result<Option<SiteVersion>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM site_version WHERE site = ? AND valid_to IS NULL"
        ))?
        .query_row([id], version)
        .optional()
}

/// The current version, which must be there.
pub(super) fn known(transaction: &Transaction<'_>, id: &str) -> Result<SiteVersion, RegistryError> {
    current(transaction, id)
        .map_err(database("site"))?
        .ok_or_else(|| missing("site", id))
}

/// Closes a version and opens the next; answers from when. Two changes in one millisecond stay in
/// order.
pub(super) fn replace_version(
    transaction: &Transaction<'_>,
    id: &str,
    before: &SiteVersion,
    mut after: SiteVersion,
) -> Result<i64, RegistryError> {
    after.valid_from_unix_ms = after
        .valid_from_unix_ms
        .max(before.valid_from_unix_ms.saturating_add(1));
    transaction
        .prepare_cached("UPDATE site_version SET valid_to = ? WHERE site = ? AND valid_to IS NULL")
        .and_then(|mut statement| statement.execute(params![after.valid_from_unix_ms, id]))
        .map_err(database("close site version"))?;
    insert_version(transaction, id, &after)?;
    Ok(after.valid_from_unix_ms)
}

/// The version that began at a time.
pub(super) fn version_at(
    connection: &Connection,
    id: &str,
    valid_from: i64,
) -> rusqlite::Result<Option<SiteVersion>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM site_version WHERE site = ? AND valid_from = ?"
        ))?
        .query_row(params![id, valid_from], version)
        .optional()
}

pub(super) fn insert_version(
    transaction: &Transaction<'_>,
    id: &str,
    version: &SiteVersion,
) -> Result<(), RegistryError> {
    let (status, merged_into) = match &version.status {
        SiteStatus::Open => ("open", None),
        SiteStatus::Closed => ("closed", None),
        SiteStatus::MergedInto(into) => ("merged", Some(into)),
    };
    let words: Vec<&str> = [
        &version.name,
        &version.place,
        &version.region,
        &version.operator,
    ]
    .into_iter()
    .flatten()
    .map(String::as_str)
    .chain([id])
    .collect();
    transaction
        .prepare_cached(
            "INSERT INTO site_version (site, valid_from, name, kind, latitude, longitude, place,
                 region, operator, status, merged_into, invented, folded, author)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                id,
                version.valid_from_unix_ms,
                version.name,
                version.kind,
                version.latitude,
                version.longitude,
                version.place,
                version.region,
                version.operator,
                status,
                merged_into,
                version.invented,
                fold(&words.join(" ")),
                version.author
            ])
        })
        .map_err(database("insert site version"))
        .map(drop)
}
