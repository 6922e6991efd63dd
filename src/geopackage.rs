//! OGC GeoPackage 1.3 (OGC 12-128r18) from bytes to features and back. The file is a SQLite database
//! that is held in memory: nothing of it touches the disk, and what a foreign file says is read only.

mod geometry;
mod index;
mod read;
mod write;

pub use geometry::Shape;
pub use read::{FeatureTable, Reader, System};
pub use write::{Column, Content, Kind, NewTable, Value, write};

/// Why a GeoPackage cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum GeoPackageError {
    /// SQLite refuses it.
    #[error("{operation}: {source}")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// A geometry that is not as the standard says.
    #[error("table {table}, row {row}: {reason}")]
    Geometry {
        /// The table.
        table: String,
        /// The row, from 1.
        row: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No table of features.
    #[error("it has no table of features")]
    NoFeatures,
}

fn database(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> GeoPackageError {
    move |source| GeoPackageError::Database { operation, source }
}
