//! `desserte`: the collector and its tools.

use std::process::ExitCode;

fn main() -> ExitCode {
    desserte::cli::run()
}
