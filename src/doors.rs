//! Who comes in, and what they may see and do. One place decides.
//!
//! [`policy`] says which role may take which action on which route, [`scope`] what of the country a
//! viewer sees; both are pure. [`Doors`] recognises who asks: by a session's cookie, by a machine's
//! token, or, as long as there are no accounts, by being on the machine itself.
//!
//! A viewer never reads past its scope: [`crate::app::App`] is made for a viewer, and what it answers is
//! cut to the scope before anything is counted, grouped, drawn or exported from it.

pub mod caller;
pub mod password;
pub mod policy;
pub mod role;
pub mod scope;
pub mod secret;
pub mod sign_in;
pub mod throttle;
pub mod tls;
pub mod totp;
pub mod viewer;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use crate::registry::{Registry, RegistryError};
use role::Role;
use secret::Hash;
use viewer::{Viewer, Who};

/// Passwords evaluated at the same time: each takes 19 MiB and a core for some 30 ms.
const EVALUATIONS_MAX: usize = 2;
/// Of known browsers, beside them: a flood of strangers does not stand before them.
const EVALUATIONS_OF_KNOWN_MAX: usize = 1;

/// Cookie of a session. The prefix holds it to this host, its root and TLS (RFC 6265bis, 4.1.3.2);
/// browsers count loopback as such.
pub const SESSION_COOKIE: &str = "__Host-desserte";
/// Cookie of a browser from which somebody signed in before.
pub const DEVICE_COOKIE: &str = "__Host-desserte-device";
/// Header in which a page proves that it read its session: a foreign page cannot.
pub const CSRF_HEADER: &str = "x-desserte-csrf";

/// What stands at the door.
#[derive(Debug)]
pub struct Doors {
    demonstration: bool,
    /// There are accounts: it never becomes untrue, as people are never deleted.
    closed: AtomicBool,
    throttle: throttle::Throttle,
    evaluations: Semaphore,
    evaluations_of_known: Semaphore,
}

/// How a collector is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// No accounts: loopback only, and whoever is on the machine is its administrator.
    Open,
    /// A demonstration: its visitor is one of its invented people.
    Demonstration,
    /// Accounts: a session or a token is needed.
    Closed,
}

impl Mode {
    /// Its name in every interface.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Demonstration => "demonstration",
            Self::Closed => "closed",
        }
    }
}

/// A request's way in.
#[derive(Debug, Clone)]
pub struct Pass {
    /// Who asks.
    pub viewer: Arc<Viewer>,
    /// The session's hash, when it is one.
    pub session: Option<Hash>,
    /// What a page must send beside its cookie in order to change something.
    pub csrf: Option<String>,
}

/// What a request shows at the door.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Value of the session's cookie.
    pub session: Option<String>,
    /// Value of the `Authorization: Bearer` header.
    pub token: Option<String>,
}

impl Doors {
    /// The doors of a collector, or of a demonstration.
    #[must_use]
    pub fn new(demonstration: bool) -> Self {
        Self {
            demonstration,
            closed: AtomicBool::new(false),
            throttle: throttle::Throttle::default(),
            evaluations: Semaphore::new(EVALUATIONS_MAX),
            evaluations_of_known: Semaphore::new(EVALUATIONS_OF_KNOWN_MAX),
        }
    }

    /// How this collector is entered now.
    pub fn mode(&self, registry: &Registry) -> Result<Mode, RegistryError> {
        if self.demonstration {
            return Ok(Mode::Demonstration);
        }
        if !self.closed.load(Ordering::Acquire) && registry.has_people()? {
            self.closed.store(true, Ordering::Release);
        }
        Ok(if self.closed.load(Ordering::Acquire) {
            Mode::Closed
        } else {
            Mode::Open
        })
    }

    /// Who shows this; `None`: nobody who may come in.
    pub fn recognise(
        &self,
        registry: &Registry,
        shown: &Shown,
        (caller, now_unix_ms): (IpAddr, i64),
    ) -> Result<Option<Pass>, RegistryError> {
        if let Some(token) = &shown.token {
            let found = registry.use_token(&secret::hash(token), now_unix_ms)?;
            let maker = found.as_ref().and_then(|token| token.person.as_deref());
            let maker = maker.map(|id| registry.person(id)).transpose()?.flatten();
            let invented = maker.is_some_and(|one| one.invented);
            let found = found.filter(|_| !invented || self.demonstration);
            return Ok(found.map(|token| Pass {
                viewer: Arc::new(Viewer::of_token(&token)),
                session: None,
                csrf: None,
            }));
        }
        let mode = self.mode(registry)?;
        if let Some(session) = &shown.session {
            let hash = secret::hash(session);
            let found = registry.use_session(&hash, now_unix_ms)?;
            // An invented person has no door but the demonstration's.
            let found = found.filter(|one| one.invented == (mode == Mode::Demonstration));
            if let Some(person) = found {
                return Ok(Some(Pass {
                    viewer: Arc::new(Viewer::of_person(&person)),
                    csrf: Some(secret::derived(session, "csrf")),
                    session: Some(hash),
                }));
            }
        }
        // Without a session the door is open to who is on the machine: a proxy's guests are not.
        if !caller.is_loopback() {
            return Ok(None);
        }
        let viewer = match mode {
            Mode::Closed => return Ok(None),
            Mode::Open => Viewer::machine(),
            Mode::Demonstration => {
                let people = registry.people()?;
                let first = people
                    .iter()
                    .find(|one| one.invented && one.role == Role::Administrator);
                first.map_or_else(Viewer::machine, Viewer::of_person)
            }
        };
        Ok(Some(Pass {
            viewer: Arc::new(viewer),
            session: None,
            csrf: None,
        }))
    }

    /// Takes a place to look at an own password; else says after how many seconds there is one. Whoever
    /// sits down at an open page does not find the password out.
    pub fn admit_own(&self, account: &str, now_unix_ms: i64) -> Result<(), u64> {
        let guess = throttle::Guess {
            account,
            peer: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
            device: Some("own session"),
        };
        self.throttle.admit(guess, now_unix_ms)
    }

    /// Whether a viewer that was let in before may still be: of a stream that lasts.
    pub fn still(
        &self,
        registry: &Registry,
        pass: &Pass,
        now_unix_ms: i64,
    ) -> Result<bool, RegistryError> {
        match (&pass.viewer.who, &pass.session) {
            (_, Some(session)) => {
                let person = registry.use_session(session, now_unix_ms)?;
                Ok(person.is_some_and(|one| Viewer::of_person(&one) == *pass.viewer))
            }
            (Who::Token { id, .. }, _) => registry.token_holds(id, now_unix_ms),
            (Who::Person { .. }, None) => Ok(self.demonstration),
            (Who::Machine, None) => Ok(self.mode(registry)? != Mode::Closed),
        }
    }
}
