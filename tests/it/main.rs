//! Integration tests of the collector: one binary, one module a subject.

mod api;
mod cli;
mod end_to_end;
mod ingest;
mod processes;
mod recording;
mod store_contract;
mod tidy;
