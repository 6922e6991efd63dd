//! One slot: from its packets, and from its probes.

use desserte_domain::decimal::Decimal;
use desserte_domain::slot::{Rule, SlotRule, SlotState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Found, named, read};

fn letter(state: SlotState) -> &'static str {
    match state {
        SlotState::Good => "G",
        SlotState::Bad => "B",
        SlotState::Unknown => "U",
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LossCase {
    /// The same number for every slot …
    sent: Option<u64>,
    /// … or one for each.
    sent_list: Option<Vec<u64>>,
    received: Vec<u64>,
    min_sent: Option<u16>,
    #[serde(rename = "C")]
    threshold: Decimal,
}

pub(super) fn loss_slots(input: &Value) -> Found {
    let case: LossCase = read(input)?;
    let sent = match (case.sent, case.sent_list) {
        (Some(sent), None) => vec![sent; case.received.len()],
        (None, Some(list)) if list.len() == case.received.len() => list,
        _ => return Err("input: sent or sent_list, as long as received".to_owned()),
    };
    let threshold = case
        .threshold
        .parts_per_million()
        .ok_or("input.C: finer than a millionth")?;
    let rule = SlotRule {
        minimum_sent: case.min_sent.unwrap_or(SlotRule::default().minimum_sent),
        loss_threshold_parts_per_million: threshold,
        ..SlotRule::default()
    };
    let states: Vec<&str> = sent
        .iter()
        .zip(&case.received)
        .map(|(sent, received)| letter(rule.decide_target(*sent, *received)))
        .collect();
    named(vec![("states", json!(states))])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuorumCase {
    votes: Vec<String>,
}

pub(super) fn quorum(input: &Value) -> Found {
    let case: QuorumCase = read(input)?;
    let rule = SlotRule {
        rule: Rule::Majority,
        ..SlotRule::default()
    };
    let mut states = Vec::new();
    for votes in &case.votes {
        let seen = votes.chars().map(|vote| match vote {
            'G' => Ok(SlotState::Good),
            'B' => Ok(SlotState::Bad),
            'U' | '-' => Ok(SlotState::Unknown),
            other => Err(format!("input.votes: {other:?} is none of G, B, U and -")),
        });
        let seen = seen.collect::<Result<Vec<SlotState>, String>>()?;
        states.push(letter(rule.decide_slot(&seen)));
    }
    named(vec![("states", json!(states))])
}
