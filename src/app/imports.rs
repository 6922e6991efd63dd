//! The app's part in importing: what files are tried against, and what is read anew afterwards.

use std::sync::Arc;

use super::App;
use crate::api::error::Refusal;
use crate::staging::{Ground, Staging, StagingError};

impl App {
    /// The files that wait to be imported.
    #[must_use]
    pub fn imports(&self) -> &Staging {
        &self.imports
    }

    /// Reads, tries or applies files on a thread of its own.
    pub(crate) async fn importing<T: Send + 'static>(
        self: &Arc<Self>,
        operation: &'static str,
        work: impl FnOnce(&Staging, Ground<'_>) -> Result<T, StagingError> + Send + 'static,
    ) -> Result<Result<T, StagingError>, Refusal> {
        let app = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let ground = Ground {
                registry: app.source.registry(),
                layers: &app.layer_store,
                border: app.geography.border.as_deref(),
            };
            work(&app.imports, ground)
        });
        done.await
            .map_err(|error| Refusal::internal(operation, error))
    }

    /// After sites or layers were imported or taken back.
    pub(crate) async fn imported(self: &Arc<Self>) {
        self.registry_changed().await;
        let app = Arc::clone(self);
        match tokio::task::spawn_blocking(move || app.refresh_layers()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the layers in memory are stale: {error}"),
            Err(error) => tracing::warn!(%error, "the layers in memory are stale: {error}"),
        }
    }
}
