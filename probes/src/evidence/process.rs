//! How the process before this one ended.
//!
//! `running.json` is written with every entry: boot, boot time and the volume of the month.
//! `clean-stop` is written when the agent was told to stop, and removed at the next start.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    files::{FileError, PRIVATE, at, read_if_there, sync_folder, write_whole},
    report::Fact,
    wire::id::BootId,
};

const RUNNING: &str = "running.json";
const CLEAN_STOP: &str = "clean-stop";

/// What the process before left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its boot.
    pub boot: BootId,
    /// When it last wrote, in its boot.
    pub written_boottime_ms: u64,
    /// Month (`yyyy-mm`, UTC) of the volume.
    pub month: String,
    /// Bytes sent in that month.
    pub sent_bytes: u64,
    /// Bytes received in that month.
    pub received_bytes: u64,
}

/// The marks of the running process.
#[derive(Debug)]
pub struct ProcessMark {
    data: PathBuf,
}

impl ProcessMark {
    /// Reads the marks of the process before and clears its clean-stop mark. Gives the fact to record.
    pub fn start(data: &Path) -> Result<(Self, Option<Previous>, Fact), FileError> {
        let mark = Self {
            data: data.to_owned(),
        };
        let previous = read_if_there(&data.join(RUNNING))?
            .and_then(|bytes| serde_json::from_slice::<Previous>(&bytes).ok());
        let stop = data.join(CLEAN_STOP);
        let clean = read_if_there(&stop)?.is_some();
        if clean {
            std::fs::remove_file(&stop)
                .and_then(|()| sync_folder(data))
                .map_err(at("remove", &stop))?;
        }
        let fact = Fact::Started {
            clean_stop: previous.as_ref().map(|_| clean),
            previous_boot: previous.as_ref().map(|p| p.boot),
            previous_written_boottime_ms: previous.as_ref().map(|p| p.written_boottime_ms),
        };
        Ok((mark, previous, fact))
    }

    /// Notes that the process lives.
    pub fn running(&self, now: &Previous) -> Result<(), FileError> {
        let json = serde_json::to_vec(now).unwrap_or_default();
        write_whole(&self.data.join(RUNNING), &json, PRIVATE)
    }

    /// Notes that the process stops because it was told to.
    pub fn stopping(&self) -> Result<(), FileError> {
        write_whole(&self.data.join(CLEAN_STOP), b"told to stop\n", PRIVATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_and_a_stop_are_told_apart() {
        let data = tempfile::tempdir().unwrap();
        let clean = |data: &Path| match ProcessMark::start(data).unwrap().2 {
            Fact::Started {
                clean_stop,
                previous_boot,
                ..
            } => (clean_stop, previous_boot),
            other => panic!("{other:?}"),
        };
        assert_eq!(clean(data.path()), (None, None), "the first ever");
        let mark = ProcessMark::start(data.path()).unwrap().0;
        let boot = BootId([3; 16]);
        let (month, written_boottime_ms) = ("2026-11".to_owned(), 9);
        let now = Previous {
            boot,
            written_boottime_ms,
            month,
            sent_bytes: 1,
            received_bytes: 2,
        };
        mark.running(&now).unwrap();
        assert_eq!(clean(data.path()), (Some(false), Some(boot)), "killed");
        mark.stopping().unwrap();
        assert_eq!(clean(data.path()), (Some(true), Some(boot)), "told to stop");
        assert_eq!(
            clean(data.path()),
            (Some(false), Some(boot)),
            "the mark counts once"
        );
    }
}
