//! The pure planning core of Desserte: how far each public site is from what exists (gap), in which
//! order to connect or repair the sites (ranking), over which edges ([`route`]), and from which
//! places most people are reached ([`cover`]); the last two with a proof of how good they are.
//!
//! Values in, values out: no file, clock, environment, log or thread is touched here, so the same
//! input always gives the same plan. What is not known stays unknown ([`finding::Finding`]): an
//! absent layer is named, never guessed, and never counts as zero.

pub mod area;
pub mod class;
pub mod cost;
pub mod cover;
pub mod delivery;
pub mod drawing;
pub mod finding;
pub mod gap;
pub mod gaps;
pub mod geodesy;
pub mod graph;
pub mod index;
pub mod instance;
pub mod layer;
pub mod line_of_sight;
pub mod network;
pub mod overrides;
pub mod phase;
pub mod plan;
pub mod position;
pub mod preset;
pub mod programme;
pub mod ranking;
pub mod robustness;
pub mod route;
pub mod scenario;
pub mod service;

pub use finding::{Finding, UnknownReason};
pub use position::{Position, PositionError};
