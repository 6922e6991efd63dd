//! A batch from its headers to its receipt.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use desserte_probe::wire::{
    VERSION,
    envelope::Envelope,
    hex,
    receipt::{Chain, Receipt},
};

use super::{
    Refusal,
    verify::{Arrival, Prepared, authenticate, prepare, trusted},
};
use crate::{
    collector::Collector,
    registry::{AgentRecord, Decision},
    store::journal::Appended,
};

/// How far the store may fall behind the journal before batches are put off.
const BEHIND_MAX: u64 = 2_000;
/// Batches that one agent may send at once, and then each second: a spool of a week drains in
/// minutes, a loop that went wild does not fill the disk.
const BATCHES_AT_ONCE: f64 = 120.0;
/// See [`BATCHES_AT_ONCE`].
const BATCHES_PER_SECOND: f64 = 10.0;

/// A batch as it arrived.
#[derive(Debug, Clone)]
pub struct BatchRequest {
    /// Its envelope, read from the headers.
    pub envelope: Envelope,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// Its body as sent.
    pub body: Bytes,
    /// Where it came from.
    pub peer: Option<IpAddr>,
    /// When the whole of it had arrived, Unix milliseconds.
    pub received_unix_ms: i64,
}

struct Signed {
    received_unix_ms: i64,
    position: u64,
    accepted_unix_ms: i64,
    duplicate: bool,
    chain: Chain,
}

impl Collector {
    /// The agent that a request names, if it is enrolled.
    pub fn known_agent(
        &self,
        agent: desserte_probe::wire::id::AgentId,
    ) -> Result<AgentRecord, Refusal> {
        self.registry()
            .agent(agent)?
            .ok_or_else(|| Refusal::UnknownAgent(agent.to_string()))
    }

    /// The same, if it may still send.
    pub fn trusted_agent(
        &self,
        agent: desserte_probe::wire::id::AgentId,
    ) -> Result<AgentRecord, Refusal> {
        let record = self.known_agent(agent)?;
        trusted(&record)?;
        Ok(record)
    }

    /// Verifies, journals and signs. The receipt stands for a batch that is on disk.
    pub async fn accept(self: &Arc<Self>, request: BatchRequest) -> Result<Receipt, Refusal> {
        let result = self.try_accept(request).await;
        match &result {
            Ok(receipt) => self.count(|counters| {
                if receipt.duplicate {
                    counters.duplicates += 1;
                } else {
                    counters.accepted += 1;
                }
            }),
            Err(refusal) => self.count_refusal(refusal),
        }
        result
    }

    async fn try_accept(self: &Arc<Self>, request: BatchRequest) -> Result<Receipt, Refusal> {
        let received_unix_ms = request.received_unix_ms;
        let this = Arc::clone(self);
        let prepared = blocking(move || this.prepare(request)).await?;
        let Prepared { batch, report } = prepared;
        let (envelope, batch_hash, samples) =
            (batch.envelope.clone(), batch.batch_hash, batch.samples);
        self.following().prepare(batch_hash, &report);
        let before = self.clock().monotonic();
        let answer = match self.journal().append(batch) {
            Ok(answer) => answer.await.unwrap_or_else(|_| {
                Err(crate::store::StoreError::Stopped {
                    operation: "append to journal",
                })
            }),
            Err(error) => Err(error),
        };
        let waited = self.clock().monotonic().saturating_sub(before);
        self.count(|counters| {
            counters.commits.0 += 1;
            counters.commits.1 += waited;
        });
        let kept = matches!(
            &answer,
            Ok(Appended::Kept {
                duplicate: false,
                mapped: true,
                ..
            })
        );
        if !kept {
            self.following().forget(&batch_hash);
        }
        let this = Arc::clone(self);
        let answer = answer?;
        blocking(move || {
            let signed = this.settle(&envelope, &answer, received_unix_ms)?;
            if !signed.duplicate {
                this.count(|counters| counters.samples += samples);
            }
            this.sign(&envelope, &batch_hash, &signed)
        })
        .await
    }

    fn prepare(&self, request: BatchRequest) -> Result<Prepared, Refusal> {
        let agent = self.known_agent(request.envelope.agent)?;
        // Without a peer it did not come over the network: this process plays it back.
        let recorded = request.peer.is_none().then_some(request.received_unix_ms);
        authenticate(&agent, &request.envelope, &request.body, recorded)?;
        let allowed = self.batch_limit().take(
            agent.id,
            (BATCHES_AT_ONCE, BATCHES_PER_SECOND),
            self.clock().monotonic(),
        );
        if !allowed {
            return Err(Refusal::TooManyRequests { retry_seconds: 5 });
        }
        let last = self.journal().last_position();
        let behind = last.saturating_sub(self.applied_position());
        // A server that is away for a day must not keep batches out: the journal is the queue.
        if behind > BEHIND_MAX && !self.samples().caps().may_be_away {
            return Err(Refusal::Unavailable(format!(
                "the store is {behind} batches behind the journal"
            )));
        }
        let arrival = Arrival {
            received_unix_ms: request.received_unix_ms,
            peer: request.peer,
            content_type: request.content_type,
        };
        prepare(request.envelope, request.body, &arrival)
    }

    fn settle(
        &self,
        envelope: &Envelope,
        answer: &Appended,
        received_unix_ms: i64,
    ) -> Result<Signed, Refusal> {
        match answer {
            Appended::Kept {
                position,
                accepted_unix_ms,
                duplicate,
                chain,
                mapped: _,
            } => Ok(Signed {
                received_unix_ms,
                position: *position,
                accepted_unix_ms: *accepted_unix_ms,
                duplicate: *duplicate,
                chain: *chain,
            }),
            Appended::Conflict {
                sequence,
                first_position,
            } => {
                let agent = envelope.agent.to_string();
                tracing::warn!(
                    agent,
                    sequence,
                    "agent {agent}: conflict at sequence {sequence}"
                );
                Err(Refusal::SequenceConflict {
                    sequence: *sequence,
                    first_position: *first_position,
                })
            }
            Appended::Entangled => Err(Refusal::InvalidReport(
                "its entries lie between those of too many batches accepted before".to_owned(),
            )),
            Appended::FutureDated { latest_unix_ms } => Err(Refusal::FutureDated {
                latest_unix_ms: *latest_unix_ms,
            }),
            Appended::Cloned { other } => {
                let agent = envelope.agent.to_string();
                let boot = envelope.boot;
                let reason = format!(
                    "les démarrages {other} et {boot} ont mesuré le même intervalle, deux machines \
                     ont donc la même clé / boots {other} and {boot} measured the same interval, so \
                     two machines hold one key"
                );
                tracing::warn!(agent, reason, "agent {agent} put in quarantine");
                let decision = Decision {
                    author: "collector",
                    at_unix_ms: received_unix_ms,
                    reason: &reason,
                };
                self.registry().quarantine_agent(envelope.agent, decision)?;
                Err(Refusal::Quarantined { agent, reason })
            }
        }
    }

    fn sign(
        &self,
        envelope: &Envelope,
        batch_hash: &[u8; 32],
        signed: &Signed,
    ) -> Result<Receipt, Refusal> {
        let mut receipt = Receipt {
            version: VERSION,
            agent: envelope.agent,
            batch_hash: hex(batch_hash),
            sequence_first: envelope.sequence_first,
            sequence_last: envelope.sequence_last,
            journal_position: signed.position,
            accepted_unix_ms: signed.accepted_unix_ms,
            received_unix_ms: signed.received_unix_ms,
            sent_unix_ms: signed.received_unix_ms,
            duplicate: signed.duplicate,
            chain: signed.chain,
            schedule_revision: self.registry().schedule_revision(envelope.agent)?,
            collector_key: String::new(),
            signature: String::new(),
        };
        // A wall clock that was set back meanwhile must not make the answer older than the question.
        receipt.sent_unix_ms = self.clock().unix_ms().max(signed.received_unix_ms);
        receipt
            .sign(self.identity().signing_key())
            .map_err(|error| Refusal::Unavailable(error.to_string()))?;
        Ok(receipt)
    }
}

/// Runs what computes or waits for a disk off the threads that answer.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Refusal::Unavailable(error.to_string())))
}
