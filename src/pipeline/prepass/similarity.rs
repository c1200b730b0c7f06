//! Look-alikes: places of an image that look like boxes of a class that are there already, on this image or anywhere in
//! the dataset, by the vectors of an image encoder.
//!
//! What is compared are the places where any source saw something, whatever it called it, and windows where the recipe asks
//! for them. An example never speaks for its own image: a labelled box that proposes itself would be truth sold as recall.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tator_domain::{BoxId, Class, ClassId, DatasetName, ImageId, PixelBox, iou};
use tator_store::{EmbeddingOf, Reader};
use tator_vision::{Embedder, Picture, Slicing, Stop, Task, windows};

use super::classes::{How, Mapped};
use super::examples::{Offer, choose};
use super::looks::{About, Found, Label, Look, Pass, StageKind, key_of};
use super::recipe::{Recipe, SimilarityRecipe};
use crate::assist::Shared;
use crate::embed::Recipe as CropRecipe;
use crate::error::Error;
use crate::models::Model;

/// Places of an image that are compared, the surest.
const MOST_PLACES: usize = 64;
/// Places that overlap this much are one.
const ONE_PLACE: f64 = 0.85;
/// A side under this many pixels shows too little.
const SMALLEST: f64 = 6.0;
/// Margin around a place, as for the classes of the labeller.
const MARGIN: f64 = 0.15;
/// Labelled boxes of a class among which examples are chosen.
const POOL: u32 = 24;

/// An example of a class.
#[derive(Clone)]
struct Example {
    label: usize,
    vector: Arc<Vec<f32>>,
    /// The box and the content of its picture, where it is one of the dataset.
    from: Option<(BoxId, Arc<str>)>,
    /// Where on this image, where it is one of it.
    here: Option<PixelBox>,
}

/// The pass, or nothing with a word why.
pub(super) fn pass(
    shared: &Shared,
    d: &DatasetName,
    recipe: &Recipe,
    classes: &[Class],
    before: &[Pass],
) -> Result<Result<Pass, String>, Error> {
    let Some(wish) = &recipe.similarity else { return Ok(Err(String::new())) };
    let settings = shared.settings();
    let name = wish.encoder.as_deref().or(settings.embedder.as_deref());
    let model = match shared.shelves.choose(Task::Embed, name) {
        Err(Error::NoModel(_)) => {
            return Ok(Err(
                "look-alikes are left out: no image encoder is at hand; `tator models list` shows some".into()
            ));
        }
        other => other?,
    };
    let (_, engine) = shared.engines.embedder_of_job(&shared.shelves, &settings, Some(&model.manifest.name))?;
    let living: Vec<&Class> = classes.iter().filter(|class| !class.retired).collect();
    let labels: Vec<ClassId> = living.iter().map(|class| class.class_id).collect();
    let examples = if wish.dataset {
        of_dataset(shared, d, recipe, wish, &living, (&model, engine.as_ref()))?
    } else {
        Vec::new()
    };
    if examples.is_empty() && !wish.same_image {
        return Ok(Err("look-alikes are left out: no labelled box is there to be an example".into()));
    }
    let name = &model.manifest.name;
    let ids: Vec<String> = examples.iter().map(named).collect();
    let fingerprint = model.manifest.fingerprint();
    let seen: Vec<&str> = before.iter().map(|pass| pass.key.as_str()).collect();
    let mapped = living.iter().map(|class| Mapped {
        model_class: class.name.clone(),
        class_id: Some(class.class_id),
        class: Some(class.name.clone()),
        how: How::Name,
    });
    let known: Vec<Vec<Option<usize>>> = before
        .iter()
        .map(|pass| pass.labels.iter().map(|l| labels.iter().position(|id| Some(*id) == l.class_id)).collect())
        .collect();
    let names: Vec<String> = living.iter().map(|class| class.name.clone()).collect();
    let wished = format!("{wish:?} {labels:?} {names:?} {known:?}");
    let key =
        key_of(&["similarity 2", &fingerprint, &wished, &recipe.seed.to_string(), &ids.join(","), &seen.join(",")]);
    let look = Alike {
        engine,
        wish: wish.clone(),
        seed: recipe.seed,
        names,
        known,
        sources: before.iter().map(|pass| Arc::clone(&pass.source_run)).collect(),
        examples,
    };
    Ok(Ok(Pass {
        stage: StageKind::Similarity,
        source: name.as_str().into(),
        source_run: format!("{name}:{}", if wish.windows { "windows" } else { "full" }).into(),
        fingerprint,
        key,
        labels: living
            .iter()
            .map(|class| Label {
                model_class: class.name.as_str().into(),
                class_id: Some(class.class_id),
                prompt: None,
            })
            .collect(),
        look: Box::new(look),
        needs_before: true,
        windows: None,
        classes: mapped.collect(),
    }))
}

/// An example in the key: its box, its class, and its vector, which may come from a table.
fn named(example: &Example) -> String {
    let mut hasher = blake3::Hasher::new();
    for value in example.vector.iter() {
        hasher.update(&value.to_le_bytes());
    }
    format!("{:?} {} {}", example.from, example.label, hasher.finalize())
}

/// Vectors of the dataset's boxes by this encoder, where it was embedded, cut out as places are cut out here.
fn known_vectors(reader: &Reader, d: &DatasetName, model: &Model) -> HashMap<BoxId, Arc<Vec<f32>>> {
    let Ok(vectors) = reader.vectors(d, &model.manifest.name, EmbeddingOf::Boxes) else { return HashMap::new() };
    let cut = CropRecipe::Square { padding: MARGIN };
    if vectors.fingerprint != model.manifest.fingerprint() || CropRecipe::parse(&vectors.recipe) != Some(cut) {
        return HashMap::new();
    }
    let rows = vectors.data.chunks_exact(vectors.dims.max(1));
    vectors.box_ids.iter().zip(rows).map(|(id, row)| (*id, Arc::new(row.to_vec()))).collect()
}

/// Examples of every class out of its labelled boxes.
fn of_dataset(
    shared: &Shared,
    d: &DatasetName,
    recipe: &Recipe,
    wish: &SimilarityRecipe,
    living: &[&Class],
    (model, engine): (&Model, &dyn Embedder),
) -> Result<Vec<Example>, Error> {
    let reader = shared.writer.reader();
    let known = known_vectors(reader, d, model);
    // What is embedded already costs nothing to choose among: then it is the whole dataset.
    let pool = if known.is_empty() { POOL } else { u32::MAX };
    let mut samples = reader.class_samples(d, pool, SMALLEST)?;
    if !known.is_empty() {
        samples.retain(|sample| known.contains_key(&sample.box_id));
    }
    let mut chosen = Vec::new();
    for (label, class) in living.iter().enumerate() {
        let ours: Vec<_> = samples.iter().filter(|sample| sample.class_id == class.class_id).collect();
        let largest = ours.iter().map(|sample| sample.rect.area()).fold(1.0, f64::max);
        // A person's box has no score: what shows most of its object is the best example.
        let offer = |sample: &&tator_store::ClassSample| Offer {
            rect: sample.rect,
            score: (0.5 + 0.5 * (sample.rect.area() / largest).sqrt()).max(wish.least),
            source: "human",
        };
        let offers: Vec<Offer<'_>> = ours.iter().map(offer).collect();
        chosen.extend(choose(&offers, wish, recipe.seed, &class.name).into_iter().map(|at| (label, *ours[at])));
    }
    chosen.sort_by_key(|(_, sample)| (sample.image_id, sample.box_id));
    let rows = reader.image_rows(d, &tator_store::ImageFilter::default())?;
    let contents: HashMap<ImageId, Arc<str>> =
        rows.into_iter().map(|image| (image.image_id, Arc::from(image.content_hash))).collect();
    let content = |image: ImageId| contents.get(&image).cloned().unwrap_or_default();
    let mut examples = Vec::new();
    for of_one in chosen.chunk_by(|a, b| a.1.image_id == b.1.image_id) {
        if !known.is_empty() {
            examples.extend(of_one.iter().filter_map(|(label, sample)| {
                let vector = Arc::clone(known.get(&sample.box_id)?);
                let from = Some((sample.box_id, content(sample.image_id)));
                Some(Example { label: *label, vector, from, here: None })
            }));
            continue;
        }
        // A picture that cannot be read gives no example; the run says so where it looks at it.
        let Ok(picture) = shared.decode(d, of_one[0].1.image_id) else { continue };
        let cut = of_one.iter().filter_map(|one| Some((*one, picture.square_around(&one.1.rect, MARGIN).ok()?)));
        let (kept, crops): (Vec<_>, Vec<_>) = cut.unzip();
        let vectors = engine.embed(&crops, &Stop::default())?;
        examples.extend(kept.into_iter().zip(vectors).map(|((label, sample), vector)| Example {
            label,
            vector: Arc::new(vector),
            from: Some((sample.box_id, content(sample.image_id))),
            here: None,
        }));
    }
    Ok(examples)
}

struct Alike {
    engine: Arc<dyn Embedder>,
    wish: SimilarityRecipe,
    seed: u64,
    names: Vec<String>,
    /// For each pass before and each of its labels the place of its class.
    known: Vec<Vec<Option<usize>>>,
    sources: Vec<Arc<str>>,
    examples: Vec<Example>,
}

/// Somewhere that something may be.
#[derive(Clone, Copy)]
struct Place {
    rect: PixelBox,
    score: f32,
    /// Which pass saw it, and as which class; nothing for a window.
    seen: Option<(usize, Option<usize>)>,
    window: Option<u32>,
}

impl Look for Alike {
    fn look(&self, pictures: &[Picture], about: &[About<'_>], stop: &Stop) -> Result<Vec<Vec<Found>>, Error> {
        pictures.iter().zip(about).map(|(picture, about)| self.on(picture, about, stop)).collect()
    }
}

impl Alike {
    fn on(&self, picture: &Picture, about: &About<'_>, stop: &Stop) -> Result<Vec<Found>, Error> {
        let places = self.places(picture, about)?;
        let cut = places.iter().filter_map(|place| Some((*place, picture.square_around(&place.rect, MARGIN).ok()?)));
        let (places, crops): (Vec<Place>, Vec<Picture>) = cut.unzip();
        if crops.is_empty() {
            return Ok(Vec::new());
        }
        let vectors = self.engine.embed(&crops, stop)?;
        // A picture is no example for itself, nor for its copies: what is found is kept by content.
        let others =
            self.examples.iter().filter(|one| one.from.as_ref().is_none_or(|(_, hash)| **hash != *about.content_hash));
        let mut examples: Vec<Example> = others.cloned().collect();
        if self.wish.same_image {
            examples.extend(self.of_image(&places, &vectors));
        }
        let found = places.iter().zip(&vectors).filter_map(|(place, vector)| self.alike(place, vector, &examples));
        Ok(found.collect())
    }

    /// Where sources saw something, each place once, the surest first; then windows.
    fn places(&self, picture: &Picture, about: &About<'_>) -> Result<Vec<Place>, Error> {
        let mut all: Vec<Place> = Vec::new();
        for (pass, found) in about.before.iter().enumerate() {
            let classes = self.known.get(pass);
            all.extend(found.iter().flatten().map(|one| Place {
                rect: one.rect,
                score: one.score.unwrap_or(0.0),
                seen: Some((pass, classes.and_then(|of| of.get(one.label as usize).copied().flatten()))),
                window: one.window,
            }));
        }
        all.retain(|place| place.rect.w >= SMALLEST && place.rect.h >= SMALLEST);
        // Stable: of equals the one that came first.
        all.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut kept: Vec<Place> = Vec::new();
        for place in all {
            if kept.len() == MOST_PLACES {
                break;
            }
            if kept.iter().all(|other| iou(&other.rect, &place.rect) < ONE_PLACE) {
                kept.push(place);
            }
        }
        if self.wish.windows {
            for part in [2, 4] {
                let side = (picture.width.min(picture.height) / part).max(32);
                let cut = windows(picture.width, picture.height, &Slicing::square(side, 0.5))?;
                kept.extend(cut.into_iter().enumerate().map(|(number, window)| Place {
                    rect: PixelBox { x: window.x.into(), y: window.y.into(), w: window.w.into(), h: window.h.into() },
                    score: 0.0,
                    seen: None,
                    window: u32::try_from(number).ok(),
                }));
            }
        }
        Ok(kept)
    }

    /// Examples of this image: what sources are sure of.
    fn of_image(&self, places: &[Place], vectors: &[Vec<f32>]) -> Vec<Example> {
        let mut by_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, place) in places.iter().enumerate() {
            if let Some((_, Some(label))) = place.seen {
                by_class.entry(label).or_default().push(at);
            }
        }
        let mut examples = Vec::new();
        for (label, at) in by_class {
            let offers: Vec<Offer<'_>> = at
                .iter()
                .map(|at| Offer {
                    rect: places[*at].rect,
                    score: places[*at].score.into(),
                    source: places[*at].seen.map_or("", |(pass, _)| &self.sources[pass]),
                })
                .collect();
            let chosen: BTreeSet<usize> =
                choose(&offers, &self.wish, self.seed, &self.names[label]).into_iter().collect();
            examples.extend(chosen.into_iter().map(|place| Example {
                label,
                vector: Arc::new(vectors[at[place]].clone()),
                from: None,
                here: Some(places[at[place]].rect),
            }));
        }
        examples
    }

    /// What a place looks most like, when it looks enough like it.
    fn alike(&self, place: &Place, vector: &[f32], examples: &[Example]) -> Option<Found> {
        let others = examples.iter().filter(|one| one.here.is_none_or(|here| iou(&here, &place.rect) < ONE_PLACE));
        let compared = others.map(|one| (one, dot(&one.vector, vector)));
        // The first of equals.
        let (best, cosine) = compared.reduce(|a, b| if b.1 > a.1 { b } else { a })?;
        (cosine >= self.wish.score).then_some(Found {
            rect: place.rect,
            label: best.label as u32,
            score: Some(cosine.min(1.0)),
            window: place.window,
            exemplar: best.from.as_ref().map(|(box_id, _)| *box_id),
        })
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
