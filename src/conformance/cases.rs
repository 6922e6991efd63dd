//! A file of cases, and every kind that the domain alone answers.
//!
//! Nothing is computed here but the reading of a case and the comparison: each kind goes through the
//! function that the product itself uses.

#[path = "cases/agreed.rs"]
mod agreed;
#[path = "cases/availability.rs"]
mod availability;
#[path = "cases/evidence.rs"]
mod evidence;
#[path = "cases/percentiles.rs"]
mod percentiles;
#[path = "cases/slots.rs"]
mod slots;

use std::io::Write;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The slot model that the cases define; another model's cases mean other figures.
const MODEL: &str = "sla-ref-1";

/// Why a file of cases cannot be run at all.
#[derive(Debug, thiserror::Error)]
pub enum ConformanceError {
    /// The file is not of the expected shape.
    #[error("read conformance cases: {0}")]
    Read(#[from] serde_json::Error),
    /// The cases belong to another model.
    #[error("read conformance cases: model {0:?} is not {MODEL:?}")]
    Model(String),
    /// The report could not be written.
    #[error("write conformance report: {0}")]
    Write(#[from] std::io::Error),
}

/// Figures of a case by their names, in the order in which they are computed; or what speaks against
/// it.
pub(crate) type Found = Result<Vec<(String, Value)>, String>;

#[derive(Deserialize)]
struct CaseFile {
    model: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    input: Value,
    expected: Map<String, Value>,
}

/// Runs every case of `json` and writes one line for each, `ID pass` or `ID fail` with the first
/// field that differs, then `N passed, N failed`. Answers whether all passed. `beside` answers the
/// kinds that the domain alone cannot.
pub(crate) fn run(
    json: &str,
    out: &mut dyn Write,
    beside: &dyn Fn(&str, &Value) -> Option<Found>,
) -> Result<bool, ConformanceError> {
    let file: CaseFile = serde_json::from_str(json)?;
    if file.model != MODEL {
        return Err(ConformanceError::Model(file.model));
    }
    let mut failed = 0_usize;
    for case in &file.cases {
        match run_case(case, beside) {
            Ok(()) => writeln!(out, "{} pass", case.id)?,
            Err(difference) => {
                failed += 1;
                writeln!(out, "{} fail {difference}", case.id)?;
            }
        }
    }
    writeln!(out, "{} passed, {failed} failed", file.cases.len() - failed)?;
    Ok(failed == 0)
}

/// Runs one case; `Err` says what differs.
fn run_case(case: &Case, beside: &dyn Fn(&str, &Value) -> Option<Found>) -> Result<(), String> {
    let input = &case.input;
    let found = match case.kind.as_str() {
        "availability" => availability::availability(input),
        "revision" => availability::revision(input),
        "loss_slots" => slots::loss_slots(input),
        "quorum" => slots::quorum(input),
        "compliance" => agreed::compliance(input),
        "aggregate" => agreed::aggregate(input),
        "penalty" => agreed::penalty(input),
        "detect" => agreed::detect(input),
        "percentile" => percentiles::percentile(input),
        "percentile_merge" => percentiles::percentile_merge(input),
        "sketch" => percentiles::sketch(input),
        "ci_zero" => evidence::ci_zero(input),
        "ci_n_needed" => evidence::ci_n_needed(input),
        "wilson" => evidence::wilson_interval(input),
        "n_eff" => evidence::n_eff(input),
        other => {
            beside(other, input).unwrap_or_else(|| Err(format!("kind: {other:?} is not known")))
        }
    }?;
    compare(&case.expected, &found)
}

/// The first field that differs, in the order in which the figures are computed.
fn compare(expected: &Map<String, Value>, found: &[(String, Value)]) -> Result<(), String> {
    if expected.is_empty() {
        return Err("expected: no field to compare".to_owned());
    }
    for (name, value) in found {
        if let Some(wanted) = expected.get(name).filter(|wanted| *wanted != value) {
            return Err(format!("{name}: expected {wanted}, found {value}"));
        }
    }
    match expected
        .keys()
        .find(|name| !found.iter().any(|(known, _)| known == *name))
    {
        Some(name) => Err(format!("{name}: this figure is not computed")),
        None => Ok(()),
    }
}

/// Reads an input; what is missing, unknown or of another type is named.
pub(crate) fn read<T: DeserializeOwned>(input: &Value) -> Result<T, String> {
    T::deserialize(input).map_err(|error| format!("input: {error}"))
}

/// Figures under names known beforehand.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the last word of every kind, which may have failed before"
)]
pub(crate) fn named(found: Vec<(&str, Value)>) -> Found {
    let owned = found.into_iter();
    Ok(owned
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}
