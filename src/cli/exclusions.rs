//! Exclusions of an agreement: list, ask for, approve, withdraw.

use clap::Args;
use desserte_domain::exclusion::{EXCLUSION_KINDS, ExclusionKind};
use jiff::Timestamp;
use serde::Serialize;

use super::output::{Output, tell};
use super::words::{Text, not_a_moment};
use super::{AUTHOR, Context, Data, Failure, Outcome, now_unix_ms, registry};
use crate::config::Language;
use crate::registry::{
    Decision, ExclusionChange, ExclusionRecord, NewExclusion, Registry, RegistryError,
};

#[derive(Debug, Args)]
pub(super) struct Exclude {
    /// Identifier of the agreement.
    agreement: String,
    /// The site; left out: every site of the agreement.
    #[arg(long)]
    site: Option<String>,
    /// Start, for example 2026-06-10T22:00:00+01:00.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// End, not inside.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// One of the agreement's classes.
    #[arg(long)]
    class: String,
    /// `planned_works` and `other` leave slots out; `stop_clock` is off the repair time only.
    #[arg(long, value_parser = kind)]
    kind: ExclusionKind,
    /// Who asks for it.
    #[arg(long, value_name = "NAME")]
    requested_by: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// Identifier of the agreement.
    agreement: String,
    /// Number of the exclusion.
    exclusion: i64,
    /// Who approves it: not the person who asked for it.
    #[arg(long, value_name = "NAME")]
    approved_by: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct Withdraw {
    /// Identifier of the agreement.
    agreement: String,
    /// Number of the exclusion.
    exclusion: i64,
    /// Who withdraws it.
    #[arg(long, value_name = "NAME")]
    withdrawn_by: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Identifier of the agreement.
    agreement: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Row {
    id: i64,
    site: Option<String>,
    from: String,
    to: String,
    class: String,
    kind: &'static str,
    reason: String,
    requested_by: String,
    approved_by: Option<String>,
    withdrawn_by: Option<String>,
    counts: bool,
}

fn kind(text: &str) -> Result<ExclusionKind, String> {
    ExclusionKind::named(text).ok_or_else(|| {
        let names = EXCLUSION_KINDS.map(ExclusionKind::identifier);
        names.join(", ")
    })
}

/// Once there are accounts, two of them decide: a name typed here would be anybody's.
fn typed_names_are_enough(registry: &Registry) -> Outcome {
    if !registry.has_people().map_err(Failure::failed)? {
        return Ok(());
    }
    Err(Failure::Input(Text::new(
        "il y a des comptes : les exclusions sont demandées et approuvées sur la page, chacun sous le sien",
        "there are accounts: exclusions are asked for and approved on the page, everybody under their own",
    )))
}

impl Exclude {
    pub(super) fn run(&self, context: Context) -> Outcome {
        let new = NewExclusion {
            agreement: self.agreement.clone(),
            site: self.site.clone(),
            from_unix_ms: moment("--from", &self.from)?,
            to_unix_ms: moment("--to", &self.to)?,
            class: self.class.clone(),
            kind: self.kind,
            requested_by: self.requested_by.clone(),
        };
        let registry = registry(&self.data)?;
        typed_names_are_enough(&registry)?;
        let number = registry
            .add_exclusion(&new, decision(&self.reason))
            .map_err(refused)?;
        tell(&match context.language {
            Language::Fr => {
                format!("Exclusion {number} enregistrée ; elle comptera une fois approuvée.")
            }
            Language::En => format!("Exclusion {number} entered; it counts once approved."),
        });
        Ok(())
    }
}

impl Approve {
    pub(super) fn run(&self, context: Context) -> Outcome {
        let id = (self.agreement.as_str(), self.exclusion);
        let registry = registry(&self.data)?;
        typed_names_are_enough(&registry)?;
        registry
            .change_exclusion(
                id,
                ExclusionChange::Approve,
                &self.approved_by,
                decision(""),
            )
            .map_err(refused)?;
        tell(&match context.language {
            Language::Fr => format!("Exclusion {} approuvée ; elle compte.", self.exclusion),
            Language::En => format!("Exclusion {} approved; it counts.", self.exclusion),
        });
        Ok(())
    }
}

impl Withdraw {
    pub(super) fn run(&self, context: Context) -> Outcome {
        let id = (self.agreement.as_str(), self.exclusion);
        let decision = decision(&self.reason);
        let registry = registry(&self.data)?;
        typed_names_are_enough(&registry)?;
        registry
            .change_exclusion(id, ExclusionChange::Withdraw, &self.withdrawn_by, decision)
            .map_err(refused)?;
        tell(&match context.language {
            Language::Fr => format!(
                "Exclusion {} retirée ; elle ne compte plus.",
                self.exclusion
            ),
            Language::En => {
                format!("Exclusion {} withdrawn; it counts no more.", self.exclusion)
            }
        });
        Ok(())
    }
}

impl List {
    pub(super) fn run(&self) -> Outcome {
        let registry = registry(&self.data)?;
        let found = registry
            .agreement(&self.agreement, None)
            .map_err(Failure::failed)?;
        if found.is_none() {
            return Err(refused(RegistryError::Missing {
                what: "agreement",
                id: self.agreement.clone(),
            }));
        }
        let records = registry
            .exclusions(&self.agreement)
            .map_err(Failure::failed)?;
        let rows: Vec<Row> = records.into_iter().map(row).collect();
        self.output.list(&rows)
    }
}

fn row(record: ExclusionRecord) -> Row {
    let counts = record.counts();
    Row {
        id: record.id,
        site: record.exclusion.site,
        from: text(record.exclusion.from_unix_ms),
        to: text(record.exclusion.to_unix_ms),
        class: record.exclusion.class,
        kind: record.exclusion.kind.identifier(),
        reason: record.reason,
        requested_by: record.exclusion.requested_by,
        approved_by: record.approved.map(|(person, _)| person),
        withdrawn_by: record.withdrawn.map(|(person, _)| person),
        counts,
    }
}

fn text(unix_ms: i64) -> String {
    Timestamp::from_millisecond(unix_ms)
        .unwrap_or_default()
        .to_string()
}

fn moment(option: &str, text: &str) -> Result<i64, Failure> {
    let at: Timestamp = text
        .parse()
        .map_err(|_| Failure::Input(not_a_moment(text).about(option)))?;
    Ok(at.as_millisecond())
}

fn decision(reason: &str) -> Decision<'_> {
    Decision {
        author: AUTHOR,
        at_unix_ms: now_unix_ms(),
        reason,
    }
}

/// What a person asked for is input; a registry that fails is not.
fn refused(error: RegistryError) -> Failure {
    let failed = matches!(error, RegistryError::Database { .. });
    let text = Text::from(error);
    if failed {
        Failure::Failed(text)
    } else {
        Failure::Input(text)
    }
}
