//! What people enter and decide: sites, agents, lines, targets, agreements, exclusions, and the
//! outages that were found. One SQLite file, small, read often and written seldom.
//!
//! Several processes may have it open (a server and a command): SQLite's write lock serialises
//! them, [`Registry::version`] tells that something changed.

mod agent;
mod agreement;
mod audit;
mod captive;
mod contest;
mod duplicate;
mod error;
mod exclusion;
mod import_run;
mod key;
mod line;
mod machine_token;
mod measure;
mod neighbour;
mod number;
mod outage;
mod person;
mod record;
mod redeem;
mod run;
mod schedule;
mod session;
mod simulated;
mod site;
mod site_change;
mod site_import;
mod statement;
mod target;
mod targets_file;

use std::{
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use crate::text::fold;
pub use agent::{AgentRecord, Assignment, site_at};
pub use agreement::{AgreementDocument, StoredAgreement};
pub use audit::AuditRecord;
pub use captive::CaptiveQuestions;
pub use contest::{Attachment, Contest};
pub use duplicate::{Decided, DuplicateDecision, PairVerdict, Verdict};
pub use error::RegistryError;
pub use exclusion::{ExclusionChange, ExclusionRecord, NewExclusion};
pub use import_run::{ImportRun, KeptSite, NewImport, Undone};
pub use line::{LineRecord, SeenLine, line_key};
pub use machine_token::MachineToken;
pub use outage::{OutageFilter, OutageRecord};
pub use person::{Lock, NewPerson, Person};
pub use record::{RecordContent, RecordKind, StoredRecord};
pub use redeem::{CODE_VALID_MS, Redeemed};
pub(crate) use run::latest_unix_ms;
pub use schedule::{HEARTBEAT_SECONDS, UPLOAD_SECONDS};
pub use session::{DEVICE_LIFE_MS, SESSION_LIFE_MS, SignInRecord};
pub use simulated::Replaced;
pub use site::{SiteRecord, SiteStatus, SiteVersion};
pub use site_change::Decision;
pub use site_import::{ImportOutcome, NewSite};
pub use statement::{NewStatement, StoredStatement};
pub use target::{Anchor, SiteTarget, TargetDefinition, anchors_of};
pub use targets_file::{SitesMeasure, TargetsDocument};

/// Steps from an empty file to the present schema; a file of version n has had the first n of them.
/// A step that was released is never changed: what comes later is a step of its own at the end.
const SCHEMA: &[&str] = &[
    include_str!("registry/schema.sql"),
    include_str!("registry/schema-simulated.sql"),
    include_str!("registry/schema-anchors.sql"),
    include_str!("registry/schema-duplicates.sql"),
    include_str!("registry/schema-exclusions.sql"),
    include_str!("registry/schema-records.sql"),
    include_str!("registry/schema-statement-parts.sql"),
    include_str!("registry/schema-doors.sql"),
    include_str!("registry/schema-volume.sql"),
    include_str!("registry/schema-numbers.sql"),
    include_str!("registry/schema-looks.sql"),
];
/// With this step came records: a file from before it gets those of what it holds.
const RECORDS_STEP: usize = 6;
/// Statements kept prepared.
const STATEMENTS: usize = 128;

/// The registry's file, open.
#[derive(Debug)]
pub struct Registry {
    connection: Mutex<Connection>,
    writes: AtomicU64,
}

/// Changes whenever the registry does, by this process or another; compare for equality only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(i64, u64);

impl Registry {
    /// Opens `path`, making or migrating it as needed.
    pub fn open(path: &Path) -> Result<Self, RegistryError> {
        let connection = crate::database::open(path, "FULL").map_err(error::database("open"))?;
        Self::with(connection)
    }

    /// A registry in memory, for tests and replays.
    pub fn in_memory() -> Result<Self, RegistryError> {
        let connection = Connection::open_in_memory().map_err(error::database("open"))?;
        Self::with(connection)
    }

    fn with(mut connection: Connection) -> Result<Self, RegistryError> {
        connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(error::database("open"))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        migrate(&mut connection)?;
        Ok(Self {
            connection: Mutex::new(connection),
            writes: AtomicU64::new(0),
        })
    }

    /// What to compare in order to know whether anything changed.
    pub fn version(&self) -> Result<Version, RegistryError> {
        let others = self.read("data version", |connection| {
            connection.pragma_query_value(None, "data_version", |row| row.get(0))
        })?;
        Ok(Version(others, self.writes.load(Ordering::Acquire)))
    }

    /// How a statement is carried out, a step a line.
    #[cfg(test)]
    fn plan_of(&self, statement: &str) -> String {
        let connection = self.lock();
        let explained = format!("EXPLAIN QUERY PLAN {statement}");
        let mut explained = connection.prepare(&explained).unwrap();
        let steps = explained.raw_query().mapped(|row| row.get("detail"));
        let steps: Vec<String> = steps.collect::<rusqlite::Result<_>>().unwrap();
        steps.join("\n")
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held rolled its transaction back.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RegistryError> {
        read(&self.lock()).map_err(error::database(operation))
    }

    fn write<T>(
        &self,
        operation: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        self.write_telling(operation, |transaction| Ok((write(transaction)?, true)))
    }

    /// Writes what those who watch [`Registry::version`] need to look at again only when `write` says
    /// so.
    fn write_telling<T>(
        &self,
        operation: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> Result<(T, bool), RegistryError>,
    ) -> Result<T, RegistryError> {
        let (written, tell) = self.write_quietly(operation, write)?;
        if tell {
            self.writes.fetch_add(1, Ordering::Release);
        }
        Ok(written)
    }

    /// Writes what nobody who watches [`Registry::version`] needs to look at again.
    fn write_quietly<T>(
        &self,
        operation: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut connection = self.lock();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(error::database(operation))?;
        let written = write(&transaction)?;
        transaction.commit().map_err(error::database(operation))?;
        Ok(written)
    }
}

fn migrate(connection: &mut Connection) -> Result<(), RegistryError> {
    let operation = "migrate";
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(error::database(operation))?;
    let found: i64 = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(error::database(operation))?;
    let known = i64::try_from(SCHEMA.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(RegistryError::Newer { found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for step in SCHEMA.iter().skip(done) {
        transaction
            .execute_batch(step)
            .map_err(error::database(operation))?;
    }
    if done < RECORDS_STEP {
        record::complete(&transaction)?;
    }
    transaction
        .pragma_update(None, "user_version", known)
        .map_err(error::database(operation))?;
    transaction.commit().map_err(error::database(operation))
}
