//! What a start finds: batches, segments, and what a cut left behind.

use std::path::{Path, PathBuf};

use super::{Segment, Spool, SpoolError, Waiting, batch, names, records, remove, rewrite};
use crate::{report::Content, wire::hex};

impl Spool {
    /// Batches tell what the state may have missed: a batch is durable before the state is.
    pub(super) fn recover_batches(&mut self) -> Result<(), SpoolError> {
        for name in names(&self.folder)? {
            let Some((seal, first, last)) = batch::parse_name(&name) else {
                continue;
            };
            let path = self.folder.join(&name);
            let Some(sealed) = batch::read(&path)? else {
                self.state.entries_lost += last.saturating_sub(first) + 1;
                remove(&path)?;
                continue;
            };
            let hash = sealed.envelope.batch_hash(&sealed.body);
            if seal >= self.state.seals {
                self.state.seals = seal + 1;
                self.state.sealed_sequence = last;
                self.state.chain_head = hex(&hash);
            }
            let bytes = std::fs::metadata(&path).map_or(0, |m| m.len());
            let entries = sealed.entries;
            self.batches.push(Waiting {
                seal,
                first,
                last,
                hash,
                entries,
                bytes,
                path,
            });
        }
        self.batches.sort_by_key(|b| b.seal);
        Ok(())
    }

    pub(super) fn recover_segments(&mut self) -> Result<(), SpoolError> {
        let mut found = Vec::new();
        for name in names(&self.folder)? {
            let number = name
                .strip_prefix("segment-")
                .and_then(|n| n.parse::<u64>().ok());
            let path = self.folder.join(&name);
            match number {
                Some(number) => found.push((number, path)),
                None if Path::new(&name).extension().is_some_and(|e| e == "tmp") => remove(&path)?,
                None => {}
            }
        }
        found.sort_unstable();
        self.next_segment = found.last().map_or(0, |(number, _)| number + 1);
        let replaced = replaced_ranges(&found)?;
        let mut last_sequence = self.state.sealed_sequence;
        for (number, path) in found {
            let (read, lost) = records(&path)?;
            let before = read.len();
            last_sequence = last_sequence.max(read.last().map_or(0, |r| r.sequence));
            let sealed = self.state.sealed_sequence;
            let kept: Vec<_> = read
                .into_iter()
                .filter(|r| r.sequence > sealed)
                .filter(|r| {
                    !replaced
                        .iter()
                        .any(|(a, b)| (*a..=*b).contains(&r.sequence))
                })
                .collect();
            self.state.entries_lost += lost;
            let bytes = if lost > 0 || kept.len() < before || kept.is_empty() {
                rewrite(&path, &kept)?
            } else {
                std::fs::metadata(&path).map_or(0, |m| m.len())
            };
            if let Some(last) = kept.last().map(|r| r.sequence) {
                let entries = kept.len() as u64;
                self.segments.push(Segment {
                    number,
                    path,
                    bytes,
                    entries,
                    last,
                    thinned: false,
                });
            }
        }
        self.next_sequence = last_sequence + 1;
        Ok(())
    }
}

fn replaced_ranges(segments: &[(u64, PathBuf)]) -> Result<Vec<(u64, u64)>, SpoolError> {
    let mut ranges = Vec::new();
    for (_, path) in segments {
        for record in records(path)?.0 {
            if let Content::Summary(summary) = &record.draft.content {
                ranges.push((summary.replaces_first, summary.replaces_last));
            }
        }
    }
    Ok(ranges)
}
