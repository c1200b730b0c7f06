//! What finds things by words or by their look: detectors that understand words, and where there is none, regions of a
//! detector (or a segmenter) seen through an image encoder and its text tower. And the looks at pictures that were taken
//! last, so that a second question about a picture costs no second look.

use std::sync::{Arc, Mutex, PoisonError};

use tator_vision::{
    Encoding, RegionText, Regions, Task, TextDetector, TextEncoder, finds_words, has_text_tower, open_text_detector,
    open_text_encoder,
};

use super::Shared;
use super::engines::{Open, get};
use crate::error::Error;
use crate::models::Model;

/// Points a side at which a segmenter is asked for regions when there is no detector.
const GRID: usize = 8;
/// Looks that are kept, and bytes they may take.
const LOOKS: usize = 12;
const LOOK_BYTES: usize = 256 << 20;
/// Pairs of encoder and source of regions that stay together.
const PAIRS: usize = 2;

/// What is open.
#[derive(Default)]
pub(crate) struct Finders {
    detectors: Mutex<Vec<Open<dyn TextDetector>>>,
    towers: Mutex<Vec<Open<dyn TextEncoder>>>,
    pairs: Mutex<Vec<(String, Arc<RegionText>)>>,
    looks: Mutex<Vec<(String, Arc<Encoding>)>>,
}

/// Who answers, by the name that people are shown.
pub(crate) struct Finder<F: ?Sized> {
    pub name: String,
    /// Stands for every file that the answer depends on.
    pub fingerprint: String,
    pub engine: Arc<F>,
}

impl Finders {
    /// Closes all; whoever uses one ends with it.
    pub fn close(&self) {
        lock(&self.detectors).clear();
        lock(&self.towers).clear();
        lock(&self.pairs).clear();
        lock(&self.looks).clear();
    }

    /// The look of that name, taken now if it is not there; and whether it was.
    pub fn look(
        &self,
        key: &str,
        take: impl FnOnce() -> Result<Encoding, Error>,
    ) -> Result<(Arc<Encoding>, bool), Error> {
        let mut looks = lock(&self.looks);
        if let Some(at) = looks.iter().position(|(other, _)| other == key) {
            let found = looks.remove(at);
            looks.push(found.clone());
            return Ok((found.1, true));
        }
        drop(looks);
        let seen = Arc::new(take()?);
        let mut looks = lock(&self.looks);
        looks.push((key.to_owned(), Arc::clone(&seen)));
        let bytes = |looks: &[(String, Arc<Encoding>)]| looks.iter().map(|(_, seen)| seen.bytes()).sum::<usize>();
        while looks.len() > 1 && (looks.len() > LOOKS || bytes(&looks) > LOOK_BYTES) {
            looks.remove(0);
        }
        Ok((seen, false))
    }
}

impl Shared {
    /// What finds things said in words: the model of that name, else a detector of words, else words over regions.
    pub(crate) fn words_finder(&self, name: Option<&str>) -> Result<Finder<dyn TextDetector>, Error> {
        if let Some(model) = self.words_model(name)? {
            let (model, engine) = get(&self.finders.detectors, model, &self.settings(), open_text_detector)?;
            return Ok(Finder { fingerprint: whole(&model), name: model.manifest.name, engine });
        }
        let Finder { name, fingerprint, engine } = self.regions_finder(true)?;
        Ok(Finder { name, fingerprint, engine })
    }

    /// A detector of words that is at hand; `None` when words have to be looked for in regions.
    fn words_model(&self, name: Option<&str>) -> Result<Option<Model>, Error> {
        if let Some(name) = name.filter(|name| !name.contains('+')) {
            let model = self.shelves.find(name)?;
            return match &model.problem {
                _ if !finds_words(&model.manifest) => {
                    Err(Error::invalid("model", format!("{name} cannot be asked in words")))
                }
                Some(problem) => Err(Error::invalid("model", format!("{name} cannot be used: {problem}"))),
                None => Ok(Some(model)),
            };
        }
        let usable = self.shelves.list().into_iter().filter(|m| m.problem.is_none() && finds_words(&m.manifest));
        Ok(usable.filter(|_| name.is_none()).max_by_key(|model| model.manifest.prefer.unwrap_or(0)))
    }

    /// Regions and their vectors; with `words`, of an encoder that has a text tower.
    pub(crate) fn regions_finder(&self, words: bool) -> Result<Finder<RegionText>, Error> {
        let settings = self.settings();
        let encoder = self.encoder_with_words(words)?;
        let source = self.shelves.choose(Task::Detect, None).or_else(|_| self.shelves.choose(Task::Segment, None))?;
        let (own, other) = (encoder.manifest.name.clone(), source.manifest.name.clone());
        let name = format!("{own} + {other}");
        let fingerprint = format!("{}-{}", whole(&encoder), whole(&source));
        if let Some((_, pair)) = lock(&self.finders.pairs).iter().find(|(held, _)| *held == fingerprint) {
            return Ok(Finder { name, fingerprint, engine: Arc::clone(pair) });
        }
        let (_, embedder) = self.engines.embedder_named(&self.shelves, &settings, Some(&own))?;
        let tower = has_text_tower(&encoder.manifest).then(|| self.text_tower(Some(&own))).transpose()?;
        let regions = if source.manifest.task == Task::Detect {
            Regions::Candidates(self.engines.detector(&self.shelves, &settings, &other)?.1)
        } else {
            Regions::Grid(self.engines.segmenter(&self.shelves, &settings, Some(&other))?.1, GRID)
        };
        let pair = Arc::new(RegionText::new(regions, embedder, tower.map(|(_, tower)| tower)));
        let mut pairs = lock(&self.finders.pairs);
        pairs.push((fingerprint.clone(), Arc::clone(&pair)));
        if pairs.len() > PAIRS {
            pairs.remove(0);
        }
        Ok(Finder { name, fingerprint, engine: pair })
    }

    /// The encoder of the settings; for words the first that has a text tower when that one has none.
    fn encoder_with_words(&self, words: bool) -> Result<Model, Error> {
        let usual = self.shelves.choose(Task::Embed, self.settings().embedder.as_deref())?;
        if !words || has_text_tower(&usual.manifest) {
            return Ok(usual);
        }
        let speaks = |model: &Model| {
            model.manifest.task == Task::Embed && model.problem.is_none() && has_text_tower(&model.manifest)
        };
        let others = self.shelves.list().into_iter().filter(speaks);
        others.max_by_key(|model| model.manifest.prefer.unwrap_or(0)).ok_or(Error::NoModel(Task::TextDetect))
    }

    /// The text tower of the encoder of that name, or of the one that is used for words.
    pub(crate) fn text_tower(&self, name: Option<&str>) -> Result<(Model, Arc<dyn TextEncoder>), Error> {
        let model = match name {
            Some(_) => self.shelves.choose(Task::Embed, name)?,
            None => self.encoder_with_words(true)?,
        };
        get(&self.finders.towers, model, &self.settings(), open_text_encoder)
    }
}

/// All files of a model, those for words too.
fn whole(model: &Model) -> String {
    model.manifest.files.values().map(|file| &file.sha256[..16]).collect::<Vec<_>>().join("-")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
