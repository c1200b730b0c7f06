//! Points and a box to an outline.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, ImageId, PixelBox, Polygon, iou};
use tator_vision::{Encoding, MaskGrid, ModelError, Prompt, Segmenter};

use super::slots::Place;
use super::tasks::TaskState;
use super::{Had, Shared, State};
use crate::error::Error;
use crate::workbench::Workbench;

/// Masks whose boxes overlap by so much are one.
const SAME_MASK: f64 = 0.92;

/// What a person points at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentRequest {
    /// `[x, y, 1]` on the object, `[x, y, 0]` beside it; pixels of the upright image.
    pub points: Vec<[f64; 3]>,
    /// `[x, y, w, h]` around the object.
    #[serde(rename = "box")]
    pub rect: Option<[f64; 4]>,
    /// Other masks are wanted as well: a model that gives one answer is asked about more and less than was pointed at, too.
    pub alternatives: bool,
    /// A model other than the active one.
    pub model: Option<String>,
    /// The tab that asks.
    pub client: Option<String>,
    /// Counts up in a tab: of requests about an image that carry a number only the newest is answered.
    pub request: Option<u64>,
}

/// What the model makes of it.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentAnswer {
    /// The best mask.
    #[serde(flatten)]
    pub best: SegmentMask,
    /// Model that answered.
    pub model: String,
    /// What computed it.
    pub provider: &'static str,
    /// How long it took.
    pub ms: Took,
    /// The encoding was there already.
    pub cached: bool,
    /// All masks, the best first.
    pub masks: Vec<SegmentMask>,
}

/// One mask as an outline.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentMask {
    /// `[x, y, w, h]`, tight around the outline.
    #[serde(rename = "box")]
    pub rect: [f64; 4],
    /// The outline.
    pub polygon: Polygon,
    /// Quality the model predicts, 0 to 1.
    pub score: f32,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Took {
    /// Until the encoding was there; 0 when it was.
    pub encode: f64,
    /// In the decoder.
    pub decode: f64,
    /// In all.
    pub total: f64,
}

impl SegmentRequest {
    fn prompt(&self, width: u32, height: u32) -> Result<Prompt, Error> {
        let (w, h) = (f64::from(width), f64::from(height));
        if self.points.len() > 200 {
            return Err(Error::invalid("points", "at most 200 points"));
        }
        let inside = |[x, y, _]: &[f64; 3]| *x >= 0.0 && *y >= 0.0 && *x <= w && *y <= h;
        if let Some([x, y, _]) = self.points.iter().find(|point| !inside(point)) {
            return Err(Error::invalid("points", format!("({x}, {y}) is outside the image of {width} × {height} px")));
        }
        let points = self.points.iter().map(|[x, y, on]| (*x, *y, *on > 0.5)).collect();
        let Some([x, y, bw, bh]) = self.rect else {
            if self.points.iter().all(|[_, _, on]| *on <= 0.5) {
                return Err(Error::invalid("points", "at least one point on the object, or a box, is needed"));
            }
            return Ok(Prompt { points, rect: None });
        };
        let rect = PixelBox { x, y, w: bw, h: bh };
        let clipped = rect.clipped(w, h);
        if !rect.is_valid() || clipped.w < 1.0 || clipped.h < 1.0 {
            return Err(Error::invalid("box", "[x, y, w, h] with at least one pixel of the image in it"));
        }
        Ok(Prompt { points, rect: Some(clipped) })
    }
}

fn to_box([x, y, w, h]: [f64; 4]) -> PixelBox {
    PixelBox { x, y, w, h }
}

/// The answer of a decoder that gives one mask, and its answers about a larger and a smaller box, and about the middle alone.
fn decode_variants(
    segmenter: &dyn Segmenter,
    encoding: &Encoding,
    prompt: &Prompt,
    mut grids: Vec<MaskGrid>,
) -> Result<Vec<MaskGrid>, ModelError> {
    let (width, height) = (encoding.placement.width, encoding.placement.height);
    let found = || grids.first()?.outline(width, height, prompt).map(|outline| outline.rect);
    let Some(rect) = prompt.rect.or_else(found) else { return Ok(grids) };
    let (cx, cy) = (rect.x + rect.w / 2.0, rect.y + rect.h / 2.0);
    let scaled = |by: f64| {
        let (w, h) = (rect.w * by, rect.h * by);
        let rect = PixelBox { x: cx - w / 2.0, y: cy - h / 2.0, w, h }.clipped(f64::from(width), f64::from(height));
        Prompt { points: prompt.points.clone(), rect: Some(rect) }
    };
    let middle = Prompt { points: vec![(cx, cy, true)], rect: None };
    for variant in [scaled(1.5), scaled(0.6), middle] {
        grids.extend(segmenter.decode(encoding, &variant)?);
    }
    Ok(grids)
}

impl Shared {
    pub(crate) fn segment(
        &self,
        d: &DatasetName,
        id: ImageId,
        request: &SegmentRequest,
    ) -> Result<SegmentAnswer, Error> {
        let begun = Instant::now();
        let image = self.writer.reader().image_file(d, id)?;
        let prompt = request.prompt(image.width, image.height)?;
        let stale = self.note_newest(id, request);
        let (model, segmenter) = self.engines.segmenter(&self.shelves, &self.settings(), request.model.as_deref())?;
        let place = Place { dataset: d.clone(), image_id: id };
        let Had { encoding, encode_ms, cached } = self.encoding(&place, &model.manifest.name, &stale)?;
        let task = self.lock().tasks.begin("decode", format!("image {id}"), Some(id));
        let decoding = Instant::now();
        let outcome = segmenter.decode(&encoding, &prompt).and_then(|grids| {
            if request.alternatives && grids.len() == 1 {
                return decode_variants(segmenter.as_ref(), &encoding, &prompt, grids);
            }
            Ok(grids)
        });
        let decode = decoding.elapsed().as_secs_f64() * 1e3;
        let ended = if outcome.is_ok() { TaskState::Done } else { TaskState::Failed };
        let mut state = self.lock();
        state.tasks.end(task, ended, outcome.as_ref().err().map(ToString::to_string));
        let is_stale = stale(&state);
        drop(state);
        if is_stale {
            return Err(Error::Superseded);
        }
        let outlines = outcome?.into_iter().filter_map(|grid| {
            let outline = grid.outline(image.width, image.height, &prompt)?;
            let PixelBox { x, y, w, h } = outline.rect;
            Some(SegmentMask { rect: [x, y, w, h], polygon: outline.polygon, score: grid.score.clamp(0.0, 1.0) })
        });
        let mut masks: Vec<SegmentMask> = Vec::new();
        for mask in outlines {
            if masks.iter().all(|other| iou(&to_box(other.rect), &to_box(mask.rect)) < SAME_MASK) {
                masks.push(mask);
            }
        }
        let nothing = || Error::NoAnswer {
            code: "no_mask",
            message: "the model finds no object there".to_owned(),
            hint: "point at the middle of the object, or draw a box around it",
        };
        let best = masks.first().cloned().ok_or_else(nothing)?;
        let ms = Took { encode: encode_ms, decode, total: begun.elapsed().as_secs_f64() * 1e3 };
        let (model, provider) = (model.manifest.name, segmenter.provider().name());
        Ok(SegmentAnswer { best, model, provider, ms, cached, masks })
    }

    /// Remembers a numbered request as its tab's newest, and gives what tells whether it still is.
    fn note_newest(&self, id: ImageId, request: &SegmentRequest) -> impl Fn(&State) -> bool + use<> {
        let numbered = request.client.clone().zip(request.request).map(|(client, number)| ((client, id), number));
        if let Some((key, number)) = &numbered {
            let mut state = self.lock();
            if state.newest.len() > 1000 {
                state.newest.clear();
            }
            let newest = state.newest.entry(key.clone()).or_default();
            *newest = (*newest).max(*number);
            self.wake.notify_all();
        }
        move |state: &State| {
            numbered.as_ref().is_some_and(|(key, number)| state.newest.get(key).is_some_and(|newest| newest > number))
        }
    }
}

impl Workbench {
    /// Asks the segmenter what a person points at.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`]; [`Error::NoModel`], [`Error::NoAnswer`] when there is nothing there,
    /// [`Error::Superseded`] when the same tab asked something newer, and what goes wrong in the model.
    pub fn segment(&self, d: &DatasetName, id: ImageId, request: &SegmentRequest) -> Result<SegmentAnswer, Error> {
        self.open.assist.shared.segment(d, id, request)
    }
}
