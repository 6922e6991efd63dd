//! Why no ranking can be made.

use super::{Criterion, MAX_WEIGHT};

/// Weights that no ranking can be made with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RankingError {
    /// Every weight is 0, or there is none.
    #[error("reading the weights of the ranking: no criterion has a weight above 0")]
    NoWeight,
    /// A weight is beyond [`MAX_WEIGHT`].
    #[error("reading the weight of {criterion}: {weight} is more than {MAX_WEIGHT}", criterion = .criterion.code())]
    WeightTooLarge {
        /// Whose weight.
        criterion: Criterion,
        /// The weight given.
        weight: u32,
    },
    /// A full scale is not a number above 0.
    #[error("reading the full scale of {criterion}: {value} is not above 0", criterion = .criterion.code())]
    FullScale {
        /// Whose scale.
        criterion: Criterion,
        /// The value given.
        value: f64,
    },
    /// An importance is not within 0 and 1.
    #[error("reading the importance of site kind {kind}: {value} is not within 0 and 1")]
    Importance {
        /// The kind.
        kind: String,
        /// The value given.
        value: f64,
    },
}
