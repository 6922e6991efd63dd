//! The measurement agent of Desserte, and its wire contract.
//!
//! [`report`] and [`wire`] are the contract with the collector, written down for other senders in
//! `docs/agent-protocol.md`. Everything else is the agent itself, which knows nothing of the
//! collector beyond these two modules.

pub mod clock;
pub mod report;
pub mod wire;
