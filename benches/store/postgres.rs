//! `PostgreSQL`, a server of the bench's own.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use desserte::store::samples::SampleRow;

use super::super::bytes_below;
use super::{Peer, number_of, numbers};

/// `PostgreSQL`, by `COPY`, with a primary key as the others have.
pub(super) struct Postgres {
    data: PathBuf,
    sockets: PathBuf,
    bin: PathBuf,
}

impl Postgres {
    pub(super) fn start(folder: &Path) -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let bin = versions
            .filter_map(Result::ok)
            .map(|one| one.path().join("bin"))
            .max()?;
        std::fs::create_dir_all(folder).ok()?;
        let peer = Self {
            data: folder.join("data"),
            sockets: folder.to_owned(),
            bin,
        };
        // It does not run as root, and must reach its folder.
        let mut above = Some(folder);
        let mut owned = Command::new("chown")
            .arg("postgres")
            .arg(folder)
            .status()
            .ok()?
            .success();
        while let Some(parent) = above.and_then(Path::parent) {
            let open = Command::new("chmod").arg("o+x").arg(parent).status();
            owned &= open.is_ok_and(|status| status.success());
            above = (parent != Path::new("/")).then_some(parent);
        }
        let data = peer.data.display().to_string();
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={}",
            folder.display()
        );
        let log = folder.join("log").display().to_string();
        let started = owned
            && peer.run("initdb", &["-D", &data, "-A", "trust", "-E", "UTF8"], None)
            && peer.run(
                "pg_ctl",
                &["-w", "-D", &data, "-l", &log, "-o", &options, "start"],
                None,
            )
            && peer.sql(
                "CREATE TABLE sample (series bigint, time_unix_ms bigint, sequence bigint,
                     uncertainty_ms int, outcome smallint, sent smallint, received smallint,
                     rtt_us_min int, rtt_us_median int, rtt_us_max int,
                     rtt_us_mean_successive_difference int,
                     PRIMARY KEY (series, time_unix_ms, sequence))",
            );
        started.then_some(peer)
    }

    fn run(&self, program: &str, arguments: &[&str], input: Option<&str>) -> bool {
        let child = Command::new("runuser")
            .args(["-u", "postgres", "--"])
            .arg(self.bin.join(program))
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = child else { return false };
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            stdin.write_all(input.as_bytes()).expect("input");
        }
        child.wait().is_ok_and(|status| status.success())
    }

    fn psql(&self, statement: &str, input: Option<&str>) -> bool {
        let sockets = self.sockets.display().to_string();
        let arguments = [
            "-q",
            "-h",
            &sockets,
            "-d",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
        ];
        self.run("psql", &arguments, input)
    }

    fn sql(&self, statement: &str) -> bool {
        self.psql(statement, None)
    }

    /// The rows of a query; they go to a client, so that they are read and not only counted.
    fn rows(&self, query: &str) -> usize {
        let output = Command::new("runuser")
            .args(["-u", "postgres", "--"])
            .arg(self.bin.join("psql"))
            .args(["-q", "-A", "-t", "-h"])
            .arg(&self.sockets)
            .args(["-d", "postgres", "-c"])
            .arg(format!("COPY ({query}) TO STDOUT"))
            .current_dir("/")
            .output()
            .expect("psql");
        String::from_utf8_lossy(&output.stdout).lines().count()
    }
}

impl Peer for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn put(&mut self, rows: &[(i64, SampleRow)]) {
        assert!(
            self.psql("COPY sample FROM STDIN", Some(&copied(rows))),
            "copy"
        );
    }

    fn put_again(&mut self, rows: &[(i64, SampleRow)]) {
        // `COPY` alone ends at a row that is there.
        let staged = self.sql("CREATE UNLOGGED TABLE IF NOT EXISTS staged (LIKE sample)")
            && self.psql("COPY staged FROM STDIN", Some(&copied(rows)))
            && self.sql("INSERT INTO sample SELECT * FROM staged ON CONFLICT DO NOTHING")
            && self.sql("TRUNCATE staged");
        assert!(staged, "insert");
    }

    fn bytes(&mut self) -> f64 {
        assert!(self.sql("VACUUM ANALYZE sample") && self.sql("CHECKPOINT"));
        bytes_below(&self.data.join("base"))
    }

    fn month(&mut self, row: &SampleRow, (from, to): (i64, i64)) -> usize {
        let series = number_of(row);
        self.rows(&format!(
            "SELECT * FROM sample WHERE series = {series} AND time_unix_ms >= {from}
                 AND time_unix_ms < {to} ORDER BY time_unix_ms, sequence"
        ))
    }

    fn shares(&mut self, (from, to): (i64, i64)) -> usize {
        self.rows(&format!(
            "SELECT series, count(*), count(*) FILTER (WHERE sent > 0 AND received = 0) FROM sample
                 WHERE time_unix_ms >= {from} AND time_unix_ms < {to} GROUP BY series"
        ))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data.display().to_string();
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"], None);
    }
}

/// Rows as `COPY` reads them.
fn copied(rows: &[(i64, SampleRow)]) -> String {
    let mut text = String::new();
    for (series, row) in rows {
        let _ = write!(text, "{series}\t{}", row.time_unix_ms);
        for (_, value) in numbers(row) {
            match value {
                Some(value) => write!(text, "\t{value}"),
                None => write!(text, "\t\\N"),
            }
            .expect("text");
        }
        text.push('\n');
    }
    text
}
