//! Models at a person's side: a segmenter that answers points and boxes, and a vote on the class of a box.
//!
//! One thread encodes, in the order that [`slots`] decides; a request that needs an encoding waits for it and decodes on
//! its own thread. Work that nobody wants any more is stopped, also in the middle of a model's run. Nothing in here
//! changes a table: what a model says goes back to the person, who decides.

mod classify;
mod classify_head;
mod encodings;
mod engines;
mod finders;
mod propose;
mod segment;
mod settings;
mod slots;
mod status;
mod suggestion;
mod tasks;
mod tweak;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tator_domain::{DatasetName, ImageId};
use tator_store::Writer;
use tator_vision::{Encoding, Stop};

pub(crate) use finders::Finder;
pub use propose::{How, ProposeAnswer, ProposeRequest, ProposeTook, Proposed};
pub use segment::{SegmentAnswer, SegmentMask, SegmentRequest, Took};
pub use settings::{AssistChange, AssistSettings};
pub use slots::Role;
pub use status::{AssistStatus, Hits, Memory, ModelStatus, SlotStatus};
pub use suggestion::{ClassSuggestion, Guarded, Runner};
pub use tasks::{Task, TaskState};
pub(crate) use tweak::TweakRequest;

use self::engines::Engines;
use self::slots::{Kept, Place, Slots};
use self::tasks::Tasks;
use crate::error::Error;
use crate::models::Shelves;
use crate::pictures::{Original, original};
use crate::workbench::Workbench;

/// A click waits no longer than this for an encoding; the largest encoders take half of it on two cores.
const PATIENCE: Duration = Duration::from_secs(90);

/// The models at a person's side, and their threads.
pub(crate) struct Assist {
    pub(crate) shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

pub(crate) struct Shared {
    pub writer: Arc<Writer>,
    pub shelves: Shelves,
    pub engines: Engines,
    pub finders: finders::Finders,
    /// What trying models showed.
    pub tried: crate::models::Tried,
    /// Finds neighbours among vectors.
    pub search: Arc<crate::similar::Search>,
    state: Mutex<State>,
    wake: Condvar,
    gallery: classify::Galleries,
    /// The class heads at work.
    pub heads: crate::heads::ActiveHeads,
}

struct State {
    settings: AssistSettings,
    slots: Slots,
    tasks: Tasks,
    /// What is being encoded, and how to stop it.
    running: Option<(Place, Stop)>,
    /// The newest request of a tab about an image: older ones are not worth answering.
    newest: std::collections::HashMap<(String, ImageId), u64>,
    closing: bool,
}

/// An encoding, and what it took to get it.
struct Had {
    encoding: Arc<Encoding>,
    encode_ms: f64,
    cached: bool,
}

impl Assist {
    /// Starts the threads; models are opened when they are needed.
    pub fn start(writer: Arc<Writer>) -> Self {
        let root = writer.reader().folders().root().to_owned();
        let settings = AssistSettings::load(&root);
        let state = State {
            settings,
            slots: Slots::default(),
            tasks: Tasks::default(),
            running: None,
            newest: std::collections::HashMap::new(),
            closing: false,
        };
        let search = Arc::new(crate::similar::Search::default());
        writer.reader().set_search(Arc::clone(&search) as Arc<dyn tator_store::NearestSearch>);
        let shared = Arc::new(Shared {
            writer,
            search,
            shelves: Shelves::new(&root),
            engines: Engines::default(),
            finders: finders::Finders::default(),
            tried: crate::models::Tried::default(),
            state: Mutex::new(state),
            wake: Condvar::new(),
            gallery: classify::Galleries::default(),
            heads: crate::heads::ActiveHeads::default(),
        });
        let threads = [encode_wishes as fn(&Shared), classify::learn].map(|work| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || work(&shared))
        });
        Self { shared, threads: threads.into() }
    }
}

impl Drop for Assist {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closing = true;
        if let Some((_, stop)) = &state.running {
            stop.stop();
        }
        drop(state);
        self.shared.wake.notify_all();
        self.shared.gallery.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn settings(&self) -> AssistSettings {
        self.lock().settings.clone()
    }

    /// What is to compute.
    pub(crate) fn provider_wish(&self) -> tator_vision::ProviderWish {
        self.lock().settings.provider
    }

    /// After what is wanted has changed: stops what is not wanted any more, and wakes the encoder.
    fn wanted_changed(&self, state: &State) {
        if let Some((place, stop)) = &state.running
            && !state.slots.is_wanted(place)
        {
            stop.stop();
        }
        self.wake.notify_all();
    }

    /// The encoding of an image by a segmenter, made now if it is not there.
    fn encoding(&self, place: &Place, model: &str, is_stale: impl Fn(&State) -> bool) -> Result<Had, Error> {
        let begun = Instant::now();
        let settings = self.settings();
        if self.shelves.choose(tator_vision::Task::Segment, settings.segmenter.as_deref())?.manifest.name != model {
            // The slots are the active segmenter's: another one is asked once, beside them.
            let kept = self.encode(place, Some(model), &Stop::default())?;
            let encode_ms = begun.elapsed().as_secs_f64() * 1e3;
            return Ok(Had { encoding: kept.encoding, encode_ms, cached: false });
        }
        let mut state = self.lock();
        if let Some(encoding) = state.slots.take(place, model) {
            state.slots.hits += 1;
            return Ok(Had { encoding, encode_ms: 0.0, cached: true });
        }
        state.slots.misses += 1;
        state.slots.ask(place);
        self.wanted_changed(&state);
        let outcome = loop {
            if let Some(encoding) = state.slots.take(place, model) {
                let encode_ms = begun.elapsed().as_secs_f64() * 1e3;
                break Ok(Had { encoding, encode_ms, cached: false });
            }
            if let Some(reason) = state.slots.failure(place) {
                break Err(Error::ModelFailed(reason));
            }
            if is_stale(&state) || state.closing {
                break Err(Error::Superseded);
            }
            if begun.elapsed() > PATIENCE {
                break Err(Error::ModelFailed(format!("the picture was not encoded within {} s", PATIENCE.as_secs())));
            }
            let waited = self.wake.wait_timeout(state, Duration::from_millis(100));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.slots.answered(place);
        self.wanted_changed(&state);
        outcome
    }

    /// Encodes one image with a segmenter, the active one unless named, or reads what was kept on disk.
    fn encode(&self, place: &Place, name: Option<&str>, stop: &Stop) -> Result<Kept, Error> {
        let (model, segmenter) = self.engines.segmenter(&self.shelves, &self.settings(), name)?;
        let Original { path, bytes, .. } = original(self.writer.reader(), &place.dataset, place.image_id)?;
        let kept = encodings::Folder::new(self.writer.reader().folders());
        let key = encodings::key(&bytes, &model.manifest.fingerprint());
        let begun = Instant::now();
        let encoding = match kept.read(&key) {
            Some(encoding) => encoding,
            None => {
                let picture =
                    tator_vision::decode_upright(&bytes).map_err(|e| Error::invalid("picture", e.to_string()))?;
                let encoding = segmenter.encode(&picture, stop)?;
                kept.write(&key, &encoding);
                encoding
            }
        };
        Ok(Kept::new(encoding, &model.manifest.name, &path, begun.elapsed()))
    }
}

/// The encoder's thread.
fn encode_wishes(shared: &Shared) {
    let mut state = shared.lock();
    while !state.closing {
        let Some((place, role)) = state.slots.next() else {
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let stop = Stop::default();
        state.running = Some((place.clone(), stop.clone()));
        let label = format!("image {} · {}", place.image_id, role.word());
        let task = state.tasks.begin("encode", label, Some(place.image_id));
        drop(state);
        // A panic in a model's surroundings is a failed image, not a dead thread.
        let guarded = std::panic::AssertUnwindSafe(|| shared.encode(&place, None, &stop));
        let outcome = std::panic::catch_unwind(guarded)
            .unwrap_or_else(|_| Err(Error::ModelFailed("encoding broke off; the log says where".into())));
        state = shared.lock();
        state.running = None;
        match outcome {
            Ok(kept) => {
                let budget = state.settings.bytes;
                state.slots.keep(place, kept, budget);
                state.tasks.end(task, TaskState::Done, None);
            }
            Err(Error::Superseded) => state.tasks.end(task, TaskState::Superseded, None),
            Err(error) => {
                state.tasks.end(task, TaskState::Failed, Some(error.to_string()));
                state.slots.fail(place, error.to_string());
            }
        }
        shared.wake.notify_all();
    }
}

impl Workbench {
    /// A tab says what it looks at; its current image is encoded first, then the nearest ahead and behind.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::NoModel`] when there is no segmenter.
    pub fn assist_window(
        &self,
        d: &DatasetName,
        client: &str,
        current: ImageId,
        ahead: Option<ImageId>,
        behind: Option<ImageId>,
    ) -> Result<(), Error> {
        self.reader().dataset(d)?;
        let shared = &self.open.assist.shared;
        let settings = shared.settings();
        shared.shelves.choose(tator_vision::Task::Segment, settings.segmenter.as_deref())?;
        if !settings.preload {
            return Ok(());
        }
        let place = |image_id| Place { dataset: d.clone(), image_id };
        let (ahead, behind) = (ahead.filter(|_| settings.slots >= 2), behind.filter(|_| settings.slots >= 3));
        let mut state = shared.lock();
        state.slots.wish(client, place(current), ahead.map(place), behind.map(place));
        shared.wanted_changed(&state);
        Ok(())
    }
}
