//! Agents: list, enrolment codes, revocation, lines.

use std::fmt::Write as _;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use desserte_probe::wire::hex;
use desserte_probe::wire::schedule::Profile;
use serde::Serialize;

use super::output::{self, Output};
use super::words::{not_an_agent, not_megabytes, unknown_site};
use super::{AUTHOR, Data, Failure, Outcome, now_unix_ms, registry};
use crate::api::time;
use crate::collector::identity::Identity;
use crate::collector::new_code;
use crate::registry::{AgentRecord, Decision};

/// What is done with agents.
#[derive(Debug, Subcommand)]
pub(super) enum Agents {
    /// Agents, revoked ones included.
    List(List),
    /// Write every agent's public key, a line each, for `verify --agents`.
    Keys(Keys),
    /// Make an enrolment code for a site: worth one enrolment, for a day, shown once.
    Code(NewCode),
    /// Revoke an agent: nothing of it is accepted any more.
    Revoke(Revoke),
    /// Confirm that a line is the site's own.
    ConfirmLine(ConfirmLine),
    /// Set how much an agent may send, and whether it probes its line.
    Profile(SetProfile),
    /// Set how many megabytes an agent may send and receive in a month.
    Volume(SetVolume),
    /// Show or set what agents ask to find out whether a portal answers in others' place.
    Portal(Portal),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Keys {
    /// File to write instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct NewCode {
    /// The site.
    #[arg(long, value_name = "ID")]
    site: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The agent.
    id: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct ConfirmLine {
    /// The agent.
    id: String,
    /// The line's key, as the site's page shows it.
    line: String,
    /// Who says so.
    #[arg(long)]
    author: String,
    /// How he knows.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct SetProfile {
    /// The agent.
    id: String,
    /// `full`: every target in every slot; `metered`: sparse while all is well.
    #[arg(long, value_enum)]
    profile: ProfileName,
    /// Whether it probes the gateway, the first hop and the resolver, and looks for portals.
    #[arg(long, value_name = "true|false", action = clap::ArgAction::Set)]
    line_probes: bool,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct SetVolume {
    /// The agent.
    id: String,
    /// Megabytes (10⁶ bytes) of a month, everything counted; `none`: no limit. When they are used up
    /// the agent measures no more until the month ends, and says so.
    #[arg(long, value_name = "N|none")]
    megabytes_max: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ProfileName {
    Full,
    Metered,
}

#[derive(Debug, Args)]
pub(super) struct Portal {
    /// A page that is answered with 204 and nothing else, http:// only: for instance that of
    /// `empty_page` in the collector's configuration. `none`: no page is asked for.
    #[arg(long, value_name = "URL")]
    empty_page: Option<String>,
    /// A name that does not exist. `none`: no name is asked for.
    #[arg(long, value_name = "NAME")]
    absent_name: Option<String>,
    /// Why.
    #[arg(long, default_value = "portal check changed")]
    reason: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct PortalRow {
    empty_page: Option<String>,
    absent_name: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    site: Option<String>,
    state: &'static str,
    software: String,
    enrolled_at: Option<String>,
    revoked_at: Option<String>,
    quarantine_reason: Option<String>,
    last_heartbeat_at: Option<String>,
    unconfirmed_lines: usize,
}

#[derive(Debug, Serialize)]
struct CodeRow {
    code: String,
    /// Address of the agents' listener; `null` when no server has ever run on this data folder.
    collector: Option<String>,
    site: String,
    expires_at: Option<String>,
}

impl Agents {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::List(list) => list.run(),
            Self::Keys(keys) => keys.run(),
            Self::Code(code) => code.run(),
            Self::Revoke(revoke) => revoke.run(),
            Self::ConfirmLine(confirm) => confirm.run(),
            Self::Profile(profile) => profile.run(),
            Self::Volume(volume) => volume.run(),
            Self::Portal(portal) => portal.run(),
        }
    }
}

impl List {
    fn run(&self) -> Outcome {
        let registry = registry(&self.data)?;
        let mut rows = Vec::new();
        for agent in registry.agents().map_err(Failure::failed)? {
            let lines = registry.lines_of_agent(agent.id).map_err(Failure::failed)?;
            let unconfirmed = lines.iter().filter(|line| line.confirmed.is_none()).count();
            rows.push(row(agent, unconfirmed));
        }
        self.output.list(&rows)
    }
}

impl Keys {
    fn run(&self) -> Outcome {
        let mut text = String::new();
        for agent in registry(&self.data)?.agents().map_err(Failure::failed)? {
            let place = agent.site.as_deref().unwrap_or("-");
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{} {} # {place}", agent.id, hex(&agent.public_key));
        }
        output::write(self.output.as_deref(), text.as_bytes())
    }
}

fn row(agent: AgentRecord, unconfirmed_lines: usize) -> Row {
    Row {
        id: agent.id.to_string(),
        site: agent.site,
        state: match (agent.revoked_at_unix_ms, &agent.quarantine) {
            (Some(_), _) => "revoked",
            (None, Some(_)) => "quarantined",
            (None, None) => "enrolled",
        },
        software: agent.software,
        enrolled_at: time::text(agent.enrolled_at_unix_ms),
        revoked_at: agent.revoked_at_unix_ms.and_then(time::text),
        quarantine_reason: agent.quarantine.map(|(_, reason)| reason),
        last_heartbeat_at: agent.heartbeat.and_then(|(at, _)| time::text(at)),
        unconfirmed_lines,
    }
}

impl NewCode {
    fn run(&self) -> Outcome {
        let registry = registry(&self.data)?;
        if registry
            .site(&self.site)
            .map_err(Failure::failed)?
            .is_none()
        {
            return Err(Failure::Input(unknown_site(&self.site)));
        }
        let identity = Identity::open(&self.data.data).map_err(Failure::failed)?;
        let made = new_code(&registry, &identity, &self.site, AUTHOR, now_unix_ms())
            .map_err(Failure::failed)?;
        self.output.one(&CodeRow {
            code: made.code.to_text(),
            collector: crate::serve::agents_url(&self.data.data),
            site: self.site.clone(),
            expires_at: time::text(made.expires_unix_ms),
        })
    }
}

impl Revoke {
    fn run(&self) -> Outcome {
        let id = self
            .id
            .parse()
            .map_err(|_| Failure::Input(not_an_agent(&self.id)))?;
        registry(&self.data)?
            .revoke_agent(id, decision(AUTHOR, &self.reason))
            .map_err(Failure::input)
    }
}

impl ConfirmLine {
    fn run(&self) -> Outcome {
        let id = self
            .id
            .parse()
            .map_err(|_| Failure::Input(not_an_agent(&self.id)))?;
        registry(&self.data)?
            .confirm_line(id, &self.line, decision(&self.author, &self.reason))
            .map_err(Failure::input)
    }
}

impl SetProfile {
    fn run(&self) -> Outcome {
        let id = self
            .id
            .parse()
            .map_err(|_| Failure::Input(not_an_agent(&self.id)))?;
        let profile = match self.profile {
            ProfileName::Full => Profile::Full,
            ProfileName::Metered => Profile::Metered,
        };
        let wanted = (profile, self.line_probes);
        registry(&self.data)?
            .set_agent_profile(id, wanted, decision(AUTHOR, &self.reason))
            .map_err(Failure::input)
    }
}

impl SetVolume {
    fn run(&self) -> Outcome {
        let id = self
            .id
            .parse()
            .map_err(|_| Failure::Input(not_an_agent(&self.id)))?;
        let bytes_max = match self.megabytes_max.as_str() {
            "none" => None,
            text => {
                let bytes = text
                    .parse()
                    .ok()
                    .and_then(|n: u64| n.checked_mul(1_000_000));
                let given = bytes.and_then(NonZeroU64::new);
                Some(given.ok_or_else(|| Failure::Input(not_megabytes(text)))?)
            }
        };
        registry(&self.data)?
            .set_agent_volume(id, bytes_max, decision(AUTHOR, &self.reason))
            .map_err(Failure::input)
    }
}

impl Portal {
    fn run(&self) -> Outcome {
        let registry = registry(&self.data)?;
        let mut asked = registry.captive_questions().map_err(Failure::failed)?;
        let wish = |text: &String| (text != "none").then(|| text.clone());
        if let Some(page) = &self.empty_page {
            asked.empty_page = wish(page);
        }
        if let Some(name) = &self.absent_name {
            asked.absent_name = wish(name);
        }
        if self.empty_page.is_some() || self.absent_name.is_some() {
            registry
                .set_captive_questions(&asked, decision(AUTHOR, &self.reason))
                .map_err(Failure::input)?;
        }
        self.output.one(&PortalRow {
            empty_page: asked.empty_page,
            absent_name: asked.absent_name,
        })
    }
}

fn decision<'a>(author: &'a str, reason: &'a str) -> Decision<'a> {
    Decision {
        author,
        at_unix_ms: now_unix_ms(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use desserte_probe::wire::enrol::EnrolRequest;

    use super::*;
    use crate::cli::verify;
    use crate::registry::{NewSite, Registry};

    #[test]
    fn keys_are_written_as_verify_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data {
            data: folder.path().to_owned(),
        };
        let registry: Registry = registry(&data).unwrap();
        let site = NewSite {
            id: "CG-1".to_owned(),
            name: None,
            kind: "school".to_owned(),
            latitude: -4.2,
            longitude: 15.2,
            place: None,
            region: None,
            operator: None,
            invented: true,
            aliases: Vec::new(),
        };
        registry.upsert_sites(&[site], "test", 1_000).unwrap();
        registry.keep_code(&[7; 16], "CG-1", "test", 1_000).unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
        let request = EnrolRequest::new(&key, &[7; 16], "test");
        let (secret, public_key) = request.verify().unwrap();
        let enrolled = registry
            .redeem_code(&secret, &public_key, "test", 2_000)
            .unwrap();
        let file = folder.path().join("keys.txt");
        let keys = Keys {
            output: Some(file.clone()),
            data,
        };
        keys.run().unwrap();
        let read = verify::keys(&file).unwrap();
        let expected = (
            enrolled.agent.id.to_string(),
            hex(&key.verifying_key().to_bytes()),
        );
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [expected]);
    }
}
