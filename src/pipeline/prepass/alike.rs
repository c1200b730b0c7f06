//! The look for look-alikes: which places of a picture are compared, with which examples, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tator_domain::{BoxId, PixelBox, iou};
use tator_vision::{Embedder, Picture, Stop};

use super::examples::{Offer, choose};
use super::looks::{About, Found, Look};
use super::recipe::SimilarityRecipe;
use super::similar_windows::{neighbours, thinned, windows_like};
use crate::error::Error;

/// Places of an image that are compared, the surest.
const MOST_PLACES: usize = 64;
/// Places that overlap this much are one.
pub(super) const ONE_PLACE: f64 = 0.85;
/// A side under this many pixels shows too little.
pub(super) const SMALLEST: f64 = 6.0;
/// Margin around a place, as for the classes of the labeller.
pub(super) const MARGIN: f64 = 0.15;
/// How often a window that looks alike is moved to where it looks more alike.
const MOVES: usize = 3;

/// An example of a class.
#[derive(Clone)]
pub(super) struct Example {
    pub label: usize,
    pub vector: Arc<Vec<f32>>,
    /// Its sides in pixels.
    pub size: [f64; 2],
    /// The box and the content of its picture, where it is one of the dataset.
    pub from: Option<(BoxId, Arc<str>)>,
    /// Where on this image, where it is one of it.
    pub here: Option<PixelBox>,
}

pub(super) struct Alike {
    pub engine: Arc<dyn Embedder>,
    pub wish: SimilarityRecipe,
    pub seed: u64,
    pub names: Vec<String>,
    /// For each pass before and each of its labels the place of its class.
    pub known: Vec<Vec<Option<usize>>>,
    pub sources: Vec<Arc<str>>,
    pub examples: Vec<Example>,
    /// What labelled images look like beside all boxes, with the content of each.
    pub background: Vec<(Arc<str>, Vec<f32>)>,
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
        let (places, vectors) = self.vectors(picture, self.places(about), stop)?;
        // A picture is no example for itself, nor for its copies: what is found is kept by content.
        let others =
            self.examples.iter().filter(|one| one.from.as_ref().is_none_or(|(_, hash)| **hash != *about.content_hash));
        let mut examples: Vec<Example> = others.cloned().collect();
        if self.wish.same_image {
            examples.extend(self.of_image(&places, &vectors));
        }
        let compared = places.iter().zip(&vectors);
        let mut found: Vec<Found> =
            compared.filter_map(|(place, vector)| self.alike(place, vector, &examples)).collect();
        if self.wish.windows && !examples.is_empty() {
            // Where an image has no box is its truth, too: it says nothing about itself.
            let elsewhere = self.background.iter().filter(|(hash, _)| **hash != *about.content_hash);
            let nothing: Vec<&[f32]> = elsewhere.map(|(_, vector)| vector.as_slice()).collect();
            found.extend(self.in_windows(picture, &found, (&examples, &nothing), stop)?);
        }
        Ok(found)
    }

    /// What looks alike in windows of the examples' size, and more like them than like background: each thing once, where no
    /// source saw it, the window moved to where it looks most alike.
    fn in_windows(
        &self,
        picture: &Picture,
        there: &[Found],
        (examples, nothing): (&[Example], &[&[f32]]),
        stop: &Stop,
    ) -> Result<Vec<Found>, Error> {
        let sizes = examples.iter().map(|one| (one.label, one.size));
        let window = |(number, rect): (usize, PixelBox)| Place {
            rect,
            score: 0.0,
            seen: None,
            window: u32::try_from(number).ok(),
        };
        let cut = windows_like(sizes, (picture.width, picture.height)).into_iter().enumerate().map(window);
        let compare = |places: Vec<Place>| -> Result<Vec<Found>, Error> {
            let (places, vectors) = self.vectors(picture, places, stop)?;
            let found = places.iter().zip(&vectors).filter_map(|(place, vector)| {
                let found = self.alike(place, vector, examples)?;
                let empty = nothing.iter().map(|nothing| dot(nothing, vector)).fold(f32::NEG_INFINITY, f32::max);
                (found.score > Some(empty)).then_some(found)
            });
            Ok(found.collect())
        };
        let mut kept = thinned(compare(cut.collect())?, there);
        for round in 0..MOVES {
            let around = kept.iter().flat_map(|one| {
                let moved = neighbours(&one.rect, round, (picture.width, picture.height));
                moved.into_iter().map(|rect| Place { rect, score: 0.0, seen: None, window: one.window })
            });
            let better = compare(around.collect())?;
            // A window goes over to the best of its neighbours that is the same class.
            for one in &mut kept {
                let (window, label) = (one.window, one.label);
                for near in better.iter().filter(|near| near.window == window && near.label == label) {
                    if near.score > one.score {
                        *one = *near;
                    }
                }
            }
            kept = thinned(kept, there);
        }
        Ok(kept)
    }

    /// Vectors of places that can be cut out.
    fn vectors(
        &self,
        picture: &Picture,
        places: Vec<Place>,
        stop: &Stop,
    ) -> Result<(Vec<Place>, Vec<Vec<f32>>), Error> {
        let cut =
            places.into_iter().filter_map(|place| Some((place, picture.square_around(&place.rect, MARGIN).ok()?)));
        let (places, crops): (Vec<Place>, Vec<Picture>) = cut.unzip();
        let vectors = if crops.is_empty() { Vec::new() } else { self.engine.embed(&crops, stop)? };
        Ok((places, vectors))
    }

    /// Where sources saw something, each place once, the surest first.
    fn places(&self, about: &About<'_>) -> Vec<Place> {
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
        kept
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
                size: [places[at[place]].rect.w, places[at[place]].rect.h],
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
