//! A socket of one address: which kind the machine allows, and what it hears.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use socket2::Type;
use surge_ping::{Client, Config, ICMP};

use crate::{clock::monotonic_exact, kinds::kernel};

/// Kind of socket that this machine allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketKind {
    /// Unprivileged ping socket: gets its own answers only.
    Datagram,
    /// Raw socket: gets what other programs' echoes bring from the same address, hence always coarse.
    Raw,
}

/// A socket and what is known of its past.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) kind: SocketKind,
    pub(super) sequence: u16,
    pub(super) last_answer: Duration,
    pub(super) last_loss: Option<Duration>,
}

/// By address and hop limit.
pub(super) type Links = HashMap<(IpAddr, Option<u8>), Link>;

/// Without an address it is only tried whether that is allowed.
pub(super) fn open_socket(address: Option<IpAddr>, hop_limit: Option<u8>) -> std::io::Result<Link> {
    let ipv6 = address.is_some_and(|a| a.is_ipv6());
    let icmp = if ipv6 { ICMP::V6 } else { ICMP::V4 };
    let mut config = Config::builder().kind(icmp).sock_type_hint(Type::DGRAM);
    if let Some(limit) = hop_limit {
        config = config.ttl(u32::from(limit));
    }
    let client = Client::new(&config.build())?;
    let socket = client.get_socket();
    let kind = if socket.get_type() == Type::RAW {
        SocketKind::Raw
    } else {
        SocketKind::Datagram
    };
    kernel::prepare(socket.get_native_sock(), ipv6)?;
    if let (SocketKind::Raw, Some(address)) = (kind, address) {
        // Every raw socket would be woken by every ICMP packet of the machine: the cost of n targets
        // would grow with n². Where there is no route yet it stays open to all.
        let _ = kernel::hear_only(socket.get_native_sock(), address);
    }
    kernel::last_receive_stamp(socket.get_native_sock()); // switches stamping on
    let last_answer = monotonic_exact();
    Ok(Link {
        client,
        kind,
        sequence: rand::random(),
        last_answer,
        last_loss: None,
    })
}
