//! A site's slots, brought up to now: what is read of the store, and no more.

use super::super::judge::Window;
use super::super::long::DAY_MS;
use super::super::test::SiteTest;
use super::super::track::Track;
use crate::app::{App, PLAN_DAYS, SourceError};

/// Held before a new sample at least, milliseconds: a run that unknown slots stretch must be seen
/// whole.
const LOOK_BACK_MS: i64 = 3_600_000;

/// Brings a site's slots up to now and forms anew those in which something arrived.
pub(super) fn follow(
    app: &App,
    site: &str,
    (held, test): (Option<Track>, &SiteTest),
    (arrived, now): (&[(i64, i64)], i64),
) -> Result<Track, SourceError> {
    let horizon = now - PLAN_DAYS * DAY_MS;
    if let Some(mut track) = held.filter(|track| track.test() == test) {
        let start = track.window().start_unix_ms;
        let first = arrived.iter().map(|(from, _)| *from).min();
        if let Some(first) = first.filter(|first| first - margin_ms(test) < start) {
            track.begin_at(settled_before(app, site, test, first)?);
        }
        // While old samples come, what they need stays.
        if arrived.is_empty() && outgrown(&track, now) {
            track.forget_before(settled_before(app, site, test, horizon)?);
        }
        if form(app, site, &mut track, (start, arrived, now))? {
            return Ok(track);
        }
    }
    let mut track = Track::new(test.clone(), settled_before(app, site, test, horizon)?);
    let oldest = arrived.iter().map(|(from, _)| *from).min();
    if let Some(oldest) = oldest.filter(|oldest| *oldest < horizon) {
        track.begin_at(settled_before(app, site, test, oldest)?);
    }
    let nothing_formed = track.window().end_unix_ms();
    if !form(app, site, &mut track, (nothing_formed, &[], now))? {
        tracing::warn!(site, "site {site}: its targets change while they are read");
    }
    Ok(track)
}

/// Whether a site's slots reach back so far that the oldest are to be forgotten.
pub(super) fn outgrown(track: &Track, now: i64) -> bool {
    let horizon = now - PLAN_DAYS * DAY_MS;
    track.window().start_unix_ms < horizon - DAY_MS - margin_ms(track.test())
}

/// Forms the slots before `formed_from`, those in which something arrived, and those that are over since;
/// `false` when everything must be formed.
fn form(
    app: &App,
    site: &str,
    track: &mut Track,
    (formed_from, arrived, now): (i64, &[(i64, i64)], i64),
) -> Result<bool, SourceError> {
    let held = track.window();
    let slot_ms = held.slot_ms;
    let tail = (held.end_unix_ms().max(held.start_unix_ms), now);
    let front = (held.start_unix_ms, formed_from.min(now));
    let mut spans: Vec<(i64, i64)> = [front, tail]
        .into_iter()
        .filter(|(from, to)| from < to)
        .collect();
    for (from, to) in arrived {
        // A slot counts as a whole: the one that holds the end too.
        let to = to + (slot_ms - to.rem_euclid(slot_ms)) % slot_ms;
        spans.push(((*from).max(held.start_unix_ms), to.min(now)));
    }
    spans.sort_unstable();
    let mut formed_to = i64::MIN;
    for (from, to) in spans {
        let window = Window::between(from.max(formed_to), to, track.test().rule.slot_seconds);
        if window.slots == 0 {
            continue;
        }
        let span = (window.start_unix_ms, window.end_unix_ms());
        formed_to = span.1;
        if !track.form(window, &app.source().measured(site, span)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn margin_ms(test: &SiteTest) -> i64 {
    (2 * i64::from(test.longest_run()) * test.rule.slot_ms()).max(LOOK_BACK_MS)
}

/// A time before `from`, and before any outage that reaches up to there: at it the machine surely
/// stands at *available*.
fn settled_before(
    app: &App,
    site: &str,
    test: &SiteTest,
    from_unix_ms: i64,
) -> Result<i64, SourceError> {
    let run_ms = i64::from(test.longest_run()) * test.rule.slot_ms();
    let mut start = from_unix_ms - margin_ms(test);
    loop {
        let touching = app.source().outages_between(site, start - run_ms, start)?;
        let Some(first) = touching.iter().map(|outage| outage.start_unix_ms).min() else {
            return Ok(start);
        };
        start = start.min(first) - run_ms;
    }
}
