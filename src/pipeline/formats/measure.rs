//! Compares the size that labels state with the size of the picture they belong to.

use tator_domain::Orientation;

use crate::source::Picture;

/// Size of an image and how its labels lie on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Width in pixels of the upright image.
    pub width: u32,
    /// Height in pixels of the upright image.
    pub height: u32,
    /// EXIF orientation, 1 to 8; 1 without a picture.
    pub orientation: u8,
    /// Size of the picture in bytes, 0 without one.
    pub bytes: u64,
    /// The labels were made on the stored pixels: turn them so to make them fit the upright image.
    pub turn: Option<Orientation>,
}

/// What to tell about an image whose labels are turned.
pub const TURNED: &str = "the labels were made on the stored picture; they are turned upright by its EXIF orientation";

/// Decides the size of an image.
///
/// # Errors
/// Why it cannot be known, or that labels and picture contradict each other.
pub fn measure(stated: Option<(u32, u32)>, picture: Option<&Picture>) -> Result<Measure, String> {
    let upright = |p: &Picture, turn| Measure {
        width: p.width,
        height: p.height,
        orientation: p.orientation,
        bytes: p.bytes,
        turn,
    };
    match (stated, picture) {
        (None, None) => Err("its size is not given and its picture is not in the source".to_owned()),
        (Some((width, height)), None) => Ok(Measure { width, height, orientation: 1, bytes: 0, turn: None }),
        (None, Some(p)) => Ok(upright(p, None)),
        (Some(size), Some(p)) if size == (p.width, p.height) => Ok(upright(p, None)),
        (Some((w, h)), Some(p)) if (h, w) == (p.width, p.height) && Orientation::swaps_sides(p.orientation) => {
            Ok(upright(p, Some(Orientation::of_stored(p.orientation, w, h))))
        }
        (Some(_), Some(_)) => Err("its size differs from the size of its picture".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, orientation: u8) -> Picture {
        Picture { width, height, orientation, bytes: 9 }
    }

    #[test]
    fn c39_only_a_turn_by_exif_explains_swapped_sides() {
        for exif in 1..=8 {
            let measured = measure(Some((30, 20)), Some(&picture(20, 30, exif)));
            match exif {
                5..=8 => assert_eq!(measured.unwrap().turn, Some(Orientation::of_stored(exif, 30, 20))),
                _ => assert!(measured.unwrap_err().contains("differs"), "orientation {exif}"),
            }
            assert_eq!(measure(Some((20, 30)), Some(&picture(20, 30, exif))).unwrap().turn, None);
        }
    }

    #[test]
    fn a_missing_size_comes_from_the_picture() {
        let measured = measure(None, Some(&picture(20, 30, 6))).unwrap();
        assert_eq!((measured.width, measured.height, measured.bytes, measured.turn), (20, 30, 9, None));
        assert!(measure(None, None).is_err());
    }
}
