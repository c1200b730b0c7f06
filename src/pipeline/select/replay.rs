//! The replay itself: labelled images pretend to be unlabelled, until a strategy chooses them.

use std::collections::{BTreeSet, HashMap};

use tator_domain::{ClassId, ImageId};
use tator_learning::head::{Head, HeadClass, LogisticOptions, Metrics, Recipe, Samples, Scored, train};
use tator_learning::{Matrix, hash};

use super::curves::Stop;
use super::doubt::asked;
use super::simulate::SimulateOptions;
use super::{Frame, Strategy, pick};
use crate::error::Error;
use crate::heads::{Labelled, decided, refused};
use crate::jobs::Context;

/// For each strategy a walk per seed.
pub(super) type Walks = Vec<(Strategy, Vec<Vec<Stop>>)>;

/// The labelled images, with their boxes as rows.
pub(super) struct Replay {
    dims: usize,
    pub images: Vec<ImageId>,
    /// Of images, in their order.
    vectors: Vec<f32>,
    /// Rows of each image.
    pub rows: Vec<Vec<usize>>,
    /// Of all rows.
    boxes: Vec<f32>,
    labels: Vec<usize>,
    pub classes: Vec<ClassId>,
    pub held: Vec<bool>,
    c: f64,
}

impl Replay {
    /// # Errors
    /// [`Error::NoAnswer`] when the vectors of images and of boxes are of two models of one name.
    pub fn new(known: &Labelled, pictures: &tator_store::Vectors, options: &SimulateOptions) -> Result<Self, Error> {
        let (dims, boxes) = (pictures.dims, &known.vectors);
        if (dims, &pictures.fingerprint) != (boxes.dims, &boxes.fingerprint) {
            let message = format!(
                "the images were embedded by another model than the boxes ({dims} and {} numbers), both named {}",
                boxes.dims, boxes.encoder
            );
            let hint = "embed images and boxes again, then replay";
            return Err(Error::NoAnswer { code: "another_model", message, hint });
        }
        let classes: Vec<ClassId> =
            known.rows.iter().map(|row| row.class_id).collect::<BTreeSet<_>>().into_iter().collect();
        let labels = known.rows.iter().map(|row| classes.partition_point(|id| *id < row.class_id)).collect();
        let at: HashMap<ImageId, usize> = pictures.image_ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let (mut images, mut vectors, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut first = 0;
        for of_one in known.rows.chunk_by(|a, b| a.image_id == b.image_id) {
            if let Some(at) = at.get(&of_one[0].image_id) {
                images.push(of_one[0].image_id);
                vectors.extend_from_slice(pictures.row(*at));
                rows.push((first..first + of_one.len()).collect());
            }
            first += of_one.len();
        }
        // By hash, as every other split: a grown dataset keeps most images where they were.
        let mut order: Vec<usize> = (0..images.len()).collect();
        order.sort_by_key(|at| (hash(options.seed, images[*at].unsigned_abs()), images[*at]));
        let mut held = vec![false; images.len()];
        let count = (options.test * images.len() as f64).round() as usize;
        order.iter().take(count).for_each(|at| held[*at] = true);
        let boxes = known.gather(0..known.rows.len());
        Ok(Self { dims, images, vectors, rows, boxes, labels, classes, held, c: options.c })
    }

    pub fn walks(
        &self,
        context: &Context,
        options: &SimulateOptions,
        (start, step): (usize, usize),
    ) -> Result<Walks, Error> {
        let total = (options.strategies.len() * options.seeds * (options.rounds + 1)) as u64;
        let mut done = 0;
        let mut walks: Walks = options.strategies.iter().map(|strategy| (*strategy, Vec::new())).collect();
        for number in 0..options.seeds {
            let seed = options.seed.wrapping_add(number as u64 + 1);
            let taken = self.beginning(start, seed);
            let first = self.stop(&taken)?;
            for (strategy, own) in &mut walks {
                let mut walk = vec![first.1];
                let (mut taken, mut head) = (taken.clone(), first.0.clone());
                for round in 0..options.rounds {
                    done += 1;
                    context.progress(&format!("replaying {strategy}"), done, total)?;
                    for row in self.next(*strategy, &taken, head.as_ref(), step, seed.wrapping_add(1 + round as u64))? {
                        taken[row] = true;
                    }
                    let stop = self.stop(&taken)?;
                    head = stop.0;
                    walk.push(stop.1);
                }
                done += 1;
                own.push(walk);
            }
            context.log(&format!("seed {} of {} replayed", number + 1, options.seeds));
        }
        Ok(walks)
    }

    /// The images that a seed begins with; held-out ones count as taken everywhere.
    fn beginning(&self, start: usize, seed: u64) -> Vec<bool> {
        let mut taken = self.held.clone();
        tator_learning::select::random_picks(&taken, start, seed).into_iter().for_each(|row| taken[row] = true);
        taken
    }

    fn is_labelled(&self, taken: &[bool], image: usize) -> bool {
        taken[image] && !self.held[image]
    }

    fn next(
        &self,
        strategy: Strategy,
        taken: &[bool],
        head: Option<&Head>,
        step: usize,
        seed: u64,
    ) -> Result<Vec<usize>, Error> {
        // A held-out image must neither be chosen nor count as labelled, so only the others are looked at.
        let pool: Vec<usize> = (0..self.images.len()).filter(|image| !self.held[*image]).collect();
        let marks: Vec<bool> = pool.iter().map(|image| taken[*image]).collect();
        let vectors: Vec<f32> =
            pool.iter().flat_map(|image| &self.vectors[image * self.dims..][..self.dims]).copied().collect();
        let doubts = match head.filter(|_| strategy.needs_doubt() || strategy == Strategy::Hybrid) {
            None => None,
            Some(head) => {
                let rows = || pool.iter().flat_map(|image| self.rows[*image].iter().map(|row| (*image, *row)));
                let data: Vec<f32> = rows().flat_map(|(_, row)| self.row(row)).copied().collect();
                let seen = asked(head, &data, rows().map(|(image, _)| self.images[image]).collect())?;
                let ids: Vec<ImageId> = pool.iter().map(|image| self.images[*image]).collect();
                Some(seen.over(&ids, String::new()))
            }
        };
        let mut counts: HashMap<ClassId, u64> = HashMap::new();
        let labelled = (0..self.images.len()).filter(|image| self.is_labelled(taken, *image));
        labelled
            .flat_map(|image| &self.rows[image])
            .for_each(|row| *counts.entry(self.classes[self.labels[*row]]).or_default() += 1);
        let matrix = Matrix::new(&vectors, self.dims).map_err(refused)?;
        let frame = Frame { vectors: Some(matrix), taken: &marks, doubts: doubts.as_ref(), labelled: &counts };
        // Without a head there is no doubt yet: chance decides, as it would for a person.
        let strategy = if doubts.is_none() && strategy.needs_doubt() { Strategy::Random } else { strategy };
        Ok(pick(strategy, &frame, step, seed, &|_, _| true)?.into_iter().map(|at| pool[at]).collect())
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.boxes[row * self.dims..][..self.dims]
    }

    /// Trains on what is labelled and tests on what is held out; without two classes there is no head, only a guess.
    fn stop(&self, taken: &[bool]) -> Result<(Option<Head>, Stop), Error> {
        let of = |is: &dyn Fn(usize) -> bool| -> Vec<usize> {
            (0..self.images.len())
                .filter(|image| is(*image))
                .flat_map(|image| self.rows[image].iter().copied())
                .collect()
        };
        let known = of(&|image| self.is_labelled(taken, image));
        let test = of(&|image| self.held[image]);
        let labels: Vec<usize> = known.iter().map(|row| self.labels[*row]).collect();
        let truth: Vec<usize> = test.iter().map(|row| self.labels[*row]).collect();
        let head = self.fit(&known, &labels)?;
        let predicted = match &head {
            Some(head) => {
                let data: Vec<f32> = test.iter().flat_map(|row| self.row(*row)).copied().collect();
                decided(&head.predict_many(Matrix::new(&data, self.dims).map_err(refused)?).map_err(refused)?, head).0
            }
            None => vec![labels.first().copied().unwrap_or(0); test.len()],
        };
        let images = vec![0; truth.len()];
        let classes = self.classes.len();
        let scored = Scored {
            truth: &truth,
            predicted: &predicted,
            images: &images,
            classes,
            first_background: classes,
            draws: 0,
            seed: 0,
        };
        let metrics = Metrics::of(&scored).map_err(refused)?;
        let images = (0..self.images.len()).filter(|image| self.is_labelled(taken, *image)).count();
        Ok((head, Stop { images, boxes: known.len(), accuracy: metrics.accuracy, macro_f1: metrics.macro_f1 }))
    }

    fn fit(&self, known: &[usize], labels: &[usize]) -> Result<Option<Head>, Error> {
        if labels.iter().collect::<BTreeSet<_>>().len() < 2 {
            return Ok(None);
        }
        let data: Vec<f32> = known.iter().flat_map(|row| self.row(*row)).copied().collect();
        let samples = Samples { vectors: Matrix::new(&data, self.dims).map_err(refused)?, labels };
        let recipe = Recipe::Logistic(LogisticOptions { c: Some(self.c), ..LogisticOptions::default() });
        let classes: Vec<HeadClass> = self.classes.iter().map(|id| HeadClass::Class(*id)).collect();
        let trained = train(&recipe, "replay", &classes, &samples, None, &mut |_| true).map_err(refused)?;
        Ok(Some(trained.head))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tator_learning::Chance;
    use tator_store::{EmbeddingOf, Vectors};

    use super::*;

    fn replay() -> Replay {
        let (known, pictures) = clouds();
        Replay::new(&known, &pictures, &SimulateOptions::default()).unwrap()
    }

    /// Two clouds and a rare third, on images of two boxes each.
    fn clouds() -> (Labelled, Vectors) {
        let mut chance = Chance::new(3);
        let count = 60;
        let mut vectors = |of, boxes: usize| {
            let ids: Vec<i64> = (0..count as i64).flat_map(|id| vec![id + 1; boxes]).collect();
            let box_ids = if of == EmbeddingOf::Boxes { (1..=ids.len() as i64).collect() } else { vec![] };
            let data = (0..ids.len()).flat_map(|row| {
                let class = row / boxes % 3;
                [f32::from(class == 0), f32::from(class == 1)].map(|at| at + 0.05 * chance.normal() as f32)
            });
            Vectors {
                encoder: "e".into(),
                fingerprint: "f".into(),
                recipe: "whole".into(),
                keys: vec![0; ids.len()],
                of,
                dims: 2,
                data: data.collect(),
                image_ids: ids,
                box_ids,
            }
        };
        let boxes = vectors(EmbeddingOf::Boxes, 2);
        let row = |at: usize| crate::heads::Row {
            box_id: boxes.box_ids[at],
            image_id: boxes.image_ids[at],
            class_id: i32::try_from(at / 2 % 3).unwrap() + 1,
            at,
            rect: tator_domain::PixelBox { x: 0.0, y: 0.0, w: 1.0, h: 1.0 },
        };
        let rows = (0..2 * count).map(row).collect();
        let known = Labelled { rows, vectors: Arc::new(boxes), missing: 0 };
        let mut pictures = vectors(EmbeddingOf::Images, 1);
        pictures.box_ids.clear();
        (known, pictures)
    }

    #[test]
    fn vectors_of_two_models_of_one_name_are_refused() {
        let (known, pictures) = clouds();
        let (other, mut longer) = (Vectors { fingerprint: "g".into(), ..pictures.clone() }, pictures);
        longer.dims = 3;
        longer.data = vec![0.0; 3 * longer.image_ids.len()];
        for pictures in [other, longer] {
            let refused = Replay::new(&known, &pictures, &SimulateOptions::default()).err().unwrap().to_string();
            assert!(refused.contains("another model") && refused.contains("named e"), "{refused}");
        }
    }

    #[test]
    fn held_out_images_are_never_chosen_and_every_choice_is_new() {
        let replay = replay();
        assert_eq!(replay.held.iter().filter(|held| **held).count(), 18);
        for strategy in Strategy::ALL {
            let mut taken = replay.beginning(6, 1);
            let head = replay.stop(&taken).unwrap().0;
            let picks = replay.next(strategy, &taken, head.as_ref(), 5, 2).unwrap();
            assert_eq!(picks.len(), 5, "{strategy}");
            assert!(picks.iter().all(|row| !taken[*row] && !replay.held[*row]), "{strategy}");
            assert_eq!(picks, replay.next(strategy, &taken, head.as_ref(), 5, 2).unwrap(), "{strategy}");
            picks.into_iter().for_each(|row| taken[row] = true);
            let (_, stop) = replay.stop(&taken).unwrap();
            assert_eq!((stop.images, stop.boxes), (11, 22), "{strategy}");
        }
    }

    #[test]
    fn more_labels_do_better_and_one_class_is_a_guess() {
        let replay = replay();
        let all = replay.stop(&vec![true; replay.images.len()]).unwrap();
        assert!(all.1.accuracy > 0.95, "{:?}", all.1);
        let mut one = replay.held.clone();
        let first = (0..one.len()).find(|at| !one[*at]).unwrap();
        one[first] = true;
        let (head, stop) = replay.stop(&one).unwrap();
        assert!(head.is_none() && stop.accuracy < 0.6 && stop.boxes == 2, "{stop:?}");
    }
}
