//! Cells that say how far the four edges are, each as a distribution over whole strides (generalised focal loss, Li et
//! al. 2020): the layout of NanoDet and PicoDet.

use super::detecting::{Candidate, scored};
use crate::detector::DetectOptions;
use crate::letterbox::Lie;
use crate::model_error::ModelError;
use crate::network::Network;

/// Cells of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    pub(super) stride: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Level {
    /// Levels over a frame; what does not fill a cell has one as well.
    pub(super) fn all(strides: &[usize], width: u32, height: u32) -> Vec<Self> {
        let (width, height) = (width as usize, height as usize);
        let level =
            |stride: &usize| Self { stride: *stride, columns: width.div_ceil(*stride), rows: height.div_ceil(*stride) };
        strides.iter().map(level).collect()
    }

    pub(super) fn cells(&self) -> usize {
        self.columns * self.rows
    }
}

/// The cells of one level: a row of scores and a row of distributions each.
pub(super) struct Cells<'v> {
    pub(super) level: Level,
    /// Where a cell's middle is, in strides from its corner: 0, or ½.
    pub(super) middle: f32,
    /// Of all cells, before this level.
    pub(super) first: usize,
    pub(super) scores: Rows<'v>,
    pub(super) distances: Rows<'v>,
}

/// Part of each row of a table.
pub(super) struct Rows<'v> {
    pub(super) values: &'v [f32],
    pub(super) length: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<'v> Rows<'v> {
    /// Whole rows.
    pub(super) fn whole(values: &'v [f32], length: usize) -> Self {
        Self { values, length, from: 0, to: length }
    }

    fn row(&self, index: usize) -> &'v [f32] {
        &self.values[index * self.length + self.from..index * self.length + self.to]
    }
}

impl Cells<'_> {
    pub(super) fn read(&self, lie: &Lie, options: &DetectOptions, found: &mut Vec<Candidate>) {
        for cell in 0..self.level.cells() {
            scored(self.scores.row(cell), options, |class, score| {
                let rect = lie.corners(self.corners(cell));
                found.push(Candidate { rect, angle: None, class, score, place: self.first + cell });
            });
        }
    }

    fn corners(&self, cell: usize) -> [f32; 4] {
        let stride = self.level.stride as f32;
        let x = ((cell % self.level.columns) as f32 + self.middle) * stride;
        let y = ((cell / self.level.columns) as f32 + self.middle) * stride;
        let sides = self.distances.row(cell);
        let edge = |side: usize| stride * expectation(&sides[side * sides.len() / 4..(side + 1) * sides.len() / 4]);
        [x - edge(0), y - edge(1), x + edge(2), y + edge(3)]
    }
}

/// Mean of 0, 1, 2 … weighted by the softmax.
fn expectation(logits: &[f32]) -> f32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights = logits.iter().map(|logit| (logit - top).exp());
    let (sum, all) = weights.enumerate().fold((0.0, 0.0), |(sum, all), (k, w)| (sum + k as f32 * w, all + w));
    sum / all
}

/// Outputs of a file that has its scores and its distributions in tensors of their own, finest level first.
pub(super) struct Split {
    pub(super) scores: Vec<String>,
    pub(super) distances: Vec<String>,
    pub(super) levels: Vec<Level>,
    pub(super) classes: usize,
}

/// Recognises such a file by the lengths of its levels: each occurs twice, first with scores, then with distributions.
pub(super) fn split(network: &Network, width: u32, height: u32) -> Option<Split> {
    let strides: &[usize] = match network.outputs().len() {
        6 => &[8, 16, 32],
        8 => &[8, 16, 32, 64],
        _ => return None,
    };
    let levels = Level::all(strides, width, height);
    let (mut scores, mut distances, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    for level in &levels {
        let of_level = |port: &&crate::network::Port| port.shape.iter().rev().nth(1) == Some(&Some(level.cells()));
        let mut pair: Vec<_> = network.outputs().iter().filter(of_level).collect();
        // With as many classes as bins the order decides: scores come first.
        pair.sort_by_key(|port| port.name.contains("dis"));
        let [first, second] = pair[..] else { return None };
        let (Some(Some(classes)), Some(Some(bins))) = (first.shape.last(), second.shape.last()) else { return None };
        scores.push(first.name.clone());
        distances.push(second.name.clone());
        lengths.push((*classes, *bins));
    }
    let (classes, bins) = *lengths.first()?;
    let is_even = lengths.iter().all(|each| *each == (classes, bins));
    (is_even && bins % 4 == 0 && bins >= 8).then_some(Split { scores, distances, levels, classes })
}

impl Split {
    /// Names of the outputs: scores of all levels, then distributions.
    pub(super) fn outputs(&self) -> Vec<String> {
        self.scores.iter().chain(&self.distances).cloned().collect()
    }
}

/// Reads the outputs of [`Split::outputs`].
pub(super) fn read_split(
    answer: &[crate::tensor::Tensor],
    item: usize,
    levels: &[Level],
    lie: &Lie,
    options: &DetectOptions,
) -> Result<Vec<Candidate>, ModelError> {
    let (scores, distances) = answer.split_at(levels.len());
    let (mut found, mut first) = (Vec::new(), 0);
    for ((level, scores), distances) in levels.iter().zip(scores).zip(distances) {
        let (score_values, distance_values) = (scores.floats(), distances.floats());
        let of_item = |tensor: &crate::tensor::Tensor, values: &'_ [f32]| -> Result<(usize, usize), ModelError> {
            let length = tensor.shape.last().copied().unwrap_or(0);
            let size = length * level.cells();
            let fits = length > 0 && values.len() >= (item + 1) * size && values.len().is_multiple_of(size);
            if fits { Ok((item * size, length)) } else { Err(tensor.unfit("cells")) }
        };
        let (start, length) = of_item(scores, &score_values)?;
        let scores = Rows::whole(&score_values[start..start + length * level.cells()], length);
        let (start, length) = of_item(distances, &distance_values)?;
        let distances = Rows::whole(&distance_values[start..start + length * level.cells()], length);
        Cells { level: *level, middle: 0.5, first, scores, distances }.read(lie, options, &mut found);
        first += level.cells();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_means_its_mean() {
        assert!((expectation(&[0.0; 8]) - 3.5).abs() < 1e-6);
        assert!((expectation(&[-50.0, -50.0, 3.0, 3.0]) - 2.5).abs() < 1e-6);
    }

    #[test]
    fn a_frame_that_strides_do_not_fill_has_a_cell_more() {
        let levels = Level::all(&[8, 64], 416, 416);
        assert_eq!(levels.iter().map(Level::cells).collect::<Vec<_>>(), [2704, 49]);
    }
}
