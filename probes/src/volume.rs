//! Volume: every byte that the agent sends and receives is counted, for lines that are paid by it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of headers that a TCP segment or ICMP packet costs beside what the counters see (IPv4 + TCP
/// without options, RFC 791 and 9293). Added once for every read and write: an estimate.
const SEGMENT_HEAD_BYTES: u64 = 40;

/// Counters of one agent since its start.
#[derive(Debug, Default)]
pub struct Volume {
    sent: AtomicU64,
    received: AtomicU64,
    /// Both, never reset.
    total: AtomicU64,
}

impl Volume {
    /// Counts bytes sent and received.
    pub fn add(&self, sent: u64, received: u64) {
        self.sent.fetch_add(sent, Relaxed);
        self.received.fetch_add(received, Relaxed);
        self.total.fetch_add(sent.saturating_add(received), Relaxed);
    }

    /// Bytes sent and received since the start.
    pub fn total(&self) -> u64 {
        self.total.load(Relaxed)
    }

    /// Bytes sent and received since the last call.
    pub fn take(&self) -> (u64, u64) {
        (self.sent.swap(0, Relaxed), self.received.swap(0, Relaxed))
    }
}

/// A stream whose bytes are counted.
#[derive(Debug)]
pub(crate) struct Counted<S> {
    inner: S,
    volume: Arc<Volume>,
}

impl<S> Counted<S> {
    pub(crate) fn new(inner: S, volume: Arc<Volume>) -> Self {
        Self { inner, volume }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if result.is_ready() {
            let bytes = (buffer.filled().len() - before) as u64;
            self.volume.add(0, bytes + SEGMENT_HEAD_BYTES);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = &result {
            self.volume.add(*written as u64 + SEGMENT_HEAD_BYTES, 0);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
