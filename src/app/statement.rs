//! Statements and acceptances from what is stored, without a server.

use desserte_domain::acceptance::{Acceptance, AcceptanceTerms};
use desserte_domain::account::DayFigures;
use desserte_domain::agreement::{Agreement, in_force};
use desserte_domain::period::day_of;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::months::each_site;
use super::{Source, SourceError};
use crate::assess::months::{MonthError, MonthRequest, MonthResult};
use crate::statement::{FIRST_REVISION, StatementDocument, StatementInput, statement};

/// Days after the delivery that an acceptance looks at, at most.
pub const ACCEPTANCE_SPAN_DAYS: i32 = 184;

impl Source {
    /// Every version of an agreement, oldest first; none when it is not known.
    pub fn agreement_versions(&self, id: &str) -> Result<Vec<Agreement>, SourceError> {
        let stored = self.registry().agreement_versions(id)?.into_iter();
        Ok(stored.map(|one| one.agreement).collect())
    }

    /// The statement of a month under the terms that are in force in it, or in a part of it.
    pub fn statement(
        &self,
        terms: &Agreement,
        month: (i16, i8),
    ) -> Result<Result<StatementDocument, MonthError>, SourceError> {
        let request = MonthRequest {
            agreement: terms,
            month,
            now_unix_ms: self.now_unix_ms(),
        };
        let figured = each_site(&terms.sites, |site| {
            let exclusions = self.exclusions(&terms.id, site)?;
            self.figure(&request, site, &exclusions)
        })?;
        let results: Vec<MonthResult> = match figured.into_iter().collect() {
            Ok(results) => results,
            Err(error) => return Ok(Err(error)),
        };
        let sites: Vec<&MonthResult> = results.iter().collect();
        Ok(Ok(statement(&StatementInput {
            agreement: terms,
            month,
            revision: FIRST_REVISION,
            sites: &sites,
            exclusions: &self.registry().exclusions(&terms.id)?,
        })))
    }

    /// The acceptance of a site delivered on a day, under the terms in force on each day since: only
    /// days that are over count.
    pub fn acceptance(
        &self,
        versions: &[Agreement],
        asked: &AcceptanceTerms,
        (site, delivered): (&str, Date),
    ) -> Result<Result<Acceptance, MonthError>, SourceError> {
        let now = self.now_unix_ms();
        let mut days: Vec<DayFigures> = Vec::new();
        let last = delivered
            .checked_add(ACCEPTANCE_SPAN_DAYS.days())
            .unwrap_or(delivered);
        let mut month = delivered.first_of_month();
        while month <= last {
            for terms in in_force(versions, (month.year(), month.month())) {
                let request = MonthRequest {
                    agreement: &terms,
                    month: (month.year(), month.month()),
                    now_unix_ms: now,
                };
                let exclusions = self.exclusions(&terms.id, site)?;
                match self.figure(&request, site, &exclusions)? {
                    Ok(result) => days.extend(result.figures.days),
                    Err(MonthError::Future) => break,
                    Err(error) => return Ok(Err(error)),
                }
            }
            let Ok(next) = month.checked_add(1.month()) else {
                break;
            };
            month = next;
        }
        let zone = versions.last().map(|terms| terms.time_zone.as_str());
        let today = zone.and_then(|zone| day_of(zone, now));
        days.retain(|day| {
            delivered <= day.day && day.day <= last && today.is_none_or(|today| day.day < today)
        });
        Ok(Ok(asked.judge(&days)))
    }
}
