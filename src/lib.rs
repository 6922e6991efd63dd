//! The collector of Desserte.

pub mod agents;
pub mod api;
pub mod app;
pub mod assess;
pub mod cli;
pub mod collector;
pub mod config;
pub mod conformance;
mod database;
pub mod demo;
pub mod doors;
pub mod enter;
pub mod export;
pub mod geography;
pub mod import;
pub mod ingest;
pub mod layers;
pub mod live;
pub mod ndt7;
pub mod registry;
pub mod replay;
pub mod serve;
pub mod staging;
pub mod store;
pub mod telemetry;
pub mod text;
