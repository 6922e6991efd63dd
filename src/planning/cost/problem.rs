//! What is wrong with a set of parameters.

/// A key and what is wrong with its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct CostProblem {
    /// The key, with its tables (`fibre.site.watts`).
    pub key: String,
    /// Why its value is refused.
    pub reason: String,
}
