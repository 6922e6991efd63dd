//! How long the gateway has been running, where it tells: one SNMP question (RFC 3416) for
//! `sysUpTime.0` (RFC 3418), and none other. Only where a technician gave the gateway's community.
//!
//! A gateway that restarted together with the box lost its power with it; one that ran on had power.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::net::UdpSocket;

use crate::volume::Volume;

/// SNMP's port.
const PORT: u16 = 161;
/// How long the gateway may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Answers are a hundred bytes; longer ones are no answer to this question.
const ANSWER_BYTES_MAX: usize = 512;
/// Longest community, bytes: everything then fits into the short form of a length.
pub(crate) const COMMUNITY_BYTES_MAX: usize = 32;
/// IPv4 and UDP heads.
const HEAD_BYTES: u64 = 28;

/// `1.3.6.1.2.1.1.3.0` with its tag and length.
const SYS_UP_TIME: [u8; 10] = [0x06, 0x08, 0x2b, 6, 1, 2, 1, 1, 3, 0];
/// Tag of `TimeTicks`, hundredths of a second (RFC 2578 §7.1.8).
const TIME_TICKS: u8 = 0x43;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const GET_REQUEST: u8 = 0xa0;
const GET_RESPONSE: u8 = 0xa2;

/// The gateway's community: a weak secret, which no log shows.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Community(String);

impl std::fmt::Debug for Community {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Community(…)")
    }
}

impl Community {
    /// Whether it can be asked with.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        (1..=COMMUNITY_BYTES_MAX).contains(&self.0.len())
    }
}

/// Seconds since the gateway started; `None` when it does not tell.
pub(crate) async fn ask(
    gateway: IpAddr,
    community: &Community,
    volume: &Arc<Volume>,
) -> Option<u64> {
    ask_at(SocketAddr::new(gateway, PORT), community, volume).await
}

async fn ask_at(gateway: SocketAddr, community: &Community, volume: &Arc<Volume>) -> Option<u64> {
    let own: IpAddr = match gateway {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((own, 0)).await.ok()?;
    socket.connect(gateway).await.ok()?; // takes answers of the gateway only
    let identifier: [u8; 4] = rand::random::<u32>().to_be_bytes().map(|byte| byte & 0x7f);
    let question = question(community, identifier);
    socket.send(&question).await.ok()?;
    volume.add(HEAD_BYTES + question.len() as u64, 0);
    let mut answer = [0; ANSWER_BYTES_MAX];
    let received = tokio::time::timeout(TIMEOUT, socket.recv(&mut answer)).await;
    let length = received.ok()?.ok()?;
    volume.add(0, HEAD_BYTES + length as u64);
    seconds(answer.get(..length)?, identifier)
}

/// Tag, length in the short form, content.
fn item(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(0x7f);
    [&[tag, length], content].concat()
}

fn question(community: &Community, identifier: [u8; 4]) -> Vec<u8> {
    let nothing = [0x05, 0x00];
    let bindings = item(
        SEQUENCE,
        &item(SEQUENCE, &[&SYS_UP_TIME[..], &nothing].concat()),
    );
    let zero = item(INTEGER, &[0]);
    let request = [item(INTEGER, &identifier), zero.clone(), zero, bindings].concat();
    let version_2c = item(INTEGER, &[1]);
    let community = item(OCTETS, community.0.as_bytes());
    item(
        SEQUENCE,
        &[version_2c, community, item(GET_REQUEST, &request)].concat(),
    )
}

/// The value behind the name asked for, in a response to this very question.
fn seconds(answer: &[u8], identifier: [u8; 4]) -> Option<u64> {
    let own = item(INTEGER, &identifier);
    let is_response = answer.contains(&GET_RESPONSE);
    if !is_response || !answer.windows(own.len()).any(|part| part == own) {
        return None;
    }
    let name = answer
        .windows(SYS_UP_TIME.len())
        .position(|part| part == SYS_UP_TIME)?;
    let (tag_and_length, rest) = answer
        .get(name + SYS_UP_TIME.len()..)?
        .split_first_chunk::<2>()?;
    let [tag, length] = *tag_and_length;
    // Unsigned 32 bits take up to five bytes when the highest is set.
    if tag != TIME_TICKS || !(1..=5).contains(&length) {
        return None;
    }
    let value = rest.get(..usize::from(length))?;
    let ticks = value
        .iter()
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    Some(ticks / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn community() -> Community {
        Community("site".to_owned())
    }

    /// A gateway of a test: answers the question with this value, or as it likes.
    async fn gateway(value: &'static [u8], own_identifier: bool) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let asked = &buffer[..length];
            assert_eq!(&asked[..2], [SEQUENCE, u8::try_from(length - 2).unwrap()]);
            assert_eq!(&asked[2..11], [2, 1, 1, 4, 4, b's', b'i', b't', b'e']);
            let mut identifier: [u8; 4] = asked[15..19].try_into().unwrap();
            if !own_identifier {
                identifier[0] ^= 1;
            }
            let bound = item(SEQUENCE, &[&SYS_UP_TIME[..], value].concat());
            let zero = item(INTEGER, &[0]);
            let list = item(SEQUENCE, &bound);
            let response = [item(INTEGER, &identifier), zero.clone(), zero, list].concat();
            let head = item(INTEGER, &[1]);
            let said = [head, item(OCTETS, b"site"), item(GET_RESPONSE, &response)].concat();
            socket.send_to(&item(SEQUENCE, &said), from).await.unwrap();
        });
        address
    }

    async fn told(value: &'static [u8], own_identifier: bool) -> Option<u64> {
        let at = gateway(value, own_identifier).await;
        ask_at(at, &community(), &Arc::new(Volume::default())).await
    }

    #[tokio::test]
    async fn the_uptime_is_read_and_anything_else_is_not() {
        assert_eq!(told(&[TIME_TICKS, 2, 0x30, 0x39], true).await, Some(123));
        assert_eq!(
            told(&[TIME_TICKS, 5, 0, 0xff, 0xff, 0xff, 0xff], true).await,
            Some(42_949_672)
        );
        assert_eq!(
            told(&[TIME_TICKS, 2, 0x30, 0x39], false).await,
            None,
            "another's"
        );
        assert_eq!(told(&[INTEGER, 1, 5], true).await, None, "no such value");
        assert_eq!(told(&[TIME_TICKS, 4, 1], true).await, None, "cut short");
        assert_eq!(told(&[TIME_TICKS], true).await, None);
    }

    #[test]
    fn a_community_is_not_shown() {
        assert_eq!(format!("{:?}", community()), "Community(…)");
        assert!(community().is_usable());
        assert!(!Community(String::new()).is_usable());
        assert!(!Community("a".repeat(33)).is_usable());
    }
}
