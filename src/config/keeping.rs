//! Where measurements are kept, and how long.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError};
use crate::{
    collector::Keeping,
    store::{
        retention,
        server::{Server, Token},
    },
};

/// Fewest months: the month before the present one is judged once it is over.
const MONTHS_MIN: u32 = 2;

/// Largest token, bytes.
const TOKEN_BYTES_MAX: u64 = 16 * 1024;

/// Which engine holds the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Files of the data folder.
    #[default]
    Embedded,
    /// A server of InfluxDB 2.
    InfluxDb2,
}

/// The sample store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// Which engine.
    pub engine: Engine,
    /// Address of the server, `http://host:port` or `https://host:port`, without a path.
    pub url: Option<String>,
    /// Organisation on the server.
    pub org: Option<String>,
    /// Bucket, which must be there and keep data as long as it is wanted.
    pub bucket: Option<String>,
    /// File with a token that may read and write the bucket. The environment variable `INFLUX_TOKEN`
    /// goes before it.
    pub token_file: Option<PathBuf>,
}

/// How long is kept what was measured, in whole months of UTC beside the present one; for ever when
/// left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Samples and what agents saw beside them. With a server its bucket's own retention holds.
    pub series_months: Option<u32>,
    /// Batches as agents signed them: what proves the figures.
    pub evidence_months: Option<u32>,
}

impl Store {
    /// The first key that cannot be used, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        if self.engine == Engine::Embedded {
            let given = [
                ("store.url", self.url.is_some()),
                ("store.org", self.org.is_some()),
                ("store.bucket", self.bucket.is_some()),
                ("store.token_file", self.token_file.is_some()),
            ];
            let (key, _) = given.into_iter().find(|(_, given)| *given)?;
            return Some((key, "only for engine = \"influxdb2\"".to_owned()));
        }
        if cfg!(not(feature = "influxdb2")) {
            let reason = "this program was built without the feature influxdb2";
            return Some(("store.engine", reason.to_owned()));
        }
        let needed = [
            ("store.url", &self.url),
            ("store.org", &self.org),
            ("store.bucket", &self.bucket),
        ];
        for (key, value) in needed {
            if value.as_ref().is_none_or(String::is_empty) {
                return Some((key, "must be given for engine = \"influxdb2\"".to_owned()));
            }
        }
        let url = self.url.as_deref()?;
        server_fault(url).map(|reason| ("store.url", reason))
    }
}

impl Config {
    /// Where samples are kept and how long, with the server's token.
    pub fn keeping(&self) -> Result<Keeping, ConfigError> {
        Ok(Keeping {
            retention: retention::Retention {
                series_months: self.retention.series_months,
                evidence_months: self.retention.evidence_months,
            },
            server: self.store.server()?,
        })
    }
}

impl Store {
    fn server(&self) -> Result<Option<Server>, ConfigError> {
        let (Engine::InfluxDb2, Some(url), Some(org), Some(bucket)) =
            (self.engine, &self.url, &self.org, &self.bucket)
        else {
            return Ok(None);
        };
        Ok(Some(Server {
            url: url.trim_end_matches('/').to_owned(),
            org: org.clone(),
            bucket: bucket.clone(),
            token: self.token()?,
        }))
    }

    fn token(&self) -> Result<Token, ConfigError> {
        let named = super::variable("INFLUX_TOKEN").filter(|token| !token.is_empty());
        let Some(file) = self.token_file.as_ref().filter(|_| named.is_none()) else {
            return Ok(Token::new(named.unwrap_or_default()));
        };
        let failed = |source| ConfigError::Read {
            file: file.clone(),
            source,
        };
        if std::fs::metadata(file).map_err(failed)?.len() > TOKEN_BYTES_MAX {
            return Err(ConfigError::TooLarge { file: file.clone() });
        }
        let text = std::fs::read_to_string(file).map_err(failed)?;
        Ok(Token::new(text.trim().to_owned()))
    }
}

impl Retention {
    /// The first key that cannot be used, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        [
            ("retention.series_months", self.series_months),
            ("retention.evidence_months", self.evidence_months),
        ]
        .into_iter()
        .find(|(_, months)| months.is_some_and(|months| months < MONTHS_MIN))
        .map(|(key, _)| (key, format!("must be at least {MONTHS_MIN}")))
    }
}

/// What is wrong with a server's address. What follows the port would be left out without a word.
fn server_fault(url: &str) -> Option<String> {
    let expected = || {
        Some(format!(
            "{url:?}: expected http://host:port or https://host:port"
        ))
    };
    let Ok(parsed) = url.parse::<axum::http::Uri>() else {
        return expected();
    };
    let scheme = matches!(parsed.scheme_str(), Some("http" | "https"));
    let bare = matches!(parsed.path(), "" | "/") && parsed.query().is_none();
    let user = parsed
        .authority()
        .is_some_and(|one| one.as_str().contains('@'));
    if !scheme || !bare || user || parsed.host().is_none_or(str::is_empty) {
        return expected();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;

    fn refused(text: &str) -> String {
        Config::parse(text, Path::new("c")).unwrap_err().to_string()
    }

    #[test]
    #[cfg(feature = "influxdb2")]
    fn a_server_needs_its_address_and_names() {
        let whole =
            "[store]\nengine = 'influxdb2'\nurl = 'http://127.0.0.1:8086'\norg = 'o'\nbucket = 'b'";
        Config::parse(whole, Path::new("c")).unwrap();
        for key in ["url", "org", "bucket"] {
            let without: Vec<&str> = whole
                .lines()
                .filter(|line| !line.starts_with(key))
                .collect();
            assert!(refused(&without.join("\n")).contains(&format!("store.{key}")));
        }
        for url in [
            "127.0.0.1:8086",
            "ftp://a:1",
            "http://a:1/path",
            "http://a:1/?q=1",
            "http://name:word@a:1",
            "http://",
            "",
        ] {
            let text = whole.replace("http://127.0.0.1:8086", url);
            assert!(refused(&text).contains("store.url"), "{url}");
        }
    }

    #[test]
    fn what_is_for_a_server_is_refused_without_one() {
        assert!(refused("[store]\nbucket = 'b'").contains("store.bucket"));
        assert!(refused("[store]\nengine = 'oracle'").contains("oracle"));
    }

    #[test]
    fn too_short_a_retention_is_refused() {
        assert!(refused("[retention]\nseries_months = 1").contains("retention.series_months"));
        assert!(refused("[retention]\nevidence_months = 0").contains("evidence_months"));
    }
}
