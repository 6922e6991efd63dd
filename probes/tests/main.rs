//! Integration tests of the agent: its binary and its library against a collector made here.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail where it stands, and says on standard output what it skipped"
)]

mod cli;
mod icmp;
mod kinds;
mod line_probes;
mod reach;
mod run;
mod stub;
mod upload;
mod vectors;
