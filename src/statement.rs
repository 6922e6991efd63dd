//! A statement as a document: a plain function of an agreement's terms, a month, the figures of its
//! sites and its exclusions. No clock, no store, no build: the same inputs make the same bytes on
//! every machine, so that both sides can recompute it.

mod beyond;
mod figures;
pub mod model;

pub use figures::{days, exclusion_item, minutes, promise, ratio, site_month, total};
pub use model::StatementDocument;

use desserte_domain::agreement::Agreement;

use crate::assess::months::MonthResult;
use crate::registry::ExclusionRecord;
use crate::text::moment;

/// Version of the document's shape.
pub const FORMAT: u32 = 1;
/// Name of the slot model by which figures are made.
pub const MODEL: &str = "sla-ref-1";
/// Revision of figures that no statement has fixed yet.
pub const FIRST_REVISION: u32 = 1;

/// All that a statement is made of.
#[derive(Debug, Clone, Copy)]
pub struct StatementInput<'a> {
    /// The terms in force.
    pub agreement: &'a Agreement,
    /// Year and month, in the agreement's time zone.
    pub month: (i16, i8),
    /// Which statement of this month it is, from [`FIRST_REVISION`].
    pub revision: u32,
    /// The figures of its sites, in the agreement's order.
    pub sites: &'a [&'a MonthResult],
    /// Its exclusions; those that do not touch the month are left out.
    pub exclusions: &'a [ExclusionRecord],
}

/// Makes the statement. Figures of other sites than the agreement's, or in another order, make a
/// statement of nothing: whoever computes them takes `agreement.sites` one by one.
#[must_use]
pub fn statement(input: &StatementInput<'_>) -> StatementDocument {
    let terms = input.agreement;
    let (year, month) = input.month;
    let first = input.sites.first();
    let sites = terms.sites.iter().zip(input.sites);
    let total = total(terms, input.month, input.sites);
    StatementDocument {
        format: FORMAT,
        agreement: terms.id.clone(),
        title: terms.title.clone(),
        version: terms.version,
        customer: terms.parties.customer.clone(),
        contractor: terms.parties.contractor.clone(),
        month: format!("{year:04}-{month:02}"),
        revision: input.revision,
        is_final: total.is_final,
        time_zone: terms.time_zone.clone(),
        period_start: first.and_then(|one| moment(one.period.start_unix_ms)),
        period_end: first.and_then(|one| moment(one.period.end_unix_ms)),
        closes_at: first.and_then(|one| one.closes_unix_ms.and_then(moment)),
        method: figures::method(terms),
        total,
        sites: sites
            .map(|(site, result)| site_month(site, terms, (input.month, input.revision), result))
            .collect(),
        exclusions: exclusions(input),
    }
}

/// Exclusions that touch the month, by start and number.
fn exclusions(input: &StatementInput<'_>) -> Vec<model::ExclusionItem> {
    let (year, month) = input.month;
    let Ok(period) = input.agreement.month(year, month) else {
        return Vec::new();
    };
    let mut found: Vec<&ExclusionRecord> = input
        .exclusions
        .iter()
        .filter(|one| one.touches((period.start_unix_ms, period.end_unix_ms)))
        .collect();
    found.sort_by_key(|one| (one.exclusion.from_unix_ms, one.id));
    let item = |record: &ExclusionRecord| exclusion_item(input.agreement, record);
    found.into_iter().map(item).collect()
}

impl StatementDocument {
    /// The document as it is hashed, signed and compared: JSON in the order of its fields, two spaces
    /// an indentation, one line feed a line and one at the end, so that a difference has a line.
    pub fn canonical(&self) -> serde_json::Result<String> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

#[cfg(test)]
pub(crate) mod tests;
