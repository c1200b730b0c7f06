//! From a grid of logits to an outline: marching squares with linear interpolation, so that an outline follows the zero
//! line between cells and needs no mask of the picture's size. (Lorensen & Cline 1987 in two dimensions.)

use std::collections::HashMap;

use tator_domain::{PixelBox, Polygon, Ring};

use crate::segmenter::{MaskGrid, Prompt};

/// Islands smaller than this share of the largest are crumbs of the network, not parts of an object.
const CRUMB: f64 = 0.04;
/// Corners of an outline are dropped while it stays within this many cells …
const TOLERANCE_CELLS: f64 = 0.2;
/// … or this share of the object's diagonal: a large object needs no corner every pixel, and people edit corners.
const TOLERANCE_DIAGONAL: f64 = 0.004;

/// What a mask amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The tight box around the outline.
    pub rect: PixelBox,
    /// Outer rings, the largest first; holes are filled.
    pub polygon: Polygon,
}

impl MaskGrid {
    /// The outline of what is above 0 in a picture of `width` × `height` pixels; `None` when nothing is. Crumbs go,
    /// unless the prompt has a point on them.
    #[must_use]
    pub fn outline(&self, width: u32, height: u32, prompt: &Prompt) -> Option<Outline> {
        let field = Field::new(self, f64::from(width), f64::from(height));
        let mut rings: Vec<(f64, Ring)> =
            field.rings().into_iter().map(|ring| (signed_area(&ring), ring)).filter(|(area, _)| *area > 0.0).collect();
        rings.sort_by(|a, b| b.0.total_cmp(&a.0));
        let largest = rings.first()?.0;
        let pointed = |ring: &Ring| prompt.points.iter().any(|(x, y, on)| *on && contains(ring, *x, *y));
        rings.retain(|(area, ring)| *area >= largest * CRUMB || pointed(ring));
        let polygon = Polygon { rings: rings.iter().map(|(_, ring)| ring.clone()).collect() };
        // The box is that of the full outline: thinning must not move an edge.
        let rect = polygon.bounds()?;
        let cell = self.step_x.max(self.step_y);
        let tolerance = (cell * TOLERANCE_CELLS).max(rect.w.hypot(rect.h) * TOLERANCE_DIAGONAL);
        let thin = |ring: &Ring| simplify(ring, tolerance);
        let polygon = Polygon { rings: polygon.rings.iter().map(thin).filter(|ring| ring.len() >= 3).collect() };
        (rect.w > 0.0 && rect.h > 0.0 && !polygon.rings.is_empty()).then_some(Outline { rect, polygon })
    }
}

/// Values at places: the cells of the picture, one column and row more at each edge of it (as the nearest cells say),
/// and around all that a rim that is outside, so that every outline closes.
struct Field {
    xs: Vec<f64>,
    ys: Vec<f64>,
    values: Vec<f32>,
}

impl Field {
    fn new(grid: &MaskGrid, width: f64, height: f64) -> Self {
        let (xs, columns) = axis(grid.width, grid.step_x, width);
        let (ys, rows) = axis(grid.height, grid.step_y, height);
        let mut values = vec![-1.0; xs.len() * ys.len()];
        for (y, from_row) in rows.iter().enumerate() {
            for (x, from_column) in columns.iter().enumerate() {
                if let (Some(row), Some(column)) = (from_row, from_column) {
                    values[y * xs.len() + x] = row.mix(|j| column.mix(|i| grid.logits[j * grid.width + i]));
                }
            }
        }
        Self { xs, ys, values }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.xs.len() + x]
    }

    /// Closed lines with what is inside on their right as y grows downwards: outer ones have a positive shoelace area.
    fn rings(&self) -> Vec<Ring> {
        let mut links = self.links();
        let mut rings = Vec::new();
        let mut starts: Vec<Edge> = links.keys().copied().collect();
        starts.sort_unstable();
        for start in starts {
            let mut ring = Vec::new();
            let mut here = start;
            while let Some(next) = links.remove(&here) {
                ring.push(self.crossing(here));
                here = next;
            }
            if ring.len() >= 3 {
                rings.push(ring);
            }
        }
        rings
    }

    /// From the edge where the line enters a square to the one where it leaves.
    fn links(&self) -> HashMap<Edge, Edge> {
        let mut links = HashMap::new();
        for y in 0..self.ys.len() - 1 {
            for x in 0..self.xs.len() - 1 {
                let corners = [self.at(x, y), self.at(x + 1, y), self.at(x + 1, y + 1), self.at(x, y + 1)];
                let inside = corners.map(|value| value > 0.0);
                let [top, right, bottom, left] =
                    [Edge::across(x, y), Edge::down(x + 1, y), Edge::across(x, y + 1), Edge::down(x, y)];
                let case = inside.iter().enumerate().fold(0, |case, (bit, on)| case | u8::from(*on) << bit);
                let joined = corners.iter().sum::<f32>() > 0.0;
                let found: &[(Edge, Edge)] = match case {
                    1 => &[(top, left)],
                    2 => &[(right, top)],
                    3 => &[(right, left)],
                    4 => &[(bottom, right)],
                    5 if joined => &[(bottom, left), (top, right)],
                    5 => &[(top, left), (bottom, right)],
                    6 => &[(bottom, top)],
                    7 => &[(bottom, left)],
                    8 => &[(left, bottom)],
                    9 => &[(top, bottom)],
                    10 if joined => &[(left, top), (right, bottom)],
                    10 => &[(right, top), (left, bottom)],
                    11 => &[(right, bottom)],
                    12 => &[(left, right)],
                    13 => &[(top, right)],
                    14 => &[(left, top)],
                    _ => &[],
                };
                links.extend(found.iter().copied());
            }
        }
        links
    }

    /// Where the zero line crosses an edge.
    fn crossing(&self, edge: Edge) -> [f64; 2] {
        let Edge { x, y, down } = edge;
        let (a, b) = (self.at(x, y), self.at(x + usize::from(!down), y + usize::from(down)));
        let share = f64::from(a / (a - b));
        let between = |axis: &[f64], i: usize| axis[i] + share * (axis[i + 1] - axis[i]);
        if down { [self.xs[x], between(&self.ys, y)] } else { [between(&self.xs, x), self.ys[y]] }
    }
}

/// The line between two neighbouring places: (x, y) and the one right of it, or below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Edge {
    y: usize,
    x: usize,
    down: bool,
}

impl Edge {
    fn across(x: usize, y: usize) -> Self {
        Self { y, x, down: false }
    }

    fn down(x: usize, y: usize) -> Self {
        Self { y, x, down: true }
    }
}

/// Between two cells.
#[derive(Clone, Copy)]
struct Blend {
    low: usize,
    high: usize,
    share: f32,
}

impl Blend {
    fn mix(self, value: impl Fn(usize) -> f32) -> f32 {
        let low = value(self.low);
        if self.low == self.high { low } else { low + self.share * (value(self.high) - low) }
    }
}

/// Places along one axis and the cells behind each; the rim has none and lies on the picture's edge.
fn axis(cells: usize, step: f64, length: f64) -> (Vec<f64>, Vec<Option<Blend>>) {
    let last = cells - 1;
    let mut places = vec![0.0, 0.0];
    let mut blends = vec![None, Some(Blend { low: 0, high: 0, share: 0.0 })];
    for cell in 0..cells {
        let place = (cell as f64 + 0.5) * step;
        if place >= length {
            break;
        }
        places.push(place);
        blends.push(Some(Blend { low: cell, high: cell, share: 0.0 }));
    }
    let end = (length / step - 0.5).clamp(0.0, last as f64);
    let low = end.floor() as usize;
    places.extend([length, length]);
    blends.extend([Some(Blend { low, high: (low + 1).min(last), share: (end - end.floor()) as f32 }), None]);
    (places, blends)
}

/// Shoelace formula; positive when the ring runs clockwise on a screen.
fn signed_area(ring: &[[f64; 2]]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>() / 2.0
}

fn contains(ring: &[[f64; 2]], x: f64, y: f64) -> bool {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).fold(false, |inside, (a, b)| {
        let crosses = (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0];
        inside != crosses
    })
}

/// Drops corners that are within `tolerance` of the line without them (Douglas & Peucker 1973), on a closed ring.
fn simplify(ring: &Ring, tolerance: f64) -> Ring {
    if ring.len() < 4 {
        return ring.clone();
    }
    // Two corners that stay: the first, and the one farthest from it.
    let far = (0..ring.len()).max_by(|a, b| distance(ring[*a], ring[0]).total_cmp(&distance(ring[*b], ring[0])));
    let far = far.unwrap_or(ring.len() / 2);
    let closed: Vec<[f64; 2]> = ring[far..].iter().chain(&ring[..1]).copied().collect();
    let mut kept = thin_line(&ring[..=far], tolerance);
    kept.pop();
    kept.extend(thin_line(&closed, tolerance));
    kept.pop();
    kept
}

fn thin_line(line: &[[f64; 2]], tolerance: f64) -> Vec<[f64; 2]> {
    let mut keep = vec![false; line.len()];
    let mut open = vec![(0, line.len() - 1)];
    while let Some((from, to)) = open.pop() {
        keep[from] = true;
        keep[to] = true;
        let off = |i: &usize| off_line(line[*i], line[from], line[to]);
        let Some(worst) = (from + 1..to).max_by(|a, b| off(a).total_cmp(&off(b))) else { continue };
        if off(&worst) > tolerance {
            open.extend([(from, worst), (worst, to)]);
        }
    }
    line.iter().zip(keep).filter(|(_, keep)| *keep).map(|(point, _)| *point).collect()
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn off_line(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let length = distance(a, b);
    if length == 0.0 {
        return distance(p, a);
    }
    ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])).abs() / length
}

#[cfg(test)]
#[path = "outline_tests.rs"]
mod tests;
