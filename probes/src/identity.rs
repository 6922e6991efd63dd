//! Identity: the key made on this machine, and what the collector gave in return for it.
//!
//! `key` holds the seed of the Ed25519 key, 64 hexadecimal digits; `enrolment.json` the collector's
//! address and answer; `schedule.json` the schedule in use. All are readable by the owner only and
//! written whole or not at all. The key is on the disk before it is sent anywhere.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ed25519_dalek::SigningKey;
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    SOFTWARE,
    files::{FileError, PRIVATE, read_if_there, write_whole},
    upload::connection::{CollectorError, Connection, Endpoint, json_header, parse_json},
    volume::Volume,
    wire::{
        WireError,
        enrol::{Code, EnrolRequest, Enrolment},
        hex, parse_hex,
        schedule::Schedule,
        sha256,
    },
};

const KEY: &str = "key";
const ENROLMENT: &str = "enrolment.json";
const SCHEDULE: &str = "schedule.json";

/// Why there is no usable identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file operation failed.
    #[error("identity: {0}")]
    File(#[from] FileError),
    /// Nothing is enrolled in this folder.
    #[error("{}: no agent is enrolled here; run `desserte-probe enrol` first", .0.display())]
    NotEnrolled(PathBuf),
    /// Something is enrolled already.
    #[error("{}: an agent is already enrolled here; use another data folder", .0.display())]
    AlreadyEnrolled(PathBuf),
    /// A file of the identity does not hold what it should.
    #[error("read {}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The code cannot be read.
    #[error("{0}")]
    Code(WireError),
    /// The collector could not be asked, or refused.
    #[error("enrol: {0}")]
    Collector(#[from] CollectorError),
    /// The collector's answer does not match the code.
    #[error("enrol: the answer's collector key is not the one the code was made for")]
    WrongCollector,
}

/// What an enrolled agent knows of itself and of its collector.
#[derive(Debug)]
pub struct Identity {
    /// The agent's key.
    pub key: SigningKey,
    /// Where the collector listens.
    pub collector: Endpoint,
    /// What the collector answered.
    pub enrolment: Enrolment,
    /// The collector's public key.
    pub collector_key: [u8; 32],
    /// Key of the heartbeat.
    pub heartbeat_key: [u8; 32],
    /// Key for hashing gateways.
    pub line_key: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnrolmentFile {
    collector: String,
    enrolment: Enrolment,
}

impl Identity {
    /// Reads the identity of an enrolled agent.
    pub fn load(data: &Path) -> Result<Self, IdentityError> {
        let path = data.join(ENROLMENT);
        let Some(bytes) = read_if_there(&path)? else {
            return Err(IdentityError::NotEnrolled(data.to_owned()));
        };
        let damaged = |reason: String| IdentityError::Damaged {
            path: path.clone(),
            reason,
        };
        let file: EnrolmentFile =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let wire = |error: WireError| damaged(error.to_string());
        let enrolment = file.enrolment;
        Ok(Self {
            key: load_key(data)?.ok_or_else(|| IdentityError::NotEnrolled(data.to_owned()))?,
            collector: Endpoint::parse(&file.collector)?,
            collector_key: parse_hex("collector_key", &enrolment.collector_key).map_err(wire)?,
            heartbeat_key: parse_hex("heartbeat_key", &enrolment.heartbeat_key).map_err(wire)?,
            line_key: parse_hex("line_key", &enrolment.line_key).map_err(wire)?,
            enrolment,
        })
    }

    /// The schedule in use: the newest one kept, else the enrolment's.
    pub fn schedule(&self, data: &Path) -> Result<Schedule, IdentityError> {
        let kept = read_if_there(&data.join(SCHEDULE))?
            .and_then(|bytes| serde_json::from_slice::<Schedule>(&bytes).ok());
        Ok(kept
            .filter(|kept| kept.revision >= self.enrolment.schedule.revision)
            .unwrap_or_else(|| self.enrolment.schedule.clone()))
    }
}

/// Keeps a schedule over restarts.
pub fn store_schedule(data: &Path, schedule: &Schedule) -> Result<(), FileError> {
    let json = serde_json::to_vec_pretty(schedule).unwrap_or_default();
    write_whole(&data.join(SCHEDULE), &json, PRIVATE)
}

/// Redeems a one-time code at the collector: makes a key, proves it, keeps the answer.
pub async fn enrol(data: &Path, collector: &str, code: &str) -> Result<Enrolment, IdentityError> {
    let code = Code::from_text(code).map_err(IdentityError::Code)?;
    let endpoint = Endpoint::parse(collector)?;
    std::fs::create_dir_all(data).map_err(crate::files::at("create folder", data))?;
    if read_if_there(&data.join(ENROLMENT))?.is_some() {
        return Err(IdentityError::AlreadyEnrolled(data.to_owned()));
    }
    let key = match load_key(data)? {
        Some(key) => key,
        None => make_key(data)?,
    };
    let enrolment = redeem(&endpoint, &code, &key).await?;
    let learnt = parse_hex::<32>("collector_key", &enrolment.collector_key);
    if learnt.map(|key| sha256(&key)) != Ok(code.collector_key_sha256) {
        return Err(IdentityError::WrongCollector);
    }
    let file = EnrolmentFile {
        collector: collector.trim().to_owned(),
        enrolment,
    };
    let json = serde_json::to_vec_pretty(&file).unwrap_or_default();
    write_whole(&data.join(ENROLMENT), &json, PRIVATE)?;
    Ok(file.enrolment)
}

async fn redeem(
    endpoint: &Endpoint,
    code: &Code,
    key: &SigningKey,
) -> Result<Enrolment, CollectorError> {
    let volume = Arc::new(Volume::default());
    let mut connection = Connection::open(endpoint, code.collector_key_sha256, &volume).await?;
    let request = EnrolRequest::new(key, &code.secret, SOFTWARE);
    let body = serde_json::to_vec(&request).unwrap_or_default();
    let to = (Method::POST, "/api/v1/agents/enrol");
    let answer = connection
        .request("enrol", to, &[json_header()], body)
        .await?;
    parse_json("enrol", &answer.expect("enrol", StatusCode::CREATED)?)
}

fn make_key(data: &Path) -> Result<SigningKey, IdentityError> {
    let key = SigningKey::from_bytes(&rand::random());
    let text = format!("{}\n", hex(&key.to_bytes()));
    write_whole(&data.join(KEY), text.as_bytes(), PRIVATE)?;
    Ok(key)
}

fn load_key(data: &Path) -> Result<Option<SigningKey>, IdentityError> {
    let path = data.join(KEY);
    let Some(bytes) = read_if_there(&path)? else {
        return Ok(None);
    };
    let seed = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| parse_hex::<32>("key", text.trim()).ok());
    match seed {
        Some(seed) => Ok(Some(SigningKey::from_bytes(&seed))),
        None => Err(IdentityError::Damaged {
            path,
            reason: "expected 64 hexadecimal digits".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_is_kept_and_only_its_owner_reads_it() {
        let data = tempfile::tempdir().unwrap();
        assert!(load_key(data.path()).unwrap().is_none());
        let made = make_key(data.path()).unwrap();
        assert_eq!(
            load_key(data.path()).unwrap().unwrap().to_bytes(),
            made.to_bytes()
        );
        let permissions = std::fs::metadata(data.path().join(KEY))
            .unwrap()
            .permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        std::fs::write(data.path().join(KEY), "short").unwrap();
        assert!(load_key(data.path()).is_err());
    }

    #[test]
    fn an_empty_folder_says_what_to_do() {
        let data = tempfile::tempdir().unwrap();
        let error = Identity::load(data.path()).unwrap_err().to_string();
        assert!(error.contains("desserte-probe enrol"), "{error}");
    }
}
