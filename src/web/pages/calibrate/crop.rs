//! A place of a picture with its box, cut out by the viewBox of an SVG: no further file is made of it.

use tator_domain::{DatasetName, PixelBox};
use tator_store::Judged;

use super::{Classes, class_name, colour};
use crate::addresses;

/// A candidate or a missed object as a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Crop {
    /// Number of the candidate or box.
    pub number: i64,
    /// Where a click leads.
    pub href: String,
    /// Address of the picture.
    pub picture: String,
    /// What of it is shown: x, y, width, height.
    pub view_box: String,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// The box.
    pub rect: PixelBox,
    /// Colour of its class.
    pub colour: String,
    /// Name of its class.
    pub class: String,
    /// Name of the image.
    pub image: String,
    /// Probability, in words; empty when it is not shown.
    pub score: String,
    /// What is known of it: `right`, `wrong`, or an error's name; empty when nothing is.
    pub known: &'static str,
    /// Models in it.
    pub sources: String,
}

/// The part of an image that shows a box and what is around it, four by three.
fn around(rect: &PixelBox, context: f64) -> [f64; 4] {
    let (w, h) = ((rect.w * context).max(24.0), (rect.h * context).max(18.0));
    let (w, h) = (w.max(h * 4.0 / 3.0), h.max(w * 0.75));
    [rect.x + rect.w / 2.0 - w / 2.0, rect.y + rect.h / 2.0 - h / 2.0, w, h]
}

/// The same part on the image: no larger than what shows the whole of it, and moved so that nothing beside it is shown.
fn inside([x, y, w, h]: [f64; 4], width: u32, height: u32) -> [f64; 4] {
    let all = (f64::from(width) / w).max(f64::from(height) / h).min(1.0);
    let (x, y) = (x + w * (1.0 - all) / 2.0, y + h * (1.0 - all) / 2.0);
    let (w, h) = (w * all, h * all);
    let moved = |from: f64, span: f64, whole: f64| {
        if span >= whole { (whole - span) / 2.0 } else { from.clamp(0.0, whole - span) }
    };
    [moved(x, w, f64::from(width)), moved(y, h, f64::from(height)), w, h]
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

/// Words for a kind of error.
pub(super) fn error_words(kind: &str) -> &'static str {
    match kind {
        "right" => "right",
        "localisation" => "box does not fit",
        "wrong_class" => "wrong class",
        "duplicate" => "second box of one object",
        "background" => "nothing is there",
        "class_and_localisation" => "wrong class, box does not fit",
        "missed" => "missed",
        _ => "",
    }
}

impl Crop {
    /// A candidate with its score, leading somewhere.
    pub fn of(d: &DatasetName, classes: &Classes, one: &Judged, href: String) -> Self {
        let known = match (&one.finding, one.is_right) {
            (Some(kind), _) => error_words(kind),
            (None, Some(true)) => "right",
            (None, Some(false)) => "wrong",
            (None, None) => "",
        };
        let score = one.score.map_or_else(String::new, |score| format!("{score:.3}"));
        Self { score, known, ..Self::blind(d, classes, one, 2.2, href) }
    }

    /// A candidate of which nothing is told but its class.
    pub fn blind(d: &DatasetName, classes: &Classes, one: &Judged, context: f64, href: String) -> Self {
        let [x, y, w, h] = inside(around(&one.rect, context), one.width, one.height).map(tenth);
        // How many pixels of the whole picture a thumbnail has to have for the part to be sharp.
        let needed = f64::from(one.width.max(one.height)) * 320.0 / w.max(1.0);
        let picture = match needed {
            n if n > 1_400.0 => format!("/api/v1/datasets/{d}/images/{}/view", one.image_id),
            n => addresses::thumbnail(d, one.image_id, if n > 512.0 { 1_024 } else { 512 }),
        };
        Self {
            number: one.number,
            href,
            picture,
            view_box: format!("{x} {y} {w} {h}"),
            width: one.width,
            height: one.height,
            rect: one.rect,
            colour: colour(classes, one.class_id),
            class: class_name(classes, one.class_id),
            image: one.path.rsplit('/').next().unwrap_or_default().to_owned(),
            score: String::new(),
            known: "",
            sources: one.sources.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_around_a_box_is_four_by_three_and_holds_it() {
        for rect in [(10.0, 20.0, 30.0, 200.0), (0.0, 0.0, 2.0, 2.0), (5.0, 5.0, 400.0, 10.0)] {
            let rect = PixelBox { x: rect.0, y: rect.1, w: rect.2, h: rect.3 };
            let [x, y, w, h] = around(&rect, 2.0);
            assert!((w / h - 4.0 / 3.0).abs() < 1e-9, "{w} {h}");
            assert!(x <= rect.x && y <= rect.y && x + w >= rect.x + rect.w && y + h >= rect.y + rect.h);
        }
    }

    #[test]
    fn the_part_stays_on_the_image_where_it_can() {
        assert_eq!(inside([-20.0, 90.0, 40.0, 30.0], 100, 100), [0.0, 70.0, 40.0, 30.0]);
        assert_eq!(inside([10.0, 5.0, 60.0, 45.0], 80, 40), [10.0, -2.5, 60.0, 45.0]);
        // Both ways larger than the image: as small as shows all of it.
        assert_eq!(inside([10.0, 5.0, 200.0, 150.0], 100, 75), [0.0, 0.0, 100.0, 75.0]);
        assert_eq!(inside([10.0, 5.0, 400.0, 300.0], 100, 300), [-150.0, 0.0, 400.0, 300.0]);
    }
}
