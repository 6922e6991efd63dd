//! All open sites as compact binary columns for the page's map (`docs/map.md`).
//!
//! Sites are ordered along a Z-order curve and positions stored as differences on it: 100,000
//! positions then cost some 2 bytes each compressed, and neighbours share their bytes. Source of
//! the curve: G. M. Morton, "A computer oriented geodetic data base and a new technique in file
//! sequencing", IBM, 1966. A site is named by its row here; identifiers and names, which would
//! cost more than all the rest, are asked for row by row.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::directory::Directory;

/// First bytes of the places of sites.
const MAGIC_PLACES: &[u8; 4] = b"DSM1";
/// First bytes of the states of sites.
const MAGIC_STATES: &[u8; 4] = b"DSS1";
/// Steps of a coordinate across the country: 16 bits are 15 metres in a country of 1,000 km.
const STEPS: f64 = 65_535.0;
/// Bytes of the version; chance collisions of two images are out of reach.
const VERSION_BYTES: usize = 8;

/// An image of all sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteMap {
    /// What the rows mean; another version has other rows. Hexadecimal.
    pub version: String,
    /// Places, kinds and regions, as they are sent.
    pub places: Bytes,
    /// Row → position in the directory.
    order: Vec<u32>,
    /// Position in the directory → row.
    rows: Vec<u32>,
}

#[derive(Serialize)]
struct Header<'a> {
    version: &'a str,
    sites: usize,
    west: f64,
    south: f64,
    step_longitude: f64,
    step_latitude: f64,
    kinds: Vec<&'a str>,
    regions: Vec<&'a str>,
    invented: bool,
    simulated: bool,
}

impl SiteMap {
    /// The image of a directory.
    #[must_use]
    pub fn of(directory: &Directory) -> Self {
        let sites = directory.sites();
        let grid = Grid::around(directory);
        let mut by_code: Vec<(u32, u32)> = sites
            .iter()
            .zip(0_u32..)
            .map(|(site, at)| (grid.code(site.longitude, site.latitude), at))
            .collect();
        by_code.sort_unstable();
        let mut rows = vec![0; sites.len()];
        for ((_, at), row) in by_code.iter().zip(0_u32..) {
            if let Some(held) = usize::try_from(*at).ok().and_then(|at| rows.get_mut(at)) {
                *held = row;
            }
        }
        let order: Vec<u32> = by_code.iter().map(|(_, at)| *at).collect();
        let columns = columns(directory, &by_code);
        // The identifiers too: a row must not come to mean another site under the same version.
        let mut digest = Sha256::new_with_prefix(columns.bytes("", &grid, Marks::default()));
        for (_, at) in &by_code {
            let site = usize::try_from(*at).ok().and_then(|at| sites.get(at));
            digest.update(site.map_or("", |site| site.id.as_str()));
            digest.update([0]);
        }
        let digest = digest.finalize();
        let version =
            data_encoding::HEXLOWER.encode(digest.get(..VERSION_BYTES).unwrap_or(&digest));
        let sent = columns.bytes(&version, &grid, Marks::of(directory));
        Self {
            version,
            places: sent,
            order,
            rows,
        }
    }

    /// Position in the directory of the site in a row.
    #[must_use]
    pub fn position(&self, row: u32) -> Option<usize> {
        let position = self.order.get(usize::try_from(row).ok()?)?;
        usize::try_from(*position).ok()
    }

    /// Row of the site at a position in the directory.
    #[must_use]
    pub fn row(&self, position: usize) -> Option<u32> {
        self.rows.get(position).copied()
    }

    /// One byte a site, in the order of the rows: `state` says which, by the position in the
    /// directory.
    #[must_use]
    pub fn states(&self, state: impl Fn(usize) -> u8) -> Bytes {
        let mut bytes = MAGIC_STATES.to_vec();
        bytes.extend(self.version.as_bytes());
        bytes.extend(length(self.order.len()));
        bytes.extend(
            self.order
                .iter()
                .map(|at| usize::try_from(*at).map_or(u8::MAX, &state)),
        );
        bytes.into()
    }
}

/// What must be said of the whole wherever it is drawn.
#[derive(Clone, Copy, Default)]
struct Marks {
    invented: bool,
    simulated: bool,
}

impl Marks {
    fn of(directory: &Directory) -> Self {
        Self {
            invented: directory.sites().iter().any(|site| site.invented),
            simulated: directory.simulated().next().is_some(),
        }
    }
}

/// Where coordinates are counted from, and in which steps.
struct Grid {
    west: f64,
    south: f64,
    step_longitude: f64,
    step_latitude: f64,
}

impl Grid {
    fn around(directory: &Directory) -> Self {
        let mut bounds: Option<[f64; 4]> = None;
        for site in directory.sites() {
            let (x, y) = (site.longitude, site.latitude);
            let [west, south, east, north] = bounds.unwrap_or([x, y, x, y]);
            bounds = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
        }
        let [west, south, east, north] = bounds.unwrap_or_default();
        // A single point has no extent: any step will do.
        let step = |length: f64| if length > 0.0 { length / STEPS } else { 1.0 };
        Self {
            west,
            south,
            step_longitude: step(east - west),
            step_latitude: step(north - south),
        }
    }

    fn code(&self, longitude: f64, latitude: f64) -> u32 {
        let x = steps((longitude - self.west) / self.step_longitude);
        let y = steps((latitude - self.south) / self.step_latitude);
        spread(x) | spread(y) << 1
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits"
)]
fn steps(value: f64) -> u32 {
    value.round().clamp(0.0, STEPS) as u32
}

/// The 16 bits of a number moved to the even places.
fn spread(value: u32) -> u32 {
    let mut bits = value & 0xffff;
    bits = (bits | bits << 8) & 0x00ff_00ff;
    bits = (bits | bits << 4) & 0x0f0f_0f0f;
    bits = (bits | bits << 2) & 0x3333_3333;
    (bits | bits << 1) & 0x5555_5555
}

struct Columns<'a> {
    kinds: Vec<&'a str>,
    regions: Vec<&'a str>,
    sites: usize,
    body: Vec<u8>,
}

/// Differences of the codes in four planes of bytes, then kinds, then regions in two planes.
fn columns<'a>(directory: &'a Directory, by_code: &[(u32, u32)]) -> Columns<'a> {
    let sites = directory.sites();
    let of = |at: u32| usize::try_from(at).ok().and_then(|at| sites.get(at));
    let kinds: BTreeSet<&str> = sites.iter().map(|site| site.kind.as_str()).collect();
    let regions: BTreeSet<&str> = sites
        .iter()
        .filter_map(|site| site.region.as_deref())
        .collect();
    let kind_of: HashMap<&str, u8> = kinds.iter().copied().zip(0..=u8::MAX).collect();
    // 0: no region is known.
    let region_of: HashMap<&str, u16> = regions.iter().copied().zip(1..=u16::MAX).collect();
    let mut planes: [Vec<u8>; 7] = Default::default();
    let mut before = 0;
    for (code, at) in by_code {
        let difference = (code - before).to_le_bytes();
        before = *code;
        let site = of(*at);
        let kind = site.and_then(|site| kind_of.get(site.kind.as_str()));
        let region = site
            .and_then(|site| site.region.as_deref())
            .and_then(|region| region_of.get(region));
        let row = difference
            .into_iter()
            .chain([kind.copied().unwrap_or(u8::MAX)])
            .chain(region.copied().unwrap_or(0).to_le_bytes());
        for (plane, byte) in planes.iter_mut().zip(row) {
            plane.push(byte);
        }
    }
    Columns {
        kinds: kinds.into_iter().collect(),
        regions: regions.into_iter().collect(),
        sites: by_code.len(),
        body: planes.concat(),
    }
}

impl Columns<'_> {
    fn header<'a>(&'a self, version: &'a str, grid: &Grid, marks: Marks) -> Header<'a> {
        Header {
            version,
            sites: self.sites,
            west: grid.west,
            south: grid.south,
            step_longitude: grid.step_longitude,
            step_latitude: grid.step_latitude,
            kinds: self.kinds.clone(),
            regions: self.regions.clone(),
            invented: marks.invented,
            simulated: marks.simulated,
        }
    }

    fn bytes(&self, version: &str, grid: &Grid, marks: Marks) -> Bytes {
        let header = self.header(version, grid, marks);
        // Writing strings and numbers to memory does not fail.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let mut bytes = MAGIC_PLACES.to_vec();
        bytes.extend(length(header.len()));
        bytes.extend(header);
        bytes.extend(&self.body);
        bytes.into()
    }
}

fn length(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::SiteEntry;

    fn site(number: usize, longitude: f64, latitude: f64) -> SiteEntry {
        SiteEntry {
            id: format!("S-{number}"),
            name: None,
            kind: if number.is_multiple_of(2) {
                "school"
            } else {
                "post"
            }
            .to_owned(),
            latitude,
            longitude,
            place: None,
            region: (!number.is_multiple_of(3)).then(|| format!("R{}", number % 3)),
            operator: None,
            invented: false,
            simulated: false,
            agents: 0,
            upload_seconds: None,
            folded: String::new(),
        }
    }

    fn directory(sites: Vec<SiteEntry>) -> Directory {
        Directory::new(sites, Vec::new(), jiff::civil::Date::default(), 1)
    }

    /// What a reader of the format does: longitude, latitude, kind, region of each row.
    fn decode(bytes: &[u8]) -> Vec<(f64, f64, String, Option<String>)> {
        assert_eq!(&bytes[..4], MAGIC_PLACES);
        let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        let count = usize::try_from(header["sites"].as_u64().unwrap()).unwrap();
        let body = &bytes[8 + length..];
        assert_eq!(body.len(), 7 * count);
        let gather = |code: u32| (0..16).fold(0, |sum, bit| sum | ((code >> (2 * bit)) & 1) << bit);
        let number = |name: &str| header[name].as_f64().unwrap();
        let mut code = 0_u32;
        (0..count)
            .map(|row| {
                let plane = |at: usize| body[at * count + row];
                code += u32::from_le_bytes([plane(0), plane(1), plane(2), plane(3)]);
                let region = usize::from(u16::from_le_bytes([plane(5), plane(6)]));
                let named = |list: &str, at: usize| header[list][at].as_str().unwrap().to_owned();
                (
                    number("west") + f64::from(gather(code)) * number("step_longitude"),
                    number("south") + f64::from(gather(code >> 1)) * number("step_latitude"),
                    named("kinds", usize::from(plane(4))),
                    region.checked_sub(1).map(|at| named("regions", at)),
                )
            })
            .collect()
    }

    #[test]
    fn what_is_read_back_is_what_was_there() {
        let mut seed = 7_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24)
        };
        let sites: Vec<SiteEntry> = (0..500)
            .map(|number| site(number, 11.0 + 7.0 * random(), -5.0 + 8.0 * random()))
            .collect();
        let directory = directory(sites);
        let map = SiteMap::of(&directory);
        let states = map.states(|position| u8::try_from(position % 5).unwrap());
        assert_eq!(&states[4..20], map.version.as_bytes());
        for (row, (longitude, latitude, kind, region)) in
            decode(&map.places).into_iter().enumerate()
        {
            let position = map.position(u32::try_from(row).unwrap()).unwrap();
            assert_eq!(map.row(position), Some(u32::try_from(row).unwrap()));
            let site = &directory.sites()[position];
            assert!((site.longitude - longitude).abs() < 7.0 / 65_000.0);
            assert!((site.latitude - latitude).abs() < 8.0 / 65_000.0);
            assert_eq!((&site.kind, &site.region), (&kind, &region));
            assert_eq!(usize::from(states[24 + row]), position % 5);
        }
    }

    #[test]
    fn nothing_and_a_single_point_are_maps_too() {
        assert_eq!(decode(&SiteMap::of(&directory(Vec::new())).places), []);
        let here = directory(vec![site(1, 15.25, -4.25), site(2, 15.25, -4.25)]);
        let rows = decode(&SiteMap::of(&here).places);
        assert!(rows.iter().all(|row| (row.0, row.1) == (15.25, -4.25)));
    }

    #[test]
    fn another_site_at_the_same_place_is_another_version() {
        let version = |number| SiteMap::of(&directory(vec![site(number, 1.0, 2.0)])).version;
        assert_eq!(version(3), version(3));
        assert_ne!(version(3), version(9));
    }
}
