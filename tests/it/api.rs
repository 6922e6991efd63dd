//! The web listener: every route, its shape, its refusals.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "helpers of tests: what cannot go on fails the test"
)]

mod app;
pub(crate) use app::AGREEMENT;
mod document;
mod routes;
mod security;
mod services;
mod shapes;
