//! Integration tests of the collector: one binary, one module a subject.

mod api;
mod end_to_end;
mod processes;
mod tidy;
