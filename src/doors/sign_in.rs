//! Signing in: what is looked at, in which order, and what a stranger can learn from it (nothing).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::throttle::Guess;
use super::{Doors, password, secret, totp};
use crate::registry::{Person, Registry, RegistryError};

/// Longest wait for a place to evaluate a password.
const PLACE_WAIT: Duration = Duration::from_secs(2);
/// Longest identifier that is looked up, bytes.
const ACCOUNT_BYTES_MAX: usize = 64;

/// What was typed, and from where.
#[derive(Clone)]
pub struct Attempt {
    /// The account.
    pub account: String,
    /// The password.
    pub password: String,
    /// Code of the second factor.
    pub code: Option<String>,
    /// From where.
    pub peer: IpAddr,
    /// Value of the browser's cookie, when it has one.
    pub device: Option<String>,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Attempt")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// Why somebody stays outside.
#[derive(Debug, thiserror::Error)]
pub enum NotIn {
    /// Account or password is wrong, or the account is shut.
    #[error("the account or the password is wrong")]
    Wrong,
    /// The password is right, and the code of the second factor is missing.
    #[error("the code of the second factor is needed")]
    CodeNeeded,
    /// The code is wrong, or was used before.
    #[error("the code is wrong or was used before")]
    CodeWrong,
    /// Too many guesses.
    #[error("too many tries: wait {0} seconds")]
    Throttled(u64),
    /// Others are being looked at.
    #[error("too many people sign in at once; try again")]
    Busy,
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The collector itself.
    #[error("evaluating a password: {0}")]
    Failed(String),
}

/// Somebody who came in, with the secrets of their cookies.
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// Secret of the session.
    pub session: String,
    /// Secret of the browser, when it was not known yet.
    pub device: Option<String>,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SignedIn")
            .field("person", &self.person.id)
            .finish_non_exhaustive()
    }
}

impl NotIn {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::CodeNeeded => "code_needed",
            Self::CodeWrong => "code_wrong",
            Self::Throttled(_) => "throttled",
            Self::Busy => "busy",
            Self::Registry(_) | Self::Failed(_) => "failed",
        }
    }
}

impl Doors {
    /// Lets somebody in, or says why not. Every try is noted, but those that were not even looked at:
    /// a guesser could fill the disk with them.
    pub async fn sign_in(
        &self,
        registry: Arc<Registry>,
        attempt: Attempt,
        now_unix_ms: i64,
    ) -> Result<SignedIn, NotIn> {
        let account = attempt.account.trim().to_lowercase();
        if account.len() > ACCOUNT_BYTES_MAX || attempt.password.len() > password::BYTES_MAX {
            return Err(NotIn::Wrong);
        }
        let known = {
            let (registry, account) = (Arc::clone(&registry), account.clone());
            let device = attempt.device.as_deref().map(secret::hash);
            on_thread(move || match device {
                Some(device) => registry.knows_device(&device, &account, now_unix_ms),
                None => Ok(false),
            })
            .await?
        };
        let guess = Guess {
            account: &account,
            peer: attempt.peer,
            device: attempt.device.as_deref().filter(|_| known),
        };
        self.throttle
            .admit(guess, now_unix_ms)
            .map_err(NotIn::Throttled)?;
        let looked = self
            .look(&registry, &account, &attempt, known, now_unix_ms)
            .await;
        let outcome = looked.as_ref().map_or_else(NotIn::outcome, |_| "signed_in");
        let (peer, registry) = (attempt.peer.to_string(), Arc::clone(&registry));
        let typed = account.clone();
        on_thread(move || registry.note_sign_in(&typed, outcome, (&peer, known), now_unix_ms))
            .await?;
        if looked.is_ok() {
            self.throttle.forget(guess);
        }
        looked
    }

    async fn look(
        &self,
        registry: &Arc<Registry>,
        account: &str,
        attempt: &Attempt,
        known: bool,
        now_unix_ms: i64,
    ) -> Result<SignedIn, NotIn> {
        let (held, id) = (Arc::clone(registry), account.to_owned());
        let lock = on_thread(move || held.lock_of(&id)).await?;
        let (stored, typed) = (lock.password, attempt.password.clone());
        if !self.evaluate(typed, stored, known).await? {
            return Err(NotIn::Wrong);
        }
        let (held, id) = (Arc::clone(registry), account.to_owned());
        let (code, peer) = (attempt.code.clone(), attempt.peer.to_string());
        on_thread(move || {
            if let Some(secret) = &lock.totp {
                let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
                    return Ok(Err(NotIn::CodeNeeded));
                };
                let step = totp::step(secret, &code, lock.totp_step, now_unix_ms);
                let used = step.map(|step| held.use_totp_step(&id, step)).transpose()?;
                if used != Some(true) {
                    return Ok(Err(NotIn::CodeWrong));
                }
            }
            let Some(person) = held.person(&id)? else {
                return Ok(Err(NotIn::Wrong));
            };
            let session = secret::draw();
            held.open_session(&secret::hash(&session), &id, (&peer, now_unix_ms))?;
            let device = (!known).then(secret::draw);
            if let Some(device) = &device {
                held.remember_device(&secret::hash(device), &id, now_unix_ms)?;
            }
            Ok(Ok(SignedIn {
                person,
                session,
                device,
            }))
        })
        .await?
    }

    /// Whether a password is the right one, when it is this one's turn.
    pub async fn evaluate(
        &self,
        typed: String,
        stored: Option<String>,
        known: bool,
    ) -> Result<bool, NotIn> {
        let _place = self.place(known).await?;
        tokio::task::spawn_blocking(move || password::verify(&typed, stored.as_deref()))
            .await
            .map_err(|error| NotIn::Failed(error.to_string()))
    }

    /// The hash of a new password, when it is this one's turn.
    pub async fn hash(&self, typed: String) -> Result<String, NotIn> {
        let _place = self.place(false).await?;
        tokio::task::spawn_blocking(move || password::hash(&typed))
            .await
            .map_err(|error| NotIn::Failed(error.to_string()))?
            .ok_or_else(|| NotIn::Failed("no randomness from the system".to_owned()))
    }

    async fn place(&self, known: bool) -> Result<tokio::sync::SemaphorePermit<'_>, NotIn> {
        let places: &Semaphore = if known {
            &self.evaluations_of_known
        } else {
            &self.evaluations
        };
        match tokio::time::timeout(PLACE_WAIT, places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(error)) => Err(NotIn::Failed(error.to_string())),
            Err(_) => Err(NotIn::Busy),
        }
    }
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RegistryError> + Send + 'static,
) -> Result<T, NotIn> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| NotIn::Failed(error.to_string()))?
        .map_err(NotIn::Registry)
}
