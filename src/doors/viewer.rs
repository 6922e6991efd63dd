//! Who looks.

use super::role::Role;
use super::scope::Scope;
use crate::registry::{MachineToken, Person};

/// Author of what comes through the page of a collector without accounts.
const AUTHOR: &str = "web page";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever is on the machine of a collector without accounts.
    Machine,
    /// A person who signed in.
    Person {
        /// What is typed to sign in.
        id: String,
        /// Name.
        name: String,
    },
    /// A machine with a token.
    Token {
        /// Its number.
        id: String,
        /// What it is for.
        name: String,
    },
}

/// Who asks, as what, and what they see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub who: Who,
    /// As what.
    pub role: Role,
    /// What is seen.
    pub scope: Scope,
}

impl Viewer {
    /// Whoever is on the machine of a collector without accounts, and the collector itself.
    #[must_use]
    pub fn machine() -> Self {
        Self {
            who: Who::Machine,
            role: Role::Administrator,
            scope: Scope::WHOLE,
        }
    }

    /// A person who signed in.
    #[must_use]
    pub fn of_person(person: &Person) -> Self {
        Self {
            who: Who::Person {
                id: person.id.clone(),
                name: person.name.clone(),
            },
            role: person.role,
            scope: Scope::of(person.role, &person.reach, true),
        }
    }

    /// A machine that showed a token.
    #[must_use]
    pub fn of_token(token: &MachineToken) -> Self {
        Self {
            who: Who::Token {
                id: token.id.clone(),
                name: token.name.clone(),
            },
            role: token.role,
            scope: Scope::of(token.role, &token.reach, token.sensitive),
        }
    }

    /// The account's name, of a person who signed in. It is unique and never changes, so that two names
    /// are two people.
    #[must_use]
    pub fn person(&self) -> Option<String> {
        match &self.who {
            Who::Person { id, name } => Some(format!("{name} ({id})")),
            Who::Machine | Who::Token { .. } => None,
        }
    }

    /// Author of what this viewer decides.
    #[must_use]
    pub fn author(&self) -> String {
        match &self.who {
            Who::Machine => AUTHOR.to_owned(),
            Who::Person { id, name } => format!("{name} ({id})"),
            Who::Token { id, name } => format!("token {name} ({id})"),
        }
    }
}
