//! Outages that were found. They are derived: the samples say them again whenever they are judged
//! anew, so a window's outages are replaced together and keep their numbers where they begin alike.

use desserte_domain::{cause::Verdict, outage::Outage};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{
    Registry, RegistryError,
    error::{damaged, database},
    number::{self, Numbered},
};

/// An outage as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageRecord {
    /// Number; 0 for one that is not stored yet.
    pub id: i64,
    /// The site.
    pub site: String,
    /// The agreement whose test found it; `None`: the defaults.
    pub agreement: Option<String>,
    /// The agent whose samples show it.
    pub agent: Option<String>,
    /// Length of the slots that it counts, seconds.
    pub slot_seconds: u32,
    /// What the domain says of it.
    pub outage: Outage,
}

/// Which outages to list.
#[derive(Debug, Clone, Default)]
pub struct OutageFilter<'a> {
    /// Of this site only.
    pub site: Option<&'a str>,
    /// Of one of these sites only: a JSON list.
    pub sites: Option<&'a str>,
    /// With this cause only.
    pub cause: Option<&'a str>,
    /// Not ended before this time, Unix milliseconds.
    pub from_unix_ms: Option<i64>,
    /// Begun before this time.
    pub to_unix_ms: Option<i64>,
    /// `true`: only those that last; `false`: only those that are over.
    pub open: Option<bool>,
    /// At sites of this area, as they are now.
    pub region: Option<&'a str>,
    /// At sites whose line this operator provides now.
    pub operator: Option<&'a str>,
    /// At sites of this kind now.
    pub kind: Option<&'a str>,
    /// Begun before this one in the order of the list (start, number): where a page ended.
    pub before: Option<(i64, i64)>,
    /// At most so many; 0 means no limit.
    pub limit: u32,
}

impl OutageFilter<'_> {
    /// Start and number that come after those of every outage wanted. (No number is below the least.)
    fn begun_before(&self) -> (i64, i64) {
        let page = self.before.unwrap_or((i64::MAX, i64::MAX));
        self.to_unix_ms.map_or(page, |to| page.min((to, i64::MIN)))
    }

    /// One site's outages are asked for at each look at it: the condition stands alone then, so that the
    /// index of sites is used and no other site's outages are read.
    fn statement(&self) -> String {
        let of_site = match self.site {
            Some(_) => "site = ?1",
            None => "?1 IS NULL",
        };
        format!(
            "SELECT * FROM outage WHERE {of_site}
                 AND (?2 IS NULL OR cause = ?2)
                 AND (?3 IS NULL OR end_unix_ms IS NULL OR end_unix_ms > ?3)
                 AND (?5 IS NULL OR ?5 = (end_unix_ms IS NULL))
                 AND (start_unix_ms, id) < (?6, ?7)
                 AND (?8 IS NULL AND ?9 IS NULL AND ?10 IS NULL OR EXISTS (
                     SELECT 1 FROM site_version AS now
                     WHERE now.site = outage.site AND now.valid_to IS NULL
                         AND (?8 IS NULL OR now.region = ?8)
                         AND (?9 IS NULL OR now.operator = ?9)
                         AND (?10 IS NULL OR now.kind = ?10)))
                 AND (?11 IS NULL OR site IN (SELECT value FROM json_each(?11)))
             ORDER BY start_unix_ms DESC, id DESC LIMIT ?4"
        )
    }
}

struct Stored {
    record: OutageRecord,
    verdict: String,
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        verdict: row.get("verdict")?,
        record: OutageRecord {
            id: row.get("id")?,
            site: row.get("site")?,
            agreement: row.get("agreement")?,
            agent: row.get("agent")?,
            slot_seconds: row.get("slot_seconds")?,
            outage: Outage {
                start_unix_ms: row.get("start_unix_ms")?,
                end_unix_ms: row.get("end_unix_ms")?,
                down_slots: row.get::<_, i64>("down_slots")?.unsigned_abs(),
                // Replaced by the stored verdict in `finish`.
                cause: Verdict::new(desserte_domain::cause::Cause::Undetermined, Vec::new()),
            },
        },
    })
}

fn finish(stored: Stored) -> Result<OutageRecord, RegistryError> {
    let mut record = stored.record;
    record.outage.cause = serde_json::from_str(&stored.verdict)
        .map_err(|error| damaged("verdict", &record.id.to_string(), error))?;
    Ok(record)
}

impl Registry {
    /// Outages, newest first.
    pub fn outages(&self, filter: &OutageFilter<'_>) -> Result<Vec<OutageRecord>, RegistryError> {
        let (before, number) = filter.begun_before();
        let limit = match filter.limit {
            0 => -1,
            limit => i64::from(limit),
        };
        let rows: Vec<Stored> = self.read("outages", |connection| {
            connection
                .prepare_cached(&filter.statement())?
                .query_map(
                    params![
                        filter.site,
                        filter.cause,
                        filter.from_unix_ms,
                        limit,
                        filter.open,
                        before,
                        number,
                        filter.region,
                        filter.operator,
                        filter.kind,
                        filter.sites
                    ],
                    stored,
                )?
                .collect()
        })?;
        rows.into_iter().map(finish).collect()
    }

    /// The outage of a number.
    pub fn outage(&self, id: i64) -> Result<Option<OutageRecord>, RegistryError> {
        let row = self.read("outage", |connection| {
            connection
                .prepare_cached("SELECT * FROM outage WHERE id = ?")?
                .query_row([id], stored)
                .optional()
        })?;
        row.map(finish).transpose()
    }

    /// Puts `outages` in place of those of the site that overlap `[from, to)`; returns them as they
    /// are now stored. One that begins when a stored one began keeps its number. Nothing is written
    /// when nothing differs; and what is written is told by who found it, so it is written quietly.
    pub fn replace_outages(
        &self,
        site: &str,
        (from_unix_ms, to_unix_ms): (i64, i64),
        outages: &[OutageRecord],
    ) -> Result<Vec<OutageRecord>, RegistryError> {
        let before: Vec<OutageRecord> = self
            .outages(&OutageFilter {
                site: Some(site),
                from_unix_ms: Some(from_unix_ms),
                to_unix_ms: Some(to_unix_ms),
                ..OutageFilter::default()
            })?
            .into_iter()
            .collect();
        let numbered: Vec<OutageRecord> = outages.iter().map(|one| kept(one, &before)).collect();
        let same =
            before.len() == numbered.len() && numbered.iter().all(|one| before.contains(one));
        if same {
            return Ok(numbered);
        }
        self.write_quietly("replace outages", |transaction| {
            for old in &before {
                if !numbered.iter().any(|one| one.id == old.id) {
                    transaction
                        .execute("DELETE FROM outage WHERE id = ?", [old.id])
                        .map_err(database("replace outages"))?;
                }
            }
            numbered
                .into_iter()
                .map(|one| put(transaction, site, one))
                .collect()
        })
    }
}

fn kept(wanted: &OutageRecord, before: &[OutageRecord]) -> OutageRecord {
    let same = before.iter().find(|old| {
        old.outage.start_unix_ms == wanted.outage.start_unix_ms && old.agreement == wanted.agreement
    });
    OutageRecord {
        id: same.map_or(0, |old| old.id),
        ..wanted.clone()
    }
}

fn put(
    transaction: &Transaction<'_>,
    site: &str,
    mut record: OutageRecord,
) -> Result<OutageRecord, RegistryError> {
    if record.id == 0 {
        let agreement = record.agreement.as_deref().unwrap_or_default();
        let start = record.outage.start_unix_ms.to_string();
        record.id = number::draw(transaction, Numbered::Outage, &[site, agreement, &start])?;
    }
    let outage = &record.outage;
    let verdict =
        serde_json::to_string(&outage.cause).map_err(|error| damaged("verdict", site, error))?;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO outage (id, site, agreement, agent, start_unix_ms,
                 end_unix_ms, slot_seconds, down_slots, cause, verdict)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                record.id,
                site,
                record.agreement,
                record.agent,
                outage.start_unix_ms,
                outage.end_unix_ms,
                record.slot_seconds,
                i64::try_from(outage.down_slots).unwrap_or(i64::MAX),
                outage.cause.cause.identifier(),
                verdict
            ])
        })
        .map_err(database("replace outages"))?;
    site.clone_into(&mut record.site);
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sites_outages_are_found_by_its_index() {
        let registry = Registry::in_memory().unwrap();
        let filter = OutageFilter {
            site: Some("a"),
            from_unix_ms: Some(1),
            to_unix_ms: Some(2),
            ..OutageFilter::default()
        };
        let plan = registry.plan_of(&filter.statement());
        assert!(
            plan.contains("SEARCH outage USING INDEX outage_site (site=? AND start_unix_ms<?)"),
            "{plan}"
        );
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
