//! Entering many sites at once, and again.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;
use serde_json::json;

use super::{
    Registry, RegistryError, SiteStatus, SiteVersion,
    audit::record,
    error::database,
    site::{current, insert_version, replace_version},
};

/// Longest identifier of a site or alias, bytes.
const ID_BYTES_MAX: usize = 128;
/// Longest name, place, region or operator, bytes.
const TEXT_BYTES_MAX: usize = 400;
/// Most aliases of one site.
const ALIASES_MAX: usize = 32;

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

impl Registry {
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

/// Enters one site; answers the versions before and after when anything changed.
pub(super) fn upsert(
    transaction: &Transaction<'_>,
    site: &NewSite,
    (at, author): (i64, &str),
    outcome: &mut ImportOutcome,
) -> Result<Option<(Option<i64>, i64)>, RegistryError> {
    check(site)?;
    let before = current(transaction, &site.id).map_err(database("import sites"))?;
    let mut wanted = site.version(at, author);
    let changed = match before {
        None => {
            transaction
                .prepare_cached("INSERT INTO site (id, created_at) VALUES (?, ?)")
                .and_then(|mut statement| statement.execute(params![site.id, at]))
                .map_err(database("import sites"))?;
            insert_version(transaction, &site.id, &wanted)?;
            outcome.added += 1;
            Some((None, at))
        }
        Some(before) => {
            if !closed_by_undoing(transaction, &site.id, &before)? {
                wanted.status = before.status.clone();
            }
            if same(&before, &wanted) {
                outcome.unchanged += 1;
                None
            } else {
                outcome.changed += 1;
                let from = replace_version(transaction, &site.id, &before, wanted)?;
                Some((Some(before.valid_from_unix_ms), from))
            }
        }
    };
    for alias in &site.aliases {
        add_alias(transaction, &site.id, alias)?;
    }
    Ok(changed)
}

/// Whether a site is closed only because the import that brought it was undone: an import of it
/// opens it again, unlike a site that a person closed.
fn closed_by_undoing(
    transaction: &Transaction<'_>,
    id: &str,
    version: &SiteVersion,
) -> Result<bool, RegistryError> {
    if version.status != SiteStatus::Closed {
        return Ok(false);
    }
    transaction
        .prepare_cached("SELECT 1 FROM import_change WHERE site = ? AND undone = ?")
        .and_then(|mut statement| statement.exists(params![id, version.valid_from_unix_ms]))
        .map_err(database("import sites"))
}

impl NewSite {
    /// Its version from a time on, open.
    pub(super) fn version(&self, at_unix_ms: i64, author: &str) -> SiteVersion {
        SiteVersion {
            valid_from_unix_ms: at_unix_ms,
            valid_to_unix_ms: None,
            name: self.name.clone(),
            kind: self.kind.clone(),
            latitude: self.latitude,
            longitude: self.longitude,
            place: self.place.clone(),
            region: self.region.clone(),
            operator: self.operator.clone(),
            status: SiteStatus::Open,
            invented: self.invented,
            author: author.to_owned(),
        }
    }
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
pub(super) fn same(a: &SiteVersion, b: &SiteVersion) -> bool {
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
