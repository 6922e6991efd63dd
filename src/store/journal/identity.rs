//! Whether entries were accepted before. Two batches of a boot can share an entry only when their
//! ranges of sequence numbers overlap; then, and only then, their bodies are read and compared.

use std::collections::{BTreeMap, HashSet};

use desserte_domain::identity::{Settled, settle};
use rusqlite::{Connection, params};

use super::{Appended, ContentType, EntriesOf, NewBatch, OVERLAPS_MAX};
use crate::store::{StoreError, signed, unsigned};

/// Sequence numbers of a boot's batch, both included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) boot: i64,
    pub(super) first: u64,
    pub(super) last: u64,
}

/// An entry under a name that another body has.
pub(super) struct Clash {
    pub(super) sequence: u64,
    pub(super) first_position: u64,
    pub(super) hash: [u8; 32],
}

/// Sequence numbers that came before a batch did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    entries: HashSet<u64>,
    /// Ranges of batches whose bodies were let go: whatever lies in them counts as having come.
    let_go: Vec<(u64, u64)>,
}

impl Earlier {
    /// Whether an entry came before.
    #[must_use]
    pub fn contains(&self, sequence: u64) -> bool {
        let within = |(first, last): &(u64, u64)| (*first..=*last).contains(&sequence);
        self.entries.contains(&sequence) || self.let_go.iter().any(within)
    }
}

/// A batch whose range overlaps that of another.
struct Overlapping {
    position: u64,
    content_type: ContentType,
    body: Vec<u8>,
    sequences: (u64, u64),
}

/// Batches before `position` whose range overlaps: one more than [`OVERLAPS_MAX`] at most.
fn overlapping(
    connection: &Connection,
    range: Range,
    position: u64,
) -> Result<Vec<Overlapping>, StoreError> {
    let limit = i64::try_from(OVERLAPS_MAX + 1).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "SELECT batch.position, content_type, body, sequence_first, sequence_last
             FROM boot JOIN batch ON batch.boot = boot.id
             WHERE boot.id = ?1 AND sequence_first BETWEEN ?2 - longest AND ?3
                 AND sequence_last >= ?2 AND batch.position < ?4
             ORDER BY batch.position LIMIT ?5",
        )
        .and_then(|mut statement| {
            let values = params![
                range.boot,
                signed(range.first),
                signed(range.last),
                signed(position),
                limit
            ];
            let rows = statement.query_map(values, |row| {
                let content_type: String = row.get(1)?;
                let content_type =
                    ContentType::from_header(&content_type).ok_or(rusqlite::Error::InvalidQuery)?;
                Ok(Overlapping {
                    position: unsigned(row.get(0)?),
                    content_type,
                    body: row.get(2)?,
                    sequences: (unsigned(row.get(3)?), unsigned(row.get(4)?)),
                })
            })?;
            rows.collect()
        })
        .map_err(StoreError::database("find overlapping batches"))
}

/// Compares the entries of a new batch with those that are there; `None` when nothing speaks
/// against it.
pub(super) fn compare(
    connection: &Connection,
    entries_of: EntriesOf,
    batch: &NewBatch,
    (range, position): (Range, u64),
) -> Result<Option<(Appended, Option<Clash>)>, StoreError> {
    let there = overlapping(connection, range, position)?;
    if there.is_empty() {
        return Ok(None);
    }
    if there.len() > OVERLAPS_MAX {
        return Ok(Some((Appended::Entangled, None)));
    }
    let new: BTreeMap<u64, [u8; 32]> = entries_of(batch.content_type, &batch.body)
        .ok_or_else(|| StoreError::damaged("new batch", "its entries cannot be read"))?
        .into_iter()
        .collect();
    let mut clash: Option<Clash> = None;
    // What was let go can be compared with nothing: its entries were accepted, and come in once.
    for one in there.iter().filter(|one| !one.body.is_empty()) {
        let first_position = &one.position;
        let Some(earlier) = entries_of(one.content_type, &one.body) else {
            // It was read before it was journaled: the file is damaged, and no new batch is at fault.
            tracing::error!(
                position = first_position,
                "journaled batch {first_position} cannot be read"
            );
            continue;
        };
        for (sequence, hash) in earlier {
            let Some(other) = new.get(&sequence) else {
                continue;
            };
            if settle(Some(&hash), other) != Settled::Conflict {
                continue;
            }
            if clash.as_ref().is_none_or(|held| sequence < held.sequence) {
                clash = Some(Clash {
                    sequence,
                    first_position: *first_position,
                    hash: *other,
                });
            }
        }
    }
    Ok(clash.map(|clash| {
        let conflict = Appended::Conflict {
            sequence: clash.sequence,
            first_position: clash.first_position,
        };
        (conflict, Some(clash))
    }))
}

/// Sequence numbers of a range that came with a batch before `position`.
pub(super) fn earlier(
    connection: &Connection,
    entries_of: EntriesOf,
    (range, position): (Range, u64),
) -> Result<Earlier, StoreError> {
    let there = overlapping(connection, range, position)?;
    let mut found = Earlier::default();
    for one in &there {
        if one.body.is_empty() {
            found.let_go.push(one.sequences);
            continue;
        }
        let entries = entries_of(one.content_type, &one.body).unwrap_or_default();
        let sequences = entries.into_iter().map(|(sequence, _)| sequence);
        found.entries.extend(sequences);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bytes::Bytes;
    use desserte_probe::wire::{
        envelope::Envelope,
        id::{AgentId, BootId},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::store::journal::Journal;

    /// A body here: pairs of a sequence number and a value.
    fn entries_of(_: ContentType, body: &[u8]) -> Option<Vec<(u64, [u8; 32])>> {
        let pairs = body.chunks_exact(2);
        let whole = pairs.remainder().is_empty();
        whole.then(|| pairs.map(|pair| (pair[0].into(), [pair[1]; 32])).collect())
    }

    fn batch(boot: u8, entries: &BTreeMap<u8, u8>) -> NewBatch {
        let envelope = Envelope {
            agent: AgentId([1; 16]),
            boot: BootId([boot; 16]),
            sequence_first: (*entries.first_key_value().unwrap().0).into(),
            sequence_last: (*entries.last_key_value().unwrap().0).into(),
            previous: [0; 32],
            signature: [0; 64],
        };
        let pairs = entries
            .iter()
            .flat_map(|(sequence, value)| [*sequence, *value]);
        let body: Bytes = pairs.collect::<Vec<u8>>().into();
        NewBatch {
            received_unix_ms: 1_000,
            batch_hash: envelope.batch_hash(&body),
            envelope,
            content_type: ContentType::Json,
            body,
            peer: None,
            entries: entries.len(),
            exchanges: vec![],
            measured_boottime_ms: None,
            samples: 1,
        }
    }

    fn append(journal: &Journal, batch: NewBatch) -> Appended {
        let answer = journal.append(batch).unwrap();
        answer.blocking_recv().unwrap().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Whatever comes, in whatever order, with gaps and overlaps and again: the first body of an
        /// entry is kept, another refuses its batch, and each entry belongs to the batch it first
        /// came with.
        #[test]
        fn an_entry_belongs_to_the_first_batch_and_has_its_body(
            batches in proptest::collection::vec(
                (1..3_u8, proptest::collection::btree_map(0..30_u8, prop_oneof![9 => Just(0_u8), 1 => Just(1)], 1..8)),
                1..24,
            ),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.sqlite");
            let mut journal = Journal::open(&path, entries_of).unwrap();
            let mut model: HashMap<(u8, u8), (u8, u64)> = HashMap::new();
            let mut kept: HashMap<[u8; 32], u64> = HashMap::new();
            for (number, (boot, entries)) in batches.iter().enumerate() {
                if number % 7 == 6 {
                    drop(journal);
                    journal = Journal::open(&path, entries_of).unwrap();
                }
                let new = batch(*boot, entries);
                let name = new.batch_hash;
                let clash = entries.iter().find_map(|(sequence, value)| {
                    let (first, position) = model.get(&(*boot, *sequence))?;
                    (first != value).then_some((u64::from(*sequence), *position))
                });
                let answer = append(&journal, new);
                if let Some(known) = kept.get(&name) {
                    let Appended::Kept { position, duplicate: true, .. } = answer else {
                        panic!("{answer:?}")
                    };
                    prop_assert_eq!(position, *known);
                    continue;
                }
                if let Some((sequence, first_position)) = clash {
                    prop_assert_eq!(answer, Appended::Conflict { sequence, first_position });
                    continue;
                }
                let Appended::Kept { position, duplicate: false, .. } = answer else {
                    panic!("{answer:?}")
                };
                kept.insert(name, position);
                for (sequence, value) in entries {
                    model.entry((*boot, *sequence)).or_insert((*value, position));
                }
                let earlier = journal
                    .earlier_entries(&journal.batch(position).unwrap().unwrap())
                    .unwrap();
                for sequence in entries.keys() {
                    let owned = model[&(*boot, *sequence)].1 == position;
                    prop_assert_eq!(owned, !earlier.contains(u64::from(*sequence)));
                }
            }
            prop_assert_eq!(journal.last_position(), kept.len() as u64);
        }
    }

    #[test]
    fn a_batch_between_too_many_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("j.sqlite"), entries_of).unwrap();
        let spread = |sequence: u8, value: u8| BTreeMap::from([(0, 0), (sequence, value)]);
        for sequence in 1..=255_u8 {
            append(&journal, batch(1, &spread(sequence, 0)));
        }
        for mark in [200_u8, 201] {
            let more = BTreeMap::from([(0, 0), (mark, 0), (255, 0)]);
            append(&journal, batch(1, &more));
        }
        assert_eq!(journal.last_position(), 257);
        let last = BTreeMap::from([(0, 0), (100, 0), (255, 0)]);
        assert_eq!(append(&journal, batch(1, &last)), Appended::Entangled);
        assert!(matches!(
            append(&journal, batch(2, &last)),
            Appended::Kept {
                duplicate: false,
                ..
            }
        ));
    }
}
