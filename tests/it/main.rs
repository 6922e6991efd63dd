//! Integration tests of the collector: one binary, one module a subject.

mod api;
mod tidy;
