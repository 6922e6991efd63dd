//! Who may enter an exclusion, for what, and until when; and who approves it: never the person who
//! asked for it. Until there are accounts the rule holds on the names.

use jiff::ToSpan;
use jiff::civil::Date;

use super::ExclusionKind;
use crate::agreement::Agreement;
use crate::period::{day_of, midnight_unix_ms, time_zone};

/// Longest exclusion, days: works that last longer are another agreement.
pub const MAX_EXCLUSION_DAYS: i64 = 92;
/// Characters of a name.
pub const MAX_NAME_CHARS: usize = 100;
/// Characters of a reason.
pub const MAX_REASON_CHARS: usize = 500;
/// Days after a month's end until which it may stay open for entries, at most.
pub const MAX_CLOSING_DAYS: u32 = 92;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// An exclusion that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The site; `None`: every site of the agreement.
    pub site: Option<&'a str>,
    /// Start, Unix milliseconds.
    pub from_unix_ms: i64,
    /// End, not inside, Unix milliseconds.
    pub to_unix_ms: i64,
    /// Class of the agreement.
    pub class: &'a str,
    /// What it is for.
    pub kind: ExclusionKind,
    /// Who asks for it.
    pub requested_by: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Why an exclusion cannot be entered, approved or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The end does not lie after the start.
    #[error("to: must lie after from")]
    EndNotAfterBegin,
    /// It lasts too long.
    #[error("to: at most {MAX_EXCLUSION_DAYS} days after from")]
    TooLong,
    /// The agreement does not hold all the time.
    #[error("from: the agreement does not hold from {from} to {to}")]
    NotInForce {
        /// First local day.
        from: Date,
        /// Last local day.
        to: Date,
    },
    /// The agreement does not know the class.
    #[error("class: must be one of {}", .0.join(", "))]
    UnknownClass(Vec<String>),
    /// The agreement does not cover the site.
    #[error("site: is none of the agreement's sites")]
    UnknownSite,
    /// A text is empty or too long.
    #[error("{field}: must have from 1 to {limit} characters")]
    Text {
        /// The field.
        field: &'static str,
        /// Characters allowed.
        limit: usize,
    },
    /// Who approves is who asked.
    #[error("approved_by: {0:?} asked for it; somebody else must approve")]
    SamePerson(String),
    /// The class has another kind.
    #[error("kind: the class {class} is {wanted}")]
    OtherKind {
        /// The class.
        class: String,
        /// Its kind.
        wanted: &'static str,
    },
    /// The agreement names who asks for this class, or who approves it.
    #[error("{field}: for {class} one of {}", .allowed.join(", "))]
    NotAllowed {
        /// The field.
        field: &'static str,
        /// The class.
        class: String,
        /// The names that it gives.
        allowed: Vec<String>,
    },
    /// It was not announced long enough before.
    #[error("from: {class} must be asked for at least {hours} hours before it begins")]
    ShortNotice {
        /// The class.
        class: String,
        /// Hours before its begin.
        hours: u32,
    },
    /// Its month takes no more entries.
    #[error("from: its month was closed at {at}")]
    Closed {
        /// Since when.
        at: String,
    },
    /// It lies outside the calendar.
    #[error("from: not a moment of the calendar")]
    NoMoment,
}

impl EntryError {
    /// The sentence in French.
    #[must_use]
    pub fn in_french(&self) -> String {
        match self {
            Self::EndNotAfterBegin => "to : la fin doit suivre le début".to_owned(),
            Self::TooLong => format!("to : au plus {MAX_EXCLUSION_DAYS} jours après le début"),
            Self::NotInForce { from, to } => {
                format!("from : l’engagement n’est pas en vigueur du {from} au {to}")
            }
            Self::UnknownClass(classes) => format!("class : une de {}", classes.join(", ")),
            Self::UnknownSite => "site : n’est pas un site de l’engagement".to_owned(),
            Self::Text { field, limit } => format!("{field} : de 1 à {limit} caractères"),
            Self::SamePerson(name) => format!(
                "approved_by : « {name} » l’a demandée ; une autre personne doit l’approuver"
            ),
            Self::OtherKind { class, wanted } => {
                format!("kind : la classe {class} est de nature {wanted}")
            }
            Self::NotAllowed {
                field,
                class,
                allowed,
            } => format!("{field} : pour {class}, un de {}", allowed.join(", ")),
            Self::ShortNotice { class, hours } => {
                format!("from : {class} se demande au moins {hours} heures avant son début")
            }
            Self::Closed { at } => format!("from : son mois est clos depuis le {at}"),
            Self::NoMoment => "from : n’est pas un instant du calendrier".to_owned(),
        }
    }
}

impl Agreement {
    /// Whether an exclusion may be entered at `now_unix_ms`.
    pub fn check_entry(&self, entry: &Entry<'_>, now_unix_ms: i64) -> Result<(), EntryError> {
        check_text("requested_by", entry.requested_by, MAX_NAME_CHARS)?;
        check_text("reason", entry.reason, MAX_REASON_CHARS)?;
        if entry.to_unix_ms <= entry.from_unix_ms {
            return Err(EntryError::EndNotAfterBegin);
        }
        if entry.to_unix_ms.saturating_sub(entry.from_unix_ms) > MAX_EXCLUSION_DAYS * DAY_MS {
            return Err(EntryError::TooLong);
        }
        let classes = &self.exclusions.classes;
        if !classes.iter().any(|class| class == entry.class) {
            return Err(EntryError::UnknownClass(classes.clone()));
        }
        self.check_class(entry, now_unix_ms)?;
        if !entry
            .site
            .is_none_or(|named| self.sites.iter().any(|site| site == named))
        {
            return Err(EntryError::UnknownSite);
        }
        let day = |at| day_of(&self.time_zone, at).ok_or(EntryError::NoMoment);
        let (from, to) = (day(entry.from_unix_ms)?, day(entry.to_unix_ms - 1)?);
        if !(self.holds_on(from) && self.holds_on(to)) {
            return Err(EntryError::NotInForce { from, to });
        }
        self.check_open(entry.from_unix_ms, now_unix_ms)
    }

    /// What the agreement asks of its class.
    fn check_class(&self, entry: &Entry<'_>, now_unix_ms: i64) -> Result<(), EntryError> {
        let Some(rule) = self.class_rule(entry.class) else {
            return Ok(());
        };
        let class = || entry.class.to_owned();
        if let Some(kind) = rule.kind.filter(|kind| *kind != entry.kind) {
            return Err(EntryError::OtherKind {
                class: class(),
                wanted: kind.identifier(),
            });
        }
        check_named(
            "requested_by",
            rule.class.as_str(),
            &rule.requested_by,
            entry.requested_by,
        )?;
        let notice_ms = i64::from(rule.notice_hours) * HOUR_MS;
        if rule.notice_hours > 0 && entry.from_unix_ms - now_unix_ms < notice_ms {
            return Err(EntryError::ShortNotice {
                class: class(),
                hours: rule.notice_hours,
            });
        }
        Ok(())
    }

    /// Whether `approved_by` may approve an exclusion of a class that `requested_by` asked for.
    pub fn check_approver(
        &self,
        class: &str,
        requested_by: &str,
        approved_by: &str,
    ) -> Result<(), EntryError> {
        check_approval(requested_by, approved_by)?;
        match self.class_rule(class) {
            Some(rule) => check_named("approved_by", class, &rule.approved_by, approved_by),
            None => Ok(()),
        }
    }

    /// Whether the month in which an exclusion begins still takes entries. (One that goes on into
    /// the next month changes the first one too: that one decides.)
    pub fn check_open(&self, from_unix_ms: i64, now_unix_ms: i64) -> Result<(), EntryError> {
        let day = day_of(&self.time_zone, from_unix_ms).ok_or(EntryError::NoMoment)?;
        let closes = self
            .closes_unix_ms(day.year(), day.month())
            .ok_or(EntryError::NoMoment)?;
        if now_unix_ms < closes {
            return Ok(());
        }
        let at = jiff::Timestamp::from_millisecond(closes).map_err(|_| EntryError::NoMoment)?;
        Err(EntryError::Closed { at: at.to_string() })
    }

    /// When a month is closed: from then on no exclusion that begins in it is entered, approved or
    /// withdrawn. `None` outside the calendar.
    #[must_use]
    pub fn closes_unix_ms(&self, year: i16, month: i8) -> Option<i64> {
        let days = i64::from(self.exclusions.closing_days.min(MAX_CLOSING_DAYS));
        let next = Date::new(year, month, 1)
            .ok()?
            .checked_add(1.month())
            .ok()?;
        let day = next.checked_add(days.days()).ok()?;
        midnight_unix_ms(day, &time_zone(&self.time_zone).ok()?).ok()
    }
}

/// Whether a name is one of those that a rule gives, where it gives any.
fn check_named(
    field: &'static str,
    class: &str,
    allowed: &[String],
    name: &str,
) -> Result<(), EntryError> {
    if allowed.is_empty() || allowed.iter().any(|one| same_person(one, name)) {
        return Ok(());
    }
    Err(EntryError::NotAllowed {
        field,
        class: class.to_owned(),
        allowed: allowed.to_vec(),
    })
}

/// Whether `approved_by` may approve what `requested_by` asked for.
pub fn check_approval(requested_by: &str, approved_by: &str) -> Result<(), EntryError> {
    check_text("approved_by", approved_by, MAX_NAME_CHARS)?;
    if same_person(requested_by, approved_by) {
        return Err(EntryError::SamePerson(approved_by.trim().to_owned()));
    }
    Ok(())
}

/// Whether a name or reason is neither empty nor too long.
pub fn check_text(field: &'static str, text: &str, limit: usize) -> Result<(), EntryError> {
    let long = text.chars().count() > limit;
    if long || !text.chars().any(char::is_alphanumeric) {
        return Err(EntryError::Text { field, limit });
    }
    Ok(())
}

/// Whether two names are the same person's as far as names can tell: letters and digits are
/// compared, without case, accents, spaces and points.
#[must_use]
pub fn same_person(left: &str, right: &str) -> bool {
    letters(left).eq(letters(right))
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars()
        .flat_map(char::to_lowercase)
        .filter(|letter| letter.is_alphanumeric())
        .map(|letter| match letter {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
            'ç' => 'c',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ñ' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ý' | 'ÿ' => 'y',
            other => other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: &str = "id = 'a'\nversion = 1\ntitle = 'A'\nvalid_from = '2026-01-01'\n\
        valid_to = '2026-09-01'\ntime_zone = 'Africa/Brazzaville'\nsites = ['s']\n\
        parties = { customer = 'M', contractor = 'O' }\n\
        objective = { availability_percent = 99.9 }\n[test]\ntargets = ['t']\n";
    /// 2026-06-01T00:00:00+01:00.
    const JUNE_MS: i64 = 1_780_268_400_000;

    fn entry() -> Entry<'static> {
        Entry {
            site: Some("s"),
            from_unix_ms: JUNE_MS,
            to_unix_ms: JUNE_MS + 3_600_000,
            class: "maintenance",
            kind: ExclusionKind::PlannedWorks,
            requested_by: "A. Mbemba",
            reason: "fibre moved",
        }
    }

    #[test]
    fn what_may_be_entered() {
        let terms: Agreement = toml::from_str(TERMS).unwrap();
        let now = JUNE_MS;
        let check = |entry: Entry<'_>| terms.check_entry(&entry, now);
        assert_eq!(check(entry()), Ok(()));
        assert_eq!(
            check(Entry {
                site: None,
                ..entry()
            }),
            Ok(())
        );
        let to_unix_ms = JUNE_MS;
        let found = check(Entry {
            to_unix_ms,
            ..entry()
        });
        assert_eq!(found, Err(EntryError::EndNotAfterBegin));
        let longest = JUNE_MS + MAX_EXCLUSION_DAYS * DAY_MS;
        for (to_unix_ms, expected) in [(longest + 1, Err(EntryError::TooLong)), (longest, Ok(()))] {
            let long = Entry {
                to_unix_ms,
                ..entry()
            };
            assert_eq!(check(long), expected);
        }
        let class = "holiday";
        let found = check(Entry { class, ..entry() });
        assert_eq!(
            found,
            Err(EntryError::UnknownClass(vec!["maintenance".to_owned()]))
        );
        let site = Some("x");
        assert_eq!(
            check(Entry { site, ..entry() }),
            Err(EntryError::UnknownSite)
        );
        let reason = " . ";
        let found = check(Entry { reason, ..entry() }).unwrap_err();
        assert_eq!(
            found.to_string(),
            "reason: must have from 1 to 500 characters"
        );
        assert_eq!(found.in_french(), "reason : de 1 à 500 caractères");
        let shift = |days: i64| Entry {
            from_unix_ms: JUNE_MS + days * DAY_MS,
            to_unix_ms: JUNE_MS + days * DAY_MS + 60_000,
            ..entry()
        };
        assert!(matches!(
            check(shift(-152)),
            Err(EntryError::NotInForce { .. })
        ));
        assert!(matches!(
            check(shift(92)),
            Err(EntryError::NotInForce { .. })
        ));
        assert_eq!(check(shift(91)), Ok(()));
    }

    #[test]
    fn a_month_is_closed_some_days_after_its_end() {
        let terms: Agreement = toml::from_str(TERMS).unwrap();
        let closes = JUNE_MS + 40 * DAY_MS;
        assert_eq!(terms.closes_unix_ms(2026, 6), Some(closes));
        assert_eq!(terms.check_open(JUNE_MS, closes - 1), Ok(()));
        let refused = terms.check_open(JUNE_MS, closes).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "from: its month was closed at 2026-07-10T23:00:00Z"
        );
        assert_eq!(terms.check_open(JUNE_MS + 30 * DAY_MS, closes), Ok(()));
        assert_eq!(terms.check_entry(&entry(), closes), Err(refused));
    }

    #[test]
    fn nobody_approves_what_they_asked_for() {
        assert_eq!(check_approval("A. Mbemba", "C. Ngoma"), Ok(()));
        for same in ["A. Mbemba", "a mbemba", " A.\u{a0}MBEMBA ", "Â. Mbémba"] {
            let refused = check_approval("A. Mbemba", same).unwrap_err();
            assert!(matches!(refused, EntryError::SamePerson(_)), "{same}");
        }
        assert!(matches!(
            check_approval("A. Mbemba", " "),
            Err(EntryError::Text { .. })
        ));
        assert!(check_approval("A", &"x".repeat(MAX_NAME_CHARS + 1)).is_err());
    }

    #[test]
    fn a_class_may_name_its_kind_who_asks_who_approves_and_how_long_before() {
        let text = format!(
            "{TERMS}[exclusions]\nclasses = ['maintenance', 'no_access']\n\
             [[exclusions.rules]]\nclass = 'maintenance'\nkind = 'planned_works'\n\
             requested_by = ['Contractor']\napproved_by = ['Ministry', 'Agency']\n\
             notice_hours = 72\n"
        );
        let terms: Agreement = toml::from_str(&text).unwrap();
        assert_eq!(terms.validate(), []);
        let begin = JUNE_MS + 10 * DAY_MS;
        let asked = Entry {
            from_unix_ms: begin,
            to_unix_ms: begin + HOUR_MS,
            class: "maintenance",
            kind: ExclusionKind::PlannedWorks,
            requested_by: "contractor",
            ..entry()
        };
        let at = |entry: &Entry<'_>, hours: i64| {
            let now = begin - hours * HOUR_MS;
            terms
                .check_entry(entry, now)
                .map_err(|error| error.to_string())
        };
        let refused = |text: &str| Err(text.to_owned());
        assert_eq!(at(&asked, 72), Ok(()));
        assert_eq!(
            at(&asked, 71),
            refused("from: maintenance must be asked for at least 72 hours before it begins")
        );
        let other = Entry {
            kind: ExclusionKind::Other,
            ..asked
        };
        assert_eq!(
            at(&other, 99),
            refused("kind: the class maintenance is planned_works")
        );
        let stranger = Entry {
            requested_by: "Somebody",
            ..asked
        };
        assert_eq!(
            at(&stranger, 99),
            refused("requested_by: for maintenance one of Contractor")
        );
        let free = Entry {
            class: "no_access",
            kind: ExclusionKind::StopClock,
            requested_by: "Somebody",
            ..asked
        };
        assert_eq!(at(&free, -1), Ok(()));
        let approve = |class: &str, by: &str| {
            let checked = terms.check_approver(class, "Contractor", by);
            checked.map_err(|error| error.in_french())
        };
        assert_eq!(approve("maintenance", "agency"), Ok(()));
        assert_eq!(
            approve("maintenance", "Somebody"),
            refused("approved_by : pour maintenance, un de Ministry, Agency")
        );
        assert!(approve("no_access", "Somebody").is_ok());
        assert!(approve("no_access", "CONTRACTOR").is_err());
    }
}
