//! The web listener: every route, its shape, its refusals.

mod app;
mod document;
mod routes;
mod security;
mod shapes;
