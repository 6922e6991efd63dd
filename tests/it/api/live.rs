//! Live states and the changes that readers are told of, as the assessment keeps them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use desserte::app::OutageFilter;
use desserte::assess::worker::Worker;
use desserte::live::{Change, SiteLive, SiteOutage};
use desserte::registry::{Decision, ExclusionChange, NewExclusion};
use desserte_domain::cause::{Cause, Verdict};
use desserte_domain::exclusion::ExclusionKind;
use desserte_domain::live::SiteState;

use super::app::{AGREEMENT, NOW_MS, SITE, SLOT_MS, TestApp, decision};

/// The worker of an app, after its start, when it has looked at everything that is stored.
fn worker(test: &TestApp) -> Worker {
    let mut worker = Worker::new(Arc::clone(&test.app));
    worker.start();
    worker.look_at_due(usize::MAX);
    pass(&mut worker);
    worker
}

/// A tick, and the looks that it asks for.
fn pass(worker: &mut Worker) {
    worker.tick();
    worker.look_at_due(usize::MAX);
}

/// An exclusion of the site, asked for and approved.
fn exclude(test: &TestApp, (from_unix_ms, to_unix_ms): (i64, i64)) {
    let registry = test.app.source().registry();
    let new = NewExclusion {
        agreement: "lot-1".to_owned(),
        site: Some(SITE.to_owned()),
        from_unix_ms,
        to_unix_ms,
        class: "maintenance".to_owned(),
        kind: ExclusionKind::PlannedWorks,
        requested_by: "A".to_owned(),
    };
    let now = Decision {
        at_unix_ms: NOW_MS,
        ..decision("works")
    };
    let id = registry.add_exclusion(&new, now).unwrap();
    registry
        .change_exclusion(("lot-1", id), ExclusionChange::Approve, "B", now)
        .unwrap();
}

#[tokio::test]
async fn a_site_that_lost_its_agent_is_unknown_and_its_outage_unheard() {
    let test = TestApp::new(90, &[5, 4, 3, 2, 1]);
    let mut worker = worker(&test);
    let path = format!("/api/v1/sites/{SITE}");
    assert_eq!(test.ok(&path).await["state"], "down");
    let mut changes = test.app.live.changes();
    let revoke = format!("/api/v1/agents/{}/revoke", test.agent);
    assert_eq!(test.post(&revoke, "{}").await.0, StatusCode::OK);
    pass(&mut worker);
    assert_eq!(test.ok(&path).await["state"], "unknown");
    let summary = test.ok("/api/v1/summary").await;
    assert_eq!(
        (&summary["sites"]["down"], &summary["measured_sites"]),
        (&0.into(), &0.into())
    );
    let told = told(&mut changes);
    let gone = Change::Site {
        site: SITE.to_owned(),
        now: SiteLive::default(),
    };
    assert!(told.contains(&gone), "{told:?}");
    let open = test.ok("/api/v1/outages?open=true").await;
    assert_eq!(open["items"][0]["unheard"], true);
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
}

/// What readers were told, in its order.
fn told(changes: &mut tokio::sync::broadcast::Receiver<Arc<Change>>) -> Vec<Change> {
    std::iter::from_fn(|| changes.try_recv().ok())
        .map(|change| Change::clone(&change))
        .collect()
}

#[test]
fn an_outage_whose_start_moved_is_told_as_gone_and_nobody_reads_everything_anew() {
    let test = TestApp::new(90, &[20, 19, 18, 17, 16]);
    let source = test.app.source();
    let found = source.outages(&OutageFilter::default()).unwrap();
    let moved = SiteOutage {
        start_unix_ms: found[0].start_unix_ms + SLOT_MS,
        ..found[0].clone()
    };
    let site_test = test.app.directory().test(SITE);
    let stored = source.replace_outages(SITE, 0, &site_test, &[moved]);
    let id = stored.unwrap()[0].id;
    assert_ne!(id, found[0].id);
    let mut changes = test.app.live.changes();
    worker(&test);
    let told = told(&mut changes);
    let site = SITE.to_owned();
    assert!(told.contains(&Change::OutageGone { site, id }), "{told:?}");
    assert!(told.contains(&Change::Outage(found[0].clone())), "{told:?}");
    assert!(!told.contains(&Change::Everything), "{told:?}");
}

#[test]
fn what_a_neighbour_saw_and_delivers_late_has_a_say_in_power_cuts() {
    for (cause, has_a_say) in [(Cause::RestartedUnproven, true), (Cause::LastMile, false)] {
        let test = TestApp::new(90, &[20, 19, 18, 17, 16]);
        let mut worker = worker(&test);
        let source = test.app.source();
        let outages = || source.outages(&OutageFilter::default()).unwrap();
        let judged = outages()[0].clone();
        let stored = SiteOutage {
            verdict: Verdict::new(cause, Vec::new()),
            ..judged.clone()
        };
        assert_ne!(stored.verdict, judged.verdict);
        let site_test = test.app.directory().test(SITE);
        let replaced = source.replace_outages(SITE, 0, &site_test, std::slice::from_ref(&stored));
        assert_eq!(replaced.unwrap()[0].verdict, stored.verdict);
        // A kilometre away, and silent until now.
        let span = (judged.start_unix_ms, judged.start_unix_ms + SLOT_MS);
        worker.came("CG-2", &[span]);
        let expected = if has_a_say { &judged } else { &stored };
        assert_eq!(outages()[0].verdict, expected.verdict);
    }
}

#[test]
fn counts_that_change_are_told_once_and_made_once_for_all_readers() {
    let test = TestApp::new(90, &[5, 4, 3, 2, 1]);
    let live = &test.app.live;
    let mut changes = live.changes();
    worker(&test);
    live.update(SITE, SiteLive::default());
    let summaries = |told: Vec<Change>| told.iter().filter(|one| **one == Change::Summary).count();
    assert_eq!(summaries(told(&mut changes)), 0);
    live.tell_counts();
    live.tell_counts();
    assert_eq!(summaries(told(&mut changes)), 1);
    let counts = test.app.told_counts();
    assert_eq!(counts.sites.unknown, 5);
    let up = SiteLive {
        state: SiteState::Up,
        ..SiteLive::default()
    };
    live.update(SITE, up);
    assert_eq!(test.app.told_counts(), counts);
    live.tell_counts();
    assert_eq!(test.app.told_counts().sites.up, 1);
}

#[test]
fn a_site_from_which_nothing_came_is_read_again_only_when_it_falls_silent() {
    let test = TestApp::new(90, &[]);
    let mut worker = worker(&test);
    let newest = test.app.live.of(SITE).last_sample_unix_ms;
    // It lies in the store without having arrived: who sees it has read.
    test.late_sample(NOW_MS);
    test.clock.advance(Duration::from_secs(90));
    pass(&mut worker);
    let seen = test.app.live.of(SITE);
    assert_eq!(
        (seen.state, seen.last_sample_unix_ms),
        (SiteState::Up, newest)
    );
    test.clock.advance(Duration::from_hours(1));
    pass(&mut worker);
    let seen = test.app.live.of(SITE);
    assert_eq!(seen.state, SiteState::Unknown);
    assert_eq!(seen.last_sample_unix_ms, Some(NOW_MS + 20_000));
}

#[test]
fn an_exclusion_begins_and_ends_while_nothing_comes() {
    let test = TestApp::new(90, &[]);
    let mut worker = worker(&test);
    exclude(&test, (NOW_MS + 60_000, NOW_MS + 120_000));
    let mut states = Vec::new();
    for _ in 0..4 {
        pass(&mut worker);
        states.push(test.app.live.of(SITE).state);
        test.clock.advance(Duration::from_secs(45));
    }
    let (up, excluded) = (SiteState::Up, SiteState::Excluded);
    assert_eq!(states, [up, up, excluded, up]);
}

#[test]
fn an_agreement_begins_with_its_day_without_anyone_changing_anything() {
    let test = TestApp::new(10, &[]);
    let text = AGREEMENT
        .replace("lot-1", "lot-2")
        .replace("CG-1", "CG-2")
        .replace("2026-01-01", "2026-06-16");
    let registry = test.app.source().registry();
    registry.put_agreement(&text, decision("agreed")).unwrap();
    let mut worker = worker(&test);
    pass(&mut worker);
    assert_eq!(test.app.directory().test("CG-2").agreement, None);
    test.clock.advance(Duration::from_hours(12));
    pass(&mut worker);
    let agreement = test.app.directory().test("CG-2").agreement;
    assert_eq!(agreement.as_deref(), Some("lot-2"));
}
