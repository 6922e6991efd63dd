//! What scoped viewers see, made once for each scope and kept while the directory is the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Directory;
use crate::config::Sites;
use crate::doors::scope::Scope;

/// Scopes remembered: more than a ministry has regions and contractors. When there are more, all are
/// made anew as they are asked for.
const SCOPES_MAX: usize = 200;

/// Something that is made of what a scope sees of a directory.
#[derive(Debug)]
pub(super) struct ByScope<T>(Mutex<HashMap<Scope, (u64, Arc<T>)>>);

impl<T> Default for ByScope<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> ByScope<T> {
    /// What was made for this scope and version, else made now.
    pub(super) fn of(&self, scope: &Scope, version: u64, make: impl FnOnce() -> T) -> Arc<T> {
        // Held while it is made: it is made once, however many ask.
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, kept)) = held.get(scope)
            && *of == version
        {
            return Arc::clone(kept);
        }
        if held.len() >= SCOPES_MAX {
            held.clear();
        }
        let fresh = Arc::new(make());
        held.insert(scope.clone(), (version, Arc::clone(&fresh)));
        fresh
    }

    /// What was made for this scope and version, if it was.
    pub(super) fn held(&self, scope: &Scope, version: u64) -> Option<Arc<T>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, made) = held.get(scope)?;
        (*of == version).then(|| Arc::clone(made))
    }

    /// What it is made of is another now.
    pub(super) fn forget(&self) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clear();
    }
}

/// Directories as scoped viewers see them.
#[derive(Debug, Default)]
pub(super) struct Views(ByScope<Directory>);

impl Views {
    /// A directory as a scope sees it.
    pub(super) fn of(
        &self,
        scope: &Scope,
        whole: Arc<Directory>,
        settings: &Sites,
    ) -> Arc<Directory> {
        if scope.is_whole() {
            return whole;
        }
        self.0.of(scope, whole.version, || {
            scope.cut(&whole, settings).unwrap_or_default()
        })
    }
}
