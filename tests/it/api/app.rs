//! A builder for the app: sites, samples and agreements of a test, and a clock stepped by hand.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use desserte::api::router::router;
use desserte::app::{App, Parts, Source};
use desserte::assess::worker;
use desserte::config::{Config, Country};
use desserte::geography::Geography;
use desserte::layers::LayerStore;
use desserte::plans::PlanStore;
use desserte::registry::{Decision, NewSite, Registry};
use desserte::staging::Staging;
use desserte::store::embedded::EmbeddedStore;
use desserte::store::samples::{EvidenceRow, Filling, SampleRow, SampleStore, SeriesKey};
use desserte_domain::observation::Outcome;
use desserte_probe::clock::ManualClock;
use desserte_probe::report::{Fact, Family, Kind, Line};
use desserte_probe::wire::enrol::EnrolRequest;
use desserte_probe::wire::id::{AgentId, BootId};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt as _;

/// 2026-06-15T12:00:00Z.
pub(crate) const NOW_MS: i64 = 1_781_524_800_000;
/// Slots of the test agreement, milliseconds.
pub(crate) const SLOT_MS: i64 = 60_000;
pub(crate) const SITE: &str = "CG-1";

pub(crate) const AGREEMENT: &str = r#"
id = "lot-1"
version = 1
title = "Lot 1"
valid_from = "2026-01-01"
time_zone = "Africa/Brazzaville"
sites = ["CG-1"]
parties = { customer = "Ministère", contractor = "Opérateur" }
objective = { availability_percent = "99.5" }
[test]
targets = ["portal"]
packets_per_slot = 1
minimum_sent = 1
[[target]]
id = "portal"
measure = { http = { url = "http://127.0.0.1:9/", status_from = 200, status_to = 299, timeout_ms = 1000, body_bytes_max = 4096 } }
"#;

pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) agent: AgentId,
    pub(crate) line: String,
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
    samples: Arc<dyn SampleStore>,
    _folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

pub(crate) fn decision(reason: &str) -> Decision<'_> {
    Decision {
        author: "test",
        at_unix_ms: NOW_MS - 40 * 86_400_000,
        reason,
    }
}

fn site(number: u32) -> NewSite {
    NewSite {
        id: format!("CG-{number}"),
        name: Some(format!("École n° {number}")),
        kind: if number == 1 { "town_hall" } else { "school" }.to_owned(),
        latitude: -4.25 + f64::from(number) / 100.0,
        longitude: 15.25,
        place: Some("Brazzaville".to_owned()),
        region: Some("Brazzaville".to_owned()),
        operator: Some("Opérateur fictif A".to_owned()),
        invented: true,
        aliases: Vec::new(),
    }
}

fn registry() -> (Registry, AgentId) {
    let registry = Registry::in_memory().unwrap();
    let before = NOW_MS - 40 * 86_400_000;
    let sites: Vec<NewSite> = (1..=5).map(site).collect();
    registry.upsert_sites(&sites, "test", before).unwrap();
    registry
        .put_agreement(AGREEMENT, decision("agreed"))
        .unwrap();
    registry.keep_code(&[7; 16], SITE, "test", before).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let request = EnrolRequest::new(&key, &[7; 16], "desserte-probe test");
    let (secret, public_key) = request.verify().unwrap();
    let redeemed = registry
        .redeem_code(&secret, &public_key, &request.software, before)
        .unwrap();
    (registry, redeemed.agent.id)
}

impl TestApp {
    /// Five invented sites; the first has an agent that measured `minutes` up to now, the bad ones
    /// (counted back from now) refused.
    pub(crate) fn new(minutes: i64, bad: &[i64]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let samples = EmbeddedStore::open(&folder.path().join("samples")).unwrap();
        Self::over(Arc::new(samples), folder, minutes, bad)
    }

    /// The same over any engine.
    pub(crate) fn over(
        store: Arc<dyn SampleStore>,
        folder: tempfile::TempDir,
        minutes: i64,
        bad: &[i64],
    ) -> Self {
        let (registry, agent) = registry();
        let line = Line {
            interface: "eth0".to_owned(),
            gateway: Some("00112233445566778899aabbccddeeff".to_owned()),
            family: Family::Ipv4,
        };
        let seen = desserte::registry::SeenLine {
            line: line.clone(),
            public_address: None,
        };
        registry
            .note_lines(SITE, agent, &[seen], NOW_MS - 40 * 86_400_000)
            .unwrap();
        let key = desserte::registry::line_key(&line);
        store.put(&filling(agent, &key, minutes, bad)).unwrap();
        let (stop, shutdown) = watch::channel(false);
        let clock = Arc::new(ManualClock::new(NOW_MS, 1_000));
        let config = Config {
            country: Country {
                id: "cg".to_owned(),
                time_zone: "Africa/Brazzaville".to_owned(),
                ..Country::default()
            },
            ..Config::default()
        };
        let app = App::new(Parts {
            source: Source::of(registry, Arc::clone(&store), Arc::clone(&clock) as _),
            layer_store: LayerStore::open(folder.path()).unwrap(),
            imports: Staging::open(folder.path()).unwrap(),
            plan_store: PlanStore::open(folder.path()).unwrap(),
            geography: geography(&config.country),
            config,
            agents_url: "https://127.0.0.1:4433".to_owned(),
            doors: desserte::doors::Doors::new(false),
            key_sha256: [9; 32],
            shutdown,
        })
        .unwrap();
        let app = Arc::new(app);
        worker::catch_up(&app);
        Self {
            router: router(Arc::clone(&app)),
            app,
            agent,
            line: key,
            clock,
            samples: store,
            _folder: folder,
            _stop: stop,
        }
    }

    /// One more good sample, from before those of [`TestApp::new`], as it arrives.
    pub(crate) fn late_sample(&self, at_unix_ms: i64) {
        let mut late = filling(self.agent, &self.line, 1, &[]);
        late.position = 2;
        late.evidence.clear();
        for sample in &mut late.samples {
            sample.time_unix_ms = at_unix_ms - at_unix_ms % SLOT_MS + 20_000;
            sample.sequence = 1_000_000;
        }
        self.samples.put(&late).unwrap();
        self.app.samples_arrived(SITE, at_unix_ms);
    }

    /// The routes, to be served on a socket.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        json(self.send(request(Method::GET, path, Body::empty())).await).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> (StatusCode, Value) {
        json(
            self.send(request(Method::POST, path, Body::from(body.to_owned())))
                .await,
        )
        .await
    }

    /// The JSON of a route that must answer 200.
    pub(crate) async fn ok(&self, path: &str) -> Value {
        let (status, json) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {json}");
        json
    }
}

pub(crate) fn request(method: Method, path: &str, body: Body) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1:8420")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .unwrap()
}

pub(crate) async fn bytes(response: Response<Body>) -> Vec<u8> {
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

pub(crate) async fn json(response: Response<Body>) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = bytes(response).await;
    let json = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    (status, json)
}

fn geography(country: &Country) -> Geography {
    let border = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},
        "geometry":{"type":"Polygon","coordinates":[[[11,-5],[18.5,-5],[18.5,3.5],[11,-5]]]}}]}"#;
    Geography {
        country: country.clone(),
        border: Some(border.into()),
        ..Geography::default()
    }
}

/// One request a minute; evidence that the collector was reached all the time.
pub(crate) fn filling(agent: AgentId, line: &str, minutes: i64, bad: &[i64]) -> Filling {
    let series = Arc::new(SeriesKey {
        site: SITE.to_owned(),
        agent,
        target: "portal".to_owned(),
        kind: Kind::Http,
        slot_seconds: 60,
        line: Some(line.to_owned()),
        family: Some(Family::Ipv4),
    });
    let mut filling = Filling {
        position: 1,
        ..Filling::default()
    };
    for back in (1..=minutes).rev() {
        let refused = bad.contains(&back);
        let time_unix_ms = NOW_MS - back * SLOT_MS + 20_000;
        let sequence = u64::try_from(minutes - back + 1).unwrap();
        filling.samples.push(SampleRow {
            series: series.clone(),
            time_unix_ms,
            uncertainty_ms: 3,
            sequence,
            outcome: if refused {
                Outcome::Refused
            } else {
                Outcome::Ok
            },
            sent: 1,
            received: u16::from(!refused),
            rtt_us_min: (!refused).then_some(900),
            rtt_us_median: (!refused).then_some(1_000),
            rtt_us_max: (!refused).then_some(1_100),
            rtt_us_mean_successive_difference: None,
            coarse: false,
            detail: None,
            summary_spacing_ms: None,
        });
        filling.evidence.push(EvidenceRow {
            site: SITE.to_owned(),
            agent,
            boot: BootId([1; 16]),
            time_unix_ms,
            uncertainty_ms: 3,
            sequence,
            ordinal: 0,
            line: None,
            target: None,
            fact: Fact::Collector {
                attempts: 1,
                answered: 1,
            },
        });
    }
    filling
}
