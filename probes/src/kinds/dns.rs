//! One DNS question (RFC 1035): who is asked is named, and every way of failing has its own outcome.
//!
//! A fresh resolver for each question, without cache, search list or second try. An answer that does
//! not fit into a datagram is asked for again over TCP; when that fails it counts as truncated.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hickory_resolver::{lookup::Lookup, proto::rr::RecordType};

use super::{Measured, Times, micros, names::Names, reach::Origin};
use crate::{
    clock::Clock,
    report::{Detail, Outcome},
    volume::Volume,
    wire::schedule::{DnsAnswer, DnsRecord, SYSTEM_RESOLVER},
};

/// Port of a resolver that is named without one.
const PORT: u16 = 53;
/// IPv4 and UDP heads, DNS head and the question's type and class: a question without its name.
const HEAD_BYTES: u64 = 28 + 12 + 4;
/// A record of an answer beside the name, roughly: what a datagram holds of it is not told.
const RECORD_BYTES: u64 = 28;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The whole name.
    pub name: String,
    /// Type of the record.
    pub record: DnsRecord,
    /// Whom to ask: [`SYSTEM_RESOLVER`], or an address.
    pub resolver: String,
    /// What counts as the answer.
    pub expected: DnsAnswer,
    /// For the whole question.
    pub timeout: Duration,
}

/// The address of a resolver that is named by one; port 53 when it has none.
#[must_use]
pub fn resolver_address(text: &str) -> Option<SocketAddr> {
    let bare: Result<IpAddr, _> = text.trim_matches(['[', ']']).parse();
    bare.map(|address| SocketAddr::new(address, PORT))
        .or_else(|_| text.parse())
        .ok()
}

fn record_type(record: DnsRecord) -> RecordType {
    match record {
        DnsRecord::A => RecordType::A,
        DnsRecord::Aaaa => RecordType::AAAA,
        DnsRecord::Mx => RecordType::MX,
        DnsRecord::Ns => RecordType::NS,
        DnsRecord::Soa => RecordType::SOA,
        DnsRecord::Txt => RecordType::TXT,
    }
}

/// Asks once. `system` is where the system's names are asked for, and `system_address` its first
/// resolver, for the line that the question took.
pub async fn measure(
    spec: &Spec,
    (system, system_address): (&Names, Option<IpAddr>),
    clock: &Arc<dyn Clock>,
    volume: &Volume,
) -> Measured {
    let start = clock.boottime_ms();
    let (names, address) = if spec.resolver == SYSTEM_RESOLVER {
        // A stub on the machine itself asks further over a line that only it knows.
        let beyond = system_address.filter(|address| !address.is_loopback());
        (system.clone(), beyond)
    } else {
        match resolver_address(&spec.resolver) {
            Some(socket) if system.may(socket.ip(), Origin::Written) => {
                (Names::at_socket(socket), Some(socket.ip()))
            }
            _ => return Measured::nothing(start, Outcome::NotSent),
        }
    };
    let begun = clock.monotonic();
    let asked = names
        .question(&spec.name, record_type(spec.record), spec.timeout)
        .await;
    let took = clock.monotonic().saturating_sub(begun);
    let outcome = judged(spec.expected, &asked);
    let answered = outcome == Outcome::Ok;
    let sent = u16::from(outcome != Outcome::NotSent);
    let question = HEAD_BYTES + spec.name.len() as u64;
    let records = asked.as_ref().map_or(0, |found| found.answers().len());
    let heard = !matches!(outcome, Outcome::DnsTimeout | Outcome::NotSent);
    let answer = question + RECORD_BYTES * records as u64;
    volume.add(question * u64::from(sent), if heard { answer } else { 0 });
    Measured {
        sent,
        received: u16::from(answered),
        times: answered.then(|| Times::of(&[micros(took)])).flatten(),
        coarse: true,
        detail: detail(&asked),
        address,
        ..Measured::nothing(start, outcome)
    }
}

/// A name that must not exist and yet has records was answered by somebody on the way.
fn judged(expected: DnsAnswer, asked: &Result<Lookup, Outcome>) -> Outcome {
    match (expected, asked) {
        (DnsAnswer::Records, Ok(_)) | (DnsAnswer::NxDomain, Err(Outcome::DnsNxDomain)) => {
            Outcome::Ok
        }
        (DnsAnswer::NxDomain, Ok(_)) => Outcome::Intercepted,
        (_, Err(outcome)) => *outcome,
    }
}

fn detail(asked: &Result<Lookup, Outcome>) -> Option<Detail> {
    let answers = asked.as_ref().ok()?.answers();
    Some(Detail::Dns {
        answers: u16::try_from(answers.len()).unwrap_or(u16::MAX),
        ttl_seconds: answers.iter().map(|record| record.ttl).min(),
    })
}

#[cfg(test)]
mod tests;
