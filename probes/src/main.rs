//! `desserte-probe`.
fn main() {}
