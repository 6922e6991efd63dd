//! The collector of Desserte.

pub mod registry;
