//! When this collector ran: the gaps between its runs are its own silence, never a site's.

use rusqlite::params;

use super::{Registry, RegistryError, error::database};

/// How far a clock may have gone while no collector ran, milliseconds: longer than one is switched off, and
/// far shorter than a clock that lost its time is wrong.
const CLOCK_AHEAD_MS: i64 = 31 * 86_400_000;

/// The latest moment that is believed of a clock which was believed at another one, after running for a
/// while. A collector that was off for longer catches up as it runs: each day of running counts twice.
pub(crate) fn latest_unix_ms(believed_unix_ms: i64, running_ms: i64) -> i64 {
    believed_unix_ms
        .saturating_add(CLOCK_AHEAD_MS)
        .saturating_add(running_ms.max(0).saturating_mul(2))
}

impl Registry {
    /// Notes that a collector starts; returns the number of its run.
    pub fn start_run(&self, at_unix_ms: i64) -> Result<i64, RegistryError> {
        self.write("start run", |transaction| {
            transaction
                .execute(
                    "INSERT INTO collector_run (started_at, alive_at) VALUES (?1, ?1)",
                    [at_unix_ms],
                )
                .map_err(database("start run"))?;
            Ok(transaction.last_insert_rowid())
        })
    }

    /// Notes that a run is alive.
    pub fn run_alive(&self, run: i64, at_unix_ms: i64) -> Result<(), RegistryError> {
        self.write_quietly("run alive", |transaction| {
            transaction
                .execute(
                    "UPDATE collector_run SET alive_at = max(alive_at, ?) WHERE id = ?",
                    params![at_unix_ms, run],
                )
                .map_err(database("run alive"))
                .map(drop)
        })
    }

    /// The present as the runs before this one leave it: the last sign of life, as far as it is believed.
    pub(crate) fn believed_unix_ms(&self, run: i64) -> Result<i64, RegistryError> {
        let runs: Vec<(i64, i64, i64)> = self.read("collector runs", |connection| {
            connection
                .prepare_cached(
                    "SELECT id, started_at, alive_at FROM collector_run WHERE id <= ? ORDER BY id",
                )?
                .query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })?;
        let mut believed: Option<i64> = None;
        for (id, started, alive) in runs {
            // Of this run only the start is known to be no leap of its own clock.
            believed = match believed {
                None if id == run => Some(started),
                None => Some(alive),
                Some(before) if id == run => Some(before),
                Some(before) => {
                    let latest = latest_unix_ms(before, alive.saturating_sub(started));
                    Some(alive.min(latest).max(before))
                }
            };
        }
        Ok(believed.unwrap_or(i64::MIN))
    }

    /// Half-open intervals within `[from, to)` in which no collector ran, ascending. Nothing is said
    /// of the time before the first run or after the last sign of life.
    pub fn collector_down(
        &self,
        from_unix_ms: i64,
        to_unix_ms: i64,
    ) -> Result<Vec<(i64, i64)>, RegistryError> {
        let runs: Vec<(i64, i64)> = self.read("collector runs", |connection| {
            connection
                .prepare_cached("SELECT started_at, alive_at FROM collector_run ORDER BY id")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        let mut down = Vec::new();
        let mut alive: Option<i64> = None;
        for (started, last) in runs {
            if let Some(alive) = alive {
                let gap = (alive.max(from_unix_ms), started.min(to_unix_ms));
                if gap.0 < gap.1 {
                    down.push(gap);
                }
            }
            alive = Some(alive.map_or(last, |alive| alive.max(last)));
        }
        Ok(down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_two_runs_is_the_collectors_own_silence() {
        let registry = Registry::in_memory().unwrap();
        let first = registry.start_run(1_000).unwrap();
        registry.run_alive(first, 5_000).unwrap();
        assert_eq!(registry.collector_down(0, 99_000).unwrap(), []);
        registry.start_run(9_000).unwrap();
        assert_eq!(
            registry.collector_down(0, 99_000).unwrap(),
            [(5_000, 9_000)]
        );
        assert_eq!(
            registry.collector_down(6_000, 7_000).unwrap(),
            [(6_000, 7_000)]
        );
    }

    #[test]
    fn a_clock_that_leapt_is_believed_neither_at_once_nor_after_another_start() {
        const DAY: i64 = 86_400_000;
        let registry = Registry::in_memory().unwrap();
        let first = registry.start_run(10 * DAY).unwrap();
        assert_eq!(registry.believed_unix_ms(first).unwrap(), 10 * DAY);
        registry.run_alive(first, 50 * DAY).unwrap();
        let second = registry.start_run(52 * DAY).unwrap();
        assert_eq!(registry.believed_unix_ms(second).unwrap(), 50 * DAY);
        registry.run_alive(second, 60 * DAY).unwrap();
        for _ in 0..2 {
            let leapt = registry.start_run(5_000 * DAY).unwrap();
            let believed = registry.believed_unix_ms(leapt).unwrap();
            assert!(latest_unix_ms(believed, 0) < 200 * DAY, "{believed}");
        }
        let right = registry.start_run(61 * DAY).unwrap();
        let believed = registry.believed_unix_ms(right).unwrap();
        assert!(61 * DAY <= latest_unix_ms(believed, 0));
    }
}
