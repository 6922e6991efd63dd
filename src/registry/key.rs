//! What people come in by: the one-time links by which they choose a password, the password, the second
//! factor.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::json;

use super::{
    Person, Registry, RegistryError,
    error::{database, missing},
    person::{close_ways, conflict, noted},
    site_change::Decision,
};
use crate::doors::secret::Hash;

impl Registry {
    /// Makes a one-time link by which a person chooses a password; earlier links are worth nothing.
    /// A reset also takes the old password and second factor away and ends what is open.
    pub fn add_link(
        &self,
        id: &str,
        (hash, expires_unix_ms): (&Hash, i64),
        reset: bool,
        decision: Decision<'_>,
    ) -> Result<(), RegistryError> {
        self.write("add link", |transaction| {
            let open: Option<bool> = transaction
                .query_row(
                    "SELECT disabled_at IS NULL AND NOT invented FROM person WHERE id = ?",
                    [id],
                    |row| row.get(0),
                )
                .optional()
                .map_err(database("add link"))?;
            match open {
                None => return Err(missing("person", id)),
                Some(false) => return Err(conflict(id, "is disabled or invented")),
                Some(true) => {}
            }
            transaction
                .execute("DELETE FROM link WHERE person = ? AND used_at IS NULL", [id])
                .map_err(database("add link"))?;
            if reset {
                transaction
                    .execute(
                        "UPDATE person SET password = NULL, totp = NULL, totp_step = NULL WHERE id = ?",
                        [id],
                    )
                    .map_err(database("add link"))?;
                close_ways(transaction, id, decision.at_unix_ms)?;
            }
            transaction
                .execute(
                    "INSERT INTO link (secret_sha256, person, created_at, created_by, expires_at)
                     VALUES (?, ?, ?, ?, ?)",
                    params![hash, id, decision.at_unix_ms, decision.author, expires_unix_ms],
                )
                .map_err(database("add link"))?;
            let action = if reset { "person.reset" } else { "person.invite" };
            noted(transaction, action, id, decision, &json!({}))
        })
    }

    /// Whose link this is, if it is still worth something.
    pub fn link_person(
        &self,
        hash: &Hash,
        now_unix_ms: i64,
    ) -> Result<Option<Person>, RegistryError> {
        let id: Option<String> = self.read("link", |connection| {
            connection
                .prepare_cached(
                    "SELECT person FROM link WHERE secret_sha256 = ?1 AND used_at IS NULL
                     AND expires_at > ?2",
                )?
                .query_row(params![hash, now_unix_ms], |row| row.get(0))
                .optional()
        })?;
        let person = id.map(|id| self.person(&id)).transpose()?.flatten();
        Ok(person.filter(|one| one.disabled_at_unix_ms.is_none()))
    }

    /// Uses a link: the person has this password from now on. `false`: it was used meanwhile.
    pub fn use_link(
        &self,
        hash: &Hash,
        (id, password): (&str, &str),
        now_unix_ms: i64,
    ) -> Result<bool, RegistryError> {
        self.write("use link", |transaction| {
            let used = transaction
                .execute(
                    "UPDATE link SET used_at = ?2 WHERE secret_sha256 = ?1 AND person = ?3
                     AND used_at IS NULL AND expires_at > ?2",
                    params![hash, now_unix_ms, id],
                )
                .map_err(database("use link"))?;
            if used == 0 {
                return Ok(false);
            }
            store_password(transaction, id, password)?;
            noted(
                transaction,
                "person.password",
                id,
                by_self(id, now_unix_ms),
                &json!({"link": true}),
            )?;
            Ok(true)
        })
    }

    /// Another password; what else is open under the old one ends.
    pub fn set_password(
        &self,
        id: &str,
        password: &str,
        now_unix_ms: i64,
    ) -> Result<(), RegistryError> {
        self.write("set password", |transaction| {
            store_password(transaction, id, password)?;
            close_ways(transaction, id, now_unix_ms)?;
            noted(
                transaction,
                "person.password",
                id,
                by_self(id, now_unix_ms),
                &json!({}),
            )
        })
    }

    /// A second factor, or none any more.
    pub fn set_totp(
        &self,
        id: &str,
        secret: Option<(&str, i64)>,
        now_unix_ms: i64,
    ) -> Result<(), RegistryError> {
        self.write("set totp", |transaction| {
            let (secret, step) = secret.unzip();
            transaction
                .execute(
                    "UPDATE person SET totp = ?2, totp_step = ?3 WHERE id = ?1",
                    params![id, secret, step],
                )
                .map_err(database("set totp"))?;
            let detail = json!({"on": secret.is_some()});
            noted(
                transaction,
                "person.totp",
                id,
                by_self(id, now_unix_ms),
                &detail,
            )
        })
    }

    /// Notes that a code was used; `false` when it, or a later one, was used before.
    pub fn use_totp_step(&self, id: &str, step: i64) -> Result<bool, RegistryError> {
        self.write_quietly("use code", |transaction| {
            transaction
                .execute(
                    "UPDATE person SET totp_step = ?2
                     WHERE id = ?1 AND (totp_step IS NULL OR totp_step < ?2)",
                    params![id, step],
                )
                .map(|changed| changed == 1)
                .map_err(database("use code"))
        })
    }
}

fn store_password(
    transaction: &Transaction<'_>,
    id: &str,
    password: &str,
) -> Result<(), RegistryError> {
    transaction
        .execute(
            "UPDATE person SET password = ?2 WHERE id = ?1",
            params![id, password],
        )
        .map(drop)
        .map_err(database("store password"))
}

fn by_self(id: &str, at_unix_ms: i64) -> Decision<'_> {
    Decision {
        author: id,
        at_unix_ms,
        reason: "",
    }
}
