//! The search behind everything that looks for neighbours: exact, or through an index where exact is too slow.
//!
//! An index is built in the background when a large matrix is searched the first time; until it is there, and when it
//! would not find enough, the search is exact. It is of one matrix as it was: another one gets another index.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::Serialize;
use tator_domain::ImageId;
use tator_learning::Matrix;
use tator_learning::near::{Gallery, Ivf, IvfOptions};
use tator_store::{NearestSearch, Vectors};

/// Numbers of a matrix up to which looking at all of them is quick enough: 125,000 vectors of 512.
const EXACT_UP_TO: usize = 64_000_000;
/// Neighbours up to which an index was measured well enough; more are looked for exactly.
const MOST_BY_INDEX: usize = 1_000;

/// How neighbours were found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Method {
    /// `exact` or `index`.
    pub name: &'static str,
    /// Share of the ten nearest that the index finds, as it was measured when it was built; 1 where the search is exact.
    pub recall: f32,
    /// An index is being built: the next searches will be quicker.
    pub building: bool,
}

const EXACT: Method = Method { name: "exact", recall: 1.0, building: false };

/// Rows with their cosines, and how they were found.
pub(crate) type Found = (Vec<(usize, f32)>, Method);

/// Searches, and the indexes of large matrices.
#[derive(Default)]
pub(crate) struct Search {
    shared: Arc<Indexes>,
}

#[derive(Default)]
struct Indexes {
    /// For each matrix its index; `None` while it is built, or when it would be of no use.
    built: Mutex<Vec<Place>>,
    closing: AtomicBool,
}

struct Place {
    vectors: Weak<Vectors>,
    index: Option<Arc<Ivf>>,
    building: bool,
}

impl Drop for Search {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
    }
}

impl Indexes {
    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn build(&self, vectors: &Arc<Vectors>) {
        let heard = |_, _| !self.closing.load(Ordering::Relaxed);
        let begun = std::time::Instant::now();
        let built = Matrix::known(&vectors.data, vectors.dims)
            .and_then(|matrix| Ivf::build(matrix, &IvfOptions::default(), &heard));
        let index = match built {
            Ok(index) => {
                let (probes, centres) = index.probes();
                let (rows, recall, seconds) = (vectors.count(), index.recall(), begun.elapsed().as_secs_f64());
                tracing::info!(rows, probes, centres, recall, seconds, bytes = index.bytes(), "an index was built");
                // One that looks at most of the rows is slower than looking at all of them in order.
                (probes * 3 < centres).then(|| Arc::new(index))
            }
            Err(error) => {
                tracing::info!(%error, "no index was built");
                None
            }
        };
        let weak = Arc::downgrade(vectors);
        if let Some(place) = self.lock().iter_mut().find(|place| place.vectors.ptr_eq(&weak)) {
            (place.index, place.building) = (index, false);
        }
    }
}

impl Search {
    /// The rows of these images most like a vector; the images are in order.
    pub fn nearest_among(
        vectors: &Vectors,
        query: &[f32],
        k: usize,
        images: &[ImageId],
    ) -> Result<Found, tator_learning::Error> {
        let gallery = Gallery::unit(Matrix::known(&vectors.data, vectors.dims)?);
        // Rows go by image too: a mark for each is made in one walk along both.
        let mut wanted = images.iter().peekable();
        let marks: Vec<bool> = vectors
            .image_ids
            .iter()
            .map(|id| {
                while wanted.next_if(|next| *next < id).is_some() {}
                wanted.peek().is_some_and(|next| *next == id)
            })
            .collect();
        let found = gallery.top_k_among(query, k, |row| marks[row])?;
        Ok((found.into_iter().map(|n| (n.row, n.score)).collect(), EXACT))
    }

    /// The rows most like a vector.
    pub fn nearest(&self, vectors: &Arc<Vectors>, query: &[f32], k: usize) -> Result<Found, tator_learning::Error> {
        let matrix = Matrix::known(&vectors.data, vectors.dims)?;
        let (index, building) = self.index_of(vectors);
        let (found, method) = match index {
            Some(index) if k <= MOST_BY_INDEX => {
                let method = Method { name: "index", recall: index.recall(), building: false };
                (index.top_k(matrix, query, k)?, method)
            }
            _ => (Gallery::unit(matrix).top_k(query, k)?, Method { building, ..EXACT }),
        };
        Ok((found.into_iter().map(|n| (n.row, n.score)).collect(), method))
    }

    /// The index of a matrix, if there is one; a large matrix that has none gets one.
    fn index_of(&self, vectors: &Arc<Vectors>) -> (Option<Arc<Ivf>>, bool) {
        if vectors.data.len() <= EXACT_UP_TO {
            return (None, false);
        }
        let weak = Arc::downgrade(vectors);
        let mut places = self.shared.lock();
        places.retain(|place| place.vectors.strong_count() > 0);
        if let Some(place) = places.iter().find(|place| place.vectors.ptr_eq(&weak)) {
            return (place.index.clone(), place.building);
        }
        // One at a time: it takes all cores.
        if !places.iter().any(|place| place.building) {
            places.push(Place { vectors: weak, index: None, building: true });
            let (shared, vectors) = (Arc::clone(&self.shared), Arc::clone(vectors));
            std::thread::spawn(move || shared.build(&vectors));
        }
        (None, true)
    }
}

impl NearestSearch for Search {
    fn nearest(&self, vectors: &Arc<Vectors>, query: &[f32], k: usize) -> Result<Vec<(usize, f32)>, String> {
        Self::nearest(self, vectors, query, k).map(|(found, _)| found).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_matrices_are_searched_exactly() {
        let vectors = Arc::new(Vectors {
            encoder: "e".into(),
            fingerprint: String::new(),
            of: tator_store::EmbeddingOf::Images,
            recipe: "whole".into(),
            dims: 2,
            image_ids: vec![1, 2, 3],
            box_ids: Vec::new(),
            keys: vec![0; 3],
            data: vec![1.0, 0.0, 0.0, 1.0, 0.6, 0.8],
        });
        let search = Search::default();
        let (found, method) = search.nearest(&vectors, &[0.0, 2.0], 2).expect("they fit");
        assert_eq!((found[0].0, found[1].0, method), (1, 2, EXACT));
        assert!((found[1].1 - 0.8).abs() < 1e-6);
        assert!(search.nearest(&vectors, &[1.0], 2).is_err());
        let (found, _) = Search::nearest_among(&vectors, &[0.0, 2.0], 2, &[1, 3, 7]).expect("they fit");
        assert_eq!(found.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2, 0]);
    }
}
