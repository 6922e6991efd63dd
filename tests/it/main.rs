//! Integration tests of the collector: one binary, one module a subject.

mod api;
mod end_to_end;
mod ingest;
mod processes;
mod store_contract;
mod tidy;
