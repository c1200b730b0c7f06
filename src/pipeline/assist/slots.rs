//! Which images' encodings are kept, and which is made next. No model and no thread in here: only the decisions.
//!
//! Every browser tab (a client) says which image it looks at and which lie ahead of and behind it. Within the number of
//! slots its current image comes first, then the next one in the direction of travel, then the one behind. What is
//! asked for by a click comes before all of that. Encodings nobody wishes for stay until their bytes are needed.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tator_domain::{DatasetName, ImageId};
use tator_vision::Encoding;

/// A tab that has not been heard of for so long is closed.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// An image, as slots name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub dataset: DatasetName,
    pub image_id: ImageId,
}

/// What an image is to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looked at.
    Current,
    /// Next in the direction of travel.
    Next,
    /// The one behind.
    Previous,
    /// Nobody wishes for it; kept while there is room.
    Kept,
}

impl Role {
    /// For people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::Previous => "previous",
            Self::Kept => "kept",
        }
    }
}

/// What a tab looks at.
#[derive(Debug, Clone)]
struct Wish {
    /// Best first, with the role of each.
    places: Vec<(Place, Role)>,
    at: Instant,
}

/// A kept encoding.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub encoding: Arc<Encoding>,
    /// Name of the model that made it.
    pub model: String,
    pub path: String,
    pub encode_ms: f64,
    pub bytes: usize,
    pub hits: u64,
    used: u64,
}

impl Kept {
    pub fn new(encoding: Encoding, model: &str, file: &Path, took: Duration) -> Self {
        let (bytes, path) = (encoding.bytes(), file.to_string_lossy().into_owned());
        let encode_ms = took.as_secs_f64() * 1e3;
        Self { encoding: Arc::new(encoding), model: model.to_owned(), path, encode_ms, bytes, hits: 0, used: 0 }
    }
}

/// How an image's encoding stands.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    Ready(Kept),
    /// It cannot be had, and why; tried again when asked for again.
    Failed(String),
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    wishes: HashMap<String, Wish>,
    asked: VecDeque<Place>,
    slots: HashMap<Place, Slot>,
    clock: u64,
    pub hits: u64,
    pub misses: u64,
}

impl Slots {
    /// A tab says what it looks at.
    pub fn wish(&mut self, client: &str, current: Place, ahead: Option<Place>, behind: Option<Place>) {
        let now = Instant::now();
        self.wishes.retain(|_, wish| now.duration_since(wish.at) < FORGOTTEN);
        let rest = [ahead.map(|place| (place, Role::Next)), behind.map(|place| (place, Role::Previous))];
        let places = std::iter::once((current, Role::Current)).chain(rest.into_iter().flatten()).collect();
        self.wishes.insert(client.to_owned(), Wish { places, at: now });
    }

    /// Somebody waits for this image.
    pub fn ask(&mut self, place: &Place) {
        if matches!(self.slots.get(place), Some(Slot::Failed(_))) {
            self.slots.remove(place);
        }
        self.asked.push_back(place.clone());
    }

    /// Nobody waits for it any more.
    pub fn answered(&mut self, place: &Place) {
        if let Some(i) = self.asked.iter().position(|other| other == place) {
            self.asked.remove(i);
        }
    }

    /// Somebody waits for it.
    pub fn is_asked(&self, place: &Place) -> bool {
        self.asked.contains(place)
    }

    /// What is to be encoded next: what somebody waits for, then the wishes by their role, the latest tab first.
    pub fn next(&self) -> Option<(Place, Role)> {
        let missing = |place: &&Place| !self.slots.contains_key(*place);
        if let Some(place) = self.asked.iter().find(missing) {
            return Some((place.clone(), Role::Current));
        }
        let wishes =
            self.wishes.values().flat_map(|wish| wish.places.iter().map(move |(place, role)| (role, wish.at, place)));
        let wished = wishes.filter(|(_, _, place)| missing(place));
        wished
            .min_by_key(|(role, at, _)| (**role, std::cmp::Reverse(*at)))
            .map(|(role, _, place)| (place.clone(), *role))
    }

    /// Whether work on this image is still wanted while something of a better role may wait.
    pub fn is_wanted(&self, place: &Place) -> bool {
        if self.is_asked(place) {
            return true;
        }
        match self.next() {
            // Something better is waiting: what is only a preload gives way.
            Some((better, role)) if better != *place => self.role(place) <= role && self.role(place) != Role::Kept,
            _ => self.role(place) != Role::Kept,
        }
    }

    /// What the image is to whoever wants it most.
    pub fn role(&self, place: &Place) -> Role {
        let wishes = self.wishes.values().flat_map(|wish| &wish.places);
        wishes.filter(|(other, _)| other == place).map(|(_, role)| *role).min().unwrap_or(Role::Kept)
    }

    /// The encoding of an image, if it is there; counts as a use.
    pub fn take(&mut self, place: &Place, model: &str) -> Option<Arc<Encoding>> {
        self.clock += 1;
        match self.slots.get_mut(place) {
            Some(Slot::Ready(kept)) if kept.model == model => {
                kept.used = self.clock;
                kept.hits += 1;
                Some(Arc::clone(&kept.encoding))
            }
            _ => None,
        }
    }

    /// Why an image's encoding cannot be had.
    pub fn failure(&self, place: &Place) -> Option<String> {
        match self.slots.get(place) {
            Some(Slot::Failed(reason)) => Some(reason.clone()),
            _ => None,
        }
    }

    /// Keeps an encoding, and gives up unwished ones, the longest unused first, until `budget` bytes hold the rest.
    pub fn keep(&mut self, place: Place, mut kept: Kept, budget: usize) {
        self.clock += 1;
        kept.used = self.clock;
        self.slots.insert(place, Slot::Ready(kept));
        while self.bytes() > budget {
            let unwished = self.ready().filter(|(place, _)| self.role(place) == Role::Kept && !self.is_asked(place));
            let Some(oldest) = unwished.min_by_key(|(_, kept)| kept.used).map(|(place, _)| place.clone()) else {
                break;
            };
            self.slots.remove(&oldest);
        }
    }

    /// Notes why an encoding cannot be had.
    pub fn fail(&mut self, place: Place, reason: String) {
        self.slots.insert(place, Slot::Failed(reason));
    }

    /// Forgets every encoding: another model is in use.
    pub fn clear(&mut self) {
        self.slots.clear();
    }

    /// Bytes of all encodings.
    pub fn bytes(&self) -> usize {
        self.ready().map(|(_, kept)| kept.bytes).sum()
    }

    /// Every place that is wished for or kept, the most wanted first.
    pub fn list(&self) -> Vec<(Place, Role, Option<&Slot>)> {
        let wished = self.wishes.values().flat_map(|wish| wish.places.iter().map(|(place, _)| place));
        let mut places: Vec<&Place> = wished.chain(self.slots.keys()).collect();
        places.sort_by_key(|place| (self.role(place), place.dataset.as_str().to_owned(), place.image_id));
        places.dedup();
        places.into_iter().map(|place| (place.clone(), self.role(place), self.slots.get(place))).collect()
    }

    fn ready(&self) -> impl Iterator<Item = (&Place, &Kept)> {
        self.slots.iter().filter_map(|(place, slot)| match slot {
            Slot::Ready(kept) => Some((place, kept)),
            Slot::Failed(_) => None,
        })
    }
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
