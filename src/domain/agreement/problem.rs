//! What is wrong with an agreement, in both languages.

use std::fmt;

/// One error of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field, as its TOML path: `test.minimum_sent`.
    pub field: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Nothing was written.
    Empty,
    /// Longer than the limit, in characters.
    TooLong {
        /// Characters allowed.
        limit: usize,
    },
    /// More entries than the limit.
    TooMany {
        /// Entries allowed.
        limit: usize,
    },
    /// A character that an identifier may not have.
    BadIdentifier,
    /// The same entry twice.
    Duplicate {
        /// The entry.
        entry: String,
    },
    /// Outside its range.
    OutOfRange {
        /// Smallest value.
        least: String,
        /// Largest value.
        most: String,
    },
    /// Finer than can be compared exactly.
    TooFine {
        /// Decimals allowed.
        decimals: u32,
    },
    /// Not in the tz database.
    UnknownTimeZone,
    /// The end is not after the begin.
    EndNotAfterBegin,
    /// Not an address prefix.
    BadPrefix {
        /// The entry.
        entry: String,
    },
    /// Decimals of a currency that nobody knows.
    UnknownCurrency,
    /// An amount finer than the currency's smallest unit.
    FinerThanCurrency {
        /// Decimals of the currency.
        decimals: u32,
    },
    /// Not one of the entries that another field lists.
    NotListed {
        /// The entry.
        entry: String,
        /// The field that lists what is allowed.
        list: &'static str,
    },
    /// A ladder without a rung from 0.
    LadderOpenBelow,
    /// A rule that needs something which the agreement does not promise.
    NeedsTerm {
        /// The missing field.
        term: &'static str,
    },
    /// A rule that cannot be applied to all sites together.
    NotForAgreementFee,
    /// Nothing is promised where something must be.
    NothingPromised,
    /// The machine could not decide a run that a month's end cuts.
    LookaheadTooShort {
        /// Slots needed.
        needed: u32,
    },
}

impl Problem {
    pub(super) fn new(field: impl Into<String>, reason: Reason) -> Self {
        Self {
            field: field.into(),
            reason,
        }
    }

    /// The sentence in French.
    #[must_use]
    pub fn in_french(&self) -> String {
        format!("{} : {}", self.field, self.reason.in_french())
    }
}

impl fmt::Display for Problem {
    /// The sentence in English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "must not be empty"),
            Self::TooLong { limit } => write!(f, "longer than {limit} characters"),
            Self::TooMany { limit } => write!(f, "more than {limit} entries"),
            Self::BadIdentifier => {
                write!(
                    f,
                    "an identifier has lower-case letters, digits, - and _ only"
                )
            }
            Self::Duplicate { entry } => write!(f, "{entry:?} is there twice"),
            Self::OutOfRange { least, most } => write!(f, "must be from {least} to {most}"),
            Self::TooFine { decimals } => write!(f, "at most {decimals} decimals"),
            Self::UnknownTimeZone => write!(f, "not a time zone of the tz database"),
            Self::EndNotAfterBegin => write!(f, "the end must be after the begin"),
            Self::BadPrefix { entry } => {
                write!(
                    f,
                    "{entry:?} is not a prefix such as 203.0.113.0/24 or 2001:db8::/32"
                )
            }
            Self::UnknownCurrency => write!(
                f,
                "decimals of this currency are not known here; write currency_decimals"
            ),
            Self::FinerThanCurrency { decimals } => {
                write!(f, "the currency has {decimals} decimals")
            }
            Self::NotListed { entry, list } => write!(f, "{entry:?} is not in {list}"),
            Self::LadderOpenBelow => {
                write!(
                    f,
                    "one tier must begin at 0, so that every availability has one"
                )
            }
            Self::NeedsTerm { term } => write!(f, "needs {term}"),
            Self::NotForAgreementFee => write!(
                f,
                "cannot be applied to all sites together; write fee_per = \"site\""
            ),
            Self::NothingPromised => write!(f, "promises nothing"),
            Self::LookaheadTooShort { needed } => {
                write!(
                    f,
                    "at least {needed}, so that an outage cut by the month's end is decided"
                )
            }
        }
    }
}

impl Reason {
    fn in_french(&self) -> String {
        match self {
            Self::Empty => "ne doit pas être vide".to_owned(),
            Self::TooLong { limit } => format!("plus de {limit} caractères"),
            Self::TooMany { limit } => format!("plus de {limit} éléments"),
            Self::BadIdentifier => {
                "un identifiant n’a que des minuscules, des chiffres, - et _".to_owned()
            }
            Self::Duplicate { entry } => format!("« {entry} » figure deux fois"),
            Self::OutOfRange { least, most } => format!("doit aller de {least} à {most}"),
            Self::TooFine { decimals } => format!("au plus {decimals} décimales"),
            Self::UnknownTimeZone => "fuseau horaire absent de la base tz".to_owned(),
            Self::EndNotAfterBegin => "la fin doit suivre le début".to_owned(),
            Self::BadPrefix { entry } => {
                format!("« {entry} » n’est pas un préfixe tel que 203.0.113.0/24 ou 2001:db8::/32")
            }
            Self::UnknownCurrency => {
                "décimales de cette monnaie inconnues ici ; indiquez currency_decimals".to_owned()
            }
            Self::FinerThanCurrency { decimals } => {
                format!("la monnaie a {decimals} décimales")
            }
            Self::NotListed { entry, list } => format!("« {entry} » n’est pas dans {list}"),
            Self::LadderOpenBelow => {
                "un palier doit commencer à 0, pour que toute disponibilité en ait un".to_owned()
            }
            Self::NeedsTerm { term } => format!("demande {term}"),
            Self::NotForAgreementFee => {
                "ne s’applique pas à tous les sites ensemble ; écrivez fee_per = \"site\""
                    .to_owned()
            }
            Self::NothingPromised => "ne promet rien".to_owned(),
            Self::LookaheadTooShort { needed } => {
                format!("au moins {needed}, pour trancher une coupure à cheval sur la fin du mois")
            }
        }
    }
}
