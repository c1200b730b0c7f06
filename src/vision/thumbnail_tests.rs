use super::*;
use crate::samples::*;

fn decoded(jpeg: &[u8]) -> Picture {
    decode_upright(jpeg).unwrap()
}

fn assert_near(found: [u8; 3], expected: [u8; 3]) {
    let far = found.iter().zip(expected).any(|(a, b)| a.abs_diff(b) > 12);
    assert!(!far, "{found:?} is not {expected:?}");
}

#[test]
fn a_thumbnail_fits_its_side_and_keeps_the_shape() {
    let bytes = png(&chequer(100), None, None);
    let small = decoded(&thumbnail(&bytes, 60).unwrap());
    assert_eq!((small.width, small.height), (40, 60));
}

#[test]
fn nothing_is_enlarged_and_nothing_vanishes() {
    assert_eq!(fitted(20, 30, 256), (20, 30));
    assert_eq!(fitted(16_000, 2, 100), (100, 1));
    assert_eq!(fitted(5, 5, 0), (1, 1));
    assert_eq!(fitted(640, 480, u32::MAX), (640, 480));
}

#[test]
fn a_thumbnail_is_upright_under_every_orientation() {
    let upright = chequer(32);
    for orientation in 1..=8 {
        let bytes = png(&stored_for(&upright, orientation), Some(exif_block(orientation)), None);
        let small = decoded(&thumbnail(&bytes, 48).unwrap());
        assert_eq!((small.width, small.height), (32, 48));
        for (x, y) in [(8, 8), (24, 8), (8, 24), (24, 24), (8, 40), (24, 40)] {
            assert_near(small.pixel(x, y).unwrap(), upright.pixel(2 * x, 2 * y).unwrap());
        }
    }
}

#[test]
fn a_thumbnail_carries_no_orientation_of_its_own() {
    let bytes = png(&stored_for(&chequer(9), 6), Some(exif_block(6)), None);
    assert_eq!(probe_bytes(&thumbnail(&bytes, 20).unwrap()).unwrap().orientation, 1);
}

#[test]
fn a_crop_shows_the_box_in_upright_pixels() {
    let upright = chequer(32);
    let bytes = png(&stored_for(&upright, 5), Some(exif_block(5)), None);
    let yellow = PixelBox { x: 32.0, y: 32.0, w: 32.0, h: 32.0 };
    let cut = decoded(&crop(&bytes, &yellow, 0.0, 256).unwrap());
    assert_eq!((cut.width, cut.height), (32, 32));
    for (x, y) in [(2, 2), (29, 2), (2, 29), (29, 29)] {
        assert_near(cut.pixel(x, y).unwrap(), [250, 240, 10]);
    }
}

#[test]
fn the_margin_is_a_share_of_the_longer_side_and_stops_at_the_edge() {
    let picture = Picture::filled(200, 100, [1, 2, 3]);
    let region = |x, y, w, h, pad| {
        let found = picture.region(&PixelBox { x, y, w, h }, pad).unwrap();
        (found.left, found.top, found.width, found.height)
    };
    assert_eq!(region(50.0, 50.0, 20.0, 10.0, 0.1), (48, 48, 24, 14));
    assert_eq!(region(0.0, 95.0, 20.0, 10.0, 0.5), (0, 85, 30, 15));
    assert_eq!(region(10.4, 10.6, 0.2, 0.2, 0.0), (10, 10, 1, 1));
    assert_eq!(region(199.9, 99.9, 0.0, 0.0, 0.0), (199, 99, 1, 1));
    assert_eq!(region(-50.0, -50.0, 900.0, 900.0, f64::NAN), (0, 0, 200, 100));
}

#[test]
fn a_box_beside_the_picture_is_refused() {
    let picture = Picture::filled(20, 10, [0; 3]);
    for (x, w) in [(20.0, 5.0), (-9.0, 5.0), (f64::NAN, 1.0), (0.0, -1.0)] {
        let rect = PixelBox { x, y: 1.0, w, h: 5.0 };
        assert!(matches!(picture.crop(&rect, 0.1, 64), Err(Error::OutsideThePicture { width: 20, height: 10 })));
    }
}

#[test]
fn a_tiff_becomes_a_jpeg_of_full_size() {
    let bytes = rgb_tiff(&stored_for(&chequer(16), 8), 8);
    let shown = thumbnail(&bytes, u32::MAX).unwrap();
    let header = probe_bytes(&shown).unwrap();
    assert_eq!((header.format, header.width, header.height), (ImageFormat::Jpeg, 32, 48));
}
