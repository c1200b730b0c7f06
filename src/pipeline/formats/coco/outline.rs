//! Where an annotation is: box, outline and mask, checked against its image and turned upright with it.

use tator_domain::{BadRle, Orientation, PixelBox, Polygon, Rle};

use super::record::{Annotation, Bbox};
use super::segmentation::Segmentation;
use crate::formats::ImageKey;

/// An image of the file that is being read.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// `None` when the image was left out.
    pub key: Option<ImageKey>,
    /// Width in pixels of the upright image.
    pub width: u32,
    /// Height in pixels of the upright image.
    pub height: u32,
    /// The labels are in the stored frame and must be turned.
    pub turn: Option<Orientation>,
}

/// Where a box is, in the upright image.
pub struct Outline {
    /// The box.
    pub rect: PixelBox,
    /// Its outline.
    pub polygon: Option<Polygon>,
    /// Its mask as compressed RLE.
    pub mask: Option<String>,
    /// `tator_rle`, where the mask is not spelled as the export would.
    pub spelling: Option<&'static str>,
    /// What deserves a look.
    pub message: Option<&'static str>,
}

impl Outline {
    /// Judges an annotation's box and outline; the error says why it is left out.
    pub fn of(found: &mut Annotation, image: &Known) -> Result<Self, String> {
        // Labels on the stored frame are checked against the stored size.
        let (width, height) =
            if image.turn.is_some() { (image.height, image.width) } else { (image.width, image.height) };
        let mut outline = Self { rect: PixelBox::default(), polygon: None, mask: None, spelling: None, message: None };
        let needs_bounds = found.bbox == Bbox::Missing;
        let mut bounds = None;
        let segmentation = std::mem::take(&mut found.segmentation);
        let is_list = matches!(segmentation, Segmentation::Counts(..));
        let mask = match segmentation {
            Segmentation::Missing => None,
            Segmentation::Odd => {
                outline.message = Some("its segmentation is neither outlines nor a mask; it is left out");
                None
            }
            Segmentation::Rings(polygon, dropped) => {
                if dropped > 0 {
                    outline.message = Some("rings with fewer than three points are left out");
                }
                bounds = if needs_bounds { polygon.bounds() } else { None };
                outline.polygon = Some(polygon).filter(|p| !p.rings.is_empty());
                None
            }
            Segmentation::Compressed(size, text) => {
                let rle = fitting(size, width, height)
                    .and_then(|()| Rle::decode(height, width, &text).map_err(|e| bad_mask(&e)))?;
                Some((rle, text))
            }
            Segmentation::Counts(size, counts) => {
                let rle = fitting(size, width, height)
                    .and_then(|()| Rle::new(height, width, counts).map_err(|e| bad_mask(&e)))?;
                let text = rle.encode();
                Some((rle, text))
            }
        };
        if let Some((rle, text)) = mask {
            bounds = if needs_bounds { rle.bounds() } else { None };
            outline.spelling = match (is_list, found.crowd) {
                (true, false) => Some("\"list\""),
                (false, true) => Some("\"string\""),
                _ => None,
            };
            outline.mask = Some(match &image.turn {
                Some(turn) => turn.mask(&rle).map_err(|e| bad_mask(&e))?.encode(),
                None => text,
            });
        }
        outline.rect = rect_of(&found.bbox, bounds, &mut outline.message)?;
        if let Some(turn) = &image.turn {
            outline.rect = turn.rect(&outline.rect);
            outline.polygon = outline.polygon.map(|p| turn.polygon(&p));
        }
        Ok(outline)
    }
}

fn fitting(size: [u32; 2], width: u32, height: u32) -> Result<(), String> {
    if size == [height, width] { Ok(()) } else { Err("its mask has another size than its image".to_owned()) }
}

fn bad_mask(error: &BadRle) -> String {
    match error {
        BadRle::Damaged(_) => "its mask is damaged".to_owned(),
        BadRle::WrongLength { .. } => "its mask does not cover its image".to_owned(),
    }
}

/// The box as given; never recomputed where one is given (products.md C35).
fn rect_of(bbox: &Bbox, bounds: Option<PixelBox>, message: &mut Option<&'static str>) -> Result<PixelBox, String> {
    let rect = match (bbox, bounds) {
        (Bbox::Given([x, y, w, h]), _) if *w >= 0.0 && *h >= 0.0 => PixelBox { x: *x, y: *y, w: *w, h: *h },
        (Bbox::Given([x, y, w, h]), _) if [x, y, w, h].iter().all(|v| v.is_finite()) => {
            *message = Some("its width or height was negative; the corners are put in order");
            PixelBox::from_corners(*x, *y, x + w, y + h)
        }
        (Bbox::Given(_), _) => return Err("its box is not made of finite numbers".to_owned()),
        (Bbox::Odd, _) => return Err("its box is not four numbers".to_owned()),
        (Bbox::Missing, Some(bounds)) => bounds,
        (Bbox::Missing, None) => return Err("it has neither a box nor an outline".to_owned()),
    };
    match rect {
        r if !r.is_valid() => Err("its box is not made of finite numbers".to_owned()),
        r if r.w == 0.0 || r.h == 0.0 => Err("its box has no area".to_owned()),
        r => Ok(r),
    }
}
