//! Enrolment codes: one secret, one site, one agent, 24 hours. Only the SHA-256 is kept.

use desserte_probe::wire::{id::AgentId, sha256};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::json;

use super::{
    AgentRecord, Registry, RegistryError, SiteStatus, agent,
    audit::record,
    error::{database, missing},
    record::{self, NewRecord, RecordKind},
    schedule,
    site::known,
};

/// How long a code is worth an enrolment.
pub const CODE_VALID_MS: i64 = 24 * 3_600_000;

/// A new agent, or the same one again when its answer was lost.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// The agent.
    pub agent: AgentRecord,
    /// The site that the code was made for.
    pub site: String,
    /// The site's name.
    pub site_name: Option<String>,
}

struct StoredCode {
    site: String,
    expires_at: i64,
    agent: Option<String>,
    simulated: bool,
}

impl Registry {
    /// Keeps the hash of a secret that is worth one enrolment at `site` until the returned time,
    /// Unix milliseconds.
    pub fn keep_code(
        &self,
        secret: &[u8; 16],
        site: &str,
        author: &str,
        at_unix_ms: i64,
    ) -> Result<i64, RegistryError> {
        let expires = at_unix_ms.saturating_add(CODE_VALID_MS);
        self.write("keep enrolment code", |transaction| {
            if known(transaction, site)?.status != SiteStatus::Open {
                return Err(RegistryError::Conflict {
                    what: "site",
                    id: site.to_owned(),
                    reason: "is closed or merged; agents are enrolled at open sites",
                });
            }
            transaction
                .execute(
                    "INSERT INTO enrolment_code (secret_sha256, site, author, created_at,
                         expires_at) VALUES (?, ?, ?, ?, ?)",
                    params![sha256(secret), site, author, at_unix_ms, expires],
                )
                .map_err(database("keep enrolment code"))?;
            let detail = json!({ "expires_unix_ms": expires });
            record(
                transaction,
                (at_unix_ms, author),
                "agent.code",
                site,
                &detail,
            )?;
            Ok(expires)
        })
    }

    /// Turns a secret into an agent with this key: exactly once, however many ask at the same time.
    /// The same key with the same secret gets its agent again, because an answer can be lost.
    pub fn redeem_code(
        &self,
        secret: &[u8; 16],
        public_key: &[u8; 32],
        software: &str,
        at_unix_ms: i64,
    ) -> Result<Redeemed, RegistryError> {
        self.write("redeem enrolment code", |transaction| {
            let hash = sha256(secret);
            let code = stored(transaction, &hash)?.ok_or(RegistryError::CodeUnknownOrUsed)?;
            let before = agent::with_key(transaction, public_key)?;
            if let Some(before) = before {
                if before.revoked_at_unix_ms.is_some() {
                    return Err(RegistryError::Revoked(before.id.to_string()));
                }
                if code.agent.as_deref() != Some(before.id.to_string().as_str()) {
                    return Err(RegistryError::CodeUnknownOrUsed);
                }
                return redeemed(transaction, before, code.site);
            }
            if code.agent.is_some() {
                return Err(RegistryError::CodeUnknownOrUsed);
            }
            if code.expires_at <= at_unix_ms {
                return Err(RegistryError::CodeExpired);
            }
            let id = AgentId(random_id());
            insert(
                transaction,
                (id, code.simulated),
                public_key,
                (software, at_unix_ms),
            )?;
            agent::assign(
                transaction,
                &id.to_string(),
                &code.site,
                (at_unix_ms, "enrolment"),
            )?;
            transaction
                .execute(
                    "UPDATE enrolment_code SET used_at = ?, agent = ? WHERE secret_sha256 = ?",
                    params![at_unix_ms, id.to_string(), hash],
                )
                .map_err(database("redeem enrolment code"))?;
            schedule::rebuild_agent(transaction, &id.to_string(), at_unix_ms)?;
            let detail = json!({ "site": code.site, "software": software });
            let stamp = (at_unix_ms, "enrolment");
            record(transaction, stamp, "agent.enrol", &id.to_string(), &detail)?;
            let agent = agent::one(transaction, id)
                .map_err(database("redeem enrolment code"))?
                .ok_or_else(|| missing("agent", &id.to_string()))?;
            redeemed(transaction, agent, code.site)
        })
    }
}

fn redeemed(
    transaction: &Transaction<'_>,
    agent: AgentRecord,
    site: String,
) -> Result<Redeemed, RegistryError> {
    Ok(Redeemed {
        agent,
        site_name: known(transaction, &site)?.name,
        site,
    })
}

fn stored(
    transaction: &Transaction<'_>,
    hash: &[u8; 32],
) -> Result<Option<StoredCode>, RegistryError> {
    transaction
        .query_row(
            "SELECT site, expires_at, agent, simulated FROM enrolment_code
             WHERE secret_sha256 = ?",
            [hash],
            |row| {
                Ok(StoredCode {
                    site: row.get(0)?,
                    expires_at: row.get(1)?,
                    agent: row.get(2)?,
                    simulated: row.get(3)?,
                })
            },
        )
        .optional()
        .map_err(database("redeem enrolment code"))
}

pub(super) fn insert(
    transaction: &Transaction<'_>,
    (id, simulated): (AgentId, bool),
    public_key: &[u8; 32],
    (software, at): (&str, i64),
) -> Result<(), RegistryError> {
    let heartbeat_key: [u8; 32] = rand::random();
    transaction
        .execute(
            "INSERT INTO agent (id, public_key, heartbeat_key, software, enrolled_at, simulated)
             VALUES (?, ?, ?, ?, ?, ?)",
            params![
                id.to_string(),
                public_key,
                heartbeat_key,
                software,
                at,
                simulated
            ],
        )
        .map_err(database("insert agent"))?;
    let text = id.to_string();
    let new = NewRecord {
        kind: RecordKind::AgentEnrolled,
        subject: &text,
        agreement: None,
        body: record::enrolled(&text, public_key),
    };
    record::append(transaction, (at, "enrolment"), new).map(drop)
}

/// Random identifier, version 4 of RFC 9562 §5.4.
pub(super) fn random_id() -> [u8; 16] {
    let bits: u128 = rand::random();
    let versioned = (bits & !(0xf << 76)) | (4 << 76);
    let variant = (versioned & !(0b11 << 62)) | (0b10 << 62);
    variant.to_be_bytes()
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
    fn identifiers_have_version_and_variant() {
        let id = AgentId(random_id()).to_string();
        assert_eq!(id.as_bytes()[14], b'4', "{id}");
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
    }

    fn race(rounds: u32, registry: &Registry, other: &Registry) {
        for round in 0..rounds {
            let secret: [u8; 16] = rand::random();
            registry
                .keep_code(&secret, "mairie-owando", "test", 1_000)
                .unwrap();
            let gate = std::sync::Barrier::new(2);
            let redeem = |registry: &Registry, number: u8| {
                let mut key = [number; 32];
                key[..4].copy_from_slice(&round.to_be_bytes());
                gate.wait();
                registry.redeem_code(&secret, &key, "test", 2_000)
            };
            let results = std::thread::scope(|scope| {
                let other = scope.spawn(|| redeem(other, 2));
                [redeem(registry, 1), other.join().unwrap()]
            });
            let won = results.iter().filter(|result| result.is_ok()).count();
            let used = results
                .iter()
                .filter(|result| matches!(result, Err(RegistryError::CodeUnknownOrUsed)))
                .count();
            assert_eq!((won, used), (1, 1), "round {round}: {results:?}");
        }
        let agents = registry.agents().unwrap();
        assert_eq!(agents.len(), usize::try_from(rounds).unwrap());
    }

    #[test]
    fn of_two_that_redeem_at_once_exactly_one_wins_a_thousand_times() {
        let registry = registry();
        race(1_000, &registry, &registry);
    }

    #[test]
    fn two_processes_cannot_redeem_one_code_either() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registry.sqlite");
        let (one, other) = (
            Registry::open(&path).unwrap(),
            Registry::open(&path).unwrap(),
        );
        let site = NewSite {
            id: "mairie-owando".into(),
            kind: "town_hall".into(),
            ..NewSite::default()
        };
        one.upsert_sites(&[site], "test", 1).unwrap();
        race(40, &one, &other);
    }

    #[test]
    fn a_code_expires_is_bound_to_its_site_and_answers_its_own_agent_again() {
        let registry = registry();
        registry
            .keep_code(&[1; 16], "mairie-owando", "test", 0)
            .unwrap();
        let late = registry.redeem_code(&[1; 16], &[9; 32], "test", CODE_VALID_MS);
        assert!(matches!(late, Err(RegistryError::CodeExpired)));
        let unknown = registry.redeem_code(&[2; 16], &[9; 32], "test", 5);
        assert!(matches!(unknown, Err(RegistryError::CodeUnknownOrUsed)));
        let first = registry.redeem_code(&[1; 16], &[9; 32], "test", 5).unwrap();
        assert_eq!(first.site, "mairie-owando");
        let again = registry.redeem_code(&[1; 16], &[9; 32], "test", 6).unwrap();
        assert_eq!(again.agent.id, first.agent.id);
        let elsewhere = registry.keep_code(&[3; 16], "nowhere", "test", 0);
        assert!(matches!(elsewhere, Err(RegistryError::Missing { .. })));
    }
}
