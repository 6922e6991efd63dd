//! Secrets that are drawn here: 256 bits, shown once, kept as a hash.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a secret. A secret of 256 random bits needs no slow hash.
pub type Hash = [u8; 32];

/// A new secret as it is shown: 43 letters that need no quoting in an address.
#[must_use]
pub fn draw() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())
}

/// What is kept of a secret.
#[must_use]
pub fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

/// Another secret that follows from one, for another purpose.
#[must_use]
pub fn derived(secret: &str, purpose: &str) -> String {
    let mut digest = Sha256::new_with_prefix(purpose.as_bytes());
    digest.update([0]);
    digest.update(secret.as_bytes());
    BASE64URL_NOPAD.encode(&digest.finalize())
}

/// Whether two texts are the same, in a time that does not tell where they differ.
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0, |differs, (a, b)| differs | (a ^ b))
            == 0
}

/// A short name for something that is not secret, such as a token's row.
#[must_use]
pub fn number() -> String {
    data_encoding::HEXLOWER.encode(&rand::random::<[u8; 6]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_what_follows_from_them_does_too() {
        let (one, other) = (draw(), draw());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_ne!(derived(&one, "csrf"), derived(&other, "csrf"));
        assert_ne!(derived(&one, "csrf"), derived(&one, "other"));
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }
}
