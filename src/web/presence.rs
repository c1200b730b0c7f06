//! Who looks at which image, in memory only. A page says so again and again while it is in front; who has not been heard
//! of for some seconds is gone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tator_domain::{DatasetName, ImageId};

/// A page that was silent for this long has gone.
const GONE: Duration = Duration::from_secs(6);
/// How often the work of a page is written down.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Pages that are kept in mind; more than a team has.
const MOST: usize = 2000;

/// Somebody who looks at an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Present {
    /// The image.
    pub image_id: ImageId,
    /// What they are called.
    pub name: String,
}

#[derive(Debug)]
struct Page {
    dataset: DatasetName,
    image: ImageId,
    name: String,
    last: Instant,
}

/// Every page that shows an image, by the id it gave itself.
#[derive(Debug, Default)]
pub struct Presence {
    pages: Mutex<HashMap<String, Page>>,
    noted: Mutex<HashMap<String, Instant>>,
}

impl Presence {
    /// A page shows an image; gives who else has that image in front of them.
    pub fn beat(&self, d: &DatasetName, image: ImageId, page: &str, name: &str, now: Instant) -> Vec<String> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|_, other| now.saturating_duration_since(other.last) < GONE);
        if pages.len() < MOST || pages.contains_key(page) {
            pages.insert(page.to_owned(), Page { dataset: d.clone(), image, name: name.to_owned(), last: now });
        }
        let here = pages.iter().filter(|(id, p)| *id != page && p.image == image && p.dataset == *d);
        let mut names: Vec<String> = here.map(|(_, p)| p.name.clone()).collect();
        names.sort();
        names
    }

    /// Whether the work of a page is to be written down again: once a minute, as it costs a query.
    pub fn is_due(&self, page: &str, now: Instant) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(|_, last| now.saturating_duration_since(*last) < NOTE_EVERY);
        let due = noted.len() < MOST && !noted.contains_key(page);
        if due {
            noted.insert(page.to_owned(), now);
        }
        due
    }

    /// A page is left.
    pub fn leave(&self, page: &str) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).remove(page);
    }

    /// Everybody who looks at an image of a dataset.
    #[must_use]
    pub fn on(&self, d: &DatasetName, now: Instant) -> Vec<Present> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = pages.values().filter(|p| p.dataset == *d && now.saturating_duration_since(p.last) < GONE);
        let mut present: Vec<_> = alive.map(|p| Present { image_id: p.image, name: p.name.clone() }).collect();
        present.sort();
        present.dedup();
        present
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_see_each_other_until_they_leave_or_fall_silent() {
        let (presence, d, start) = (Presence::default(), "coins".parse().unwrap(), Instant::now());
        assert_eq!(presence.beat(&d, 1, "a", "Ann", start), Vec::<String>::new());
        assert_eq!(presence.beat(&d, 1, "b", "Bob", start), ["Ann"]);
        assert_eq!(presence.beat(&d, 2, "c", "Cy", start), Vec::<String>::new());
        assert_eq!(presence.on(&d, start).len(), 3);
        assert!(presence.is_due("a", start) && !presence.is_due("a", start + GONE));
        assert!(presence.is_due("a", start + NOTE_EVERY));
        presence.leave("a");
        assert_eq!(presence.beat(&d, 1, "b", "Bob", start + GONE), Vec::<String>::new());
        assert_eq!(presence.on(&d, start + GONE), [Present { image_id: 1, name: "Bob".into() }]);
        assert_eq!(presence.on(&"other".parse().unwrap(), start), []);
    }
}
