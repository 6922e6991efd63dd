//! Every error of an agreement at once.

use std::collections::BTreeSet;
use std::net::IpAddr;

mod extras;

use super::problem::{Problem, Reason};
use super::{Agreement, AvailabilityTest};
use crate::decimal::Decimal;
use crate::exclusion::entry::MAX_CLOSING_DAYS;
use crate::machine::MachineParameters;
use crate::period::time_zone;
use crate::service_hours::{ServiceHours, ServiceWindow};
use crate::slot::Rule;

/// Characters of a title, a name or an identifier: what a table column still shows.
pub const MAX_TEXT_CHARS: usize = 200;

/// Sites, targets, windows, holidays or other entries of one list.
pub const MAX_LIST_ENTRIES: usize = 10_000;

/// Length of a slot, seconds: beyond an hour an outage of an afternoon would not be seen.
pub const MAX_SLOT_SECONDS: u32 = 3_600;

/// Packets to one target in one slot: more is a load test.
pub const MAX_PACKETS_PER_SLOT: u16 = 1_000;

/// Minutes within which something is restored: a quarter of a year.
pub const MAX_REPAIR_MINUTES: u32 = 92 * 1_440;

/// Slots of a run (enter, exit, look-ahead): a day of minutes.
pub const MAX_SLOTS_OF_A_RUN: u32 = 1_440;

pub(super) fn problems(agreement: &Agreement) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    found.identifier("id", &agreement.id);
    found.text("title", &agreement.title);
    found.text("parties.customer", &agreement.parties.customer);
    found.text("parties.contractor", &agreement.parties.contractor);
    found.range("version", agreement.version, 1, u32::MAX);
    if agreement
        .valid_to
        .is_some_and(|end| end <= agreement.valid_from)
    {
        found.add("valid_to", Reason::EndNotAfterBegin);
    }
    if time_zone(&agreement.time_zone).is_err() {
        found.add("time_zone", Reason::UnknownTimeZone);
    }
    found.names("sites", &agreement.sites, true);
    test(&mut found, &agreement.test);
    machine(&mut found, agreement.machine);
    found.names("exclusions.classes", &agreement.exclusions.classes, false);
    found.range(
        "exclusions.closing_days",
        agreement.exclusions.closing_days,
        0,
        MAX_CLOSING_DAYS,
    );
    extras::class_rules(&mut found, agreement);
    if let Some(hours) = &agreement.service_hours {
        service_hours(&mut found, "service_hours", hours);
    }
    found.decimal(
        "objective.availability_percent",
        agreement.objective.availability_percent,
        100,
    );
    if let Some(share) = agreement.objective.minimum_measured_share {
        found.decimal("objective.minimum_measured_share", share, 1);
    }
    extras::quality(&mut found, agreement);
    extras::repair(&mut found, agreement);
    extras::money(&mut found, agreement);
    extras::acceptance(&mut found, agreement);
    found.names("line.interfaces", &agreement.line.interfaces, false);
    found.names("line.gateways", &agreement.line.gateways, false);
    found.names("line.prefixes", &agreement.line.prefixes, false);
    for entry in agreement
        .line
        .prefixes
        .iter()
        .filter(|entry| prefix(entry).is_none())
    {
        found.add(
            "line.prefixes",
            Reason::BadPrefix {
                entry: entry.clone(),
            },
        );
    }
    found.0
}

fn test(found: &mut Found, test: &AvailabilityTest) {
    found.names("test.targets", &test.targets, true);
    if let Rule::Quorum(count) = test.rule {
        let targets = u16::try_from(test.targets.len()).unwrap_or(u16::MAX).max(1);
        found.range("test.rule.quorum", u32::from(count), 1, u32::from(targets));
    }
    let most = u32::from(MAX_PACKETS_PER_SLOT);
    found.range(
        "test.packets_per_slot",
        u32::from(test.packets_per_slot),
        1,
        most,
    );
    let sent = u32::from(test.packets_per_slot.max(1));
    found.range("test.minimum_sent", u32::from(test.minimum_sent), 1, sent);
    found.range("test.slot_seconds", test.slot_seconds, 1, MAX_SLOT_SECONDS);
    found.decimal("test.loss_threshold", test.loss_threshold, 1);
    let coarse_enough = test.loss_threshold.parts_per_million().is_some();
    if test.loss_threshold.at_most(1) && !coarse_enough {
        found.add("test.loss_threshold", Reason::TooFine { decimals: 6 });
    }
}

fn machine(found: &mut Found, machine: MachineParameters) {
    found.range("machine.n_enter", machine.n_enter, 1, MAX_SLOTS_OF_A_RUN);
    found.range("machine.n_exit", machine.n_exit, 1, MAX_SLOTS_OF_A_RUN);
    let lookahead = machine.lookahead_max_slots;
    found.range(
        "machine.lookahead_max_slots",
        lookahead,
        0,
        MAX_SLOTS_OF_A_RUN,
    );
    let needed = machine.n_enter.max(machine.n_exit).saturating_sub(1);
    if lookahead < needed {
        found.add(
            "machine.lookahead_max_slots",
            Reason::LookaheadTooShort { needed },
        );
    }
}

/// A calendar of hours under `field`.
fn service_hours(found: &mut Found, field: &str, hours: &ServiceHours) {
    if hours.windows.is_empty() {
        found.add(format!("{field}.windows"), Reason::Empty);
    }
    windows(found, &format!("{field}.windows"), &hours.windows);
    found.count(&format!("{field}.holidays"), hours.holidays.len());
    found.count(&format!("{field}.seasons"), hours.seasons.len());
    for (number, season) in hours.seasons.iter().enumerate() {
        let field = format!("{field}.seasons[{number}]");
        found.text(&format!("{field}.name"), &season.name);
        found.text(&format!("{field}.author"), &season.author);
        if season.to <= season.from {
            found.add(format!("{field}.to"), Reason::EndNotAfterBegin);
        }
        windows(found, &format!("{field}.windows"), &season.windows);
    }
    found.count(&format!("{field}.days"), hours.days.len());
    for (number, day) in hours.days.iter().enumerate() {
        let field = format!("{field}.days[{number}]");
        found.text(&format!("{field}.name"), &day.name);
        found.text(&format!("{field}.author"), &day.author);
        found.count(&format!("{field}.windows"), day.windows.len());
    }
}

fn windows(found: &mut Found, field: &str, windows: &[ServiceWindow]) {
    found.count(field, windows.len());
    for (number, window) in windows.iter().enumerate() {
        let field = format!("{field}[{number}].days");
        if window.days.is_empty() {
            found.add(field, Reason::Empty);
            continue;
        }
        for day in &window.days {
            found.range(&field, u32::from(*day), 0, 6);
        }
    }
}

struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, field: impl Into<String>, reason: Reason) {
        self.0.push(Problem::new(field, reason));
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(field, Reason::Empty);
        } else if text.chars().count() > MAX_TEXT_CHARS {
            self.add(
                field,
                Reason::TooLong {
                    limit: MAX_TEXT_CHARS,
                },
            );
        }
    }

    fn identifier(&mut self, field: &str, text: &str) {
        self.text(field, text);
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if !text.chars().all(allowed) {
            self.add(field, Reason::BadIdentifier);
        }
    }

    fn count(&mut self, field: &str, entries: usize) {
        if entries > MAX_LIST_ENTRIES {
            self.add(
                field,
                Reason::TooMany {
                    limit: MAX_LIST_ENTRIES,
                },
            );
        }
    }

    fn names(&mut self, field: &str, names: &[String], some: bool) {
        if some && names.is_empty() {
            self.add(field, Reason::Empty);
        }
        self.count(field, names.len());
        let mut seen = BTreeSet::new();
        for (number, name) in names.iter().enumerate().take(MAX_LIST_ENTRIES) {
            self.text(&format!("{field}[{number}]"), name);
            if !seen.insert(name) {
                let entry = name.chars().take(MAX_TEXT_CHARS).collect();
                self.add(field, Reason::Duplicate { entry });
            }
        }
    }

    fn range(&mut self, field: &str, value: u32, least: u32, most: u32) {
        if !(least..=most).contains(&value) {
            let (least, most) = (least.to_string(), most.to_string());
            self.add(field, Reason::OutOfRange { least, most });
        }
    }

    fn decimal(&mut self, field: &str, value: Decimal, limit: u32) {
        if !value.at_most(limit) {
            let (least, most) = ("0".to_owned(), limit.to_string());
            self.add(field, Reason::OutOfRange { least, most });
        }
    }
}

/// Address and length of a prefix; `None` when the text is none.
fn prefix(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length: u32 = length.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    (length <= bits).then_some((address, length))
}

/// Whether an address lies in a prefix of its own family.
pub(super) fn prefix_contains(text: &str, address: IpAddr) -> bool {
    let Some((network, length)) = prefix(text) else {
        return false;
    };
    let same = |left: u128, right: u128, bits: u32| {
        // A prefix of length 0 shifts everything out: it holds every address.
        let shift = bits.saturating_sub(length);
        left.checked_shr(shift).unwrap_or(0) == right.checked_shr(shift).unwrap_or(0)
    };
    match (network, address) {
        (IpAddr::V4(left), IpAddr::V4(right)) => {
            same(u128::from(left.to_bits()), u128::from(right.to_bits()), 32)
        }
        (IpAddr::V6(left), IpAddr::V6(right)) => same(left.to_bits(), right.to_bits(), 128),
        _ => false,
    }
}
