//! Response times: a floor by technology and distance, queues by the hour, noise.

use super::Target;
use crate::demo::world::draw::unit;
use crate::demo::world::site::{Site, Technology};

/// Offset of Brazzaville from UTC, minutes.
const LOCAL_MINUTES: i64 = 60;
/// A geostationary satellite is so far: 35,786 km four times, at the speed of light, microseconds.
const SATELLITE_US: u32 = 560_000;
/// To the anchor abroad over the submarine cable and back, microseconds.
const ABROAD_US: u32 = 96_000;
/// What a portal takes to answer, microseconds.
const PORTAL_US: u32 = 38_000;

/// Times of the packets of a minute, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) min: u32,
    pub(super) median: u32,
    pub(super) max: u32,
    /// Mean absolute difference of successive times; needs two.
    pub(super) difference: Option<u32>,
}

impl Times {
    /// Times of so many packets; `None` when there is none.
    pub(super) fn of(received: u16, time: impl Fn(u16) -> u32) -> Option<Self> {
        let mut times = [0_u32; 8];
        let count = usize::from(received).min(times.len());
        let times = times.get_mut(..count)?;
        for (packet, slot) in (0_u16..).zip(times.iter_mut()) {
            *slot = time(packet);
        }
        let steps = times.windows(2).filter_map(|pair| match pair {
            [one, next] => Some(one.abs_diff(*next)),
            _ => None,
        });
        let sum: u32 = steps.fold(0, u32::saturating_add);
        let pairs = u32::from(received).checked_sub(1)?;
        times.sort_unstable();
        // Nearest rank: the upper of an odd number's halves.
        let median = *times.get(count.div_ceil(2).checked_sub(1)?)?;
        Some(Self {
            min: *times.first()?,
            median,
            max: *times.last()?,
            difference: sum.checked_div(pairs),
        })
    }
}

/// Share of packets of a minute of which one is lost though nothing fails.
pub(super) fn loss(site: &Site) -> f64 {
    match site.technology {
        Technology::Fibre => 0.0004,
        Technology::Microwave => 0.002,
        Technology::Mobile => 0.012,
        Technology::Satellite => 0.02,
    }
}

/// The response time of one packet, microseconds.
pub(super) fn response(site: &Site, target: Target, minute: i64, drawn: u64) -> u32 {
    let (floor, queue) = line(site);
    let way = match target {
        Target::National | Target::Rate => 0,
        Target::International => ABROAD_US,
        Target::OtherAbroad => ABROAD_US + 14_000,
        Target::Portal => PORTAL_US + 2 * floor,
    };
    // An exponential tail, cut at five times its mean.
    let noise = (-(1.0 - unit(drawn)).ln()).min(5.0);
    let waiting = f64::from(queue) * (0.06 + load(site, minute)) * noise;
    floor.saturating_add(way).saturating_add(whole(waiting))
}

/// Floor of the national way and mean of its queue at full load, microseconds.
fn line(site: &Site) -> (u32, u32) {
    let own = site.number.wrapping_mul(2_654_435_761) >> 20;
    match site.technology {
        Technology::Fibre => (2_400 + own, 3_000),
        Technology::Microwave => (8_500 + 2 * own, 9_000),
        Technology::Mobile => (31_000 + 4 * own, 45_000),
        Technology::Satellite => (SATELLITE_US + 9 * own, 60_000),
    }
}

/// Load of a line, 0 to 1: office hours, a smaller hump in the evening, weekends at half.
pub(super) fn load(site: &Site, minute: i64) -> f64 {
    let local = minute + LOCAL_MINUTES;
    let hour = unsigned(local.rem_euclid(1_440)) / 60.0;
    let hump = |middle: f64, width: f64| (-((hour - middle) / width).powi(2)).exp();
    let workday = !matches!((local.div_euclid(1_440) + 4).rem_euclid(7), 0 | 6);
    let office = hump(10.5, 2.0) + 0.9 * hump(15.0, 1.8);
    let share = if workday { office } else { 0.5 * office };
    let busy = 0.6 + f64::from(site.number % 5) / 10.0;
    (share + 0.4 * hump(20.5, 1.5)) * busy
}

fn unsigned(value: i64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(0))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "microseconds of a packet, at most some seconds; not negative by construction"
)]
fn whole(microseconds: f64) -> u32 {
    microseconds as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ascend_and_one_packet_has_no_difference() {
        let times = Times::of(5, |packet| [50, 10, 40, 20, 30][usize::from(packet)]).unwrap();
        assert_eq!((times.min, times.median, times.max), (10, 30, 50));
        assert_eq!(times.difference, Some((40 + 30 + 20 + 10) / 4));
        assert_eq!(Times::of(1, |_| 7).unwrap().difference, None);
        assert_eq!(Times::of(0, |_| 7), None);
    }
}
