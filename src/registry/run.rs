//! When this collector ran: the gaps between its runs are its own silence, never a site's.

use rusqlite::params;

use super::{Registry, RegistryError, error::database};

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
}
