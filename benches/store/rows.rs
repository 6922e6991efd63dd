//! Rows that were never measured, from a fixed seed.

use std::sync::Arc;

use desserte::store::samples::{SampleRow, SeriesKey};
use desserte_domain::observation::Outcome;
use desserte_probe::{
    report::{Family, Kind},
    wire::id::AgentId,
};

use super::source::START_MS;

/// Series of which so many belong to a site.
pub(crate) const OF_SITE: usize = 3;

/// Many series, each with a round trip that wanders.
pub(crate) struct Fleet {
    keys: Vec<Arc<SeriesKey>>,
    random: Vec<u64>,
    rtt_us: Vec<f64>,
}

impl Fleet {
    pub(crate) fn new(series: usize) -> Self {
        let key = |number: usize| {
            let site = number / OF_SITE;
            let mut agent = [0; 16];
            agent[..8].copy_from_slice(&(site as u64 + 1).to_le_bytes());
            Arc::new(SeriesKey {
                site: format!("site-{site:06}"),
                agent: AgentId(agent),
                target: format!("target-{number}"),
                kind: Kind::Icmp,
                slot_seconds: 60,
                line: Some("gateway-00112233445566778899aabbccddeeff-ipv4".into()),
                family: Some(Family::Ipv4),
            })
        };
        Self {
            keys: (0..series).map(key).collect(),
            random: (0..series as u64)
                .map(|n| 0x9e37_79b9_7f4a_7c15 ^ (n + 1))
                .collect(),
            rtt_us: (0..series)
                .map(|n| 20_000.0 + 37.0 * (n % 4_000) as f64)
                .collect(),
        }
    }

    /// The rows of one step, of all series: as they come in.
    pub(crate) fn step(&mut self, number: i64, step_ms: i64) -> Vec<(i64, SampleRow)> {
        (0..self.keys.len())
            .map(|series| self.row(series, number, step_ms))
            .collect()
    }

    /// The rows of some series, one series after the other.
    pub(crate) fn minutes(
        &mut self,
        series: std::ops::Range<usize>,
        (minutes, step_ms): (std::ops::Range<i64>, i64),
    ) -> Vec<(i64, SampleRow)> {
        series
            .flat_map(|series| minutes.clone().map(move |minute| (series, minute)))
            .map(|(series, minute)| self.row(series, minute, step_ms))
            .collect()
    }

    fn random(&mut self, series: usize) -> f64 {
        let state = &mut self.random[series];
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn row(&mut self, series: usize, number: i64, step_ms: i64) -> (i64, SampleRow) {
        let base = self.rtt_us[series];
        let wander = (self.random(series) - 0.5) * 0.02 * base;
        self.rtt_us[series] = (base + wander).clamp(base * 0.9, base * 1.1);
        let (one, other, spread) = (
            self.random(series),
            self.random(series),
            self.random(series),
        );
        let min = (base * (1.0 + one * 0.024)) as u32;
        let median = min + (other * base * 0.05) as u32;
        let max = median + (spread * spread * base * 0.4) as u32;
        let lost = if self.random(series) < 0.005 {
            5
        } else {
            u16::from(self.random(series) < 0.02)
        };
        let there = lost < 5;
        let jitter = (self.random(series) * 40.0) as i64;
        let row = SampleRow {
            series: Arc::clone(&self.keys[series]),
            time_unix_ms: START_MS + number * step_ms + 12_000 + jitter,
            uncertainty_ms: 40,
            sequence: number.unsigned_abs() + 1,
            outcome: if lost == 0 {
                Outcome::Ok
            } else {
                Outcome::Timeout
            },
            sent: 5,
            received: 5 - lost,
            rtt_us_min: there.then_some(min),
            rtt_us_median: there.then_some(median),
            rtt_us_max: there.then_some(max),
            rtt_us_mean_successive_difference: there.then_some((max - min) / 3),
            coarse: false,
            detail: None,
            summary_spacing_ms: None,
        };
        (i64::try_from(series).expect("small"), row)
    }
}
