//! The ledger: one append-only log of the collector (RFC 6962), of which outside parties hold signed
//! checkpoints, and what is made with it: statements that are final, bundles, and their verification.
//!
//! | leaf | when |
//! |---|---|
//! | batch | in the commit of the journal that keeps the batch |
//! | time of a batch | in the commit that brings the time of one that had been accepted without |
//! | record | after the commit of the registry that carries a decision out, in the order of those commits |
//!
//! The log lies in the journal's file. Records of the registry are taken up within seconds, and again at
//! the next start after a crash: none is skipped, none comes twice. What was once covered by a
//! checkpoint can be neither changed nor taken back without whoever holds that checkpoint seeing it.

pub mod bundle;
pub mod difference;
pub mod evidence;
pub mod inputs;
pub mod keeper;
mod late;
pub mod leaf;
pub mod log;
pub mod make;
pub mod note;
pub mod proof;
pub mod recompute;
pub mod settle;
pub mod terms;
pub mod tree;
pub mod verify;
pub mod worker;

pub use keeper::{Ledger, LedgerError};
pub use note::{Checkpoint, NoteError};
