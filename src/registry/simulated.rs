//! Agents that a demonstration makes up. Their codes carry a mark, and so does every agent that
//! redeemed one: whoever shows what such an agent sent says that it is simulated.

use desserte_probe::wire::{id::AgentId, sha256};
use rusqlite::params;
use serde_json::json;

use super::{
    AgentRecord, Registry, RegistryError, agent,
    audit::record,
    error::{database, missing},
    redeem,
    site::known,
};

/// How long a code of a demonstration is worth an enrolment, milliseconds: it is redeemed at once.
const CODE_VALID_MS: i64 = 3_600_000;

/// A simulated agent of the past, whose place another one has taken.
#[derive(Debug, Clone, Copy)]
pub struct Replaced<'a> {
    /// Where it measured.
    pub site: &'a str,
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// Its software.
    pub software: &'a str,
    /// When it was enrolled, Unix milliseconds.
    pub enrolled_unix_ms: i64,
    /// When another one took its place, Unix milliseconds.
    pub replaced_unix_ms: i64,
}

impl Registry {
    /// Keeps the hashes of secrets that are each worth one simulated agent at a site, all in one
    /// transaction.
    pub fn keep_simulated_codes(
        &self,
        codes: &[([u8; 16], &str)],
        (at_unix_ms, author): (i64, &str),
    ) -> Result<(), RegistryError> {
        let operation = "keep simulated codes";
        self.write(operation, |transaction| {
            for (secret, site) in codes {
                known(transaction, site)?;
                transaction
                    .prepare_cached(
                        "INSERT INTO enrolment_code (secret_sha256, site, author, created_at,
                             expires_at, simulated) VALUES (?, ?, ?, ?, ?, 1)",
                    )
                    .and_then(|mut statement| {
                        let expires = at_unix_ms.saturating_add(CODE_VALID_MS);
                        statement.execute(params![
                            sha256(secret),
                            site,
                            author,
                            at_unix_ms,
                            expires
                        ])
                    })
                    .map_err(database(operation))?;
            }
            let detail = json!({ "codes": codes.len() });
            let stamp = (at_unix_ms, author);
            record(transaction, stamp, "agent.simulated_codes", author, &detail)
        })
    }

    /// Writes simulated agents of the past down, each enrolled and replaced at its time. What is
    /// there under the same key stays as it is. Answers with their records, in the same order.
    pub fn keep_replaced_agents(
        &self,
        agents: &[Replaced<'_>],
        author: &str,
    ) -> Result<Vec<AgentRecord>, RegistryError> {
        let operation = "keep replaced agents";
        self.write(operation, |transaction| {
            let mut kept = Vec::with_capacity(agents.len());
            for one in agents {
                if let Some(before) = agent::with_key(transaction, &one.public_key)? {
                    kept.push(before);
                    continue;
                }
                let id = AgentId(redeem::random_id());
                let text = id.to_string();
                let stamp = (one.enrolled_unix_ms, author);
                let software = (one.software, one.enrolled_unix_ms);
                redeem::insert(transaction, (id, true), &one.public_key, software)?;
                agent::assign(transaction, &text, one.site, stamp)?;
                transaction
                    .prepare_cached("UPDATE agent SET revoked_at = ? WHERE id = ?")
                    .and_then(|mut statement| {
                        statement.execute(params![one.replaced_unix_ms, text])
                    })
                    .map_err(database(operation))?;
                let detail = json!({ "site": one.site, "replaced_unix_ms": one.replaced_unix_ms });
                record(transaction, stamp, "agent.simulated", &text, &detail)?;
                let record = agent::one(transaction, id).map_err(database(operation))?;
                kept.push(record.ok_or_else(|| missing("agent", &text))?);
            }
            Ok(kept)
        })
    }

    /// The agent with a public key.
    pub fn agent_with_key(
        &self,
        public_key: &[u8; 32],
    ) -> Result<Option<AgentRecord>, RegistryError> {
        self.write_quietly("agent by key", |transaction| {
            agent::with_key(transaction, public_key)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::NewSite;

    fn registry() -> Registry {
        let registry = Registry::in_memory().unwrap();
        let site = NewSite {
            id: "mairie-owando".into(),
            kind: "town_hall".into(),
            ..NewSite::default()
        };
        registry.upsert_sites(&[site], "test", 1).unwrap();
        registry
    }

    #[test]
    fn only_agents_of_marked_codes_are_simulated() {
        let registry = registry();
        let (marked, plain) = ([1; 16], [2; 16]);
        registry
            .keep_simulated_codes(&[(marked, "mairie-owando")], (10, "demonstration"))
            .unwrap();
        registry
            .keep_code(&plain, "mairie-owando", "test", 10)
            .unwrap();
        let redeem = |secret, key| {
            let redeemed = registry.redeem_code(secret, &[key; 32], "test", 11);
            redeemed.unwrap().agent.simulated
        };
        assert!(redeem(&marked, 7));
        assert!(!redeem(&plain, 8));
    }

    #[test]
    fn agents_of_the_past_are_kept_once_and_are_not_trusted_any_more() {
        let registry = registry();
        let past = Replaced {
            site: "mairie-owando",
            public_key: [9; 32],
            software: "test/1",
            enrolled_unix_ms: 100,
            replaced_unix_ms: 900,
        };
        let first = registry
            .keep_replaced_agents(&[past], "demonstration")
            .unwrap();
        let again = registry
            .keep_replaced_agents(&[past], "demonstration")
            .unwrap();
        assert_eq!(first, again);
        assert_eq!(first[0].revoked_at_unix_ms, Some(900));
        assert!(first[0].simulated);
        assert_eq!(first[0].site.as_deref(), Some("mairie-owando"));
    }
}
