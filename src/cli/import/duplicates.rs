//! Sites that may be one: list, merge, tell apart, undo.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::super::output::{Output, tell};
use super::super::{Context, Data, Failure, Outcome, registry};
use super::Signed;
use super::sites::PairRow;
use crate::api::time;
use crate::config::Language;
use crate::import::pairs::Rule;
use crate::registry::{DuplicateDecision, Verdict};
use crate::staging::duplicates::{Proposed, proposed};

/// Decisions that are listed at once.
const LISTED_MAX: u32 = 100_000;

/// What is done with duplicates.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Duplicates {
    /// Pairs of sites that may be one, strongest first, with the evidence.
    List(List),
    /// Merge pairs: one by one, or all that a rule covers.
    Accept(Decide),
    /// Tell pairs apart: they are not proposed again.
    Refuse(Decide),
    /// What was decided, newest first.
    Decided(List),
    /// Take a decision back, by its number.
    Undo(Undo),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Decide {
    /// One pair: the site that goes on, and the other.
    #[arg(long, num_args = 2, value_names = ["KEEP", "OTHER"], required_unless_present = "within")]
    pair: Vec<String>,
    /// All pairs at most so many metres apart.
    #[arg(
        long,
        value_name = "METRES",
        requires = "likeness",
        conflicts_with = "pair"
    )]
    within: Option<f64>,
    /// ... whose names are at least so alike, 0 to 1; with 0 pairs without a name too.
    #[arg(long, value_name = "SHARE", requires = "within")]
    likeness: Option<f64>,
    /// ... that are of one kind.
    #[arg(long, requires = "within")]
    same_kind: bool,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Undo {
    /// The decision, by its number (`decided` gives it).
    number: i64,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Serialize)]
struct Row {
    number: i64,
    verdict: &'static str,
    first: String,
    second: String,
    survivor: Option<String>,
    import: Option<String>,
    metres: f64,
    likeness: Option<f64>,
    same_kind: bool,
    at: Option<String>,
    author: String,
    reason: String,
    undone_at: Option<String>,
}

impl Duplicates {
    pub(super) fn run(self, context: Context) -> Outcome {
        match self {
            Self::List(list) => list.proposed(),
            Self::Accept(decide) => decide.run(Verdict::Merged, context),
            Self::Refuse(decide) => decide.run(Verdict::Distinct, context),
            Self::Decided(list) => list.decided(),
            Self::Undo(undo) => registry(&undo.data)?
                .undo_duplicate(undo.number, undo.signed.decision())
                .map_err(Failure::input),
        }
    }
}

impl List {
    fn proposed(&self) -> Outcome {
        let found = proposed(&registry(&self.data)?).map_err(Failure::failed)?;
        self.output.list(&rows(&found))
    }

    fn decided(&self) -> Outcome {
        let decisions = registry(&self.data)?
            .duplicate_decisions(i64::MAX, LISTED_MAX)
            .map_err(Failure::failed)?;
        let rows: Vec<Row> = decisions.into_iter().map(row).collect();
        self.output.list(&rows)
    }
}

fn rows(found: &Proposed) -> Vec<PairRow<'_>> {
    let pairs = found.pairs.listed.iter();
    pairs
        .filter_map(|pair| {
            let (keep, other) = found.sides(pair)?;
            Some(PairRow {
                keep: &keep.site.id,
                keep_name: keep.site.name.as_deref(),
                keep_source: keep.source,
                other: &other.site.id,
                other_name: other.site.name.as_deref(),
                other_source: other.source,
                metres: pair.metres,
                likeness: pair.likeness,
                same_kind: pair.same_kind,
            })
        })
        .collect()
}

fn row(one: DuplicateDecision) -> Row {
    let (first, second) = one.sites;
    Row {
        number: one.id,
        verdict: one.verdict.code(),
        first,
        second,
        survivor: one.survivor,
        import: one.import,
        metres: one.metres,
        likeness: one.likeness,
        same_kind: one.same_kind,
        at: time::text(one.at_unix_ms),
        author: one.author,
        reason: one.reason,
        undone_at: one.undone_at_unix_ms.and_then(time::text),
    }
}

impl Decide {
    fn run(&self, verdict: Verdict, context: Context) -> Outcome {
        let registry = registry(&self.data)?;
        let found = proposed(&registry).map_err(Failure::failed)?;
        let mut named = BTreeMap::new();
        if let [keep, other] = self.pair.as_slice() {
            let key = (keep.min(other).clone(), keep.max(other).clone());
            named.insert(key, (verdict, Some(keep.clone())));
        }
        let rule = self.within.zip(self.likeness);
        let rule = rule.map(|(metres_max, likeness_min)| {
            let rule = Rule {
                metres_max,
                likeness_min,
                same_kind: self.same_kind,
            };
            (rule, verdict)
        });
        let verdicts = found.verdicts(&named, rule);
        let decided = registry
            .decide_duplicates(&verdicts, self.signed.decision())
            .map_err(Failure::input)?;
        let (merged, distinct) = (decided.merged, decided.distinct);
        tell(&match context.language {
            Language::Fr => format!("{merged} sites réunis, {distinct} paires distinguées"),
            Language::En => format!("{merged} sites merged, {distinct} pairs told apart"),
        });
        Ok(())
    }
}
