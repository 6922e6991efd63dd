//! Sites: list, show, merge, move, and what was measured at them in sums.

mod sums;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::Output;
use super::words::unknown_site;
use super::{AUTHOR, Data, Failure, Outcome, now_unix_ms, registry};
use crate::api::time;
use crate::registry::{Decision, Registry, SiteStatus, SiteVersion};

/// What is done with sites.
#[derive(Debug, Subcommand)]
pub(super) enum Sites {
    /// Sites as they are now.
    List(List),
    /// One site with all its versions.
    Show(Show),
    /// Each day of a site's targets: samples, packets, response times. Days are those of UTC.
    Days(sums::Days),
    /// A month of every site in sums: samples, packets, share answered. Its days are those of UTC.
    Month(sums::Month),
    /// Make a site part of another from now on; history stays.
    Merge(Merge),
    /// Put a site elsewhere from now on; history stays.
    Move(Move),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
    /// Closed and merged sites too.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The site, by its identifier or an alias.
    id: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The site that ends.
    id: String,
    /// The site that goes on.
    #[arg(long)]
    into: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct Move {
    /// The site.
    id: String,
    /// Degrees north.
    #[arg(long, allow_negative_numbers = true)]
    latitude: f64,
    /// Degrees east.
    #[arg(long, allow_negative_numbers = true)]
    longitude: f64,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: Option<String>,
    kind: String,
    latitude: f64,
    longitude: f64,
    place: Option<String>,
    region: Option<String>,
    operator: Option<String>,
    status: String,
    invented: bool,
    valid_from: Option<String>,
    valid_to: Option<String>,
}

impl Sites {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
            Self::Days(days) => days.run(),
            Self::Month(month) => month.run(),
            Self::Merge(merge) => merge.run(),
            Self::Move(moved) => moved.run(),
        }
    }
}

impl List {
    fn run(&self) -> Outcome {
        let sites = registry(&self.data)?.sites().map_err(Failure::failed)?;
        let rows: Vec<Row> = sites
            .into_iter()
            .filter(|site| self.all || site.current.status == SiteStatus::Open)
            .map(|site| row(site.id, site.current))
            .collect();
        self.output.list(&rows)
    }
}

/// The identifier of a site that is named by it or by an alias.
fn known_site(registry: &Registry, given: &str) -> Result<String, Failure> {
    let known = registry.site(given).map_err(Failure::failed)?;
    let id = match known {
        Some(site) => Some(site.id),
        None => registry.resolve_site(given).map_err(Failure::failed)?,
    };
    id.ok_or_else(|| Failure::Input(unknown_site(given)))
}

impl Show {
    fn run(&self) -> Outcome {
        let registry = registry(&self.data)?;
        let id = known_site(&registry, &self.id)?;
        let versions = registry.site_versions(&id).map_err(Failure::failed)?;
        let rows: Vec<Row> = versions
            .into_iter()
            .map(|version| row(id.clone(), version))
            .collect();
        self.output.list(&rows)
    }
}

impl Merge {
    fn run(&self) -> Outcome {
        registry(&self.data)?
            .merge_site(&self.id, &self.into, decision(&self.reason))
            .map_err(Failure::input)
    }
}

impl Move {
    fn run(&self) -> Outcome {
        registry(&self.data)?
            .move_site(
                &self.id,
                (self.latitude, self.longitude),
                decision(&self.reason),
            )
            .map_err(Failure::input)
    }
}

fn decision(reason: &str) -> Decision<'_> {
    Decision {
        author: AUTHOR,
        at_unix_ms: now_unix_ms(),
        reason,
    }
}

fn row(id: String, version: SiteVersion) -> Row {
    Row {
        id,
        name: version.name,
        kind: version.kind,
        latitude: version.latitude,
        longitude: version.longitude,
        place: version.place,
        region: version.region,
        operator: version.operator,
        status: crate::app::status_text(&version.status),
        invented: version.invented,
        valid_from: time::text(version.valid_from_unix_ms),
        valid_to: version.valid_to_unix_ms.and_then(time::text),
    }
}
