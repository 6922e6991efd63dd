//! The routers on the way to a target: one request for each hop limit, until the target answers.
//!
//! Each router at which a hop limit ends says so (RFC 792 and RFC 4443 "time exceeded"); the kernel
//! hands that to the socket's error queue with the router's address (ip(7), `IP_RECVERR`), so that no
//! privilege is needed. Requests are echoes where the machine allows ping sockets, else datagrams to
//! ports where nobody listens, as traceroute(8) sends them. Addresses leave the machine as keyed
//! hashes only: two reports can be compared, and nobody's network is drawn.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::AsFd as _,
    sync::Arc,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{io::Interest, net::UdpSocket};

use super::{
    Measured, Times,
    kernel::{self, QueuedError},
    micros, outcome_of,
};
use crate::{
    clock::Clock,
    evidence::address_hash,
    report::{Detail, HOPS_MAX, Hop, Outcome},
    volume::Volume,
};

/// First port of the datagrams (traceroute's); the hop limit is added.
const PORT: u16 = 33_434;
/// Silent hops one after another from which the rest is taken to be silent too.
const SILENT_HOPS_MAX: usize = 5;
/// Payload, as long as an empty echo request.
const ECHO_BYTES: usize = 8;
/// IPv4 head and that.
const REQUEST_BYTES: u64 = 28;
/// IPv4 and ICMP heads with the head of the request inside.
const ANSWER_BYTES: u64 = 56;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Where to.
    pub address: IpAddr,
    /// Most hops.
    pub hops_max: u8,
    /// For each hop.
    pub timeout: Duration,
    /// Key of the addresses' hashes.
    pub key: [u8; 32],
}

/// What one hop limit brought.
struct Answer {
    from: IpAddr,
    rtt: Duration,
    reached: bool,
}

/// Looks for the hops one after another.
pub async fn measure(spec: &Spec, clock: &Arc<dyn Clock>, volume: &Volume) -> Measured {
    let start = clock.boottime_ms();
    let most = spec.hops_max.min(u8::try_from(HOPS_MAX).unwrap_or(u8::MAX));
    let (mut hops, mut silent, mut reached) = (Vec::new(), 0, None);
    let mut outcome = Outcome::Timeout;
    for limit in 1..=most.max(1) {
        let asked = tokio::time::timeout(spec.timeout, ask(spec.address, limit, clock)).await;
        volume.add(REQUEST_BYTES, 0);
        let answer = match asked {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                outcome = outcome_of(&error);
                break;
            }
            Err(_) => {
                hops.push(None);
                silent += 1;
                if silent >= SILENT_HOPS_MAX {
                    break;
                }
                continue;
            }
        };
        volume.add(0, ANSWER_BYTES);
        silent = 0;
        hops.push(Some(Hop {
            address: address_hash(&spec.key, answer.from),
            rtt_us: micros(answer.rtt),
        }));
        if answer.reached {
            outcome = Outcome::Ok;
            reached = Times::of(&[micros(answer.rtt)]);
            break;
        }
        if answer.from == spec.address {
            outcome = Outcome::Unreachable;
            break;
        }
    }
    while hops.last().is_some_and(Option::is_none) {
        hops.pop();
    }
    Measured {
        sent: u16::from(outcome != Outcome::NotSent),
        received: u16::from(reached.is_some()),
        times: reached,
        coarse: true,
        detail: Some(Detail::Path { hops }),
        address: Some(spec.address),
        ..Measured::nothing(start, outcome)
    }
}

/// A request with this hop limit, on a socket of its own: what comes to it is the answer.
async fn ask(address: IpAddr, limit: u8, clock: &Arc<dyn Clock>) -> io::Result<Answer> {
    let (socket, echo) = open(address, limit)?;
    let socket = UdpSocket::from_std(socket.into())?;
    let begun = clock.monotonic();
    // Type, code, checksum and identifier (the last two are the kernel's), then the sequence.
    let mut request = [0; ECHO_BYTES];
    if echo {
        request[0] = if address.is_ipv6() { 128 } else { 8 };
        request[7] = limit;
    }
    socket.send(&request).await?;
    let mut buffer = [0; 512];
    loop {
        socket.ready(Interest::READABLE | Interest::ERROR).await?;
        let queued = socket.try_io(Interest::ERROR, || {
            kernel::next_error(socket.as_fd()).ok_or_else(|| io::ErrorKind::WouldBlock.into())
        });
        let rtt = clock.monotonic().saturating_sub(begun);
        if let Ok(error) = queued {
            return said(&error, address, rtt);
        }
        // A pending error that the queue has told already is read off here, and means nothing more.
        if let Ok(length) = socket.try_recv(&mut buffer)
            && echo
            && length > 0
            && buffer[0] == if address.is_ipv6() { 129 } else { 0 }
        {
            return Ok(Answer {
                from: address,
                rtt,
                reached: true,
            });
        }
    }
}

/// What an error of the queue says: a router's, the target's, or that nothing left the machine.
fn said(error: &QueuedError, address: IpAddr, rtt: Duration) -> io::Result<Answer> {
    let Some(from) = error.offender else {
        return Err(io::Error::from_raw_os_error(error.errno));
    };
    let port_unreachable = if address.is_ipv6() { (1, 4) } else { (3, 3) };
    let reached = from == address && (error.icmp_type, error.icmp_code) == port_unreachable;
    Ok(Answer { from, rtt, reached })
}

/// A connected socket with this hop limit; whether it sends echoes.
fn open(address: IpAddr, limit: u8) -> io::Result<(Socket, bool)> {
    let ipv6 = address.is_ipv6();
    let (domain, icmp) = if ipv6 {
        (Domain::IPV6, Protocol::ICMPV6)
    } else {
        (Domain::IPV4, Protocol::ICMPV4)
    };
    let (socket, echo) = match Socket::new(domain, Type::DGRAM, Some(icmp)) {
        Ok(socket) => (socket, true),
        Err(_) => (
            Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?,
            false,
        ),
    };
    socket.set_nonblocking(true)?;
    if ipv6 {
        socket.set_unicast_hops_v6(u32::from(limit))?;
        socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into())?;
    } else {
        socket.set_ttl_v4(u32::from(limit))?;
        socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?;
    }
    kernel::prepare(std::os::fd::AsRawFd::as_raw_fd(&socket), ipv6)?;
    let port = if echo { 0 } else { PORT + u16::from(limit) };
    socket.connect(&SocketAddr::new(address, port).into())?;
    Ok((socket, echo))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn this_machine_is_one_hop_away_and_its_address_stays_here() {
        let spec = Spec {
            address: [127, 0, 0, 1].into(),
            hops_max: 8,
            timeout: Duration::from_secs(2),
            key: [3; 32],
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let volume = Volume::default();
        let measured = measure(&spec, &clock, &volume).await;
        assert_eq!((measured.outcome, measured.received), (Outcome::Ok, 1));
        let Some(Detail::Path { hops }) = &measured.detail else {
            panic!("{measured:?}")
        };
        let [Some(hop)] = hops.as_slice() else {
            panic!("{hops:?}")
        };
        assert_eq!(hop.address, address_hash(&[3; 32], spec.address));
        assert_eq!(hop.rtt_us, measured.times.unwrap().median);
        assert_eq!(volume.take(), (REQUEST_BYTES, ANSWER_BYTES));
    }
}
