//! Plans that were made, kept beside the registry (`plans.sqlite`): they can be made again from their
//! inputs as long as those are there, and are never changed.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use desserte_planning::plan::Plan;
use desserte_planning::programme::{Limit, Programme, RoutePlan, SitePlan};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::planner::{Inputs, Made};

/// Name of the file in the data folder.
const FILE: &str = "plans.sqlite";
/// Waiting for another process (a command beside a server), milliseconds.
const BUSY_MS: u32 = 10_000;
/// Most plans that are kept; one is dropped before another is made.
pub const PLANS_MAX: u32 = 200;
/// Most rows that are read at once.
const ROWS_MAX: u32 = 10_000_000;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS plans (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    made_unix_ms INTEGER NOT NULL,
    inputs       TEXT NOT NULL, -- JSON
    scenario     TEXT NOT NULL, -- JSON
    summary      TEXT NOT NULL  -- JSON: the programme without sites and routes
) STRICT;
CREATE TABLE IF NOT EXISTS plan_sites (
    plan TEXT NOT NULL REFERENCES plans ON DELETE CASCADE,
    rank INTEGER NOT NULL,
    site TEXT NOT NULL,
    body TEXT NOT NULL, -- JSON
    PRIMARY KEY (plan, rank)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS plan_sites_by_site ON plan_sites (plan, site);
CREATE TABLE IF NOT EXISTS plan_routes (
    plan   TEXT NOT NULL REFERENCES plans ON DELETE CASCADE,
    number INTEGER NOT NULL,
    body   TEXT NOT NULL, -- JSON
    PRIMARY KEY (plan, number)
) STRICT, WITHOUT ROWID;
";

/// A site of a kept plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptSite {
    /// Its rank, from 1.
    pub rank: u32,
    /// Its name.
    pub name: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its region.
    pub region: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// A demonstration invented it.
    pub invented: bool,
    /// A demonstration made its measurements up.
    pub simulated: bool,
    /// Its score, millionths.
    pub score_millionths: u32,
    /// Share of the weights that is known, millionths.
    pub known_weight_millionths: u32,
    /// What each criterion contributes, as the ranking has it.
    pub contributions: serde_json::Value,
    /// What is planned.
    pub plan: SitePlan,
}

/// A kept plan without its sites and routes.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptPlan {
    /// Its identifier, from its inputs.
    pub id: String,
    /// Its scenario's name.
    pub name: String,
    /// When it was made, or first made.
    pub made_unix_ms: i64,
    /// Its inputs.
    pub inputs: Inputs,
    /// Its scenario.
    pub scenario: serde_json::Value,
    /// The programme without sites and routes.
    pub summary: serde_json::Value,
}

impl KeptPlan {
    /// What the summary states at a JSON pointer (RFC 6901); null where it states nothing there.
    #[must_use]
    pub fn stated(&self, pointer: &str) -> &serde_json::Value {
        static NOTHING: serde_json::Value = serde_json::Value::Null;
        self.summary.pointer(pointer).unwrap_or(&NOTHING)
    }

    /// ISO 4217 code of its amounts.
    #[must_use]
    pub fn currency(&self) -> &str {
        self.stated("/costs/currency").as_str().unwrap_or_default()
    }
}

/// Why plans cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum PlansError {
    /// The database.
    #[error("{operation} {FILE}: {source}")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// What is kept cannot be read back.
    #[error("reading a plan of {FILE}: {0}")]
    Content(#[from] serde_json::Error),
    /// [`PLANS_MAX`] plans are kept.
    #[error("{PLANS_MAX} plans are kept: drop one first")]
    Full,
}

fn database(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> PlansError {
    move |source| PlansError::Database { operation, source }
}

/// The kept plans.
#[derive(Debug)]
pub struct PlanStore(Mutex<Connection>);

impl PlanStore {
    /// Opens or makes the file in a data folder.
    pub fn open(data: &Path) -> Result<Self, PlansError> {
        let connection = Connection::open(data.join(FILE)).map_err(database("opening"))?;
        connection
            .busy_timeout(std::time::Duration::from_millis(u64::from(BUSY_MS)))
            .map_err(database("opening"))?;
        for (name, value) in [("journal_mode", "WAL"), ("foreign_keys", "ON")] {
            connection
                .pragma_update(None, name, value)
                .map_err(database("opening"))?;
        }
        connection
            .execute_batch(SCHEMA)
            .map_err(database("making the tables of"))?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a plan with its programme, whole or not at all; one of the same inputs stays as it is.
    /// Gives its identifier, or `None` for a plan without a programme, which is a ranking only.
    pub fn keep(&self, made: &Made, at_unix_ms: i64) -> Result<Option<String>, PlansError> {
        let Some(programme) = &made.plan.programme else {
            return Ok(None);
        };
        let id = made.inputs.id();
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(database("writing"))?;
        let held: (u32, bool) = transaction
            .query_row(
                "SELECT count(*), coalesce(max(id = ?1), 0) FROM plans",
                [&id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(database("reading"))?;
        if held.1 {
            return Ok(Some(id));
        }
        if held.0 >= PLANS_MAX {
            return Err(PlansError::Full);
        }
        transaction
            .execute(
                "INSERT INTO plans VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    id,
                    made.plan.scenario.name,
                    at_unix_ms,
                    serde_json::to_string(&made.inputs)?,
                    serde_json::to_string(&made.plan.scenario)?,
                    summary(programme)?.to_string(),
                ],
            )
            .map_err(database("writing"))?;
        {
            let mut insert = transaction
                .prepare("INSERT INTO plan_sites VALUES (?1, ?2, ?3, ?4)")
                .map_err(database("writing"))?;
            for site in kept_sites(&made.plan, programme)? {
                let body = serde_json::to_string(&site)?;
                insert
                    .execute(params![id, site.rank, site.plan.site, body])
                    .map_err(database("writing"))?;
            }
            let mut insert = transaction
                .prepare("INSERT INTO plan_routes VALUES (?1, ?2, ?3)")
                .map_err(database("writing"))?;
            for (number, route) in (0_u32..).zip(&programme.routes) {
                insert
                    .execute(params![id, number, serde_json::to_string(route)?])
                    .map_err(database("writing"))?;
            }
        }
        transaction.commit().map_err(database("writing"))?;
        Ok(Some(id))
    }

    /// Kept plans, the newest first.
    pub fn list(&self) -> Result<Vec<KeptPlan>, PlansError> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT * FROM plans ORDER BY made_unix_ms DESC, id LIMIT ?1")
            .map_err(database("reading"))?;
        let rows = statement
            .query_map([PLANS_MAX], raw)
            .map_err(database("reading"))?;
        rows.map(|row| row.map_err(database("reading")).and_then(kept))
            .collect()
    }

    /// A kept plan.
    pub fn plan(&self, id: &str) -> Result<Option<KeptPlan>, PlansError> {
        self.connection()
            .query_row("SELECT * FROM plans WHERE id = ?1", [id], raw)
            .optional()
            .map_err(database("reading"))?
            .map(kept)
            .transpose()
    }

    /// Sites of a plan behind a rank, by rank.
    pub fn sites(&self, id: &str, after: u32, limit: u32) -> Result<Vec<KeptSite>, PlansError> {
        self.bodies(
            "SELECT body FROM plan_sites WHERE plan = ?1 AND rank > ?2 ORDER BY rank LIMIT ?3",
            params![id, after, limit.min(ROWS_MAX)],
        )
    }

    /// All sites of a plan, by rank.
    pub fn all_sites(&self, id: &str) -> Result<Vec<KeptSite>, PlansError> {
        self.sites(id, 0, ROWS_MAX)
    }

    /// A site of a plan.
    pub fn site(&self, id: &str, site: &str) -> Result<Option<KeptSite>, PlansError> {
        let found = self.bodies(
            "SELECT body FROM plan_sites WHERE plan = ?1 AND site = ?2 LIMIT 1",
            params![id, site],
        )?;
        Ok(found.into_iter().next())
    }

    /// Routes of a plan.
    pub fn routes(&self, id: &str) -> Result<Vec<RoutePlan>, PlansError> {
        self.bodies(
            "SELECT body FROM plan_routes WHERE plan = ?1 ORDER BY number LIMIT ?2",
            params![id, ROWS_MAX],
        )
    }

    fn bodies<T: serde::de::DeserializeOwned>(
        &self,
        query: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<T>, PlansError> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(query)
            .map_err(database("reading"))?;
        let rows = statement
            .query_map(parameters, |row| row.get::<_, String>(0))
            .map_err(database("reading"))?;
        rows.map(|body| Ok(serde_json::from_str(&body.map_err(database("reading"))?)?))
            .collect()
    }

    /// Drops a plan; false when there is none.
    pub fn drop_plan(&self, id: &str) -> Result<bool, PlansError> {
        let dropped = self
            .connection()
            .execute("DELETE FROM plans WHERE id = ?1", [id])
            .map_err(database("writing"))?;
        Ok(dropped > 0)
    }
}

type Raw = (String, String, i64, String, String, String);

fn raw(row: &rusqlite::Row<'_>) -> rusqlite::Result<Raw> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
    ))
}

fn kept((id, name, made_unix_ms, inputs, scenario, summary): Raw) -> Result<KeptPlan, PlansError> {
    Ok(KeptPlan {
        id,
        name,
        made_unix_ms,
        inputs: serde_json::from_str(&inputs)?,
        scenario: serde_json::from_str(&scenario)?,
        summary: serde_json::from_str(&summary)?,
    })
}

/// The programme without sites and routes.
fn summary(programme: &Programme) -> Result<serde_json::Value, PlansError> {
    let bare = Programme {
        sites: Vec::new(),
        routes: Vec::new(),
        ..programme.clone()
    };
    let mut value = serde_json::to_value(bare)?;
    if let Some(members) = value.as_object_mut() {
        members.remove("sites");
        members.remove("routes");
        members.insert("site_count".to_owned(), programme.sites.len().into());
        let texts =
            |pick: fn(&Limit) -> String| programme.limits.iter().map(pick).collect::<Vec<String>>();
        members.insert("limits_fr".to_owned(), texts(Limit::text_fr).into());
        members.insert("limits_en".to_owned(), texts(Limit::text_en).into());
    }
    Ok(value)
}

/// The sites as they are kept, by rank.
pub fn kept_sites(plan: &Plan, programme: &Programme) -> Result<Vec<KeptSite>, PlansError> {
    plan.rows
        .iter()
        .zip(&programme.sites)
        .map(|(row, planned)| {
            Ok(KeptSite {
                rank: u32::try_from(row.ranked.rank).unwrap_or(u32::MAX),
                name: row.site.name.clone(),
                kind: row.site.kind.clone(),
                region: row.site.region.clone(),
                latitude: row.site.position.map(desserte_planning::Position::latitude),
                longitude: row
                    .site
                    .position
                    .map(desserte_planning::Position::longitude),
                invented: row.site.invented,
                simulated: row.site.simulated,
                score_millionths: row.ranked.score_millionths,
                known_weight_millionths: row.ranked.known_weight_millionths,
                contributions: serde_json::to_value(&row.ranked.contributions)?,
                plan: planned.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use desserte_planning::cost::CostParameters;
    use desserte_planning::layer::Layers;
    use desserte_planning::plan::{PlanSite, plan};
    use desserte_planning::programme::programme;
    use desserte_planning::scenario::Scenario;

    fn made(name: &str) -> Made {
        let costs = include_str!("../demo/examples/costs.toml");
        let costs: CostParameters = toml::from_str(costs).unwrap();
        let site = |id: &str| PlanSite {
            id: id.to_owned(),
            name: Some("École".to_owned()),
            kind: "school".to_owned(),
            position: desserte_planning::Position::new(-4.0, 15.0).ok(),
            region: None,
            invented: true,
            simulated: false,
            availability: None,
        };
        let scenario = Scenario {
            name: name.to_owned(),
            ..Scenario::default()
        };
        let layers = Layers::default();
        let mut plan = plan(vec![site("a"), site("b")], &layers, scenario).unwrap();
        let evidence = std::collections::BTreeMap::new();
        plan.programme = Some(programme(&plan, &layers, &evidence, &costs, &|_| {}).unwrap());
        let inputs = Inputs {
            rules: "r".to_owned(),
            scenario: name.to_owned(),
            costs: String::new(),
            layers: String::new(),
            sites: String::new(),
            evidence: String::new(),
        };
        Made { plan, inputs }
    }

    #[test]
    fn plans_come_back_as_they_were_and_the_same_inputs_are_one_plan() {
        let folder = tempfile::tempdir().unwrap();
        let store = PlanStore::open(folder.path()).unwrap();
        let first = made("first");
        let id = store.keep(&first, 5).unwrap().unwrap();
        assert_eq!(store.keep(&first, 9).unwrap().as_deref(), Some(id.as_str()));
        let other = store.keep(&made("second"), 7).unwrap().unwrap();
        assert_ne!(id, other);
        let names: Vec<String> = store
            .list()
            .unwrap()
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(names, ["second", "first"]);
        let plan = store.plan(&id).unwrap().unwrap();
        assert_eq!((plan.made_unix_ms, &plan.inputs), (5, &first.inputs));
        assert_eq!(plan.summary["site_count"], 2);
        assert!(
            plan.summary["limits_fr"][0]
                .as_str()
                .unwrap()
                .contains("couche absente")
        );
        let programme = first.plan.programme.as_ref().unwrap();
        let kept = kept_sites(&first.plan, programme).unwrap();
        assert_eq!(store.all_sites(&id).unwrap(), kept);
        assert_eq!(store.sites(&id, 1, 5).unwrap()[0].rank, 2);
        assert_eq!(store.site(&id, "b").unwrap().unwrap().plan.site, "b");
        assert_eq!(store.site(&id, "z").unwrap(), None);
        assert!(store.drop_plan(&id).unwrap());
        assert!(!store.drop_plan(&id).unwrap());
        assert!(
            store.all_sites(&id).unwrap().is_empty(),
            "its sites go with it"
        );
        assert_eq!(store.list().unwrap().len(), 1);
    }

    #[test]
    fn a_ranking_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = PlanStore::open(folder.path()).unwrap();
        let mut ranking = made("ranking");
        ranking.plan.programme = None;
        assert_eq!(store.keep(&ranking, 1).unwrap(), None);
    }
}
