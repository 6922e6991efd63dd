//! What the technician wants to know: is the box alive, is it us or the line?
//!
//! The running agent writes `status.json` with every entry; `desserte-probe status` reads it.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    config::Language,
    files::{FileError, PUBLIC, read_if_there, write_whole},
    report::{Neighbour, Outcome},
    spool::Stats,
};

const FILE: &str = "status.json";
/// A status older than this many recording intervals means that the agent does not work.
const STALE_INTERVALS: i64 = 5;

/// No agent ever wrote its state in this folder.
#[derive(Debug, thiserror::Error)]
#[error("{}: no agent ran here yet", .0.display())]
pub struct NoStatus(pub PathBuf);

/// State of the agent when it last wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// When it wrote, by the machine's wall clock, Unix milliseconds.
    pub written_unix_ms: i64,
    /// Seconds between two writings.
    pub record_seconds: u32,
    /// Name and version of the software.
    pub software: String,
    /// The agent.
    pub agent: String,
    /// Its site.
    pub site: String,
    /// The site's name.
    pub site_name: Option<String>,
    /// Kind of ICMP socket in use; `null` when no target needs one.
    pub icmp_socket: Option<String>,
    /// Time of the last receipt, by the collector's clock, Unix milliseconds.
    pub last_receipt_unix_ms: Option<i64>,
    /// Why the last upload failed; `null` when it did not.
    pub upload_error: Option<String>,
    /// Whether the collector's time is known in this boot.
    pub time_known: bool,
    /// How far the time may be off, milliseconds.
    pub time_uncertainty_ms: Option<u64>,
    /// The spool.
    pub spool: Stats,
    /// Lines.
    pub lines: Vec<LineStatus>,
    /// Targets.
    pub targets: Vec<TargetStatus>,
}

/// A line as the technician sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineStatus {
    /// Interface.
    pub interface: String,
    /// Carrier.
    pub carrier: Option<bool>,
    /// Whether a default route leads over it.
    pub route: bool,
    /// The gateway in the neighbour table.
    pub gateway: Neighbour,
}

/// A target's last slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetStatus {
    /// Identifier.
    pub id: String,
    /// What happened.
    pub outcome: Outcome,
    /// Sent and received.
    pub sent: u16,
    /// Answers.
    pub received: u16,
    /// Median response time, microseconds.
    pub rtt_us_median: Option<u32>,
}

impl Status {
    /// Writes it into the data folder.
    pub(crate) fn write(&self, data: &Path) -> Result<(), FileError> {
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        write_whole(&data.join(FILE), &json, PUBLIC)
    }

    /// Reads it; `None` when no agent ever ran here.
    pub fn read(data: &Path) -> Result<Option<Self>, FileError> {
        let bytes = read_if_there(&data.join(FILE))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Whether it was written lately.
    #[must_use]
    pub fn is_fresh(&self, now_unix_ms: i64) -> bool {
        let age = now_unix_ms.saturating_sub(self.written_unix_ms);
        age <= i64::from(self.record_seconds.max(12)) * 1_000 * STALE_INTERVALS
    }

    /// In plain words, one fact a line.
    #[must_use]
    pub fn text(&self, alive: bool, language: Language, now_unix_ms: i64) -> String {
        let say = |fr: &'static str, en: &'static str| match language {
            Language::Fr => fr,
            Language::En => en,
        };
        let mut text = String::new();
        let site = self.site_name.as_deref().unwrap_or(&self.site);
        let mut row = |name: &str, value: &str| {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{name:<22} {value}");
        };
        row(say("Site", "Site"), site);
        let life = if alive {
            say("en marche", "running")
        } else {
            say("ARRÊTÉ", "STOPPED")
        };
        row("Agent", life);
        row(say("Ligne", "Line"), &self.line_text(language));
        for target in &self.targets {
            row(&format!("  {}", target.id), &target_text(target, language));
        }
        row(
            say("Collecteur", "Collector"),
            &self.collector_text(language, now_unix_ms),
        );
        let waiting = format!(
            "{} {}, {} {}",
            self.spool.entries,
            say("relevés en attente", "records waiting"),
            self.spool.entries_lost,
            say("perdus", "lost"),
        );
        row(say("Tampon", "Spool"), &waiting);
        let time = match self.time_uncertainty_ms.filter(|_| self.time_known) {
            Some(ms) => format!("{} ± {ms} ms", say("connue", "known")),
            None => say("pas encore connue", "not known yet").to_owned(),
        };
        row(say("Heure", "Time"), &time);
        text
    }

    fn line_text(&self, language: Language) -> String {
        let say = |fr: &str, en: &str| match language {
            Language::Fr => fr.to_owned(),
            Language::En => en.to_owned(),
        };
        let Some(line) = self.lines.iter().find(|l| l.route).or(self.lines.first()) else {
            return say("aucune route vers l'extérieur", "no route to the outside");
        };
        let state = match (line.carrier, line.route, line.gateway) {
            (Some(false), _, _) => say("câble débranché", "cable unplugged"),
            (_, false, _) => say("pas de route", "no route"),
            (_, _, Neighbour::Failed) => {
                say("la passerelle ne répond pas", "the gateway is silent")
            }
            (_, _, Neighbour::Reachable) => say("la passerelle répond", "the gateway answers"),
            (_, _, Neighbour::NotKnown) => say("branchée", "connected"),
        };
        format!("{} : {state}", line.interface)
    }

    fn collector_text(&self, language: Language, now_unix_ms: i64) -> String {
        let french = language == Language::Fr;
        let receipt = match self.last_receipt_unix_ms {
            None if french => "aucun accusé de réception".to_owned(),
            None => "no receipt yet".to_owned(),
            Some(at) => {
                let minutes = now_unix_ms.saturating_sub(at).max(0) / 60_000;
                if french {
                    format!("dernier accusé de réception il y a {minutes} min")
                } else {
                    format!("last receipt {minutes} min ago")
                }
            }
        };
        match &self.upload_error {
            Some(error) if french => format!("{receipt} ; dernier envoi échoué : {error}"),
            Some(error) => format!("{receipt}; last upload failed: {error}"),
            None => receipt,
        }
    }
}

fn target_text(target: &TargetStatus, language: Language) -> String {
    let outcome = outcome_text(target.outcome, language);
    match target.rtt_us_median {
        Some(us) => {
            let ms = format!("{}.{:01}", us / 1_000, us % 1_000 / 100);
            let ms = if language == Language::Fr {
                ms.replace('.', ",")
            } else {
                ms
            };
            format!("{outcome}, {}/{}, {ms} ms", target.received, target.sent)
        }
        None => format!("{outcome}, {}/{}", target.received, target.sent),
    }
}

/// An outcome in plain words.
#[must_use]
pub fn outcome_text(outcome: Outcome, language: Language) -> &'static str {
    let (fr, en) = match outcome {
        Outcome::Ok => ("répond", "answers"),
        Outcome::Timeout => ("pas de réponse", "no answer"),
        Outcome::Unreachable => ("injoignable", "unreachable"),
        Outcome::TimeExceeded => ("boucle ou chemin trop long", "loop or path too long"),
        Outcome::NoRoute => ("pas de route", "no route"),
        Outcome::Refused => ("connexion refusée", "connection refused"),
        Outcome::Reset => ("connexion coupée", "connection cut"),
        Outcome::DnsNxDomain => ("nom inconnu", "unknown name"),
        Outcome::DnsNoData => ("nom sans adresse", "name without address"),
        Outcome::DnsServFail => ("le résolveur échoue", "the resolver fails"),
        Outcome::DnsRefused => ("le résolveur refuse", "the resolver refuses"),
        Outcome::DnsTimeout => ("le résolveur ne répond pas", "the resolver is silent"),
        Outcome::DnsTruncated => ("réponse DNS tronquée", "truncated DNS answer"),
        Outcome::TlsFailed => ("échec TLS", "TLS failed"),
        Outcome::HttpStatus => ("réponse HTTP inattendue", "unexpected HTTP status"),
        Outcome::HttpMalformed => ("réponse qui n'est pas HTTP", "answer is not HTTP"),
        Outcome::Intercepted => ("réponse interceptée", "answer intercepted"),
        Outcome::OverBudget => ("volume mensuel épuisé", "monthly volume used up"),
        Outcome::NotSent => ("non mesuré", "not measured"),
    };
    if language == Language::Fr { fr } else { en }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> Status {
        Status {
            written_unix_ms: 1_780_000_000_000,
            record_seconds: 60,
            software: "desserte-probe/0".into(),
            agent: "a".into(),
            site: "s1".into(),
            site_name: Some("Mairie de Ouesso".into()),
            icmp_socket: None,
            last_receipt_unix_ms: Some(1_780_000_000_000),
            upload_error: None,
            time_known: true,
            time_uncertainty_ms: Some(12),
            spool: Stats {
                entries: 3,
                ..Stats::default()
            },
            lines: vec![LineStatus {
                interface: "eth0".into(),
                carrier: Some(true),
                route: true,
                gateway: Neighbour::Failed,
            }],
            targets: vec![TargetStatus {
                id: "ancre".into(),
                outcome: Outcome::Timeout,
                sent: 5,
                received: 0,
                rtt_us_median: None,
            }],
        }
    }

    #[test]
    fn both_languages_say_whether_it_is_us_or_the_line() {
        let now = 1_780_000_300_000;
        let fr = status().text(true, Language::Fr, now);
        assert!(fr.contains("eth0 : la passerelle ne répond pas"), "{fr}");
        assert!(
            fr.contains("il y a 5 min") && fr.contains("pas de réponse, 0/5"),
            "{fr}"
        );
        let en = status().text(false, Language::En, now);
        assert!(
            en.contains("STOPPED") && en.contains("the gateway is silent"),
            "{en}"
        );
    }

    #[test]
    fn a_status_grows_old() {
        assert!(status().is_fresh(1_780_000_200_000));
        assert!(!status().is_fresh(1_780_000_400_000));
    }
}
