//! The web listener: what a browser, a script or a map program asks the collector.
//!
//! Nothing is computed here: handlers read the registry, the live state and the results of
//! [`crate::assess`], and write them in the shapes of [`model`]. Every route is in [`router`], every
//! refusal in [`error`].

pub mod error;
pub mod model;
pub mod router;
pub mod server;

mod agents;
mod agreements;
mod audit;
mod conditional;
mod country;
mod demo;
mod download;
mod duplicates;
mod events;
mod evidence;
mod exclusions;
mod gaps;
mod gate;
mod health;
mod history;
mod imports;
mod ledger;
mod limits;
mod map;
mod months;
mod ogc;
mod openapi;
mod outages;
mod overview;
mod own;
mod page;
mod paging;
pub(crate) mod people;
mod plan_format;
mod plans;
mod programmes;
mod security;
mod seen;
mod session;
mod sites;
mod slots;
mod statements;
mod summary;
mod throughput;
pub(crate) mod time;
mod tokens;

pub(crate) use outages::item as outage_shown;

use axum::extract::{Query, rejection::QueryRejection};

/// The parameters of a request; what cannot be read is the caller's mistake, named.
fn query<T>(asked: Result<Query<T>, QueryRejection>) -> error::Answer<T> {
    match asked {
        Ok(Query(asked)) => Ok(asked),
        Err(rejection) => Err(error::Refusal::parameter("query", rejection.body_text())),
    }
}
