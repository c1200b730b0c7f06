//! From a mask over a detector's frame to the outline of one object: cut to its box, as all these models mean it.

use tator_domain::{PixelBox, Polygon};

use crate::letterbox::Lie;
use crate::segmenter::{MaskGrid, Prompt};

/// The outline of what is above 0 within `rect`, of a mask of `width` × `height` cells that covers the whole frame.
/// `value` computes a cell; only those under the box are asked for.
pub(super) fn outline(
    width: usize,
    height: usize,
    lie: &Lie,
    rect: &PixelBox,
    value: impl Fn(usize) -> f32,
) -> Option<Polygon> {
    let rect = rect.clipped(lie.placement.width.into(), lie.placement.height.into());
    if rect.w <= 0.0 || rect.h <= 0.0 {
        return None;
    }
    let [frame_w, frame_h] = lie.frame().map(f64::from);
    // Cells a pixel of the picture has, and where the box begins, in cells.
    let per_pixel = (lie.placement.scale_x * width as f64 / frame_w, lie.placement.scale_y * height as f64 / frame_h);
    let start = (
        rect.x * per_pixel.0 + f64::from(lie.left) * width as f64 / frame_w,
        rect.y * per_pixel.1 + f64::from(lie.top) * height as f64 / frame_h,
    );
    let across = Axis::new(start.0, rect.w * per_pixel.0, width);
    let down = Axis::new(start.1, rect.h * per_pixel.1, height);
    let cells = Cells::new(&across, &down, width, value);
    let logits =
        down.places().flat_map(|y| across.places().map(move |x| (x, y))).map(|(x, y)| cells.at(x, y)).collect();
    let grid = MaskGrid {
        width: across.count,
        height: down.count,
        logits,
        step_x: rect.w / across.count as f64,
        step_y: rect.h / down.count as f64,
        score: 1.0,
    };
    let mut polygon = inner(&grid, &rect)?;
    polygon.rings.iter_mut().flatten().for_each(|point| *point = [point[0] + rect.x, point[1] + rect.y]);
    Some(polygon)
}

/// The outline within the box, from its corner.
fn inner(grid: &MaskGrid, rect: &PixelBox) -> Option<Polygon> {
    let (width, height) = (rect.w.ceil() as u32, rect.h.ceil() as u32);
    let mut polygon = grid.outline(width, height, &Prompt::default())?.polygon;
    let into = |point: &mut [f64; 2]| *point = [point[0].min(rect.w), point[1].min(rect.h)];
    polygon.rings.iter_mut().flatten().for_each(into);
    Some(polygon)
}

/// Where a box is sampled along one axis: as finely as the mask is.
struct Axis {
    start: f64,
    step: f64,
    count: usize,
    /// First and last cell that is needed.
    cells: (usize, usize),
}

impl Axis {
    fn new(start: f64, length: f64, cells: usize) -> Self {
        let count = (length.ceil() as usize).max(2);
        let last = cells - 1;
        let low = ((start - 0.5).floor().max(0.0) as usize).min(last);
        let high = ((start + length + 0.5).ceil().max(0.0) as usize).min(last);
        Self { start, step: length / count as f64, count, cells: (low, high) }
    }

    /// Places in cells, of which the middle is at ½.
    fn places(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.count).map(|i| self.start + (i as f64 + 0.5) * self.step - 0.5)
    }
}

/// The cells under a box.
struct Cells {
    left: usize,
    top: usize,
    width: usize,
    values: Vec<f32>,
}

impl Cells {
    fn new(across: &Axis, down: &Axis, stride: usize, value: impl Fn(usize) -> f32) -> Self {
        let columns = across.cells.0..=across.cells.1;
        let places = (down.cells.0..=down.cells.1).flat_map(|y| columns.clone().map(move |x| y * stride + x));
        let values = places.map(value).collect();
        Self { left: across.cells.0, top: down.cells.0, width: across.cells.1 - across.cells.0 + 1, values }
    }

    /// Between four cells; beyond the edge as at the edge.
    fn at(&self, x: f64, y: f64) -> f32 {
        let height = self.values.len() / self.width;
        let split = |v: f64, first: usize, count: usize| {
            let v = (v - first as f64).clamp(0.0, (count - 1) as f64);
            (v.floor() as usize, (v.floor() as usize + 1).min(count - 1), (v - v.floor()) as f32)
        };
        let ((x0, x1, sx), (y0, y1, sy)) = (split(x, self.left, self.width), split(y, self.top, height));
        let cell = |x: usize, y: usize| self.values[y * self.width + x];
        let row = |y: usize| cell(x0, y) + sx * (cell(x1, y) - cell(x0, y));
        row(y0) + sy * (row(y1) - row(y0))
    }
}
