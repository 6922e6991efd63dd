//! The stream of events tells neither what nor when something happens elsewhere.

use axum::http::Method;
use desserte::live::{Change, SampleSeen};
use http_body_util::BodyExt as _;

use super::world::{
    CANARY, FOREIGN_SITE, Guest, SCOPED, foreign_outage, foreign_state, guest, world,
};
use crate::api::{NOW_MS, SITE, TestApp};

/// What a guest reads until its own site's sample comes, which is told last.
async fn heard(test: &TestApp, guest: &Guest, foreign: bool) -> String {
    let request = guest.asks(&Method::GET, "/api/v1/events", "");
    let response = test.send(request).await;
    assert_eq!(response.status(), 200, "{}", guest.name);
    let mut body = response.into_body();
    if foreign {
        let live = &test.app.live;
        live.update(FOREIGN_SITE, desserte::live::SiteLive::default());
        live.update(FOREIGN_SITE, foreign_state());
        live.tell(Change::Outage(foreign_outage()));
        live.tell(Change::OutageGone {
            site: FOREIGN_SITE.to_owned(),
            id: foreign_outage().id,
        });
        live.tell(Change::Sample(sample(FOREIGN_SITE)));
        live.tell(Change::Summary);
        live.tell(Change::Everything);
    }
    // The two channels are told apart, so the last event of each is waited for.
    test.app
        .live
        .tell(Change::Outage(desserte::live::SiteOutage {
            site: SITE.to_owned(),
            ..foreign_outage()
        }));
    test.app.live.tell(Change::Sample(sample(SITE)));
    let mut text = String::new();
    while text.matches("\"CG-1\"").count() < 2 {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(frame.data_ref().unwrap()));
    }
    text
}

fn sample(site: &str) -> SampleSeen {
    SampleSeen {
        site: site.to_owned(),
        target: "portal".to_owned(),
        at_unix_ms: NOW_MS,
        rtt_us_median: Some(1_000),
        sent: 1,
        received: 1,
    }
}

#[tokio::test]
async fn what_happens_elsewhere_is_not_in_the_stream() {
    let (with, without) = (world(true), world(false));
    for name in SCOPED {
        let guest = guest(name);
        let sorted = |text: &str| {
            let mut events: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
            events.sort();
            events
        };
        let seen = heard(&with, &guest, true).await;
        let alone = heard(&without, &guest, false).await;
        assert!(!seen.to_lowercase().contains(CANARY), "{name}: {seen}");
        assert_eq!(sorted(&seen), sorted(&alone), "{name}");
    }
    // The administrator hears it: the comparison can fail.
    let all = heard(&with, &guest("administrator"), true).await;
    assert!(
        all.contains(FOREIGN_SITE) && all.contains("event: resync"),
        "{all}"
    );
}
