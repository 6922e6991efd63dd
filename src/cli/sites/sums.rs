//! What was measured at sites, in sums: the days of one, the month of all. Read from the sums that the
//! embedded store keeps of each day, so a country takes a second.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::known_site;
use crate::api::time::parse_month;
use crate::cli::output::Output;
use crate::cli::words::not_a_month;
use crate::cli::{Data, Failure, Outcome, now_unix_ms, registry};
use crate::collector::samples_reading;
use crate::store::embedded::Day;
use crate::store::samples::{DaySums, SampleStore as _, SeriesFilter, SeriesKey};

#[derive(Debug, Args)]
pub(in crate::cli) struct Days {
    /// The site.
    id: String,
    /// The first day, yyyy-mm-dd; the last 366 days when left out.
    #[arg(long, value_name = "DATE")]
    from: Option<jiff::civil::Date>,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct DayRow {
    day: String,
    target: String,
    line: Option<String>,
    samples: u64,
    samples_without_answer: u64,
    sent: u64,
    received: u64,
    rtt_us_median: Option<u64>,
    rtt_us_p95: Option<u64>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Month {
    /// The month, yyyy-mm.
    #[arg(value_name = "MONTH")]
    wanted: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct MonthRow {
    site: String,
    series: u64,
    samples: u64,
    samples_without_answer: u64,
    sent: u64,
    received: u64,
    /// Packets and requests answered, of those sent; `None` when none was.
    answered_share: Option<f64>,
}

impl Month {
    pub(in crate::cli) fn run(&self) -> Outcome {
        let refused = || Failure::Input(not_a_month(&self.wanted));
        let (year, month) = parse_month(&self.wanted).map_err(|_| refused())?;
        let start = jiff::civil::Date::new(year, month, 1).map_err(|_| refused())?;
        let days = (day_number(start), day_number(start.last_of_month()) + 1);
        let store = samples_reading(&self.data.data).map_err(Failure::failed)?;
        let all = SeriesFilter::default();
        let sums = store.sums(all, days).map_err(Failure::failed)?;
        let sites: BTreeMap<_, _> = store
            .series(all)
            .map_err(Failure::failed)?
            .into_iter()
            .map(|series| (series.id, series.key.site))
            .collect();
        let mut found: BTreeMap<&str, (u64, DaySums)> = BTreeMap::new();
        for (series, sums) in &sums {
            if let Some(site) = sites.get(series) {
                let held = found.entry(site).or_default();
                held.0 += 1;
                held.1.add(*sums);
            }
        }
        let rows: Vec<MonthRow> = found
            .into_iter()
            .map(|(site, (series, sums))| month_row(site, series, sums))
            .collect();
        self.output.list(&rows)
    }
}

fn month_row(site: &str, series: u64, sums: DaySums) -> MonthRow {
    #[expect(clippy::cast_precision_loss, reason = "a share to six digits")]
    let share =
        (sums.sent > 0).then(|| (sums.received as f64 / sums.sent as f64 * 1e6).round() / 1e6);
    MonthRow {
        site: site.to_owned(),
        series,
        samples: sums.samples,
        samples_without_answer: sums.silent,
        sent: sums.sent,
        received: sums.received,
        answered_share: share,
    }
}

/// Days since 1970-01-01; every date of the calendar has a midnight in UTC.
fn day_number(date: jiff::civil::Date) -> i64 {
    date.to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(0, |midnight| {
            midnight.timestamp().as_second().div_euclid(86_400)
        })
}

impl Days {
    pub(in crate::cli) fn run(&self) -> Outcome {
        const YEAR: i64 = 366;
        let id = known_site(&registry(&self.data)?, &self.id)?;
        let today = now_unix_ms().div_euclid(86_400_000);
        let first = self.from.map_or(today - YEAR, day_number);
        let store = samples_reading(&self.data.data).map_err(Failure::failed)?;
        let filter = SeriesFilter {
            site: Some(&id),
            target: None,
        };
        let mut rows = Vec::new();
        for series in store.series(filter).map_err(Failure::failed)? {
            for day in store
                .days(series.id, (first, today + 1))
                .map_err(Failure::failed)?
            {
                rows.push(day_row(&series.key, &day));
            }
        }
        self.output.list(&rows)
    }
}

fn day_row(key: &SeriesKey, day: &Day) -> DayRow {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "response times are positive and below an hour"
    )]
    let whole = |us: Option<f64>| us.map(|us| us.round() as u64);
    DayRow {
        day: jiff::Timestamp::from_second(day.day.saturating_mul(86_400))
            .unwrap_or_default()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date()
            .to_string(),
        target: key.target.clone(),
        line: key.line.clone(),
        samples: day.sums.samples,
        samples_without_answer: day.sums.silent,
        sent: day.sums.sent,
        received: day.sums.received,
        rtt_us_median: whole(day.rtt_us_median),
        rtt_us_p95: whole(day.rtt_us_p95),
    }
}
