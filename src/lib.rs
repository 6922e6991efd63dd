//! The collector of Desserte.

pub mod agents;
pub mod api;
pub mod app;
pub mod assess;
pub mod collector;
pub mod config;
pub mod conformance;
pub mod export;
pub mod geography;
pub mod import;
pub mod ingest;
pub mod layers;
pub mod live;
pub mod registry;
pub mod store;
pub mod telemetry;
