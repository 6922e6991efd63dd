//! Why the agents' listener refuses something: a closed list of codes with their statuses and texts.

/// Seconds after which to try again when the collector has too much to do.
const RETRY_BUSY_SECONDS: u32 = 5;
/// Seconds after which to try again when the disk is full: a person has to act.
const RETRY_FULL_SECONDS: u32 = 60;

/// A request that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Headers or body cannot be read.
    #[error("malformed request: {0}")]
    Malformed(String),
    /// No agent has this identifier.
    #[error("no agent {0} is enrolled here")]
    UnknownAgent(String),
    /// The signature does not match key and bytes.
    #[error("the signature does not match the agent's key and the bytes received")]
    BadSignature,
    /// The agent was revoked.
    #[error("agent {0} was revoked")]
    Revoked(String),
    /// The agent is in quarantine.
    #[error("agent {agent} is in quarantine: {reason}")]
    Quarantined {
        /// The agent.
        agent: String,
        /// Why.
        reason: String,
    },
    /// The enrolment code is not known, or was used.
    #[error("the enrolment code is not known or was used before")]
    CodeUnknownOrUsed,
    /// The enrolment code is too old.
    #[error("the enrolment code has expired")]
    CodeExpired,
    /// The time of a signed request is too far from the collector's.
    #[error("the request's time is more than five minutes from the collector's")]
    StaleRequest,
    /// No such route or thing.
    #[error("there is nothing at this address")]
    NotFound,
    /// The route exists, not for this method.
    #[error("this address does not take this method")]
    MethodNotAllowed,
    /// Another body is there under the same identity.
    #[error(
        "sequence {sequence} of this boot was accepted before with another content, at position {first_position}"
    )]
    SequenceConflict {
        /// The sequence number.
        sequence: u64,
        /// Where the first content is.
        first_position: u64,
    },
    /// The body is beyond a limit.
    #[error("the body is larger than {limit} bytes {when}")]
    TooLarge {
        /// The limit.
        limit: usize,
        /// `as sent` or `after decompression`.
        when: &'static str,
    },
    /// The body is written in a way that is not known.
    #[error("content type {0:?} is not known here")]
    UnsupportedContentType(String),
    /// The version of the contract is not known.
    #[error("version {0} of the contract is not known here")]
    UnknownVersion(u16),
    /// The report can be read and breaks the contract.
    #[error("invalid report: {0}")]
    InvalidReport(String),
    /// Something was measured in the future.
    #[error("measured at {latest_unix_ms}, more than a minute after it was received")]
    FutureDated {
        /// Latest corrected time, Unix milliseconds.
        latest_unix_ms: i64,
    },
    /// Too many requests from one peer or agent.
    #[error("too many requests")]
    TooManyRequests {
        /// Seconds after which to try again.
        retry_seconds: u32,
    },
    /// The collector cannot take it now.
    #[error("the collector cannot take it now: {0}")]
    Unavailable(String),
    /// The disk is full.
    #[error("the collector's disk is full")]
    StorageFull,
}

impl Refusal {
    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::UnknownAgent(_) | Self::BadSignature | Self::StaleRequest => 401,
            Self::Revoked(_)
            | Self::Quarantined { .. }
            | Self::CodeUnknownOrUsed
            | Self::CodeExpired => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::SequenceConflict { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::UnsupportedContentType(_) => 415,
            Self::UnknownVersion(_) | Self::InvalidReport(_) | Self::FutureDated { .. } => 422,
            Self::TooManyRequests { .. } => 429,
            Self::Unavailable(_) => 503,
            Self::StorageFull => 507,
        }
    }

    /// Its code, one of a closed list.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::UnknownAgent(_) => "unknown_agent",
            Self::BadSignature => "bad_signature",
            Self::StaleRequest => "stale_request",
            Self::Revoked(_) => "revoked",
            Self::Quarantined { .. } => "quarantined",
            Self::CodeUnknownOrUsed => "code_unknown_or_used",
            Self::CodeExpired => "code_expired",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::SequenceConflict { .. } => "sequence_conflict",
            Self::TooLarge { .. } => "too_large",
            Self::UnsupportedContentType(_) => "unsupported_content_type",
            Self::UnknownVersion(_) => "unknown_version",
            Self::InvalidReport(_) => "invalid_report",
            Self::FutureDated { .. } => "future_dated",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Unavailable(_) => "unavailable",
            Self::StorageFull => "storage_full",
        }
    }

    /// What it says to a person, in English. What failed inside is for the log only.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Unavailable(_) => "The collector cannot take it now; try again later.".to_owned(),
            other => other.to_string(),
        }
    }

    /// What it says to a person, in French.
    #[must_use]
    pub fn detail_fr(&self) -> String {
        match self {
            Self::Malformed(reason) => format!("Requête illisible : {reason}"),
            Self::UnknownAgent(agent) => format!("Aucun agent {agent} n'est inscrit ici."),
            Self::BadSignature => {
                "La signature ne correspond pas à la clé de l'agent et aux octets reçus.".to_owned()
            }
            Self::StaleRequest => {
                "L'heure de la requête s'écarte de plus de cinq minutes de celle du collecteur."
                    .to_owned()
            }
            Self::Revoked(agent) => format!("L'agent {agent} a été révoqué."),
            Self::Quarantined { agent, reason } => {
                format!("L'agent {agent} est en quarantaine : {reason}")
            }
            Self::CodeUnknownOrUsed => {
                "Le code d'inscription est inconnu ou a déjà servi.".to_owned()
            }
            Self::CodeExpired => "Le code d'inscription a expiré.".to_owned(),
            Self::NotFound => "Il n'y a rien à cette adresse.".to_owned(),
            Self::MethodNotAllowed => "Cette adresse n'accepte pas cette méthode.".to_owned(),
            Self::SequenceConflict {
                sequence,
                first_position,
            } => format!(
                "La séquence {sequence} de ce démarrage a déjà été acceptée avec un autre contenu, à la position {first_position}."
            ),
            Self::TooLarge { limit, when } => {
                let when = if *when == "as sent" {
                    "tel qu'envoyé"
                } else {
                    "une fois décompressé"
                };
                format!("Le corps dépasse {limit} octets {when}.")
            }
            Self::UnsupportedContentType(found) => {
                format!("Le type de contenu {found:?} est inconnu ici.")
            }
            Self::UnknownVersion(version) => {
                format!("La version {version} du contrat est inconnue ici.")
            }
            Self::InvalidReport(reason) => format!("Rapport non valable : {reason}"),
            Self::FutureDated { latest_unix_ms } => {
                format!("Mesuré à {latest_unix_ms}, plus d'une minute après la réception.")
            }
            Self::TooManyRequests { .. } => "Trop de requêtes.".to_owned(),
            Self::Unavailable(_) => {
                "Le collecteur ne peut pas la traiter maintenant ; réessayez plus tard.".to_owned()
            }
            Self::StorageFull => "Le disque du collecteur est plein.".to_owned(),
        }
    }

    /// Seconds after which to try again, where trying again helps.
    #[must_use]
    pub fn retry_seconds(&self) -> Option<u32> {
        match self {
            Self::TooManyRequests { retry_seconds } => Some(*retry_seconds),
            Self::Unavailable(_) => Some(RETRY_BUSY_SECONDS),
            Self::StorageFull => Some(RETRY_FULL_SECONDS),
            _ => None,
        }
    }
}

impl From<crate::registry::RegistryError> for Refusal {
    fn from(error: crate::registry::RegistryError) -> Self {
        use crate::registry::RegistryError;
        match error {
            RegistryError::CodeUnknownOrUsed => Self::CodeUnknownOrUsed,
            RegistryError::CodeExpired => Self::CodeExpired,
            RegistryError::Revoked(agent) => Self::Revoked(agent),
            full if full.is_full() => Self::StorageFull,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Self {
        match error {
            crate::store::StoreError::Full { .. } => Self::StorageFull,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::StoreError;

    fn all() -> Vec<Refusal> {
        let text = || "0190f3c2".to_owned();
        vec![
            Refusal::Malformed(text()),
            Refusal::UnknownAgent(text()),
            Refusal::BadSignature,
            Refusal::Revoked(text()),
            Refusal::Quarantined {
                agent: text(),
                reason: text(),
            },
            Refusal::CodeUnknownOrUsed,
            Refusal::CodeExpired,
            Refusal::StaleRequest,
            Refusal::NotFound,
            Refusal::MethodNotAllowed,
            Refusal::SequenceConflict {
                sequence: 1,
                first_position: 2,
            },
            Refusal::TooLarge {
                limit: 3,
                when: "as sent",
            },
            Refusal::UnsupportedContentType(text()),
            Refusal::UnknownVersion(2),
            Refusal::InvalidReport(text()),
            Refusal::FutureDated { latest_unix_ms: 4 },
            Refusal::TooManyRequests { retry_seconds: 5 },
            Refusal::Unavailable("secret inner text".to_owned()),
            Refusal::StorageFull,
        ]
    }

    #[test]
    fn each_refusal_has_a_code_of_its_own_and_a_text_in_both_languages() {
        let codes: BTreeSet<&str> = all().iter().map(Refusal::code).collect();
        assert_eq!(codes.len(), all().len());
        for refusal in all() {
            assert_ne!(refusal.detail(), refusal.detail_fr(), "{refusal:?}");
            assert!(!refusal.detail().contains("secret"), "{refusal:?}");
            assert!(!refusal.detail_fr().contains("secret"), "{refusal:?}");
        }
    }

    #[test]
    fn only_what_may_pass_says_when_to_come_again() {
        for refusal in all() {
            let passing = matches!(refusal.status(), 429 | 503 | 507);
            assert_eq!(refusal.retry_seconds().is_some(), passing, "{refusal:?}");
        }
    }

    #[test]
    fn a_full_disk_is_told_from_a_busy_collector() {
        let operation = "append to journal";
        let full = Refusal::from(StoreError::Full { operation });
        assert_eq!((full.status(), full.code()), (507, "storage_full"));
        let busy = Refusal::from(StoreError::Busy { operation });
        assert_eq!((busy.status(), busy.code()), (503, "unavailable"));
    }
}
