//! The roles, and how far each reaches.

use serde::{Deserialize, Serialize};

/// What a person is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the collector: people, tokens, everything else.
    Administrator,
    /// Finds out why sites are down and repairs; of some regions, or of all.
    Engineer,
    /// Decides which sites come next: imports, ranks, exports.
    Planner,
    /// Provides lines under agreements: sees its own, asks for exclusions.
    Contractor,
    /// Looks after one site's box.
    Technician,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] = [
        Self::Administrator,
        Self::Engineer,
        Self::Planner,
        Self::Contractor,
        Self::Technician,
        Self::Auditor,
    ];

    /// Its name in every interface.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Engineer => "engineer",
            Self::Planner => "planner",
            Self::Contractor => "contractor",
            Self::Technician => "technician",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.identifier() == name)
    }

    /// Why a role cannot reach over these names; `None` when it can. An engineer's are regions (none:
    /// the whole country), a contractor's are its names in agreements, a technician's is one site;
    /// the others see the whole country.
    #[must_use]
    pub fn refuses(self, reach: &[String]) -> Option<&'static str> {
        match (self, reach) {
            (Self::Contractor, []) => Some("a contractor needs its name as agreements write it"),
            (Self::Technician, [_]) | (Self::Engineer | Self::Contractor, _) => None,
            (Self::Technician, _) => Some("a technician needs exactly one site"),
            (_, []) => None,
            _ => Some(
                "this role sees the whole country: regions, contractors and sites are for others",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_a_name_and_its_own_reach() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.identifier()), Some(role));
            let whole = role.refuses(&[]).is_none();
            let narrow = [Role::Contractor, Role::Technician].contains(&role);
            assert_eq!(whole, !narrow, "{role:?}");
        }
        let two = ["a".to_owned(), "b".to_owned()];
        assert!(Role::Technician.refuses(&two).is_some());
        assert!(Role::Auditor.refuses(&two).is_some());
        assert!(Role::Engineer.refuses(&two).is_none());
    }
}
