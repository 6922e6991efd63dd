//! The log in its file: appending within somebody's transaction, and reading.

use desserte_probe::wire::hex;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    leaf::LeafKind,
    tree::{self, Frontier, Hash, Place},
};

/// The schema of the log.
pub(crate) const SCHEMA: &str = include_str!("ledger.sql");

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// SQLite failed.
    #[error("ledger: {operation}: {source}")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// A hash that must be there is not: the file is damaged.
    #[error("ledger: subtree {number} of level {level} is missing: the file is damaged")]
    Missing {
        /// Level of the subtree.
        level: u32,
        /// Its number.
        number: u64,
    },
    /// A stored hash is not what the hashes below it make.
    #[error("ledger: {what} is not what its leaves make: the file was changed")]
    Changed {
        /// What.
        what: String,
    },
    /// Asked for more leaves than there are.
    #[error("ledger: {asked} leaves are asked about, and there are {size}")]
    Beyond {
        /// Leaves asked about.
        asked: u64,
        /// Leaves that there are.
        size: u64,
    },
}

pub(crate) type Result<T> = std::result::Result<T, LogError>;

fn failed(operation: &'static str) -> impl Fn(rusqlite::Error) -> LogError {
    move |source| LogError::Database { operation, source }
}

/// A checkpoint that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// Leaves that it covers.
    pub size: u64,
    /// When it was made, Unix milliseconds.
    pub made_unix_ms: i64,
    /// Root over them.
    pub root: Hash,
    /// Its signed text.
    pub note: String,
}

/// Number of leaves.
pub(crate) fn size(connection: &Connection) -> Result<u64> {
    connection
        .prepare_cached("SELECT coalesce(max(number) + 1, 0) FROM leaf")
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
        .map(unsigned)
        .map_err(failed("count leaves"))
}

/// Hash of a complete subtree.
pub(crate) fn hash_of(connection: &Connection, (level, number): Place) -> Result<Hash> {
    let read = |row: &rusqlite::Row<'_>| row.get::<_, Hash>(0);
    let found = if level == 0 {
        connection
            .prepare_cached("SELECT hash FROM leaf WHERE number = ?")
            .and_then(|mut one| one.query_row([signed(number)], read).optional())
    } else {
        connection
            .prepare_cached("SELECT hash FROM node WHERE level = ? AND number = ?")
            .and_then(|mut one| {
                one.query_row(params![level, signed(number)], read)
                    .optional()
            })
    };
    found
        .map_err(failed("read hash"))?
        .ok_or(LogError::Missing { level, number })
}

/// The end of the log.
pub(crate) fn frontier(connection: &Connection) -> Result<Frontier> {
    frontier_at(connection, size(connection)?)
}

/// The end of the log as it was with `size` leaves.
pub(crate) fn frontier_at(connection: &Connection, size: u64) -> Result<Frontier> {
    Frontier::read(size, |place| hash_of(connection, place))
}

/// Appends a leaf within the caller's transaction.
pub(crate) fn append(
    connection: &Connection,
    frontier: &mut Frontier,
    (kind, source): (LeafKind, u64),
    content: &[u8],
) -> Result<()> {
    frontier.append(tree::leaf_hash(content), |(level, number), hash| {
        if level == 0 {
            connection
                .prepare_cached("INSERT INTO leaf VALUES (?, ?, ?, ?)")
                .and_then(|mut one| {
                    one.execute(params![signed(number), kind.number(), signed(source), hash])
                })
        } else {
            connection
                .prepare_cached("INSERT INTO node VALUES (?, ?, ?)")
                .and_then(|mut one| one.execute(params![level, signed(number), hash]))
        }
        .map_err(failed("append leaf"))
        .map(drop)
    })
}

/// Source of the last leaf of a kind; 0 when there is none.
pub(crate) fn last_source(connection: &Connection, kind: LeafKind) -> Result<u64> {
    connection
        .prepare_cached("SELECT coalesce(max(source), 0) FROM leaf WHERE kind = ?")
        .and_then(|mut one| one.query_row([kind.number()], |row| row.get::<_, i64>(0)))
        .map(unsigned)
        .map_err(failed("last leaf"))
}

/// Source of the last leaf of a batch or of a record among the first `size` leaves; 0 when there is none.
/// These come in the order of their sources, from 1 without gaps (but not so the times of batches): each
/// question halves what is left.
pub(crate) fn last_source_within(
    connection: &Connection,
    kind: LeafKind,
    size: u64,
) -> Result<u64> {
    let (mut low, mut high) = (0, last_source(connection, kind)?);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let leaf = leaf_of(connection, kind, middle)?;
        if leaf.is_some_and(|leaf| leaf < size) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

/// Number of the leaf of a source.
pub(crate) fn leaf_of(connection: &Connection, kind: LeafKind, source: u64) -> Result<Option<u64>> {
    connection
        .prepare_cached("SELECT number FROM leaf WHERE kind = ? AND source = ?")
        .and_then(|mut one| {
            one.query_row(params![kind.number(), signed(source)], |row| {
                row.get::<_, i64>(0)
            })
            .optional()
        })
        .map(|found| found.map(unsigned))
        .map_err(failed("find leaf"))
}

/// Proof that a leaf lies in the log of `size` leaves.
pub(crate) fn inclusion(connection: &Connection, (leaf, size): (u64, u64)) -> Result<Vec<Hash>> {
    within(connection, size)?;
    if leaf >= size {
        return Err(LogError::Beyond { asked: leaf, size });
    }
    tree::inclusion((leaf, size), |place| hash_of(connection, place))
}

/// Proof that the log of `to` leaves begins with that of `from`.
pub(crate) fn consistency(connection: &Connection, (from, to): (u64, u64)) -> Result<Vec<Hash>> {
    within(connection, to)?;
    if from > to {
        return Err(LogError::Beyond {
            asked: from,
            size: to,
        });
    }
    tree::consistency((from, to), |place| hash_of(connection, place))
}

fn within(connection: &Connection, asked: u64) -> Result<()> {
    let size = size(connection)?;
    if asked > size {
        return Err(LogError::Beyond { asked, size });
    }
    Ok(())
}

/// Keeps a checkpoint; one of the same size stays as it was.
pub(crate) fn keep(connection: &Connection, kept: &KeptCheckpoint) -> Result<()> {
    connection
        .execute(
            "INSERT INTO checkpoint VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            params![signed(kept.size), kept.made_unix_ms, kept.root, kept.note],
        )
        .map_err(failed("keep checkpoint"))
        .map(drop)
}

/// Kept checkpoints of at least `size` leaves, ascending.
pub(crate) fn kept_from(connection: &Connection, size: u64) -> Result<Vec<KeptCheckpoint>> {
    connection
        .prepare_cached("SELECT * FROM checkpoint WHERE size >= ? ORDER BY size")
        .and_then(|mut one| one.query_map([signed(size)], kept)?.collect())
        .map_err(failed("read checkpoints"))
}

/// The newest kept checkpoint.
pub(crate) fn newest(connection: &Connection) -> Result<Option<KeptCheckpoint>> {
    connection
        .prepare_cached("SELECT * FROM checkpoint ORDER BY size DESC LIMIT 1")
        .and_then(|mut one| one.query_row([], kept).optional())
        .map_err(failed("read checkpoint"))
}

/// The newest checkpoint made before a moment.
pub(crate) fn kept_before(connection: &Connection, unix_ms: i64) -> Result<Option<KeptCheckpoint>> {
    connection
        .prepare_cached("SELECT * FROM checkpoint WHERE made_at < ? ORDER BY size DESC LIMIT 1")
        .and_then(|mut one| one.query_row([unix_ms], kept).optional())
        .map_err(failed("read checkpoint"))
}

fn kept(row: &rusqlite::Row<'_>) -> rusqlite::Result<KeptCheckpoint> {
    Ok(KeptCheckpoint {
        size: unsigned(row.get("size")?),
        made_unix_ms: row.get("made_at")?,
        root: row.get("root")?,
        note: row.get("note")?,
    })
}

/// Computes every subtree anew from the leaves' hashes, and the root at each kept checkpoint; hands each
/// checkpoint that holds to `seen`. The leaves' own contents are the caller's to compare.
pub(crate) fn check(
    connection: &Connection,
    mut leaf_content: impl FnMut(LeafKind, u64) -> Result<Option<Hash>>,
    mut seen: impl FnMut(&KeptCheckpoint),
) -> Result<u64> {
    let mut checkpoints = kept_from(connection, 0)?.into_iter().peekable();
    let mut frontier = frontier_at(connection, 0)?;
    let mut leaves = connection
        .prepare("SELECT number, kind, source, hash FROM leaf ORDER BY number")
        .map_err(failed("read leaves"))?;
    let mut rows = leaves.query([]).map_err(failed("read leaves"))?;
    loop {
        while let Some(one) = checkpoints.next_if(|one| one.size == frontier.size()) {
            if one.root != frontier.root() {
                let what = format!("the checkpoint of {} leaves", one.size);
                return Err(LogError::Changed { what });
            }
            seen(&one);
        }
        let Some(row) = rows.next().map_err(failed("read leaves"))? else {
            break;
        };
        let read = || -> rusqlite::Result<(i64, i64, i64, Hash)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        };
        let (number, kind, source, hash) = read().map_err(failed("read leaves"))?;
        let (number, source) = (unsigned(number), unsigned(source));
        if number != frontier.size() {
            return Err(LogError::Missing {
                level: 0,
                number: frontier.size(),
            });
        }
        let kind = [LeafKind::Batch, LeafKind::Time, LeafKind::Record]
            .into_iter()
            .find(|one| one.number() == kind)
            .ok_or_else(|| LogError::Changed {
                what: format!("the kind of leaf {number}"),
            })?;
        if let Some(expected) = leaf_content(kind, source)?
            && expected != hash
        {
            let what = format!("leaf {number} ({kind:?} {source}, {})", hex(&hash));
            return Err(LogError::Changed { what });
        }
        frontier.append(hash, |place, made| {
            if hash_of(connection, place)? == *made {
                return Ok(());
            }
            let what = format!("subtree {} of level {}", place.1, place.0);
            Err(LogError::Changed { what })
        })?;
    }
    match checkpoints.next() {
        Some(one) => Err(LogError::Beyond {
            asked: one.size,
            size: frontier.size(),
        }),
        None => Ok(frontier.size()),
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_batch_and_record_are_found_at_every_size() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let mut frontier = frontier(&connection).unwrap();
        let kinds = [LeafKind::Batch, LeafKind::Batch, LeafKind::Record];
        let mut sources = [0, 0];
        let mut expected = vec![[0, 0]];
        for number in 0..100_usize {
            let kind = kinds[number * number % 3];
            let of = usize::from(kind == LeafKind::Record);
            sources[of] += 1;
            let leaf = (kind, sources[of]);
            append(&connection, &mut frontier, leaf, b"").unwrap();
            // The time of an earlier batch: no order at all.
            if number % 7 == 6 {
                expected.push(sources);
                let time = (LeafKind::Time, sources[0]);
                append(&connection, &mut frontier, time, b"").unwrap();
            }
            expected.push(sources);
        }
        for (size, expected) in expected.into_iter().enumerate() {
            let found = |kind| last_source_within(&connection, kind, size as u64).unwrap();
            assert_eq!([found(LeafKind::Batch), found(LeafKind::Record)], expected);
        }
    }
}
