//! What objects of a class usually look like: how large, how long, how frequent. Fitted on training images alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, PixelBox};

use super::pool::{ImageSize, Pool};

/// The columns that priors add, in order.
pub const PRIOR_COLUMNS: [&str; 5] = ["z_ln_area", "z_ln_aspect", "tail_ln_area", "tail_ln_aspect", "class_share"];

/// A class is drawn to all classes as if this many objects of theirs were its own.
const STRENGTH: f64 = 8.0;
/// Deviations up to which a size is usual.
const USUAL: f64 = 2.0;

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, never 0.
    pub deviation: f64,
}

/// The usual shape of a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassShape {
    /// Objects it was fitted on.
    pub n: usize,
    /// Logarithm of the share of the image.
    pub ln_area: Spread,
    /// Logarithm of width over height.
    pub ln_aspect: Spread,
}

/// The usual shapes of all classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Priors {
    /// Images they were fitted on.
    pub images: usize,
    /// All classes together; a class that was never seen looks like this.
    pub all: ClassShape,
    /// Each class.
    pub classes: BTreeMap<ClassId, ClassShape>,
}

/// Logarithms of a box's share of its image and of its sides.
fn shape_of(rect: &PixelBox, size: &ImageSize) -> (f64, f64) {
    let (w, h) = (rect.w.max(1.0), rect.h.max(1.0));
    ((w * h / (size.width * size.height).max(1.0)).ln(), (w / h).ln())
}

fn spread(values: impl Iterator<Item = f64> + Clone, towards: Option<Spread>) -> Spread {
    let strength = if towards.is_some() { STRENGTH } else { 0.0 };
    let (own, n) = values.clone().fold((0.0, strength), |(sum, n), value| (sum + value, n + 1.0));
    let (drawn, wide) = towards.map_or((0.0, 1.0), |all| (all.mean, all.deviation));
    if n == 0.0 {
        return Spread { mean: 0.0, deviation: 1.0 };
    }
    let mean = (own + strength * drawn) / n;
    let squares = values.map(|value| (value - mean).powi(2)).sum::<f64>() + strength * wide.powi(2);
    Spread { mean, deviation: (squares / n).sqrt().max(1e-3) }
}

impl Priors {
    /// Fits them to the truths of the marked images; crowds say nothing.
    pub(super) fn fit(pool: &Pool<'_>, marked: &[bool]) -> Self {
        let truths = pool.truths.iter().zip(&pool.truth_at).filter(|(truth, at)| marked[**at] && !truth.crowd);
        let mut shapes: BTreeMap<ClassId, Vec<(f64, f64)>> = BTreeMap::new();
        for (truth, at) in truths {
            shapes.entry(truth.class).or_default().push(shape_of(&truth.shape, &pool.images[*at]));
        }
        // Summed in an order that does not depend on that of the rows.
        shapes.values_mut().for_each(|of| of.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))));
        let every: Vec<(f64, f64)> = shapes.values().flatten().copied().collect();
        let fitted = |of: &[(f64, f64)], towards: Option<ClassShape>| ClassShape {
            n: of.len(),
            ln_area: spread(of.iter().map(|shape| shape.0), towards.map(|all| all.ln_area)),
            ln_aspect: spread(of.iter().map(|shape| shape.1), towards.map(|all| all.ln_aspect)),
        };
        let all = fitted(&every, None);
        let classes = shapes.iter().map(|(class, of)| (*class, fitted(of, Some(all)))).collect();
        Self { images: marked.iter().filter(|is| **is).count(), all, classes }
    }

    /// How unusual boxes are: the columns of [`PRIOR_COLUMNS`], a value each box.
    #[must_use]
    pub fn columns<'b>(&self, boxes: impl Iterator<Item = (ClassId, &'b PixelBox, &'b ImageSize)>) -> Vec<Vec<f32>> {
        let mut columns = vec![Vec::new(); PRIOR_COLUMNS.len()];
        for (class, rect, size) in boxes {
            let (area, aspect) = shape_of(rect, size);
            let usual = self.classes.get(&class).unwrap_or(&self.all);
            let away = |value: f64, spread: &Spread| (value - spread.mean).abs() / spread.deviation;
            let (area, aspect) = (away(area, &usual.ln_area), away(aspect, &usual.ln_aspect));
            let n = self.classes.get(&class).map_or(0, |shape| shape.n);
            let share = n as f64 / self.images.max(1) as f64;
            let row = [area, aspect, (area - USUAL).max(0.0), (aspect - USUAL).max(0.0), share];
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value as f32));
        }
        columns
    }

    /// The same for every candidate of a pool.
    pub(super) fn columns_of(&self, pool: &Pool<'_>) -> Vec<Vec<f32>> {
        let rows = pool.candidates.iter().zip(&pool.image_at);
        self.columns(rows.map(|(one, at)| (one.class, &one.shape, &pool.images[*at])))
    }
}
