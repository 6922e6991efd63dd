//! A statement's bundle, from the files of the collector.

use std::collections::BTreeSet;
use std::io::Write;

use desserte_probe::wire::hex;

use super::{Batch, BundleError, Earlier, FORMAT, Manifest, Record, Time, TimeLater, write_proof};
use crate::ledger::LedgerError;
use crate::ledger::evidence::{EvidenceError, Files};
use crate::ledger::inputs::Inputs;
use crate::ledger::leaf::{FrozenTime, LeafKind};
use crate::ledger::make::{MakeError, request, terms_of};
use crate::registry::{RecordKind, StoredRecord};
use crate::store::journal::JournaledBatch;

/// A statement that has its record.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Position of its record.
    pub record: u64,
    /// What it was made of.
    pub inputs: Inputs,
    /// The document as it is hashed.
    pub document: String,
}

/// Why a bundle cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The evidence.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// Something has no leaf.
    #[error("{0} has no leaf in the log")]
    NoLeaf(String),
}

impl From<LedgerError> for WriteError {
    fn from(error: LedgerError) -> Self {
        Self::Make(error.into())
    }
}

impl From<EvidenceError> for WriteError {
    fn from(error: EvidenceError) -> Self {
        Self::Make(error.into())
    }
}

type Result<T> = std::result::Result<T, WriteError>;

impl Files {
    /// Writes the bundle of a statement.
    pub fn bundle(&self, out: impl Write, statement: &Recorded, now_unix_ms: i64) -> Result<()> {
        let checkpoint = self.ledger.checkpoint(now_unix_ms)?;
        let size = checkpoint.size;
        let inputs = &statement.inputs;
        let chain = self.chain(&inputs.agreement, inputs.records_until)?;
        let terms = terms_of(inputs, &chain)?;
        let span = request(&terms, inputs)?.span().map_err(MakeError::from)?;
        let (until, _) = self.ledger.last_within(inputs.ledger_size)?;
        let mut sites = Vec::with_capacity(inputs.sites.len());
        for site in &inputs.sites {
            let evidence = self.evidence_again(site, span, until)?;
            let agents = evidence.batches.iter().map(|batches| {
                let proved = batches.iter().map(|batch| self.batch(batch, size));
                proved.collect::<Result<Vec<Batch>>>()
            });
            sites.push(agents.collect::<Result<_>>()?);
        }
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            collector_key: hex(&self.ledger.public_key()),
            checkpoint: checkpoint.note,
            earlier: self.earlier(inputs.period_start_unix_ms, size)?,
            records: self.records(&inputs.agreement, statement.record, size)?,
            enrolments: self.enrolments(inputs, size)?,
            inputs: inputs.canonical().map_err(BundleError::from)?,
            document: statement.document.clone(),
            sites,
        };
        super::write(out, &manifest, |batch| {
            let position = batch.position;
            let found = self.journal.batch(position).map_err(EvidenceError::from)?;
            let found = found.ok_or(EvidenceError::Gone { position })?;
            Ok(found.body.to_vec())
        })
    }

    /// Checkpoints that were handed out, from the last one before the period on.
    fn earlier(&self, period_start_unix_ms: i64, size: u64) -> Result<Vec<Earlier>> {
        let before = self.ledger.kept_before(period_start_unix_ms)?;
        let from = before.map_or(0, |kept| kept.size);
        let kept = self.ledger.kept_from(from)?.into_iter();
        kept.filter(|one| one.size < size)
            .map(|one| {
                let proof = self.ledger.consistency(one.size, size)?;
                Ok(Earlier {
                    note: one.note,
                    consistency: write_proof(&proof),
                })
            })
            .collect()
    }

    fn records(&self, agreement: &str, until: u64, size: u64) -> Result<Vec<Record>> {
        let registry = self.source.registry();
        let found = registry.records_of(agreement, until);
        let found = found.map_err(MakeError::from)?.into_iter();
        found.map(|one| self.record(one, size)).collect()
    }

    fn enrolments(&self, inputs: &Inputs, size: u64) -> Result<Vec<Record>> {
        let agents: BTreeSet<&str> = inputs
            .sites
            .iter()
            .flat_map(|site| site.agents.iter().map(|agent| agent.agent.as_str()))
            .collect();
        agents
            .into_iter()
            .map(|agent| {
                let registry = self.source.registry();
                let found = registry.first_record(RecordKind::AgentEnrolled, agent);
                let found = found.map_err(MakeError::from)?;
                let found = found.ok_or_else(|| WriteError::NoLeaf(format!("agent {agent}")))?;
                self.record(found, size)
            })
            .collect()
    }

    fn record(&self, record: StoredRecord, size: u64) -> Result<Record> {
        let position = record.position;
        let leaf = self.leaf(LeafKind::Record, position, "record")?;
        Ok(Record {
            leaf,
            content: record.content,
            proof: write_proof(&self.ledger.inclusion(leaf, size)?),
        })
    }

    fn leaf(&self, kind: LeafKind, position: u64, what: &str) -> Result<u64> {
        let found = self.ledger.leaf_of(kind, position)?;
        found.ok_or_else(|| WriteError::NoLeaf(format!("{what} {position}")))
    }

    fn batch(&self, batch: &JournaledBatch, size: u64) -> Result<Batch> {
        let position = batch.position;
        let leaf = self.leaf(LeafKind::Batch, position, "batch")?;
        let later = batch.mapped_at.filter(|at| *at != position);
        let time_later = later
            .map(|brought_by| {
                let leaf = self.leaf(LeafKind::Time, position, "time of batch")?;
                let proof = write_proof(&self.ledger.inclusion(leaf, size)?);
                Ok::<_, WriteError>(TimeLater {
                    brought_by,
                    leaf,
                    proof,
                })
            })
            .transpose()?;
        let linked = self.journal.linked(position).map_err(EvidenceError::from)?;
        let envelope = &batch.envelope;
        Ok(Batch {
            position,
            accepted_unix_ms: batch.received_unix_ms,
            boot: envelope.boot.to_string(),
            sequence_first: envelope.sequence_first,
            sequence_last: envelope.sequence_last,
            previous: hex(&envelope.previous),
            signature: hex(&envelope.signature),
            content_type: batch.content_type.as_str().to_owned(),
            bytes: u32::try_from(batch.body.len()).unwrap_or(u32::MAX),
            linked,
            time: batch
                .time_map
                .as_ref()
                .map(|map| Time::of(&FrozenTime::of(map))),
            leaf,
            proof: write_proof(&self.ledger.inclusion(leaf, size)?),
            time_later,
        })
    }
}
