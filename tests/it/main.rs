//! Integration tests of the collector.

mod ingest;
mod store_contract;
