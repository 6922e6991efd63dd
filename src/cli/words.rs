//! What a command says when it does not succeed, in both languages: the one place for these texts.
//!
//! Every error names what was tried, on which file, field or thing, why it failed, and, where a
//! person can do something about it, what. Libraries explain themselves in English only: a reason
//! that is not known here is quoted as it is.

mod data;
mod files;
mod input;
mod ledger;
pub(super) mod plan;
mod registry;
pub(super) mod solve;
mod toml;
mod upkeep;

pub(super) use files::FileError;
use files::reason;

use crate::config::Language;

/// One message, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    fr: String,
    en: String,
}

impl Text {
    pub(super) fn new(fr: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            fr: fr.into(),
            en: en.into(),
        }
    }

    /// The message in one language.
    pub(super) fn pick(&self, language: Language) -> &str {
        language.pick(&self.fr, &self.en)
    }

    /// The message after what it is about: a file, a site.
    pub(super) fn about(self, subject: impl std::fmt::Display) -> Self {
        Self::new(
            format!("{subject} : {}", self.fr),
            format!("{subject}: {}", self.en),
        )
    }

    /// The message and what to do.
    pub(super) fn with_advice(self, fr: &str, en: &str) -> Self {
        Self::new(format!("{} ; {fr}", self.fr), format!("{}; {en}", self.en))
    }
}

/// A site that is not there.
pub(super) fn unknown_site(site: &str) -> Text {
    Text::new(
        format!(
            "site inconnu « {site} » ; « desserte sites list --data DIR » donne les sites connus"
        ),
        format!("no such site {site:?}; \"desserte sites list --data DIR\" lists the known ones"),
    )
}

/// What the system refused, beside files.
pub(super) fn system((fr, en): (&str, &str), error: &std::io::Error) -> Text {
    let why = reason(error);
    Text::new(format!("{fr} : {}", why.fr), format!("{en}: {}", why.en))
}

/// Something that names no agent.
pub(super) fn not_an_agent(given: &str) -> Text {
    Text::new(
        format!(
            "« {given} » n’est pas un identifiant d’agent ; « desserte agents list --data DIR » les donne"
        ),
        format!(
            "{given:?} is no agent's identifier; \"desserte agents list --data DIR\" lists them"
        ),
    )
}

/// Something that is no number of megabytes.
pub(super) fn not_megabytes(given: &str) -> Text {
    Text::new(
        format!(
            "--megabytes-max : « {given} » n’est ni « none » ni un nombre entier à partir de 1"
        ),
        format!("--megabytes-max: {given:?} is neither \"none\" nor a whole number from 1"),
    )
}

/// A month that is none.
pub(super) fn not_a_month(given: &str) -> Text {
    Text::new(
        format!("« {given} » : mois attendu sous la forme aaaa-mm, par exemple 2026-06"),
        format!("{given:?}: expected a month as yyyy-mm, such as 2026-06"),
    )
}

/// A moment that is none.
pub(super) fn not_a_moment(given: &str) -> Text {
    Text::new(
        format!(
            "« {given} » : instant attendu avec son décalage, par exemple 2026-06-10T22:00:00+01:00"
        ),
        format!("{given:?}: expected a time with its offset, such as 2026-06-10T22:00:00+01:00"),
    )
}
