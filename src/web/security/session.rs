//! Who has come in: random session ids behind a cookie, kept in memory as hashes, gone when unused for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::header::{COOKIE, HeaderMap};
use sha2::{Digest, Sha256};

use super::token::random_hex;
use crate::mounted::Mount;

/// A session ends when it was not used for this long.
pub const IDLE: Duration = Duration::from_secs(24 * 3600);
/// More sessions than this are not kept; the one that was unused longest goes.
const MOST: usize = 1000;

/// The sessions of this run of the server.
#[derive(Debug)]
pub struct Sessions {
    cookie: String,
    last_use: Mutex<HashMap<[u8; 32], Instant>>,
}

impl Sessions {
    /// For a server on this port: two servers on one machine must not share a cookie.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self { cookie: format!("tator_{port}"), last_use: Mutex::default() }
    }

    /// Opens a session and gives the `Set-Cookie` that carries it.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn open(&self, now: Instant, mount: &Mount) -> std::io::Result<String> {
        let id = random_hex()?;
        let mut sessions = self.lock();
        sessions.retain(|_, last| now.saturating_duration_since(*last) < IDLE);
        if sessions.len() >= MOST
            && let Some(oldest) = sessions.iter().min_by_key(|(_, last)| **last).map(|(key, _)| *key)
        {
            sessions.remove(&oldest);
        }
        sessions.insert(key(&id), now);
        Ok(format!("{}={id}; HttpOnly; SameSite=Strict; {}", self.cookie, mount.cookie_scope()))
    }

    /// Whether the request carries an open session, which is thereby used.
    #[must_use]
    pub fn admits(&self, headers: &HeaderMap, now: Instant) -> bool {
        let mut sessions = self.lock();
        self.ids(headers).any(|id| match sessions.get_mut(&key(id)) {
            Some(last) if now.saturating_duration_since(*last) < IDLE => {
                *last = now;
                true
            }
            _ => false,
        })
    }

    /// Ends the request's session and gives the `Set-Cookie` that takes it away.
    #[must_use]
    pub fn close(&self, headers: &HeaderMap, mount: &Mount) -> String {
        let mut sessions = self.lock();
        for id in self.ids(headers) {
            sessions.remove(&key(id));
        }
        format!("{}=; HttpOnly; SameSite=Strict; Max-Age=0; {}", self.cookie, mount.cookie_scope())
    }

    fn ids<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        headers
            .get_all(COOKIE)
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie)
            .map(|(_, id)| id)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.last_use.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sessions are looked up by hash, so that the time of a look-up tells nothing about an id.
fn key(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(set_cookie: &str) -> HeaderMap {
        let pair = set_cookie.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("other=1; {pair}").parse().unwrap());
        headers
    }

    #[test]
    fn a_session_ends_when_it_is_not_used() {
        let sessions = Sessions::new(8000);
        let begin = Instant::now();
        let headers = cookie(&sessions.open(begin, &Mount::default()).unwrap());
        let nearly = begin + IDLE - Duration::from_secs(1);
        assert!(sessions.admits(&headers, nearly));
        assert!(sessions.admits(&headers, nearly + IDLE - Duration::from_secs(1)), "use prolongs it");
        assert!(!sessions.admits(&headers, nearly + IDLE * 3));
    }

    #[test]
    fn a_closed_session_stays_closed() {
        let sessions = Sessions::new(8000);
        let headers = cookie(&sessions.open(Instant::now(), &Mount::default()).unwrap());
        assert!(sessions.close(&headers, &Mount::default()).contains("Max-Age=0"));
        assert!(!sessions.admits(&headers, Instant::now()));
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let set = Sessions::new(8123).open(Instant::now(), &Mount::default()).unwrap();
        assert!(set.starts_with("tator_8123=") && set.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{set}");
    }
}
