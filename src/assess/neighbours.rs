//! Sites nearby as witnesses of a power cut: a box that restarted alone may have been unplugged; one
//! that restarted together with its neighbours lost what they all hang on.
//!
//! A neighbour is counted only when it is known what it did: it reported shortly before, and has
//! reported since. One that was cut off and had power all along says so when its backlog comes.

use desserte_domain::cause::{Cause, Share};
use desserte_probe::report::Fact;

use super::EvidenceRow;

/// Causes of outages that the neighbours of a site have a say in.
pub const HAVE_A_SAY_IN: [Cause; 2] = [Cause::Power, Cause::RestartedUnproven];
/// How far apart two sites may lie to be on one power line, metres. No feeder is known to the
/// registry; a town's distribution line is some kilometres long.
pub const NEAR_METRES_MAX: f64 = 5_000.0;
/// Neighbours that are asked about at most, nearest first.
pub const NEIGHBOURS_MAX: usize = 16;
/// Restarts of one site that are looked into at once, the newest ones.
pub const SILENCES_MAX: usize = 32;
/// Two sites that fell silent within so much of each other did so together, milliseconds: agents
/// write once a minute, and a battery may last a moment.
const TOGETHER_MS: i64 = 180_000;
/// Before a silence a neighbour must have reported within this, milliseconds.
const BEFORE_MS: i64 = 600_000;
/// After a site is back, others may take as long, milliseconds.
const BACK_WITHIN_MS: i64 = 1_800_000;

/// A time without a sign of life that ended with a restart nobody had asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// The last sign of life before.
    pub from_unix_ms: i64,
    /// The restart.
    pub to_unix_ms: i64,
}

/// What the neighbours did during a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeighboursSeen {
    /// The silence.
    pub silence: Silence,
    /// Those that fell silent and restarted together with the site, of those of which it is known.
    pub down: Share,
}

/// What is known of one neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbour {
    /// It restarted at the same time.
    Down,
    /// It ran on.
    Alive,
    /// Nobody knows: it did not report then, or has not since.
    Unknown,
}

/// The silences in what one site's agents saw, in the order of time.
#[must_use]
pub fn silences(rows: &[EvidenceRow]) -> Vec<Silence> {
    let mut found = Vec::new();
    for (index, row) in rows
        .iter()
        .enumerate()
        .filter(|(_, row)| is_unasked_restart(row))
    {
        // Facts of the new boot that carry the same or an earlier time are no sign of the old one.
        let before = rows
            .get(..index)
            .unwrap_or_default()
            .iter()
            .rev()
            .find(|earlier| earlier.boot != row.boot && earlier.agent == row.agent);
        if let Some(before) = before {
            found.push(Silence {
                from_unix_ms: before.at_unix_ms,
                to_unix_ms: row.at_unix_ms,
            });
        }
    }
    found
}

/// The silences of which it is asked what the sites nearby did: the newest ones.
#[must_use]
pub fn asked_about(rows: &[EvidenceRow]) -> Vec<Silence> {
    let found = silences(rows);
    let older = found.len().saturating_sub(SILENCES_MAX);
    found.into_iter().skip(older).collect()
}

fn is_unasked_restart(row: &EvidenceRow) -> bool {
    match &row.fact {
        Fact::Started {
            clean_stop: Some(false),
            previous_boot: Some(previous),
            ..
        } => previous.to_string() != row.boot,
        _ => false,
    }
}

/// The two times in which a neighbour is looked at: around the beginning of a silence, and, where
/// nothing is seen after it there, until it must be back.
#[must_use]
pub fn windows(silence: Silence) -> [(i64, i64); 2] {
    let (from, to) = (silence.from_unix_ms, silence.to_unix_ms);
    let middle = from.saturating_add(BEFORE_MS);
    [
        (from.saturating_sub(BEFORE_MS), middle),
        (middle, to.saturating_add(BACK_WITHIN_MS).max(middle)),
    ]
}

/// What a neighbour did, from what it saw in the two windows together.
#[must_use]
pub fn judged(silence: Silence, rows: &[EvidenceRow]) -> Neighbour {
    let from = silence.from_unix_ms;
    if !rows.iter().any(|row| row.at_unix_ms <= from + TOGETHER_MS) {
        return Neighbour::Unknown;
    }
    let together = |other: &Silence| (other.from_unix_ms - from).abs() <= TOGETHER_MS;
    if silences(rows).iter().any(together) {
        return Neighbour::Down;
    }
    // Later than any that fell silent together: it saw that minute itself.
    if rows.iter().any(|row| row.at_unix_ms > from + TOGETHER_MS) {
        Neighbour::Alive
    } else {
        Neighbour::Unknown
    }
}

/// The share of those of which it is known.
#[must_use]
pub fn share(neighbours: &[Neighbour]) -> Share {
    let count = |wanted: Neighbour| {
        let found = neighbours.iter().filter(|one| **one == wanted).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    let down = count(Neighbour::Down);
    Share {
        count: down,
        total: down.saturating_add(count(Neighbour::Alive)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "11111111-1111-1111-1111-111111111111";
    const AFTER: &str = "22222222-2222-2222-2222-222222222222";
    const SILENCE: Silence = Silence {
        from_unix_ms: 10_000_000,
        to_unix_ms: 20_000_000,
    };

    fn row(at_unix_ms: i64, boot: &str, fact: Fact) -> EvidenceRow {
        EvidenceRow {
            at_unix_ms,
            agent: "a".to_owned(),
            boot: boot.to_owned(),
            line: None,
            fact,
        }
    }

    fn seen(at_unix_ms: i64, boot: &str) -> EvidenceRow {
        row(at_unix_ms, boot, Fact::Captive { intercepted: false })
    }

    fn restart(at_unix_ms: i64, clean: bool) -> EvidenceRow {
        let fact = Fact::Started {
            clean_stop: Some(clean),
            previous_boot: Some(BEFORE.parse().unwrap()),
            previous_written_boottime_ms: None,
        };
        row(at_unix_ms, AFTER, fact)
    }

    #[test]
    fn a_silence_lasts_from_the_last_sign_of_the_old_boot_to_the_restart() {
        let rows = [
            seen(5_000, BEFORE),
            seen(9_000, BEFORE),
            restart(60_000, false),
        ];
        let silence = Silence {
            from_unix_ms: 9_000,
            to_unix_ms: 60_000,
        };
        assert_eq!(silences(&rows), [silence]);
        assert_eq!(silences(&[seen(9_000, BEFORE), restart(60_000, true)]), []);
        assert_eq!(silences(&[restart(60_000, false)]), [], "nothing before it");
    }

    #[test]
    fn a_neighbour_counts_when_it_is_known_what_it_did() {
        let before = seen(10_050_000, BEFORE);
        let cases = [
            (
                vec![before.clone(), restart(20_100_000, false)],
                Neighbour::Down,
            ),
            (
                vec![before.clone(), seen(10_400_000, BEFORE)],
                Neighbour::Alive,
            ),
            (vec![before.clone()], Neighbour::Unknown),
            (vec![seen(20_000_000, AFTER)], Neighbour::Unknown),
            (
                vec![before.clone(), restart(20_100_000, true)],
                Neighbour::Alive,
            ),
            (
                vec![before, seen(13_000_000, BEFORE), restart(20_100_000, false)],
                Neighbour::Alive,
            ),
        ];
        for (rows, expected) in cases {
            assert_eq!(judged(SILENCE, &rows), expected, "{rows:?}");
        }
    }

    #[test]
    fn unknown_neighbours_are_no_part_of_the_share() {
        use Neighbour::{Alive, Down, Unknown};
        let of = |all: &[Neighbour]| {
            let share = share(all);
            (share.count, share.total)
        };
        assert_eq!(of(&[Down, Unknown, Alive, Down]), (2, 3));
        assert_eq!(of(&[Unknown]), (0, 0));
    }
}
