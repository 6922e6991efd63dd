//! Which role may do what, and what each route is. A route that is not listed is for nobody but a
//! collector without accounts, so that a forgotten one is closed rather than open; a test holds that
//! the list and `docs/openapi.json` name the same routes.

use super::role::Role;
use super::scope::{Reach, Scope};
use super::viewer::{Viewer, Who};

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Looks at sites, their states, outages and evidence.
    SeeSites,
    /// Looks at agreements, their months, statements and exclusions.
    SeeAgreements,
    /// Looks at the agents, their lines and addresses.
    SeeAgents,
    /// Looks at the ranking and the plans, and exports them.
    SeePlans,
    /// Makes, changes or removes plans and scenarios.
    ChangePlans,
    /// Looks at imports and duplicates.
    SeeImports,
    /// Imports sites and layers, decides about duplicates.
    Import,
    /// Enrols, confirms and revokes agents.
    ChangeAgents,
    /// Asks for an exclusion.
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
    pub const ALL: [Self; 15] = [
        Self::SeeSites,
        Self::SeeAgreements,
        Self::SeeAgents,
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
            Self::SeePlans
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

/// A plan of a token that does not see sensitive sites is one without them, and says no more.
fn sees_the_country(scope: &Scope, action: Action) -> bool {
    scope.reach == Reach::Country && (scope.sensitive || action == Action::SeePlans)
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

/// Method and path of every route, and what it needs.
pub const ROUTES: &[(&str, &str, Need)] = {
    use Action as A;
    use Need::{May, Nothing};
    &[
        ("GET", "/health", Nothing),
        ("GET", "/metrics", May(A::SeeCollector)),
        ("GET", "/api/v1/openapi.json", May(A::SeeSites)),
        // The door itself.
        ("GET", "/api/v1/session", Nothing),
        ("POST", "/api/v1/session", Nothing),
        ("DELETE", "/api/v1/session", Nothing),
        ("POST", "/api/v1/session/role", Nothing),
        ("POST", "/api/v1/session/password", May(A::Own)),
        ("POST", "/api/v1/session/totp", May(A::Own)),
        ("POST", "/api/v1/session/totp/confirm", May(A::Own)),
        ("POST", "/api/v1/session/totp/remove", May(A::Own)),
        ("POST", "/api/v1/invitations/look", Nothing),
        ("POST", "/api/v1/invitations/accept", Nothing),
        ("GET", "/api/v1/people", May(A::SeeDoors)),
        ("POST", "/api/v1/people", May(A::ChangeDoors)),
        ("PUT", "/api/v1/people/{id}", May(A::ChangeDoors)),
        ("POST", "/api/v1/people/{id}/link", May(A::ChangeDoors)),
        ("GET", "/api/v1/tokens", May(A::SeeDoors)),
        ("POST", "/api/v1/tokens", May(A::ChangeDoors)),
        ("POST", "/api/v1/tokens/{id}/revoke", May(A::ChangeDoors)),
        ("GET", "/api/v1/audit", May(A::SeeDoors)),
        ("GET", "/api/v1/sign-ins", May(A::SeeDoors)),
        // The country and its sites.
        ("GET", "/api/v1/country", May(A::SeeSites)),
        ("GET", "/api/v1/country/regions.geojson", May(A::SeeSites)),
        ("GET", "/api/v1/country/border.geojson", May(A::SeeSites)),
        (
            "GET",
            "/api/v1/country/neighbours.geojson",
            May(A::SeeSites),
        ),
        ("GET", "/api/v1/country/places.json", May(A::SeeSites)),
        ("GET", "/api/v1/country/outline.json", May(A::SeeSites)),
        ("GET", "/api/v1/demo", May(A::SeeSites)),
        ("GET", "/api/v1/summary", May(A::SeeSites)),
        ("GET", "/api/v1/overview", May(A::SeeSites)),
        ("GET", "/api/v1/map", May(A::SeeSites)),
        ("GET", "/api/v1/map/states", May(A::SeeSites)),
        ("GET", "/api/v1/map/sites", May(A::SeeSites)),
        ("GET", "/api/v1/facets", May(A::SeeSites)),
        ("GET", "/api/v1/events", May(A::SeeSites)),
        ("GET", "/api/v1/sites", May(A::SeeSites)),
        ("GET", "/api/v1/sites/{id}", May(A::SeeSites)),
        ("GET", "/api/v1/sites/{id}/history", May(A::SeeSites)),
        ("GET", "/api/v1/sites/{id}/evidence", May(A::SeeSites)),
        ("GET", "/api/v1/sites/{id}/targets", May(A::SeeSites)),
        ("GET", "/api/v1/outages", May(A::SeeSites)),
        ("GET", "/api/v1/outages/groups", May(A::SeeSites)),
        ("GET", "/api/v1/outages/groups/{id}", May(A::SeeSites)),
        ("GET", "/api/v1/outages/export", May(A::SeeSites)),
        // Agents.
        ("GET", "/api/v1/agents", May(A::SeeAgents)),
        ("POST", "/api/v1/sites/{id}/codes", May(A::ChangeAgents)),
        (
            "POST",
            "/api/v1/agents/{id}/lines/{key}/confirm",
            May(A::ChangeAgents),
        ),
        ("POST", "/api/v1/agents/{id}/revoke", May(A::ChangeAgents)),
        // Agreements.
        ("GET", "/api/v1/agreements", May(A::SeeAgreements)),
        ("GET", "/api/v1/agreements/{id}", May(A::SeeAgreements)),
        (
            "GET",
            "/api/v1/agreements/{id}/months",
            May(A::SeeAgreements),
        ),
        (
            "GET",
            "/api/v1/agreements/{id}/statements/{month}",
            May(A::SeeAgreements),
        ),
        (
            "GET",
            "/api/v1/agreements/{id}/exclusions",
            May(A::SeeAgreements),
        ),
        (
            "POST",
            "/api/v1/agreements/{id}/exclusions",
            May(A::AskExclusion),
        ),
        (
            "POST",
            "/api/v1/agreements/{id}/exclusions/{exclusion}/approve",
            May(A::DecideExclusion),
        ),
        (
            "POST",
            "/api/v1/agreements/{id}/exclusions/{exclusion}/withdraw",
            May(A::DecideExclusion),
        ),
        (
            "GET",
            "/api/v1/sites/{id}/exclusions",
            May(A::SeeAgreements),
        ),
        (
            "GET",
            "/api/v1/sites/{id}/months/{month}",
            May(A::SeeAgreements),
        ),
        (
            "GET",
            "/api/v1/sites/{id}/months/{month}/slots",
            May(A::SeeAgreements),
        ),
        ("GET", "/api/v1/ledger/checkpoint", May(A::SeeAgreements)),
        ("GET", "/api/v1/ledger/consistency", May(A::SeeAgreements)),
        // Planning.
        ("GET", "/api/v1/plans/current", May(A::SeePlans)),
        ("GET", "/api/v1/plans/current/export", May(A::SeePlans)),
        ("GET", "/api/v1/plans/current/robustness", May(A::SeePlans)),
        // Imports.
        ("GET", "/api/v1/imports", May(A::SeeImports)),
        ("POST", "/api/v1/imports", May(A::Import)),
        ("GET", "/api/v1/imports/{id}", May(A::SeeImports)),
        ("DELETE", "/api/v1/imports/{id}", May(A::Import)),
        ("PUT", "/api/v1/imports/{id}/mapping", May(A::Import)),
        ("GET", "/api/v1/imports/{id}/refusals", May(A::SeeImports)),
        (
            "GET",
            "/api/v1/imports/{id}/refusals/export",
            May(A::SeeImports),
        ),
        ("GET", "/api/v1/imports/{id}/preview", May(A::SeeImports)),
        ("GET", "/api/v1/imports/{id}/duplicates", May(A::SeeImports)),
        ("POST", "/api/v1/imports/{id}/duplicates", May(A::Import)),
        ("POST", "/api/v1/imports/{id}/apply", May(A::Import)),
        ("POST", "/api/v1/imports/{id}/undo", May(A::Import)),
        ("GET", "/api/v1/duplicates", May(A::SeeImports)),
        ("POST", "/api/v1/duplicates", May(A::Import)),
        ("GET", "/api/v1/duplicates/decisions", May(A::SeeImports)),
        (
            "POST",
            "/api/v1/duplicates/decisions/{id}/undo",
            May(A::Import),
        ),
        // Another protocol, which OpenAPI does not describe.
        ("GET", "/ndt/v7/download", May(A::SeeSites)),
        ("GET", "/ndt/v7/upload", May(A::SeeSites)),
    ]
};

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
