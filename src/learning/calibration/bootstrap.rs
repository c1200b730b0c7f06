//! Intervals by the bootstrap (Efron 1979), drawing whole images: boxes of one image stand and fall together.

use std::ops::Add;

use rayon::prelude::*;

use super::percentile::percentile;

/// How often is drawn, and with what luck.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// Draws; a thousand give two digits.
    pub n: usize,
    /// The same seed gives the same interval.
    pub seed: u64,
    /// Share of the draws within the interval, such as 0.95.
    pub level: f64,
}

/// A figure and where it would lie with other images of the same kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The figure on all images.
    pub value: f64,
    /// Lower end, a percentile of the draws.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The interval of a figure that is computed from sums over images, such as F1 from [`crate::coco_evaluation::Counts`].
///
/// `per_image` has an entry for every image, also for those without truths and candidates. Draws on which the figure is not
/// defined are left out; `None` when it is not defined on all images.
pub fn bootstrap<T>(
    per_image: &[T],
    resampling: &Resampling,
    figure: impl Fn(&T) -> Option<f64> + Sync,
) -> Option<Interval>
where
    T: Copy + Default + Add<Output = T> + Send + Sync,
{
    let total = |rows: &mut dyn Iterator<Item = usize>| rows.fold(T::default(), |sum, row| sum + per_image[row]);
    interval(per_image.len(), resampling, |rows| figure(&total(rows)))
}

/// The interval of the difference of a figure between two ways of working on the same images (`a` − `b`).
///
/// Both see the same draws, which takes out what makes images hard for both. `None` also when the lengths differ.
pub fn bootstrap_difference<T>(
    a: &[T],
    b: &[T],
    resampling: &Resampling,
    figure: impl Fn(&T) -> Option<f64> + Sync,
) -> Option<Interval>
where
    T: Copy + Default + Add<Output = T> + Send + Sync,
{
    let total = |rows: &mut dyn Iterator<Item = usize>| {
        rows.fold((T::default(), T::default()), |sum, row| (sum.0 + a[row], sum.1 + b[row]))
    };
    let difference = |rows: &mut dyn Iterator<Item = usize>| {
        let (a, b) = total(rows);
        Some(figure(&a)? - figure(&b)?)
    };
    if a.len() == b.len() { interval(a.len(), resampling, difference) } else { None }
}

fn interval(
    n_images: usize,
    resampling: &Resampling,
    figure: impl Fn(&mut dyn Iterator<Item = usize>) -> Option<f64> + Sync,
) -> Option<Interval> {
    let value = figure(&mut (0..n_images))?;
    let draw = |number: usize| {
        let mut state = mixed(resampling.seed ^ mixed(number as u64 + 1));
        figure(&mut (0..n_images).map(|_| below(&mut state, n_images)))
    };
    let mut drawn: Vec<f64> = (0..resampling.n).into_par_iter().filter_map(draw).collect();
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - resampling.level.clamp(0.0, 1.0)) / 2.0;
    let (low, high) = (percentile(&drawn, tail), percentile(&drawn, 1.0 - tail));
    Some(Interval { value, low: low.unwrap_or(value), high: high.unwrap_or(value) })
}

/// The next number below `n` of the sequence (`SplitMix64`; Steele, Lea and Flood 2014).
fn below(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    ((u128::from(mixed(*state)) * n as u128) >> 64) as usize
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
