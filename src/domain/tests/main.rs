//! The domain through its public interface: worked cases, scenario files and properties.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: a panic is the test's failure"
)]

mod causes;
mod conformance;
mod contracts;
mod money;
mod properties;

/// Root of the repository.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
