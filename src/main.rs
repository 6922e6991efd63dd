//! `desserte`.
fn main() {}
