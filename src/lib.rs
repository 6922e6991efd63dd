//! The collector of Desserte.
