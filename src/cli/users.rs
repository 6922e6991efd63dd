//! People who may sign in, from the machine: the first administrator is added so.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::Output;
use super::{AUTHOR, Data, Failure, Outcome, now_unix_ms, registry};
use crate::api::people::make_link;
use crate::api::time;
use crate::doors::role::Role;
use crate::registry::{Decision, NewPerson, Person};

#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Everybody who may sign in or could.
    List(List),
    /// Add a person; prints the one-time link by which they choose a password.
    Add(Add),
    /// Take a person's password and second factor away; prints a new one-time link.
    Reset(Reset),
    /// Shut a person out, at once.
    Disable(Disable),
    /// Let a person in again who was shut out.
    Enable(Disable),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// What is typed to sign in: small letters, digits, '.', '_', '-', '@'.
    id: String,
    /// Name; what the person decides is recorded under it.
    #[arg(long)]
    name: String,
    /// `administrator`, `engineer`, `planner`, `contractor`, `technician` or `auditor`.
    #[arg(long, value_parser = role)]
    role: Role,
    /// Regions of an engineer; none: the whole country.
    #[arg(long, value_name = "NAME")]
    region: Vec<String>,
    /// Names of a contractor, as agreements write them.
    #[arg(long, value_name = "NAME")]
    contractor: Vec<String>,
    /// The site of a technician.
    #[arg(long, value_name = "ID")]
    site: Option<String>,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Reset {
    /// The account.
    id: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Disable {
    /// The account.
    id: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    role: &'static str,
    reach: Vec<String>,
    state: &'static str,
    second_factor: bool,
    invented: bool,
    created_at: Option<String>,
    signed_in_at: Option<String>,
}

/// The link, shown once.
#[derive(Debug, Serialize)]
struct LinkRow {
    id: String,
    link: String,
    expires_at: String,
}

fn role(text: &str) -> Result<Role, String> {
    Role::named(text).ok_or_else(|| Role::ALL.map(Role::identifier).join(", "))
}

impl Users {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::List(list) => list.run(),
            Self::Add(add) => add.run(),
            Self::Reset(reset) => link(&reset.data, &reset.id, true, &reset.output),
            Self::Disable(one) => one.run(true),
            Self::Enable(one) => one.run(false),
        }
    }
}

impl List {
    fn run(&self) -> Outcome {
        let people = registry(&self.data)?.people().map_err(Failure::failed)?;
        let rows: Vec<Row> = people.into_iter().map(row).collect();
        self.output.list(&rows)
    }
}

impl Add {
    fn run(self) -> Outcome {
        let mut reach = self.region;
        reach.extend(self.contractor);
        reach.extend(self.site);
        let new = NewPerson {
            id: self.id,
            name: self.name,
            role: self.role,
            reach,
            invented: false,
        };
        registry(&self.data)?
            .add_person(&new, decision())
            .map_err(Failure::input)?;
        link(&self.data, &new.id, false, &self.output)
    }
}

impl Disable {
    fn run(&self, disabled: bool) -> Outcome {
        registry(&self.data)?
            .set_disabled(&self.id, disabled, decision())
            .map_err(Failure::input)
    }
}

/// Makes a link and prints it with the address of the server that ran last on the folder.
fn link(data: &Data, id: &str, reset: bool, output: &Output) -> Outcome {
    let made = make_link(&registry(data)?, id, reset, (AUTHOR, now_unix_ms()));
    let made = made.map_err(Failure::input)?;
    let web = crate::serve::web_url(&data.data).unwrap_or_default();
    output.one(&LinkRow {
        id: made.person,
        link: format!("{}{}", web.trim_end_matches('/'), made.path),
        expires_at: made.expires_at,
    })
}

fn decision() -> Decision<'static> {
    Decision {
        author: AUTHOR,
        at_unix_ms: now_unix_ms(),
        reason: "",
    }
}

fn row(person: Person) -> Row {
    Row {
        id: person.id,
        name: person.name,
        role: person.role.identifier(),
        reach: person.reach,
        state: match (person.disabled_at_unix_ms, person.has_password) {
            (Some(_), _) => "disabled",
            (None, true) => "active",
            (None, false) => "invited",
        },
        second_factor: person.has_totp,
        invented: person.invented,
        created_at: time::text(person.created_at_unix_ms),
        signed_in_at: person.signed_in_at_unix_ms.and_then(time::text),
    }
}
