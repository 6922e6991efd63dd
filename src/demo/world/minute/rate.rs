//! Throughput of a line: what its technology carries, less what the site itself uses at that hour.

use desserte_probe::report::Detail;

use super::RATE_BYTES_MAX;
use super::rtt::load;
use crate::demo::world::draw::unit;
use crate::demo::world::site::{Site, Technology};

/// Seconds that a direction is measured.
const SECONDS: u64 = 10;

/// What a test finds; two drawn numbers are its luck in each direction.
pub(super) fn measured(site: &Site, minute: i64, down: u64, up: u64) -> Detail {
    let (download, upload) = line(site.technology);
    let free = 1.0 - 0.45 * load(site, minute).min(1.0);
    let rate = |kbps: u32, luck: u64| bits(f64::from(kbps) * free * (0.85 + 0.3 * unit(luck)));
    let (download, upload) = (rate(download, down), rate(upload, up));
    let cost = |rate: u64| (rate * SECONDS / 8).min(RATE_BYTES_MAX);
    Detail::Throughput {
        download_bits_per_second: Some(download),
        upload_bits_per_second: Some(upload),
        bytes: cost(download) + cost(upload),
    }
}

/// Rates of an idle line, kbit/s.
fn line(technology: Technology) -> (u32, u32) {
    match technology {
        Technology::Fibre => (24_000, 12_000),
        Technology::Microwave => (13_000, 5_000),
        Technology::Mobile => (8_500, 2_600),
        Technology::Satellite => (5_200, 1_100),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some megabits a second; not negative by construction"
)]
fn bits(kilobits: f64) -> u64 {
    (kilobits * 1_000.0) as u64
}
