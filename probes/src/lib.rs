//! The measurement agent of Desserte, and its wire contract.
//!
//! [`report`] and [`wire`] are the contract with the collector, written down for other senders in
//! `docs/agent-protocol.md`. Everything else is the agent itself, which knows nothing of the
//! collector beyond these two modules.

pub mod agent;
pub mod cli;
pub mod clock;
pub mod config;
pub mod evidence;
mod files;
pub mod identity;
pub mod kinds;
mod messages;
pub mod report;
pub mod schedule;
pub mod spool;
pub mod status;
mod tls;
pub mod upload;
pub mod volume;
pub mod wire;

pub use files::FileError;

/// Name and version of this software, as reports and requests carry it.
pub const SOFTWARE: &str = concat!("desserte-probe/", env!("CARGO_PKG_VERSION"));
