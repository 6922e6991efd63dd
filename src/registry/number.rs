//! Numbers of rows that are shown: derived from what the row is, so that whoever sees some of them does not
//! count those of others by the gaps.

use rusqlite::Transaction;
use sha2::{Digest as _, Sha256};

use super::{RegistryError, error::database};

/// Twelve or thirteen digits: rows that meet the same number are rare, and JSON's readers keep it exactly.
const BITS: u32 = 40;

/// The tables whose rows are numbered so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbered {
    Outage,
    Exclusion,
    Contest,
}

impl Numbered {
    fn table(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Exclusion => "exclusion",
            Self::Contest => "contest",
        }
    }
}

/// A number that no row has yet for one that is made of these parts. Who sees the row knows the parts, so
/// that the number tells nothing more. It needs no key: nobody is kept out by not knowing a number.
pub(super) fn draw(
    transaction: &Transaction<'_>,
    kind: Numbered,
    parts: &[&str],
) -> Result<i64, RegistryError> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM {} WHERE id = ?)",
        kind.table()
    );
    let mut attempt: u32 = 0;
    loop {
        let number = derived(kind, parts, attempt);
        let taken: bool = transaction
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row([number], |row| row.get(0)))
            .map_err(database("number a row"))?;
        if !taken && number > 0 {
            return Ok(number);
        }
        attempt += 1;
    }
}

fn derived(kind: Numbered, parts: &[&str], attempt: u32) -> i64 {
    let mut digest = Sha256::new();
    let attempt = attempt.to_string();
    for part in [kind.table(), &attempt].iter().chain(parts) {
        // The length before each part: "a", "bc" is not "ab", "c".
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    let bytes = digest.finalize();
    let first = bytes.iter().take(8);
    let wide = first.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    i64::try_from(wide >> (u64::BITS - BITS)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_numbered_otherwise_and_what_is_taken_is_passed_over() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE contest (id INTEGER PRIMARY KEY)")
            .unwrap();
        let transaction = connection.transaction().unwrap();
        let draw = |parts: &[&str]| draw(&transaction, Numbered::Contest, parts).unwrap();
        let first = draw(&["a", "bc"]);
        assert_eq!(draw(&["a", "bc"]), first, "as long as no row has it");
        assert_ne!(draw(&["ab", "c"]), first);
        assert!((1..1 << BITS).contains(&first), "{first}");
        let insert = "INSERT INTO contest VALUES (?)";
        transaction.execute(insert, [first]).unwrap();
        assert_ne!(draw(&["a", "bc"]), first);
    }

    #[test]
    fn neighbours_do_not_follow_each_other() {
        let numbers: Vec<i64> = (0..100)
            .map(|count: i32| derived(Numbered::Exclusion, &["lot-1", &count.to_string()], 0))
            .collect();
        let steps = numbers
            .windows(2)
            .filter(|two| (two[1] - two[0]).abs() < 1 << 20);
        assert_eq!(steps.count(), 0, "{numbers:?}");
    }
}
