//! Which role may do what, and what each route is. A route that is not listed is for nobody but a
//! collector without accounts, so that a forgotten one is closed rather than open; a test holds that
//! the list and `docs/openapi.json` name the same routes.

mod routes;

use super::role::Role;
use super::scope::{Reach, Scope};
use super::viewer::{Viewer, Who};
pub use routes::ROUTES;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Looks at sites, their states, outages and evidence.
    SeeSites,
    /// Looks at agreements, their months, statements and exclusions.
    SeeAgreements,
    /// Looks at the agents, their lines and addresses.
    SeeAgents,
    /// Looks at the gaps and at the ranking of the sites that it sees.
    SeeRanking,
    /// Looks at the plans that are kept, and exports them.
    SeePlans,
    /// Makes, changes or removes plans and scenarios.
    ChangePlans,
    /// Looks at imports and duplicates.
    SeeImports,
    /// Imports sites and layers, decides about duplicates.
    Import,
    /// Enrols, confirms and revokes agents.
    ChangeAgents,
    /// Asks for an exclusion, attaches a file to one, contests an outage.
    AskExclusion,
    /// Approves or withdraws an exclusion.
    DecideExclusion,
    /// Enters or changes agreements.
    ChangeAgreements,
    /// Looks at the collector's own figures.
    SeeCollector,
    /// Looks at people, tokens, the log of decisions and of sign-ins.
    SeeDoors,
    /// Adds, changes and shuts out people; makes tokens.
    ChangeDoors,
    /// What everybody may who came in: their own session.
    Own,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 16] = [
        Self::SeeSites,
        Self::SeeAgreements,
        Self::SeeAgents,
        Self::SeeRanking,
        Self::SeePlans,
        Self::ChangePlans,
        Self::SeeImports,
        Self::Import,
        Self::ChangeAgents,
        Self::AskExclusion,
        Self::DecideExclusion,
        Self::ChangeAgreements,
        Self::SeeCollector,
        Self::SeeDoors,
        Self::ChangeDoors,
        Self::Own,
    ];

    /// Its name in every interface.
    #[must_use]
    pub fn identifier(self) -> &'static str {
        match self {
            Self::SeeSites => "see_sites",
            Self::SeeAgreements => "see_agreements",
            Self::SeeAgents => "see_agents",
            Self::SeeRanking => "see_ranking",
            Self::SeePlans => "see_plans",
            Self::ChangePlans => "change_plans",
            Self::SeeImports => "see_imports",
            Self::Import => "import",
            Self::ChangeAgents => "change_agents",
            Self::AskExclusion => "ask_exclusion",
            Self::DecideExclusion => "decide_exclusion",
            Self::ChangeAgreements => "change_agreements",
            Self::SeeCollector => "see_collector",
            Self::SeeDoors => "see_doors",
            Self::ChangeDoors => "change_doors",
            Self::Own => "own",
        }
    }

    /// Whether it only looks.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(
            self,
            Self::SeeSites
                | Self::SeeAgreements
                | Self::SeeAgents
                | Self::SeeRanking
                | Self::SeePlans
                | Self::SeeImports
                | Self::SeeCollector
                | Self::SeeDoors
        )
    }

    /// Whether it shows or changes the whole country at once: it needs a scope that nothing is out of.
    fn is_of_the_country(self) -> bool {
        matches!(
            self,
            Self::SeeRanking
                | Self::SeePlans
                | Self::ChangePlans
                | Self::SeeImports
                | Self::Import
                | Self::ChangeAgreements
                | Self::SeeCollector
                | Self::SeeDoors
                | Self::ChangeDoors
        )
    }
}

/// Whether a viewer may take an action on what it sees. What it does not see is not there for it.
#[must_use]
pub fn may(viewer: &Viewer, action: Action) -> bool {
    if viewer.who == Who::Machine {
        return true;
    }
    // A token reads: exclusions need a person, and nobody sees what a script is about to change.
    if matches!(viewer.who, Who::Token { .. }) && !action.reads() {
        return false;
    }
    if action.is_of_the_country() && !sees_the_country(&viewer.scope, action) {
        return false;
    }
    role_may(viewer.role, action)
}

/// The ranking of a token that does not see sensitive sites is one without them, and says no more.
fn sees_the_country(scope: &Scope, action: Action) -> bool {
    scope.reach == Reach::Country && (scope.sensitive || action == Action::SeeRanking)
}

fn role_may(role: Role, action: Action) -> bool {
    use Action as A;
    match role {
        Role::Administrator => true,
        Role::Auditor => action.reads() || action == A::Own,
        Role::Engineer => !matches!(action, A::SeeDoors | A::ChangeDoors | A::ChangePlans),
        Role::Planner => matches!(
            action,
            A::SeeSites
                | A::SeeAgreements
                | A::SeeRanking
                | A::SeePlans
                | A::ChangePlans
                | A::SeeImports
                | A::Import
                | A::Own
        ),
        Role::Contractor => matches!(
            action,
            A::SeeSites | A::SeeAgreements | A::AskExclusion | A::Own
        ),
        Role::Technician => matches!(action, A::SeeSites | A::SeeAgents | A::Own),
    }
}

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: whoever reaches the listener.
    Nothing,
    /// To have come in, and to be allowed this.
    May(Action),
}

/// What the first parameter of a route names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A site.
    Site,
    /// An agreement.
    Agreement,
    /// An agent.
    Agent,
}

/// What a method of a route needs; `None`: it is not listed.
#[must_use]
pub fn need(method: &str, path: &str) -> Option<Need> {
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES
        .iter()
        .find(|(listed, route, _)| *listed == method && *route == path)
        .map(|(_, _, need)| *need)
}

/// What a route's first parameter names, when it is something that may be out of a scope.
#[must_use]
pub fn object(path: &str) -> Option<Object> {
    let begins = |with: &str| path.starts_with(with);
    if begins("/api/v1/sites/{") {
        Some(Object::Site)
    } else if begins("/api/v1/agreements/{") {
        Some(Object::Agreement)
    } else if begins("/api/v1/agents/{") {
        Some(Object::Agent)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(role: Role, reach: &[&str]) -> Viewer {
        let names: Vec<String> = reach.iter().map(|&name| name.to_owned()).collect();
        Viewer {
            who: Who::Person {
                id: "p".to_owned(),
                name: "P".to_owned(),
            },
            role,
            scope: Scope::of(role, &names, true),
        }
    }

    #[test]
    fn no_route_is_listed_twice() {
        for (at, (method, path, _)) in ROUTES.iter().enumerate() {
            let again = ROUTES
                .iter()
                .skip(at + 1)
                .any(|one| (one.0, one.1) == (*method, *path));
            assert!(!again, "{method} {path}");
        }
    }

    #[test]
    fn what_each_role_may() {
        let may = |role, reach: &[&str]| -> Vec<&str> {
            let viewer = person(role, reach);
            let allowed = Action::ALL
                .into_iter()
                .filter(|one| super::may(&viewer, *one));
            allowed.map(Action::identifier).collect()
        };
        assert_eq!(may(Role::Administrator, &[]).len(), Action::ALL.len());
        assert_eq!(
            may(Role::Contractor, &["O"]),
            ["see_sites", "see_agreements", "ask_exclusion", "own"]
        );
        assert_eq!(
            may(Role::Technician, &["s"]),
            ["see_sites", "see_agents", "own"]
        );
        let auditor = may(Role::Auditor, &[]);
        assert!(auditor.contains(&"see_doors") && auditor.contains(&"see_agreements"));
        let changes = |name: &&str| !name.starts_with("see_") && *name != "own";
        assert!(!auditor.iter().any(changes), "{auditor:?}");
        let planner = may(Role::Planner, &[]);
        assert!(planner.contains(&"import") && !planner.contains(&"decide_exclusion"));
        let national = may(Role::Engineer, &[]);
        assert!(national.contains(&"import") && national.contains(&"decide_exclusion"));
        let regional = may(Role::Engineer, &["Pool"]);
        assert!(regional.contains(&"change_agents") && !regional.contains(&"see_imports"));
    }

    #[test]
    fn a_token_reads_and_nothing_else() {
        for role in Role::ALL {
            let viewer = Viewer {
                who: Who::Token {
                    id: "t".to_owned(),
                    name: "T".to_owned(),
                },
                ..person(role, &["x"])
            };
            for action in Action::ALL {
                assert!(
                    !may(&viewer, action) || action.reads(),
                    "{role:?} {action:?}"
                );
            }
        }
    }
}
