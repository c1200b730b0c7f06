//! Looking at a large picture in overlapping windows, so that small objects are not lost in a small frame (SAHI, Akyon et
//! al. 2022). Here windows are cut and what was found is shifted back, with the window it comes from; putting together
//! what two windows saw is for whoever fuses detections. There is no silent fall-back to the whole picture: no object in
//! any window is an answer, and a window that fails is an error.

use tator_domain::Polygon;

use crate::detector::{DetectOptions, Detection, Detector};
use crate::model_error::ModelError;
use crate::network::Stop;
use crate::picture::Picture;

/// Windows that are cut out at a time; they are copies of pixels.
const AT_ONCE: usize = 32;

/// How a picture is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slicing {
    /// Width of a window in pixels.
    pub width: u32,
    /// Height of a window in pixels.
    pub height: u32,
    /// Share of the width that neighbours have in common, at least 0 and less than 1.
    pub overlap_x: f64,
    /// Share of the height that neighbours have in common.
    pub overlap_y: f64,
}

/// Part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    /// Left edge in pixels.
    pub x: u32,
    /// Top edge in pixels.
    pub y: u32,
    /// Width in pixels.
    pub w: u32,
    /// Height in pixels.
    pub h: u32,
}

/// A detection and the window that it comes from. Rank is counted within the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// In pixels of the whole picture.
    pub detection: Detection,
    /// Place of the window in [`windows`].
    pub window: usize,
}

impl Slicing {
    /// Square windows.
    #[must_use]
    pub fn square(side: u32, overlap: f64) -> Self {
        Self { width: side, height: side, overlap_x: overlap, overlap_y: overlap }
    }

    /// SAHI's own choice for a picture of this size: the more pixels, the more windows.
    #[must_use]
    pub fn automatic(width: u32, height: u32) -> Self {
        let pixels = (u64::from(width) * u64::from(height)).max(1);
        // The largest power of two below the number of pixels.
        let exponent = (pixels - 1).checked_ilog2().unwrap_or(0);
        let (splits, overlap) = match exponent {
            ..=18 => return Self { width, height, overlap_x: 0.0, overlap_y: 0.0 },
            19..=20 => (1, 0.8),
            21..=23 => (2, 0.4),
            _ => (4, 0.4),
        };
        // The longer side is cut once more.
        let (across, down) = match width.cmp(&height) {
            std::cmp::Ordering::Less => (splits, splits * 2),
            std::cmp::Ordering::Equal => (splits, splits),
            std::cmp::Ordering::Greater => (splits * 2, splits),
        };
        let length = |n: u32, parts: u32| (n / parts).max(1);
        Self { width: length(width, across), height: length(height, down), overlap_x: overlap, overlap_y: overlap }
    }
}

/// The windows over a picture, row by row. All have the full size: one that would reach beyond an edge is moved back, so
/// the last two may overlap more than asked. A picture smaller than a window has one, of its own size.
///
/// # Errors
/// [`ModelError::Options`] for a window without area and an overlap outside 0 to 1.
pub fn windows(width: u32, height: u32, slicing: &Slicing) -> Result<Vec<Window>, ModelError> {
    let columns = starts(width, slicing.width, slicing.overlap_x)?;
    let rows = starts(height, slicing.height, slicing.overlap_y)?;
    let (w, h) = (slicing.width.min(width), slicing.height.min(height));
    Ok(rows.iter().flat_map(|y| columns.iter().map(move |x| Window { x: *x, y: *y, w, h })).collect())
}

/// Where windows begin along one axis.
fn starts(length: u32, window: u32, overlap: f64) -> Result<Vec<u32>, ModelError> {
    if window == 0 || !(0.0..1.0).contains(&overlap) {
        let text =
            format!("windows of {window} pixels with an overlap of {overlap}: at least 1 pixel, and 0 to below 1");
        return Err(ModelError::Options(text));
    }
    let step = window - (f64::from(window) * overlap) as u32;
    let mut starts = Vec::new();
    let mut start = 0;
    loop {
        let end = start + window;
        starts.push(start.min(length.saturating_sub(window)));
        if end >= length {
            return Ok(starts);
        }
        start += step;
    }
}

/// What a detector finds in the windows of each picture, in the order of the windows.
///
/// # Errors
/// As [`windows`] and [`Detector::detect`].
pub fn detect_windows(
    detector: &dyn Detector,
    pictures: &[Picture],
    slicing: &Slicing,
    options: &DetectOptions,
    stop: &Stop,
) -> Result<Vec<Vec<Tagged>>, ModelError> {
    let mut places = Vec::new();
    for (owner, picture) in pictures.iter().enumerate() {
        let cut = windows(picture.width, picture.height, slicing)?;
        places.extend(cut.into_iter().enumerate().map(|(number, window)| (owner, number, window)));
    }
    let mut found: Vec<Vec<Tagged>> = vec![Vec::new(); pictures.len()];
    // Windows of several pictures may share a batch.
    for group in places.chunks(AT_ONCE) {
        let cuts: Vec<Picture> = group.iter().map(|(owner, _, window)| cut(&pictures[*owner], window)).collect();
        for ((owner, number, window), detections) in group.iter().zip(detector.detect(&cuts, options, stop)?) {
            let tagged = |detection| Tagged { detection: shifted(detection, window), window: *number };
            found[*owner].extend(detections.into_iter().map(tagged));
        }
    }
    Ok(found)
}

/// The pixels of a window.
fn cut(picture: &Picture, window: &Window) -> Picture {
    let (left, width) = (3 * window.x as usize, 3 * window.w as usize);
    let rows = picture.rgb.chunks_exact(3 * picture.width as usize).skip(window.y as usize).take(window.h as usize);
    Picture { width: window.w, height: window.h, rgb: rows.flat_map(|row| &row[left..left + width]).copied().collect() }
}

fn shifted(mut detection: Detection, window: &Window) -> Detection {
    let (x, y) = (f64::from(window.x), f64::from(window.y));
    detection.rect.x += x;
    detection.rect.y += y;
    let points = detection.polygon.iter_mut().flat_map(|Polygon { rings }| rings).flatten();
    points.for_each(|point| *point = [point[0] + x, point[1] + y]);
    detection
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn corners(width: u32, height: u32, slicing: &Slicing) -> Vec<(u32, u32)> {
        windows(width, height, slicing).expect("sound").into_iter().map(|window| (window.x, window.y)).collect()
    }

    #[test]
    fn the_last_window_is_moved_back() {
        let slicing = Slicing::square(512, 0.2);
        // 512 − int(102.4) = 410: 0, 410, and 820 is moved back to 1000 − 512.
        assert_eq!(corners(1000, 512, &slicing), [(0, 0), (410, 0), (488, 0)]);
        assert_eq!(corners(922, 512, &slicing), [(0, 0), (410, 0)]);
        assert_eq!(corners(512, 513, &slicing), [(0, 0), (0, 1)]);
    }

    #[test]
    fn a_small_picture_is_one_window() {
        let all = windows(300, 600, &Slicing::square(512, 0.2)).expect("sound");
        assert_eq!(all, [Window { x: 0, y: 0, w: 300, h: 512 }, Window { x: 0, y: 88, w: 300, h: 512 }]);
        assert_eq!(windows(1, 1, &Slicing::square(512, 0.2)).expect("sound").len(), 1);
    }

    #[test]
    fn nonsense_is_refused() {
        for slicing in [Slicing::square(0, 0.2), Slicing::square(64, 1.0), Slicing::square(64, f64::NAN)] {
            assert!(windows(100, 100, &slicing).is_err());
        }
    }

    #[test]
    fn sahis_own_choice() {
        assert_eq!(Slicing::automatic(512, 512), Slicing { width: 512, height: 512, overlap_x: 0.0, overlap_y: 0.0 });
        let medium = Slicing::automatic(1000, 800);
        assert_eq!((medium.width, medium.height, medium.overlap_x), (500, 800, 0.8));
        assert_eq!(
            Slicing::automatic(2000, 3000),
            Slicing { width: 1000, height: 750, overlap_x: 0.4, overlap_y: 0.4 }
        );
        assert_eq!(Slicing::automatic(6000, 6000).width, 1500);
    }

    proptest! {
        #[test]
        fn every_pixel_is_in_a_window(w in 1_u32..400, h in 1_u32..400, side in 1_u32..200, overlap in 0.0..0.9) {
            let all = windows(w, h, &Slicing::square(side, overlap)).expect("sound");
            prop_assert!(all.iter().all(|window| window.x + window.w <= w && window.y + window.h <= h));
            let mut columns = vec![false; w as usize];
            all.iter().for_each(|window| columns[window.x as usize..(window.x + window.w) as usize].fill(true));
            prop_assert!(columns.iter().all(|seen| *seen));
        }
    }
}
