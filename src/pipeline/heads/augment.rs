//! Changed copies of training boxes: the same objects mirrored, in other light, turned, noisy. They are cut and embedded
//! once, and only ever learnt from: they are made of the training part, after the split.
//!
//! How a copy is changed is decided by the seed, the number of the box and the number of the copy. Their vectors are kept
//! in `cache/augmented`.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, ImageId};
use tator_learning::{Chance, hash};
use tator_vision::{Picture, Variation};

use super::data::Row;
use super::kept::{Eyes, Kept, Key};
use crate::error::Error;
use crate::jobs::Context;

/// Sets this chance apart from others by the same seed.
const STREAM: u64 = 0x6175_676d_656e_7465;
/// Copies at most: they take as long to embed as boxes do.
const MOST: usize = 40_000;
/// Copies of a box of a rare class, as a multiple of those of a frequent one.
const MOST_TIMES: f64 = 4.0;
/// Changes when what a copy is changes: older vectors are then not used.
const VERSION: u64 = 1;

/// Changed copies of training boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentOptions {
    /// Of each box; 0 makes none.
    pub copies: usize,
    /// More of rare classes, up to four times as many.
    pub rare: bool,
}

impl Default for AugmentOptions {
    fn default() -> Self {
        Self { copies: 0, rare: true }
    }
}

/// Vectors of copies, with the class of each.
#[derive(Default)]
pub(super) struct Copies {
    pub data: Vec<f32>,
    pub labels: Vec<usize>,
    /// Images that could not be read.
    pub failed: usize,
}

/// A box of the training part.
pub(super) struct Original<'a> {
    pub row: &'a Row,
    pub label: usize,
}

/// Copies of boxes, in the order of the boxes' images.
pub(super) fn copies(
    context: &Context,
    d: &DatasetName,
    eyes: &Eyes<'_>,
    originals: &[Original<'_>],
    (options, seed): (AugmentOptions, u64),
) -> Result<Copies, Error> {
    let reader = context.writer.reader();
    let images = reader.labelled_images(d)?;
    let content: HashMap<ImageId, &str> =
        images.iter().map(|image| (image.image_id, image.content_hash.as_str())).collect();
    let mut kept = Kept::read(reader, d, "augmented", eyes);
    let mut of_image: BTreeMap<ImageId, Vec<(&Original<'_>, u64)>> = BTreeMap::new();
    for (original, copy) in wanted(originals, options, seed) {
        of_image.entry(original.row.image_id).or_default().push((original, copy));
    }
    let (mut found, total) = (Copies::default(), of_image.len() as u64);
    for (done, (image, wanted)) in of_image.iter().enumerate() {
        context.progress("embedding changed copies", done as u64, total)?;
        let content = content.get(image).copied().unwrap_or_default();
        let key = |(original, copy): &(&Original<'_>, u64)| {
            let done = [VERSION, seed, original.row.box_id.unsigned_abs(), *copy];
            eyes.key(content, &original.row.rect, &done)
        };
        let keys: Vec<Key> = wanted.iter().map(key).collect();
        if !kept.has(&keys) {
            if !context.assist.wait_until_idle() {
                return Err(Error::Cancelled);
            }
            match seen(context, d, eyes, wanted, seed) {
                Ok(vectors) => kept.add(keys.iter().copied().zip(vectors)),
                Err(_) => {
                    found.failed += 1;
                    continue;
                }
            }
        }
        for (key, (original, _)) in keys.iter().zip(wanted) {
            found.data.extend_from_slice(kept.used(key));
            found.labels.push(original.label);
        }
    }
    context.progress("embedding changed copies", total, total)?;
    kept.write();
    Ok(found)
}

fn seen(
    context: &Context,
    d: &DatasetName,
    eyes: &Eyes<'_>,
    wanted: &[(&Original<'_>, u64)],
    seed: u64,
) -> Result<Vec<Vec<f32>>, Error> {
    let image = wanted.first().map_or(0, |(original, _)| original.row.image_id);
    let picture = context.assist.decode(d, image)?;
    let one = |(original, copy): &(&Original<'_>, u64)| -> Result<Picture, Error> {
        let crop = eyes.recipe.cut(&picture, &original.row.rect)?;
        let change = variation(seed, original.row.box_id.unsigned_abs(), *copy);
        crop.varied(&change).map_err(|e| Error::invalid("box", e.to_string()))
    };
    eyes.see(&wanted.iter().map(one).collect::<Result<Vec<_>, _>>()?)
}

/// Which copies of which boxes: at most so many in all, chosen by chance.
fn wanted<'a>(originals: &'a [Original<'a>], options: AugmentOptions, seed: u64) -> Vec<(&'a Original<'a>, u64)> {
    let times = times(originals.iter().map(|original| original.label));
    let mut all = Vec::new();
    for original in originals {
        let number = original.row.box_id.unsigned_abs();
        let share = if options.rare { times.get(&original.label).copied().unwrap_or(1.0) } else { 1.0 };
        let wished = options.copies as f64 * share;
        // Two and a half copies are three for every second box.
        let more = Chance::part(seed ^ STREAM, number).unit() < wished.fract();
        all.extend((0..wished as u64 + u64::from(more)).map(|copy| (original, copy)));
    }
    all.sort_by_key(|(original, copy)| hash(seed ^ STREAM, hash(original.row.box_id.unsigned_abs(), *copy)));
    all.truncate(MOST);
    all.sort_by_key(|(original, copy)| (original.row.image_id, original.row.box_id, *copy));
    all
}

/// How many times as many copies a class gets: (target ÷ boxes)^0.6 between 1 and 4, the target being the geometric mean
/// of the middle and of the ninth tenth of all classes' boxes.
fn times(labels: impl Iterator<Item = usize>) -> BTreeMap<usize, f64> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    labels.for_each(|label| *counts.entry(label).or_default() += 1);
    let mut sorted: Vec<f64> = counts.values().map(|count| *count as f64).collect();
    sorted.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let at = share * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        low + at.fract() * (high - low)
    };
    if sorted.is_empty() {
        return BTreeMap::new();
    }
    let target = (quantile(0.5) * quantile(0.9)).sqrt();
    counts.into_iter().map(|(label, count)| (label, (target / count as f64).powf(0.6).clamp(1.0, MOST_TIMES))).collect()
}

/// How a copy differs: the chances and ranges that Train names.
fn variation(seed: u64, number: u64, copy: u64) -> Variation {
    let mut chance = Chance::part(seed ^ STREAM, hash(number, copy));
    let mut happens = |share: f64| chance.unit() < share;
    let (is_mirrored, is_flipped) = (happens(0.5), happens(0.1));
    let (light, colour, is_grey) = (happens(0.3), happens(0.3), happens(0.05));
    let (turn, grain, noise) = (happens(0.1), happens(0.05), happens(0.05));
    let mut within = |is: bool, most: f64| {
        let drawn = (2.0 * chance.unit() - 1.0) * most;
        if is { drawn } else { 0.0 }
    };
    Variation {
        is_mirrored,
        is_flipped,
        brightness: within(light, 0.2),
        contrast: within(light, 0.2),
        // Hue is told in half degrees where these ranges come from, saturation and value in steps of 255.
        hue: within(colour, 16.0),
        saturation: within(colour, 20.0 / 255.0),
        value: within(colour, 10.0 / 255.0),
        is_grey,
        turn: within(turn, 90.0),
        grain: if grain { 6.0 + within(true, 4.0) } else { 0.0 },
        noise: if noise { 5.0 + within(true, 2.0) } else { 0.0 },
        seed: chance.next(),
    }
}

#[cfg(test)]
mod tests {
    use tator_domain::PixelBox;

    use super::*;

    fn row(box_id: i64) -> Row {
        let rect = PixelBox { x: 0.0, y: 0.0, w: 9.0, h: 9.0 };
        Row { box_id, image_id: box_id / 3, class_id: 1, at: 0, rect }
    }

    #[test]
    fn rare_classes_get_up_to_four_times_as_many() {
        let labels = [vec![0; 1000], vec![1; 100], vec![2; 100], vec![3; 2]].concat();
        let times = times(labels.into_iter());
        assert_eq!((times[&0], times[&3]), (1.0, 4.0));
        let target = (100.0f64 * (100.0 + 0.7 * 900.0)).sqrt();
        assert!((times[&1] - (target / 100.0).powf(0.6)).abs() < 1e-9);
    }

    #[test]
    fn copies_are_the_same_again_and_as_many_as_asked() {
        let rows: Vec<Row> = (0..900).map(row).collect();
        let originals: Vec<Original<'_>> = rows.iter().map(|row| Original { row, label: 0 }).collect();
        let options = AugmentOptions { copies: 2, rare: false };
        let told =
            |seed| wanted(&originals, options, seed).iter().map(|(o, copy)| (o.row.box_id, *copy)).collect::<Vec<_>>();
        assert_eq!(told(1), told(1));
        assert_eq!(told(1).len(), 1800);
        assert_eq!(variation(1, 7, 0), variation(1, 7, 0));
        assert_ne!(variation(1, 7, 0), variation(1, 7, 1));
        assert_ne!(variation(1, 7, 0), variation(2, 7, 0));
    }

    #[test]
    fn changes_happen_as_often_as_they_should() {
        let all: Vec<Variation> = (0..4_000).map(|number| variation(42, number, 0)).collect();
        let share = |is: fn(&Variation) -> bool| all.iter().filter(|one| is(one)).count() as f64 / all.len() as f64;
        for (told, wanted) in [
            (share(|v| v.is_mirrored), 0.5),
            (share(|v| v.is_flipped), 0.1),
            (share(|v| v.brightness != 0.0), 0.3),
            (share(|v| v.hue != 0.0), 0.3),
            (share(|v| v.is_grey), 0.05),
            (share(|v| v.turn != 0.0), 0.1),
            (share(|v| v.grain != 0.0), 0.05),
            (share(|v| v.noise != 0.0), 0.05),
        ] {
            assert!((told - wanted).abs() < 0.03, "{told} {wanted}");
        }
        assert!(all.iter().all(|v| v.brightness.abs() <= 0.2 && v.turn.abs() <= 90.0 && v.noise <= 7.0));
    }
}
