//! What a person decides through the page.

use desserte_probe::wire::enrol::Code;

use super::convert::known;
use super::{Result, Source};
use crate::registry::Decision;

impl Source {
    /// Makes an enrolment code: its text, and until when it is worth something.
    pub fn create_code(
        &self,
        site: &str,
        key_sha256: [u8; 32],
        author: &str,
    ) -> Result<(String, i64)> {
        let code = Code {
            secret: rand::random(),
            collector_key_sha256: key_sha256,
        };
        let expires = self
            .registry
            .keep_code(&code.secret, site, author, self.now_unix_ms())?;
        Ok((code.to_text(), expires))
    }

    /// Confirms a line; `false` when there is no such line.
    pub fn confirm_line(&self, agent: &str, key: &str, author: &str, reason: &str) -> Result<bool> {
        let Ok(id) = agent.parse() else {
            return Ok(false);
        };
        let decision = Decision {
            author,
            at_unix_ms: self.now_unix_ms(),
            reason,
        };
        known(self.registry.confirm_line(id, key, decision))
    }

    /// Revokes an agent; `false` when there is no such agent.
    pub fn revoke(&self, agent: &str, author: &str) -> Result<bool> {
        let Ok(id) = agent.parse() else {
            return Ok(false);
        };
        let decision = Decision {
            author,
            at_unix_ms: self.now_unix_ms(),
            reason: "revoked from the page",
        };
        known(self.registry.revoke_agent(id, decision))
    }
}
