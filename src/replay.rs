//! Recorded reports run through time, slots and outages in virtual time: what an agreement would
//! have said of them.
//!
//! Input: files `*.jsonl` of a folder, each line `{"received_at": RFC 3339, "report": wire JSON}`,
//! with `"site"` where the agreement covers several. Reports are taken in the order of `received_at`,
//! which is the only clock: the present is when the last one came.

mod result;
mod samples;
mod time;

use std::collections::{BTreeMap, HashMap, HashSet};

use desserte_domain::agreement::Agreement;
use desserte_domain::identity::{Settled, settle};
use desserte_domain::machine::Availability;
use desserte_probe::report::{self, Report};
use desserte_probe::wire::id::{AgentId, BootId};
use serde::Deserialize;

use crate::api::model::Month;
use crate::api::outage_shown;
use crate::app::Directory;
use crate::assess::months::{MonthError, MonthRequest};
use crate::assess::{EvidenceRow, SiteTest, Window, judge};
use crate::config::Sites;
use crate::ingest::{Rows, rows};
use crate::live::SiteOutage;
use crate::registry::{AgreementDocument, Anchor, Assignment, anchors_of, line_key};
use crate::statement::{FIRST_REVISION, site_month};
use crate::store::samples::SampleRow;
use result::slot_runs;
pub use result::{RefusedReport, Replayed, SiteReplay, SlotRun};
use time::{Mapped, Times};

/// Longest line of a recording, bytes: a report of the wire's decoded limit.
pub const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most reports of a recording: a month of some hundred agents.
pub const REPORTS_MAX: usize = 1_000_000;
/// A sample that lies further in the future than this is refused, milliseconds.
const FUTURE_MS_MAX: i64 = 60_000;

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A line cannot be used.
    #[error("{file}: line {line}: {reason}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// There is nothing to replay.
    #[error("no report in the recording")]
    Empty,
    /// More reports than are taken.
    #[error("more than {REPORTS_MAX} reports")]
    TooMany,
    /// The figures.
    #[error("{site}: {source}")]
    Figures {
        /// The site.
        site: String,
        /// Why.
        source: MonthError,
    },
}

/// One line of a recording.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    received_at: String,
    report: Report,
    #[serde(default)]
    site: Option<String>,
}

/// A report on its way.
#[derive(Debug, Clone)]
struct Received {
    at_unix_ms: i64,
    site: String,
    report: Report,
    file: String,
    line: usize,
}

/// Replays a recording, given as pairs of file name and content. Anchors are those that the
/// agreement's text defines.
pub fn replay(
    files: &[(String, String)],
    document: &AgreementDocument,
    month: (i16, i8),
) -> Result<Replayed, ReplayError> {
    let agreement = &document.agreement;
    let mut received = Vec::new();
    for (file, content) in files {
        read(file, content, agreement, &mut received)?;
        if received.len() > REPORTS_MAX {
            return Err(ReplayError::TooMany);
        }
    }
    received.sort_by_key(|one| one.at_unix_ms);
    let now = received.last().ok_or(ReplayError::Empty)?.at_unix_ms;
    let mut intake = Intake {
        anchors: anchors_of(&document.targets),
        ..Intake::default()
    };
    for one in &received {
        intake.take(one);
    }
    let request = MonthRequest {
        agreement,
        month,
        now_unix_ms: now,
    };
    let sites = agreement
        .sites
        .iter()
        .map(|site| intake.site(site, &request))
        .collect::<Result<_, _>>()?;
    Ok(Replayed {
        agreement: agreement.id.clone(),
        month: format!("{:04}-{:02}", month.0, month.1),
        sites,
        refused: intake.refused,
        without_time: intake.times.waiting(),
    })
}

fn read(
    file: &str,
    content: &str,
    agreement: &Agreement,
    received: &mut Vec<Received>,
) -> Result<(), ReplayError> {
    for (number, line) in content.lines().enumerate() {
        let refused = |reason: String| ReplayError::Line {
            file: file.to_owned(),
            line: number + 1,
            reason,
        };
        if line.trim().is_empty() {
            continue;
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(refused(format!("longer than {LINE_BYTES_MAX} bytes")));
        }
        let recorded: Recorded =
            serde_json::from_str(line).map_err(|error| refused(error.to_string()))?;
        let at: jiff::Timestamp = recorded
            .received_at
            .parse()
            .map_err(|_| refused("received_at: not a time of RFC 3339".to_owned()))?;
        let site = match (recorded.site, agreement.sites.as_slice()) {
            (Some(site), sites) if sites.contains(&site) => site,
            (None, [only]) => only.clone(),
            (Some(site), _) => {
                return Err(refused(format!(
                    "site: {site:?} is not one of the agreement's"
                )));
            }
            (None, _) => {
                return Err(refused(
                    "site: the agreement covers several; name one".to_owned(),
                ));
            }
        };
        received.push(Received {
            at_unix_ms: at.as_millisecond(),
            site,
            report: recorded.report,
            file: file.to_owned(),
            line: number + 1,
        });
    }
    Ok(())
}

/// What was taken so far.
#[derive(Debug, Default)]
struct Intake {
    /// Where the anchors lie.
    anchors: HashMap<String, Anchor>,
    times: Times<Received>,
    /// Digest of every entry taken: the first one of an identity is kept.
    entries: HashMap<(AgentId, BootId, u64), u64>,
    /// Lines of each agent's first report: enrolment vouches for them.
    confirmed: HashMap<AgentId, HashSet<String>>,
    samples: Vec<(SampleRow, bool)>,
    evidence: Vec<(String, EvidenceRow)>,
    received: BTreeMap<String, Vec<i64>>,
    refused: Vec<RefusedReport>,
}

impl Intake {
    fn take(&mut self, one: &Received) {
        if let Err(problem) = report::validate(&one.report) {
            return self.refuse(one, "invalid_report", problem.to_string());
        }
        let lines = one.report.lines.iter().map(line_key);
        self.confirmed
            .entry(one.report.agent)
            .or_insert_with(|| lines.collect());
        self.received
            .entry(one.site.clone())
            .or_default()
            .push(one.at_unix_ms);
        let key = (one.report.agent, one.report.boot);
        for mapped in self
            .times
            .learn(key, &one.report.time_exchanges, one.clone())
        {
            self.expand(&mapped);
        }
    }

    fn refuse(&mut self, one: &Received, code: &'static str, reason: String) {
        self.refused.push(RefusedReport {
            file: one.file.clone(),
            line: one.line,
            code,
            reason,
        });
    }

    /// Turns a report whose time is known into rows.
    fn expand(&mut self, mapped: &Mapped<Received>) {
        let one = &mapped.what;
        let owned = match self.own(&one.report) {
            Ok(owned) => owned,
            Err(sequence) => {
                let reason = format!("entry {sequence} was there before with another content");
                return self.refuse(one, "sequence_conflict", reason);
            }
        };
        let assignments = [Assignment {
            site: one.site.clone(),
            valid_from_unix_ms: i64::MIN,
            valid_to_unix_ms: None,
        }];
        let batch = time::journaled(&one.report, one.at_unix_ms);
        match rows(&batch, &one.report, &mapped.map, &assignments, &owned) {
            Ok(rows) if latest(&rows) > one.at_unix_ms + FUTURE_MS_MAX => {
                self.refuse(
                    one,
                    "future_dated",
                    "measured after it was received".to_owned(),
                );
            }
            Ok(rows) => self.keep(one, rows),
            Err(error) => self.refuse(one, "invalid_report", error.to_string()),
        }
    }

    /// Sequence numbers that are new; the number of an entry that was there with another content.
    fn own(&mut self, report: &Report) -> Result<HashSet<u64>, u64> {
        let mut owned = HashSet::new();
        for entry in &report.entries {
            let key = (report.agent, report.boot, entry.sequence);
            let digest = time::digest(entry);
            match settle(self.entries.get(&key), &digest) {
                Settled::Same => {}
                Settled::Conflict => return Err(entry.sequence),
                Settled::New => {
                    owned.insert(entry.sequence);
                }
            }
        }
        for entry in report
            .entries
            .iter()
            .filter(|one| owned.contains(&one.sequence))
        {
            let key = (report.agent, report.boot, entry.sequence);
            self.entries.insert(key, time::digest(entry));
        }
        Ok(owned)
    }

    fn keep(&mut self, one: &Received, rows: Rows) {
        let vouched = self.confirmed.get(&one.report.agent);
        for sample in rows.samples {
            let confirmed = match &sample.series.line {
                Some(line) => vouched.is_some_and(|lines| lines.contains(line)),
                None => true,
            };
            self.samples.push((sample, confirmed));
        }
        self.evidence.extend(rows.evidence.into_iter().map(|row| {
            let seen = EvidenceRow {
                at_unix_ms: row.time_unix_ms,
                agent: row.agent.to_string(),
                boot: row.boot.to_string(),
                line: row.line,
                fact: row.fact,
            };
            (row.site, seen)
        }));
    }

    fn site(&self, site: &str, request: &MonthRequest<'_>) -> Result<SiteReplay, ReplayError> {
        let failed = |source| ReplayError::Figures {
            site: site.to_owned(),
            source,
        };
        let samples = self.samples_of(site);
        let result = request.figures(&samples, &[]).map_err(failed)?;
        let test = SiteTest::of(request.agreement);
        let (from, _) = request.span().map_err(failed)?;
        let window = Window::between(from, result.period.end_unix_ms, test.rule.slot_seconds);
        let judgement = judge(&test, &samples, window, Availability::Available);
        let found = judgement.outages.iter().zip(&judgement.agents);
        let in_period = found.filter(|(outage, _)| {
            outage
                .end_unix_ms
                .is_none_or(|end| end > result.period.start_unix_ms)
        });
        let outages = in_period
            .map(|(outage, agent)| {
                let outage = SiteOutage {
                    id: outage.start_unix_ms,
                    site: site.to_owned(),
                    start_unix_ms: outage.start_unix_ms,
                    end_unix_ms: outage.end_unix_ms,
                    slot_seconds: test.rule.slot_seconds,
                    down_slots: outage.down_slots,
                    verdict: outage.cause.clone(),
                    agent: agent.map(|agent| agent.to_string()),
                };
                outage_shown(&Directory::default(), &Sites::default(), &outage)
            })
            .collect();
        Ok(SiteReplay {
            site: site.to_owned(),
            slots: slot_runs(&test, &samples, &result),
            outages,
            figures: Month {
                simulated: false,
                figures: site_month(
                    site,
                    request.agreement,
                    (request.month, FIRST_REVISION),
                    &result,
                ),
            },
        })
    }
}

fn latest(rows: &Rows) -> i64 {
    rows.samples
        .iter()
        .map(|row| row.time_unix_ms)
        .max()
        .unwrap_or(i64::MIN)
}
