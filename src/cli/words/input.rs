//! Configuration, country, imports, scenarios, recordings, worked cases and results.

use desserte_planning::ranking::RankingError;

use super::Text;
use super::files::{reading, reason};
use super::toml::in_french;
use crate::config::ConfigError;
use crate::conformance::ConformanceError;
use crate::export::ExportError;
use crate::geography::GeographyError;
use crate::import::ImportError;
use crate::replay::ReplayError;

/// What a library said, in its own words.
fn quoted(detail: impl std::fmt::Display) -> Text {
    Text::new(in_french(&detail.to_string()), detail.to_string())
}

impl From<ConfigError> for Text {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Read { file, source } => reading(&file, &reason(&source)),
            ConfigError::TooLarge { file } => reading(
                &file,
                &Self::new(
                    "trop grand pour une configuration",
                    "too large for a configuration",
                ),
            ),
            ConfigError::Syntax { file, reason } => reading(&file, &quoted(reason)).with_advice(
                "demo/examples/desserte.toml explique chaque clé",
                "demo/examples/desserte.toml explains every key",
            ),
            ConfigError::Value { file, key, reason } => {
                let fr = match key {
                    "country.time_zone" => "fuseau horaire absent de la base tz",
                    "agents.public_url" => "doit commencer par https://",
                    "assessment.silent_after_uploads" => "doit être au moins 1",
                    _ => reason.as_str(),
                };
                let why = Self::new(format!("clé {key} : {fr}"), format!("key {key}: {reason}"));
                reading(&file, &why)
            }
        }
    }
}

impl From<GeographyError> for Text {
    fn from(error: GeographyError) -> Self {
        match error {
            GeographyError::Read { file, source } => reading(&file, &reason(&source)),
            GeographyError::TooLarge { file } => reading(
                &file,
                &Self::new("fichier trop grand", "the file is too large"),
            ),
            GeographyError::Content { file, reason } => reading(&file, &quoted(reason)),
        }
    }
}

impl From<ImportError> for Text {
    fn from(error: ImportError) -> Self {
        Self::new(in_french(&error.text_fr()), error.text_en())
    }
}

impl From<ReplayError> for Text {
    fn from(error: ReplayError) -> Self {
        let fr = match &error {
            ReplayError::Line { file, line, reason } => {
                format!("{file} : ligne {line} : {}", in_french(reason))
            }
            ReplayError::Empty => {
                "aucun rapport dans l’enregistrement ; il faut des fichiers *.jsonl".to_owned()
            }
            ReplayError::TooMany => "trop de rapports dans l’enregistrement".to_owned(),
            ReplayError::Figures { site, source } => format!("{site} : {source}"),
        };
        Self::new(fr, error.to_string())
    }
}

impl From<RankingError> for Text {
    fn from(error: RankingError) -> Self {
        let fr = match &error {
            RankingError::NoWeight => {
                "poids du classement : aucun critère n’a un poids supérieur à 0".to_owned()
            }
            RankingError::WeightTooLarge { criterion, weight } => {
                format!("poids de {} : {weight} est trop grand", criterion.code())
            }
            RankingError::FullScale { criterion, value } => {
                format!(
                    "pleine échelle de {} : {value} n’est pas supérieur à 0",
                    criterion.code()
                )
            }
            RankingError::Importance { kind, value } => {
                format!("importance du type de site {kind} : {value} n’est pas entre 0 et 1")
            }
        };
        Self::new(fr, error.to_string())
    }
}

impl From<ConformanceError> for Text {
    fn from(error: ConformanceError) -> Self {
        let fr = match &error {
            ConformanceError::Read(source) => format!("cas de conformité illisibles : {source}"),
            ConformanceError::Model(model) => {
                format!("cas de conformité : le modèle « {model} » n’est pas celui de ce programme")
            }
            ConformanceError::Write(source) => format!("écriture du rapport : {source}"),
        };
        Self::new(fr, error.to_string())
    }
}

impl From<ExportError> for Text {
    fn from(error: ExportError) -> Self {
        let ExportError::Write { what, source } = &error;
        Self::new(format!("écriture ({what}) : {source}"), error.to_string())
    }
}

impl From<serde_json::Error> for Text {
    fn from(error: serde_json::Error) -> Self {
        Self::new(
            format!("écriture du résultat en JSON : {error}"),
            format!("writing the result as JSON: {error}"),
        )
    }
}

impl From<csv::Error> for Text {
    fn from(error: csv::Error) -> Self {
        Self::new(
            format!("écriture du résultat en CSV : {error}"),
            format!("writing the result as CSV: {error}"),
        )
    }
}
