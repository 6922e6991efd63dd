//! Test vectors for foreign agents: `tests/vectors/*.json`. They are made from fixed seeds and
//! compared with the files; `DESSERTE_WRITE_VECTORS=1` writes them anew.

use std::path::Path;

use desserte_probe::{
    report::{
        Content, Detail, Entry, Evidence, Fact, Family, Kind, Line, Minute, Neighbour, Outcome,
        Report, ReportedTarget, Sample, Summary, SummaryRun, TimeExchange, decode, encode,
        validate,
    },
    wire::{
        VERSION,
        enrol::{Code, EnrolRequest},
        envelope::Envelope,
        heartbeat::Heartbeat,
        hex,
        id::{AgentId, BootId},
        parse_hex,
        receipt::{Chain, Receipt, TimeStatement},
        schedule::{Profile, Schedule, sign_request, sign_throughput, verify_throughput},
        sha256,
    },
};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

const AGENT: AgentId = AgentId([0x11; 16]);
const BOOT: BootId = BootId([0x22; 16]);

fn agent_key() -> SigningKey {
    SigningKey::from_bytes(&[0x01; 32])
}

fn collector_key() -> SigningKey {
    SigningKey::from_bytes(&[0x02; 32])
}

fn public(key: &SigningKey) -> String {
    hex(key.verifying_key().as_bytes())
}

fn check(name: &str, made: &Value) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/vectors")
        .join(name);
    if std::env::var_os("DESSERTE_WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(made).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(&kept, made, "{name}");
    kept
}

fn sample() -> Sample {
    Sample {
        target: 0,
        line: Some(0),
        start_boottime_ms: 3_610_250,
        outcome: Outcome::Timeout,
        sent: 5,
        received: 4,
        rtt_us_min: Some(9_100),
        rtt_us_median: Some(9_400),
        rtt_us_max: Some(12_000),
        rtt_us_mean_successive_difference: Some(350),
        coarse: false,
        detail: None,
    }
}

fn web_sample() -> Sample {
    Sample {
        target: 1,
        start_boottime_ms: 3_615_000,
        outcome: Outcome::HttpStatus,
        sent: 1,
        received: 0,
        rtt_us_min: None,
        rtt_us_median: None,
        rtt_us_max: None,
        rtt_us_mean_successive_difference: None,
        coarse: true,
        detail: Some(Detail::Http {
            dns_us: Some(2_000),
            connect_us: Some(9_000),
            tls_us: Some(21_000),
            first_byte_us: Some(11_000),
            total_us: Some(45_000),
            status: Some(503),
            leaf_expires_unix_s: Some(1_800_000_000),
            chain_expires_unix_s: Some(1_790_000_000),
            certificate_valid: Some(true),
        }),
        ..sample()
    }
}

fn summary() -> Summary {
    let run = SummaryRun {
        target: 0,
        line: None,
        first_start_boottime_ms: 10_250,
        interval_ms: 60_000,
        slots: 58,
        sent_per_slot: 5,
        rtt_us_min: 9_000,
        rtt_us_median: 9_400,
        rtt_us_max: 15_000,
    };
    Summary {
        replaces_first: 1,
        replaces_last: 58,
        runs: vec![run],
    }
}

fn report() -> Report {
    let line_state = Fact::Line {
        line: 0,
        carrier: Some(true),
        associated: None,
        route: Some(true),
        gateway: Neighbour::Reachable,
    };
    let started = Fact::Started {
        clean_stop: None,
        previous_boot: None,
        previous_written_boottime_ms: None,
    };
    let minute = Minute {
        samples: vec![sample(), web_sample()],
        evidence: vec![
            Evidence {
                boottime_ms: 3_600_100,
                fact: started,
            },
            Evidence {
                boottime_ms: 3_659_900,
                fact: line_state,
            },
        ],
    };
    let entry = |sequence, written_boottime_ms, content| Entry {
        sequence,
        written_boottime_ms,
        content,
    };
    let target = |id: &str, kind| ReportedTarget {
        id: id.into(),
        kind,
        slot_seconds: 60,
    };
    Report {
        version: VERSION,
        agent: AGENT,
        boot: BOOT,
        software: "example/1.0".into(),
        profile: Profile::Full,
        sealed_boottime_ms: 3_660_100,
        sealed_wall_unix_ms: None,
        time_exchanges: vec![TimeExchange {
            sent_boottime_ms: 3_600_000,
            received_boottime_ms: 3_600_080,
            collector_received_unix_ms: 1_780_000_000_000,
            collector_sent_unix_ms: 1_780_000_000_001,
        }],
        targets: vec![target("anchor", Kind::Icmp), target("portal", Kind::Http)],
        lines: vec![Line {
            interface: "eth0".into(),
            gateway: Some("ab".repeat(16)),
            family: Family::Ipv4,
        }],
        entries: vec![
            entry(59, 3_659_950, Content::Minute(minute)),
            entry(60, 3_480_000, Content::Summary(summary())),
        ],
    }
}

#[test]
fn envelope() {
    let body = b"{\"example\":true}";
    let previous = [0x33; 32];
    let sealed = Envelope::seal(&agent_key(), (AGENT, BOOT), (3, 9), previous, body);
    let time_unix_ms = 1_780_000_000_123;
    let made = json!({
        "key_seed": hex(&agent_key().to_bytes()),
        "public_key": public(&agent_key()),
        "agent": AGENT,
        "boot": BOOT,
        "sequence": "3-9",
        "previous": hex(&previous),
        "body": hex(body),
        "body_sha256": hex(&sha256(body)),
        "signed_bytes": hex(&sealed.signed_bytes(body)),
        "signature": hex(&sealed.signature),
        "batch_hash": hex(&sealed.batch_hash(body)),
        "schedule_request": {
            "time": time_unix_ms,
            "signature": hex(&sign_request(&agent_key(), AGENT, time_unix_ms)),
        },
    });
    let kept = check("envelope.json", &made);
    let signature = parse_hex("signature", kept["signature"].as_str().unwrap()).unwrap();
    Envelope {
        signature,
        ..sealed
    }
    .verify(agent_key().verifying_key().as_bytes(), body)
    .unwrap();
}

#[test]
fn receipt() {
    let mut receipt = Receipt {
        version: VERSION,
        agent: AGENT,
        batch_hash: hex(&[0x44; 32]),
        sequence_first: 3,
        sequence_last: 9,
        journal_position: 12,
        accepted_unix_ms: 1_780_000_000_000,
        received_unix_ms: 1_780_000_000_001,
        sent_unix_ms: 1_780_000_000_009,
        duplicate: false,
        chain: Chain::Linked,
        schedule_revision: 4,
        collector_key: String::new(),
        signature: String::new(),
    };
    receipt.sign(&collector_key()).unwrap();
    let nonce = [0x55; 16];
    let statement = TimeStatement::sign(
        &collector_key(),
        &nonce,
        1_780_000_000_001,
        1_780_000_000_002,
    );
    let made = json!({
        "collector_key_seed": hex(&collector_key().to_bytes()),
        "collector_public_key": public(&collector_key()),
        "receipt": receipt,
        "time_statement": statement,
    });
    let kept = check("receipt.json", &made);
    let key = collector_key().verifying_key().to_bytes();
    let read: Receipt = serde_json::from_value(kept["receipt"].clone()).unwrap();
    read.verify(&key).unwrap();
    let read: TimeStatement = serde_json::from_value(kept["time_statement"].clone()).unwrap();
    read.verify(&key, &nonce).unwrap();
}

#[test]
fn heartbeat() {
    let key = [0x66; 32];
    let beat = Heartbeat {
        flags: 1,
        agent_prefix: [0x11; 8],
        boot_prefix: [0x22; 8],
        counter: 7,
        uptime_seconds: 3_660,
        spool_entries: 2,
        gateway_prefix: [0xab; 4],
    };
    let made = json!({
        "heartbeat_key": hex(&key),
        "flags": 1,
        "counter": 7,
        "uptime_seconds": 3_660,
        "spool_entries": 2,
        "agent": AGENT,
        "boot": BOOT,
        "gateway_prefix": "abababab",
        "datagram": hex(&beat.encode(&key)),
    });
    let kept = check("heartbeat.json", &made);
    let datagram: [u8; 52] = parse_hex("datagram", kept["datagram"].as_str().unwrap()).unwrap();
    Heartbeat::verify(&datagram, &key).unwrap();
    assert_eq!(Heartbeat::decode(&datagram).unwrap(), beat);
}

#[test]
fn enrol() {
    let collector_key_sha256 = sha256(collector_key().verifying_key().as_bytes());
    let code = Code {
        secret: [0x77; 16],
        collector_key_sha256,
    };
    let request = EnrolRequest::new(&agent_key(), &code.secret, "example/1.0");
    let made = json!({
        "code": code.to_text(),
        "secret": hex(&code.secret),
        "collector_public_key": public(&collector_key()),
        "collector_key_sha256": hex(&collector_key_sha256),
        "key_seed": hex(&agent_key().to_bytes()),
        "request": request,
    });
    let kept = check("enrol.json", &made);
    assert_eq!(
        Code::from_text(kept["code"].as_str().unwrap()).unwrap(),
        code
    );
    let read: EnrolRequest = serde_json::from_value(kept["request"].clone()).unwrap();
    read.verify().unwrap();
}

/// Compressors may differ in what they write; readers may not in what they read.
#[test]
fn columns() {
    let report = report();
    validate(&report).unwrap();
    let body = encode(&report).unwrap();
    let plain = zstd::decode_all(body.as_slice()).unwrap();
    let kept = check(
        "columns.json",
        &json!({
            "report": report,
            "postcard": hex(&plain),
            "body": hex(&zstd::bulk::compress(&plain, 9).unwrap()),
        }),
    );
    let kept_body = data_encoding::HEXLOWER
        .decode(kept["body"].as_str().unwrap().as_bytes())
        .unwrap();
    assert_eq!(decode(&kept_body).unwrap(), report);
}

/// Every kind of measurement as the schedule names it, and the signature of a throughput request.
#[test]
fn schedule() {
    let text = r#"{
        "revision": 3,
        "profile": "metered",
        "targets": [
            {"id": "ping", "slot_seconds": 300, "measure": {"icmp":
                {"host": "192.0.2.1", "packets": 5, "payload_bytes": 0, "timeout_ms": 2000}}},
            {"id": "page", "slot_seconds": 300, "measure": {"http":
                {"url": "https://portail.example/", "status_from": 200, "status_to": 399,
                 "timeout_ms": 10000, "body_bytes_max": 65536}}},
            {"id": "name", "slot_seconds": 300, "measure": {"dns":
                {"name": "portail.example", "record": "a", "resolver": "system",
                 "expected": "records", "timeout_ms": 3000}}},
            {"id": "no-name", "slot_seconds": 300, "measure": {"dns":
                {"name": "desserte-absent.test", "record": "a", "resolver": "192.0.2.53:53",
                 "expected": "nx_domain", "timeout_ms": 3000}}},
            {"id": "port", "slot_seconds": 300, "measure": {"tcp":
                {"host": "192.0.2.1", "port": 443, "timeout_ms": 3000}}},
            {"id": "rate", "slot_seconds": 21600, "measure": {"throughput":
                {"server": "collector", "download": true, "upload": true, "seconds_max": 10,
                 "bytes_max": 20000000}}},
            {"id": "way", "slot_seconds": 3600, "measure": {"path":
                {"host": "192.0.2.1", "hops_max": 30, "timeout_ms": 1000}}}
        ],
        "record_seconds": 60,
        "upload_seconds": 3600,
        "heartbeat_seconds": 300,
        "active_line_probes": true,
        "captive": {"empty_page": "http://collecteur.example/",
            "absent_name": "desserte-absent.test", "every_seconds": 3600}
    }"#;
    let written: Value = serde_json::from_str(text).unwrap();
    let read: Schedule = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
    let time_unix_ms = 1_780_000_000_123;
    let made = json!({
        "schedule": read,
        "key_seed": hex(&agent_key().to_bytes()),
        "agent": AGENT,
        "throughput_request": {
            "time": time_unix_ms,
            "signature": hex(&sign_throughput(&agent_key(), AGENT, time_unix_ms)),
        },
    });
    let kept = check("schedule.json", &made);
    let signature = kept["throughput_request"]["signature"].as_str().unwrap();
    let signature = parse_hex("signature", signature).unwrap();
    let key = agent_key().verifying_key().to_bytes();
    verify_throughput(&key, AGENT, time_unix_ms, &signature).unwrap();
}
