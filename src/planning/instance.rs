//! Problems as the field publishes them, read from text.
//!
//! Numbers may have decimals; all of a file are held as whole numbers of the smallest unit that any
//! of them needs, so that no sum is rounded.

mod decimal;
pub mod points;
pub mod stp;

pub use decimal::{DECIMALS_MAX, Unit};

/// Why a file is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct InstanceError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A word or number is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something that is no number where one belongs, or one that is negative or too long.
    #[error("{field}: {given:?} is no number of at most 18 digits, 0 or more")]
    Number {
        /// What the number would be.
        field: &'static str,
        /// What stands there.
        given: String,
    },
    /// A node that the graph does not have.
    #[error("node {given} is not among 1 to {nodes}")]
    Node {
        /// The number given.
        given: u64,
        /// Nodes of the graph.
        nodes: u64,
    },
    /// A keyword that is not known there.
    #[error("{0:?} is not known here")]
    Keyword(String),
    /// Something after the last word that belongs to the line.
    #[error("{0:?} is too much on this line")]
    TooMuch(String),
    /// A count that was announced and not kept.
    #[error("{announced} {what} were announced, {given} are given")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many were announced.
        announced: u64,
        /// How many there are.
        given: u64,
    },
    /// The same thing twice.
    #[error("{0} is given twice")]
    Twice(&'static str),
    /// The file ends inside a section.
    #[error("the section {0:?} has no END")]
    Open(String),
    /// More of something than the program takes.
    #[error("more than {most} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        most: u64,
    },
    /// All weights and prizes together.
    #[error("weights and prizes add up to more than the program holds exactly")]
    TooHeavy,
    /// Directed problems are another kind.
    #[error("arcs (A) make a directed problem; only edges (E) are solved")]
    Directed,
    /// The graph could not be made.
    #[error("{0}")]
    Graph(String),
}

impl Reason {
    fn at(self, line: usize) -> InstanceError {
        InstanceError { line, reason: self }
    }
}
