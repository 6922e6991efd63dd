//! People who may sign in.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde_json::json;

use super::{
    Registry, RegistryError,
    audit::record,
    error::{damaged, database, missing},
    site_change::Decision,
};
use crate::doors::role::Role;

/// Most people: a ministry with its contractors has some hundred.
const PEOPLE_MAX: i64 = 10_000;
/// Longest identifier and longest name, bytes.
const ID_BYTES_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 200;
/// Most names that a role reaches over, and the longest of them, bytes.
const REACH_MAX: usize = 100;
const REACH_BYTES_MAX: usize = 200;

/// A person as it is stored, without the secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What is typed to sign in: small letters, digits, `.`, `_`, `-`, `@`.
    pub id: String,
    /// Name. It never changes: what a person decided is recorded under it.
    pub name: String,
    /// As what they come in.
    pub role: Role,
    /// Regions, contractors or the site: what it means follows the role.
    pub reach: Vec<String>,
    /// Whether a password was chosen.
    pub has_password: bool,
    /// Whether a second factor is asked for.
    pub has_totp: bool,
    /// Of a demonstration.
    pub invented: bool,
    /// When they were added, Unix milliseconds.
    pub created_at_unix_ms: i64,
    /// Since when they may not come in any more.
    pub disabled_at_unix_ms: Option<i64>,
    /// When they signed in last.
    pub signed_in_at_unix_ms: Option<i64>,
}

/// A person to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// See [`Person::id`].
    pub id: String,
    /// See [`Person::name`].
    pub name: String,
    /// As what they come in.
    pub role: Role,
    /// See [`Person::reach`].
    pub reach: Vec<String>,
    /// Of a demonstration.
    pub invented: bool,
}

/// What is compared at the door.
#[derive(Debug, Clone, Default)]
pub struct Lock {
    /// PHC string of the password.
    pub password: Option<String>,
    /// Secret of the second factor.
    pub totp: Option<String>,
    /// Step of the last code that was used.
    pub totp_step: Option<i64>,
}

const COLUMNS: &str = "id, name, role, reach, password IS NOT NULL AS has_password,
    totp IS NOT NULL AS has_totp, invented, created_at, disabled_at,
    (SELECT max(opened_at) FROM session WHERE session.person = person.id) AS signed_in_at";

struct Stored(Person, String, String);

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let person = Person {
        id: row.get("id")?,
        name: row.get("name")?,
        role: Role::Technician,
        reach: Vec::new(),
        has_password: row.get("has_password")?,
        has_totp: row.get("has_totp")?,
        invented: row.get("invented")?,
        created_at_unix_ms: row.get("created_at")?,
        disabled_at_unix_ms: row.get("disabled_at")?,
        signed_in_at_unix_ms: row.get("signed_in_at")?,
    };
    Ok(Stored(person, row.get("role")?, row.get("reach")?))
}

fn finish(Stored(mut person, role, reach): Stored) -> Result<Person, RegistryError> {
    (person.role, person.reach) = read_role(&person.id, &role, &reach)?;
    Ok(person)
}

/// Role and reach as they are stored; what cannot be read opens nothing.
pub(super) fn read_role(
    id: &str,
    role: &str,
    reach: &str,
) -> Result<(Role, Vec<String>), RegistryError> {
    let role = Role::named(role).ok_or_else(|| damaged("role", id, "no such role"))?;
    let reach = serde_json::from_str(reach).map_err(|error| damaged("reach", id, error))?;
    Ok((role, reach))
}

/// Refuses a role that cannot reach over these names.
pub(super) fn check_reach(id: &str, role: Role, reach: &[String]) -> Result<(), RegistryError> {
    let refuse = |reason| {
        Err(RegistryError::Invalid {
            what: "person",
            id: id.to_owned(),
            field: "reach",
            reason,
        })
    };
    if let Some(reason) = role.refuses(reach) {
        return refuse(reason);
    }
    if reach.len() > REACH_MAX {
        return refuse("has more than 100 names");
    }
    if reach
        .iter()
        .any(|one| one.trim().is_empty() || one.len() > REACH_BYTES_MAX)
    {
        return refuse("holds a name that is empty or has more than 200 bytes");
    }
    Ok(())
}

impl NewPerson {
    fn check(&self) -> Result<(), RegistryError> {
        let refuse = |field, reason| {
            Err(RegistryError::Invalid {
                what: "person",
                id: self.id.clone(),
                field,
                reason,
            })
        };
        let letter =
            |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || b"._-@".contains(&one);
        if self.id.is_empty() || self.id.len() > ID_BYTES_MAX || !self.id.bytes().all(letter) {
            return refuse(
                "id",
                "must have 1 to 64 small letters, digits, '.', '_', '-' or '@'",
            );
        }
        let name = self.name.trim();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return refuse(
                "name",
                "must have 1 to 200 bytes, none of them a control character",
            );
        }
        check_reach(&self.id, self.role, &self.reach)
    }
}

impl Registry {
    /// Whether there are accounts: people who were not invented by a demonstration.
    pub fn has_people(&self) -> Result<bool, RegistryError> {
        self.read("people", |connection| {
            connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM person WHERE NOT invented)")?
                .query_row([], |row| row.get(0))
        })
    }

    /// Everybody, by identifier.
    pub fn people(&self) -> Result<Vec<Person>, RegistryError> {
        let rows: Vec<Stored> = self.read("people", |connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM person ORDER BY id"))?
                .query_map([], stored)?
                .collect()
        })?;
        rows.into_iter().map(finish).collect()
    }

    /// A person.
    pub fn person(&self, id: &str) -> Result<Option<Person>, RegistryError> {
        let row = self.read("person", |connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE id = ?"))?
                .query_row([id], stored)
                .optional()
        })?;
        row.map(finish).transpose()
    }

    /// What is compared when a person signs in.
    pub fn lock_of(&self, id: &str) -> Result<Lock, RegistryError> {
        let found = self.read("lock", |connection| {
            connection
                .prepare_cached(
                    "SELECT password, totp, totp_step FROM person
                     WHERE id = ? AND disabled_at IS NULL AND NOT invented",
                )?
                .query_row([id], |row| {
                    Ok(Lock {
                        password: row.get(0)?,
                        totp: row.get(1)?,
                        totp_step: row.get(2)?,
                    })
                })
                .optional()
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Adds a person, who cannot sign in before a password was chosen by a link.
    pub fn add_person(&self, new: &NewPerson, decision: Decision<'_>) -> Result<(), RegistryError> {
        new.check()?;
        self.write("add person", |transaction| {
            let count: i64 = transaction
                .query_row("SELECT count(*) FROM person", [], |row| row.get(0))
                .map_err(database("add person"))?;
            if count >= PEOPLE_MAX {
                return Err(conflict(&new.id, "there are 10,000 people already"));
            }
            let reach = json!(new.reach).to_string();
            let added = transaction
                .execute(
                    "INSERT INTO person (id, name, role, reach, invented, created_at, created_by)
                     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                    params![
                        new.id,
                        new.name.trim(),
                        new.role.identifier(),
                        reach,
                        new.invented,
                        decision.at_unix_ms,
                        decision.author
                    ],
                )
                .map_err(database("add person"))?;
            if added == 0 {
                return Err(conflict(&new.id, "exists already"));
            }
            let detail = json!({"name": new.name, "role": new.role, "reach": new.reach});
            noted(transaction, "person.add", &new.id, decision, &detail)
        })
    }

    /// Gives a person another role or reach. There is always an administrator left.
    pub fn set_role(
        &self,
        id: &str,
        (role, reach): (Role, &[String]),
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        check_reach(id, role, reach)?;
        self.write("set role", |transaction| {
            let changed = transaction
                .execute(
                    "UPDATE person SET role = ?2, reach = ?3 WHERE id = ?1",
                    params![id, role.identifier(), json!(reach).to_string()],
                )
                .map_err(database("set role"))?;
            if changed == 0 {
                return Err(missing("person", id));
            }
            administrator_left(transaction, id)?;
            let detail = json!({"role": role, "reach": reach});
            noted(transaction, "person.role", id, decision, &detail)
        })
    }

    /// Shuts a person out, or lets them in again. Their sessions, links and known browsers end.
    pub fn set_disabled(
        &self,
        id: &str,
        disabled: bool,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.write("disable person", |transaction| {
            let at = disabled.then_some(decision.at_unix_ms);
            let changed = transaction
                .execute(
                    "UPDATE person SET disabled_at = ? WHERE id = ?",
                    params![at, id],
                )
                .map_err(database("disable person"))?;
            if changed == 0 {
                return Err(missing("person", id));
            }
            administrator_left(transaction, id)?;
            close_ways(transaction, id, decision.at_unix_ms)?;
            let action = if disabled {
                "person.disable"
            } else {
                "person.enable"
            };
            noted(transaction, action, id, decision, &json!({}))
        })
    }
}

/// Ends a person's sessions, known browsers and unused links.
pub(super) fn close_ways(
    transaction: &Transaction<'_>,
    id: &str,
    at: i64,
) -> Result<(), RegistryError> {
    let done = transaction
        .execute(
            "UPDATE session SET ended_at = ?2 WHERE person = ?1 AND ended_at IS NULL",
            params![id, at],
        )
        .and_then(|_| transaction.execute("DELETE FROM device WHERE person = ?", [id]))
        .and_then(|_| {
            transaction.execute(
                "DELETE FROM link WHERE person = ? AND used_at IS NULL",
                [id],
            )
        });
    done.map(drop).map_err(database("close ways"))
}

/// Refuses a change after which nobody could let anybody in.
fn administrator_left(transaction: &Transaction<'_>, id: &str) -> Result<(), RegistryError> {
    let left: bool = transaction
        .query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM person WHERE NOT invented) OR EXISTS (
                 SELECT 1 FROM person
                 WHERE role = 'administrator' AND disabled_at IS NULL AND NOT invented)",
            [],
            |row| row.get(0),
        )
        .map_err(database("administrators"))?;
    if left {
        return Ok(());
    }
    Err(conflict(id, "is the last administrator"))
}

pub(super) fn noted(
    transaction: &Transaction<'_>,
    action: &str,
    id: &str,
    decision: Decision<'_>,
    detail: &serde_json::Value,
) -> Result<(), RegistryError> {
    record(
        transaction,
        (decision.at_unix_ms, decision.author),
        action,
        id,
        detail,
    )
}

pub(super) fn conflict(id: &str, reason: &'static str) -> RegistryError {
    RegistryError::Conflict {
        what: "person",
        id: id.to_owned(),
        reason,
    }
}
