//! Crops of labelled images that lie beside every box: what the world looks like where there is no object.
//!
//! Where to cut is decided by the number of the image and the seed, so that the same data give the same crops. Their
//! vectors are kept by content and model in `cache/background`, which may be deleted at any time.

use std::collections::HashMap;

use tator_domain::{DatasetName, ImageId, PixelBox};
use tator_learning::{Chance, hash};
use tator_store::{LabelledImage, Reader};
use tator_vision::Picture;

use super::BackgroundOptions;
use super::kept::{Eyes, Kept, Key};
use crate::error::Error;
use crate::jobs::Context;

/// Sets this choice of images apart from others by the same seed.
const BACKGROUND_STREAM: u64 = 0x6261_636b_6772_6f75;
/// Boxes grow by this share before it is looked whether a crop is beside them.
const PADDING: f64 = 0.1;
/// Share of a crop that a grown box may cover. (Their IoU would not do: a small crop in the middle of a large object has
/// a small one.)
const BESIDE: f64 = 0.01;
/// Side of a crop as a share of the image's shorter side.
const SCALE: (f64, f64) = (0.08, 0.4);
/// Background is at most this share of all rows.
const MOST_SHARE: f64 = 0.4;
/// Crops at most: more teach nothing new and take long to embed.
const MOST: usize = 6_000;
/// Places tried for a crop.
const TRIES: usize = 30;

/// Vectors of crops that show nothing, and the images they were cut out of.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Background {
    pub data: Vec<f32>,
    pub images: Vec<ImageId>,
    /// Images that could not be read.
    pub failed: usize,
}

/// Where to cut on one image.
struct Cut<'a> {
    image: &'a LabelledImage,
    rects: Vec<PixelBox>,
}

/// Cuts and embeds; `objects` is how many labelled boxes there are.
pub(super) fn background(
    context: &Context,
    d: &DatasetName,
    eyes: &Eyes<'_>,
    objects: usize,
    (options, seed): (BackgroundOptions, u64),
) -> Result<Background, Error> {
    let reader = context.writer.reader();
    let most = ((objects as f64 * MOST_SHARE / (1.0 - MOST_SHARE)) as usize).min(MOST);
    let images = reader.labelled_images(d)?;
    let cuts = cuts(reader, d, &images, (options.crops, most), seed)?;
    let mut cache = Kept::read(reader, d, "background", eyes);
    let mut found = Background::default();
    let total = cuts.len() as u64;
    for (done, cut) in cuts.iter().enumerate() {
        context.progress("embedding background", done as u64, total)?;
        let keys: Vec<Key> = cut.rects.iter().map(|rect| eyes.key(&cut.image.content_hash, rect, &[])).collect();
        if !cache.has(&keys) {
            if !context.assist.wait_until_idle() {
                return Err(Error::Cancelled);
            }
            let Ok(vectors) = embedded(context, d, cut, eyes) else {
                found.failed += 1;
                continue;
            };
            cache.add(keys.iter().copied().zip(vectors));
        }
        for key in &keys {
            found.data.extend_from_slice(cache.used(key));
            found.images.push(cut.image.image_id);
        }
    }
    context.progress("embedding background", total, total)?;
    cache.write();
    Ok(found)
}

/// Squares beside every box of labelled images: number and content of each image, with its squares.
pub(crate) fn places_beside(
    reader: &Reader,
    d: &DatasetName,
    (each, most): (usize, usize),
    seed: u64,
) -> Result<Vec<(ImageId, String, Vec<PixelBox>)>, Error> {
    let images = reader.labelled_images(d)?;
    let cuts = cuts(reader, d, &images, (each, most), seed)?;
    Ok(cuts.into_iter().map(|cut| (cut.image.image_id, cut.image.content_hash.clone(), cut.rects)).collect())
}

fn embedded(context: &Context, d: &DatasetName, cut: &Cut<'_>, eyes: &Eyes<'_>) -> Result<Vec<Vec<f32>>, Error> {
    let picture = context.assist.decode(d, cut.image.image_id)?;
    let crops = cut.rects.iter().map(|rect| eyes.recipe.cut(&picture, rect));
    eyes.see(&crops.collect::<Result<Vec<Picture>, _>>()?)
}

/// The images in the order of chance until there are enough crops, then by number.
fn cuts<'a>(
    reader: &Reader,
    d: &DatasetName,
    images: &'a [LabelledImage],
    (each, most): (usize, usize),
    seed: u64,
) -> Result<Vec<Cut<'a>>, Error> {
    let mut order: Vec<&LabelledImage> = images.iter().collect();
    // Another stream than the split by image, which would give all of it to one part.
    order.sort_by_key(|image| (hash(seed ^ BACKGROUND_STREAM, image.image_id.unsigned_abs()), image.image_id));
    let (mut cuts, mut count) = (Vec::new(), 0);
    for some in order.chunks(256) {
        if count >= most {
            break;
        }
        let mut occupied: HashMap<ImageId, Vec<PixelBox>> = HashMap::new();
        let ids: Vec<ImageId> = some.iter().map(|image| image.image_id).collect();
        for one in reader.boxes_of(d, &ids)? {
            occupied.entry(one.image_id).or_default().push(grown(&one.rect));
        }
        for image in some {
            let boxes = occupied.get(&image.image_id).map(Vec::as_slice).unwrap_or_default();
            let rects = beside(image, boxes, each.min(most - count), seed);
            count += rects.len();
            if !rects.is_empty() {
                cuts.push(Cut { image, rects });
            }
        }
    }
    cuts.sort_by_key(|cut| cut.image.image_id);
    Ok(cuts)
}

fn grown(rect: &PixelBox) -> PixelBox {
    let (dx, dy) = (rect.w * PADDING / 2.0, rect.h * PADDING / 2.0);
    PixelBox { x: rect.x - dx, y: rect.y - dy, w: rect.w + 2.0 * dx, h: rect.h + 2.0 * dy }
}

/// Squares that lie beside all boxes; fewer where there is hardly a place.
fn beside(image: &LabelledImage, boxes: &[PixelBox], count: usize, seed: u64) -> Vec<PixelBox> {
    let mut chance = Chance::part(seed, image.image_id.unsigned_abs());
    let (width, height) = (f64::from(image.width), f64::from(image.height));
    let mut square = || {
        let side = (width.min(height) * (SCALE.0 + (SCALE.1 - SCALE.0) * chance.unit())).round().max(1.0);
        let (x, y) = ((width - side) * chance.unit(), (height - side) * chance.unit());
        PixelBox { x: x.round().max(0.0), y: y.round().max(0.0), w: side, h: side }
    };
    let free = |square: &PixelBox| boxes.iter().all(|rect| covered(square, rect) <= BESIDE);
    (0..count).filter_map(|_| (0..TRIES).map(|_| square()).find(free)).collect()
}

/// The share of a square that a box covers.
fn covered(square: &PixelBox, rect: &PixelBox) -> f64 {
    let along = |a: f64, b: f64, c: f64, d: f64| ((a + b).min(c + d) - a.max(c)).max(0.0);
    along(square.x, square.w, rect.x, rect.w) * along(square.y, square.h, rect.y, rect.h) / (square.w * square.h)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(image_id: ImageId, width: u32, height: u32) -> LabelledImage {
        LabelledImage { image_id, content_hash: "h".into(), width, height }
    }

    #[test]
    fn crops_lie_on_the_image_beside_every_box_and_are_the_same_again() {
        let boxes =
            [PixelBox { x: 100.0, y: 50.0, w: 200.0, h: 300.0 }, PixelBox { x: 400.0, y: 10.0, w: 60.0, h: 60.0 }];
        for id in 1..50 {
            let one = image(id, 640, 480);
            let rects = beside(&one, &boxes, 3, 42);
            assert_eq!(rects, beside(&one, &boxes, 3, 42));
            assert_eq!(rects.len(), 3, "image {id}");
            for rect in rects {
                assert!(rect.x >= 0.0 && rect.y >= 0.0 && rect.x + rect.w <= 640.0 && rect.y + rect.h <= 480.0);
                assert!(boxes.iter().all(|other| covered(&rect, other) <= BESIDE), "{rect:?}");
            }
        }
    }

    #[test]
    fn a_full_image_gives_none_and_a_tiny_one_does_not_break() {
        assert_eq!(beside(&image(1, 100, 100), &[PixelBox { x: 0.0, y: 0.0, w: 100.0, h: 100.0 }], 3, 1).len(), 0);
        assert_eq!(beside(&image(1, 1, 1), &[], 2, 1).len(), 2);
    }
}
