//! The country at a glance.

use axum::{Json, http::HeaderMap, response::Response};
use desserte_domain::decimal::Fraction;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::error::{Answer, Refusal};
use super::model::{
    Availability24Hours, CauseState, CountryName, CountryOutline, GroupState, KindCount, KindState,
    NationalOverview, OperatorState, OutlineShape, RegionState, SiteCounts, SiteName,
};
use super::seen::View;
use super::{conditional, summary, time};
use crate::app::{App, Group, Overview, Tally};
use crate::config::Sites;
use crate::import::site::SiteKind;
use crate::live::identifier;

/// Groups in an answer: more than a screen shows; the list of outages has them all.
const GROUPS_MAX: usize = 40;

/// What is down, since when, why, and who is concerned; regions compared. Small enough to be the
/// first thing a page asks for.
#[utoipa::path(get, path = "/api/v1/overview", tag = "sites", responses(
    (status = 200, body = NationalOverview),
))]
pub(crate) async fn overview(View(app): View) -> Json<NationalOverview> {
    let directory = app.directory();
    let found = app.overview();
    let invented_sites = directory.sites().iter().any(|site| site.invented);
    Json(answer(&app, found, invented_sites))
}

/// The regions as a small drawing.
#[utoipa::path(get, path = "/api/v1/country/outline.json", tag = "country", responses(
    (status = 200, body = CountryOutline),
    (status = 304, description = "nothing changed since the ETag given"),
    (status = 404, body = super::error::Problem),
))]
pub(crate) async fn outline(View(app): View, headers: HeaderMap) -> Answer<Response> {
    let held = app.outline();
    let drawn = held
        .as_ref()
        .as_ref()
        .ok_or_else(|| Refusal::not_found("outline", "regions"))?;
    let outline = CountryOutline {
        width: drawn.width,
        height: drawn.height,
        shapes: drawn
            .shapes
            .iter()
            .map(|shape| OutlineShape {
                name: shape.name.clone(),
                path: shape.path.clone(),
                x: shape.label.0,
                y: shape.label.1,
                room: shape.room,
            })
            .collect(),
    };
    let bytes = serde_json::to_vec(&outline)
        .map_err(|error| Refusal::internal("writing the outline", error))?;
    Ok(conditional::answer(
        &headers,
        "application/json",
        bytes.into(),
    ))
}

fn answer(app: &App, found: Overview, invented_sites: bool) -> NationalOverview {
    let country = &app.geography.country;
    let mut causes: Vec<CauseState> = found
        .causes
        .into_iter()
        .map(|(cause, (sites, first))| CauseState {
            cause: cause.identifier().to_owned(),
            sites,
            first_since: first.map(time::text_or_epoch),
        })
        .collect();
    causes.sort_by_key(|cause| Reverse(cause.sites));
    let groups_left_out = found.groups.len().saturating_sub(GROUPS_MAX) as u64;
    NationalOverview {
        country: CountryName {
            id: country.id.clone(),
            name_fr: country.name_fr.clone(),
            name_en: country.name_en.clone(),
            time_zone: country.time_zone.clone(),
            invented_sites,
        },
        summary: summary::of(app, &app.counts_with(found.whole)),
        silent_sites: found.whole.silent,
        regions: last_none(found.regions)
            .map(|(region, tally)| RegionState {
                region,
                sites: counts(&tally),
                measured_sites: tally.measured,
                silent_sites: tally.silent,
                availability_24_hours: availability(&tally),
            })
            .collect(),
        kinds: kinds(&found.kinds),
        operators: last_none(found.operators)
            .map(|(operator, tally)| OperatorState {
                operator,
                sites: counts(&tally),
                measured_sites: tally.measured,
                silent_sites: tally.silent,
                availability_24_hours: availability(&tally),
            })
            .collect(),
        causes,
        groups: found
            .groups
            .into_iter()
            .take(GROUPS_MAX)
            .map(|one| group(one, &app.config.sites))
            .collect(),
        groups_left_out,
    }
}

/// By name, what has none last.
fn last_none<T>(
    mut named: BTreeMap<Option<String>, T>,
) -> impl Iterator<Item = (Option<String>, T)> {
    let nameless = named.remove_entry(&None);
    named.into_iter().chain(nameless)
}

fn kinds(found: &BTreeMap<String, Tally>) -> Vec<KindState> {
    let place = |kind: &str| SiteKind::ALL.iter().position(|one| one.code() == kind);
    let mut kinds: Vec<KindState> = found
        .iter()
        .map(|(kind, tally)| KindState {
            serves_people: SiteKind::from_code(kind).is_some_and(SiteKind::serves_people),
            kind: kind.clone(),
            sites: counts(tally),
            measured_sites: tally.measured,
            silent_sites: tally.silent,
        })
        .collect();
    kinds.sort_by_key(|kind| place(&kind.kind).unwrap_or(usize::MAX));
    kinds
}

fn group(group: Group, settings: &Sites) -> GroupState {
    let sensitive = group.kinds.keys().any(|kind| settings.is_sensitive(kind));
    let mut kinds: Vec<KindCount> = group
        .kinds
        .into_iter()
        .map(|(kind, sites)| KindCount { kind, sites })
        .collect();
    kinds.sort_by_key(|kind| Reverse(kind.sites));
    let state = if group.silent {
        desserte_domain::live::SiteState::Unknown
    } else {
        desserte_domain::live::SiteState::Down
    };
    GroupState {
        shared: group.shared,
        state: identifier(state).to_owned(),
        cause: group.cause.map(|cause| cause.identifier().to_owned()),
        region: group.region,
        operator: group.operator,
        sites: group.sites,
        first_since: group.first_since_unix_ms.map(time::text_or_epoch),
        last_since: group.last_since_unix_ms.map(time::text_or_epoch),
        sensitive,
        simulated: group.simulated,
        kinds,
        examples: group
            .examples
            .into_iter()
            .map(|(site, name)| SiteName { site, name })
            .collect(),
    }
}

/// Sites by state.
pub(crate) fn counts(tally: &Tally) -> SiteCounts {
    SiteCounts {
        total: tally.total,
        up: tally.up,
        degraded: tally.degraded,
        down: tally.down,
        unknown: tally.unknown,
        excluded: tally.excluded,
    }
}

/// The share of measured slots that were up; `None` when none was measured.
pub(crate) fn availability(tally: &Tally) -> Option<Availability24Hours> {
    Fraction::of(tally.up_slots, tally.measured_slots).map(|share| Availability24Hours {
        up_slots: tally.up_slots,
        measured_slots: tally.measured_slots,
        percent: share.percent_six_decimals_half_even(),
    })
}
