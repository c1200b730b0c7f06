//! Pictures that are blurry, dark, flat or of an odd size.

use rayon::prelude::*;
use tator_domain::{DatasetName, ImageId};
use tator_learning::near::deviations;
use tator_store::{Finding, PictureFigures, SeenPicture};

use super::about;
use crate::error::Error;
use crate::jobs::Context;
use crate::pictures::original;

/// Pictures that are measured before their figures are kept.
const PIECE: usize = 64;
/// A figure is far from the others by so many usual deviations.
const FAR: f64 = 2.5;
/// A size is far from the others by so many.
const ODD: f64 = 6.0;

/// Bounds of a figure: wrong for sure, and wrong when it is far from the others too.
struct Bounds {
    sure: f64,
    likely: f64,
}

const DARK: Bounds = Bounds { sure: 0.04, likely: 0.15 };
const BRIGHT: Bounds = Bounds { sure: 0.97, likely: 0.85 };
const FLAT: Bounds = Bounds { sure: 0.02, likely: 0.08 };
const BLURRY: Bounds = Bounds { sure: 4.0, likely: 100.0 };

/// Measures the pictures whose content is new; gives how many, and how many of them could not be read.
pub(super) fn measure(context: &Context, d: &DatasetName) -> Result<(u64, u64), Error> {
    let todo = context.writer.reader().unmeasured_images(d)?;
    let (total, mut failed) = (todo.len() as u64, 0);
    for (at, piece) in todo.chunks(PIECE).enumerate() {
        context.progress("measuring pictures", (at * PIECE) as u64, total)?;
        let rows: Vec<_> = piece.par_iter().map(|image| measured(context, d, *image)).collect::<Result<_, _>>()?;
        failed += rows.iter().filter(|row| row.2.is_err()).count() as u64;
        context.writer.put_picture_figures(d, &rows)?;
    }
    Ok((total, failed))
}

/// A picture that cannot be read is a row that says why.
fn measured(
    context: &Context,
    d: &DatasetName,
    image: ImageId,
) -> Result<(ImageId, String, Result<PictureFigures, String>), Error> {
    let reader = context.writer.reader();
    let content_hash = reader.image_file(d, image)?.content_hash;
    let found = original(reader, d, image).map_err(|e| e.to_string());
    let told = found.and_then(|found| tator_vision::quality(&found.bytes).map_err(|e| e.to_string()));
    let figures = told.map(|q| PictureFigures {
        sharpness: q.sharpness,
        brightness: q.brightness,
        contrast: q.contrast,
        black: q.black,
        white: q.white,
        colourfulness: q.colourfulness,
        fingerprint: q.fingerprint,
    });
    Ok((image, content_hash, figures))
}

/// Pictures that differ from what a picture should be, and from the others.
pub(super) fn findings(pictures: &[SeenPicture]) -> Vec<Finding> {
    let mut found = Vec::new();
    for picture in pictures {
        if let Some(Err(problem)) = &picture.figures {
            found.push(about("unreadable", picture.image_id, 1.0, problem.clone()));
        }
    }
    let known: Vec<(ImageId, PictureFigures)> =
        pictures.iter().filter_map(|p| Some((p.image_id, *p.figures.as_ref()?.as_ref().ok()?))).collect();
    let far = |figure: &dyn Fn(&PictureFigures) -> f64| {
        let values: Vec<f64> = known.iter().map(|(_, figures)| figure(figures)).collect();
        deviations(&values, &vec![0; values.len()])
    };
    let brightness = far(&|f| f.brightness);
    let (contrast, sharpness) = (far(&|f| f.contrast), far(&|f| (1.0 + f.sharpness).ln()));
    for (at, (image, figures)) in known.iter().enumerate() {
        let below =
            |value: f64, bounds: &Bounds, far: f64| value < bounds.sure || (value < bounds.likely && far < -FAR);
        let light = format!("{:.0} % grey on average", 100.0 * figures.brightness);
        let is_flat = below(figures.contrast, &FLAT, contrast[at]);
        if below(figures.brightness, &DARK, brightness[at]) {
            found.push(about("dark", *image, 1.0 - figures.brightness, light));
        } else if figures.brightness > BRIGHT.sure || (figures.brightness > BRIGHT.likely && brightness[at] > FAR) {
            found.push(about("bright", *image, figures.brightness, light));
        } else if is_flat {
            let why = format!("the grey deviates by {:.1} %", 100.0 * figures.contrast);
            found.push(about("flat", *image, 1.0 - figures.contrast, why));
        }
        if !is_flat && below(figures.sharpness, &BLURRY, sharpness[at]) {
            let why = format!("sharpness {:.0}, at 512 pixels", figures.sharpness);
            found.push(about("blurry", *image, 1.0 / (1.0 + figures.sharpness), why));
        }
    }
    found.extend(odd_sizes(pictures));
    found
}

fn odd_sizes(pictures: &[SeenPicture]) -> Vec<Finding> {
    let logs = |picture: &SeenPicture| {
        let (w, h) = (f64::from(picture.size.0.max(1)).ln(), f64::from(picture.size.1.max(1)).ln());
        [w + h, w - h]
    };
    let values: Vec<[f64; 2]> = pictures.iter().map(logs).collect();
    let far = |axis: usize| {
        let of: Vec<f64> = values.iter().map(|v| v[axis]).collect();
        deviations(&of, &vec![0; of.len()])
    };
    let (area, aspect) = (far(0), far(1));
    let usual = usual_size(pictures);
    let mut found = Vec::new();
    for (at, picture) in pictures.iter().enumerate() {
        // Where most sizes are the same there is no deviation: what is twice as large or of another shape is odd.
        let against_usual = usual.map_or(0.0, |usual| {
            let [a, b] = logs(&SeenPicture { size: usual, ..picture.clone() });
            ((values[at][0] - a).abs() / 2.0_f64.ln()).max((values[at][1] - b).abs() / 0.25)
        });
        let score = area[at].abs().max(aspect[at].abs()) / ODD;
        let score = score.max(against_usual);
        if score > 1.0 {
            let why = format!("{} × {} pixels", picture.size.0, picture.size.1);
            found.push(about("odd_size", picture.image_id, score, why));
        }
    }
    found
}

/// The size of nine pictures in ten or more, if there is one.
fn usual_size(pictures: &[SeenPicture]) -> Option<(u32, u32)> {
    let mut counts = std::collections::BTreeMap::<(u32, u32), usize>::new();
    pictures.iter().for_each(|picture| *counts.entry(picture.size).or_default() += 1);
    let (size, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count * 10 >= pictures.len() * 9 && pictures.len() >= 10).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_domain::Split;

    fn picture(image_id: ImageId, size: (u32, u32), figures: PictureFigures) -> SeenPicture {
        SeenPicture { image_id, content_hash: String::new(), size, split: Split::None, figures: Some(Ok(figures)) }
    }

    fn usual(at: ImageId) -> PictureFigures {
        let wobble = (at % 7) as f64;
        PictureFigures {
            sharpness: 800.0 + 90.0 * wobble,
            brightness: 0.45 + 0.01 * wobble,
            contrast: 0.2 + 0.01 * wobble,
            ..PictureFigures::default()
        }
    }

    #[test]
    fn the_odd_ones_are_named_and_the_usual_ones_are_not() {
        let mut pictures: Vec<SeenPicture> = (0..40).map(|at| picture(at, (640, 480), usual(at))).collect();
        pictures[3] = picture(3, (640, 480), PictureFigures { sharpness: 20.0, ..usual(3) });
        pictures[5] = picture(5, (640, 480), PictureFigures { brightness: 0.02, ..usual(5) });
        pictures[6] = picture(6, (640, 480), PictureFigures { brightness: 0.93, ..usual(6) });
        pictures[7] = picture(7, (640, 480), PictureFigures { contrast: 0.01, sharpness: 0.1, ..usual(7) });
        pictures[8].size = (480, 640);
        pictures[9].figures = Some(Err("cut short".into()));
        let found: Vec<_> = findings(&pictures).into_iter().map(|f| (f.kind, f.image_id)).collect();
        let wanted = [("unreadable", 9), ("blurry", 3), ("dark", 5), ("bright", 6), ("flat", 7), ("odd_size", 8)];
        assert_eq!(found, wanted.map(|(kind, image)| (kind.to_owned(), image)));
    }

    #[test]
    fn a_set_of_night_pictures_is_not_called_dark() {
        let night = |at: ImageId| PictureFigures { brightness: 0.1 + 0.001 * (at % 5) as f64, ..usual(at) };
        let pictures: Vec<SeenPicture> = (0..30).map(|at| picture(at, (100 + at as u32, 80), night(at))).collect();
        assert_eq!(findings(&pictures), []);
    }
}
