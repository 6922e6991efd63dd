//! When a statement becomes final, and when late data makes another revision.
//!
//! A month is settled once it is closed (its exclusions may change no more) and nothing in it is open: its
//! statement is made from the evidence, kept, and recorded. Batches that come later with measurements of
//! a settled month make the next revision, if any figure differs; what differs is listed by comparing the
//! two documents.

use std::collections::{BTreeSet, HashMap};

use desserte_domain::agreement::Agreement;
use desserte_domain::period::day_of;
use serde_json::Value;

use super::LedgerError;
use super::bundle::write::Recorded;
use super::difference::{Difference, differences};
use super::evidence::{EvidenceError, Files};
use super::inputs::{Inputs, parse_month};
use super::late::{Part, Seen};
use super::make::{Made, MakeError, parts, terms_of};
use crate::registry::{NewStatement, RegistryError, StoredStatement};
use crate::store::StoreError;
use crate::store::journal::Work;

/// Closed months that are looked at, back from the present.
const MONTHS_BACK: i16 = 13;
/// What differs between two revisions by being two.
const REVISION_FIELDS: [&str; 1] = ["revision"];

/// Why there is no statement to bundle.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// It cannot be made.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The month is not one.
    #[error("{0:?} is not a month; write for example 2026-06")]
    Month(String),
    /// There is no such revision.
    #[error("the statement of {month} has no revision {revision}: it has {found}")]
    NoRevision {
        /// The month.
        month: String,
        /// What was asked for.
        revision: u32,
        /// How many there are.
        found: u32,
    },
    /// A kept statement cannot be read.
    #[error("kept statement: {0}")]
    Kept(#[from] serde_json::Error),
}

impl From<StoreError> for SettleError {
    fn from(error: StoreError) -> Self {
        Self::Make(EvidenceError::from(error).into())
    }
}

impl From<LedgerError> for SettleError {
    fn from(error: LedgerError) -> Self {
        Self::Make(error.into())
    }
}

type Result<T> = std::result::Result<T, SettleError>;

/// How far late data was looked for.
#[derive(Debug, Default)]
pub struct Settled {
    looked_until: Option<u64>,
    /// What late data is compared with; read once a revision, because inputs name every batch's agent.
    seen: HashMap<Part, Seen>,
    /// Parts that late data concerns and whose next revision could not be made yet.
    pending: BTreeSet<Part>,
}

/// What became of a statement that was to be made.
enum Outcome {
    Kept(Box<Recorded>),
    /// It says what the one before says.
    Same,
    /// Something in it is open.
    Open,
    /// Batches that it needs were let go.
    Gone,
    Failed,
}

impl StoredStatement {
    /// What it was made of.
    pub fn read_inputs(&self) -> serde_json::Result<Inputs> {
        serde_json::from_str(&self.inputs)
    }
}

/// What differs from one document to the next.
pub fn between(earlier: &str, later: &str) -> serde_json::Result<Vec<Difference>> {
    let (one, other): (Value, Value) =
        (serde_json::from_str(earlier)?, serde_json::from_str(later)?);
    Ok(differences(&one, &other, &REVISION_FIELDS))
}

impl Files {
    /// The statement of a month with its record: a kept revision, or the figures as they are now, which
    /// are recorded for that. Without a version of the terms it is that of the month's last part.
    pub fn recorded(
        &self,
        (agreement, month): (&str, &str),
        (version, revision): (Option<u32>, Option<u32>),
        (now_unix_ms, author): (i64, &str),
    ) -> Result<Recorded> {
        let parsed = parse_month(month).ok_or_else(|| SettleError::Month(month.to_owned()))?;
        let registry = self.source.registry();
        let version = if let Some(version) = version {
            version
        } else {
            let chain = self.chain(agreement, registry.last_record()?)?;
            let last = parts(agreement, &chain, parsed)?.pop();
            last.map_or(0, |terms| terms.version)
        };
        let of = (agreement, month, version);
        if let Some(kept) = registry.statement(of, revision)? {
            return Ok(Recorded {
                record: kept.record,
                inputs: kept.read_inputs()?,
                document: kept.document,
            });
        }
        if let Some(revision) = revision {
            let found = registry.statement_revisions(of)?.len();
            return Err(SettleError::NoRevision {
                month: month.to_owned(),
                revision,
                found: u32::try_from(found).unwrap_or(u32::MAX),
            });
        }
        let made = self.make(agreement, (parsed, version), (now_unix_ms, 1))?;
        self.keep(made, (now_unix_ms, author))
    }

    fn keep(&self, made: Made, stamp: (i64, &str)) -> Result<Recorded> {
        let inputs = made.inputs.canonical()?;
        let record = self.source.registry().add_statement(
            &NewStatement {
                agreement: &made.inputs.agreement,
                month: &made.inputs.month,
                version: made.inputs.version,
                revision: made.inputs.revision,
                is_final: self.is_final(&made)?,
                document: &made.text,
                inputs: &inputs,
            },
            stamp,
        )?;
        self.ledger.take_up()?;
        Ok(Recorded {
            record,
            inputs: made.inputs,
            document: made.text,
        })
    }

    /// The month was closed when it was made, and nothing in it was open.
    fn is_final(&self, made: &Made) -> Result<bool> {
        let inputs = &made.inputs;
        let chain = self.chain(&inputs.agreement, inputs.records_until)?;
        let terms = terms_of(inputs, &chain)?;
        let month = inputs.year_month();
        let closed = month.is_some_and(|month| closed(&terms, month, inputs.present_unix_ms));
        Ok(made.document.is_final && closed)
    }

    /// Settles what can be settled; answers with the statements that were kept.
    pub fn settle(&self, settled: &mut Settled, now_unix_ms: i64) -> Result<Vec<Recorded>> {
        let mut kept = Vec::new();
        let registry = self.source.registry();
        // What comes while statements are made is late for them, and looked at next time.
        let last = self.journal.last_position();
        let mut known: Vec<(Part, Agreement)> = Vec::new();
        let last_record = registry.last_record()?;
        for stored in registry.agreements()? {
            let id = stored.agreement.id.clone();
            let chain = self.chain(&id, last_record)?;
            for month in months_back(&stored.agreement, now_unix_ms) {
                let text = format!("{:04}-{:02}", month.0, month.1);
                for terms in parts(&id, &chain, month)? {
                    if !closed(&terms, month, now_unix_ms) {
                        continue;
                    }
                    let of = (id.as_str(), text.as_str(), terms.version);
                    if registry.last_statement_revision(of)?.is_some() {
                        known.push(((id.clone(), text.clone(), terms.version), terms));
                        continue;
                    }
                    let what = (id.as_str(), (month, terms.version), 1);
                    if let Outcome::Kept(one) = self.keep_if_final(what, None, now_unix_ms) {
                        kept.push(*one);
                    }
                }
            }
        }
        kept.extend(self.revise(settled, &known, (last, now_unix_ms))?);
        Ok(kept)
    }

    /// Makes a statement and keeps it where it is final and differs from the one before. One that cannot be
    /// made (its evidence was let go) holds up no other.
    fn keep_if_final(
        &self,
        (agreement, part, revision): (&str, ((i16, i8), u32), u32),
        before: Option<&str>,
        now_unix_ms: i64,
    ) -> Outcome {
        let work = || {
            let made = self.make(agreement, part, (now_unix_ms, revision))?;
            let differs = match before {
                Some(before) => !between(before, &made.text)?.is_empty(),
                None => true,
            };
            if !differs {
                return Ok(Outcome::Same);
            }
            if !self.is_final(&made)? {
                return Ok(Outcome::Open);
            }
            let kept = self.keep(made, (now_unix_ms, "collector"))?;
            Ok(Outcome::Kept(Box::new(kept)))
        };
        work().unwrap_or_else(|error: SettleError| {
            let (year, number) = part.0;
            tracing::warn!(
                agreement,
                %error,
                "no statement of agreement {agreement} for {year}-{number:02}: {error}"
            );
            match error {
                SettleError::Make(MakeError::Evidence(EvidenceError::Gone { .. })) => Outcome::Gone,
                _ => Outcome::Failed,
            }
        })
    }

    /// Makes the next revision of what late data changed. How far it came is kept once nothing waits: what
    /// waits is found again after a start.
    fn revise(
        &self,
        settled: &mut Settled,
        known: &[(Part, Agreement)],
        (last, now_unix_ms): (u64, i64),
    ) -> Result<Vec<Recorded>> {
        let new = self.see(&mut settled.seen, known)?;
        let from = match settled.looked_until {
            // One that another process made meanwhile may know less than was looked at.
            Some(until) => until.min(new),
            None => self.journal.reached(Work::Revised)?.unwrap_or(new),
        };
        let late = self.late(&settled.seen, known, (from.min(last), last))?;
        settled.pending.extend(late);
        settled
            .pending
            .retain(|part| settled.seen.contains_key(part));
        let mut kept = Vec::new();
        for (part, terms) in known {
            if !settled.pending.contains(part) {
                continue;
            }
            let outcome = self.next_revision(part, terms, now_unix_ms)?;
            if !matches!(outcome, Outcome::Open | Outcome::Failed) {
                settled.pending.remove(part);
            }
            if let Outcome::Kept(one) = outcome {
                kept.push(*one);
            }
        }
        settled.looked_until = Some(last);
        if settled.pending.is_empty() {
            self.journal.reach(Work::Revised, last)?;
        }
        Ok(kept)
    }

    fn next_revision(&self, part: &Part, terms: &Agreement, now_unix_ms: i64) -> Result<Outcome> {
        let of = (part.0.as_str(), part.1.as_str(), part.2);
        let Some(last) = self.source.registry().statement(of, None)? else {
            return Ok(Outcome::Gone);
        };
        let month =
            parse_month(&last.month).ok_or_else(|| SettleError::Month(last.month.clone()))?;
        let what = (terms.id.as_str(), (month, terms.version), last.revision + 1);
        Ok(self.keep_if_final(what, Some(&last.document), now_unix_ms))
    }
}

/// Whether a month is closed at a moment.
fn closed(terms: &Agreement, (year, month): (i16, i8), now_unix_ms: i64) -> bool {
    let closes = terms.closes_unix_ms(year, month);
    closes.is_some_and(|closes| closes <= now_unix_ms)
}

/// Months that are looked at, newest first.
fn months_back(terms: &Agreement, now_unix_ms: i64) -> Vec<(i16, i8)> {
    let Some(today) = day_of(&terms.time_zone, now_unix_ms) else {
        return Vec::new();
    };
    let this = today.year() * 12 + i16::from(today.month()) - 1;
    (0..MONTHS_BACK)
        .map(|back| this - back)
        .map(|number| {
            let month = i8::try_from(number.rem_euclid(12) + 1).unwrap_or(1);
            (number.div_euclid(12), month)
        })
        .collect()
}
