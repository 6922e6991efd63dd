//! `desserte-probe`: the measurement agent.

fn main() -> std::process::ExitCode {
    desserte_probe::cli::main()
}
