//! Verifies a statement's bundle: no collector, no data folder, no network.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output;
use super::words::{FileError, Text};
use super::{Context, Failure, Outcome};
use crate::config::Language;
use crate::ledger::note::NOTE_BYTES_MAX;
use crate::ledger::verify::{Consistency, Held, Refused, SIDE_FILE_BYTES_MAX, Verified, verify};

/// Most keys of agents.
const KEYS_MAX: usize = 100_000;

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Shape {
    /// Sentences.
    #[default]
    Text,
    /// An object.
    Json,
}

/// Recomputes a statement from its bundle and checks every proof in it.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The bundle.
    file: PathBuf,
    /// A checkpoint of the collector's log that you received before: proves that nothing that it covers
    /// was changed since.
    #[arg(long, value_name = "WITNESS")]
    checkpoint: Option<PathBuf>,
    /// The collector's proof between that checkpoint and the bundle's, where the bundle has none.
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    consistency: Option<PathBuf>,
    /// Keys of agents that you trust: a line each, identifier and key in hexadecimal.
    #[arg(long, value_name = "KEYS")]
    agents: Option<PathBuf>,
    /// How the result is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Shape,
    /// File to write instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Verify {
    pub(super) fn run(&self, context: Context) -> Outcome {
        let held = Held {
            witness: self
                .checkpoint
                .as_deref()
                .map(|file| output::read_text(file, NOTE_BYTES_MAX as u64))
                .transpose()?,
            consistency: self.consistency.as_deref().map(proof).transpose()?,
            agents: self.agents.as_deref().map(keys).transpose()?,
        };
        let file = File::open(&self.file)
            .map_err(|error| Failure::input(FileError::Read(self.file.clone(), error)))?;
        let verified = verify(file, &held).map_err(Failure::failed)?;
        let bytes = match self.format {
            Shape::Json => output::json(&verified)?,
            Shape::Text => told(&verified, context.language).into_bytes(),
        };
        output::write(self.output.as_deref(), &bytes)
    }
}

impl From<Refused> for Text {
    fn from(error: Refused) -> Self {
        Self::new(error.in_french(), error.to_string())
    }
}

fn proof(file: &Path) -> Result<Consistency, Failure> {
    let text = output::read_text(file, SIDE_FILE_BYTES_MAX)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::input(Text::from(error).about(file.display())))
}

/// Reads keys: a line each, identifier and key; `#` begins a remark.
pub(super) fn keys(file: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let text = output::read_text(file, SIDE_FILE_BYTES_MAX)?;
    let mut found = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let refused = || {
            let place = format!("{}:{}", file.display(), number + 1);
            Failure::input(
                Text::new(
                    "attendu : un identifiant d’agent et sa clé (64 chiffres hexadécimaux)",
                    "expected an agent's identifier and its key (64 hexadecimal digits)",
                )
                .about(place),
            )
        };
        let (agent, key) = line.split_once(char::is_whitespace).ok_or_else(refused)?;
        let id: desserte_probe::wire::id::AgentId = agent.parse().map_err(|_| refused())?;
        let key = key.trim().to_ascii_lowercase();
        desserte_probe::wire::parse_hex::<32>("key", &key).map_err(|_| refused())?;
        if found.insert(id.to_string(), key).is_some() || found.len() > KEYS_MAX {
            return Err(refused());
        }
    }
    Ok(found)
}

fn told(verified: &Verified, language: Language) -> String {
    let mut text = String::new();
    let state = match (verified.is_final, language) {
        (true, Language::Fr) => "définitif",
        (true, Language::En) => "final",
        (false, Language::Fr) => "provisoire",
        (false, Language::En) => "provisional",
    };
    let Verified {
        agreement,
        month,
        revision,
        sites,
        batches,
        records,
        ledger_size,
        document_sha256,
        ..
    } = verified;
    let head = match language {
        Language::Fr => format!(
            "Vérifié : relevé {agreement}, {month}, révision {revision} ({state}).\n\
             {sites} sites, {batches} lots signés, {records} décisions ; toutes les valeurs recalculées, \
             octet pour octet.\n\
             Registre scellé : {ledger_size} entrées. Empreinte du relevé : {document_sha256}\n"
        ),
        Language::En => format!(
            "Verified: statement {agreement}, {month}, revision {revision} ({state}).\n\
             {sites} sites, {batches} signed batches, {records} records; every figure recomputed, byte \
             for byte.\n\
             Log: {ledger_size} leaves. SHA-256 of the statement: {document_sha256}\n"
        ),
    };
    text.push_str(&head);
    if let Some(size) = verified.witness_size {
        // Writing to a string cannot fail.
        let _ = match language {
            Language::Fr => writeln!(
                text,
                "Le registre scellé est celui de votre point de contrôle de {size} entrées."
            ),
            Language::En => writeln!(text, "The log is that of your checkpoint of {size} leaves."),
        };
    }
    text.push_str(language.pick("Non prouvé :\n", "Not proved:\n"));
    for remark in &verified.not_proved {
        let (fr, en) = remark.texts();
        let _ = writeln!(text, "- {}", language.pick(&fr, &en));
    }
    text
}
