//! Recomputes a statement from its bundle and checks every proof in it, without the collector.
//!
//! What is proved, and by what:
//! - every figure: by computing it again from the batches as they were sent;
//! - every batch: by its agent's signature, its place in the agent's chain, and its leaf in the log;
//! - the agents' keys: by the leaf of each enrolment, or by the keys that the reader trusts;
//! - the agreement, its exclusions and the statement: by their chain and their leaves;
//! - that the log is the one that the reader was shown before: by his checkpoint.

mod batches;
mod refused;
mod remark;

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek};

use desserte_domain::agreement::Agreement;
use desserte_probe::wire::{hex, sha256};
use serde::{Deserialize, Serialize};

pub use refused::Refused;
pub use remark::Remark;

use super::bundle::{Manifest, Reader, Record, read_hash, read_proof};
use super::difference::differences;
use super::inputs::{Inputs, utc_offsets};
use super::make::{self, Made};
use super::note::Checkpoint;
use super::terms::{self, Chain};
use super::{leaf, proof};
use crate::registry::{RecordContent, RecordKind};
use crate::store::journal::JournaledBatch;

/// Files of keys and proofs: their largest size, bytes.
pub const SIDE_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What the reader holds against the bundle.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// A checkpoint that he received before.
    pub witness: Option<String>,
    /// The proof of consistency between it and the bundle's, as the collector's interface gives it, where
    /// the bundle does not carry it.
    pub consistency: Option<Consistency>,
    /// Keys of agents that he trusts, hexadecimal, by agent.
    pub agents: Option<BTreeMap<String, String>>,
}

/// A proof of consistency, as the interface gives it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    /// Leaves of the earlier checkpoint.
    pub from: u64,
    /// Leaves of the later one.
    pub to: u64,
    /// Hashes, hexadecimal.
    pub hashes: Vec<String>,
}

/// What was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The agreement.
    pub agreement: String,
    /// `yyyy-mm`.
    pub month: String,
    /// Version of the terms.
    pub version: u32,
    /// Which statement of the month it is.
    pub revision: u32,
    /// Whether its month was closed and nothing in it open.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// SHA-256 of the document, hexadecimal.
    pub document_sha256: String,
    /// Sites.
    pub sites: usize,
    /// Batches.
    pub batches: usize,
    /// Records of the agreement.
    pub records: usize,
    /// Leaves of the bundle's checkpoint.
    pub ledger_size: u64,
    /// Leaves of the reader's checkpoint.
    pub witness_size: Option<u64>,
    /// What is not proved.
    pub not_proved: Vec<Remark>,
}

type Result<T> = std::result::Result<T, Refused>;

/// Verifies a bundle.
pub fn verify<'a>(file: impl Read + Seek + 'a, held: &Held) -> Result<Verified> {
    let mut reader = Reader::open(file)?;
    let manifest = std::mem::replace(&mut reader.manifest, empty());
    let collector_key = read_hash(&manifest.collector_key)?;
    let checkpoint = Checkpoint::open(&manifest.checkpoint, &collector_key)?;
    let earlier = earlier(&manifest, &collector_key, &checkpoint)?;
    let witness = witness(held, &collector_key, (&checkpoint, &earlier))?;
    let inputs: Inputs = serde_json::from_str(&manifest.inputs)
        .map_err(|error| Refused::Inputs(error.to_string()))?;
    if inputs.canonical().ok().as_deref() != Some(manifest.inputs.as_str()) {
        return Err(Refused::Inputs("not written as they are hashed".to_owned()));
    }
    let chain = chain(&manifest, &inputs, &checkpoint)?;
    let terms =
        make::terms_of(&inputs, &chain).map_err(|error| Refused::Terms(error.to_string()))?;
    check_period(&terms, &inputs)?;
    let keys = enrolments(&manifest, &checkpoint)?;
    let mut proved = batches::Proved {
        checkpoint: &checkpoint,
        inputs: &inputs,
        around: batches::around(&terms, &inputs)?,
        keys: &keys,
        trusted: held.agents.as_ref(),
        count: 0,
        remarks: Vec::new(),
    };
    let made = recompute(
        &mut reader,
        &manifest,
        (&terms, &chain, &inputs),
        &mut proved,
    )?;
    reader.end()?;
    compare(&manifest, &made)?;
    let record = own_record(&manifest, &inputs)?;
    let mut not_proved = remark::of(witness.as_ref(), &manifest, &inputs, held);
    not_proved.append(&mut proved.remarks);
    Ok(Verified {
        agreement: inputs.agreement.clone(),
        month: inputs.month.clone(),
        version: inputs.version,
        revision: inputs.revision,
        is_final: record.is_final,
        document_sha256: record.document_sha256,
        sites: inputs.sites.len(),
        batches: proved.count,
        records: manifest.records.len(),
        ledger_size: checkpoint.size,
        witness_size: witness.map(|one| one.size),
        not_proved,
    })
}

fn empty() -> Manifest {
    Manifest {
        format: String::new(),
        collector_key: String::new(),
        checkpoint: String::new(),
        earlier: Vec::new(),
        records: Vec::new(),
        enrolments: Vec::new(),
        inputs: String::new(),
        document: String::new(),
        sites: Vec::new(),
    }
}

/// The checkpoints from before, each proved to be a beginning of the bundle's.
fn earlier(
    manifest: &Manifest,
    key: &[u8; 32],
    checkpoint: &Checkpoint,
) -> Result<Vec<Checkpoint>> {
    let mut found: Vec<Checkpoint> = Vec::with_capacity(manifest.earlier.len());
    for one in &manifest.earlier {
        let read = Checkpoint::open(&one.note, key)?;
        let ascending = found.last().is_none_or(|last| last.size < read.size);
        let extends = proof::extends(checkpoint, &read, &read_proof(&one.consistency)?);
        if !ascending || !extends {
            return Err(Refused::Inconsistent { size: read.size });
        }
        found.push(read);
    }
    Ok(found)
}

/// The reader's checkpoint, proved to be of the same log.
fn witness(
    held: &Held,
    key: &[u8; 32],
    (checkpoint, earlier): (&Checkpoint, &[Checkpoint]),
) -> Result<Option<Checkpoint>> {
    let Some(note) = &held.witness else {
        return Ok(None);
    };
    let witness = Checkpoint::open(note, key).map_err(Refused::Witness)?;
    let mut known = earlier.iter().chain([checkpoint]);
    if let Some(same) = known.find(|one| one.size == witness.size) {
        if same.root != witness.root {
            return Err(Refused::OtherLog { size: witness.size });
        }
        return Ok(Some(witness));
    }
    let (first, second) = if witness.size < checkpoint.size {
        (&witness, checkpoint)
    } else {
        (checkpoint, &witness)
    };
    let wanted = (first.size, second.size);
    let given = held.consistency.as_ref();
    let given = given.filter(|one| (one.from, one.to) == wanted);
    // A log without leaves is the beginning of every log.
    let hashes = match given {
        Some(given) => given.hashes.iter().map(|text| read_hash(text)).collect(),
        None if first.size == 0 => Ok(Vec::new()),
        None => {
            let (from, to) = wanted;
            return Err(Refused::NoConsistency { from, to });
        }
    };
    if !proof::extends(second, first, &hashes?) {
        return Err(Refused::OtherLog { size: witness.size });
    }
    Ok(Some(witness))
}

fn check_record(record: &Record, checkpoint: &Checkpoint) -> Result<()> {
    let content = leaf::record(&record.content);
    let proof = read_proof(&record.proof)?;
    if proof::includes(checkpoint, record.leaf, &content, &proof) {
        return Ok(());
    }
    Err(Refused::RecordNotIncluded { leaf: record.leaf })
}

/// The agreement's chain, every record of it in the log.
fn chain(manifest: &Manifest, inputs: &Inputs, checkpoint: &Checkpoint) -> Result<Chain> {
    let mut last = None;
    for record in &manifest.records {
        check_record(record, checkpoint)?;
        if last.is_some_and(|last| last >= record.leaf) {
            return Err(Refused::RecordOrder { leaf: record.leaf });
        }
        last = Some(record.leaf);
    }
    let contents = manifest.records.iter().map(|one| one.content.as_str());
    terms::read(&inputs.agreement, contents, inputs.records_until)
        .map_err(|error| Refused::Terms(error.to_string()))
}

/// The period and its offsets are those that this program finds in its own calendar.
fn check_period(terms: &Agreement, inputs: &Inputs) -> Result<()> {
    let (year, month) = inputs
        .year_month()
        .ok_or_else(|| Refused::Inputs(format!("month {:?}", inputs.month)))?;
    let period = terms
        .month(year, month)
        .map_err(|error| Refused::Inputs(error.to_string()))?;
    let found = (period.start_unix_ms, period.end_unix_ms);
    if found != (inputs.period_start_unix_ms, inputs.period_end_unix_ms) {
        return Err(Refused::Inputs("the period is not the month's".to_owned()));
    }
    if utc_offsets(&period) != inputs.utc_offsets {
        let zone = &period.time_zone;
        let reason = format!("the offsets of {zone} from UTC are not those known here");
        return Err(Refused::Inputs(reason));
    }
    let sites = inputs.sites.iter().map(|site| &site.site);
    if !sites.eq(&terms.sites) {
        return Err(Refused::Inputs(
            "the sites are not the agreement's".to_owned(),
        ));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Enrolment {
    agent: String,
    public_key: String,
}

/// Keys of agents, from their enrolments.
fn enrolments(manifest: &Manifest, checkpoint: &Checkpoint) -> Result<HashMap<String, String>> {
    let mut keys = HashMap::new();
    for record in &manifest.enrolments {
        check_record(record, checkpoint)?;
        let wrong = || Refused::Enrolment { leaf: record.leaf };
        let content: RecordContent = serde_json::from_str(&record.content).map_err(|_| wrong())?;
        if content.record != RecordKind::AgentEnrolled.identifier() {
            return Err(wrong());
        }
        let body: Enrolment = serde_json::from_value(content.body).map_err(|_| wrong())?;
        if keys.insert(body.agent, body.public_key).is_some() {
            return Err(wrong());
        }
    }
    Ok(keys)
}

/// The statement, made again from the batches, each of which is checked on the way.
fn recompute(
    reader: &mut Reader<'_>,
    manifest: &Manifest,
    (terms, chain, inputs): (&Agreement, &Chain, &Inputs),
    proved: &mut batches::Proved<'_>,
) -> Result<Made> {
    if manifest.sites.len() != inputs.sites.len() {
        return Err(Refused::Inputs(
            "there are batches of other sites".to_owned(),
        ));
    }
    let mut listed = manifest.sites.iter();
    make::again(terms, chain, inputs, |site| {
        let agents = listed.next().map(Vec::as_slice).unwrap_or_default();
        if agents.len() != site.agents.len() {
            return Err(Refused::Inputs(format!(
                "{}: there are batches of other agents",
                site.site
            )));
        }
        let pairs = site.agents.iter().zip(agents);
        pairs
            .map(|(agent, batches)| proved.agent(reader, agent, batches))
            .collect::<Result<Vec<Vec<JournaledBatch>>>>()
    })
}

/// Names the first line that differs.
fn compare(manifest: &Manifest, made: &Made) -> Result<()> {
    if manifest.document == made.text {
        return Ok(());
    }
    let stated = serde_json::from_str(&manifest.document);
    let recomputed = serde_json::from_str(&made.text);
    if let (Ok(stated), Ok(recomputed)) = (stated, recomputed)
        && let Some(first) = differences(&stated, &recomputed, &[]).into_iter().next()
    {
        return Err(Refused::Differs(Box::new(first)));
    }
    Err(Refused::Written)
}

/// The statement's own record is the chain's last, and hashes the document and the inputs.
fn own_record(manifest: &Manifest, inputs: &Inputs) -> Result<terms::StatementRecord> {
    let last = manifest.records.last().ok_or(Refused::NoStatement)?;
    let content: RecordContent =
        serde_json::from_str(&last.content).map_err(|_| Refused::NoStatement)?;
    if content.record != RecordKind::Statement.identifier() {
        return Err(Refused::NoStatement);
    }
    let record: terms::StatementRecord =
        serde_json::from_value(content.body).map_err(|_| Refused::NoStatement)?;
    let stated = (&inputs.month, inputs.version, inputs.revision);
    if (&record.month, record.version, record.revision) != stated {
        return Err(Refused::NoStatement);
    }
    if record.document_sha256 != hex(&sha256(manifest.document.as_bytes())) {
        return Err(Refused::OtherDocument);
    }
    if record.inputs_sha256 != hex(&sha256(manifest.inputs.as_bytes())) {
        return Err(Refused::OtherInputs);
    }
    Ok(record)
}
