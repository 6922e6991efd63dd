//! Live states and the changes that readers are told of, as the assessment keeps them.

use std::sync::Arc;

use axum::http::StatusCode;
use desserte::app::OutageFilter;
use desserte::assess::worker::Worker;
use desserte::live::{Change, SiteLive, SiteOutage};
use desserte_domain::live::SiteState;

use super::app::{SITE, SLOT_MS, TestApp};

/// The worker of an app, after its start.
fn worker(test: &TestApp) -> Worker {
    let mut worker = Worker::new(Arc::clone(&test.app));
    worker.start();
    worker.tick();
    worker
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
    worker.tick();
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
