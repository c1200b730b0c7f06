//! Small bars in pages: stacked shares and class balance, drawn as SVG with widths as attributes.

use tator_domain::{ClassId, ImageState};
use tator_store::ClassCount;

use crate::figures::percent;

/// One piece of a stacked bar, and its line in the legend.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Key for colour, icon and filter.
    pub key: &'static str,
    /// How many.
    pub n: u64,
    /// The share in words.
    pub share: String,
    /// Where it begins, in percent of the width.
    pub from: String,
    /// How wide it is, in percent.
    pub width: String,
}

impl Slice {
    /// The key as words: `in progress`.
    #[must_use]
    pub fn name(&self) -> String {
        self.key.replace('_', " ")
    }
}

/// The pieces of a whole, in the order given; pieces of nothing have no width.
#[must_use]
pub fn slices(parts: &[(&'static str, u64)]) -> Vec<Slice> {
    let whole: u64 = parts.iter().map(|(_, n)| n).sum();
    let mut before = 0;
    parts
        .iter()
        .map(|&(key, n)| {
            let from = share(before, whole);
            before += n;
            Slice {
                key,
                n,
                share: percent(n, whole),
                from: format!("{from:.2}%"),
                width: format!("{:.2}%", share(n, whole)),
            }
        })
        .collect()
}

/// Images by state, most finished first, so that bars fill from the left.
#[must_use]
pub fn state_slices(states: &[(ImageState, u64)]) -> Vec<Slice> {
    let count = |state| states.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n);
    let order = [
        ImageState::Reviewed,
        ImageState::Labelled,
        ImageState::InProgress,
        ImageState::Skipped,
        ImageState::Unlabelled,
    ];
    slices(&order.map(|state| (state.as_str(), count(state))))
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// A class with its bar, relative to the largest class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassBar {
    /// Number of the class.
    pub class_id: ClassId,
    /// What people call it.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
    /// Boxes of it.
    pub n_boxes: u64,
    /// Images with at least one.
    pub n_images: u64,
    /// Length relative to the largest, in percent.
    pub length: String,
    /// Height in a balance of [`BALANCE_HEIGHT`] units.
    pub height: f64,
    /// Place in the balance, in units.
    pub x: usize,
    /// Top of the bar in the balance, in units.
    pub y: f64,
    /// Share of all boxes in words.
    pub share: String,
}

/// Height of the little class balance.
pub const BALANCE_HEIGHT: f64 = 26.0;
/// Width of one bar of it with its gap.
const BALANCE_STEP: usize = 7;

/// Classes by number of boxes, largest first, with their bars.
#[must_use]
pub fn class_bars(classes: &[ClassCount]) -> Vec<ClassBar> {
    let mut living: Vec<&ClassCount> = classes.iter().filter(|count| !count.class.retired).collect();
    living.sort_by_key(|count| (std::cmp::Reverse(count.n_boxes), count.class.class_id));
    let largest = living.first().map_or(0, |count| count.n_boxes);
    let whole = living.iter().map(|count| count.n_boxes).sum();
    living.iter().enumerate().map(|(at, count)| class_bar(at, count, largest, whole)).collect()
}

fn class_bar(at: usize, count: &ClassCount, largest: u64, whole: u64) -> ClassBar {
    let length = share(count.n_boxes, largest);
    let height = if count.n_boxes == 0 { 0.0 } else { (length * BALANCE_HEIGHT / 100.0).max(1.5) };
    ClassBar {
        class_id: count.class.class_id,
        name: count.class.name.clone(),
        colour: count.class.colour.clone(),
        n_boxes: count.n_boxes,
        n_images: count.n_images,
        length: format!("{length:.1}%"),
        height,
        x: at * BALANCE_STEP,
        y: BALANCE_HEIGHT - height,
        share: percent(count.n_boxes, whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_lie_side_by_side_and_fill_the_bar() {
        let pieces = slices(&[("a", 1), ("b", 0), ("c", 3)]);
        assert_eq!(pieces.iter().map(|p| p.from.as_str()).collect::<Vec<_>>(), ["0.00%", "25.00%", "25.00%"]);
        assert_eq!(pieces.iter().map(|p| p.width.as_str()).collect::<Vec<_>>(), ["25.00%", "0.00%", "75.00%"]);
    }

    #[test]
    fn an_empty_dataset_has_bars_without_width() {
        assert!(slices(&[("a", 0)]).iter().all(|p| p.width == "0.00%" && p.share == "0 %"));
    }
}
