//! One world seen by six roles: with what is foreign to some of them, and without it.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use desserte::app::OutageFilter;
use desserte::assess::SiteTest;
use desserte::doors::caller::Incoming;
use desserte::doors::role::Role;
use desserte::doors::secret;
use desserte::live::{SiteLive, SiteOutage};
use desserte::registry::{Decision, MachineToken, NewExclusion, NewPerson, NewSite};
use desserte_domain::cause::{Cause, Verdict};
use desserte_domain::exclusion::ExclusionKind;
use desserte_domain::live::SiteState;
use desserte_probe::wire::enrol::EnrolRequest;
use serde_json::Value;

use crate::api::{AGREEMENT, NOW_MS, SITE, TestApp, bytes};

/// In every text of what is foreign, in this case or another.
pub(crate) const CANARY: &str = "canari";
pub(crate) const FOREIGN_SITE: &str = "CG-CANARI";
/// As long as the foreign one, so that an answer that echoes it is as long.
pub(crate) const ABSENT_SITE: &str = "CG-ABSENT";
pub(crate) const FOREIGN_AGREEMENT: &str = "lot-canari";
pub(crate) const ABSENT_AGREEMENT: &str = "lot-absent";

/// Somebody who asks: a cookie or a token.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    session: Option<String>,
    token: Option<String>,
}

/// The guests that do not see the whole country, and those that do.
pub(crate) const SCOPED: [&str; 4] = ["contractor", "technician", "engineer", "token"];
pub(crate) const WHOLE: [&str; 3] = ["administrator", "planner", "auditor"];

fn by(reason: &str) -> Decision<'_> {
    Decision {
        author: "test",
        at_unix_ms: NOW_MS - 40 * 86_400_000,
        reason,
    }
}

/// The app of the API's tests with one person of each role, whose sessions are open.
pub(crate) fn world(with_foreign: bool) -> TestApp {
    let test = TestApp::new(30, &[20, 19, 18, 17, 16, 15, 14]);
    let registry = test.app.source().registry();
    let own = |name: &str| vec![name.to_owned()];
    for (name, role, reach) in [
        ("administrator", Role::Administrator, Vec::new()),
        ("engineer", Role::Engineer, own("Brazzaville")),
        ("planner", Role::Planner, Vec::new()),
        ("contractor", Role::Contractor, own("Opérateur")),
        ("technician", Role::Technician, own(SITE)),
        ("auditor", Role::Auditor, Vec::new()),
    ] {
        let new = NewPerson {
            id: name.to_owned(),
            name: name.to_uppercase(),
            role,
            reach,
            invented: false,
        };
        registry.add_person(&new, by("test")).unwrap();
        let hash = secret::hash(&session_of(name));
        registry
            .open_session(&hash, name, ("127.0.0.1", NOW_MS))
            .unwrap();
    }
    let token = MachineToken {
        id: "token".to_owned(),
        name: "QGIS".to_owned(),
        role: Role::Contractor,
        reach: own("Opérateur"),
        sensitive: false,
        person: None,
        created_at_unix_ms: NOW_MS,
        expires_at_unix_ms: NOW_MS + 86_400_000,
        used_at_unix_ms: None,
        revoked_at_unix_ms: None,
    };
    registry
        .add_token(&token, &secret::hash("token"), by("test"))
        .unwrap();
    exclusion(&test, "lot-1", SITE, "travaux");
    if with_foreign {
        enter_foreign(&test);
    }
    test.app.refresh_directory().unwrap();
    test.app.count_agents();
    if with_foreign {
        let outage = foreign_outage();
        let stored =
            test.app
                .source()
                .replace_outages(FOREIGN_SITE, 0, &SiteTest::default(), &[outage]);
        assert_eq!(stored.unwrap().len(), 1);
        test.app.live.update(FOREIGN_SITE, foreign_state());
    }
    test
}

fn exclusion(test: &TestApp, agreement: &str, site: &str, reason: &str) {
    let new = NewExclusion {
        agreement: agreement.to_owned(),
        site: Some(site.to_owned()),
        from_unix_ms: NOW_MS - 3_600_000,
        to_unix_ms: NOW_MS - 1_800_000,
        class: "maintenance".to_owned(),
        kind: ExclusionKind::PlannedWorks,
        requested_by: reason.to_owned(),
    };
    let decision = Decision {
        at_unix_ms: NOW_MS - 60_000,
        ..by(reason)
    };
    test.app
        .source()
        .registry()
        .add_exclusion(&new, decision)
        .unwrap();
}

/// A court in another region under another contractor's agreement, down, with an agent.
fn enter_foreign(test: &TestApp) {
    let registry = test.app.source().registry();
    let before = NOW_MS - 40 * 86_400_000;
    let site = NewSite {
        id: FOREIGN_SITE.to_owned(),
        name: Some("Tribunal canari".to_owned()),
        kind: "court".to_owned(),
        latitude: -4.3,
        longitude: 15.3,
        place: Some("Canariville".to_owned()),
        region: Some("Région canari".to_owned()),
        operator: Some("Opérateur canari".to_owned()),
        invented: true,
        aliases: vec!["alias-canari".to_owned()],
    };
    registry.upsert_sites(&[site], "test", before).unwrap();
    let text = AGREEMENT
        .replace("lot-1", FOREIGN_AGREEMENT)
        .replace("Lot 1", "Lot canari")
        .replace("\"Opérateur\"", "\"Canari Télécom\"")
        .replace("CG-1", FOREIGN_SITE)
        .replace("portal", "portail-canari");
    registry.put_agreement(&text, by("agreed")).unwrap();
    exclusion(test, FOREIGN_AGREEMENT, FOREIGN_SITE, "travaux canari");
    registry
        .keep_code(&[8; 16], FOREIGN_SITE, "test", before)
        .unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[4; 32]);
    let request = EnrolRequest::new(&key, &[8; 16], "desserte-probe canari");
    let (secret, public) = request.verify().unwrap();
    registry
        .redeem_code(&secret, &public, &request.software, before)
        .unwrap();
}

pub(crate) fn foreign_outage() -> SiteOutage {
    SiteOutage {
        id: 0,
        site: FOREIGN_SITE.to_owned(),
        // Together with the own one: grouping must not tell.
        start_unix_ms: NOW_MS - 20 * 60_000,
        end_unix_ms: None,
        slot_seconds: 60,
        down_slots: 20,
        verdict: Verdict::new(Cause::Upstream, Vec::new()),
        agent: None,
    }
}

pub(crate) fn foreign_state() -> SiteLive {
    SiteLive {
        state: SiteState::Down,
        since_unix_ms: Some(NOW_MS - 20 * 60_000),
        cause: Some(Cause::Upstream),
        last_sample_unix_ms: Some(NOW_MS - 60_000),
        last_day: (10, 20),
        last_month: (10, 10, 0),
    }
}

/// The foreign agent's identifier.
pub(crate) fn foreign_agent(test: &TestApp) -> String {
    let agents = test.app.source().agents().unwrap();
    let found = agents
        .into_iter()
        .find(|one| one.site.as_deref() == Some(FOREIGN_SITE));
    found.unwrap().id
}

/// Number of the foreign outage.
pub(crate) fn foreign_outage_number(test: &TestApp) -> String {
    let filter = OutageFilter {
        site: Some(FOREIGN_SITE.to_owned()),
        ..OutageFilter::default()
    };
    test.app.source().outages(&filter).unwrap()[0]
        .id
        .to_string()
}

fn session_of(name: &str) -> String {
    format!("session-of-{name}")
}

pub(crate) fn guest(name: &'static str) -> Guest {
    let is_token = name == "token";
    Guest {
        name,
        session: (!is_token).then(|| session_of(name)),
        token: is_token.then(|| "token".to_owned()),
    }
}

/// Nobody.
pub(crate) fn stranger() -> Guest {
    Guest {
        name: "stranger",
        session: None,
        token: None,
    }
}

impl Guest {
    /// A request of this guest's page, or script, with everything that the gate asks for.
    pub(crate) fn asks(&self, method: &Method, path: &str, body: &str) -> Request<Body> {
        let mut request = self.bare(method, path, body);
        if let Some(session) = &self.session {
            let csrf = secret::derived(session, "csrf");
            let headers = request.headers_mut();
            headers.insert(desserte::doors::CSRF_HEADER, csrf.parse().unwrap());
        }
        request
    }

    /// The same without the session's proof, as another origin's page would send it.
    pub(crate) fn bare(&self, method: &Method, path: &str, body: &str) -> Request<Body> {
        let kind = if path == "/api/v1/imports" {
            "application/octet-stream"
        } else {
            "application/json"
        };
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::HOST, "127.0.0.1:8420")
            .header(header::CONTENT_TYPE, kind);
        if let Some(session) = &self.session {
            request = request.header(header::COOKIE, format!("a=b; __Host-desserte={session}"));
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request.body(Body::from(body.to_owned())).unwrap()
    }
}

/// Lets a request come from an address under TLS.
pub(crate) fn from(mut request: Request<Body>, address: &str) -> Request<Body> {
    request.extensions_mut().insert(Incoming {
        peer: format!("{address}:4000").parse().unwrap(),
        tls: true,
    });
    request
}

/// An answer, to be compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Told {
    pub(crate) async fn of(response: Response<Body>) -> Self {
        let status = response.status();
        let mut headers = shown(response.headers());
        headers.sort();
        Self {
            status,
            headers,
            body: bytes(response).await,
        }
    }

    /// Takes a name out that is drawn at random.
    pub(crate) fn forget(&mut self, name: &str) {
        self.body = self.text().replace(name, "…").into_bytes();
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
