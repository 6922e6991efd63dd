//! Second factor: time-based one-time passwords (RFC 6238), as every authenticator knows them.

use totp_rs::{Builder, Secret};

/// Who issued it, as an authenticator shows it.
const ISSUER: &str = "Desserte";
/// Steps of 30 s before and after the present that are accepted (RFC 6238, 5.2).
const SKEW_STEPS: u16 = 1;
/// Bytes of a secret: those of SHA-1's output (RFC 4226, 4, R6).
const SECRET_BYTES: usize = 20;

/// A new secret: as it is kept, and as an authenticator reads it.
#[must_use]
pub fn draw(account: &str) -> (String, String) {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    let secret = data_encoding::BASE32_NOPAD.encode(&bytes);
    // Identifiers of accounts hold nothing that an address would quote.
    let address = format!("otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}");
    (secret, address)
}

/// The step of a code that is right now and was not used before: the steps after `used` count.
#[must_use]
pub fn step(secret: &str, code: &str, used: Option<i64>, now_unix_ms: i64) -> Option<i64> {
    let seconds = u64::try_from(now_unix_ms.div_euclid(1_000)).ok()?;
    let digits: String = code.chars().filter(|one| !one.is_whitespace()).collect();
    let step = totp(secret)?.check(&digits, seconds)?;
    let step = i64::try_from(step).ok()?;
    used.is_none_or(|used| step > used).then_some(step)
}

fn totp(secret: &str) -> Option<totp_rs::Totp> {
    Builder::new()
        .with_secret(Secret::try_from_base32(secret).ok()?)
        .with_skew(SKEW_STEPS)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "12345678901234567890", the secret of RFC 6238, appendix B.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_of_the_rfc_are_right_once_and_near_their_time() {
        // Appendix B, SHA-1, 59 s: 94287082; six digits of it.
        let at = |seconds: i64, used| step(SECRET, "287082", used, seconds * 1_000);
        let found = at(59, None).unwrap();
        assert_eq!(at(80, None), Some(found));
        assert_eq!(at(59, Some(found)), None, "used before");
        assert_eq!(at(200, None), None);
        assert_eq!(step(SECRET, "287 082", None, 59_000), Some(found));
        assert_eq!(step(SECRET, "287083", None, 59_000), None);
        assert_eq!(step(SECRET, "", None, 59_000), None);
    }

    #[test]
    fn a_drawn_secret_can_be_read_by_an_authenticator() {
        let (secret, address) = draw("amina.ngoma");
        assert!(
            address.starts_with("otpauth://totp/Desserte:amina.ngoma?"),
            "{address}"
        );
        assert!(address.contains(&secret));
        assert!(totp(&secret).is_some());
    }
}
