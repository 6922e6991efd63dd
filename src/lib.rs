//! The collector of Desserte.

pub mod agents;
pub mod collector;
mod database;
pub mod ingest;
pub mod registry;
pub mod store;
