//! From the registry's words to the face's.

use desserte_probe::report::Family;

use super::Result;
use crate::app::{LineEntry, SiteEntry, VersionEntry, status_text};
use crate::live::SiteOutage;
use crate::registry::{LineRecord, OutageRecord, RegistryError, SiteVersion, fold};

/// Whether the thing was there.
pub(super) fn known(done: std::result::Result<(), RegistryError>) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(RegistryError::Missing { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The agents of a site, as its entry tells of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Agents {
    /// Those assigned to it now.
    pub(super) count: usize,
    /// Longest time between two of their uploads, seconds.
    pub(super) upload_seconds: u32,
    /// One of them, or one before them, is simulated.
    pub(super) simulated: bool,
}

pub(super) fn entry(id: String, site: SiteVersion, agents: Agents) -> SiteEntry {
    let words: Vec<&str> = [&site.name, &site.place, &site.region, &site.operator]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain([id.as_str(), site.kind.as_str()])
        .collect();
    SiteEntry {
        folded: fold(&words.join(" ")),
        id,
        name: site.name,
        kind: site.kind,
        latitude: site.latitude,
        longitude: site.longitude,
        place: site.place,
        region: site.region,
        operator: site.operator,
        invented: site.invented,
        simulated: agents.simulated,
        agents: agents.count,
        upload_seconds: (agents.count > 0).then_some(agents.upload_seconds),
    }
}

pub(super) fn version(version: SiteVersion) -> VersionEntry {
    VersionEntry {
        valid_from_unix_ms: version.valid_from_unix_ms,
        valid_to_unix_ms: version.valid_to_unix_ms,
        name: version.name,
        kind: version.kind,
        latitude: version.latitude,
        longitude: version.longitude,
        operator: version.operator,
        status: status_text(&version.status),
    }
}

pub(super) fn line(line: LineRecord) -> LineEntry {
    LineEntry {
        key: line.key,
        interface: Some(line.interface),
        gateway: line.gateway,
        family: Some(match line.family {
            Family::Ipv4 => "ipv4".to_owned(),
            Family::Ipv6 => "ipv6".to_owned(),
        }),
        public_address: line.public_address.map(|address| address.to_string()),
        confirmed: line.confirmed.is_some(),
        first_seen_unix_ms: line.first_seen_unix_ms,
        last_seen_unix_ms: line.last_seen_unix_ms,
    }
}

pub(super) fn shown(record: OutageRecord) -> SiteOutage {
    SiteOutage {
        id: record.id,
        site: record.site,
        start_unix_ms: record.outage.start_unix_ms,
        end_unix_ms: record.outage.end_unix_ms,
        slot_seconds: record.slot_seconds,
        down_slots: record.outage.down_slots,
        verdict: record.outage.cause,
        agent: record.agent,
    }
}

pub(super) fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
