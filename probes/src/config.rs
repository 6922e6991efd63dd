//! Configuration of the agent: `agent.toml` in its data folder, every key optional. The only module
//! that reads the environment.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{evidence::Community, kinds::reach::Reach};

/// Name of the file in the data folder.
pub const FILE_NAME: &str = "agent.toml";
/// Least space for the spool: some hours of minutes.
const SPOOL_BYTES_MIN: u64 = 1024 * 1024;
/// Largest configuration file that is read.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

/// What can be configured on the machine; everything else comes with the schedule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Language of `status`; default: that of the environment, French when it names none.
    pub language: Option<Language>,
    /// Bytes that the spool may take on the disk, at least 1 MiB. Default 64 MiB.
    pub spool_bytes_max: u64,
    /// Bytes that the agent may send and receive in a month (UTC), everything counted; beyond it
    /// measuring stops and says so. Default: no limit.
    pub monthly_volume_bytes_max: Option<u64>,
    /// Whether to send heartbeats, where the schedule asks for them. Default true.
    pub heartbeat: bool,
    /// SNMP community with which the gateway tells how long it has been running; 1 to 32 bytes.
    /// Default: it is not asked.
    pub gateway_snmp_community: Option<Community>,
    /// Networks near the box that may be measured: `10.20.0.0/16` for an intranet whose names resolve to
    /// private addresses. Default: none, neither the box itself nor its link.
    pub local_networks: Reach,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            language: None,
            spool_bytes_max: crate::spool::Limits::default().cap_bytes,
            monthly_volume_bytes_max: None,
            heartbeat: true,
            gateway_snmp_community: None,
            local_networks: Reach::default(),
        }
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("configuration {}: {reason}", path.display())]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, naming the key where one is at fault.
    pub reason: String,
}

impl Config {
    /// Reads a file that must be there.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError {
            path: path.to_owned(),
            reason,
        };
        let size = std::fs::metadata(path)
            .map_err(|e| wrong(e.to_string()))?
            .len();
        if size > FILE_BYTES_MAX {
            return Err(wrong(format!("{size} bytes, more than {FILE_BYTES_MAX}")));
        }
        let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
        let config: Self = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        if config.spool_bytes_max < SPOOL_BYTES_MIN {
            return Err(wrong(format!(
                "spool_bytes_max: at least {SPOOL_BYTES_MIN}"
            )));
        }
        let community = config.gateway_snmp_community.as_ref();
        if community.is_some_and(|community| !community.is_usable()) {
            return Err(wrong("gateway_snmp_community: 1 to 32 bytes".to_owned()));
        }
        Ok(config)
    }

    /// Reads the data folder's file; the defaults when it has none.
    pub fn of_data(data: &Path) -> Result<Self, ConfigError> {
        let path = data.join(FILE_NAME);
        if path.exists() {
            Self::read(&path)
        } else {
            Ok(Self::default())
        }
    }

    /// The language to speak: the caller's wish, else the file's, else the environment's.
    #[must_use]
    pub fn language(&self, wish: Option<Language>) -> Language {
        wish.or(self.language).unwrap_or_else(environment_language)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one module that reads the environment"
)]
fn environment_language() -> Language {
    let named = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    match named {
        Some(name) if name.starts_with("en") => Language::En,
        _ => Language::Fr,
    }
}

/// The log filter: `DESSERTE_LOG`, one of `error`, `warn`, `info`, `debug`, `trace`; default `info`.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one module that reads the environment"
)]
pub fn log_level() -> tracing::Level {
    let wish = std::env::var("DESSERTE_LOG").ok();
    wish.and_then(|level| level.parse().ok())
        .unwrap_or(tracing::Level::INFO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, text).unwrap();
        Config::of_data(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_misspelt_key_is_named_with_the_file() {
        let error = read("spool_bytes_maxx = 1\n").unwrap_err();
        assert!(
            error.contains("agent.toml") && error.contains("spool_bytes_maxx"),
            "{error}"
        );
        assert!(
            read("spool_bytes_max = 10")
                .unwrap_err()
                .contains("at least 1048576")
        );
        let community = read("gateway_snmp_community = ''").unwrap_err();
        assert!(community.contains("gateway_snmp_community"), "{community}");
        assert!(read("language = \"de\"").unwrap_err().contains("language"));
        assert_eq!(read("").unwrap(), Config::default());
    }

    #[test]
    fn the_sample_names_every_key() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/examples/agent.toml");
        let config = Config::read(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let keys = [
            "language",
            "spool_bytes_max",
            "monthly_volume_bytes_max",
            "heartbeat",
            "gateway_snmp_community",
        ];
        assert!(keys.iter().all(|key| text.contains(&format!("\n{key} = "))));
        assert_eq!(config.language, Some(Language::Fr));
    }
}
