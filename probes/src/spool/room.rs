//! What happens when the share of the disk is used up.

use std::path::Path;

use super::{Draft, Spool, SpoolError, batch, names, records, remove, rewrite, thin};
use crate::report::Content;

impl Spool {
    pub(super) fn prune_refused(&mut self, refused: &Path) -> Result<(), SpoolError> {
        let mut files: Vec<_> = names(refused)?
            .into_iter()
            .filter(|name| batch::parse_name(name).is_some())
            .map(|name| (refused.join(&name), name))
            .map(|(path, name)| (std::fs::metadata(&path).map_or(0, |m| m.len()), path, name))
            .collect();
        files.sort_by(|a, b| a.2.cmp(&b.2));
        let mut total: u64 = files.iter().map(|f| f.0).sum();
        for (bytes, path, _) in files {
            if total <= self.limits.refused_bytes {
                break;
            }
            remove(&path)?;
            let _ = std::fs::remove_file(path.with_extension("reason"));
            total -= bytes;
        }
        Ok(())
    }

    pub(super) fn has_room_for(&self, draft: &Draft) -> bool {
        let eventful = !matches!(&draft.content, Content::Minute(m) if thin::uneventful(m));
        let reserve = if eventful {
            self.limits.reserve_bytes
        } else {
            0
        };
        self.bytes() < self.limits.cap_bytes + reserve
    }

    /// Thins the oldest closed segments until there is room or nothing is left to thin.
    pub(super) fn make_room(&mut self) -> Result<(), SpoolError> {
        while self.bytes() >= self.limits.cap_bytes {
            let open = self.writer.as_ref().map(|_| self.next_segment - 1);
            let oldest = self
                .segments
                .iter()
                .position(|s| !s.thinned && Some(s.number) != open);
            let Some(index) = oldest else {
                return Ok(());
            };
            self.thin_segment(index)?;
        }
        Ok(())
    }

    /// First the summaries are durable under new sequences, then the segment is rewritten. A crash in
    /// between leaves both; the next start drops what a summary replaces.
    pub(super) fn thin_segment(&mut self, index: usize) -> Result<(), SpoolError> {
        let Some(target) = self.segments.get_mut(index) else {
            return Ok(());
        };
        target.thinned = true;
        let path = target.path.clone();
        let thinned = thin::thin(records(&path)?.0);
        if thinned.summaries.is_empty() {
            return Ok(());
        }
        for summary in &thinned.summaries {
            self.write(summary)?;
        }
        self.state.minutes_thinned += thinned.minutes;
        let bytes = rewrite(&path, &thinned.kept)?;
        let emptied = thinned.kept.is_empty();
        if let Some(target) = self.segments.get_mut(index) {
            target.bytes = bytes;
            target.entries = thinned.kept.len() as u64;
        }
        if emptied {
            self.segments.remove(index);
        }
        Ok(self.state.save(&self.folder)?)
    }
}
