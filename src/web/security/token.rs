//! The launch token: whoever can read the terminal or the owner's lock file may come in.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use subtle::ConstantTimeEq;

/// A secret of 256 random bits, as 64 hex digits. It is not shown by `Debug`.
#[derive(Clone)]
pub struct LaunchToken(String);

impl LaunchToken {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> std::io::Result<Self> {
        random_hex().map(Self)
    }

    /// The secret, for the launch URL and the lock file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the secret; takes the same time however much of it is right.
    #[must_use]
    pub fn matches(&self, candidate: &str) -> bool {
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }
}

impl std::fmt::Debug for LaunchToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LaunchToken(…)")
    }
}

/// The secret of an `Authorization: Bearer` header.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// 256 random bits as hex digits.
///
/// # Errors
/// When the system has no randomness to give.
pub(crate) fn random_hex() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(hex(&bytes))
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_256_bits_and_is_never_the_same() {
        let (one, other) = (LaunchToken::random().unwrap(), LaunchToken::random().unwrap());
        assert_eq!(one.as_str().len(), 64);
        assert!(!one.matches(other.as_str()) && one.matches(one.as_str()) && !one.matches(""));
    }

    #[test]
    fn debug_does_not_tell_the_secret() {
        let token = LaunchToken::random().unwrap();
        assert!(!format!("{token:?}").contains(token.as_str()));
    }
}
