//! The log, and what is made with it.

use std::sync::Arc;

use super::Source;
use crate::ledger::Ledger;
use crate::ledger::evidence::Files;

impl Source {
    /// What final statements are made from; `None` where nothing arrives.
    #[must_use]
    pub fn files(&self) -> Option<Files> {
        let collector = self.collector.as_ref()?;
        Some(Files {
            source: self.clone(),
            journal: Arc::clone(collector.journal()),
            ledger: Arc::clone(collector.ledger()),
        })
    }

    /// The log; `None` where nothing arrives.
    #[must_use]
    pub fn ledger(&self) -> Option<Arc<Ledger>> {
        self.collector
            .as_ref()
            .map(|collector| Arc::clone(collector.ledger()))
    }
}
