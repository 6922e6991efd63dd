//! Sites and their dated versions: reading, and importing many at once.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Registry, RegistryError,
    audit::record,
    error::{database, missing},
    fold,
};

/// Longest identifier of a site or alias, bytes.
const ID_BYTES_MAX: usize = 128;
/// Longest name, place, region or operator, bytes.
const TEXT_BYTES_MAX: usize = 400;
/// Most aliases of one site.
const ALIASES_MAX: usize = 32;
/// Longest chain of merges that is followed; merging into a merged site is refused, so chains grow
/// only when the survivor is merged later.
const MERGES_MAX: usize = 16;

/// A site to be entered, or entered again with what changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewSite {
    /// Stable identifier.
    pub id: String,
    /// Name; many sites in open data have none.
    pub name: Option<String>,
    /// Kind, its identifier in files and over HTTP, e.g. `town_hall`.
    pub kind: String,
    /// Degrees north (WGS84).
    pub latitude: f64,
    /// Degrees east (WGS84).
    pub longitude: f64,
    /// Town or village.
    pub place: Option<String>,
    /// Administrative area.
    pub region: Option<String>,
    /// Who provides its line.
    pub operator: Option<String>,
    /// True for a site of a demonstration.
    pub invented: bool,
    /// Other identifiers, added to those that it has.
    pub aliases: Vec<String>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ImportOutcome {
    /// Sites that were not known.
    pub added: usize,
    /// Sites with a new version.
    pub changed: usize,
    /// Sites that were already so.
    pub unchanged: usize,
}

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

    /// Enters many sites in one transaction: all or none. A site that is known gets a new version
    /// when anything differs; its status stays what it was.
    pub fn upsert_sites(
        &self,
        sites: &[NewSite],
        author: &str,
        at_unix_ms: i64,
    ) -> Result<ImportOutcome, RegistryError> {
        self.write("import sites", |transaction| {
            let mut outcome = ImportOutcome::default();
            for site in sites {
                upsert(transaction, site, (at_unix_ms, author), &mut outcome)?;
            }
            let detail = json!({ "added": outcome.added, "changed": outcome.changed,
                "unchanged": outcome.unchanged });
            record(
                transaction,
                (at_unix_ms, author),
                "site.import",
                "",
                &detail,
            )?;
            Ok(outcome)
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

fn upsert(
    transaction: &Transaction<'_>,
    site: &NewSite,
    (at, author): (i64, &str),
    outcome: &mut ImportOutcome,
) -> Result<(), RegistryError> {
    check(site)?;
    let before = current(transaction, &site.id).map_err(database("import sites"))?;
    let wanted = SiteVersion {
        valid_from_unix_ms: at,
        valid_to_unix_ms: None,
        name: site.name.clone(),
        kind: site.kind.clone(),
        latitude: site.latitude,
        longitude: site.longitude,
        place: site.place.clone(),
        region: site.region.clone(),
        operator: site.operator.clone(),
        status: before
            .as_ref()
            .map_or(SiteStatus::Open, |version| version.status.clone()),
        invented: site.invented,
        author: author.to_owned(),
    };
    match before {
        None => {
            transaction
                .prepare_cached("INSERT INTO site (id, created_at) VALUES (?, ?)")
                .and_then(|mut statement| statement.execute(params![site.id, at]))
                .map_err(database("import sites"))?;
            insert_version(transaction, &site.id, &wanted)?;
            outcome.added += 1;
        }
        Some(before) if same(&before, &wanted) => outcome.unchanged += 1,
        Some(before) => {
            replace_version(transaction, &site.id, &before, wanted)?;
            outcome.changed += 1;
        }
    }
    for alias in &site.aliases {
        add_alias(transaction, &site.id, alias)?;
    }
    Ok(())
}

fn check(site: &NewSite) -> Result<(), RegistryError> {
    let invalid = |field, reason| RegistryError::Invalid {
        what: "site",
        id: site.id.clone(),
        field,
        reason,
    };
    let identifier = |id: &str| {
        (1..=ID_BYTES_MAX).contains(&id.len()) && !id.chars().any(|c| c.is_control() || c == '/')
    };
    if !identifier(&site.id) {
        return Err(invalid(
            "id",
            "must be 1 to 128 bytes without / and control characters",
        ));
    }
    if site.aliases.len() > ALIASES_MAX || !site.aliases.iter().all(|alias| identifier(alias)) {
        return Err(invalid("aliases", "at most 32, each 1 to 128 bytes"));
    }
    if !(-90.0..=90.0).contains(&site.latitude) {
        return Err(invalid("latitude", "must be -90 to 90"));
    }
    if !(-180.0..=180.0).contains(&site.longitude) {
        return Err(invalid("longitude", "must be -180 to 180"));
    }
    let texts = [&site.name, &site.place, &site.region, &site.operator];
    let long = |text: &&Option<String>| text.as_ref().is_some_and(|t| t.len() > TEXT_BYTES_MAX);
    if site.kind.is_empty() || site.kind.len() > ID_BYTES_MAX || texts.iter().any(long) {
        return Err(invalid(
            "name, kind, place, region or operator",
            "too long or empty",
        ));
    }
    Ok(())
}

/// Whether two versions say the same; coordinates bit by bit, as the file gave them.
fn same(a: &SiteVersion, b: &SiteVersion) -> bool {
    let texts = |v: &SiteVersion| {
        (
            v.name.clone(),
            v.kind.clone(),
            v.place.clone(),
            v.region.clone(),
            v.operator.clone(),
            v.invented,
        )
    };
    a.latitude.to_bits() == b.latitude.to_bits()
        && a.longitude.to_bits() == b.longitude.to_bits()
        && a.status == b.status
        && texts(a) == texts(b)
}

/// Closes a version and opens the next. Two changes in one millisecond stay in order.
pub(super) fn replace_version(
    transaction: &Transaction<'_>,
    id: &str,
    before: &SiteVersion,
    mut after: SiteVersion,
) -> Result<(), RegistryError> {
    after.valid_from_unix_ms = after
        .valid_from_unix_ms
        .max(before.valid_from_unix_ms.saturating_add(1));
    transaction
        .prepare_cached("UPDATE site_version SET valid_to = ? WHERE site = ? AND valid_to IS NULL")
        .and_then(|mut statement| statement.execute(params![after.valid_from_unix_ms, id]))
        .map_err(database("close site version"))?;
    insert_version(transaction, id, &after)
}

fn insert_version(
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

/// An alias belongs to one site, and is no other site's identifier.
fn add_alias(transaction: &Transaction<'_>, id: &str, alias: &str) -> Result<(), RegistryError> {
    if alias == id {
        return Ok(());
    }
    let owner: Option<String> = transaction
        .prepare_cached(
            "SELECT site FROM site_alias WHERE alias = ?1
             UNION ALL SELECT id FROM site WHERE id = ?1",
        )
        .and_then(|mut statement| statement.query_row([alias], |row| row.get(0)).optional())
        .map_err(database("site alias"))?;
    match owner {
        Some(owner) if owner == id => Ok(()),
        Some(_) => Err(RegistryError::Conflict {
            what: "site alias",
            id: alias.to_owned(),
            reason: "stands for another site",
        }),
        None => transaction
            .prepare_cached("INSERT INTO site_alias (alias, site) VALUES (?, ?)")
            .and_then(|mut statement| statement.execute([alias, id]))
            .map_err(database("site alias"))
            .map(drop),
    }
}
