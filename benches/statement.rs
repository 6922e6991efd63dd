#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measuring program: it stops where something fails, and its figures are approximate"
)]
//! A statement of many sites for a month, from the store, beside the plainest exact recomputation of the
//! same figures in the same run: they must be equal. `make bench-statement`, or
//! `cargo bench --bench statement -- SITES`.
//!
//! The samples are invented, from a fixed seed: a round trip that wanders, some lost packets, gaps, and
//! outages of some minutes to some hours.

#[path = "statement/naive.rs"]
mod naive;

use std::path::Path;
use std::sync::Arc;

use desserte::app::Source;
use desserte::registry::{Decision, NewSite, Registry};
use desserte::statement::StatementDocument;
use desserte::store::embedded::EmbeddedStore;
use desserte::store::samples::{Filling, SampleRow, SampleStore, SeriesFilter, SeriesKey};
use desserte_domain::agreement::Agreement;
use desserte_domain::observation::Outcome;
use desserte_probe::clock::{Clock, ManualClock, SystemClock};
use desserte_probe::report::Kind;
use desserte_probe::wire::id::AgentId;
use serde_json::json;

/// 2026-06-01 00:00 UTC.
const START_MS: i64 = 1_780_272_000_000;
const DAY_MS: i64 = 86_400_000;
const DAYS: i64 = 30;
const SLOTS: usize = 43_200;
/// Each figure is the median of so many runs.
const TIMES: usize = 3;
/// Sites of one filling of the store: a day of them stays below its limit.
const SITES_AT_ONCE: usize = 30;
/// Seconds in which a statement of 1,000 sites shall be there.
const GOAL_SECONDS: f64 = 30.0;

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let sites: usize = numbers.next_back().unwrap_or(1_000);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
    println!("{sites} sites, one target, a month of minutes");
    let store = fill(&folder.path().join("samples"), sites);
    let registry = Registry::in_memory().expect("registry");
    let terms = agree(&registry, sites);
    let now = START_MS + (DAYS + 1) * DAY_MS;
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(now, 5_000));
    let source = Source::of(registry, Arc::clone(&store), clock);

    let mut document = None;
    let (wall, cpu) = median(|| {
        let made = source.statement(&terms, (2026, 6)).expect("read");
        document = Some(made.expect("figures"));
    });
    let document = document.expect("a statement");
    let mut plain = Vec::new();
    let (plain_wall, plain_cpu) = median(|| plain = recompute(store.as_ref(), now));
    compare(&document, &plain);
    let (canonical, _) = median(|| {
        document.canonical().expect("text");
    });
    let samples = (sites * SLOTS) as f64;
    println!("figures equal at all {sites} sites");
    print(&[
        (
            "statement, from the store",
            "s",
            wall,
            Some(plain_wall),
            Some(GOAL_SECONDS * sites as f64 / 1_000.0),
        ),
        ("statement, processor time", "s", cpu, Some(plain_cpu), None),
        (
            "samples a second and processor",
            "samples/s",
            samples / cpu,
            Some(samples / plain_cpu),
            None,
        ),
        ("canonical text", "s", canonical, None, None),
    ]);
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // Xorshift (G. Marsaglia, 2003): the same samples on every machine.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// The state of a site's line as its samples are made.
struct Line {
    random: Random,
    series: Arc<SeriesKey>,
    rtt_us: i64,
    /// Minutes still to come of an outage, or of a gap.
    down: u64,
    silent: u64,
}

impl Line {
    fn minute(&mut self, minute: i64) -> Option<SampleRow> {
        self.rtt_us =
            (self.rtt_us + self.random.below(801).cast_signed() - 400).clamp(2_000, 400_000);
        if self.down == 0 && self.random.below(6_000) == 0 {
            self.down = 3 + self.random.below(240);
        }
        if self.silent == 0 && self.random.below(8_000) == 0 {
            self.silent = 1 + self.random.below(120);
        }
        let (down, silent) = (self.down > 0, self.silent > 0);
        self.down = self.down.saturating_sub(1);
        self.silent = self.silent.saturating_sub(1);
        if silent {
            return None;
        }
        let lost = if self.random.below(200) == 0 {
            1 + self.random.below(2)
        } else {
            0
        };
        let received = if down { 0 } else { 5 - lost as u16 };
        let rtt = (received > 0).then_some(self.rtt_us as u32);
        Some(SampleRow {
            series: Arc::clone(&self.series),
            time_unix_ms: START_MS + minute * 60_000 + 15_000,
            uncertainty_ms: 20,
            sequence: minute as u64,
            outcome: if down { Outcome::Timeout } else { Outcome::Ok },
            sent: 5,
            received,
            rtt_us_min: rtt,
            rtt_us_median: rtt,
            rtt_us_max: rtt,
            rtt_us_mean_successive_difference: None,
            coarse: false,
            detail: None,
            summary_spacing_ms: None,
        })
    }
}

fn name(site: usize) -> String {
    format!("site-{site:05}")
}

fn fill(folder: &Path, sites: usize) -> Arc<dyn SampleStore> {
    let store = EmbeddedStore::open(folder).expect("store");
    let mut lines: Vec<Line> = (0..sites)
        .map(|site| Line {
            random: Random(0x9E37_79B9_7F4A_7C15 ^ (site as u64 + 1)),
            series: Arc::new(SeriesKey {
                site: name(site),
                agent: AgentId([1; 16]),
                target: "anchor".to_owned(),
                kind: Kind::Icmp,
                slot_seconds: 60,
                line: None,
                family: None,
            }),
            rtt_us: 20_000 + i64::try_from(site % 100).expect("below 100") * 1_000,
            down: 0,
            silent: 0,
        })
        .collect();
    let mut position = 0;
    for day in 0..DAYS {
        for some in lines.chunks_mut(SITES_AT_ONCE) {
            let minutes = day * 1_440..(day + 1) * 1_440;
            let samples = some
                .iter_mut()
                .flat_map(|line| {
                    minutes
                        .clone()
                        .filter_map(|at| line.minute(at))
                        .collect::<Vec<_>>()
                })
                .collect();
            position += 1;
            let filling = Filling {
                position,
                samples,
                ..Filling::default()
            };
            store.put(&filling).expect("put");
        }
    }
    // Two good slots' worth of look-ahead are not needed: the line is good after the month.
    let samples = lines
        .iter_mut()
        .flat_map(|line| {
            (line.down, line.silent) = (0, 0);
            let end = DAYS * 1_440;
            let minutes = end..end + 20;
            let after: Vec<SampleRow> = minutes.filter_map(|at| good(line, at)).collect();
            after
        })
        .collect();
    store
        .put(&Filling {
            position: position + 1,
            samples,
            ..Filling::default()
        })
        .expect("put");
    drop(store);
    Arc::new(EmbeddedStore::open(folder).expect("reopen"))
}

/// A minute after the month, without any loss.
fn good(line: &mut Line, minute: i64) -> Option<SampleRow> {
    let mut row = line.minute(minute)?;
    (line.down, line.silent) = (0, 0);
    (row.received, row.outcome) = (row.sent, Outcome::Ok);
    Some(row)
}

fn agree(registry: &Registry, sites: usize) -> Agreement {
    let all: Vec<NewSite> = (0..sites)
        .map(|site| NewSite {
            id: name(site),
            kind: "school".into(),
            ..NewSite::default()
        })
        .collect();
    for some in all.chunks(500) {
        registry
            .upsert_sites(some, "bench", START_MS)
            .expect("sites");
    }
    let named: Vec<String> = (0..sites)
        .map(|site| format!("\"{}\"", name(site)))
        .collect();
    let text = format!(
        "id = 'bench'\nversion = 1\ntitle = 'Bench'\nvalid_from = '2026-06-01'\ntime_zone = 'UTC'\n\
         sites = [{}]\nparties = {{ customer = 'M', contractor = 'O' }}\n\
         objective = {{ availability_percent = '99.5', minimum_measured_share = '0.9', \
         latency = {{ statistic = {{ percentile = '0.95' }}, at_most_us = 100000 }} }}\n\
         repair = {{ restore_within_minutes = 240 }}\n\
         money = {{ currency = 'XAF', monthly_fee = '300000', cap_percent = '50', credits = \
         [{{ rule = 'per_hour_beyond_target', credit_percent = '5' }}] }}\n\
         [test]\ntargets = ['anchor']\n\
         [[target]]\nid = 'anchor'\nmeasure = {{ icmp = {{ host = '192.0.2.1', packets = 5, \
         payload_bytes = 0, timeout_ms = 2000 }} }}\n",
        named.join(", ")
    );
    let decision = Decision {
        author: "bench",
        at_unix_ms: START_MS,
        reason: "bench",
    };
    registry.put_agreement(&text, decision).expect("agreement")
}

fn recompute(store: &dyn SampleStore, now: i64) -> Vec<(String, naive::Plain)> {
    let mut found: Vec<_> = store
        .series(SeriesFilter::default())
        .expect("series")
        .into_iter()
        .map(|series| {
            let block = store.scan(series.id, START_MS, now).expect("scan");
            let observations = block.observations(None);
            (
                series.key.site.clone(),
                naive::month(&observations, START_MS, SLOTS),
            )
        })
        .collect();
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

/// Every figure that both have, at every site.
fn compare(document: &StatementDocument, plain: &[(String, naive::Plain)]) {
    assert_eq!(document.sites.len(), plain.len());
    for (site, (name, plain)) in document.sites.iter().zip(plain) {
        let latency = site.latency.as_ref().expect("latency");
        let lost = &site.loss.as_ref().expect("loss").lost;
        let ours = naive::Plain {
            unknown: site.unknown_slots,
            down: site.down_slots,
            up: site.up_slots,
            outages: site.outage_count,
            rtt_us: [latency.rtt_us_p50, latency.rtt_us_p95, latency.rtt_us_p99],
            lost: (lost.numerator, lost.denominator),
        };
        assert_eq!((&site.site, &ours), (name, plain));
    }
}

/// Wall and processor seconds of this process, the median of some runs.
fn median(mut work: impl FnMut()) -> (f64, f64) {
    let processor = || {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
    };
    let (mut walls, mut processors) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let (wall, cpu) = (SystemClock.monotonic(), processor());
        work();
        walls.push(SystemClock.monotonic().saturating_sub(wall).as_secs_f64());
        processors.push(processor() - cpu);
    }
    walls.sort_by(f64::total_cmp);
    processors.sort_by(f64::total_cmp);
    (walls[TIMES / 2], processors[TIMES / 2])
}

type Row<'a> = (&'a str, &'a str, f64, Option<f64>, Option<f64>);

fn print(rows: &[Row<'_>]) {
    let number = |value: Option<f64>| {
        value.map_or_else(
            || "-".to_owned(),
            |value| {
                if value >= 1_000.0 {
                    format!("{value:.0}")
                } else {
                    format!("{value:.3}")
                }
            },
        )
    };
    println!(
        "{:<36}{:>14}{:>14}{:>14}  unit",
        "", "ours", "plainest", "goal"
    );
    for (name, unit, ours, plain, goal) in rows {
        let (ours, plain, goal) = (number(Some(*ours)), number(*plain), number(*goal));
        println!("{name:<36}{ours:>14}{plain:>14}{goal:>14}  {unit}");
    }
    let date = jiff::Timestamp::from_millisecond(SystemClock.unix_ms())
        .expect("date")
        .to_string();
    let cpu = cpu();
    let all: Vec<_> = rows
        .iter()
        .map(|(name, unit, ours, plain, goal)| json!({
            "figure": name, "unit": unit, "ours": ours,
            "peer": plain.map(|_| "plainest exact recomputation, same run"), "peer_value": plain,
            "goal": goal, "cpu": cpu, "date": date,
        }))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder).expect("folder");
    let bytes = serde_json::to_vec_pretty(&all).expect("json");
    std::fs::write(folder.join("statement.json"), bytes).expect("write");
    println!("target/bench/statement.json");
}

/// Model, cores and memory.
fn cpu() -> String {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split(':').nth(1));
        value.unwrap_or_default().trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} cores, {}",
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal")
    )
}
