//! Boxes as small pictures: an SVG that looks at the thumbnail of the whole through a window.

use tator_domain::{DatasetName, PixelBox};
use tator_store::BoxPlace;

use crate::addresses;

/// A part of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Crop {
    /// Address of the whole picture.
    pub picture: String,
    /// The window in pixels of the upright image: `x y w h`.
    pub window: String,
    /// Width of the whole in pixels.
    pub width: u32,
    /// Height of the whole in pixels.
    pub height: u32,
    /// The box in pixels.
    pub rect: PixelBox,
}

impl Crop {
    /// A window a little larger than the box, never smaller than a few pixels.
    #[must_use]
    pub fn of(dataset: &DatasetName, place: &BoxPlace) -> Self {
        let PixelBox { x, y, w, h } = place.rect;
        let margin = (w.max(h) * 0.25).max(6.0);
        let window = format!("{:.1} {:.1} {:.1} {:.1}", x - margin, y - margin, w + 2.0 * margin, h + 2.0 * margin);
        Self {
            picture: addresses::thumbnail(dataset, place.image_id, 1024),
            window,
            width: place.width,
            height: place.height,
            rect: place.rect,
        }
    }
}
