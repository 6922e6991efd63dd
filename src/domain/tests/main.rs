//! The domain through its public interface: worked cases, scenario files and properties.

mod causes;
mod conformance;
mod properties;

/// Root of the repository.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
