//! Live states and the changes that readers are told of, as the assessment keeps them.

use std::sync::Arc;

use axum::http::StatusCode;
use desserte::assess::worker::Worker;
use desserte::live::{Change, SiteLive};

use super::app::{SITE, TestApp};

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
    let told: Vec<_> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
    let gone = Change::Site {
        site: SITE.to_owned(),
        now: SiteLive::default(),
    };
    assert!(told.iter().any(|change| **change == gone), "{told:?}");
    let open = test.ok("/api/v1/outages?open=true").await;
    assert_eq!(open["items"][0]["unheard"], true);
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
}
