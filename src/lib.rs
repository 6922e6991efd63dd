//! The collector of Desserte.

pub mod registry;
pub mod store;
