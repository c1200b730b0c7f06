//! Whether two pictures are one: their small grey squares are laid on each other, whole on whole and whole on part, also
//! mirrored. Brighter and recompressed copies fit as they are, cut ones fit a part of the other.

use std::sync::LazyLock;

use crate::kernel::dot;

/// Side of a sketch, a small grey picture of the whole.
pub const SKETCH: usize = 32;
/// Side of what is compared: the mean greys of so many fields along a side.
const CELLS: usize = 16;
/// Parts that are tried: so much of the side, at every place by steps of a twentieth.
const SIDES: [f32; 5] = [1.0, 0.95, 0.9, 0.85, 0.8];
const STEP: f32 = 0.05;

/// A part of a picture: its side as a share, and where it begins.
#[derive(Clone, Copy)]
struct Part {
    side: f32,
    x: f32,
    y: f32,
}

static PARTS: LazyLock<Vec<Part>> = LazyLock::new(|| {
    let places = |side: f32| (0..=((1.0 - side) / STEP).round() as usize).map(|n| n as f32 * STEP);
    let of_side = |side: f32| places(side).flat_map(move |y| places(side).map(move |x| Part { side, x, y }));
    SIDES.into_iter().flat_map(of_side).collect()
});

/// Sums of all greys above and left of each point, so that the mean of any rectangle is four look-ups.
struct Sums(Vec<f32>);

const WIDTH: usize = SKETCH + 1;

impl Sums {
    fn of(sketch: &[u8]) -> Self {
        let mut sums = vec![0.0; WIDTH * WIDTH];
        for y in 0..SKETCH {
            let mut row = 0.0;
            for x in 0..SKETCH {
                row += f32::from(sketch.get(y * SKETCH + x).copied().unwrap_or_default());
                sums[(y + 1) * WIDTH + x + 1] = sums[y * WIDTH + x + 1] + row;
            }
        }
        Self(sums)
    }

    /// The sum up to a point between the others: sums are linear within a pixel.
    fn up_to(&self, x: f32, y: f32) -> f32 {
        let last = SKETCH as f32 - 0.001;
        let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
        let (column, row) = (x as usize, y as usize);
        let (u, v) = (x - column as f32, y - row as f32);
        let at = |row: usize, column: usize| self.0[row * WIDTH + column];
        let above = at(row, column) + u * (at(row, column + 1) - at(row, column));
        let below = at(row + 1, column) + u * (at(row + 1, column + 1) - at(row + 1, column));
        above + v * (below - above)
    }

    /// The fields of a part, with mean 0 and length 1; all 0 where there is nothing to see.
    fn fields(&self, part: Part) -> Vec<f32> {
        let edge = |from: f32, n: usize| (from + part.side * n as f32 / CELLS as f32) * SKETCH as f32;
        let row = |y: usize| (0..=CELLS).map(|x| self.up_to(edge(part.x, x), edge(part.y, y))).collect::<Vec<f32>>();
        let (mut above, mut fields) = (row(0), Vec::with_capacity(CELLS * CELLS));
        for y in 1..=CELLS {
            let below = row(y);
            fields.extend((0..CELLS).map(|x| below[x + 1] - below[x] - above[x + 1] + above[x]));
            above = below;
        }
        let mean = fields.iter().sum::<f32>() / fields.len() as f32;
        fields.iter_mut().for_each(|value| *value -= mean);
        let length = dot(&fields, &fields).sqrt();
        let inverse = if length > 1.0 { 1.0 / length } else { 0.0 };
        fields.iter_mut().for_each(|value| *value *= inverse);
        fields
    }
}

fn mirrored(fields: &[f32]) -> Vec<f32> {
    fields.chunks_exact(CELLS).flat_map(|row| row.iter().rev().copied()).collect()
}

/// How well two sketches fit at best, as a correlation: 1 is the same picture, unlike ones come to 0.3 to 0.6.
#[must_use]
pub fn overlay(one: &[u8], other: &[u8]) -> f32 {
    let sums = [Sums::of(one), Sums::of(other)];
    let whole = sums.each_ref().map(|sums| sums.fields(Part { side: 1.0, x: 0.0, y: 0.0 }));
    let turned = whole.each_ref().map(|fields| mirrored(fields));
    let mut best = 0.0f32;
    for part in PARTS.iter() {
        for (sums, wanted) in sums.iter().zip([1, 0]) {
            let fields = sums.fields(*part);
            best = best.max(dot(&fields, &whole[wanted])).max(dot(&fields, &turned[wanted]));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    /// Blobs of light, the same for a seed, seen through a window of the picture.
    fn scene(seed: u64, (x, y, side): (f64, f64, f64), light: f64) -> Vec<u8> {
        let mut chance = Chance::new(seed);
        let blobs: Vec<[f64; 4]> =
            (0..30).map(|_| [chance.unit(), chance.unit(), 0.03 + 0.1 * chance.unit(), chance.normal()]).collect();
        let grey = |u: f64, v: f64| {
            let blob = |[bx, by, size, height]: &[f64; 4]| {
                height * (-((u - bx).powi(2) + (v - by).powi(2)) / (size * size)).exp()
            };
            (light * (110.0 + 50.0 * blobs.iter().map(blob).sum::<f64>())).clamp(0.0, 255.0) as u8
        };
        let at = |n: usize| (n as f64 + 0.5) / SKETCH as f64;
        let cells = (0..SKETCH).flat_map(|row| (0..SKETCH).map(move |column| (at(column), at(row))));
        cells.map(|(u, v)| grey(x + side * u, y + side * v)).collect()
    }

    const WHOLE: (f64, f64, f64) = (0.0, 0.0, 1.0);

    #[test]
    fn copies_that_are_brighter_cut_or_mirrored_fit() {
        for seed in 0..20 {
            let picture = scene(seed, WHOLE, 1.0);
            let brighter = scene(seed, WHOLE, 1.2);
            let mirrored: Vec<u8> = picture.chunks_exact(SKETCH).flat_map(|row| row.iter().rev().copied()).collect();
            let cuts = [(0.05, 0.05, 0.9), (0.0, 0.1, 0.85), (0.2, 0.0, 0.8)].map(|part| scene(seed, part, 1.0));
            for copy in [brighter, mirrored].into_iter().chain(cuts) {
                let told = overlay(&picture, &copy);
                assert!(told > 0.95 && (told - overlay(&copy, &picture)).abs() < 1e-5, "{seed}: {told}");
            }
        }
    }

    #[test]
    fn other_pictures_do_not() {
        for seed in 0..40 {
            let told = overlay(&scene(seed, WHOLE, 1.0), &scene(seed + 100, WHOLE, 1.0));
            assert!(told < 0.85, "{seed}: {told}");
        }
        assert_eq!(overlay(&[7; SKETCH * SKETCH], &[7; SKETCH * SKETCH]), 0.0, "nothing to see is no likeness");
    }
}
