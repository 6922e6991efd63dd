//! What a site's month means beyond its availability, from its samples.

use desserte_domain::account::{AccountedSlot, Count, MonthFigures, accounted_slots};
use desserte_domain::cause::Cause;
use desserte_domain::exclusion::Exclusion;
use desserte_domain::promise::Promise;
use desserte_domain::quality::{AvailableTime, RateSeries, TargetSeries};
use desserte_domain::settlement::{SiteInput, SiteSettlement};
use desserte_domain::slot::SlotState;
use desserte_domain::sufficiency::note;

use super::{Formed, MonthError, MonthRequest};
use crate::assess::judge::SiteSamples;

impl MonthRequest<'_> {
    pub(super) fn settled(
        &self,
        formed: &Formed,
        (figures, causes, promise): (&MonthFigures, &[Option<Cause>], &Promise),
        exclusions: &[Exclusion],
        samples: &SiteSamples,
    ) -> Result<SiteSettlement, MonthError> {
        let agreement = self.agreement;
        let input = formed.input(agreement, exclusions);
        let slots = accounted_slots(&input)?;
        let time = AvailableTime::of(formed.period.start_unix_ms, &slots);
        let targets: Vec<TargetSeries<'_>> = samples
            .targets
            .iter()
            .map(|target| TargetSeries {
                target: &target.id,
                observations: &target.observations,
            })
            .collect();
        let rates: Vec<RateSeries<'_>> = samples
            .rates
            .iter()
            .map(|(target, rates)| RateSeries { target, rates })
            .collect();
        let counted: Vec<SlotState> = slots.iter().map(counted).collect();
        Ok(agreement.settle(
            &SiteInput {
                month: self.month,
                period: &formed.period,
                figures,
                causes,
                promise,
                exclusions,
                carried_in_since_unix_ms: formed.carried_in_since_unix_ms,
            },
            agreement.quality(&time, &targets, &rates),
            note(&counted, agreement.objective.availability_percent),
        )?)
    }
}

/// A slot as a sample of the line: what does not count says nothing.
fn counted(slot: &AccountedSlot<'_>) -> SlotState {
    let left_out = slot.excluded_by.is_some();
    match slot.count {
        Count::Up | Count::Down if !left_out => slot.state,
        Count::Up | Count::Down | Count::Excluded | Count::Unknown => SlotState::Unknown,
    }
}
