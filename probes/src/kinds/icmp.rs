//! ICMP echo (RFC 792, RFC 4443): one socket per address, one packet in flight, a thread of its own.
//!
//! The process's own figure is off by milliseconds on a busy machine. With the kernel's receive stamp
//! the response time is (now − sent, monotonic) − (now − received, wall clock), so that waiting for
//! our turn on the processor is not counted. The stamp is that of the packet read last: it counts only
//! when it lies between sending and now and no earlier packet can still be on its way; else the
//! process's figure is used and marked coarse. Only an echo reply is an answer. ICMP errors are
//! evidence, and the outcome of the packet that they concern.

mod socket;
mod stamp;

use std::{
    future::{Future as _, poll_fn},
    net::IpAddr,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use surge_ping::{IcmpPacket, PingIdentifier, PingSequence, Pinger, SurgeError};
use tokio::sync::{mpsc, oneshot};

pub use self::socket::SocketKind;
use self::{
    socket::{Link, Links, open_socket},
    stamp::kernel_rtt,
};
use super::{Measured, Times, kernel, micros, outcome_of};
use crate::{
    clock::{Clock, monotonic_exact, realtime_exact},
    report::Outcome,
    volume::Volume,
};

/// Jobs that wait for the thread: one per target of a full schedule.
const JOBS_MAX: usize = crate::wire::schedule::TARGETS_MAX;
/// How much longer than its timeout a packet is waited for, so that the kernel's stamp and not our
/// turn on the processor decides whether it was late.
const GRACE: Duration = Duration::from_millis(250);
/// After a packet without answer, its late answer may overwrite a stamp for this long.
const LATE_WINDOW: Duration = Duration::from_secs(30);
/// A socket that had no answer for this long is replaced: a translator on the way may hold a dead
/// state for it.
const RENEW_AFTER: Duration = Duration::from_mins(2);
/// IPv4 and ICMP heads of an echo request without payload.
const HEAD_BYTES: u64 = 28;
/// ICMP errors taken from a socket at once.
const ERRORS_MAX: usize = 64;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Where to.
    pub address: IpAddr,
    /// Echo requests.
    pub packets: u16,
    /// Payload bytes of each.
    pub payload_bytes: u16,
    /// How long a reply may take.
    pub timeout: Duration,
    /// Distance between two requests; the next waits for the one before.
    pub gap: Duration,
    /// Hop limit (TTL) of the requests; `None`: the system's. The router at which it ends tells so.
    pub hop_limit: Option<u8>,
}

/// Why no echo can be sent.
#[derive(Debug, thiserror::Error)]
pub enum IcmpError {
    /// Neither kind of socket is allowed.
    #[error(
        "open ICMP socket: {0}; allow it with `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"` \
         or give the program CAP_NET_RAW"
    )]
    Refused(std::io::Error),
    /// The thread could not be started.
    #[error("start the ICMP thread: {0}")]
    Thread(std::io::Error),
}

struct Job {
    spec: Spec,
    reply: oneshot::Sender<Measured>,
}

/// The measuring thread. Ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Icmp {
    jobs: mpsc::Sender<Job>,
    clock: Arc<dyn Clock>,
    /// What kind of socket is used.
    pub socket: SocketKind,
}

impl Icmp {
    /// Opens a first socket, to know at once whether that is allowed, and starts the thread.
    pub fn start(clock: Arc<dyn Clock>, volume: Arc<Volume>) -> Result<Self, IcmpError> {
        let (jobs, queue) = mpsc::channel(JOBS_MAX);
        let (opened, answer) = std::sync::mpsc::channel();
        let thread_clock = Arc::clone(&clock);
        std::thread::Builder::new()
            .name("icmp".to_owned())
            .spawn(move || run_thread(queue, &opened, thread_clock, volume))
            .map_err(IcmpError::Thread)?;
        let socket = answer
            .recv()
            .unwrap_or_else(|_| Err(std::io::Error::other("the thread ended")))
            .map_err(IcmpError::Refused)?;
        Ok(Self {
            jobs,
            clock,
            socket,
        })
    }

    /// Measures. A panic in the measuring task gives `NotSent`.
    pub async fn measure(&self, spec: Spec) -> Measured {
        let start = self.clock.boottime_ms();
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(Job { spec, reply }).await.is_err() {
            return Measured::nothing(start, Outcome::NotSent);
        }
        answer
            .await
            .unwrap_or_else(|_| Measured::nothing(start, Outcome::NotSent))
    }
}

fn run_thread(
    mut queue: mpsc::Receiver<Job>,
    opened: &std::sync::mpsc::Sender<std::io::Result<SocketKind>>,
    clock: Arc<dyn Clock>,
    volume: Arc<Volume>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return drop(opened.send(Err(error))),
    };
    // Tasks of the runtime itself, and not of a `LocalSet`: waking one of those costs a system call.
    runtime.block_on(async move {
        let first = open_socket(None, None);
        let usable = first.is_ok();
        let _ = opened.send(first.map(|link| link.kind));
        if !usable {
            return;
        }
        let sockets = Arc::new(Mutex::new(Kept::default()));
        while let Some(job) = queue.recv().await {
            let bench = Bench {
                sockets: Arc::clone(&sockets),
                clock: Arc::clone(&clock),
                volume: Arc::clone(&volume),
            };
            tokio::spawn(async move {
                let measured = bench.measure(&job.spec).await;
                let _ = job.reply.send(measured); // nobody waits any more
            });
        }
    });
}

/// One packet's fate.
enum Fate {
    Answered { rtt: Duration, coarse: bool },
    Failed(Outcome),
}

/// Sockets that no measurement uses at this moment.
#[derive(Default)]
struct Kept {
    links: Links,
    /// When those that are no longer needed were closed last.
    swept: Duration,
}

struct Bench {
    sockets: Arc<Mutex<Kept>>,
    clock: Arc<dyn Clock>,
    volume: Arc<Volume>,
}

impl Bench {
    async fn measure(&self, spec: &Spec) -> Measured {
        let start = self.clock.boottime_ms();
        // Out of the map while in use: a second job for the same address opens its own.
        let place = (spec.address, spec.hop_limit);
        let kept = self.kept().links.remove(&place);
        // One reading for all: where the kernel is asked for the time, a reading for each socket would
        // cost more than the echo.
        let now = monotonic_exact();
        let fresh = |l: &Link| now.saturating_sub(l.last_answer) < RENEW_AFTER;
        // A raw socket keeps the source address that it had when it was opened.
        let usable =
            |l: &Link| fresh(l) && (l.kind == SocketKind::Datagram || l.last_loss.is_none());
        let open = || open_socket(Some(spec.address), spec.hop_limit);
        let mut link = match kept.filter(usable).map_or_else(open, Ok) {
            Ok(link) => link,
            Err(error) => {
                tracing::warn!(%error, address = %spec.address, "no ICMP socket");
                return Measured::nothing(start, Outcome::NotSent);
            }
        };
        let mut measured = Measured::nothing(start, Outcome::Ok);
        measured.address = Some(spec.address);
        let mut rtts = Vec::with_capacity(usize::from(spec.packets));
        let begun = monotonic_exact();
        for index in 0..spec.packets {
            let due = begun + spec.gap * u32::from(index);
            if index > 0 {
                tokio::time::sleep(due.saturating_sub(monotonic_exact())).await;
            }
            match self.one(&mut link, spec, &mut measured).await {
                Fate::Answered { rtt, coarse } => {
                    measured.sent += 1;
                    measured.received += 1;
                    measured.coarse |= coarse;
                    rtts.push(micros(rtt));
                }
                Fate::Failed(outcome) => {
                    measured.sent += u16::from(outcome != Outcome::NotSent);
                    measured.outcome = outcome;
                }
            }
        }
        measured.times = Times::of(&rtts);
        if measured.sent == 0 {
            measured.outcome = Outcome::NotSent;
        }
        let mut kept = self.kept();
        if now.saturating_sub(kept.swept) > RENEW_AFTER {
            kept.swept = now;
            kept.links.retain(|_, other| fresh(other)); // of addresses that a name has no more
        }
        kept.links.insert(place, link);
        drop(kept);
        measured
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn one(&self, link: &mut Link, spec: &Spec, measured: &mut Measured) -> Fate {
        let socket = link.client.get_socket();
        if link.last_loss.is_some() {
            note_errors(socket.get_native_sock(), measured); // of earlier packets
        }
        link.sequence = link.sequence.wrapping_add(1);
        let mut pinger = link
            .client
            .pinger(spec.address, PingIdentifier(rand::random()))
            .await;
        pinger.timeout(spec.timeout + GRACE);
        let payload = vec![0; usize::from(spec.payload_bytes)];
        let size = HEAD_BYTES + u64::from(spec.payload_bytes);
        let sent_at = monotonic_exact();
        let mut asked = pin!(ping(&mut pinger, PingSequence(link.sequence), &payload));
        // The first poll sends: what comes after it is waiting.
        let mut sent_by = None;
        let answer = poll_fn(|cx| {
            let polled = asked.as_mut().poll(cx);
            sent_by.get_or_insert_with(monotonic_exact);
            polled
        })
        .await;
        let sent = (sent_at, sent_by.unwrap_or(sent_at));
        let now = (monotonic_exact(), realtime_exact());
        let stamp = kernel::last_receive_stamp(socket.get_native_sock());
        self.volume.add(size, if answer.is_ok() { size } else { 0 });
        let fate = match answer {
            Ok((IcmpAnswer::Reply, process)) => {
                let late = link
                    .last_loss
                    .is_some_and(|l| now.0.saturating_sub(l) < LATE_WINDOW);
                let usable = link.kind == SocketKind::Datagram && !late;
                let exact = stamp.filter(|_| usable);
                let exact = exact.and_then(|s| kernel_rtt(sent, now, s, process));
                let rtt = exact.unwrap_or(process);
                if rtt <= spec.timeout {
                    Fate::Answered {
                        rtt,
                        coarse: exact.is_none(),
                    }
                } else {
                    Fate::Failed(Outcome::Timeout)
                }
            }
            Ok((IcmpAnswer::Error(icmp_type, icmp_code), _)) => {
                count_error(measured, icmp_type, icmp_code);
                Fate::Failed(outcome_of_icmp(spec.address, icmp_type))
            }
            Err(error) => {
                let seen = note_errors(socket.get_native_sock(), measured);
                let by_icmp = seen.map(|icmp_type| outcome_of_icmp(spec.address, icmp_type));
                Fate::Failed(by_icmp.unwrap_or_else(|| outcome_of_ping(&error)))
            }
        };
        match fate {
            Fate::Answered { .. } => link.last_answer = now.0,
            Fate::Failed(_) => link.last_loss = Some(now.0),
        }
        fate
    }
}

enum IcmpAnswer {
    Reply,
    Error(u8, u8),
}

/// The answer's type decides: a raw socket gets "unreachable" as an answer too.
async fn ping(
    pinger: &mut Pinger,
    sequence: PingSequence,
    payload: &[u8],
) -> Result<(IcmpAnswer, Duration), SurgeError> {
    let (packet, took) = pinger.ping(sequence, payload).await?;
    let (icmp_type, icmp_code, reply) = match &packet {
        IcmpPacket::V4(p) => (p.get_icmp_type().0, p.get_icmp_code().0, 0),
        IcmpPacket::V6(p) => (p.get_icmpv6_type().0, p.get_icmpv6_code().0, 129),
    };
    let answer = if icmp_type == reply {
        IcmpAnswer::Reply
    } else {
        IcmpAnswer::Error(icmp_type, icmp_code)
    };
    Ok((answer, took))
}

/// Counts queued ICMP errors; returns the type of the last one.
fn note_errors(socket: std::os::fd::RawFd, measured: &mut Measured) -> Option<u8> {
    let mut last = None;
    for error in kernel::take_errors(socket, ERRORS_MAX) {
        count_error(measured, error.icmp_type, error.icmp_code);
        last = Some(error.icmp_type);
    }
    last
}

fn count_error(measured: &mut Measured, icmp_type: u8, icmp_code: u8) {
    let known = measured
        .icmp_errors
        .iter_mut()
        .find(|e| (e.0, e.1) == (icmp_type, icmp_code));
    match known {
        Some(error) => error.2 = error.2.saturating_add(1),
        None => measured.icmp_errors.push((icmp_type, icmp_code, 1)),
    }
}

/// RFC 792 type 11 and RFC 4443 type 3 are time exceeded; every other error is unreachable.
fn outcome_of_icmp(address: IpAddr, icmp_type: u8) -> Outcome {
    let time_exceeded = if address.is_ipv6() { 3 } else { 11 };
    if icmp_type == time_exceeded {
        Outcome::TimeExceeded
    } else {
        Outcome::Unreachable
    }
}

fn outcome_of_ping(error: &SurgeError) -> Outcome {
    match error {
        SurgeError::Timeout { .. } => Outcome::Timeout,
        SurgeError::IOError(error) => outcome_of(error),
        _ => Outcome::NotSent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_never_answers() {
        let v4 = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(outcome_of_icmp(v4, 3), Outcome::Unreachable);
        assert_eq!(outcome_of_icmp(v4, 11), Outcome::TimeExceeded);
        assert_eq!(
            outcome_of_icmp("2001:db8::1".parse().unwrap(), 3),
            Outcome::TimeExceeded
        );
    }
}
