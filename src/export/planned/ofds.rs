//! The planned routes as a network of the Open Fibre Data Standard 0.4 (Open Telecom Data).

use std::collections::BTreeMap;
use std::io::Write;

use desserte_planning::Position;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Planned;
use crate::export::map::pair;
use crate::export::{ExportError, Language};

/// The schema that a network's first link has to name.
const SCHEMA: &str = "https://standard.ofds.info/en/0__4__0/network-schema.json";

/// Ends of routes by their place: numbers that are the same in every program.
type Place = (i64, i64);

/// Writes the network. `false`: no route is planned, and nothing was written.
pub fn write(
    planned: &Planned<'_>,
    language: Language,
    out: &mut dyn Write,
) -> Result<bool, ExportError> {
    let Some(document) = document(planned, language) else {
        return Ok(false);
    };
    let failed = |source| ExportError::Write {
        what: "the network as OFDS",
        source,
    };
    writeln!(out, "{document}").map_err(failed)?;
    Ok(true)
}

fn document(planned: &Planned<'_>, language: Language) -> Option<Value> {
    let mut nodes = Nodes::of(planned);
    let phase_name = |number: usize| {
        let phase = planned.phases.get(number.checked_sub(1)?)?;
        Some(phase.name.clone())
    };
    let mut spans = Vec::new();
    for route in planned.laid() {
        let (Some(start), Some(end)) = (route.path.first(), route.path.last()) else {
            continue;
        };
        let coordinates: Vec<[f64; 2]> = route.path.iter().copied().map(pair).collect();
        let number = spans.len() + 1;
        let mut span = json!({
            "id": format!("S{number}"),
            "name": format!("{} {number}", language.pick("Tracé", "Route")),
            // Beyond the phases: worth its price over the years, but in no budget yet.
            "status": if route.phase.is_some() { "planned" } else { "proposed" },
            "start": nodes.id(*start),
            "end": nodes.id(*end),
            "route": { "type": "LineString", "coordinates": coordinates },
            "transmissionMedium": ["fibre"],
        });
        let phase = route
            .phase
            .and_then(|number| Some((number, phase_name(number)?)));
        if let (Some((number, name)), Some(members)) = (phase, span.as_object_mut()) {
            let phase = json!({ "id": number.to_string(), "name": name });
            members.insert("phase".to_owned(), phase);
        }
        spans.push(span);
    }
    if spans.is_empty() {
        return None;
    }
    let phases: Vec<Value> = planned
        .phases
        .iter()
        .enumerate()
        .map(|(place, phase)| json!({ "id": (place + 1).to_string(), "name": phase.name }))
        .collect();
    let mut network = json!({
        "name": planned.title,
        "crs": {
            "name": "urn:ogc:def:crs:OGC::CRS84",
            "uri": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        "accuracyDetails": accuracy(planned, language),
        "language": language.pick("fr", "en"),
        "links": [{ "href": SCHEMA, "rel": "describedby" }],
        "nodes": nodes.written(),
        "spans": spans,
    });
    let id = uuid(network.to_string().as_bytes());
    if let Some(members) = network.as_object_mut() {
        members.insert("id".to_owned(), json!(id));
        if !phases.is_empty() {
            members.insert("phases".to_owned(), json!(phases));
        }
    }
    Some(json!({ "networks": [network] }))
}

/// What the plan could not know belongs to how exact its routes are.
fn accuracy(planned: &Planned<'_>, language: Language) -> String {
    let limits = planned
        .limits
        .iter()
        .map(|(fr, en)| language.pick(fr, en).clone());
    let mut said = vec![
        language
            .pick(
                "tracés d'un plan, non d'un relevé",
                "routes of a plan, not of a survey",
            )
            .to_owned(),
    ];
    said.extend(limits);
    said.join(" ; ")
}

struct Nodes<'p> {
    /// Identifiers by place.
    ids: BTreeMap<Place, String>,
    /// Place of a site, and its name.
    sites: BTreeMap<Place, (&'p str, Option<&'p str>)>,
    written: Vec<Value>,
}

impl<'p> Nodes<'p> {
    fn of(planned: &Planned<'p>) -> Self {
        let sites = planned.sites.iter();
        let placed = sites.filter_map(|site| Some((place(site.position?), (site.id, site.name))));
        Self {
            ids: BTreeMap::new(),
            sites: placed.collect(),
            written: Vec::new(),
        }
    }

    /// The identifier of the node at a position: that of the site there, if there is one.
    fn id(&mut self, at: Position) -> String {
        let place = place(at);
        if let Some(known) = self.ids.get(&place) {
            return known.clone();
        }
        let site = self.sites.get(&place);
        let number = self.ids.len() + 1;
        let id = site.map_or_else(|| format!("N{number}"), |(id, _)| (*id).to_owned());
        let name = site
            .and_then(|(_, name)| *name)
            .map_or_else(|| id.clone(), str::to_owned);
        self.written.push(json!({
            "id": id,
            "name": name,
            "status": "planned",
            "location": { "type": "Point", "coordinates": pair(at) },
        }));
        self.ids.insert(place, id.clone());
        id
    }

    fn written(&self) -> &[Value] {
        &self.written
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees times a million are small"
)]
fn place(at: Position) -> Place {
    let whole = |degrees: f64| (degrees * 1e6).round() as i64;
    (whole(at.longitude()), whole(at.latitude()))
}

/// The same content has the same name: a UUID of version 8 (RFC 9562, 5.8) of its digest.
fn uuid(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let mut bytes: [u8; 16] = [0; 16];
    for (byte, of_digest) in bytes.iter_mut().zip(digest.iter()) {
        *byte = *of_digest;
    }
    bytes[6] = (bytes[6] & 0x0F) | 0x80;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts = parts.map(|(from, to)| hex.get(from..to).unwrap_or_default());
    parts.join("-")
}
