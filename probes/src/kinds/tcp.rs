//! One TCP connection (RFC 9293): name, handshake, and closed at once. Nothing is sent over it.
//!
//! The response time is that of the handshake, without the name's. A host that refuses is shown as
//! refusing: it lives, and what listens there does not.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::net::TcpStream;

use super::{Measured, Times, micros, outcome_of};
use crate::{clock::Clock, report::Outcome, volume::Volume};

/// Heads of the handshake's and the reset's packets (IPv4 and TCP with the options of Linux): three
/// sent, one received.
const SENT_BYTES: u64 = 60 + 52 + 40;
const RECEIVED_BYTES: u64 = 60;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Where to.
    pub address: SocketAddr,
    /// For the handshake.
    pub timeout: Duration,
}

/// Connects once.
pub async fn measure(spec: &Spec, clock: &Arc<dyn Clock>, volume: &Volume) -> Measured {
    let start = clock.boottime_ms();
    let begun = clock.monotonic();
    let connected = tokio::time::timeout(spec.timeout, TcpStream::connect(spec.address)).await;
    let took = clock.monotonic().saturating_sub(begun);
    let outcome = match connected {
        Ok(Ok(stream)) => {
            // A reset leaves nothing waiting on either side; where it cannot be had, an ordinary end.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            Outcome::Ok
        }
        Ok(Err(error)) => outcome_of(&error),
        Err(_) => Outcome::Timeout,
    };
    let answered = outcome == Outcome::Ok;
    let heard = answered || matches!(outcome, Outcome::Refused | Outcome::Reset);
    volume.add(SENT_BYTES, if heard { RECEIVED_BYTES } else { 0 });
    Measured {
        sent: u16::from(outcome != Outcome::NotSent),
        received: u16::from(answered),
        times: answered.then(|| Times::of(&[micros(took)])).flatten(),
        coarse: true,
        address: Some(spec.address.ip()),
        ..Measured::nothing(start, outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use socket2::{Domain, Socket, Type};
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::SystemClock;

    async fn connect(address: SocketAddr, timeout: Duration) -> (Measured, (u64, u64)) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let volume = Volume::default();
        let measured = measure(&Spec { address, timeout }, &clock, &volume).await;
        (measured, volume.take())
    }

    #[tokio::test]
    async fn a_handshake_is_timed_and_nothing_is_said_over_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (measured, volume) = connect(address, Duration::from_secs(1)).await;
        assert_eq!(
            (measured.outcome, measured.sent, measured.received),
            (Outcome::Ok, 1, 1)
        );
        assert!(measured.times.unwrap().median > 0);
        assert_eq!(measured.address, Some(IpAddr::from([127, 0, 0, 1])));
        assert!(volume.0 > volume.1 && volume.1 > 0);
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut said = Vec::new();
        let end = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut said).await;
        assert!(said.is_empty() && end.is_err(), "reset, without a byte");
    }

    #[tokio::test]
    async fn a_closed_port_refuses_and_a_full_one_is_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let (refused, _) = connect(address, Duration::from_secs(1)).await;
        assert_eq!((refused.outcome, refused.received), (Outcome::Refused, 0));
        assert_eq!((refused.sent, refused.times), (1, None));

        // A queue of none that nobody empties: the kernel drops further handshakes.
        let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        full.bind(&any.into()).unwrap();
        full.listen(0).unwrap();
        let address = full.local_addr().unwrap().as_socket().unwrap();
        let mut held = Vec::new();
        for _ in 0..4 {
            let wait = Duration::from_millis(200);
            held.push(tokio::time::timeout(wait, TcpStream::connect(address)).await);
        }
        let (silent, _) = connect(address, Duration::from_millis(200)).await;
        assert_eq!((silent.outcome, silent.sent), (Outcome::Timeout, 1));
    }
}
