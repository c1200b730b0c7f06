//! What can be told about a picture without a model: is it sharp, dark, flat, and what does it look like in 64 bits.
//!
//! Everything is measured on the picture's grey, brought to at most 512 pixels, so that figures of pictures of any size
//! can be compared.

use crate::error::Error;
use crate::header::probe_bytes;
use crate::picture::{Picture, decode_stored, upright};

/// Longest side that is measured.
const MEASURED: u32 = 512;
/// Side of the grey square that a fingerprint sees.
const SIDE: usize = 32;
/// Waves along a side that make up a fingerprint.
const WAVES: usize = 8;
/// Nearly black and nearly white.
const ENDS: (u8, u8) = (12, 243);

/// Figures of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureQuality {
    /// Variance of the Laplacian: how much fine detail there is; small for blurred pictures.
    pub sharpness: f64,
    /// Mean grey, 0 to 1.
    pub brightness: f64,
    /// Deviation of the grey, 0 to 0.5.
    pub contrast: f64,
    /// Share of pixels that are nearly black.
    pub black: f64,
    /// Share of pixels that are nearly white.
    pub white: f64,
    /// How colourful it is (Hasler and Süsstrunk), 0 for grey pictures.
    pub colourfulness: f64,
    /// Perceptual fingerprint: signs of the 63 lowest waves of a cosine transform, the same for copies that were scaled,
    /// recompressed or brightened.
    pub fingerprint: u64,
}

/// Measures a picture.
///
/// # Errors
/// As [`thumbnail`](crate::thumbnail); a truncated JPEG is measured with what there is of it.
pub fn quality(bytes: &[u8]) -> Result<PictureQuality, Error> {
    let header = probe_bytes(bytes)?;
    let stored = decode_stored(bytes, &header)?;
    let small = stored.reduced(MEASURED)?;
    Ok(upright(small, header.orientation).quality())
}

/// A picture in so few greys that only its layout is left: mean greys of `side` × `side` fields that cover it, row by row.
///
/// # Errors
/// As [`quality`].
pub fn sketch(bytes: &[u8], side: usize) -> Result<Vec<u8>, Error> {
    let header = probe_bytes(bytes)?;
    let small = upright(decode_stored(bytes, &header)?.reduced(MEASURED)?, header.orientation);
    let fields = fields(&small.greys(), small.width as usize, small.height as usize, side);
    Ok(fields.into_iter().map(|grey| grey.round() as u8).collect())
}

impl Picture {
    fn greys(&self) -> Vec<u8> {
        self.rgb.as_chunks::<3>().0.iter().map(luma).collect()
    }

    /// The figures of these pixels as they are.
    #[must_use]
    pub fn quality(&self) -> PictureQuality {
        let grey = self.greys();
        let (width, height) = (self.width as usize, self.height as usize);
        let count = grey.len().max(1) as f64;
        let mean = grey.iter().map(|g| f64::from(*g)).sum::<f64>() / count;
        let variance = grey.iter().map(|g| (f64::from(*g) - mean).powi(2)).sum::<f64>() / count;
        let share = |is: &dyn Fn(u8) -> bool| grey.iter().filter(|g| is(**g)).count() as f64 / count;
        PictureQuality {
            sharpness: sharpness(&grey, width, height),
            brightness: mean / 255.0,
            contrast: variance.sqrt() / 255.0,
            black: share(&|g| g <= ENDS.0),
            white: share(&|g| g >= ENDS.1),
            colourfulness: self.colourfulness(),
            fingerprint: fingerprint(&fields(&grey, width, height, SIDE)),
        }
    }

    fn colourfulness(&self) -> f64 {
        let (mut sums, mut squares, pixels) = ([0.0f64; 2], [0.0f64; 2], self.rgb.as_chunks::<3>().0);
        for [r, g, b] in pixels.iter().map(|pixel| pixel.map(f64::from)) {
            for (at, value) in [r - g, 0.5 * (r + g) - b].into_iter().enumerate() {
                sums[at] += value;
                squares[at] += value * value;
            }
        }
        let count = pixels.len().max(1) as f64;
        let means = sums.map(|sum| sum / count);
        let variance = |at: usize| (squares[at] / count - means[at] * means[at]).max(0.0);
        ((variance(0) + variance(1)).sqrt() + 0.3 * means[0].hypot(means[1])) / 255.0
    }
}

fn luma([r, g, b]: &[u8; 3]) -> u8 {
    // Rec. 601 in 8-bit fixed point; the sum is at most 255 · 256 + 128.
    ((77 * u32::from(*r) + 150 * u32::from(*g) + 29 * u32::from(*b) + 128) >> 8) as u8
}

fn sharpness(grey: &[u8], width: usize, height: usize) -> f64 {
    if width < 3 || height < 3 {
        return 0.0;
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let at = |dx: usize, dy: usize| i32::from(grey[(y + dy - 1) * width + x + dx - 1]);
            let edge = f64::from(at(0, 1) + at(2, 1) + at(1, 0) + at(1, 2) - 4 * at(1, 1));
            sum += edge;
            squares += edge * edge;
        }
    }
    let count = ((width - 2) * (height - 2)) as f64;
    squares / count - (sum / count).powi(2)
}

/// Mean grey of `side` × `side` fields that cover the picture, row by row.
fn fields(grey: &[u8], width: usize, height: usize, side: usize) -> Vec<f64> {
    let ends = |at: usize, length: usize| {
        let from = at * length / side;
        from..((at + 1) * length).div_ceil(side).clamp(from + 1, length.max(from + 1))
    };
    let mean = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        let count = (rows.len() * columns.len()) as f64;
        let row = |y: usize| {
            grey[y * width + columns.start..y * width + columns.end].iter().map(|g| f64::from(*g)).sum::<f64>()
        };
        rows.map(row).sum::<f64>() / count
    };
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    places.map(|(x, y)| mean(ends(y, height), ends(x, width))).collect()
}

fn fingerprint(fields: &[f64]) -> u64 {
    let wave = |k: usize, at: usize| ((at as f64 + 0.5) * k as f64 * std::f64::consts::PI / SIDE as f64).cos();
    let waves: [[f64; SIDE]; WAVES] = std::array::from_fn(|k| std::array::from_fn(|at| wave(k, at)));
    let rows: Vec<[f64; WAVES]> =
        fields.chunks_exact(SIDE).map(|row| waves.map(|wave| wave.iter().zip(row).map(|(w, g)| w * g).sum())).collect();
    let strength = |at: usize| -> f64 {
        let (u, v) = (at % WAVES, at / WAVES);
        rows.iter().zip(&waves[v]).map(|(row, wave)| row[u] * wave).sum()
    };
    let strengths: Vec<f64> = (0..WAVES * WAVES).map(strength).collect();
    // The first is the mean: brightness says nothing about what is seen.
    let mut sorted = strengths[1..].to_vec();
    let middle = *sorted.select_nth_unstable_by(31, f64::total_cmp).1;
    strengths.iter().enumerate().skip(1).fold(0, |bits, (at, value)| bits | u64::from(*value > middle) << at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of that size out of what a pixel is at its place, both from 0 to 1.
    fn drawn(width: u32, height: u32, value: impl Fn(f64, f64) -> f64) -> Picture {
        let mut rgb = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let value = value(f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
                rgb.extend([value as u8, (value * 0.9) as u8, (value * 0.7) as u8]);
            }
        }
        Picture { width, height, rgb }
    }

    /// Fields of twelve by nine greys, brighter by `light`.
    fn scene(width: u32, height: u32, light: f64) -> Picture {
        let grey =
            |u: f64, v: f64| ((u * 12.0) as u64 * 9 + (v * 9.0) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57;
        drawn(width, height, |u, v| 40.0 + grey(u, v) as f64 + light)
    }

    /// A slow wave.
    fn wave() -> Picture {
        drawn(64, 64, |u, v| 120.0 + 60.0 * (9.0 * u + 3.0 * v).sin())
    }

    #[test]
    fn copies_of_other_sizes_and_light_have_nearly_the_same_fingerprint() {
        let (one, small, light) = (scene(640, 480, 0.0), scene(211, 160, 0.0), scene(640, 480, 30.0));
        let [one, small, light] = [one, small, light].map(|picture| picture.quality().fingerprint);
        assert!((one ^ small).count_ones() <= 4 && (one ^ light).count_ones() <= 4);
        let mut turned = scene(480, 640, 0.0);
        turned = upright(turned, 6);
        assert!((one ^ turned.quality().fingerprint).count_ones() > 12);
    }

    #[test]
    fn what_is_blurred_dark_or_flat_is_told_by_its_figures() {
        let mut noise = wave();
        noise.rgb.iter_mut().enumerate().for_each(|(at, value)| *value = value.wrapping_add((at * 7919 % 41) as u8));
        assert!(noise.quality().sharpness > 20.0 * wave().quality().sharpness);
        let black = Picture::filled(40, 30, [4, 4, 4]).quality();
        assert_eq!((black.sharpness, black.contrast, black.black, black.white), (0.0, 0.0, 1.0, 0.0));
        assert!(black.brightness < 0.02 && black.colourfulness < 0.01);
        assert!(Picture::filled(3, 3, [250, 20, 20]).quality().colourfulness > 0.2);
    }

    #[test]
    fn pictures_of_a_pixel_are_measured_too() {
        for (width, height) in [(1, 1), (1, 500), (2, 33)] {
            let found = Picture::filled(width, height, [200, 100, 50]).quality();
            assert!(found.sharpness == 0.0 && found.brightness > 0.3, "{found:?}");
        }
        assert!(quality(b"no picture").is_err());
    }
}
