//! The heartbeat: a datagram now and then, with a counter that never goes back.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::net::UdpSocket;

use crate::{
    files::{FileError, PRIVATE, read_if_there, write_whole},
    volume::Volume,
    wire::heartbeat::{DATAGRAM_BYTES, Heartbeat},
};

/// The counter on disk runs ahead by this much, so that it is written seldom and a crash never
/// repeats a value.
const RESERVED: u32 = 1_000;
/// IPv4 and UDP heads.
const HEAD_BYTES: u64 = 28;
/// For the name of the collector.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);

/// The persistent counter.
#[derive(Debug)]
pub(super) struct Counter {
    path: PathBuf,
    next: u32,
    reserved: u32,
}

impl Counter {
    pub(super) fn open(data: &Path) -> Result<Self, FileError> {
        let path = data.join("heartbeat");
        let stored = read_if_there(&path)?
            .and_then(|bytes| std::str::from_utf8(&bytes).ok()?.trim().parse().ok())
            .unwrap_or(1);
        Ok(Self {
            path,
            next: stored,
            reserved: stored,
        })
    }

    pub(super) fn next(&mut self) -> Result<u32, FileError> {
        if self.next >= self.reserved {
            let reserved = self.next.saturating_add(RESERVED);
            write_whole(&self.path, format!("{reserved}\n").as_bytes(), PRIVATE)?;
            self.reserved = reserved;
        }
        let value = self.next;
        self.next = self.next.saturating_add(1);
        Ok(value)
    }
}

/// Sends one; nobody answers, so a failure is told and forgotten.
pub(super) async fn send(
    (host, port): (String, u16),
    beat: Heartbeat,
    key: [u8; 32],
    volume: Arc<Volume>,
) {
    let result = async {
        let resolve = tokio::net::lookup_host((host.as_str(), port));
        let found = tokio::time::timeout(RESOLVE_TIMEOUT, resolve).await??;
        let to = found
            .into_iter()
            .next()
            .ok_or_else(|| std::io::Error::other("no address"))?;
        let from: SocketAddr = if to.is_ipv6() {
            ([0_u16; 8], 0).into()
        } else {
            ([0_u8; 4], 0).into()
        };
        let socket = UdpSocket::bind(from).await?;
        socket.send_to(&beat.encode(&key), to).await?;
        volume.add(HEAD_BYTES + DATAGRAM_BYTES as u64, 0);
        Ok::<(), std::io::Error>(())
    };
    if let Err(error) = result.await {
        tracing::debug!(%error, "heartbeat not sent");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_never_repeats_over_restarts() {
        let data = tempfile::tempdir().unwrap();
        let mut counter = Counter::open(data.path()).unwrap();
        let used: Vec<u32> = (0..3).map(|_| counter.next().unwrap()).collect();
        assert_eq!(used, [1, 2, 3]);
        let mut after_crash = Counter::open(data.path()).unwrap();
        assert!(after_crash.next().unwrap() > 3);
    }
}
