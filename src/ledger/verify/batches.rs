//! The batches of an agent: signatures, chain, places in the log.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use desserte_domain::agreement::Agreement;
use desserte_probe::wire::{envelope::Envelope, id::AgentId};

use super::super::bundle::{Batch, Reader, read_hash, read_proof};
use super::super::inputs::{AgentInputs, Inputs, batches_sha256};
use super::super::leaf::{self, BatchLeaf};
use super::super::make;
use super::super::note::Checkpoint;
use super::super::proof;
use super::super::recompute::EVIDENCE_AROUND_MS;
use super::refused::{AgentReason, BatchReason};
use super::{Refused, Remark, Result};
use crate::ingest::{decode, matches_envelope};
use crate::store::journal::{ContentType, JournaledBatch};

/// What was proved on the way.
pub(super) struct Proved<'a> {
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) inputs: &'a Inputs,
    /// The time that batches concern.
    pub(super) around: (i64, i64),
    /// Keys by agent, from their enrolments.
    pub(super) keys: &'a HashMap<String, String>,
    /// Keys that the reader trusts.
    pub(super) trusted: Option<&'a BTreeMap<String, String>>,
    pub(super) count: usize,
    pub(super) remarks: Vec<Remark>,
}

/// The time that batches of a statement concern.
pub(super) fn around(terms: &Agreement, inputs: &Inputs) -> Result<(i64, i64)> {
    let request = make::request(terms, inputs)?;
    let span = request.span().map_err(make::MakeError::from)?;
    Ok((span.0 - EVIDENCE_AROUND_MS, span.1 + EVIDENCE_AROUND_MS))
}

/// A batch with what its body says of when.
struct Read {
    batch: JournaledBatch,
    linked: bool,
    /// First and last corrected time of what was measured.
    measured: Option<(i64, i64)>,
}

/// The envelope of a batch, where its agent signed it with this body.
fn signed(
    agent: AgentId,
    key: &[u8; 32],
    listed: &Batch,
    body: &[u8],
) -> std::result::Result<Envelope, BatchReason> {
    let form = |_| BatchReason::Form;
    let envelope = Envelope {
        agent,
        boot: listed.boot.parse().map_err(|_| BatchReason::Form)?,
        sequence_first: listed.sequence_first,
        sequence_last: listed.sequence_last,
        previous: read_hash(&listed.previous).map_err(form)?,
        signature: read_hash(&listed.signature).map_err(form)?,
    };
    envelope
        .verify(key, body)
        .map_err(|_| BatchReason::Signature)?;
    if envelope.boot.to_string() != listed.boot {
        return Err(BatchReason::Form);
    }
    Ok(envelope)
}

impl Proved<'_> {
    /// Reads and checks the batches of an agent.
    pub(super) fn agent(
        &mut self,
        reader: &mut Reader<'_>,
        agent: &AgentInputs,
        listed: &[Batch],
    ) -> Result<Vec<JournaledBatch>> {
        let refused = |reason| Refused::Agent {
            agent: agent.agent.clone(),
            reason,
        };
        if self.keys.get(&agent.agent) != Some(&agent.public_key) {
            return Err(refused(AgentReason::NotEnrolled));
        }
        if let Some(trusted) = self.trusted
            && trusted.get(&agent.agent) != Some(&agent.public_key)
        {
            return Err(refused(AgentReason::NotTrusted));
        }
        let id: AgentId = agent
            .agent
            .parse()
            .map_err(|_| refused(AgentReason::NotEnrolled))?;
        let key = read_hash(&agent.public_key)?;
        let mut read = Vec::with_capacity(listed.len());
        for one in listed {
            let body = reader.body(one.bytes)?;
            let found = self.batch((id, &key), one, body);
            read.push(found.map_err(|reason| Refused::Batch {
                agent: agent.agent.clone(),
                position: one.position,
                reason,
            })?);
        }
        let names: HashSet<[u8; 32]> = read.iter().map(|one| one.batch.batch_hash).collect();
        let positions: HashSet<u64> = read.iter().map(|one| one.batch.position).collect();
        if names.len() != read.len() || positions.len() != read.len() {
            return Err(refused(AgentReason::Repeated));
        }
        let hash = batches_sha256(read.iter().map(|one| &one.batch.batch_hash));
        if agent.batches != read.len() as u64 || agent.batches_sha256 != hash {
            return Err(refused(AgentReason::OtherBatches));
        }
        self.chain(agent, &read, &names)?;
        self.count += read.len();
        Ok(read.into_iter().map(|one| one.batch).collect())
    }

    /// Nothing is left out: each batch's predecessor is there, or lies before the time that counts, or
    /// never came.
    fn chain(
        &mut self,
        agent: &AgentInputs,
        read: &[Read],
        names: &HashSet<[u8; 32]>,
    ) -> Result<()> {
        let (from, to) = self.around;
        let mut before_it: HashSet<[u8; 32]> = HashSet::new();
        for one in read {
            let previous = one.batch.envelope.previous;
            let there = before_it.contains(&previous);
            before_it.insert(one.batch.batch_hash);
            if previous == [0; 32] || there {
                continue;
            }
            if names.contains(&previous) {
                return Err(Refused::Agent {
                    agent: agent.agent.clone(),
                    reason: AgentReason::Order,
                });
            }
            let before = one.measured.is_some_and(|(_, last)| last < from);
            if before {
                continue;
            }
            let name = desserte_probe::wire::hex(&one.batch.batch_hash);
            if one.linked || !agent.open.contains(&name) {
                return Err(Refused::Batch {
                    agent: agent.agent.clone(),
                    position: one.batch.position,
                    reason: BatchReason::ChainBroken,
                });
            }
            self.remarks.push(Remark::OpenChain {
                agent: agent.agent.clone(),
                position: one.batch.position,
            });
        }
        let last = read
            .iter()
            .filter_map(|one| one.measured)
            .map(|(_, last)| last);
        if last.max().is_none_or(|last| last < to - EVIDENCE_AROUND_MS) {
            self.remarks.push(Remark::EndOfAgent {
                agent: agent.agent.clone(),
            });
        }
        Ok(())
    }

    fn batch(
        &self,
        (agent, key): (AgentId, &[u8; 32]),
        listed: &Batch,
        body: Vec<u8>,
    ) -> std::result::Result<Read, BatchReason> {
        let form = |_| BatchReason::Form;
        let envelope = signed(agent, key, listed, &body)?;
        let batch_hash = envelope.batch_hash(&body);
        let frozen = listed.time.as_ref().map(super::super::bundle::Time::frozen);
        let frozen = frozen.transpose().map_err(form)?;
        let at_once = frozen.as_ref().filter(|_| listed.time_later.is_none());
        let content = leaf::batch(&BatchLeaf {
            position: listed.position,
            accepted_unix_ms: listed.accepted_unix_ms,
            batch_hash: &batch_hash,
            linked: listed.linked,
            time: at_once,
        });
        let proof = read_proof(&listed.proof).map_err(form)?;
        if !proof::includes(self.checkpoint, listed.leaf, &content, &proof) {
            return Err(BatchReason::NotIncluded);
        }
        let mut mapped_at = at_once.map(|_| listed.position);
        let mut latest = listed.leaf;
        if let Some(later) = &listed.time_later {
            let frozen = frozen.as_ref().ok_or(BatchReason::Form)?;
            let content = leaf::time(listed.position, later.brought_by, &batch_hash, frozen);
            let proof = read_proof(&later.proof).map_err(form)?;
            if !proof::includes(self.checkpoint, later.leaf, &content, &proof) {
                return Err(BatchReason::TimeNotIncluded);
            }
            mapped_at = Some(later.brought_by);
            latest = latest.max(later.leaf);
        }
        if latest >= self.inputs.ledger_size {
            return Err(BatchReason::Later);
        }
        let content_type =
            ContentType::from_header(&listed.content_type).ok_or(BatchReason::Form)?;
        if content_type.as_str() != listed.content_type {
            return Err(BatchReason::Form);
        }
        let report = decode(content_type, &body).map_err(|_| BatchReason::Form)?;
        matches_envelope(&report, &envelope).map_err(|_| BatchReason::OtherBody)?;
        let time_map = frozen.map(|frozen| frozen.map());
        let measured = time_map.as_ref().zip(crate::ingest::measured(&report));
        Ok(Read {
            linked: listed.linked,
            measured: measured.map(|(map, (first, last))| {
                let at = |boottime| map.corrected_unix_ms(boottime).0;
                (at(first), at(last))
            }),
            batch: JournaledBatch {
                position: listed.position,
                received_unix_ms: listed.accepted_unix_ms,
                envelope,
                batch_hash,
                content_type,
                body: Bytes::from(body),
                peer: None,
                time_map,
                mapped_at,
            },
        })
    }
}
