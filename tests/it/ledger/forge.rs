//! Whoever holds the collector's key changes what he likes and makes every hash, proof and signature of
//! the collector's anew. What he does not have: the agents' keys, and the checkpoints that others hold.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Cursor;

use desserte::ledger::bundle::{
    self, Batch, BundleError, Earlier, Manifest, Reader, Record, read_hash, write_proof,
};
use desserte::ledger::inputs::{Inputs, batches_sha256};
use desserte::ledger::leaf::{self, BatchLeaf};
use desserte::ledger::note::Checkpoint;
use desserte::ledger::tree::{self, Frontier, Hash, Place};
use desserte::registry::RecordContent;
use desserte_probe::wire::envelope::Envelope;
use desserte_probe::wire::{hex, sha256};
use ed25519_dalek::SigningKey;
use serde_json::Value;

use super::Told;

/// A bundle taken apart.
pub(super) fn read(bytes: &[u8]) -> (Manifest, Vec<Vec<u8>>) {
    let mut reader = Reader::open(Cursor::new(bytes)).unwrap();
    let manifest = reader.manifest.clone();
    let bodies = manifest.sites.iter().flatten().flatten();
    let bodies = bodies.map(|one| reader.body(one.bytes).unwrap()).collect();
    reader.end().unwrap();
    (manifest, bodies)
}

pub(super) fn write(manifest: &Manifest, bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut next = bodies.iter();
    bundle::write(&mut bytes, manifest, |_| {
        Ok::<_, BundleError>(next.next().unwrap().clone())
    })
    .unwrap();
    bytes
}

/// A forger at work on a bundle.
pub(super) struct Forger {
    key: SigningKey,
    leaves: Vec<Hash>,
    pub(super) manifest: Manifest,
    pub(super) bodies: Vec<Vec<u8>>,
}

impl Forger {
    pub(super) fn new(told: &Told, bytes: &[u8]) -> Self {
        let (manifest, bodies) = read(bytes);
        let path = told.bench.folder.path().join("journal.sqlite");
        let file = rusqlite::Connection::open(path).unwrap();
        let leaves = file
            .prepare("SELECT hash FROM leaf ORDER BY number")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        Self {
            key: told.bench.collector.identity().signing_key().clone(),
            leaves,
            manifest,
            bodies,
        }
    }

    /// Changes the inputs.
    pub(super) fn inputs(&mut self, change: impl FnOnce(&mut Inputs)) {
        let mut inputs: Inputs = serde_json::from_str(&self.manifest.inputs).unwrap();
        change(&mut inputs);
        self.manifest.inputs = inputs.canonical().unwrap();
    }

    /// Changes a record's content; the chain behind it is made anew when all is done.
    pub(super) fn record(&mut self, kind: &str, change: impl Fn(&mut Value)) {
        let mut changed = 0;
        let records = self.manifest.records.iter_mut();
        for one in records.chain(&mut self.manifest.enrolments) {
            let mut content: RecordContent = serde_json::from_str(&one.content).unwrap();
            if content.record == kind {
                change(&mut content.body);
                changed += 1;
            }
            one.content = serde_json::to_string(&content).unwrap();
        }
        assert!(changed > 0, "no {kind}");
    }

    pub(super) fn batches(&mut self) -> &mut Vec<Batch> {
        &mut self.manifest.sites[0][0]
    }

    /// States in the inputs the batches that there are now.
    pub(super) fn state_batches(&mut self) {
        let envelopes = self.envelopes();
        let names: Vec<Hash> = envelopes.iter().map(|one| one.1).collect();
        self.inputs(|inputs| {
            let agent = &mut inputs.sites[0].agents[0];
            agent.batches = names.len() as u64;
            agent.batches_sha256 = batches_sha256(names.iter());
        });
    }

    fn envelopes(&self) -> Vec<(Envelope, Hash)> {
        let inputs: Inputs = serde_json::from_str(&self.manifest.inputs).unwrap();
        let agent = inputs.sites[0].agents[0].agent.parse().unwrap();
        let batches = self.manifest.sites[0][0].iter().zip(&self.bodies);
        batches
            .map(|(one, body)| {
                let envelope = Envelope {
                    agent,
                    boot: one.boot.parse().unwrap(),
                    sequence_first: one.sequence_first,
                    sequence_last: one.sequence_last,
                    previous: read_hash(&one.previous).unwrap(),
                    signature: read_hash(&one.signature).unwrap(),
                };
                let name = envelope.batch_hash(body);
                (envelope, name)
            })
            .collect()
    }

    /// Signs every batch with another key, and has it enrolled.
    pub(super) fn sign_batches_with(&mut self, key: &SigningKey) {
        let public = hex(&key.verifying_key().to_bytes());
        let mut previous = [0; 32];
        for (index, (mut envelope, _)) in self.envelopes().into_iter().enumerate() {
            let body = self.bodies[index].clone();
            envelope = Envelope::seal(
                key,
                (envelope.agent, envelope.boot),
                (envelope.sequence_first, envelope.sequence_last),
                previous,
                &body,
            );
            previous = envelope.batch_hash(&body);
            let one = &mut self.batches()[index];
            one.previous = hex(&envelope.previous);
            one.signature = hex(&envelope.signature);
        }
        let enrolled = public.clone();
        self.record("agent.enrolled", move |body| {
            body["public_key"] = enrolled.clone().into();
        });
        self.inputs(|inputs| inputs.sites[0].agents[0].public_key = public);
        self.state_batches();
    }

    /// Recomputes the statement as the verifier would, from what there is now.
    pub(super) fn recompute(&mut self) {
        let inputs: Inputs = serde_json::from_str(&self.manifest.inputs).unwrap();
        self.chain();
        let contents = self.manifest.records.iter().map(|one| one.content.as_str());
        let chain =
            desserte::ledger::terms::read(&inputs.agreement, contents, inputs.records_until)
                .unwrap();
        let terms = desserte::ledger::make::terms_of(&inputs, &chain).unwrap();
        let envelopes = self.envelopes();
        let listed = &self.manifest.sites[0][0];
        let batches: Vec<_> = listed
            .iter()
            .zip(&self.bodies)
            .zip(envelopes)
            .map(|((one, body), (envelope, batch_hash))| {
                let time = one.time.as_ref().map(|time| time.frozen().unwrap());
                desserte::store::journal::JournaledBatch {
                    position: one.position,
                    received_unix_ms: one.accepted_unix_ms,
                    envelope,
                    batch_hash,
                    content_type: desserte::store::journal::ContentType::from_header(
                        &one.content_type,
                    )
                    .unwrap(),
                    body: body.clone().into(),
                    peer: None,
                    mapped_at: time.as_ref().map(|_| one.position),
                    time_map: time.map(|time| time.map()),
                }
            })
            .collect();
        let made = desserte::ledger::make::again(&terms, &chain, &inputs, |_| {
            Ok::<_, desserte::ledger::make::MakeError>(vec![batches.clone()])
        })
        .unwrap();
        self.manifest.document = made.text;
    }

    /// Makes the chain of records whole again.
    fn chain(&mut self) {
        let mut previous: Option<String> = None;
        for one in &mut self.manifest.records {
            let mut content: RecordContent = serde_json::from_str(&one.content).unwrap();
            content.previous = previous;
            one.content = serde_json::to_string(&content).unwrap();
            previous = Some(hex(&sha256(one.content.as_bytes())));
        }
    }

    /// The forged bundle, with everything that the collector signs made anew.
    pub(super) fn bundle(mut self) -> Vec<u8> {
        let document = hex(&sha256(self.manifest.document.as_bytes()));
        let inputs = hex(&sha256(self.manifest.inputs.as_bytes()));
        self.record("statement", |body| {
            body["document_sha256"] = document.clone().into();
            body["inputs_sha256"] = inputs.clone().into();
        });
        self.chain();
        self.plant();
        let held = self.grow();
        let size = self.leaves.len() as u64;
        let read = |place: Place| Ok::<_, Infallible>(held[&place]);
        let root_at = |size| Frontier::read(size, read).unwrap().root();
        let origin = desserte::ledger::note::origin(self.key.verifying_key().as_bytes());
        let signed = |size| {
            let checkpoint = Checkpoint {
                origin: origin.clone(),
                size,
                root: root_at(size),
            };
            checkpoint.sign(&self.key)
        };
        let proof = |leaf| write_proof(&tree::inclusion((leaf, size), read).unwrap());
        let manifest = &mut self.manifest;
        for one in manifest.records.iter_mut().chain(&mut manifest.enrolments) {
            one.proof = proof(one.leaf);
        }
        for one in manifest.sites.iter_mut().flatten().flatten() {
            one.proof = proof(one.leaf);
        }
        for one in &mut manifest.earlier {
            let lines: Vec<&str> = one.note.split('\n').collect();
            let earlier = lines[1].parse().unwrap();
            let hashes = tree::consistency((earlier, size), read).unwrap();
            *one = Earlier {
                note: signed(earlier),
                consistency: write_proof(&hashes),
            };
        }
        manifest.checkpoint = signed(size);
        write(&self.manifest, &self.bodies)
    }

    /// Puts the leaves of what is in the bundle into the log.
    fn plant(&mut self) {
        let envelopes = self.envelopes();
        let listed = &self.manifest.sites[0][0];
        for (one, (_, batch_hash)) in listed.iter().zip(&envelopes) {
            let time = one.time.as_ref().map(|time| time.frozen().unwrap());
            let content = leaf::batch(&BatchLeaf {
                position: one.position,
                accepted_unix_ms: one.accepted_unix_ms,
                batch_hash,
                linked: one.linked,
                time: time.as_ref(),
            });
            self.leaves[usize::try_from(one.leaf).unwrap()] = tree::leaf_hash(&content);
        }
        let records: Vec<Record> = self.manifest.records.clone();
        for one in records.iter().chain(&self.manifest.enrolments) {
            let content = leaf::record(&one.content);
            self.leaves[usize::try_from(one.leaf).unwrap()] = tree::leaf_hash(&content);
        }
    }

    fn grow(&self) -> HashMap<Place, Hash> {
        let mut held = HashMap::new();
        let mut end = Frontier::read(0, |_| Ok::<_, Infallible>([0; 32])).unwrap();
        for leaf in &self.leaves {
            let keep = |place, hash: &Hash| {
                held.insert(place, *hash);
                Ok::<_, Infallible>(())
            };
            end.append(*leaf, keep).unwrap();
        }
        held
    }
}

/// The name of a batch as it is now, hexadecimal.
pub(super) fn name_of(forger: &Forger, index: usize) -> String {
    hex(&forger.envelopes()[index].1)
}
