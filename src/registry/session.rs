//! Sessions, known browsers, and the log of who signed in.

use rusqlite::{OptionalExtension as _, params};

use super::{Person, Registry, RegistryError, error::database};
use crate::doors::secret::Hash;

/// Longest rest of a session, milliseconds: two hours.
const SESSION_IDLE_MS: i64 = 2 * 3_600 * 1_000;
/// Longest life of a session, milliseconds: a working day.
pub const SESSION_LIFE_MS: i64 = 12 * 3_600 * 1_000;
/// How long a browser is known, milliseconds: half a year.
pub const DEVICE_LIFE_MS: i64 = 180 * 86_400 * 1_000;
/// Between two notes that a session is used: each is a write to the disk.
const SEEN_EVERY_MS: i64 = 60 * 1_000;
/// Sessions, browsers, and sign-ins of strangers kept of one person or name.
const SESSIONS_MAX: u32 = 50;
const DEVICES_MAX: u32 = 20;
/// Sign-ins kept. The oldest go first: a stranger who tries for days does not fill the disk.
const SIGN_INS_MAX: i64 = 100_000;
/// Most sign-ins read at once.
const PAGE_MAX: u32 = 1_000;

/// One try to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRecord {
    /// Number.
    pub id: i64,
    /// When, Unix milliseconds.
    pub at_unix_ms: i64,
    /// Who; `None`: nobody of that name.
    pub person: Option<String>,
    /// What became of it.
    pub outcome: String,
    /// From where.
    pub peer: String,
    /// Whether the browser was known.
    pub device: bool,
}

impl Registry {
    /// Opens a session; the oldest ones beyond a number end.
    pub fn open_session(
        &self,
        hash: &Hash,
        person: &str,
        (peer, now_unix_ms): (&str, i64),
    ) -> Result<(), RegistryError> {
        self.write_quietly("open session", |transaction| {
            let operation = "open session";
            transaction
                .execute(
                    "DELETE FROM session WHERE person = ?1 AND token_sha256 NOT IN (
                         SELECT token_sha256 FROM session WHERE person = ?1
                         ORDER BY opened_at DESC LIMIT ?2)",
                    params![person, SESSIONS_MAX - 1],
                )
                .map_err(database(operation))?;
            transaction
                .execute(
                    "INSERT INTO session (token_sha256, person, opened_at, seen_at, peer)
                     VALUES (?1, ?2, ?3, ?3, ?4)",
                    params![hash, person, now_unix_ms, peer],
                )
                .map(drop)
                .map_err(database(operation))
        })
    }

    /// Whose session this is, if it is neither ended nor too old, and its person may come in.
    pub fn use_session(
        &self,
        hash: &Hash,
        now_unix_ms: i64,
    ) -> Result<Option<Person>, RegistryError> {
        let found: Option<(String, i64)> = self.read("use session", |connection| {
            connection
                .prepare_cached(
                    "SELECT person, seen_at FROM session
                     WHERE token_sha256 = ?1 AND ended_at IS NULL AND opened_at > ?2 AND seen_at > ?3",
                )?
                .query_row(
                    params![
                        hash,
                        now_unix_ms - SESSION_LIFE_MS,
                        now_unix_ms - SESSION_IDLE_MS
                    ],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()
        })?;
        let Some((person, seen)) = found else {
            return Ok(None);
        };
        if now_unix_ms - seen > SEEN_EVERY_MS {
            self.write_quietly("use session", |transaction| {
                transaction
                    .execute(
                        "UPDATE session SET seen_at = ? WHERE token_sha256 = ?",
                        params![now_unix_ms, hash],
                    )
                    .map(drop)
                    .map_err(database("use session"))
            })?;
        }
        let person = self.person(&person)?;
        Ok(person.filter(|one| one.disabled_at_unix_ms.is_none()))
    }

    /// Ends a session.
    pub fn end_session(&self, hash: &Hash, now_unix_ms: i64) -> Result<(), RegistryError> {
        self.write_quietly("end session", |transaction| {
            transaction
                .execute(
                    "UPDATE session SET ended_at = ? WHERE token_sha256 = ? AND ended_at IS NULL",
                    params![now_unix_ms, hash],
                )
                .map(drop)
                .map_err(database("end session"))
        })
    }

    /// Remembers a browser from which a person signed in.
    pub fn remember_device(
        &self,
        hash: &Hash,
        person: &str,
        now_unix_ms: i64,
    ) -> Result<(), RegistryError> {
        self.write_quietly("remember device", |transaction| {
            let operation = "remember device";
            transaction
                .execute(
                    "DELETE FROM device WHERE person = ?1 AND (expires_at < ?2 OR token_sha256 NOT IN (
                         SELECT token_sha256 FROM device WHERE person = ?1
                         ORDER BY known_at DESC LIMIT ?3))",
                    params![person, now_unix_ms, DEVICES_MAX - 1],
                )
                .map_err(database(operation))?;
            transaction
                .execute(
                    "INSERT INTO device (token_sha256, person, known_at, expires_at)
                     VALUES (?, ?, ?, ?)",
                    params![hash, person, now_unix_ms, now_unix_ms + DEVICE_LIFE_MS],
                )
                .map(drop)
                .map_err(database(operation))
        })
    }

    /// Whether a person signed in from this browser before.
    pub fn knows_device(
        &self,
        hash: &Hash,
        person: &str,
        now_unix_ms: i64,
    ) -> Result<bool, RegistryError> {
        self.read("known device", |connection| {
            connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM device
                     WHERE token_sha256 = ? AND person = ? AND expires_at > ?)",
                )?
                .query_row(params![hash, person, now_unix_ms], |row| row.get(0))
        })
    }

    /// Notes a try to sign in. Of a name that nobody has, nothing but that is kept.
    pub fn note_sign_in(
        &self,
        typed: &str,
        outcome: &str,
        (peer, device): (&str, bool),
        now_unix_ms: i64,
    ) -> Result<(), RegistryError> {
        self.write_quietly("note sign-in", |transaction| {
            let operation = "note sign-in";
            transaction
                .execute(
                    "INSERT INTO sign_in (at, person, outcome, peer, device)
                     VALUES (?1, (SELECT id FROM person WHERE id = ?2), ?3, ?4, ?5)",
                    params![now_unix_ms, typed, outcome, peer, device],
                )
                .map_err(database(operation))?;
            let last = transaction.last_insert_rowid();
            transaction
                .execute("DELETE FROM sign_in WHERE id <= ?", [last - SIGN_INS_MAX])
                .map(drop)
                .map_err(database(operation))
        })
    }

    /// Tries to sign in before a number, the newest first.
    pub fn sign_ins(&self, before: i64, limit: u32) -> Result<Vec<SignInRecord>, RegistryError> {
        self.read("sign-ins", |connection| {
            connection
                .prepare_cached(
                    "SELECT id, at, person, outcome, peer, device FROM sign_in
                     WHERE id < ? ORDER BY id DESC LIMIT ?",
                )?
                .query_map(params![before, limit.min(PAGE_MAX + 1)], |row| {
                    Ok(SignInRecord {
                        id: row.get(0)?,
                        at_unix_ms: row.get(1)?,
                        person: row.get(2)?,
                        outcome: row.get(3)?,
                        peer: row.get(4)?,
                        device: row.get(5)?,
                    })
                })?
                .collect()
        })
    }
}
