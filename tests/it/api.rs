//! The web listener: every route, its shape, its refusals.

#![expect(
    clippy::similar_names,
    reason = "`test` is the app, `text` what it answers"
)]

mod agreements;
mod app;
pub(crate) use app::{AGREEMENT, NOW_MS, SITE, TestApp, bytes};
mod document;
mod imports;
mod live;
mod overview;
mod plans;
mod routes;
mod screens;
mod security;
mod services;
mod shapes;
mod statements;
