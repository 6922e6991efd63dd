use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};

use super::*;
use crate::clock::SystemClock;

/// How the name server of a test answers.
#[derive(Clone, Copy)]
enum Manner {
    /// So many addresses, with lives of 60, 61, … seconds.
    Addresses(u8),
    /// This code and no record.
    Code(u8),
    /// Truncated by UDP; over TCP, so many addresses, or nothing at all.
    Truncated(Option<u8>),
    /// The answer to another question than the one asked.
    Foreign,
    Silent,
}

fn answer(question: &[u8], records: u8, code: u8, truncated: bool) -> Vec<u8> {
    let name_end = question[12..].iter().position(|b| *b == 0).unwrap() + 13;
    let mut answer = question[..2].to_vec();
    let flags = 0x81 | if truncated { 0x02 } else { 0 };
    answer.extend([flags, 0x80 | code, 0, 1, 0, records, 0, 0, 0, 0]);
    answer.extend(&question[12..name_end + 4]);
    for number in 0..records {
        answer.extend([
            0xc0,
            12,
            0,
            1,
            0,
            1,
            0,
            0,
            0,
            60 + number,
            0,
            4,
            192,
            0,
            2,
            number,
        ]);
    }
    answer
}

/// A name server on loopback, on the same port of UDP and TCP.
async fn server(manner: Manner) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let question = &buffer[..length];
            let said = match manner {
                Manner::Addresses(records) => answer(question, records, 0, false),
                Manner::Code(code) => answer(question, 0, code, false),
                Manner::Truncated(_) => answer(question, 0, 0, true),
                Manner::Foreign => {
                    let mut foreign = answer(question, 1, 0, false);
                    foreign[0] ^= 0xff;
                    foreign
                }
                Manner::Silent => continue,
            };
            let _ = socket.send_to(&said, from).await;
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Manner::Truncated(Some(records)) = manner else {
                continue;
            };
            let length = stream.read_u16().await.unwrap();
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.unwrap();
            let said = answer(&question, records, 0, false);
            let length = u16::try_from(said.len()).unwrap();
            let _ = stream.write_u16(length).await;
            let _ = stream.write_all(&said).await;
            let _ = stream.read_u8().await; // until the asker hangs up
        }
    });
    address.to_string()
}

async fn ask(manner: Manner, expected: DnsAnswer) -> Measured {
    let spec = Spec {
        name: "portail.example".to_owned(),
        record: DnsRecord::A,
        resolver: server(manner).await,
        expected,
        timeout: Duration::from_millis(600),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    measure(&spec, (&Names::near(), None), &clock, &Volume::default()).await
}

#[tokio::test]
async fn each_answer_has_its_own_outcome_and_a_failure_no_response_time() {
    let cases = [
        (Manner::Code(0), Outcome::DnsNoData),
        (Manner::Code(2), Outcome::DnsServFail),
        (Manner::Code(3), Outcome::DnsNxDomain),
        (Manner::Code(5), Outcome::DnsRefused),
        (Manner::Truncated(None), Outcome::DnsTruncated),
        (Manner::Foreign, Outcome::DnsTimeout),
        (Manner::Silent, Outcome::DnsTimeout),
    ];
    for (manner, outcome) in cases {
        let measured = ask(manner, DnsAnswer::Records).await;
        assert_eq!(measured.outcome, outcome);
        assert_eq!((measured.sent, measured.received), (1, 0), "{outcome:?}");
        assert_eq!((measured.times, measured.detail), (None, None));
    }
}

#[tokio::test]
async fn an_answer_is_timed_and_counted_over_tcp_too() {
    for manner in [Manner::Addresses(3), Manner::Truncated(Some(3))] {
        let measured = ask(manner, DnsAnswer::Records).await;
        assert_eq!((measured.outcome, measured.received), (Outcome::Ok, 1));
        assert!(measured.times.unwrap().median > 0);
        let detail = Detail::Dns {
            answers: 3,
            ttl_seconds: Some(60),
        };
        assert_eq!(measured.detail, Some(detail));
        assert_eq!(measured.address, Some([127, 0, 0, 1].into()));
    }
}

#[tokio::test]
async fn a_name_that_must_not_exist_and_does_was_intercepted() {
    let absent = ask(Manner::Code(3), DnsAnswer::NxDomain).await;
    assert_eq!((absent.outcome, absent.received), (Outcome::Ok, 1));
    let put_in = ask(Manner::Addresses(1), DnsAnswer::NxDomain).await;
    assert_eq!((put_in.outcome, put_in.received), (Outcome::Intercepted, 0));
    let failed = ask(Manner::Code(2), DnsAnswer::NxDomain).await;
    assert_eq!(failed.outcome, Outcome::DnsServFail);
}

#[test]
fn resolvers_are_addresses_with_or_without_a_port() {
    let named = |text: &str| resolver_address(text).map(|address| address.to_string());
    assert_eq!(named("192.0.2.1").as_deref(), Some("192.0.2.1:53"));
    assert_eq!(named("192.0.2.1:5353").as_deref(), Some("192.0.2.1:5353"));
    assert_eq!(named("2001:db8::1").as_deref(), Some("[2001:db8::1]:53"));
    assert_eq!(named("[2001:db8::1]:5").as_deref(), Some("[2001:db8::1]:5"));
    for wrong in ["", "system", "resolver.example", "192.0.2.1:x", "[]"] {
        assert_eq!(named(wrong), None, "{wrong}");
    }
}
