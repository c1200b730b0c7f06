//! A picture as it might have been taken another time: mirrored, in other light, turned, noisy. What happens is said by
//! numbers, so that the same numbers give the same picture.

use crate::error::Error;
use crate::picture::{Picture, upright};

/// Longer side of what comes out; no encoder looks closer.
const MOST: u32 = 512;

/// What is different.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Variation {
    /// Left and right change places.
    pub is_mirrored: bool,
    /// So do top and bottom.
    pub is_flipped: bool,
    /// How much brighter, as a share of white.
    pub brightness: f64,
    /// How much stronger contrast is, as a share.
    pub contrast: f64,
    /// Turn of the hue in degrees.
    pub hue: f64,
    /// How much more saturated, as a share of the most there is.
    pub saturation: f64,
    /// How much more of each colour's value, as a share of the most there is.
    pub value: f64,
    /// Without colour.
    pub is_grey: bool,
    /// Turn in degrees; all of the picture stays visible, corners are filled with its mirror image.
    pub turn: f64,
    /// Deviation of noise in every channel by itself, in steps of 255.
    pub noise: f64,
    /// Deviation of the noise of a sensor at white, the same in all channels and weaker in the dark, in steps of 255.
    pub grain: f64,
    /// Of the noise.
    pub seed: u64,
}

impl Picture {
    /// The same in another way, at most 512 pixels along its longer side.
    ///
    /// # Errors
    /// When the pixels do not fit the size.
    pub fn varied(&self, variation: &Variation) -> Result<Self, Error> {
        let small = self.reduced(MOST)?;
        // Orientations of EXIF: 2 is mirrored, 4 is flipped, 3 is both.
        let orientation = match (variation.is_mirrored, variation.is_flipped) {
            (false, false) => 1,
            (true, false) => 2,
            (true, true) => 3,
            (false, true) => 4,
        };
        let mut varied = upright(small, orientation);
        if variation.turn != 0.0 {
            varied = varied.turned(variation.turn);
        }
        for (at, pixel) in varied.rgb.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let colours = variation.lit(pixel.map(|value| f64::from(value) / 255.0));
            let noisy = variation.noisy(colours, at as u64);
            *pixel = noisy.map(|value| (value * 255.0).round().clamp(0.0, 255.0) as u8);
        }
        Ok(varied)
    }

    fn turned(&self, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (w, h) = (f64::from(self.width), f64::from(self.height));
        let wide = w * cos.abs() + h * sin.abs();
        let high = w * sin.abs() + h * cos.abs();
        let zoom = (wide / w).max(high / h);
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for y in 0..self.height {
            for x in 0..self.width {
                let (dx, dy) = ((f64::from(x) + 0.5 - w / 2.0) * zoom, (f64::from(y) + 0.5 - h / 2.0) * zoom);
                let (u, v) = (cos * dx + sin * dy + w / 2.0 - 0.5, cos * dy - sin * dx + h / 2.0 - 0.5);
                rgb.extend(self.between(u, v));
            }
        }
        Self { width: self.width, height: self.height, rgb }
    }

    /// The colour between four pixels; beyond the edge the picture goes on as its mirror image.
    pub(crate) fn between(&self, u: f64, v: f64) -> [u8; 3] {
        let (left, top) = (u.floor(), v.floor());
        let (along, down) = (u - left, v - top);
        let at = |x: f64, y: f64| {
            let (x, y) = (reflected(x, self.width), reflected(y, self.height));
            self.pixel(x, y).unwrap_or_default().map(f64::from)
        };
        let corners = [at(left, top), at(left + 1.0, top), at(left, top + 1.0), at(left + 1.0, top + 1.0)];
        std::array::from_fn(|channel| {
            let [a, b, c, d] = corners.map(|colour| colour[channel]);
            let (above, below) = (a + along * (b - a), c + along * (d - c));
            (above + down * (below - above)).round() as u8
        })
    }
}

fn reflected(at: f64, length: u32) -> u32 {
    let last = f64::from(length) - 1.0;
    if last <= 0.0 {
        return 0;
    }
    let within = at.rem_euclid(2.0 * last);
    (if within > last { 2.0 * last - within } else { within }) as u32
}

impl Variation {
    fn lit(&self, mut rgb: [f64; 3]) -> [f64; 3] {
        if self.brightness != 0.0 || self.contrast != 0.0 {
            rgb = rgb.map(|value| (value * (1.0 + self.contrast) + self.brightness).clamp(0.0, 1.0));
        }
        if self.hue != 0.0 || self.saturation != 0.0 || self.value != 0.0 {
            let [hue, saturation, value] = hsv(rgb);
            let more = |value: f64, by: f64| (value + by).clamp(0.0, 1.0);
            rgb = from_hsv([hue + self.hue, more(saturation, self.saturation), more(value, self.value)]);
        }
        if self.is_grey {
            rgb = [0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]; 3];
        }
        rgb
    }

    fn noisy(&self, rgb: [f64; 3], at: u64) -> [f64; 3] {
        if self.noise == 0.0 && self.grain == 0.0 {
            return rgb;
        }
        let light = (rgb[0] + rgb[1] + rgb[2]) / 3.0;
        let grain = self.grain / 255.0 * light.sqrt() * normal(self.seed, 4 * at);
        let one =
            |channel: usize| rgb[channel] + grain + self.noise / 255.0 * normal(self.seed, 4 * at + 1 + channel as u64);
        [one(0), one(1), one(2)]
    }
}

/// Nearly normal with deviation 1: four uniform numbers out of one that looks random (SplitMix64).
fn normal(seed: u64, at: u64) -> f64 {
    let mut z = seed.wrapping_add(at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    let sum: f64 = (0..4).map(|part| ((z >> (16 * part)) & 0xffff) as f64 / 65_535.0).sum();
    (sum - 2.0) * 3f64.sqrt()
}

/// Hue in degrees, saturation and value.
fn hsv([r, g, b]: [f64; 3]) -> [f64; 3] {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let range = most - least;
    let sector = if range == 0.0 {
        0.0
    } else if most == r {
        (g - b) / range
    } else if most == g {
        2.0 + (b - r) / range
    } else {
        4.0 + (r - g) / range
    };
    [60.0 * sector, if most > 0.0 { range / most } else { 0.0 }, most]
}

fn from_hsv([hue, saturation, value]: [f64; 3]) -> [f64; 3] {
    let channel = |n: f64| {
        let k = (n + hue / 60.0).rem_euclid(6.0);
        value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
    };
    [channel(5.0), channel(3.0), channel(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let rgb = (0..12 * 8u32).flat_map(|at| [(at * 2) as u8, (at % 12 * 20) as u8, 90]).collect();
        Picture { width: 12, height: 8, rgb }
    }

    #[test]
    fn nothing_different_is_the_same() {
        assert_eq!(picture().varied(&Variation::default()).unwrap(), picture());
        let hue = Variation { hue: 360.0, ..Variation::default() };
        assert_eq!(picture().varied(&hue).unwrap(), picture(), "colours come back from their hue");
    }

    #[test]
    fn mirrored_and_flipped_pixels_are_where_they_should_be() {
        let varied = |is_mirrored, is_flipped| {
            picture().varied(&Variation { is_mirrored, is_flipped, ..Variation::default() }).unwrap()
        };
        assert_eq!(varied(true, false).pixel(2, 3), picture().pixel(9, 3));
        assert_eq!(varied(false, true).pixel(2, 3), picture().pixel(2, 4));
        assert_eq!(varied(true, true).pixel(2, 3), picture().pixel(9, 4));
    }

    #[test]
    fn a_half_turn_is_both_and_any_turn_keeps_the_size_and_the_middle() {
        let turned = |turn| picture().varied(&Variation { turn, ..Variation::default() }).unwrap();
        let both = Variation { is_mirrored: true, is_flipped: true, ..Variation::default() };
        assert_eq!(turned(180.0), picture().varied(&both).unwrap());
        let flat = Picture::filled(20, 20, [9, 80, 200]);
        let slanted = flat.varied(&Variation { turn: 33.0, ..Variation::default() }).unwrap();
        assert_eq!(slanted, flat, "its mirror image fills the corners");
        assert_eq!((turned(90.0).width, turned(90.0).height), (12, 8));
    }

    #[test]
    fn light_colour_and_noise_do_what_they_say() {
        let flat = Picture::filled(64, 64, [100, 100, 100]);
        let varied = |variation: Variation| flat.varied(&variation).unwrap();
        assert_eq!(varied(Variation { brightness: 0.2, ..Variation::default() }).pixel(0, 0), Some([151; 3]));
        assert_eq!(varied(Variation { contrast: -0.5, ..Variation::default() }).pixel(0, 0), Some([50; 3]));
        let red = Picture::filled(4, 4, [200, 0, 0]);
        let green = red.varied(&Variation { hue: 120.0, ..Variation::default() }).unwrap();
        assert_eq!(green.pixel(1, 1), Some([0, 200, 0]));
        let grey = red.varied(&Variation { is_grey: true, ..Variation::default() }).unwrap();
        assert_eq!(grey.pixel(1, 1), Some([60; 3]));
        let noisy = varied(Variation { noise: 6.0, seed: 3, ..Variation::default() });
        let mean = noisy.rgb.iter().map(|value| f64::from(*value)).sum::<f64>() / noisy.rgb.len() as f64;
        let off = noisy.rgb.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>();
        let deviation = (off / noisy.rgb.len() as f64).sqrt();
        assert!((mean - 100.0).abs() < 0.5 && (deviation - 6.0).abs() < 0.3, "{mean} {deviation}");
        assert_eq!(noisy, varied(Variation { noise: 6.0, seed: 3, ..Variation::default() }));
        assert_ne!(noisy, varied(Variation { noise: 6.0, seed: 4, ..Variation::default() }));
        let grain = varied(Variation { grain: 20.0, seed: 3, ..Variation::default() });
        assert!(grain.rgb.as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b) && grain != flat);
    }
}
