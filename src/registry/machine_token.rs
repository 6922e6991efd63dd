//! Tokens of machines: scoped like people, expiring, shown once, revocable. They read.

use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::json;

use super::{
    Registry, RegistryError,
    audit::record,
    error::{database, missing},
    person::{check_reach, read_role},
    site_change::Decision,
};
use crate::doors::role::Role;
use crate::doors::secret::Hash;

/// Most tokens that are worth something.
const TOKENS_MAX: i64 = 1_000;
/// Longest name, bytes.
const NAME_BYTES_MAX: usize = 200;
/// Between two notes that a token is used: each is a write to the disk.
const USED_EVERY_MS: i64 = 10 * 60 * 1_000;

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineToken {
    /// Number.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// As what it comes in.
    pub role: Role,
    /// Regions, contractors or the site.
    pub reach: Vec<String>,
    /// Whether it sees sites that are marked sensitive.
    pub sensitive: bool,
    /// Whose account made it; it ends with the account.
    pub person: Option<String>,
    /// When it was made, Unix milliseconds.
    pub created_at_unix_ms: i64,
    /// Until when it is worth something.
    pub expires_at_unix_ms: i64,
    /// When it was used last, to some minutes.
    pub used_at_unix_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_at_unix_ms: Option<i64>,
}

struct Stored(MachineToken, String, String);

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let token = MachineToken {
        id: row.get("id")?,
        name: row.get("name")?,
        role: Role::Technician,
        reach: Vec::new(),
        sensitive: row.get("sensitive")?,
        person: row.get("person")?,
        created_at_unix_ms: row.get("created_at")?,
        expires_at_unix_ms: row.get("expires_at")?,
        used_at_unix_ms: row.get("used_at")?,
        revoked_at_unix_ms: row.get("revoked_at")?,
    };
    Ok(Stored(token, row.get("role")?, row.get("reach")?))
}

fn finish(Stored(mut token, role, reach): Stored) -> Result<MachineToken, RegistryError> {
    (token.role, token.reach) = read_role(&token.id, &role, &reach)?;
    Ok(token)
}

/// Neither revoked nor expired nor of somebody who was shut out; `?2` is now.
const HOLDS: &str = "revoked_at IS NULL AND expires_at > ?2 AND (person IS NULL OR EXISTS (
    SELECT 1 FROM person AS maker WHERE maker.id = person AND maker.disabled_at IS NULL))";

impl Registry {
    /// Keeps a new token.
    pub fn add_token(
        &self,
        token: &MachineToken,
        hash: &Hash,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        let refuse = |field, reason| {
            Err(RegistryError::Invalid {
                what: "token",
                id: token.id.clone(),
                field,
                reason,
            })
        };
        let name = token.name.trim();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return refuse(
                "name",
                "must have 1 to 200 bytes, none of them a control character",
            );
        }
        check_reach(&token.id, token.role, &token.reach)?;
        self.write("add token", |transaction| {
            let operation = "add token";
            let held: i64 = transaction
                .query_row(
                    "SELECT count(*) FROM machine_token WHERE revoked_at IS NULL AND expires_at > ?",
                    [decision.at_unix_ms],
                    |row| row.get(0),
                )
                .map_err(database(operation))?;
            if held >= TOKENS_MAX {
                return Err(RegistryError::Conflict {
                    what: "token",
                    id: token.id.clone(),
                    reason: "there are 1,000 tokens already: revoke what is not used",
                });
            }
            transaction
                .execute(
                    "INSERT INTO machine_token (id, secret_sha256, name, role, reach, sensitive,
                         person, created_at, expires_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    params![
                        token.id,
                        hash,
                        name,
                        token.role.identifier(),
                        json!(token.reach).to_string(),
                        token.sensitive,
                        token.person,
                        token.created_at_unix_ms,
                        token.expires_at_unix_ms
                    ],
                )
                .map_err(database(operation))?;
            let detail = json!({"name": name, "role": token.role, "reach": token.reach,
                "sensitive": token.sensitive, "expires_unix_ms": token.expires_at_unix_ms});
            let who = (decision.at_unix_ms, decision.author);
            record(transaction, who, "token.add", &token.id, &detail)
        })
    }

    /// Tokens, the newest first.
    pub fn tokens(&self) -> Result<Vec<MachineToken>, RegistryError> {
        let rows: Vec<Stored> = self.read("tokens", |connection| {
            connection
                .prepare_cached("SELECT * FROM machine_token ORDER BY created_at DESC, id")?
                .query_map([], stored)?
                .collect()
        })?;
        rows.into_iter().map(finish).collect()
    }

    /// The token of a secret, if it is worth something.
    pub fn use_token(
        &self,
        hash: &Hash,
        now_unix_ms: i64,
    ) -> Result<Option<MachineToken>, RegistryError> {
        let row = self.read("use token", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT * FROM machine_token WHERE secret_sha256 = ?1 AND {HOLDS}"
                ))?
                .query_row(params![hash, now_unix_ms], stored)
                .optional()
        })?;
        let token = row.map(finish).transpose()?;
        if let Some(token) = &token
            && token
                .used_at_unix_ms
                .is_none_or(|at| now_unix_ms - at > USED_EVERY_MS)
        {
            self.write_quietly("use token", |transaction| {
                transaction
                    .execute(
                        "UPDATE machine_token SET used_at = ? WHERE id = ?",
                        params![now_unix_ms, token.id],
                    )
                    .map(drop)
                    .map_err(database("use token"))
            })?;
        }
        Ok(token)
    }

    /// Whether a token that was used before is still worth something.
    pub fn token_holds(&self, id: &str, now_unix_ms: i64) -> Result<bool, RegistryError> {
        self.read("token", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT EXISTS (SELECT 1 FROM machine_token WHERE id = ?1 AND {HOLDS})"
                ))?
                .query_row(params![id, now_unix_ms], |row| row.get(0))
        })
    }

    /// Revokes a token: it is worth nothing from now on.
    pub fn revoke_token(&self, id: &str, decision: Decision<'_>) -> Result<(), RegistryError> {
        self.write("revoke token", |transaction| {
            let changed = transaction
                .execute(
                    "UPDATE machine_token SET revoked_at = ?2, revoked_by = ?3
                     WHERE id = ?1 AND revoked_at IS NULL",
                    params![id, decision.at_unix_ms, decision.author],
                )
                .map_err(database("revoke token"))?;
            if changed == 0 {
                return Err(missing("token", id));
            }
            let who = (decision.at_unix_ms, decision.author);
            record(transaction, who, "token.revoke", id, &json!({}))
        })
    }
}
