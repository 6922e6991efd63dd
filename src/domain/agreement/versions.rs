//! Which version of an agreement is in force.

use super::Agreement;

/// The versions that hold on some day of a month, each with the days on which it is in force: a later
/// version ends an earlier one on its first day. No day belongs to two of them.
#[must_use]
pub fn in_force(versions: &[Agreement], (year, month): (i16, i8)) -> Vec<Agreement> {
    let mut found: Vec<Agreement> = versions
        .iter()
        .map(|one| replaced(one, versions))
        .filter(|one| one.valid_to.is_none_or(|end| one.valid_from < end))
        .filter(|one| one.holds_in(year, month))
        .collect();
    found.sort_by_key(|one| (one.valid_from, one.version));
    found
}

/// A version as later ones left it: it ends at the latest where one of them begins.
#[must_use]
pub fn replaced(version: &Agreement, versions: &[Agreement]) -> Agreement {
    let later = versions.iter().filter(|one| one.version > version.version);
    let end = later
        .map(|one| one.valid_from)
        .chain(version.valid_to)
        .min();
    Agreement {
        valid_to: end,
        ..version.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Date;

    fn day(month: i8, day: i8) -> Date {
        Date::new(2026, month, day).unwrap()
    }

    fn version(number: u32, from: Date, to: Option<Date>) -> Agreement {
        let mut terms: Agreement = toml::from_str(
            "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\ntime_zone = 'UTC'\n\
             sites = ['s']\nparties = { customer = 'M', contractor = 'O' }\n\
             objective = { availability_percent = 99.9 }\n[test]\ntargets = ['t']\n",
        )
        .unwrap();
        (terms.version, terms.valid_from, terms.valid_to) = (number, from, to);
        terms
    }

    fn parts(versions: &[Agreement], month: i8) -> Vec<(u32, Date, Option<Date>)> {
        in_force(versions, (2026, month))
            .iter()
            .map(|one| (one.version, one.valid_from, one.valid_to))
            .collect()
    }

    #[test]
    fn a_month_before_the_first_version_has_none_and_a_change_gives_two() {
        let versions = [
            version(2, day(6, 16), None),
            version(1, day(3, 1), Some(day(9, 1))),
        ];
        assert_eq!(parts(&versions, 2), []);
        assert_eq!(parts(&versions, 5), [(1, day(3, 1), Some(day(6, 16)))]);
        assert_eq!(
            parts(&versions, 6),
            [(1, day(3, 1), Some(day(6, 16))), (2, day(6, 16), None)]
        );
        assert_eq!(parts(&versions, 7), [(2, day(6, 16), None)]);
    }

    #[test]
    fn a_correction_from_the_same_day_leaves_nothing_of_what_it_corrects() {
        let versions = [
            version(1, day(3, 1), None),
            version(2, day(6, 16), None),
            version(3, day(3, 1), Some(day(8, 1))),
        ];
        assert_eq!(parts(&versions, 6), [(3, day(3, 1), Some(day(8, 1)))]);
        assert_eq!(parts(&versions, 8), []);
        let gap = [
            version(1, day(3, 1), Some(day(4, 1))),
            version(2, day(5, 1), None),
        ];
        assert_eq!(parts(&gap, 4), []);
        assert_eq!(parts(&gap, 3).len(), 1);
    }

    #[test]
    fn the_parts_of_a_month_share_no_slot_and_lack_none() {
        let versions = [version(1, day(3, 1), None), version(2, day(6, 16), None)];
        let whole = versions[0].month(2026, 6).unwrap();
        let held = in_force(&versions, (2026, 6));
        let periods: Vec<_> = held.iter().map(|one| one.month(2026, 6).unwrap()).collect();
        let slots: usize = periods.iter().map(crate::period::Period::slot_count).sum();
        assert_eq!(slots, whole.slot_count());
        assert_eq!(periods[0].end_unix_ms, periods[1].start_unix_ms);
    }
}
