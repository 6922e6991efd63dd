//! The thread that writes.

use rusqlite::Connection;

use super::{Committed, EntriesOf, NewBatch, Queue, ROWS_PER_COMMIT, Reply, append, mark::Mark};
use crate::store::StoreError;

/// The writer: a group, a commit, the answers; until nobody can ask any more.
pub(super) fn write(
    (mut connection, entries_of): (Connection, EntriesOf),
    queue: &Queue,
    (committed, mark): (&Committed, &Mark),
) {
    while let Ok(first) = queue.recv() {
        let mut rows = first.0.entries;
        let mut group = vec![first];
        while rows < ROWS_PER_COMMIT {
            let Ok(next) = queue.try_recv() else { break };
            rows += next.0.entries;
            group.push(next);
        }
        let (batches, replies): (Vec<NewBatch>, Vec<Reply>) = group.into_iter().unzip();
        let last = *committed.lock();
        match append::commit((&mut connection, entries_of), &batches, last) {
            Ok((last, answers)) => {
                mark.set(last);
                committed.raise(last);
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Whoever hung up learns the position when he sends the batch again.
                    let _ = reply.send(Ok(answer));
                }
            }
            Err(error) => {
                tracing::error!(%error, "journal commit failed");
                for reply in replies {
                    let _ = reply.send(Err(again(&error)));
                }
            }
        }
    }
}

/// The same failure for everyone of a group.
fn again(error: &StoreError) -> StoreError {
    let operation = "append to journal";
    match error {
        StoreError::Full { .. } => StoreError::Full { operation },
        other => StoreError::damaged("journal commit", other),
    }
}
