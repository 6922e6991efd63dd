//! The pure core of Desserte: slots, availability, outages, causes and agreements.
//!
//! Nothing here reads a clock, a file, the network or the environment: every function goes from
//! values to values, so that two people with the same evidence find the same figures. Times are
//! Unix milliseconds (`…_unix_ms`), corrected by the collector before they come here.
//!
//! The life of a figure: [`observation::Observation`] → [`slot::form_slots`] →
//! [`machine::run`] → [`account::account`] (a month's figures) and [`outage::outages`] (what a
//! person is shown), each outage with a [`cause::Verdict`].

pub mod acceptance;
pub mod account;
pub mod aggregate;
pub mod agreement;
pub mod cause;
pub mod credit;
pub mod decimal;
pub mod detection;
pub mod exclusion;
pub mod identity;
pub mod live;
pub mod machine;
pub mod money;
pub mod observation;
pub mod outage;
pub mod percentile;
pub mod period;
pub mod promise;
pub mod quality;
pub mod repair;
pub mod service_hours;
pub mod settlement;
pub mod sketch;
pub mod slot;
pub mod statement;
pub mod sufficiency;
