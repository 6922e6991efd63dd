//! The availability machine `sla-ref-1`: from slots to available and unavailable time.
//!
//! Unavailable from the *first* of `n_enter` consecutive bad slots, available again from the first
//! of `n_exit` consecutive good ones (the retroactive entry of ITU-T G.826). Exclusions and service
//! hours never alter it: they change counting only ([`crate::account`]).

use serde::{Deserialize, Serialize};

use crate::slot::SlotState;

/// State of a line in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Available.
    Available,
    /// Unavailable: inside an outage.
    Unavailable,
}

/// What a slot without data means to an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingPolicy {
    /// It leaves the denominator; the machine skips it.
    #[default]
    Exclude,
    /// It is a bad slot.
    AsDown,
    /// It is a good slot.
    AsUp,
    /// The machine skips it, and it counts as the state it lies in.
    Hold,
}

impl MissingPolicy {
    /// Its name in files and interfaces.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::AsDown => "as_down",
            Self::AsUp => "as_up",
            Self::Hold => "hold",
        }
    }

    /// What the machine sees of a slot: `Some(true)` bad, `Some(false)` good, `None` skipped.
    #[must_use]
    pub fn sees_bad(self, slot: SlotState) -> Option<bool> {
        match (slot, self) {
            (SlotState::Good, _) | (SlotState::Unknown, Self::AsUp) => Some(false),
            (SlotState::Bad, _) | (SlotState::Unknown, Self::AsDown) => Some(true),
            (SlotState::Unknown, Self::Exclude | Self::Hold) => None,
        }
    }
}

/// Parameters of the machine, as an agreement names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MachineParameters {
    /// Consecutive bad slots that make an outage, at least 1.
    pub n_enter: u32,
    /// Consecutive good slots that end one, at least 1.
    pub n_exit: u32,
    /// What a slot without data means.
    pub missing: MissingPolicy,
    /// Slots after the period's end that may be looked at, unknown ones included.
    pub lookahead_max_slots: u32,
}

impl Default for MachineParameters {
    fn default() -> Self {
        Self {
            n_enter: 5,
            n_exit: 5,
            missing: MissingPolicy::Exclude,
            lookahead_max_slots: 60,
        }
    }
}

/// A change of state that the last slot proved, and from which slot on it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Number of the first slot in the new state (never after the slot that proved it).
    pub first_slot: usize,
    /// The new state.
    pub state: Availability,
}

/// A run of slots that may become a change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pending {
    first_slot: usize,
    known_slots: u32,
}

/// The machine, slot by slot: for live state, where the end is always open.
#[derive(Debug, Clone)]
pub struct Machine {
    parameters: MachineParameters,
    state: Availability,
    pending: Option<Pending>,
    next_slot: usize,
}

impl Machine {
    /// A machine before its first slot, in the state carried in from before.
    #[must_use]
    pub fn new(parameters: MachineParameters, carry_in: Availability) -> Self {
        Self {
            parameters,
            state: carry_in,
            pending: None,
            next_slot: 0,
        }
    }

    /// The state that is proven so far.
    #[must_use]
    pub fn state(&self) -> Availability {
        self.state
    }

    /// First slot of a run that may still turn the state; `None` when nothing is open.
    #[must_use]
    pub fn pending_from_slot(&self) -> Option<usize> {
        self.pending.map(|pending| pending.first_slot)
    }

    /// Takes the next slot; answers with a change of state when this slot proves one.
    pub fn push(&mut self, slot: SlotState) -> Option<Transition> {
        let number = self.next_slot;
        self.next_slot += 1;
        let bad = self.parameters.missing.sees_bad(slot)?;
        let (against, needed, other) = match self.state {
            Availability::Available => (bad, self.parameters.n_enter, Availability::Unavailable),
            Availability::Unavailable => (!bad, self.parameters.n_exit, Availability::Available),
        };
        if !against {
            self.pending = None;
            return None;
        }
        let pending = self.pending.get_or_insert(Pending {
            first_slot: number,
            known_slots: 0,
        });
        pending.known_slots += 1;
        if pending.known_slots < needed.max(1) {
            return None;
        }
        let first_slot = pending.first_slot;
        self.pending = None;
        self.state = other;
        Some(Transition {
            first_slot,
            state: other,
        })
    }
}

/// A period's run of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineRun {
    /// State of every slot of the period.
    pub states: Vec<Availability>,
    /// First slot whose state may still change when more slots after the period's end are known;
    /// `None` when the period is decided.
    pub open_from_slot: Option<usize>,
    /// State at the end of the period: the next period's carry-in (once nothing is open).
    pub state_at_end: Availability,
}

/// Runs the machine over a period's slots.
///
/// `look_ahead` are the slots after the period's end known so far; they only decide a run that the
/// period's end cut, and are looked at until it is decided or `lookahead_max_slots` are used up.
/// (A cut run of at least one slot is decided after at most n − 1 known ones.) When they do not
/// suffice, the state stays as it was; when there are fewer than may be looked at, the end is open.
#[must_use]
pub fn run(
    parameters: MachineParameters,
    carry_in: Availability,
    slots: &[SlotState],
    look_ahead: &[SlotState],
) -> MachineRun {
    let mut machine = Machine::new(parameters, carry_in);
    let mut states = Vec::with_capacity(slots.len());
    for slot in slots {
        let transition = machine.push(*slot);
        states.push(machine.state());
        apply(&mut states, transition);
    }
    let mut used = 0_u32;
    let mut ahead = look_ahead.iter();
    while machine.pending.is_some() && used < parameters.lookahead_max_slots {
        let Some(slot) = ahead.next() else { break };
        apply(&mut states, machine.push(*slot));
        used += 1;
    }
    let undecided = used < parameters.lookahead_max_slots;
    let open_from_slot = machine.pending_from_slot().filter(|_| undecided);
    let state_at_end = states.last().copied().unwrap_or(carry_in);
    MachineRun {
        states,
        open_from_slot,
        state_at_end,
    }
}

/// Runs the machine from slot `first` on. Before it nobody measured yet: what is missing there is no
/// outage, whatever an agreement says of missing slots, and the state stays as it was carried in.
#[must_use]
pub fn run_from(
    first: usize,
    parameters: MachineParameters,
    carry_in: Availability,
    slots: &[SlotState],
    look_ahead: &[SlotState],
) -> MachineRun {
    let first = first.min(slots.len());
    let measured = slots.get(first..).unwrap_or_default();
    let mut run = run(parameters, carry_in, measured, look_ahead);
    run.states
        .splice(0..0, std::iter::repeat_n(carry_in, first));
    run.open_from_slot = run.open_from_slot.map(|slot| slot + first);
    run
}

fn apply(states: &mut [Availability], transition: Option<Transition>) {
    if let Some(transition) = transition {
        for state in states.iter_mut().skip(transition.first_slot) {
            *state = transition.state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(text: &str) -> Vec<SlotState> {
        let state = |c| match c {
            'G' => SlotState::Good,
            'B' => SlotState::Bad,
            _ => SlotState::Unknown,
        };
        text.chars().map(state).collect()
    }

    fn states(parameters: MachineParameters, period: &str, ahead: &str) -> (String, Option<usize>) {
        let run = run(
            parameters,
            Availability::Available,
            &slots(period),
            &slots(ahead),
        );
        let letter = |state: &Availability| match state {
            Availability::Available => 'a',
            Availability::Unavailable => 'u',
        };
        (run.states.iter().map(letter).collect(), run.open_from_slot)
    }

    fn three() -> MachineParameters {
        MachineParameters {
            n_enter: 3,
            n_exit: 2,
            ..MachineParameters::default()
        }
    }

    #[test]
    fn entry_and_exit_count_from_the_first_slot_of_their_run() {
        assert_eq!(
            states(three(), "GBBGBBBGBGG", ""),
            ("aaaauuuuuaa".to_owned(), None)
        );
    }

    #[test]
    fn unknown_slots_are_skipped_or_seen_as_the_policy_says() {
        let under = |missing| states(MachineParameters { missing, ..three() }, "GBUBUBGUG", "").0;
        assert_eq!(under(MissingPolicy::Exclude), "auuuuuaaa");
        assert_eq!(under(MissingPolicy::Hold), "auuuuuaaa");
        assert_eq!(under(MissingPolicy::AsUp), "aaaaaaaaa");
        assert_eq!(under(MissingPolicy::AsDown), "auuuuuuuu");
    }

    #[test]
    fn what_is_missing_before_the_first_measurement_is_no_outage() {
        let parameters = MachineParameters {
            missing: MissingPolicy::AsDown,
            ..three()
        };
        let from = |first| {
            let states = slots("UUUUGGBB");
            run_from(first, parameters, Availability::Available, &states, &[])
        };
        let down = |run: &MachineRun| {
            let states = run.states.iter();
            states
                .filter(|one| **one == Availability::Unavailable)
                .count()
        };
        assert_eq!((down(&from(0)), from(0).states.len()), (4, 8));
        assert_eq!((down(&from(4)), from(4).states.len()), (0, 8));
        assert_eq!(from(4).open_from_slot, Some(6));
        assert_eq!(from(99).states, [Availability::Available; 8]);
    }

    #[test]
    fn look_ahead_decides_a_run_cut_by_the_end() {
        assert_eq!(states(three(), "GB", "BB"), ("au".to_owned(), None));
        assert_eq!(states(three(), "GB", "UBUB"), ("au".to_owned(), None));
        assert_eq!(states(three(), "GB", "BG"), ("aa".to_owned(), None));
        assert_eq!(states(three(), "GG", "BBB"), ("aa".to_owned(), None));
    }

    #[test]
    fn the_end_stays_open_until_enough_is_known_or_the_limit_is_used_up() {
        assert_eq!(states(three(), "GB", "B"), ("aa".to_owned(), Some(1)));
        assert_eq!(states(three(), "GBBB", ""), ("auuu".to_owned(), None));
        let short = MachineParameters {
            lookahead_max_slots: 2,
            ..three()
        };
        assert_eq!(states(short, "GB", "UU"), ("aa".to_owned(), None));
        assert_eq!(states(short, "GB", "UUBB"), ("aa".to_owned(), None));
        assert_eq!(states(short, "GB", "U"), ("aa".to_owned(), Some(1)));
    }

    #[test]
    fn transitions_name_their_first_slot() {
        let mut machine = Machine::new(three(), Availability::Available);
        let found: Vec<_> = slots("GBUBBGG")
            .into_iter()
            .map(|slot| machine.push(slot))
            .collect();
        let enter = Transition {
            first_slot: 1,
            state: Availability::Unavailable,
        };
        let exit = Transition {
            first_slot: 5,
            state: Availability::Available,
        };
        assert_eq!(
            found,
            [None, None, None, None, Some(enter), None, Some(exit)]
        );
        assert_eq!(machine.pending_from_slot(), None);
        assert_eq!(machine.push(SlotState::Bad), None);
        assert_eq!(machine.pending_from_slot(), Some(7));
    }
}
