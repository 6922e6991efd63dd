//! How much one account, token or reader may ask for, so that none of them takes what all share.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use desserte_probe::clock::{Clock as _, SystemClock};

use super::error::{Answer, Code, Refusal};
use crate::collector::limit::RateLimit;
use crate::doors::viewer::{Viewer, Who};

/// Requests at once, and a second: a page that opens asks for some twenty, a map that is moved for
/// some a second.
const REQUESTS: (f64, f64) = (300.0, 30.0);
/// Requests of one account that are worked on at once.
const AT_ONCE_MAX: u32 = 64;
/// Seconds after which a request over the limit may come again.
const AGAIN_SECONDS: u64 = 5;

/// The limits of each account and token. Whoever is on the machine of a collector without accounts has
/// none.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    rate: RateLimit<u64>,
    at_once: Mutex<HashMap<u64, u32>>,
    hasher: RandomState,
}

/// A request that is worked on; counted until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Shared>, u64);

impl Limits {
    /// A place for a request; `None` without an account.
    pub(super) fn place(&self, viewer: &Viewer) -> Answer<Option<Place>> {
        let key = match &viewer.who {
            Who::Machine => return Ok(None),
            Who::Person { id, .. } => self.0.hasher.hash_one((0, id)),
            Who::Token { id, .. } => self.0.hasher.hash_one((1, id)),
        };
        let refused =
            || Refusal::new(Code::TooMany, "too many requests; wait a moment").after(AGAIN_SECONDS);
        if !self.0.rate.take(key, REQUESTS, SystemClock.monotonic()) {
            return Err(refused());
        }
        let mut held = self
            .0
            .at_once
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(key).or_insert(0);
        if *count >= AT_ONCE_MAX {
            return Err(refused());
        }
        *count += 1;
        drop(held);
        Ok(Some(Place(Arc::clone(&self.0), key)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self
            .0
            .at_once
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.1);
            }
        }
    }
}
