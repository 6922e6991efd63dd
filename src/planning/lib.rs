//! The pure planning core of Desserte: gaps and ranking.
