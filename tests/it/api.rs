//! The web listener: every route, its shape, its refusals.

mod app;
pub(crate) use app::AGREEMENT;
mod document;
mod routes;
mod security;
mod shapes;
