//! What the ledger's failures are called.

use super::Text;
use crate::ledger::LedgerError;
use crate::ledger::log::LogError;

/// The log's own failures.
pub(super) fn log(error: &LogError) -> Text {
    let fr = match error {
        LogError::Database { operation, source } => {
            format!("registre scellé : {operation} : {source}")
        }
        LogError::Missing { level, number } => format!(
            "registre scellé : le sous-arbre {number} du niveau {level} manque : le fichier est abîmé"
        ),
        LogError::Changed { what } => format!(
            "registre scellé : {what} ne correspond pas à ce qui a été inscrit : le fichier a été modifié"
        ),
        LogError::Beyond { asked, size } => {
            format!("registre scellé : {asked} entrées demandées, {size} existent")
        }
    };
    Text::new(fr, error.to_string())
}

impl From<LedgerError> for Text {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Log(error) => log(&error),
            LedgerError::Registry(error) => error.into(),
            LedgerError::Store(error) => error.into(),
            LedgerError::RegistryBehind { logged, last } => Self::new(
                format!(
                    "registre scellé : il va jusqu’à la décision {logged}, registry.sqlite seulement à \
                     {last} : registry.sqlite est une copie plus ancienne que journal.sqlite ; remettez \
                     la plus récente"
                ),
                error.to_string(),
            ),
        }
    }
}
