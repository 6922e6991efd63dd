//! How agents find out whether a portal answers in others' place: what a person decided of it.
//!
//! Nobody outside is asked by default. Without a decision agents ask for one reserved name that does
//! not exist; a page must be named by somebody who may let every agent ask for it, for instance the
//! collector's own (`desserte serve --empty-page`).

use desserte_probe::wire::schedule::{ABSENT_NAME, CaptiveCheck};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use super::{
    Registry, RegistryError,
    audit::record,
    error::database,
    measure::{check_name, check_url},
    schedule,
    site_change::Decision,
};

/// Seconds between two checks while all is well: a portal comes seldom, and the line may be paid by
/// the byte. While something fails, agents check with every entry.
const EVERY_SECONDS: u32 = 3_600;

/// The two questions; `None`: not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptiveQuestions {
    /// `http://` address of a page that is answered with 204 and nothing else.
    pub empty_page: Option<String>,
    /// A name that does not exist.
    pub absent_name: Option<String>,
}

impl Default for CaptiveQuestions {
    fn default() -> Self {
        Self {
            empty_page: None,
            absent_name: Some(ABSENT_NAME.to_owned()),
        }
    }
}

impl CaptiveQuestions {
    fn check(&self) -> Result<(), RegistryError> {
        let page = self.empty_page.iter().map(|url| {
            // A certificate would prove the server, and a portal could only fail it.
            if url.starts_with("https://") {
                return Err(("empty_page", "must be an http:// address"));
            }
            check_url("empty_page", url)
        });
        let name = self
            .absent_name
            .iter()
            .map(|one| check_name("absent_name", one));
        let checked: Result<(), _> = page.chain(name).collect();
        checked.map_err(|(field, reason)| RegistryError::Invalid {
            what: "portal check",
            id: String::new(),
            field,
            reason,
        })
    }

    fn for_schedule(self) -> Option<CaptiveCheck> {
        (self.empty_page.is_some() || self.absent_name.is_some()).then_some(CaptiveCheck {
            empty_page: self.empty_page,
            absent_name: self.absent_name,
            every_seconds: EVERY_SECONDS,
        })
    }
}

impl Registry {
    /// What agents ask to find a portal.
    pub fn captive_questions(&self) -> Result<CaptiveQuestions, RegistryError> {
        self.read("portal check", questions)
    }

    /// Decides what agents ask to find a portal; every schedule follows.
    pub fn set_captive_questions(
        &self,
        wanted: &CaptiveQuestions,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        wanted.check()?;
        let stamp = (decision.at_unix_ms, decision.author);
        self.write("set portal check", |transaction| {
            transaction
                .execute(
                    "INSERT OR REPLACE INTO captive_check (id, empty_page, absent_name)
                     VALUES (1, ?, ?)",
                    params![wanted.empty_page, wanted.absent_name],
                )
                .map_err(database("set portal check"))?;
            schedule::rebuild_all(transaction, decision.at_unix_ms)?;
            let detail = json!({
                "empty_page": wanted.empty_page,
                "absent_name": wanted.absent_name,
                "reason": decision.reason,
            });
            record(transaction, stamp, "captive.set", "all agents", &detail)
        })
    }
}

fn questions(connection: &Connection) -> rusqlite::Result<CaptiveQuestions> {
    let found = connection
        .prepare_cached("SELECT empty_page, absent_name FROM captive_check")?
        .query_row([], |row| {
            Ok(CaptiveQuestions {
                empty_page: row.get(0)?,
                absent_name: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// What goes into the schedule of an agent that probes its line.
pub(super) fn of_schedule(connection: &Connection) -> Result<Option<CaptiveCheck>, RegistryError> {
    let found = questions(connection).map_err(database("portal check"))?;
    Ok(found.for_schedule())
}
