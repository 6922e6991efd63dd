//! A store under a memory limit: read whole by a process of its own in a control group.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The argument by which this program reads a store and nothing else.
pub(crate) const CHILD: &str = "--read-store";

/// A control group of this bench; removed with its owner.
struct Group(PathBuf);

impl Group {
    fn make(limit_bytes: u64) -> Option<Self> {
        // Version 2 where memory is delegated there, else version 1.
        let candidates = [
            ("/sys/fs/cgroup", "memory.max"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ];
        candidates.into_iter().find_map(|(root, limit)| {
            let folder = Path::new(root).join(format!("desserte-bench-{}", std::process::id()));
            std::fs::create_dir(&folder).ok()?;
            let group = Self(folder.clone());
            std::fs::write(folder.join(limit), limit_bytes.to_string()).ok()?;
            Some(group)
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Seconds and samples of reading a store whole under a limit, and the greatest resident size, bytes;
/// `None` where the machine has no such limit to give.
pub(crate) fn read_under(limit_bytes: u64, store: &Path) -> Option<(f64, f64, f64)> {
    let group = Group::make(limit_bytes)?;
    let output = Command::new("sh")
        .args(["-c", "echo $$ > \"$1\"; shift; exec \"$@\"", "sh"])
        .arg(group.0.join("cgroup.procs"))
        .arg(std::env::current_exe().ok()?)
        .arg(CHILD)
        .arg(store)
        .stderr(Stdio::inherit())
        .output()
        .ok()?;
    assert!(
        output.status.success(),
        "the limited process ended: {}",
        output.status
    );
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().map(|one| one.parse::<f64>().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

/// Greatest resident size of this process, bytes.
pub(crate) fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or_default();
    let kib = line
        .split_whitespace()
        .nth(1)
        .and_then(|one| one.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1_024.0
}
