//! The collector of Desserte.

pub mod export;
pub mod import;
