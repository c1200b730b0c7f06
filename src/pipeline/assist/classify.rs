//! The class of a box by the vote of the labelled boxes that look most like it.
//!
//! A gallery holds the vectors of some trusted boxes of every class. It is learnt in the background, image by image,
//! while nobody waits for a model, and kept up to date: a box that was edited is a new sample. The vote weighs the
//! nearest samples by their likeness; samples are taken evenly over the classes, so that a frequent class does not win
//! by its number.
//!
//! A dataset with an active class head (`heads/`) asks that instead: one look through it, no gallery, and a guard that
//! says when a box looks like nothing at all.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tator_domain::{BoxId, ClassId, DatasetName, ImageId, PixelBox, iou};
use tator_store::{ClassSample, EmbeddingOf};
use tator_vision::{Embedder, Picture, Stop, decode_upright};

use super::Shared;
use super::suggestion::{ClassSuggestion, Guarded, Runner};
use super::tasks::TaskState;
use crate::embed::Recipe;
use crate::error::Error;
use crate::models::Model;
use crate::pictures::original;
use crate::workbench::Workbench;

/// Samples of all classes together, about.
const SAMPLES: usize = 4000;
/// Most and fewest samples of a class.
const OF_A_CLASS: (u32, u32) = (64, 8);
/// A side under this many pixels shows too little.
const SMALLEST: f64 = 6.0;
/// As the embedding job cuts boxes, so that its vectors serve here too.
const MARGIN: f64 = crate::embed::USUAL_PADDING;
/// Samples that vote.
const VOTERS: usize = 12;
/// How fast a vote loses weight with likeness (a softmax over cosines).
const TEMPERATURE: f32 = 0.05;
/// A gallery is looked over again when it is asked after so long.
const FRESH: Duration = Duration::from_secs(20);
/// Decoded pictures kept for the next box on them.
const PICTURES: usize = 3;

/// Galleries of the datasets that were asked about.
#[derive(Default)]
pub(super) struct Galleries {
    state: Mutex<Library>,
    wake: Condvar,
}

#[derive(Default)]
struct Library {
    galleries: HashMap<DatasetName, Gallery>,
    wanted: Vec<DatasetName>,
    pictures: Vec<((DatasetName, ImageId), Arc<Picture>)>,
    closing: bool,
}

#[derive(Default)]
struct Gallery {
    /// Name of the encoder.
    model: String,
    samples: BTreeMap<BoxId, Known>,
    looked: Option<Instant>,
    /// Still to learn.
    missing: usize,
}

#[derive(Clone)]
struct Known {
    sample: ClassSample,
    vector: Arc<Vec<f32>>,
}

impl Galleries {
    fn lock(&self) -> MutexGuard<'_, Library> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the learning thread.
    pub fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_all();
    }

    /// Asks for a gallery to be learnt or looked over.
    fn want(&self, d: &DatasetName) {
        let mut library = self.lock();
        let fresh = library.galleries.get(d).and_then(|gallery| gallery.looked).is_some_and(|at| at.elapsed() < FRESH);
        if !fresh && !library.wanted.contains(d) {
            library.wanted.push(d.clone());
            self.wake.notify_all();
        }
    }
}

impl Shared {
    fn classify(&self, d: &DatasetName, id: ImageId, rect: &PixelBox) -> Result<ClassSuggestion, Error> {
        let begun = Instant::now();
        if let Some(active) = self.heads.get(self.writer.reader(), d)
            && let Some(suggestion) = self.ask_head(&active, (d, id), rect, begun)?
        {
            return Ok(suggestion);
        }
        let (model, embedder) = self.engines.embedder(&self.shelves, &self.settings())?;
        self.gallery.want(d);
        let picture = self.picture(d, id)?;
        let crop = picture.square_around(rect, MARGIN).map_err(|e| Error::invalid("box", e.to_string()))?;
        let vector = self.vector_of(crop, id, embedder.as_ref())?;
        let library = self.gallery.lock();
        let gallery = library.galleries.get(d).filter(|gallery| gallery.model == model.manifest.name);
        let known = gallery.map(|gallery| gallery.samples.values().collect::<Vec<_>>()).unwrap_or_default();
        // The box itself must not vote for what it already is.
        let others = known.iter().filter(|known| known.sample.image_id != id || iou(&known.sample.rect, rect) < 0.8);
        let shares = vote(others.map(|known| (known.sample.class_id, dot(&known.vector, &vector))));
        let [(class_id, probability), rest @ ..] = &shares[..] else {
            return Err(no_suggestion(gallery.map_or(usize::MAX, |gallery| gallery.missing)));
        };
        let runner_up =
            rest.first().map(|(class_id, probability)| Runner { class_id: *class_id, probability: *probability });
        Ok(ClassSuggestion {
            class_id: *class_id,
            probability: *probability,
            runner_up,
            method: "neighbours",
            model: model.manifest.name,
            head: None,
            guard: Guarded::Passed,
            neighbours: known.len(),
            ms: begun.elapsed().as_secs_f64() * 1e3,
        })
    }

    /// The encoder of that name.
    pub(crate) fn engine_of(&self, name: &str) -> Result<(Model, Arc<dyn Embedder>), Error> {
        self.engines.embedder_named(&self.shelves, &self.settings(), Some(name))
    }

    pub(super) fn vector_of(&self, crop: Picture, id: ImageId, embedder: &dyn Embedder) -> Result<Vec<f32>, Error> {
        let task = self.lock().tasks.begin("classify", format!("image {id}"), Some(id));
        let vector = embedder.embed(&[crop], &Stop::default()).map(|mut vectors| vectors.pop().unwrap_or_default());
        let ended = if vector.is_ok() { TaskState::Done } else { TaskState::Failed };
        self.lock().tasks.end(task, ended, vector.as_ref().err().map(ToString::to_string));
        Ok(vector?)
    }

    /// The decoded picture, kept for the next box on it.
    pub(super) fn picture(&self, d: &DatasetName, id: ImageId) -> Result<Arc<Picture>, Error> {
        let key = (d.clone(), id);
        if let Some((_, picture)) = self.gallery.lock().pictures.iter().find(|(other, _)| *other == key) {
            return Ok(Arc::clone(picture));
        }
        let picture = Arc::new(self.decode(d, id)?);
        let mut library = self.gallery.lock();
        library.pictures.push((key, Arc::clone(&picture)));
        if library.pictures.len() > PICTURES {
            library.pictures.remove(0);
        }
        Ok(picture)
    }

    pub(crate) fn decode(&self, d: &DatasetName, id: ImageId) -> Result<Picture, Error> {
        let found = original(self.writer.reader(), d, id)?;
        decode_upright(&found.bytes).map_err(|e| Error::invalid("picture", e.to_string()))
    }

    /// Brings one gallery up to date.
    fn learn_gallery(&self, d: &DatasetName) -> Result<(), Error> {
        let (model, embedder) = self.engines.embedder(&self.shelves, &self.settings())?;
        let classes = self.writer.reader().class_list(d)?.len().max(1);
        let each = u32::try_from(SAMPLES / classes).unwrap_or(0).clamp(OF_A_CLASS.1, OF_A_CLASS.0);
        let samples = self.writer.reader().class_samples(d, each, SMALLEST)?;
        let missing = self.gallery.begin(d, &model.manifest.name, &samples);
        let missing = self.learn_from_table(d, &model, missing);
        for of_one in missing.chunk_by(|a, b| a.image_id == b.image_id) {
            if !self.wait_until_idle() {
                return Ok(());
            }
            // A picture that cannot be read teaches nothing; the labeller says so when somebody opens it.
            let learnt = self.learn_image(d, of_one, embedder.as_ref()).unwrap_or_default();
            let mut library = self.gallery.lock();
            let Some(gallery) = library.galleries.get_mut(d) else { return Ok(()) };
            gallery.missing = gallery.missing.saturating_sub(of_one.len());
            gallery.samples.extend(learnt.into_iter().map(|known| (known.sample.box_id, known)));
        }
        Ok(())
    }

    /// Takes the vectors that the embedding job has made already; gives what is left to learn.
    fn learn_from_table(&self, d: &DatasetName, model: &Model, missing: Vec<ClassSample>) -> Vec<ClassSample> {
        let Ok(vectors) = self.writer.reader().vectors(d, &model.manifest.name, EmbeddingOf::Boxes) else {
            return missing;
        };
        let recipe = Recipe::USUAL.words();
        if vectors.fingerprint != model.manifest.fingerprint() || vectors.recipe != recipe {
            return missing;
        }
        let find = |sample: &ClassSample| vectors.find(sample.image_id, Some(sample.box_id));
        let (known, left): (Vec<_>, Vec<_>) = missing.into_iter().partition(|sample| find(sample).is_some());
        let mut library = self.gallery.lock();
        if let Some(gallery) = library.galleries.get_mut(d) {
            gallery.missing = left.len();
            let known = known.into_iter().filter_map(|sample| {
                let vector = Arc::new(vectors.row(find(&sample)?).to_vec());
                Some((sample.box_id, Known { sample, vector }))
            });
            gallery.samples.extend(known);
        }
        left
    }

    fn learn_image(
        &self,
        d: &DatasetName,
        samples: &[ClassSample],
        embedder: &dyn Embedder,
    ) -> Result<Vec<Known>, Error> {
        let Some(first) = samples.first() else { return Ok(Vec::new()) };
        let picture = self.decode(d, first.image_id)?;
        let cut =
            samples.iter().filter_map(|sample| Some((*sample, picture.square_around(&sample.rect, MARGIN).ok()?)));
        let (samples, crops): (Vec<_>, Vec<_>) = cut.unzip();
        let vectors = embedder.embed(&crops, &Stop::default())?;
        let known = samples.into_iter().zip(vectors);
        Ok(known.map(|(sample, vector)| Known { sample, vector: Arc::new(vector) }).collect())
    }

    /// Gives way to people; false when the program ends.
    pub(crate) fn wait_until_idle(&self) -> bool {
        loop {
            let state = self.lock();
            if state.closing {
                return false;
            }
            if state.running.is_none() {
                return true;
            }
            drop(state);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Galleries {
    /// Drops what is gone or was edited, and gives what is to be learnt.
    fn begin(&self, d: &DatasetName, model: &str, samples: &[ClassSample]) -> Vec<ClassSample> {
        let mut library = self.lock();
        let gallery = library.galleries.entry(d.clone()).or_default();
        if gallery.model != model {
            *gallery = Gallery { model: model.to_owned(), ..Gallery::default() };
        }
        let now: HashMap<BoxId, &ClassSample> = samples.iter().map(|sample| (sample.box_id, sample)).collect();
        gallery.samples.retain(|box_id, known| match now.get(box_id) {
            Some(sample) if sample.rect == known.sample.rect => {
                // Another class on the same pixels needs no new vector.
                known.sample.class_id = sample.class_id;
                true
            }
            _ => false,
        });
        let missing: Vec<_> =
            samples.iter().filter(|sample| !gallery.samples.contains_key(&sample.box_id)).copied().collect();
        gallery.missing = missing.len();
        gallery.looked = Some(Instant::now());
        missing
    }
}

/// The learning thread.
pub(super) fn learn(shared: &Shared) {
    loop {
        let mut library = shared.gallery.lock();
        let d = loop {
            if library.closing {
                return;
            }
            match library.wanted.pop() {
                Some(d) => break d,
                None => library = shared.gallery.wake.wait(library).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(library);
        let task = shared.lock().tasks.begin("learn", format!("the classes of {d}"), None);
        let outcome = shared.learn_gallery(&d);
        let ended = if outcome.is_ok() { TaskState::Done } else { TaskState::Failed };
        shared.lock().tasks.end(task, ended, outcome.err().map(|error| error.to_string()));
    }
}

/// Classes by their share of the vote of the most alike, the best first; empty with fewer than two classes or four
/// samples, of which nothing can be said.
fn vote(samples: impl Iterator<Item = (ClassId, f32)>) -> Vec<(ClassId, f32)> {
    let mut likeness: Vec<(ClassId, f32)> = samples.collect();
    let first = likeness.first().map(|(class_id, _)| *class_id);
    if likeness.len() < 4 || likeness.iter().all(|(class_id, _)| Some(*class_id) == first) {
        return Vec::new();
    }
    likeness.sort_by(|a, b| b.1.total_cmp(&a.1));
    let best = likeness[0].1;
    let mut shares: BTreeMap<ClassId, f32> = BTreeMap::new();
    for (class_id, cosine) in likeness.iter().take(VOTERS) {
        *shares.entry(*class_id).or_default() += ((cosine - best) / TEMPERATURE).exp();
    }
    let total: f32 = shares.values().sum();
    let mut shares: Vec<_> = shares.into_iter().map(|(class_id, weight)| (class_id, weight / total)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn no_suggestion(missing: usize) -> Error {
    let (code, message, hint) = if missing == 0 {
        let message = "there are too few labelled boxes to learn classes from";
        ("no_suggestion", message, "label a few boxes of at least two classes first")
    } else {
        ("still_learning", "the labelled boxes are still being learnt", "try again in a few seconds")
    };
    Error::NoAnswer { code, message: message.to_owned(), hint }
}

impl Workbench {
    /// The likely class of what is in a box.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`]; [`Error::NoModel`]; [`Error::NoAnswer`] while too little is known.
    pub fn classify(&self, d: &DatasetName, id: ImageId, rect: &PixelBox) -> Result<ClassSuggestion, Error> {
        self.open.assist.shared.classify(d, id, rect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_alike_decide() {
        let shares = vote([(1, 0.9), (1, 0.88), (2, 0.7), (2, 0.71), (3, 0.1)].into_iter());
        assert_eq!(shares[0].0, 1);
        assert!(shares[0].1 > 0.9, "{shares:?}");
        assert!((shares.iter().map(|(_, share)| share).sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn one_class_or_three_boxes_say_nothing() {
        assert!(vote([(1, 0.9), (1, 0.8), (1, 0.7), (1, 0.6)].into_iter()).is_empty());
        assert!(vote([(1, 0.9), (2, 0.8), (1, 0.7)].into_iter()).is_empty());
    }

    #[test]
    fn an_edited_box_is_learnt_again_and_a_renamed_one_is_not() {
        let galleries = Galleries::default();
        let d: DatasetName = "coins".parse().expect("a name");
        let sample = |box_id, class_id, x| ClassSample {
            box_id,
            image_id: 1,
            class_id,
            rect: PixelBox { x, y: 0.0, w: 10.0, h: 10.0 },
        };
        let all = [sample(1, 1, 0.0), sample(2, 1, 5.0)];
        assert_eq!(galleries.begin(&d, "m", &all).len(), 2);
        let known = all.map(|sample| (sample.box_id, Known { sample, vector: Arc::new(vec![1.0]) }));
        galleries.lock().galleries.get_mut(&d).expect("it was begun").samples.extend(known);
        let now = [sample(1, 2, 0.0), sample(2, 1, 6.0)];
        assert_eq!(galleries.begin(&d, "m", &now), [now[1]]);
        assert_eq!(galleries.lock().galleries[&d].samples[&1].sample.class_id, 2);
        assert_eq!(galleries.begin(&d, "another", &now).len(), 2);
    }
}
