//! How candidates look: crops of them go through an image encoder, and what comes out becomes features.
//!
//! Of each vector a random projection, from which trees may learn what right candidates look like; and what a class head says
//! of it: how sure it is of the candidate's class, and of what else. Nothing here is fitted to truth. A head has been, at its
//! training: the pictures it learnt from test nothing. Vectors are kept by content, model and place in `cache/crops/`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, DatasetName, class_called, living_classes};
use tator_learning::Matrix;
use tator_learning::head::Head;
use tator_learning::project::RandomProjection;
use tator_vision::{Embedder, Task};

use super::package::ImportedRecipe;
use super::request::{CalibrateRequest, refused};
use crate::assist::Shared;
use crate::embed::Recipe;
use crate::error::Error;
use crate::heads::{RunClass, head_at_hand};

/// Numbers of a projection.
const DIMS: usize = 16;
/// Decides the projection.
const SEED: u64 = 42;
/// Least probability that a ratio counts with.
const LEAST: f32 = 1e-6;
/// Files of the head in the folder of a calibration, and so in a package of it.
pub(super) const HEAD_FILE: &str = "head.tator";
pub(super) const HEAD_SEEN: &str = "head_seen.json";
/// What a head says of a candidate: probability of its class, of the best other, their log ratio, how many are above its own,
/// the entropy in nats, and the probability of background.
const OF_HEAD: [&str; 6] =
    ["head::own", "head::other", "head::lead", "head::rank", "head::entropy", "head::background"];

/// What crops are looked at with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppearanceNote {
    /// The encoder.
    pub encoder: String,
    /// Hashes of its files.
    pub fingerprint: String,
    /// How boxes are cut out for it.
    pub crop: String,
    /// The head that is asked, if any.
    pub head: Option<HeadNote>,
}

/// A head as a calibration uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadNote {
    /// Its number.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The dataset it was trained on.
    pub dataset: DatasetName,
    /// BLAKE3 of its file.
    pub artefact: String,
    /// Names of what it tells apart; nothing for background.
    pub classes: Vec<Option<String>>,
}

/// A head with the places of what it tells apart.
struct Asked {
    head: Head,
    bytes: Vec<u8>,
    /// Living classes of the dataset, one each place.
    places: Vec<ClassId>,
    /// For each thing it tells apart its place among these and the things beside them; nothing for background.
    outputs: Vec<Option<usize>>,
    /// Places in all: classes, and things that the dataset does not have.
    n_places: usize,
    seen: BTreeSet<String>,
}

/// An encoder and perhaps a head, to look at candidates with.
pub(super) struct Appearance {
    pub note: AppearanceNote,
    asked: Option<Asked>,
}

impl Appearance {
    /// What a request asks for, or the recipe it brings; nothing where neither looks at crops.
    ///
    /// # Errors
    /// [`Error::NotFound`] for encoder or head; [`Error::Invalid`] where they do not fit each other.
    pub fn of(
        shared: &Shared,
        request: &CalibrateRequest,
        recipe: Option<&ImportedRecipe>,
    ) -> Result<Option<Self>, Error> {
        let found = match recipe {
            Some(recipe) => of_recipe(shared, request, recipe)?,
            None => of_request(shared, request)?,
        };
        if let Some(found) = &found {
            let (encoder, model) =
                (&found.note.encoder, shared.shelves.choose(Task::Embed, Some(&found.note.encoder))?);
            if model.manifest.fingerprint() != found.note.fingerprint {
                let text = format!(
                    "{encoder} at hand is not the encoder that was used: `tator models list` shows what is there; train the head again with it"
                );
                return Err(Error::invalid("encoder", text));
            }
        }
        Ok(found)
    }

    /// Names of the columns.
    pub fn names(&self) -> Vec<String> {
        let projected = (0..DIMS).map(|at| format!("crop::{at:02}"));
        let told = OF_HEAD.iter().map(|name| (*name).to_owned());
        projected.chain(told.filter(|_| self.asked.is_some())).collect()
    }

    /// Hashes of pictures that the head was trained or watched with.
    pub fn seen(&self) -> Option<&BTreeSet<String>> {
        self.asked.as_ref().map(|asked| &asked.seen)
    }

    /// What has to lie beside the trees, so that they work elsewhere.
    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let files = |asked: &Asked| {
            let seen = serde_json::to_vec(&asked.seen).unwrap_or_default();
            vec![(HEAD_FILE, asked.bytes.clone()), (HEAD_SEEN, seen)]
        };
        self.asked.as_ref().map(files).unwrap_or_default()
    }

    /// How crops are made for the encoder.
    pub fn cut(&self) -> Result<Recipe, Error> {
        Recipe::parse(&self.note.crop).ok_or_else(|| Error::invalid("crop", format!("{:?} is no cut", self.note.crop)))
    }

    /// The encoder for many crops.
    pub fn encoder(&self, shared: &Shared) -> Result<Arc<dyn Embedder>, Error> {
        Ok(shared.engines.embedder_of_job(&shared.shelves, &shared.settings(), Some(&self.note.encoder))?.1)
    }

    /// The rows of some candidates, by their classes and vectors, one after the other.
    pub fn rows(&self, classes: &[ClassId], vectors: &[f32]) -> Result<Vec<f32>, Error> {
        let dims = vectors.len() / classes.len().max(1);
        let projection = RandomProjection::new(dims, DIMS, SEED);
        let told = match &self.asked {
            Some(asked) => asked.head.predict_many(Matrix::new(vectors, dims).map_err(refused)?).map_err(refused)?,
            None => Vec::new(),
        };
        let mut rows = Vec::with_capacity(classes.len() * self.names().len());
        for (at, class) in classes.iter().enumerate() {
            rows.extend(projection.of(&vectors[at * dims..][..dims]));
            if let Some(asked) = &self.asked {
                rows.extend(asked.says(*class, &told[at * asked.outputs.len()..][..asked.outputs.len()]));
            }
        }
        Ok(rows)
    }
}

impl Asked {
    fn new(
        head: Head,
        bytes: Vec<u8>,
        seen: BTreeSet<String>,
        of: impl Iterator<Item = (bool, Option<ClassId>)>,
    ) -> Result<Self, Error> {
        let (mut places, mut outputs, mut others): (Vec<ClassId>, Vec<Option<usize>>, usize) = (vec![], vec![], 0);
        let found: Vec<(bool, Option<ClassId>)> = of.collect();
        if found.len() != head.classes.len() {
            return Err(Error::invalid("head", "its classes are not those of its record"));
        }
        found.iter().filter_map(|(_, class)| *class).for_each(|class| {
            if !places.contains(&class) {
                places.push(class);
            }
        });
        for (is_background, class) in found {
            outputs.push(match class {
                _ if is_background => None,
                Some(class) => places.iter().position(|known| *known == class),
                None => {
                    others += 1;
                    Some(places.len() + others - 1)
                }
            });
        }
        Ok(Self { n_places: places.len() + others, head, bytes, places, outputs, seen })
    }

    /// What its probabilities say of a candidate of a class; nothing of one that it does not know.
    fn says(&self, class: ClassId, told: &[f32]) -> [f32; OF_HEAD.len()] {
        let mut shares = vec![0.0_f32; self.n_places];
        let mut background = 0.0;
        for (output, share) in self.outputs.iter().zip(told) {
            match output {
                Some(place) => shares[*place] += share,
                None => background += share,
            }
        }
        let mine = self.places.iter().position(|known| *known == class);
        let others = shares.iter().enumerate().filter(|(place, _)| Some(*place) != mine).map(|(_, share)| *share);
        let other = others.fold(0.0, f32::max);
        let entropy: f32 = shares.iter().chain([&background]).map(|p| if *p > 0.0 { -p * p.ln() } else { 0.0 }).sum();
        let [own, lead, rank] = mine.map_or([f32::NAN; 3], |mine| {
            let own = shares[mine];
            let above = shares.iter().filter(|share| **share > own).count() as f32;
            [own, (own.max(LEAST) / other.max(LEAST)).ln(), above]
        });
        [own, other, lead, rank, entropy, background]
    }
}

fn of_request(shared: &Shared, request: &CalibrateRequest) -> Result<Option<Appearance>, Error> {
    let reader = shared.writer.reader();
    let Some(wanted) = &request.head else {
        let Some(encoder) = &request.encoder else { return Ok(None) };
        let manifest = shared.shelves.choose(Task::Embed, Some(encoder))?.manifest;
        let (fingerprint, crop) = (manifest.fingerprint(), Recipe::USUAL.words());
        let note = AppearanceNote { encoder: manifest.name, fingerprint, crop, head: None };
        return Ok(Some(Appearance { note, asked: None }));
    };
    let found = head_at_hand(reader, &request.dataset, wanted)?;
    let run = found.run;
    if request.encoder.as_ref().is_some_and(|encoder| *encoder != run.encoder) {
        let text = format!("the head {} reads vectors of {}: name that encoder, or none", run.name, run.encoder);
        return Err(Error::invalid("encoder", text));
    }
    let is_background: Vec<bool> = run.classes.iter().map(|class| class.class_id.is_none()).collect();
    let bytes = found.head.to_bytes().map_err(refused)?;
    // By what its classes are called here and now, so that a package of it finds them by the names that the package has.
    let known = reader.class_list(&request.dataset)?;
    let today = |id: ClassId| known.iter().find(|class| class.class_id == id).map(|class| class.name.clone());
    let name = |(class, here): (RunClass, &Option<ClassId>)| {
        class.class_id.map(|_| here.and_then(today).unwrap_or(class.name))
    };
    let classes = run.classes.into_iter().zip(&found.classes).map(name).collect();
    let head = HeadNote { id: run.id, name: run.name, dataset: run.dataset, artefact: run.artefact, classes };
    let note = AppearanceNote { encoder: run.encoder, fingerprint: run.fingerprint, crop: run.crop, head: Some(head) };
    let asked = Asked::new(found.head, bytes, found.seen, is_background.into_iter().zip(found.classes))?;
    Ok(Some(Appearance { note, asked: Some(asked) }))
}

fn of_recipe(
    shared: &Shared,
    request: &CalibrateRequest,
    recipe: &ImportedRecipe,
) -> Result<Option<Appearance>, Error> {
    let Some(note) = recipe.appearance().cloned() else { return Ok(None) };
    let Some(about) = &note.head else { return Ok(Some(Appearance { note, asked: None })) };
    let damaged = |what: &str| Error::invalid("recipe", format!("its head cannot be used: {what}"));
    let bytes = recipe.file(HEAD_FILE).ok_or_else(|| damaged("it is not in the package"))?.to_vec();
    let head = Head::from_bytes(&bytes).map_err(|e| damaged(&e.to_string()))?;
    let seen = recipe.file(HEAD_SEEN).map(serde_json::from_slice).transpose();
    let seen = seen.map_err(|e| damaged(&e.to_string()))?.unwrap_or_default();
    let classes = shared.writer.reader().class_list(&request.dataset)?;
    let living = living_classes(&classes);
    let here = |wanted: &String| class_called(&classes, &living, |name| name == wanted);
    let of = about.classes.iter().map(|name| (name.is_none(), name.as_ref().and_then(here)));
    let asked = Asked::new(head, bytes, seen, of.collect::<Vec<_>>().into_iter())?;
    Ok(Some(Appearance { note, asked: Some(asked) }))
}

#[cfg(test)]
mod tests {
    use tator_learning::head::{HeadClass, LogisticOptions, Recipe, Samples, train};

    use super::*;

    /// Tells two classes and a background apart.
    fn head() -> Head {
        let classes = [HeadClass::Class(7), HeadClass::Class(8), HeadClass::Background(0)];
        let vectors = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let samples = Samples { vectors: Matrix::new(&vectors, 3).unwrap(), labels: &[0, 1, 2] };
        let recipe = Recipe::Logistic(LogisticOptions::default());
        train(&recipe, "f", &classes, &samples, None, &mut |_| true).unwrap().head
    }

    #[test]
    fn a_head_is_asked_about_the_candidates_own_class() {
        let of = [(false, Some(1)), (false, Some(2)), (true, None)];
        let asked = Asked::new(head(), Vec::new(), BTreeSet::new(), of.into_iter()).unwrap();
        let near = |told: [f32; 6], wanted: [f32; 6]| {
            let alike = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4 || (a.is_nan() && b.is_nan());
            assert!(told.iter().zip(&wanted).all(alike), "{told:?}");
        };
        let told = [0.6, 0.3, 0.1];
        near(asked.says(1, &told), [0.6, 0.3, 2.0_f32.ln(), 0.0, 0.8979, 0.1]);
        near(asked.says(2, &told), [0.3, 0.6, 0.5_f32.ln(), 1.0, 0.8979, 0.1]);
        // It does not know class 3.
        near(asked.says(3, &told), [f32::NAN, 0.6, f32::NAN, f32::NAN, 0.8979, 0.1]);
    }

    #[test]
    fn classes_that_are_one_here_add_up_and_one_that_is_not_here_is_another() {
        let one = Asked::new(
            head(),
            Vec::new(),
            BTreeSet::new(),
            [(false, Some(5)), (false, Some(5)), (true, None)].into_iter(),
        );
        assert!((one.unwrap().says(5, &[0.6, 0.3, 0.1])[0] - 0.9).abs() < 1e-6);
        let away = Asked::new(
            head(),
            Vec::new(),
            BTreeSet::new(),
            [(false, Some(5)), (false, None), (true, None)].into_iter(),
        );
        let said = away.unwrap().says(5, &[0.2, 0.7, 0.1]);
        assert!((said[1] - 0.7).abs() < 1e-6 && said[3] == 1.0, "{said:?}");
        assert!(Asked::new(head(), Vec::new(), BTreeSet::new(), [(true, None)].into_iter()).is_err());
    }
}
