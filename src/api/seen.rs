//! How handlers come to what they read: cut to who asks, or nothing but the door.
//!
//! The router's state cannot be taken by a handler: [`Unseen`] opens for [`View`] and [`Door`] only. A
//! handler that names no viewer does not compile, and one that was reached past the gate answers that
//! the collector failed rather than with everything.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::error::{Answer, Code, Refusal};
use crate::app::{App, SourceError};
use crate::doors::caller::Caller;
use crate::doors::{Doors, Pass};
use crate::registry::{Registry, RegistryError};

/// The whole house, as no handler sees it.
#[derive(Debug, Clone)]
pub(super) struct Unseen(Arc<App>);

/// The house as the one who asks sees it.
#[derive(Debug)]
pub(crate) struct View(pub(crate) Arc<App>);

/// The door, for who is not in yet: accounts and sessions, nothing of the country.
#[derive(Debug)]
pub(crate) struct Door(Arc<App>);

/// From where a request comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From(pub(crate) Caller);

impl Unseen {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self(app)
    }

    /// For the gate, which makes the viewer.
    pub(super) fn door(&self) -> Door {
        Door(Arc::clone(&self.0))
    }

    /// The house as somebody sees it who was recognised.
    pub(super) fn seen_by(&self, pass: &Pass) -> Arc<App> {
        self.0.seen_by(Arc::clone(&pass.viewer))
    }
}

impl Door {
    pub(crate) fn doors(&self) -> &Doors {
        &self.0.doors
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        self.0.source().registry()
    }

    pub(crate) fn now_unix_ms(&self) -> i64 {
        self.0.now_unix_ms()
    }

    /// Reads or writes accounts on a thread of its own.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Doors, &Registry, i64) -> Result<T, RegistryError> + Send + 'static,
    ) -> Answer<T> {
        self.0
            .blocking(operation, move |app| {
                let now = app.now_unix_ms();
                work(&app.doors, app.source().registry(), now).map_err(SourceError::Registry)
            })
            .await
    }
}

impl FromRequestParts<Unseen> for View {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, house: &Unseen) -> Answer<Self> {
        let pass = pass(parts)?;
        Ok(Self(house.seen_by(&pass)))
    }
}

impl FromRequestParts<Unseen> for Door {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, house: &Unseen) -> Answer<Self> {
        Ok(house.door())
    }
}

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let caller = parts.extensions.get::<Caller>().copied();
        Ok(Self(caller.unwrap_or(Caller::LOOPBACK)))
    }
}

/// The way in of a request that passed the gate.
#[derive(Debug, Clone)]
pub(crate) struct Way(pub(crate) Pass);

impl<S: Sync> FromRequestParts<S> for Way {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        pass(parts).map(Self)
    }
}

fn pass(parts: &Parts) -> Answer<Pass> {
    parts.extensions.get::<Pass>().cloned().ok_or_else(|| {
        tracing::error!(
            path = parts.uri.path(),
            "a handler was reached past the gate"
        );
        Refusal::new(Code::Internal, "the collector failed; see its log")
    })
}
