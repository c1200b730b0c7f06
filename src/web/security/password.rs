//! The password that any address but loopback demands, and how often it may be tried.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// Shorter passwords are refused.
pub const SHORTEST: usize = 10;
/// Wrong passwords one address may send within [`WINDOW`].
const TRIES: usize = 5;
/// Wrong passwords all addresses together may send within [`WINDOW`].
const TRIES_OF_ALL: usize = 50;
/// How long a wrong password counts.
const WINDOW: Duration = Duration::from_secs(60);

/// Why a server must not start on an address.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Others could reach the server and there is no password.
    #[error(
        "{0} can be reached from other machines, so it needs a password: set one with tator config --set-password, or listen on 127.0.0.1"
    )]
    Missing(IpAddr),
    /// The stored hash is not one.
    #[error("the password hash in workspace.toml is damaged: set the password again with tator config --set-password")]
    Damaged,
    /// Too easy to guess.
    #[error("the password is too short: use at least {SHORTEST} characters")]
    TooShort,
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// Whether a server may start on this address: loopback always, any other only with a password.
///
/// # Errors
/// [`PasswordError::Missing`] or [`PasswordError::Damaged`], both with what to do.
pub fn check_listen(address: IpAddr, password_hash: Option<&str>) -> Result<(), PasswordError> {
    match password_hash {
        Some(hash) => PasswordHash::new(hash).map(|_| ()).map_err(|_| PasswordError::Damaged),
        None if address.is_loopback() => Ok(()),
        None => Err(PasswordError::Missing(address)),
    }
}

/// Argon2id hash of a password for `workspace.toml`, in PHC form.
///
/// # Errors
/// When it is shorter than [`SHORTEST`], or cannot be hashed.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST {
        return Err(PasswordError::TooShort);
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether the password belongs to the hash. Slow on purpose: call it on the thread pool.
#[must_use]
pub fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Counts wrong passwords by address.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<IpAddr, Vec<Instant>>>);

impl Attempts {
    /// Takes note of a try before it is checked, so that many at once count as many.
    ///
    /// # Errors
    /// Seconds to wait, when there were too many.
    pub fn begin(&self, address: IpAddr, now: Instant) -> Result<(), u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, times| {
            times.retain(|time| now.saturating_duration_since(*time) < WINDOW);
            !times.is_empty()
        });
        let total: usize = all.values().map(Vec::len).sum();
        let own = all.entry(address).or_default();
        if own.len() >= TRIES || total >= TRIES_OF_ALL {
            return Err(WINDOW.as_secs());
        }
        own.push(now);
        Ok(())
    }

    /// Forgets the tries of an address that knew the password.
    pub fn forget(&self, address: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_argon2id_and_knows_its_password() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(is_right("correct horse battery", &hash) && !is_right("correct horse batterz", &hash));
        assert!(!is_right("x", "not a hash"));
    }

    #[test]
    fn other_addresses_need_a_password() {
        let (loopback, lan) = ("127.0.0.1".parse().unwrap(), "0.0.0.0".parse().unwrap());
        assert!(check_listen(loopback, None).is_ok());
        assert!(matches!(check_listen(lan, None), Err(PasswordError::Missing(_))));
        assert!(matches!(check_listen(lan, Some("plain text")), Err(PasswordError::Damaged)));
        assert!(matches!(check_listen(loopback, Some("plain text")), Err(PasswordError::Damaged)));
        assert!(matches!(hash_password("short"), Err(PasswordError::TooShort)));
    }

    #[test]
    fn guessing_is_slowed_down() {
        let attempts = Attempts::default();
        let (address, other, begin) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), Instant::now());
        for _ in 0..TRIES {
            assert!(attempts.begin(address, begin).is_ok());
        }
        assert!(attempts.begin(address, begin).is_err());
        assert!(attempts.begin(other, begin).is_ok());
        assert!(attempts.begin(address, begin + WINDOW).is_ok());
    }
}
