//! The choice itself. In go marks and numbers, out come rows: the same for live images and for replayed ones.

use std::collections::HashMap;

use tator_domain::ClassId;
use tator_learning::select::{
    DensityOptions, KMeansOptions, Pool, balanced_picks, density_picks, k_centre_picks, k_means_picks, most_uncertain,
    random_picks,
};
use tator_learning::{Matrix, Watch};

use super::Strategy;
use super::doubt::Doubts;
use crate::error::Error;
use crate::heads::refused;

/// What is known of the images that are chosen from; all in the same order.
pub(crate) struct Frame<'a> {
    /// Their vectors.
    pub vectors: Option<Matrix<'a>>,
    /// Which are labelled, or chosen already.
    pub taken: &'a [bool],
    /// How unsure a model is of each.
    pub doubts: Option<&'a Doubts>,
    /// How many labels each class has.
    pub labelled: &'a HashMap<ClassId, u64>,
}

/// Picks rows, the most telling first.
pub(crate) fn pick(
    strategy: Strategy,
    frame: &Frame<'_>,
    count: usize,
    seed: u64,
    watch: Watch<'_>,
) -> Result<Vec<usize>, Error> {
    let taken = frame.taken;
    let vectors =
        || frame.vectors.as_ref().ok_or_else(|| Error::invalid("strategy", "it looks at vectors, and there are none"));
    let doubts = || frame.doubts.ok_or_else(|| Error::invalid("strategy", "it looks at doubt, and nobody told any"));
    match strategy {
        Strategy::Random => Ok(random_picks(taken, count, seed)),
        Strategy::KCentre => {
            let pool = Pool::new(vectors()?, taken).map_err(refused)?;
            k_centre_picks(&pool, count, seed, watch).map_err(refused)
        }
        Strategy::KMeans => {
            let pool = Pool::new(vectors()?, taken).map_err(refused)?;
            let options = KMeansOptions { seed, ..KMeansOptions::default() };
            k_means_picks(&pool, count, &options, watch).map_err(refused)
        }
        Strategy::Uncertainty => Ok(most_uncertain(&doubts()?.scores, taken, count)),
        Strategy::Hybrid => {
            let pool = Pool::new(vectors()?, taken).map_err(refused)?;
            let even = vec![1.0; taken.len()];
            let scores = frame.doubts.map_or(even.as_slice(), |doubts| doubts.scores.as_slice());
            density_picks(&pool, scores, count, &DensityOptions::default(), watch).map_err(refused)
        }
        Strategy::Balance => Ok(balanced(doubts()?, frame, count)),
    }
}

/// Each image stands for the class with fewest labels that a model sees on it.
fn balanced(doubts: &Doubts, frame: &Frame<'_>, count: usize) -> Vec<usize> {
    let mut classes: Vec<ClassId> =
        doubts.classes.iter().flatten().copied().chain(frame.labelled.keys().copied()).collect();
    classes.sort_unstable();
    classes.dedup();
    let labels_of = |class: &ClassId| frame.labelled.get(class).copied().unwrap_or(0);
    let index = |class: ClassId| classes.partition_point(|other| *other < class);
    // Images on which nothing is seen form a queue of their own, behind all.
    let nothing = classes.len();
    let rarest = |seen: &Vec<ClassId>| {
        seen.iter().min_by_key(|class| (labels_of(class), **class)).map_or(nothing, |class| index(*class))
    };
    let predicted: Vec<usize> = doubts.classes.iter().map(rarest).collect();
    let mut labelled: Vec<usize> = classes.iter().map(|class| labels_of(class) as usize).collect();
    labelled.push(usize::MAX / 2);
    balanced_picks(&doubts.scores, &predicted, &labelled, frame.taken, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rare_class_on_an_image_decides_its_queue() {
        let doubts = Doubts {
            from: String::new(),
            scores: vec![0.9, 0.2, f32::NAN, 0.8],
            classes: vec![vec![1], vec![1, 7], vec![], vec![1]],
        };
        let labelled = HashMap::from([(1, 50), (7, 2)]);
        let taken = [false; 4];
        let frame = Frame { vectors: None, taken: &taken, doubts: Some(&doubts), labelled: &labelled };
        assert_eq!(pick(Strategy::Balance, &frame, 4, 1, &|_, _| true).unwrap(), [1, 0, 3, 2]);
        assert!(pick(Strategy::KCentre, &frame, 4, 1, &|_, _| true).is_err());
    }
}
