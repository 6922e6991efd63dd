//! Sites that may be one: what is proposed, what was decided, and taking it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query,
        rejection::{BytesRejection, QueryRejection},
    },
};

use super::agents::signer;
use super::error::{Answer, Problem, Refusal};
use super::imports::common::{Slice, check_signed, decision, json, run, signed};
use super::model::{
    DuplicateItem, DuplicateSite, PairDecision, PairItem, PairRule, PairSide, PairsDecided, Signed,
    SignedPairDecisions,
};
use super::paging::{Page, Paging, page};
use super::seen::View;
use super::{query, time};
use crate::app::{App, Directory};
use crate::import::pairs::{Pair, Rule};
use crate::registry::DuplicateDecision;
use crate::staging::duplicates::Side;
use crate::staging::{Staged, StagedDecision, pair_key};

/// Pairs of sites that are there and may be one, strongest first.
#[utoipa::path(get, path = "/api/v1/duplicates", tag = "duplicates", params(Paging), responses(
    (status = 200, body = Page<PairItem>),
    (status = 400, body = Problem),
))]
pub(crate) async fn duplicates(
    View(app): View,
    asked: Result<Query<Paging>, QueryRejection>,
) -> Answer<Json<Page<PairItem>>> {
    let slice = Slice::of(&query(asked)?)?;
    let page = run(&app, "comparing the sites", move |staging, ground| {
        let proposed = staging.duplicates(ground.registry)?;
        Ok(slice.page(&proposed.pairs.listed, |pair| {
            Some(item(pair, proposed.sides(pair)?, None))
        }))
    })
    .await?;
    Ok(Json(page))
}

/// Decides about pairs of sites that are there: merges them or tells them apart, at once.
#[utoipa::path(post, path = "/api/v1/duplicates", tag = "duplicates",
    request_body = SignedPairDecisions,
    responses(
        (status = 200, body = PairsDecided),
        (status = 400, body = Problem),
        (status = 409, body = Problem),
    ))]
pub(crate) async fn decide_duplicates(
    View(app): View,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<PairsDecided>> {
    let asked: SignedPairDecisions = json(body)?;
    let signed = Signed {
        author: signer(&app, asked.author),
        reason: asked.reason,
    };
    check_signed(&signed)?;
    let mut named = BTreeMap::new();
    for one in asked.decisions {
        let same = one.decision.as_deref().map(is_same).transpose()?;
        let same =
            same.ok_or_else(|| Refusal::parameter("decision", "must be same or distinct"))?;
        let (a, b) = (one.keep.clone(), one.other);
        let key = if a < b { (a, b) } else { (b, a) };
        named.insert(key, (crate::staging::verdict(same), Some(one.keep)));
    }
    let rule = asked.rule.map(|asked| rule(&asked)).transpose()?;
    let rule = rule.map(|(rule, same)| (rule, crate::staging::verdict(same)));
    let now = app.now_unix_ms();
    let changed = run(&app, "deciding about duplicates", move |staging, ground| {
        let proposed = staging.duplicates(ground.registry)?;
        let verdicts = proposed.verdicts(&named, rule);
        let decided = ground
            .registry
            .decide_duplicates(&verdicts, decision(&signed, now))?;
        Ok(decided.merged + decided.distinct)
    })
    .await?;
    app.registry_changed().await;
    Ok(Json(PairsDecided {
        changed: changed as u64,
    }))
}

/// What was decided, newest first.
#[utoipa::path(get, path = "/api/v1/duplicates/decisions", tag = "duplicates", params(Paging),
    responses(
        (status = 200, body = Page<DuplicateItem>),
        (status = 400, body = Problem),
    ))]
pub(crate) async fn decisions(
    View(app): View,
    asked: Result<Query<Paging>, QueryRejection>,
) -> Answer<Json<Page<DuplicateItem>>> {
    let paging = query(asked)?;
    let limit = paging.limit()?;
    let before = paging.after()?.map_or(Ok(i64::MAX), |text| {
        let wrong = |_| Refusal::parameter("cursor", "not a cursor of this list");
        text.parse::<i64>().map_err(wrong)
    })?;
    let wanted = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let found = run(&app, "reading decisions", move |_, ground| {
        Ok(ground.registry.duplicate_decisions(before, wanted)?)
    })
    .await?;
    let (directory, names) = (app.directory(), merged_names(&app, &found).await?);
    let items = found
        .into_iter()
        .map(|one| decided(&directory, &names, one))
        .collect();
    Ok(Json(page(items, limit, |item: &DuplicateItem| {
        item.id.to_string()
    })))
}

/// Takes a decision back: a merged site is its own again; a pair told apart may be proposed again.
#[utoipa::path(post, path = "/api/v1/duplicates/decisions/{id}/undo", tag = "duplicates",
    params(("id" = String, Path, description = "number of the decision")),
    request_body = Signed,
    responses(
        (status = 200, body = PairsDecided),
        (status = 404, body = Problem),
        (status = 409, body = Problem),
    ))]
pub(crate) async fn undo_decision(
    View(app): View,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Json<PairsDecided>> {
    let signed = signed(&app, body)?;
    let number: i64 = id
        .parse()
        .map_err(|_| Refusal::not_found("decision", &id))?;
    let now = app.now_unix_ms();
    run(&app, "undoing a decision", move |_, ground| {
        Ok(ground
            .registry
            .undo_duplicate(number, decision(&signed, now))?)
    })
    .await?;
    app.registry_changed().await;
    Ok(Json(PairsDecided { changed: 1 }))
}

/// Names of sites that are no longer open, which the directory does not hold.
async fn merged_names(
    app: &Arc<App>,
    found: &[DuplicateDecision],
) -> Answer<BTreeMap<String, Option<String>>> {
    let directory = app.directory();
    let ids = found.iter().flat_map(|one| [&one.sites.0, &one.sites.1]);
    let closed: Vec<String> = ids
        .filter(|id| directory.site(id).is_none())
        .cloned()
        .collect();
    run(app, "reading sites", move |_, ground| {
        let mut names = BTreeMap::new();
        for id in closed {
            let site = ground.registry.site(&id)?;
            names.insert(id, site.and_then(|site| site.current.name));
        }
        Ok(names)
    })
    .await
}

fn decided(
    directory: &Directory,
    names: &BTreeMap<String, Option<String>>,
    one: DuplicateDecision,
) -> DuplicateItem {
    let (first, second) = one.sites;
    let site = |id: String| DuplicateSite {
        name: match directory.site(&id) {
            Some(site) => site.name.clone(),
            None => names.get(&id).cloned().flatten(),
        },
        id,
    };
    DuplicateItem {
        id: u64::try_from(one.id).unwrap_or_default(),
        verdict: one.verdict.code().to_owned(),
        sites: vec![site(first), site(second)],
        survivor: one.survivor,
        import: one.import,
        metres: one.metres,
        likeness: one.likeness,
        same_kind: one.same_kind,
        author: one.author,
        reason: one.reason,
        at: time::text_or_epoch(one.at_unix_ms),
        undone_at: one.undone_at_unix_ms.map(time::text_or_epoch),
    }
}

/// A pair as every answer shows it; the site that the person wants to keep first.
pub(super) fn item(
    pair: &Pair,
    (keep, other): (Side<'_>, Side<'_>),
    decided: Option<&StagedDecision>,
) -> PairItem {
    let chosen = decided.and_then(|one| one.keep.as_deref());
    let (keep, other) = if chosen == Some(other.site.id.as_str()) {
        (other, keep)
    } else {
        (keep, other)
    };
    PairItem {
        keep: side(keep),
        other: side(other),
        metres: pair.metres,
        likeness: pair.likeness,
        same_kind: pair.same_kind,
        decision: decided.map(|one| if one.same { "same" } else { "distinct" }.to_owned()),
    }
}

fn side(side: Side<'_>) -> PairSide {
    PairSide {
        id: side.site.id.clone(),
        name: side.site.name.clone(),
        kind: side.site.kind.clone(),
        latitude: side.site.position.latitude(),
        longitude: side.site.position.longitude(),
        source: side.source.map(str::to_owned),
        known: side.known,
    }
}

/// What was decided about a pair of a file that waits.
pub(super) fn staged<'s>(
    staged: &'s Staged,
    (keep, other): (&str, &str),
) -> Option<&'s StagedDecision> {
    staged.decisions.get(&pair_key(keep, other))
}

/// Decisions on a file that waits: the two sites, and what holds of them from now on.
type StagedDecisions = Vec<(String, String, Option<StagedDecision>)>;

pub(super) fn staged_decisions(asked: Vec<PairDecision>) -> Answer<StagedDecisions> {
    asked
        .into_iter()
        .map(|one| {
            let same = one.decision.as_deref().map(is_same).transpose()?;
            let decision = same.map(|same| StagedDecision {
                same,
                keep: Some(one.keep.clone()),
            });
            Ok((one.keep, one.other, decision))
        })
        .collect()
}

/// A rule and whether what it covers is one site.
pub(super) fn rule(asked: &PairRule) -> Answer<(Rule, bool)> {
    if !(asked.metres_max >= 0.0 && asked.metres_max.is_finite()) {
        return Err(Refusal::parameter("metres_max", "must be 0 or more"));
    }
    if !(0.0..=1.0).contains(&asked.likeness_min) {
        return Err(Refusal::parameter("likeness_min", "must be 0 to 1"));
    }
    let rule = Rule {
        metres_max: asked.metres_max,
        likeness_min: asked.likeness_min,
        same_kind: asked.same_kind,
    };
    Ok((rule, is_same(&asked.decision)?))
}

fn is_same(decision: &str) -> Answer<bool> {
    match decision {
        "same" => Ok(true),
        "distinct" => Ok(false),
        other => Err(Refusal::parameter(
            "decision",
            format!("{other:?} is not same or distinct"),
        )),
    }
}
