//! Look-alikes: places of an image that look like boxes of a class that are there already, on this image or anywhere in
//! the dataset, by the vectors of an image encoder.
//!
//! What is compared are the places where any source saw something, whatever it called it, and windows of the examples' size
//! where the recipe asks for them (`alike.rs`). An example never speaks for its own image: a labelled box that proposes itself would be truth sold as recall.

use std::collections::HashMap;
use std::sync::Arc;

use tator_domain::{BoxId, Class, ClassId, DatasetName, ImageId};
use tator_store::{EmbeddingOf, Reader};
use tator_vision::{Embedder, Stop, Task};

use super::alike::{Alike, Example, MARGIN, SMALLEST};
use super::classes::{How, Mapped};
use super::examples::{Offer, choose};
use super::looks::{Label, Pass, StageKind, key_of};
use super::recipe::{Recipe, SimilarityRecipe};
use crate::assist::Shared;
use crate::embed::Recipe as CropRecipe;
use crate::error::Error;
use crate::heads::places_beside;
use crate::models::Model;

/// Squares of an image, and in all, that show what is no object.
const BACKGROUND: (usize, usize) = (2, 64);
/// Labelled boxes of a class among which examples are chosen.
const POOL: u32 = 24;

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
    let background = if wish.windows { background(shared, d, recipe.seed, engine.as_ref())? } else { Vec::new() };
    let name = &model.manifest.name;
    let nothing = background.iter().map(|(hash, vector)| format!("{hash} {}", hashed(vector)));
    let ids: Vec<String> = examples.iter().map(named).chain(nothing).collect();
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
        key_of(&["similarity 3", &fingerprint, &wished, &recipe.seed.to_string(), &ids.join(","), &seen.join(",")]);
    let look = Alike {
        engine,
        wish: wish.clone(),
        seed: recipe.seed,
        names,
        known,
        sources: before.iter().map(|pass| Arc::clone(&pass.source_run)).collect(),
        examples,
        background,
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
    format!("{:?} {} {:?} {}", example.from, example.label, example.size, hashed(&example.vector))
}

fn hashed(vector: &[f32]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for value in vector {
        hasher.update(&value.to_le_bytes());
    }
    hasher.finalize()
}

/// What labelled images look like beside all their boxes. Without it every window looks like something.
fn background(
    shared: &Shared,
    d: &DatasetName,
    seed: u64,
    engine: &dyn Embedder,
) -> Result<Vec<(Arc<str>, Vec<f32>)>, Error> {
    let places = places_beside(shared.writer.reader(), d, BACKGROUND, seed)?;
    let mut found = Vec::new();
    for (image, hash, rects) in places.into_iter().filter(|(_, hash, _)| !hash.is_empty()) {
        let Ok(picture) = shared.decode(d, image) else { continue };
        let crops: Vec<_> = rects.iter().filter_map(|rect| picture.square_around(rect, 0.0).ok()).collect();
        let hash: Arc<str> = hash.into();
        found.extend(engine.embed(&crops, &Stop::default())?.into_iter().map(|vector| (Arc::clone(&hash), vector)));
    }
    Ok(found)
}

/// Vectors of the dataset's boxes by this encoder, where it was embedded, cut out as places are cut out here.
fn known_vectors(reader: &Reader, d: &DatasetName, model: &Model) -> HashMap<BoxId, Arc<Vec<f32>>> {
    let Ok(vectors) = reader.vectors(d, &model.manifest.name, EmbeddingOf::Boxes) else { return HashMap::new() };
    let cut = CropRecipe::USUAL;
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
    let rows = reader.image_rows(d, &tator_store::ImageFilter::default())?.into_iter();
    let contents: HashMap<ImageId, Arc<str>> = rows
        .filter(|image| !image.content_hash.is_empty())
        .map(|image| (image.image_id, Arc::from(image.content_hash)))
        .collect();
    // A picture whose content is not known could not be kept from speaking for itself.
    samples.retain(|sample| contents.contains_key(&sample.image_id));
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
    let content = |image: ImageId| contents.get(&image).cloned().unwrap_or_default();
    let mut examples = Vec::new();
    for of_one in chosen.chunk_by(|a, b| a.1.image_id == b.1.image_id) {
        if !known.is_empty() {
            examples.extend(of_one.iter().filter_map(|(label, sample)| {
                let vector = Arc::clone(known.get(&sample.box_id)?);
                let from = Some((sample.box_id, content(sample.image_id)));
                Some(Example { label: *label, vector, size: [sample.rect.w, sample.rect.h], from, here: None })
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
            size: [sample.rect.w, sample.rect.h],
            from: Some((sample.box_id, content(sample.image_id))),
            here: None,
        }));
    }
    Ok(examples)
}
