//! Who has come in: random session ids behind a cookie, kept as hashes, gone when unused for a while.
//!
//! They outlive a restart, so that an open tab goes on: the workspace has a file with the hashes, which open nothing by
//! themselves. A changed password ends every session.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::http::header::{COOKIE, HeaderMap};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tator_domain::Timestamp;

use super::token::{hex, random_hex};
use crate::mounted::Mount;

const SECOND: Timestamp = 1_000_000;
/// A session ends when it was not used for this long.
const IDLE: Timestamp = 24 * 3600 * SECOND;
/// How much of a session's use a kill may make the file forget.
const STALE: Timestamp = 600 * SECOND;
/// More sessions than this are not kept; the one that was unused longest goes.
const MOST: usize = 1000;

/// The sessions of a workspace.
#[derive(Debug)]
pub struct Sessions {
    cookie: String,
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kept: Kept,
    saved_at: Timestamp,
}

/// What the file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Hash of what guarded the door when they were opened.
    guard: String,
    /// Last use by hash of the id.
    last_use: BTreeMap<String, Timestamp>,
}

impl Sessions {
    /// For a server on this port: two servers on one machine must not share a cookie. `file` keeps the sessions over a
    /// restart; those that were opened under another password are dropped.
    #[must_use]
    pub fn new(port: u16, file: Option<PathBuf>, password_hash: Option<&str>) -> Self {
        let guard = hashed(password_hash.unwrap_or_default());
        let text = file.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let known: Option<Kept> = text.and_then(|text| serde_json::from_str(&text).ok());
        let kept = known.filter(|kept| kept.guard == guard).unwrap_or(Kept { guard, last_use: BTreeMap::new() });
        Self { cookie: format!("tator_{port}"), file, state: Mutex::new(State { kept, saved_at: 0 }) }
    }

    /// Opens a session and gives the `Set-Cookie` that carries it.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn open(&self, now: Timestamp, mount: &Mount) -> std::io::Result<String> {
        let id = random_hex()?;
        let mut state = self.lock();
        let sessions = &mut state.kept.last_use;
        sessions.retain(|_, last| is_fresh(*last, now));
        if sessions.len() >= MOST
            && let Some(oldest) = sessions.iter().min_by_key(|(_, last)| **last).map(|(key, _)| key.clone())
        {
            sessions.remove(&oldest);
        }
        sessions.insert(hashed(&id), now);
        self.save(&mut state, now);
        Ok(format!("{}={id}; HttpOnly; SameSite=Strict; {}", self.cookie, mount.cookie_scope()))
    }

    /// Whether the request carries an open session, which is thereby used.
    #[must_use]
    pub fn admits(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let mut state = self.lock();
        let known = self.ids(headers).any(|id| match state.kept.last_use.get_mut(&hashed(id)) {
            Some(last) if is_fresh(*last, now) => {
                *last = now;
                true
            }
            _ => false,
        });
        if known && now - state.saved_at > STALE {
            self.save(&mut state, now);
        }
        known
    }

    /// Ends the request's session and gives the `Set-Cookie` that takes it away.
    #[must_use]
    pub fn close(&self, headers: &HeaderMap, now: Timestamp, mount: &Mount) -> String {
        let mut state = self.lock();
        for id in self.ids(headers) {
            state.kept.last_use.remove(&hashed(id));
        }
        self.save(&mut state, now);
        format!("{}=; HttpOnly; SameSite=Strict; Max-Age=0; {}", self.cookie, mount.cookie_scope())
    }

    /// Without the file a restart asks for the launch URL again; that is no reason to refuse anybody now.
    fn save(&self, state: &mut State, now: Timestamp) {
        state.saved_at = now;
        let Some(path) = &self.file else { return };
        let text = serde_json::to_vec(&state.kept).unwrap_or_default();
        if let Err(error) = tator_store::write_private(path, &text) {
            tracing::warn!(%error, "sessions cannot be kept over a restart");
        }
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back makes nothing older; a use in the future counts as now.
fn is_fresh(last: Timestamp, now: Timestamp) -> bool {
    now.saturating_sub(last) < IDLE
}

fn hashed(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Timestamp = 1_795_331_000 * SECOND;

    fn cookie(set_cookie: &str) -> HeaderMap {
        let pair = set_cookie.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("other=1; {pair}").parse().unwrap());
        headers
    }

    fn sessions(file: Option<&std::path::Path>, password: Option<&str>) -> Sessions {
        Sessions::new(8000, file.map(Into::into), password)
    }

    #[test]
    fn a_session_ends_when_it_is_not_used() {
        let sessions = sessions(None, None);
        let headers = cookie(&sessions.open(BEGIN, &Mount::default()).unwrap());
        let nearly = BEGIN + IDLE - SECOND;
        assert!(sessions.admits(&headers, nearly));
        assert!(sessions.admits(&headers, nearly + IDLE - SECOND), "use prolongs it");
        assert!(!sessions.admits(&headers, nearly + IDLE * 3));
    }

    #[test]
    fn a_closed_session_stays_closed_after_a_restart_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.json");
        let first = sessions(Some(&file), None);
        let (left, stayed) = (
            cookie(&first.open(BEGIN, &Mount::default()).unwrap()),
            cookie(&first.open(BEGIN, &Mount::default()).unwrap()),
        );
        assert!(first.close(&left, BEGIN, &Mount::default()).contains("Max-Age=0"));
        assert!(!first.admits(&left, BEGIN));
        let next = sessions(Some(&file), None);
        assert!(!next.admits(&left, BEGIN) && next.admits(&stayed, BEGIN));
        assert!(!sessions(Some(&file), None).admits(&stayed, BEGIN + IDLE * 2), "idle sessions end over a restart");
    }

    #[test]
    fn the_file_opens_nothing_and_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.json");
        let set = sessions(Some(&file), None).open(BEGIN, &Mount::default()).unwrap();
        let id = set.split(['=', ';']).nth(1).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(id) && text.contains(&hashed(id)), "{text}");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!sessions(Some(&file), None).admits(&cookie(&format!("tator_8000={}", hashed(id))), BEGIN));
    }

    #[test]
    fn another_password_ends_every_session() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.json");
        let headers = cookie(&sessions(Some(&file), Some("one")).open(BEGIN, &Mount::default()).unwrap());
        assert!(sessions(Some(&file), Some("one")).admits(&headers, BEGIN));
        assert!(!sessions(Some(&file), Some("two")).admits(&headers, BEGIN));
        assert!(!sessions(Some(&file), None).admits(&headers, BEGIN));
    }

    #[test]
    fn a_damaged_file_means_no_sessions() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.json");
        std::fs::write(&file, "{\"guard\":").unwrap();
        let again = sessions(Some(&file), None);
        let headers = cookie(&again.open(BEGIN, &Mount::default()).unwrap());
        assert!(again.admits(&headers, BEGIN));
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let set = Sessions::new(8123, None, None).open(BEGIN, &Mount::default()).unwrap();
        assert!(set.starts_with("tator_8123=") && set.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{set}");
    }
}
