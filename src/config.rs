//! The collector's configuration file, and the only place that reads the environment.
//!
//! Every key has a default; `demo/examples/desserte.toml` states them all. A key that is not known
//! is refused by name, with the nearest known one.

mod keeping;

use std::path::{Path, PathBuf};

pub use keeping::{Engine, Retention, Store};
use serde::{Deserialize, Serialize};

use crate::import::site::SiteKind;

/// Largest configuration file, bytes: it holds a dozen keys.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The agents' listener.
    pub agents: Agents,
    /// The country.
    pub country: Country,
    /// The judgement of sites without an agreement.
    pub assessment: Assessment,
    /// What holds of sites by their kind.
    pub sites: Sites,
    /// The web listener.
    pub web: Web,
    /// Where samples are kept.
    pub store: Store,
    /// How long is kept what was measured.
    pub retention: Retention,
}

/// The web listener, where it leaves loopback.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Names under which browsers reach it, without scheme and port; loopback's are always known.
    pub names: Vec<String>,
    /// Its certificate with the chain, leaf first, PEM. Read again when it changes.
    pub certificate: Option<PathBuf>,
    /// The certificate's key, PEM.
    pub key: Option<PathBuf>,
    /// Addresses of the proxies before it, on a private address and without a certificate of its own:
    /// who is behind them is taken from what they say.
    pub trusted_proxies: Vec<std::net::IpAddr>,
}

impl Web {
    /// Certificate and key, when there are both.
    #[must_use]
    pub fn tls(&self) -> Option<crate::doors::tls::Files> {
        Some(crate::doors::tls::Files {
            certificate: self.certificate.clone()?,
            key: self.key.clone()?,
        })
    }
}

/// The agents' listener.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agents {
    /// Address under which agents reach this collector, `https://host:port`, where it is another
    /// than the one it listens on (behind a router). It is what enrolment shows.
    pub public_url: Option<String>,
    /// Where to serve, in plain HTTP, a page that is known to be empty, `address:port`: agents ask for
    /// it to find a portal. Nobody serves it without.
    pub empty_page: Option<std::net::SocketAddr>,
}

/// The country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Country {
    /// Identifier: ISO 3166-1 alpha-2 in lower case.
    pub id: String,
    /// Name in French.
    pub name_fr: String,
    /// Name in English.
    pub name_en: String,
    /// Time zone in the tz database.
    pub time_zone: String,
    /// Folder with `regions.geojson`, `border.geojson` and `neighbours.geojson` for the map.
    pub folder: Option<PathBuf>,
}

impl Default for Country {
    fn default() -> Self {
        Self {
            id: "xx".to_owned(),
            name_fr: "Pays non renseigné".to_owned(),
            name_en: "Country not given".to_owned(),
            time_zone: "UTC".to_owned(),
            folder: None,
        }
    }
}

/// The judgement of sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Assessment {
    /// An agent is silent after so many of its upload intervals without a batch.
    pub silent_after_uploads: u32,
}

impl Default for Assessment {
    fn default() -> Self {
        Self {
            silent_after_uploads: 3,
        }
    }
}

/// What holds of sites by their kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sites {
    /// Kinds whose live state needs a login once there are logins: whoever plans a crime would like
    /// to know which of them is cut off.
    pub sensitive_kinds: Vec<SiteKind>,
}

impl Default for Sites {
    fn default() -> Self {
        Self {
            sensitive_kinds: vec![SiteKind::Police, SiteKind::Court, SiteKind::Ministry],
        }
    }
}

impl Sites {
    /// Whether sites of a kind are sensitive.
    #[must_use]
    pub fn is_sensitive(&self, kind: &str) -> bool {
        self.sensitive_kinds.iter().any(|one| one.code() == kind)
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration {file}: {source}", file = .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large to be a configuration.
    #[error("reading the configuration {file}: more than {FILE_BYTES_MAX} bytes", file = .file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// The text is not a configuration.
    #[error("reading the configuration {file}: {reason}", file = .file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line, key and what is wrong with it.
        reason: String,
    },
    /// A value cannot be used.
    #[error("reading the configuration {file}: key {key}: {reason}", file = .file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl Config {
    /// Reads and checks a file.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let read_error = |source| ConfigError::Read {
            file: file.to_owned(),
            source,
        };
        let length = std::fs::metadata(file).map_err(read_error)?.len();
        if length > FILE_BYTES_MAX {
            return Err(ConfigError::TooLarge {
                file: file.to_owned(),
            });
        }
        let text = std::fs::read_to_string(file).map_err(read_error)?;
        Self::parse(&text, file)
    }

    /// Reads and checks the text of a file.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            file: file.to_owned(),
            reason: with_suggestion(error.to_string().trim_end()),
        })?;
        config.check(file)?;
        Ok(config)
    }

    fn check(&self, file: &Path) -> Result<(), ConfigError> {
        let refuse = |key, reason: String| {
            Err(ConfigError::Value {
                file: file.to_owned(),
                key,
                reason,
            })
        };
        if let Err(error) = desserte_domain::period::time_zone(&self.country.time_zone) {
            return refuse("country.time_zone", error.to_string());
        }
        if let Some(url) = &self.agents.public_url
            && !url.starts_with("https://")
        {
            return refuse(
                "agents.public_url",
                format!("{url:?} must start with https://"),
            );
        }
        if self.web.certificate.is_some() != self.web.key.is_some() {
            return refuse("web.key", "certificate and key go together".to_owned());
        }
        let name = |one: &String| !one.is_empty() && !one.contains(['/', ':', ' ', '*']);
        if !self.web.names.iter().all(name) {
            let reason = "names of hosts only, without scheme, port and placeholders".to_owned();
            return refuse("web.names", reason);
        }
        if self.assessment.silent_after_uploads == 0 {
            return refuse(
                "assessment.silent_after_uploads",
                "must be at least 1".to_owned(),
            );
        }
        match self.store.fault().or_else(|| self.retention.fault()) {
            Some((key, reason)) => refuse(key, reason),
            None => Ok(()),
        }
    }
}

/// `unknown field X, expected one of …` gets the nearest expected name.
fn with_suggestion(message: &str) -> String {
    let Some((_, rest)) = message.split_once("unknown field ") else {
        return message.to_owned();
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let Some(given) = names.next() else {
        return message.to_owned();
    };
    let nearest = names.min_by_key(|name| distance(given, name));
    match nearest {
        Some(name) => format!("{message}; did you mean `{name}`?"),
        None => message.to_owned(),
    }
}

/// Edits from one name to the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.bytes().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, to) in row.iter_mut().skip(1).zip(right.bytes()) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *cell;
            *cell = replaced.min(*cell + 1).min(before + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Languages in which the command speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

impl Language {
    /// The language of the environment (`LC_ALL`, `LC_MESSAGES`, `LANG`): English when it says so,
    /// else French.
    #[must_use]
    pub fn of_environment() -> Self {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|value| !value.is_empty());
        match named {
            Some(value) if value.starts_with("en") => Self::En,
            _ => Self::Fr,
        }
    }

    /// The text in this language.
    #[must_use]
    pub fn pick<'t>(self, french: &'t str, english: &'t str) -> &'t str {
        match self {
            Self::Fr => french,
            Self::En => english,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the module that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../demo/examples/desserte.toml");

    #[test]
    #[cfg(feature = "influxdb2")]
    fn the_example_states_every_key() {
        let example = Config::parse(EXAMPLE, Path::new("desserte.toml")).unwrap();
        let mut expected = Config::default();
        expected.agents.public_url = Some("https://collecteur.exemple.cg:8443".to_owned());
        expected.agents.empty_page = Some(([0, 0, 0, 0], 80).into());
        expected.country = Country {
            id: "cg".to_owned(),
            name_fr: "République du Congo".to_owned(),
            name_en: "Republic of the Congo".to_owned(),
            time_zone: "Africa/Brazzaville".to_owned(),
            folder: Some(PathBuf::from("demo/congo")),
        };
        expected.web = Web {
            names: vec!["desserte.exemple.cg".to_owned()],
            certificate: Some(PathBuf::from("/etc/desserte/chaine.pem")),
            key: Some(PathBuf::from("/etc/desserte/cle.pem")),
            trusted_proxies: vec![[10, 0, 0, 2].into()],
        };
        expected.store = Store {
            engine: Engine::InfluxDb2,
            url: Some("http://127.0.0.1:8086".to_owned()),
            org: Some("ministere".to_owned()),
            bucket: Some("desserte".to_owned()),
            token_file: Some(PathBuf::from("/etc/desserte/influx.token")),
        };
        expected.retention = Retention {
            series_months: Some(36),
            evidence_months: Some(24),
        };
        assert_eq!(example, expected);
        let rendered = toml::to_string(&expected).unwrap();
        for key in rendered.lines().filter_map(|line| line.split_once(" = ")) {
            assert!(EXAMPLE.contains(&format!("\n{} =", key.0)), "{}", key.0);
        }
    }

    #[test]
    fn sensitive_kinds_are_chosen_by_the_file_and_have_defaults() {
        let config = |text: &str| Config::parse(text, Path::new("c"));
        let usual = config("").unwrap().sites;
        for (kind, sensitive) in [("police", true), ("court", true), ("ministry", true)] {
            assert_eq!(usual.is_sensitive(kind), sensitive, "{kind}");
        }
        assert!(!usual.is_sensitive("school"));
        let chosen = config("[sites]\nsensitive_kinds = ['hospital']")
            .unwrap()
            .sites;
        assert!(chosen.is_sensitive("hospital") && !chosen.is_sensitive("police"));
        assert!(config("[sites]\nsensitive_kinds = ['palace']").is_err());
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_file_and_a_suggestion() {
        let text = EXAMPLE.replacen("time_zone", "time_zoen", 1);
        let error = Config::parse(&text, Path::new("/etc/desserte.toml")).unwrap_err();
        let error = error.to_string();
        for part in [
            "/etc/desserte.toml",
            "time_zoen",
            "did you mean `time_zone`?",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn values_that_cannot_be_used_are_refused_by_key() {
        let refused = |text: &str| Config::parse(text, Path::new("c")).unwrap_err().to_string();
        assert!(refused("[country]\ntime_zone = 'Mars/Base'").contains("country.time_zone"));
        assert!(refused("[agents]\npublic_url = 'http://a'").contains("agents.public_url"));
        assert!(refused("[assessment]\nsilent_after_uploads = 0").contains("silent_after"));
        assert!(refused("[web]\ncertificate = 'a.pem'").contains("web.key"));
        assert!(refused("[web]\nnames = ['https://a']").contains("web.names"));
        assert!(Config::read(Path::new("/nonexistent/x.toml")).is_err());
    }
}
