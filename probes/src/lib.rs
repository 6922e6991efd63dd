//! The measurement agent of Desserte, and its wire contract.
