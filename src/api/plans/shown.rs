//! Ranked sites and criteria in the shapes of answers.

use desserte_planning::gap::Gap;
use desserte_planning::plan::{Plan, PlanRow};
use desserte_planning::ranking::{Criterion, MILLIONTHS, Prefer};
use desserte_planning::{Finding, Position};

use super::super::model::{ContributionItem, CriterionItem, PlanItem};

pub(super) fn total_weight(plan: &Plan) -> f64 {
    plan.scenario
        .ranking
        .criteria
        .values()
        .map(|weighting| f64::from(weighting.weight))
        .sum()
}

pub(super) fn criteria(plan: &Plan, total: f64) -> Vec<CriterionItem> {
    plan.scenario
        .ranking
        .criteria
        .iter()
        .map(|(criterion, weighting)| {
            let known = plan.rows.iter().filter(|row| {
                row.ranked
                    .contributions
                    .iter()
                    .any(|one| one.criterion == *criterion && one.finding.known().is_some())
            });
            let prefer = weighting.prefer.unwrap_or(criterion.default_preference());
            CriterionItem {
                id: criterion.code().to_owned(),
                weight: f64::from(weighting.weight) / total,
                unit: criterion.unit().to_owned(),
                better: match prefer {
                    Prefer::High => "higher_need".to_owned(),
                    Prefer::Low => "lower_need".to_owned(),
                },
                known_sites: known.count() as u64,
            }
        })
        .collect()
}

pub(super) fn item(row: &PlanRow, total: f64) -> PlanItem {
    let site = &row.site;
    PlanItem {
        rank: row.ranked.rank as u64,
        site: site.id.clone(),
        site_name: site.name.clone(),
        kind: site.kind.clone(),
        region: site.region.clone(),
        simulated: site.simulated,
        latitude: site.position.map(Position::latitude),
        longitude: site.position.map(Position::longitude),
        score: share(row.ranked.score_millionths),
        known_weight_share: share(row.ranked.known_weight_millionths),
        contributions: row
            .ranked
            .contributions
            .iter()
            .map(|one| {
                let known = one.finding.known();
                ContributionItem {
                    criterion: one.criterion.code().to_owned(),
                    value: known.map(|assessed| assessed.value),
                    unit: one.unit.to_owned(),
                    normalised: known.map(|assessed| assessed.normalised),
                    weight: f64::from(one.weight) / total,
                    contribution: known.map(|assessed| share(assessed.contribution_millionths)),
                    unknown_reason: match &one.finding {
                        Finding::Known(_) => None,
                        Finding::Unknown(reason) => Some(reason.code().to_owned()),
                    },
                    source: source(one.criterion, &row.gap),
                }
            })
            .collect(),
    }
}

fn share(millionths: u32) -> f64 {
    f64::from(millionths) / f64::from(MILLIONTHS)
}

/// Where a criterion's value comes from.
fn source(criterion: Criterion, gap: &Gap) -> Option<String> {
    let nearest = match criterion {
        Criterion::FibreDistance => gap.fibre_line.known(),
        Criterion::FibreNodeDistance => gap.fibre_node.known(),
        Criterion::MastDistance => gap.mast.known(),
        Criterion::PlacePopulation => gap.place.known().map(|place| &place.nearest),
        Criterion::NeighbourSites | Criterion::SiteKind | Criterion::Unavailability => None,
    }?;
    let provenance = &nearest.provenance;
    Some(format!(
        "{} ({}, {})",
        provenance.layer, provenance.source, provenance.date
    ))
}
