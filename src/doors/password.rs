//! Passwords: argon2id (RFC 9106) with the parameters that OWASP's password storage cheat sheet gives
//! first: 19 MiB, two passes, one lane.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

/// Fewest characters of a password (NIST SP 800-63B-4, 3.1.1.2, asks for 15 without a second factor and
/// 8 with one: this lies between, as not everybody carries a telephone).
pub const CHARACTERS_MIN: usize = 12;
/// Longest password, bytes: bounds what a stranger can make us hash.
pub const BYTES_MAX: usize = 200;

/// A hash that no password has, evaluated for names that nobody has: an answer's time then does not
/// tell whether an account exists.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too short.
    #[error("must have at least {CHARACTERS_MIN} characters")]
    Short,
    /// Too long.
    #[error("must have at most {BYTES_MAX} bytes")]
    Long,
    /// It holds the name of the account, or one character over and over.
    #[error("must not hold the name of the account, nor be one character over and over")]
    Guessable,
}

/// Refuses what would be guessed at once.
pub fn check(password: &str, account: &str) -> Result<(), Unfit> {
    if password.len() > BYTES_MAX {
        return Err(Unfit::Long);
    }
    if password.chars().count() < CHARACTERS_MIN {
        return Err(Unfit::Short);
    }
    let folded = crate::text::fold(password);
    let mut letters = folded.chars();
    let first = letters.next();
    let one_letter = letters.all(|letter| Some(letter) == first);
    if one_letter || folded.contains(&crate::text::fold(account)) {
        return Err(Unfit::Guessable);
    }
    Ok(())
}

/// The PHC string of a password, with a salt of its own. `None` when the system gives no randomness.
#[must_use]
pub fn hash(password: &str) -> Option<String> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed.ok().map(|hash| hash.to_string())
}

/// Whether a password is the one of a PHC string; without one, `false` after the same time.
#[must_use]
pub fn verify(password: &str, stored: Option<&str>) -> bool {
    if password.len() > BYTES_MAX {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(stored.unwrap_or(NOBODY)) else {
        return false;
    };
    let right = Argon2::default()
        .verify_password(password.as_bytes(), &parsed)
        .is_ok();
    right && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_recognised_and_no_other() {
        let stored = hash("le fleuve monte en mai").unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(verify("le fleuve monte en mai", Some(&stored)));
        assert!(!verify("le fleuve monte en juin", Some(&stored)));
        assert!(!verify("le fleuve monte en mai", None));
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert_ne!(
            hash("le fleuve monte en mai").unwrap(),
            stored,
            "a salt of its own"
        );
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        assert_eq!(check("court", "a"), Err(Unfit::Short));
        assert_eq!(check(&"x".repeat(201), "a"), Err(Unfit::Long));
        assert_eq!(check("aaaaaaaaaaaaaaaa", "b"), Err(Unfit::Guessable));
        assert_eq!(
            check("Amina.Ngoma2026", "amina.ngoma"),
            Err(Unfit::Guessable)
        );
        assert_eq!(check("le fleuve monte en mai", "amina.ngoma"), Ok(()));
    }
}
