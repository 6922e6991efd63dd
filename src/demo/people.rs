//! The demonstration's invented people, one of each role. They sign in by the switch of the page alone:
//! none has a password.

use super::DemoError;
use super::agent;
use crate::doors::role::Role;
use crate::registry::{Decision, NewPerson, Registry};

/// Author of what the demonstration enters.
const AUTHOR: &str = "demonstration";

/// Identifier, name and role of each.
const PEOPLE: [(&str, &str, Role); 6] = [
    (
        "demo-administratrice",
        "Prisca Ndinga, inventée",
        Role::Administrator,
    ),
    ("demo-ingenieur", "Serge Okemba, inventé", Role::Engineer),
    (
        "demo-planificatrice",
        "Clarisse Mabiala, inventée",
        Role::Planner,
    ),
    (
        "demo-prestataire",
        "Firmin Loubaki, inventé",
        Role::Contractor,
    ),
    (
        "demo-technicien",
        "Dieudonné Itoua, inventé",
        Role::Technician,
    ),
    ("demo-auditrice", "Mireille Ossebi, inventée", Role::Auditor),
];
/// Region of the engineer, and the contractor's name in the fleet's agreements.
const REGION: &str = "Brazzaville";
const CONTRACTOR: &str = "Opérateur fictif B";

/// Enters the people; who is there stays as they are.
pub(super) fn enter(registry: &Registry, now_unix_ms: i64) -> Result<(), DemoError> {
    let decision = Decision {
        author: AUTHOR,
        at_unix_ms: now_unix_ms,
        reason: "demonstration",
    };
    for (id, name, role) in PEOPLE {
        if registry.person(id)?.is_some() {
            continue;
        }
        let reach = match role {
            Role::Engineer => vec![REGION.to_owned()],
            Role::Contractor => vec![CONTRACTOR.to_owned()],
            Role::Technician => vec![agent::site(registry)?],
            Role::Administrator | Role::Planner | Role::Auditor => Vec::new(),
        };
        let new = NewPerson {
            id: id.to_owned(),
            name: name.to_owned(),
            role,
            reach,
            invented: true,
        };
        registry.add_person(&new, decision)?;
    }
    Ok(())
}
