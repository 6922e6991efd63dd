//! The collector of Desserte.

pub mod agents;
pub mod collector;
pub mod ingest;
pub mod registry;
pub mod store;
