//! Whatever is changed in a bundle, it is refused; and what a witness is worth.

use desserte::ledger::verify::{Held, Remark};
use ed25519_dalek::SigningKey;
use rand::RngExt as _;

use super::forge::{Forger, read, write};
use super::{Told, verified, witnessed};

/// Bits that are changed, one at a time.
fn flips() -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one parameter of the long tests"
    )]
    let long = std::env::var("DESSERTE_REPEAT").is_ok_and(|value| value == "long");
    if long { 10_000 } else { 400 }
}

#[tokio::test]
async fn every_single_bit_counts() {
    let told = Told::new().await;
    let bytes = told.bundle(&told.settled());
    verified(&bytes, &Held::default()).unwrap();
    let mut random = rand::rng();
    let (mut accepted, flips) = (Vec::new(), flips());
    for _ in 0..flips {
        let bit = random.random_range(0..bytes.len() * 8);
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if verified(&changed, &Held::default()).is_ok() {
            accepted.push(bit);
        }
    }
    assert_eq!(accepted, Vec::<usize>::new(), "of {flips} bits");
    // The same with the hash around it made anew: what is inside holds by itself.
    let (manifest, bodies) = read(&bytes);
    let text = serde_json::to_vec(&manifest).unwrap();
    let (mut accepted, mut read_again) = (0, 0);
    for _ in 0..flips.min(2_000) {
        let mut changed = text.clone();
        let bit = random.random_range(0..changed.len() * 8);
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(manifest) = serde_json::from_slice(&changed) else {
            continue;
        };
        read_again += 1;
        if verified(&write(&manifest, &bodies), &Held::default()).is_ok() {
            accepted += 1;
        }
    }
    assert!(read_again > 0, "no change left a manifest that can be read");
    assert_eq!(accepted, 0, "of {read_again} manifests");
    for body in 0..3 {
        let mut bodies = bodies.clone();
        let bit = random.random_range(0..bodies[body].len() * 8);
        bodies[body][bit / 8] ^= 1 << (bit % 8);
        let refused = verified(&write(&manifest, &bodies), &Held::default()).unwrap_err();
        assert!(refused.to_string().contains("signature"), "{refused}");
    }
}

#[tokio::test]
async fn what_is_cut_off_put_behind_or_blown_up_is_refused() {
    let told = Told::new().await;
    let bytes = told.bundle(&told.settled());
    for length in [0, 1, 17, 18, 49, 50, bytes.len() / 2, bytes.len() - 1] {
        assert!(
            verified(&bytes[..length], &Held::default()).is_err(),
            "{length}"
        );
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(verified(&longer, &Held::default()).is_err());
    let (manifest, bodies) = read(&bytes);
    // A body more than the manifest names, and a frame behind the frame.
    let mut more = manifest.clone();
    let again = more.sites[0][0][0].clone();
    more.sites[0][0].push(again);
    let mut longer = bodies.clone();
    longer.push(bodies[0].clone());
    let refused = verified(&write(&more, &longer), &Held::default()).unwrap_err();
    assert!(refused.to_string().contains("twice"), "{refused}");
    let sealed = |inner: &[u8]| {
        use desserte_probe::wire::sha256;
        let head = [desserte::ledger::bundle::MAGIC, inner].concat();
        let hash = sha256(&head);
        [head.as_slice(), &hash].concat()
    };
    let inner = &bytes[desserte::ledger::bundle::MAGIC.len()..bytes.len() - 32];
    verified(&sealed(inner), &Held::default()).unwrap();
    for behind in [vec![0], zstd::bulk::compress(b"more", 1).unwrap()] {
        let two = [inner, &behind].concat();
        let refused = verified(&sealed(&two), &Held::default()).unwrap_err();
        assert!(refused.to_string().contains("follows"), "{refused}");
    }
    let unpacked = zstd::stream::decode_all(inner).unwrap();
    let one_more = zstd::bulk::compress(&[unpacked.as_slice(), b"x"].concat(), 1).unwrap();
    let refused = verified(&sealed(&one_more), &Held::default()).unwrap_err();
    assert!(refused.to_string().contains("follows"), "{refused}");
    // 64 GiB of zeros that pretend to be a manifest.
    let mut bomb = 0_u64.to_be_bytes().to_vec();
    bomb[0] = 1;
    let bomb = zstd::bulk::compress(&[bomb, vec![0; 1 << 20]].concat(), 1).unwrap();
    let refused = verified(&sealed(&bomb), &Held::default()).unwrap_err();
    assert!(refused.to_string().contains("larger than"), "{refused}");
    for rubbish in [b"".as_slice(), b"rubbish", &[0xff; 64]] {
        assert!(verified(&sealed(rubbish), &Held::default()).is_err());
    }
}

/// A checkpoint of everything, the statement included, that somebody received before the forgery.
struct Case {
    told: Told,
    bytes: Vec<u8>,
    witness: Held,
}

async fn case() -> Case {
    let told = Told::new().await;
    let recorded = told.settled();
    let bytes = told.bundle(&recorded);
    let note = told.files().ledger.checkpoint(super::CLOSED).unwrap().note;
    let witness = witnessed(&note);
    verified(&bytes, &witness).unwrap();
    Case {
        told,
        bytes,
        witness,
    }
}

impl Case {
    /// Refused with the witness; without it the error, or nothing.
    fn judge(&self, name: &str, forge: impl FnOnce(&mut Forger)) -> Option<String> {
        let mut forger = Forger::new(&self.told, &self.bytes);
        forge(&mut forger);
        let bundle = forger.bundle();
        let refused = verified(&bundle, &self.witness);
        assert!(refused.is_err(), "{name}: accepted with the witness");
        match verified(&bundle, &Held::default()) {
            Ok(verified) => {
                let named = verified.not_proved.contains(&Remark::NoWitness);
                assert!(named, "{name}: not said what is not witnessed");
                None
            }
            Err(refused) => Some(refused.to_string()),
        }
    }
}

#[tokio::test]
async fn with_a_witness_every_forgery_by_the_collectors_own_key_is_refused() {
    let case = case().await;
    // Nothing changed: the forger's tools make the very same log.
    let untouched = Forger::new(&case.told, &case.bytes).bundle();
    verified(&untouched, &case.witness).unwrap();
    measurements_forged(&case);
    decisions_forged(&case);
}

/// What was measured, and what was made of it, is not accepted otherwise than it was.
fn measurements_forged(case: &Case) {
    let said = case.judge("a digit", |forger| {
        let document = &mut forger.manifest.document;
        *document = document.replacen("\"down_slots\": 40", "\"down_slots\": 39", 1);
    });
    let said = said.unwrap();
    assert!(
        said.contains("down_slots: 39 is stated, 40 is recomputed"),
        "{said}"
    );

    let said = case.judge("a sample", |forger| {
        let body = String::from_utf8(forger.bodies[16].clone()).unwrap();
        assert!(body.contains("\"received\":0"));
        let better = body
            .replace("\"timeout\"", "\"ok\"")
            .replace("\"received\":0", "\"received\":5");
        forger.batches()[16].bytes = u32::try_from(better.len()).unwrap();
        forger.bodies[16] = better.into_bytes();
        forger.state_batches();
    });
    assert!(said.unwrap().contains("signature"));

    let said = case.judge("a left-out batch", |forger| {
        forger.batches().remove(16);
        forger.bodies.remove(16);
        forger.state_batches();
        forger.recompute();
    });
    assert!(
        said.unwrap()
            .contains("the agent's batch before it is missing")
    );

    let said = case.judge("a left-out batch, said to have never come", |forger| {
        forger.batches().remove(16);
        forger.bodies.remove(16);
        let after = super::forge::name_of(forger, 16);
        forger.inputs(|inputs| inputs.sites[0].agents[0].open.push(after));
        forger.state_batches();
        forger.recompute();
    });
    // It had been accepted with its predecessor there: its leaf says so.
    assert!(
        said.unwrap()
            .contains("the agent's batch before it is missing")
    );

    let said = case.judge("the last batches cut off", |forger| {
        forger.batches().truncate(15);
        forger.bodies.truncate(15);
        forger.state_batches();
        forger.recompute();
    });
    assert_eq!(said, None, "the end of a chain is seen with a witness only");

    let said = case.judge("a clock that ran otherwise", |forger| {
        for one in forger.batches() {
            one.time.as_mut().unwrap().offset_unix_ms += 3_600_000;
        }
        forger.recompute();
    });
    assert_eq!(said, None);

    let said = case.judge("a line that nobody confirmed", |forger| {
        forger.inputs(|inputs| inputs.sites[0].agents[0].lines[0].confirmed = false);
        forger.recompute();
    });
    assert_eq!(said, None);
}

/// What was agreed and decided is not accepted otherwise than it was; without a witness nothing tells.
fn decisions_forged(case: &Case) {
    let said = case.judge("an exclusion that is longer", |forger| {
        forger.record("exclusion.requested", |body| {
            let to = body["to_unix_ms"].as_i64().unwrap() + 5 * 3_600_000;
            body["to_unix_ms"] = to.into();
        });
        forger.recompute();
    });
    assert_eq!(said, None);

    let said = case.judge("an exclusion that is gone", |forger| {
        let kept = |content: &str| !content.contains("exclusion.");
        forger.manifest.records.retain(|one| kept(&one.content));
        forger.recompute();
    });
    assert_eq!(said, None);

    let said = case.judge("another promise", |forger| {
        forger.record("agreement.version", |body| {
            let text = body["text"].as_str().unwrap().replace("99.5", "95");
            body["text"] = text.into();
        });
        forger.recompute();
    });
    assert_eq!(said, None);
}

#[tokio::test]
async fn replayed_re_signed_and_re_ordered_batches_are_refused() {
    let case = case().await;
    let said = case.judge("replayed", |forger| {
        let again = forger.batches()[5].clone();
        forger.batches().insert(6, again);
        let body = forger.bodies[5].clone();
        forger.bodies.insert(6, body);
        forger.state_batches();
    });
    assert!(said.unwrap().contains("a batch is there twice"));
    let said = case.judge("re-ordered", |forger| {
        forger.batches().swap(5, 6);
        forger.bodies.swap(5, 6);
        forger.state_batches();
    });
    assert!(said.unwrap().contains("not in the order"));
    let said = case.judge("in another order than stated", |forger| {
        forger.batches().swap(5, 6);
        forger.bodies.swap(5, 6);
    });
    assert!(said.unwrap().contains("not those of the statement"));
    // With a key of his own the forger signs every batch, and enrols it in a log of his own.
    let key = SigningKey::from_bytes(&[9; 32]);
    let said = case.judge("re-signed by a key that he enrolled himself", |forger| {
        forger.sign_batches_with(&key);
        forger.recompute();
    });
    assert_eq!(said, None);
    let mut forger = Forger::new(&case.told, &case.bytes);
    forger.sign_batches_with(&key);
    forger.recompute();
    let honest = desserte_probe::wire::hex(&case.told.agent.public_key());
    let trusted = Held {
        agents: Some([(case.told.agent.id.to_string(), honest)].into()),
        ..Held::default()
    };
    let refused = verified(&forger.bundle(), &trusted).unwrap_err();
    assert!(refused.to_string().contains("--agents"), "{refused}");
    let said = case.judge("re-signed without enrolment", |forger| {
        let enrolled = forger.manifest.enrolments.clone();
        forger.sign_batches_with(&key);
        forger.manifest.enrolments = enrolled;
    });
    assert!(said.unwrap().contains("enrolment"));
}

#[tokio::test]
async fn a_checkpoint_of_another_log_or_size_is_no_witness() {
    let case = case().await;
    let other = Told::new().await;
    let note = other.files().ledger.checkpoint(super::CLOSED).unwrap().note;
    let refused = verified(&case.bytes, &witnessed(&note)).unwrap_err();
    assert!(refused.to_string().contains("your checkpoint"), "{refused}");
    assert!(verified(&case.bytes, &witnessed("rubbish")).is_err());
    // One of a size that the bundle knows nothing of: the collector's proof helps.
    let ledger = case.told.files().ledger;
    let (manifest, _) = read(&case.bytes);
    let bundled: u64 = manifest.checkpoint.lines().nth(1).unwrap().parse().unwrap();
    case.told.decide_elsewhere();
    let later = ledger.checkpoint(super::CLOSED + 1).unwrap();
    assert!(later.size > bundled);
    let refused = verified(&case.bytes, &witnessed(&later.note)).unwrap_err();
    assert!(refused.to_string().contains("--consistency"), "{refused}");
    let hashes = ledger.consistency(bundled, later.size).unwrap();
    let held = Held {
        consistency: Some(desserte::ledger::verify::Consistency {
            from: bundled,
            to: later.size,
            hashes: hashes
                .iter()
                .map(|hash| desserte_probe::wire::hex(hash))
                .collect(),
        }),
        ..witnessed(&later.note)
    };
    verified(&case.bytes, &held).unwrap();
}
