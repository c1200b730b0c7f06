//! Training, validation and test rows: by image, so that no picture is on two sides, and reproducible.
//!
//! Images stand in the order of a hash of their number and the seed, so a later split of a grown dataset keeps most
//! images where they were. When a class would be missing on a side, images are dealt out class by class, the rarest
//! first, and still whole. Augmented rows train, and never validate or test.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tator_domain::ImageId;

use crate::chance::hash;

/// What the split must know of a row.
#[derive(Clone, Copy, Debug)]
pub struct SplitRow {
    /// The image that the box lies on.
    pub image: ImageId,
    /// Its class, an index into the head's classes.
    pub class: usize,
    /// Whether it is a changed copy of another row.
    pub augmented: bool,
}

/// How much is held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// Share of the images that stop the training in time and set the temperature.
    pub validation: f64,
    /// Share of the images that are looked at once, at the end.
    pub test: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self { validation: 0.1, test: 0.2 }
    }
}

/// Rows of each part, by index, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// What is fitted on.
    pub train: Vec<usize>,
    /// What training is watched with.
    pub validation: Vec<usize>,
    /// What the result is reported on.
    pub test: Vec<usize>,
    /// Augmented copies of held-out rows, used nowhere.
    pub dropped: usize,
    /// Whether images had to be dealt out class by class.
    pub stratified: bool,
    /// Classes that have too few images to be tested.
    pub untested: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Train,
    Validation,
    Test,
}

/// Images with their classes, in the order of chance.
struct Deal {
    images: Vec<(ImageId, Vec<usize>)>,
    sides: Vec<Side>,
    /// The images of each class.
    having: Vec<Vec<usize>>,
    /// How many images each class has on each side.
    on: [Vec<usize>; 3],
}

/// Splits rows by image.
pub fn split_by_image(rows: &[SplitRow], shares: Shares, seed: u64) -> Parts {
    let mut deal = Deal::new(rows, seed);
    deal.plainly(shares);
    let stratified = !deal.is_fair(shares);
    if stratified {
        deal.by_class(shares);
    }
    deal.parts(rows, stratified)
}

impl Deal {
    fn new(rows: &[SplitRow], seed: u64) -> Self {
        let mut classes_of: BTreeMap<ImageId, Vec<usize>> = BTreeMap::new();
        for row in rows {
            let classes = classes_of.entry(row.image).or_default();
            if !row.augmented && !classes.contains(&row.class) {
                classes.push(row.class);
            }
        }
        let mut images: Vec<_> = classes_of.into_iter().collect();
        images.sort_by_key(|(image, _)| (hash(seed, *image as u64), *image));
        let classes = rows.iter().map(|row| row.class + 1).max().unwrap_or(0);
        let mut having: Vec<Vec<usize>> = vec![Vec::new(); classes];
        for (image, (_, classes)) in images.iter().enumerate() {
            classes.iter().for_each(|class| having[*class].push(image));
        }
        let on = [having.iter().map(Vec::len).collect(), vec![0; classes], vec![0; classes]];
        Self { sides: vec![Side::Train; images.len()], images, having, on }
    }

    fn put(&mut self, image: usize, side: Side) {
        for class in &self.images[image].1 {
            self.on[self.sides[image] as usize][*class] -= 1;
            self.on[side as usize][*class] += 1;
        }
        self.sides[image] = side;
    }

    fn wanted(share: f64, count: usize) -> usize {
        if share > 0.0 { ((share * count as f64).round() as usize).clamp(1, count.max(1)) } else { 0 }
    }

    fn plainly(&mut self, shares: Shares) {
        let count = self.images.len();
        let test = Self::wanted(shares.test, count).min(count);
        let validation = Self::wanted(shares.validation, count).min(count - test);
        (0..test).for_each(|image| self.put(image, Side::Test));
        (test..test + validation).for_each(|image| self.put(image, Side::Validation));
    }

    fn on(&self, side: Side, class: usize) -> usize {
        self.on[side as usize][class]
    }

    /// Whether each class with enough images is on every side.
    fn is_fair(&self, shares: Shares) -> bool {
        (0..self.having.len()).all(|class| {
            let images = self.having[class].len();
            let there = |side, share, least| share <= 0.0 || images < least || self.on(side, class) > 0;
            (images == 0 || self.on(Side::Train, class) > 0)
                && there(Side::Test, shares.test, 2)
                && there(Side::Validation, shares.validation, 3)
        })
    }

    fn by_class(&mut self, shares: Shares) {
        (0..self.images.len()).for_each(|image| self.put(image, Side::Train));
        let mut order: Vec<usize> = (0..self.having.len()).collect();
        order.sort_by_key(|class| (self.having[*class].len(), *class));
        for (side, share) in [(Side::Test, shares.test), (Side::Validation, shares.validation)] {
            for class in &order {
                let images = self.having[*class].clone();
                self.move_until(side, &images, Self::wanted(share, images.len()));
            }
            let all: Vec<usize> = (0..self.images.len()).collect();
            self.move_until(side, &all, Self::wanted(share, all.len()));
        }
    }

    /// Moves images out of the training part until so many of these are on that side.
    fn move_until(&mut self, side: Side, images: &[usize], wanted: usize) {
        let mut there = images.iter().filter(|image| self.sides[**image] == side).count();
        for &image in images {
            if there >= wanted {
                return;
            }
            if self.sides[image] == Side::Train && self.may_leave(image) {
                self.put(image, side);
                there += 1;
            }
        }
    }

    /// Whether each class of the image has another image to train on.
    fn may_leave(&self, image: usize) -> bool {
        self.images[image].1.iter().all(|class| self.on(Side::Train, *class) > 1)
    }

    fn parts(&self, rows: &[SplitRow], stratified: bool) -> Parts {
        let side: BTreeMap<ImageId, Side> =
            self.images.iter().zip(&self.sides).map(|((image, _), side)| (*image, *side)).collect();
        let mut parts = Parts { stratified, ..Parts::default() };
        for (at, row) in rows.iter().enumerate() {
            match (side[&row.image], row.augmented) {
                (Side::Train, _) => parts.train.push(at),
                (_, true) => parts.dropped += 1,
                (Side::Validation, false) => parts.validation.push(at),
                (Side::Test, false) => parts.test.push(at),
            }
        }
        let untested = |class: &usize| !self.having[*class].is_empty() && self.on(Side::Test, *class) == 0;
        parts.untested = (0..self.having.len()).filter(untested).collect();
        parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(image: ImageId, class: usize) -> SplitRow {
        SplitRow { image, class, augmented: false }
    }

    #[test]
    fn a_rare_class_is_on_both_sides() {
        let mut rows: Vec<SplitRow> = (0..100).map(|image| row(image, 0)).collect();
        rows.extend([row(100, 1), row(101, 1), row(102, 1)]);
        for seed in 0..20 {
            let parts = split_by_image(&rows, Shares::default(), seed);
            let has = |part: &[usize]| part.iter().any(|at| rows[*at].class == 1);
            assert!(has(&parts.train) && has(&parts.test) && has(&parts.validation), "seed {seed}");
            assert!((15..=25).contains(&parts.test.len()), "{}", parts.test.len());
            assert_eq!(parts.untested, Vec::<usize>::new());
        }
    }

    #[test]
    fn a_class_of_one_image_is_trained_and_named() {
        let mut rows: Vec<SplitRow> = (0..20).map(|image| row(image, 0)).collect();
        rows.push(row(50, 1));
        for seed in 0..20 {
            let parts = split_by_image(&rows, Shares::default(), seed);
            assert!(parts.train.contains(&20) && parts.untested == [1], "seed {seed}: {parts:?}");
        }
    }

    proptest! {
        #[test]
        fn no_image_is_on_two_sides_and_no_copy_is_tested(
            given in proptest::collection::vec((0i64..30, 0usize..5, any::<bool>()), 1..200),
            seed in any::<u64>(),
        ) {
            let rows: Vec<SplitRow> =
                given.iter().map(|&(image, class, augmented)| SplitRow { image, class, augmented }).collect();
            let parts = split_by_image(&rows, Shares::default(), seed);
            prop_assert_eq!(&parts, &split_by_image(&rows, Shares::default(), seed));
            let images = |part: &[usize]| -> std::collections::BTreeSet<i64> { part.iter().map(|at| rows[*at].image).collect() };
            let (train, validation, test) = (images(&parts.train), images(&parts.validation), images(&parts.test));
            prop_assert!(train.is_disjoint(&test) && train.is_disjoint(&validation) && test.is_disjoint(&validation));
            prop_assert!(parts.test.iter().chain(&parts.validation).all(|at| !rows[*at].augmented));
            let all = parts.train.len() + parts.validation.len() + parts.test.len() + parts.dropped;
            prop_assert_eq!(all, rows.len());
        }
    }
}
