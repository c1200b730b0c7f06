//! The two inner loops of everything here: dot products, and products of matrices.
//!
//! Twice: in plain Rust, and with the instructions of AVX2 and fused multiply-add in `kernel/fused.rs`, chosen when the
//! program runs. An element's result depends on its row and column alone, never on how the work was split, so any
//! number of threads gives the same.

#[cfg(target_arch = "x86_64")]
mod fused;

use rayon::prelude::*;

/// Columns of a strip: two vector registers of AVX2.
const STRIP: usize = 16;
/// Rows of a tile: with two registers a row, twelve of sixteen hold sums.
const TILE: usize = 6;
/// Depth of a block: a strip of it (24 KiB) stays in the first cache.
const DEPTH: usize = 384;
/// Rows that one thread takes at a time, so that they stay in the second cache.
const BAND: usize = 96;

/// The right-hand matrix of a product, laid out as the inner loop reads it.
pub(crate) struct Packed {
    strips: Vec<[f32; STRIP]>,
    depth: usize,
    columns: usize,
}

impl Packed {
    /// From rows that are its columns: the right side of `A · Bᵀ`.
    pub fn from_columns(rows: &[f32], depth: usize) -> Self {
        Self::filled(depth, rows.len() / depth, |block, first, strip| {
            for (lane, row) in rows[first * depth..].chunks_exact(depth).take(STRIP).enumerate() {
                strip.iter_mut().zip(&row[block.clone()]).for_each(|(to, value)| to[lane] = *value);
            }
        })
    }

    /// From its rows: the right side of `A · B`.
    pub fn from_rows(data: &[f32], columns: usize) -> Self {
        Self::filled(data.len() / columns, columns, |block, first, strip| {
            let width = STRIP.min(columns - first);
            let rows = data[block.start * columns..].chunks_exact(columns);
            strip.iter_mut().zip(rows).for_each(|(to, row)| to[..width].copy_from_slice(&row[first..first + width]));
        })
    }

    /// Lays out block after block of the depth, and in it strip after strip, which `fill` fills from its first column.
    fn filled(depth: usize, columns: usize, fill: impl Fn(std::ops::Range<usize>, usize, &mut [[f32; STRIP]])) -> Self {
        let mut strips = vec![[0.0; STRIP]; columns.div_ceil(STRIP) * depth];
        let mut left = strips.as_mut_slice();
        for block in crate::rows::ranges(depth, DEPTH) {
            for first in (0..columns).step_by(STRIP) {
                let (strip, rest) = left.split_at_mut(block.len());
                fill(block.clone(), first, strip);
                left = rest;
            }
        }
        Self { strips, depth, columns }
    }
}

/// `c = a · b` on this thread; `a` and `c` lie row after row.
pub(crate) fn multiply(a: &[f32], b: &Packed, c: &mut [f32]) {
    c.fill(0.0);
    #[cfg(target_arch = "x86_64")]
    if let Some(fused) = fused::Fused::here() {
        return product(a, b, c, |rows, strip| fused.tile(rows, strip), |rows, strip| fused.tile(rows, strip));
    }
    product(a, b, c, tile::<TILE>, tile::<1>);
}

/// `c = a · b` on all threads, with the same result.
pub(crate) fn multiply_wide(a: &[f32], b: &Packed, c: &mut [f32]) {
    let share = (a.len() / b.depth).div_ceil(2 * rayon::current_num_threads()).next_multiple_of(TILE);
    let band = share.min(BAND);
    let bands = a.par_chunks(band * b.depth).zip(c.par_chunks_mut(band * b.columns));
    bands.for_each(|(a, c)| multiply(a, b, c));
}

/// The sum of products of two vectors of one length.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if let Some(fused) = fused::Fused::here() {
        return fused.dot(a, b);
    }
    lanes(a, b)
}

/// The dot product of `query` with every row.
pub(crate) fn dots(rows: &[f32], query: &[f32], out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(fused) = fused::Fused::here() {
        return rows.chunks_exact(query.len()).zip(out).for_each(|(row, out)| *out = fused.dot(row, query));
    }
    rows.chunks_exact(query.len()).zip(out).for_each(|(row, out)| *out = lanes(row, query));
}

/// The sum of products of bytes and small numbers; exact as long as it fits in 32 bits.
pub(crate) fn dot_bytes(bytes: &[i8], numbers: &[i16]) -> i32 {
    #[cfg(target_arch = "x86_64")]
    if let Some(fused) = fused::Fused::here() {
        return fused.dot_bytes(bytes, numbers);
    }
    bytes.iter().zip(numbers).map(|(byte, number)| i32::from(*byte) * i32::from(*number)).sum()
}

/// The squared Euclidean distance of two vectors of one length.
pub(crate) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let (heads, tail) = a.as_chunks::<16>();
    let (others, rest) = b.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for (x, y) in heads.iter().zip(others) {
        (0..16).for_each(|lane| sums[lane] += (x[lane] - y[lane]) * (x[lane] - y[lane]));
    }
    let end: f32 = tail.iter().zip(rest).map(|(x, y)| (x - y) * (x - y)).sum();
    sums.iter().sum::<f32>() + end
}

fn lanes(a: &[f32], b: &[f32]) -> f32 {
    let (heads, tail) = a.as_chunks::<16>();
    let (others, rest) = b.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for (x, y) in heads.iter().zip(others) {
        for lane in 0..16 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let end: f32 = tail.iter().zip(rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + end
}

/// Goes through a product by blocks, strips and tiles; `many` and `one` do a tile of six rows and of one.
#[inline(always)]
fn product(
    a: &[f32],
    b: &Packed,
    c: &mut [f32],
    many: impl Fn([&[f32]; TILE], &[[f32; STRIP]]) -> [[f32; STRIP]; TILE],
    one: impl Fn([&[f32]; 1], &[[f32; STRIP]]) -> [[f32; STRIP]; 1],
) {
    let rows = a.len() / b.depth;
    let full = rows - rows % TILE;
    for block in crate::rows::ranges(b.depth, DEPTH) {
        let strips = b.strips[block.start * b.columns.div_ceil(STRIP)..].chunks_exact(block.len());
        let row = |at: usize| &a[at * b.depth..][block.clone()];
        for (strip, first) in strips.zip((0..b.columns).step_by(STRIP)) {
            for top in (0..full).step_by(TILE) {
                add_tile(&many(std::array::from_fn(|i| row(top + i)), strip), c, top, first, b.columns);
            }
            for top in full..rows {
                add_tile(&one([row(top)], strip), c, top, first, b.columns);
            }
        }
    }
}

fn tile<const M: usize>(rows: [&[f32]; M], strip: &[[f32; STRIP]]) -> [[f32; STRIP]; M] {
    let mut sums = [[0.0f32; STRIP]; M];
    for (p, b) in strip.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            (0..STRIP).for_each(|lane| sums[lane] += row[p] * b[lane]);
        }
    }
    sums
}

#[inline(always)]
fn add_tile(sums: &[[f32; STRIP]], c: &mut [f32], top: usize, first: usize, columns: usize) {
    let width = STRIP.min(columns - first);
    for (i, sums) in sums.iter().enumerate() {
        let row = &mut c[(top + i) * columns + first..][..width];
        row.iter_mut().zip(sums).for_each(|(to, sum)| *to += sum);
    }
}

/// The same numbers with rows and columns exchanged.
pub(crate) fn transposed(data: &[f32], columns: usize) -> Vec<f32> {
    let rows = data.len() / columns.max(1);
    let mut turned = vec![0.0; data.len()];
    for (r, row) in data.chunks_exact(columns.max(1)).enumerate() {
        row.iter().enumerate().for_each(|(c, value)| turned[c * rows + r] = *value);
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    fn random(count: usize, seed: u64) -> Vec<f32> {
        let mut chance = Chance::new(seed);
        (0..count).map(|_| chance.normal() as f32).collect()
    }

    fn plain(a: &[f32], b: &[f32], depth: usize, columns: usize) -> Vec<f64> {
        let cell = |r: usize, c: usize| {
            (0..depth).map(|p| f64::from(a[r * depth + p]) * f64::from(b[p * columns + c])).sum::<f64>()
        };
        (0..a.len() / depth).flat_map(|r| (0..columns).map(move |c| cell(r, c))).collect()
    }

    #[test]
    fn products_equal_the_plain_sum_at_odd_sizes() {
        for (rows, depth, columns) in [(1, 1, 1), (7, 5, 3), (13, 400, 17), (100, 769, 33), (6, 384, 16)] {
            let (a, b) = (random(rows * depth, 1), random(depth * columns, 2));
            let wanted = plain(&a, &b, depth, columns);
            let (mut narrow, mut wide) = (vec![1.0; rows * columns], vec![2.0; rows * columns]);
            multiply(&a, &Packed::from_rows(&b, columns), &mut narrow);
            multiply_wide(&a, &Packed::from_columns(&transposed(&b, columns), depth), &mut wide);
            assert_eq!(narrow, wide);
            assert!(narrow.iter().zip(&wanted).all(|(got, want)| (f64::from(*got) - want).abs() < 1e-3));
        }
    }

    #[test]
    fn the_plain_and_the_fused_loops_agree() {
        let (a, b) = (random(100, 3), random(100, 4));
        assert!((dot(&a, &b) - lanes(&a, &b)).abs() < 1e-4);
        let mut out = [0.0; 2];
        dots(&a, &b[..50], &mut out);
        assert_eq!(out[1], dot(&a[50..], &b[..50]));
        let (mut c, packed) = (vec![0.0; 16], Packed::from_rows(&b, 4));
        product(&a, &packed, &mut c, tile::<TILE>, tile::<1>);
        let wanted = plain(&a, &b, 25, 4);
        assert!(c.iter().zip(&wanted).all(|(got, want)| (f64::from(*got) - want).abs() < 1e-3));
    }

    #[test]
    fn bytes_are_summed_exactly_at_odd_lengths() {
        let mut chance = Chance::new(9);
        for length in [0, 1, 15, 16, 33, 100, 4_096] {
            let bytes: Vec<i8> = (0..length).map(|_| chance.below(255) as i8).collect();
            let numbers: Vec<i16> = (0..length).map(|_| chance.below(4_095) as i16 - 2_047).collect();
            let wanted: i32 = bytes.iter().zip(&numbers).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            assert_eq!(dot_bytes(&bytes, &numbers), wanted);
        }
        assert_eq!(dot_bytes(&[-127; 4_096], &[2_047; 4_096]), -127 * 2_047 * 4_096);
    }

    #[test]
    fn distances_are_squared_and_euclidean() {
        let (a, b) = (random(37, 5), random(37, 6));
        let wanted: f32 = a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum();
        assert!((squared_distance(&a, &b) - wanted).abs() < 1e-4);
    }

    /// `cargo test -p tator-learning speed -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    #[allow(clippy::print_stderr)]
    fn speed_of_products() {
        let (rows, depth, columns) = (1_920, 1_280, 256);
        let (a, b) = (random(rows * depth, 1), Packed::from_columns(&random(columns * depth, 2), depth));
        let mut c = vec![0.0; rows * columns];
        for _ in 0..5 {
            let begun = std::time::Instant::now();
            multiply(&a, &b, &mut c);
            let seconds = begun.elapsed().as_secs_f64();
            eprintln!("{:.1} GFLOP/s", 2e-9 * (rows * depth * columns) as f64 / seconds);
        }
    }
}
