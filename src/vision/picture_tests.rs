use std::path::Path;

use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;
use crate::header::probe;
use crate::samples::*;

/// The picture with the orientation given, in every format that has one.
fn turned(orientation: u8) -> Vec<(ImageFormat, Vec<u8>, Picture)> {
    let upright = chequer(3);
    let stored = stored_for(&upright, orientation);
    let (jpeg, jpeg_upright) = FlatJpeg::turned(orientation);
    let block = exif_block(orientation);
    let prefixed = [b"Exif\0\0".as_slice(), &block].concat();
    vec![
        (ImageFormat::Jpeg, jpeg.bytes(), jpeg_upright),
        (ImageFormat::Png, png(&stored, Some(block.clone()), None), upright.clone()),
        (ImageFormat::WebP, webp(&stored, Some(block)), upright.clone()),
        (ImageFormat::WebP, webp(&stored, Some(prefixed)), upright.clone()),
        (ImageFormat::Tiff, rgb_tiff(&stored, orientation), upright),
    ]
}

#[test]
fn all_eight_exif_orientations_come_out_upright_pixel_by_pixel() {
    for orientation in 1..=8 {
        for (format, bytes, upright) in turned(orientation) {
            let header = probe_bytes(&bytes).unwrap();
            let expected = Header { width: upright.width, height: upright.height, orientation, format };
            assert_eq!(header, expected);
            assert!(decode_upright(&bytes).unwrap() == upright, "{format} with orientation {orientation}");
        }
    }
}

#[test]
fn turning_agrees_with_the_image_crate() {
    let stored = chequer(5);
    for orientation in 1..=8 {
        let rgb = image::RgbImage::from_raw(stored.width, stored.height, stored.rgb.clone()).unwrap();
        let mut theirs = DynamicImage::ImageRgb8(rgb);
        theirs.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
        let ours = upright(stored.clone(), orientation);
        assert_eq!((ours.width, ours.height), (theirs.width(), theirs.height()));
        assert_eq!(ours.rgb, theirs.into_rgb8().into_raw());
    }
}

#[test]
fn an_orientation_that_exif_does_not_know_counts_as_upright() {
    for nonsense in [0, 9, 255] {
        let bytes = png(&chequer(2), Some(exif_block(nonsense)), None);
        assert_eq!(probe_bytes(&bytes).unwrap().orientation, 1);
        assert_eq!(decode_upright(&bytes).unwrap(), chequer(2));
    }
}

#[test]
fn a_header_of_60000_by_60000_is_refused_before_decoding() {
    let error = probe_bytes(&png_header(60_000, 60_000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "too large: 60000 × 60000 px, the limit is 16384 px a side and 200 megapixels; scale or tile it first"
    );
    assert!(matches!(thumbnail_error(&png_header(60_000, 60_000)), Error::TooLarge { .. }));
}

fn thumbnail_error(bytes: &[u8]) -> Error {
    crate::thumbnail(bytes, 64).unwrap_err()
}

#[test]
fn sides_and_area_have_their_own_limits() {
    use crate::limits::check_size;
    assert!(check_size(16_384, 12_207).is_ok());
    assert!(matches!(check_size(16_384, 12_208), Err(Error::TooLarge { .. })));
    assert!(matches!(check_size(16_385, 1), Err(Error::TooLarge { .. })));
    assert!(matches!(probe_bytes(&png_header(0, 5)), Err(Error::NoArea { width: 0, height: 5 })));
}

#[test]
fn zero_bytes_and_text_are_not_images() {
    assert!(matches!(probe_bytes(b""), Err(Error::Empty)));
    for bytes in [b"hello, this is a label file".as_slice(), b"\0", &[0; 100], b"<svg></svg>", b"%PDF-1.7"] {
        assert!(matches!(probe_bytes(bytes), Err(Error::NotAnImage)));
        assert!(matches!(verify(bytes), Err(Error::NotAnImage)));
    }
}

#[test]
fn the_format_is_told_by_content_from_wherever_the_reader_stands() {
    let mut reader = Cursor::new(webp(&chequer(1), None));
    reader.set_position(17);
    assert_eq!(probe(&mut reader).unwrap().format, ImageFormat::WebP);
}

/// One whole file of every format.
fn one_of_each() -> Vec<(ImageFormat, Vec<u8>)> {
    let rgba = || RgbaImage::from_fn(40, 30, |x, y| Rgba([x as u8 * 6, y as u8 * 8, (x * y) as u8, 255]));
    vec![
        (ImageFormat::Jpeg, FlatJpeg::turned(6).0.bytes()),
        (ImageFormat::Png, encoded(rgba(), image::ImageFormat::Png)),
        (ImageFormat::WebP, encoded(rgba(), image::ImageFormat::WebP)),
        (ImageFormat::Gif, encoded(rgba(), image::ImageFormat::Gif)),
        (ImageFormat::Bmp, encoded(rgba(), image::ImageFormat::Bmp)),
        (ImageFormat::Tiff, encoded(rgba(), image::ImageFormat::Tiff)),
    ]
}

#[test]
fn a_file_cut_anywhere_is_refused_and_never_panics() {
    for (format, bytes) in one_of_each() {
        assert_eq!(verify(&bytes).unwrap().format, format);
        // Behind the last pixel some formats keep things nobody needs: padding, a trailer.
        for length in 0..bytes.len() * 9 / 10 {
            assert!(verify(&bytes[..length]).is_err(), "{format} of {length} bytes was taken for whole");
        }
    }
}

#[test]
fn a_truncated_jpeg_says_so_but_still_gives_a_thumbnail() {
    let whole = FlatJpeg { columns: 4, blocks: vec![vec![200]; 16], segments: Vec::new() }.bytes();
    let cut = &whole[..whole.len() - 4];
    assert!(probe_bytes(cut).is_ok());
    let error = verify(cut).unwrap_err();
    assert_eq!(error.to_string(), "truncated: the JPEG file ends before the picture is complete; fetch it again");
    assert!(matches!(decode_upright(cut), Err(Error::Truncated { .. })));
    assert!(crate::thumbnail(cut, 16).is_ok());
}

#[test]
fn what_follows_the_end_of_a_jpeg_does_not_matter() {
    let mut bytes = FlatJpeg::turned(1).0.bytes();
    bytes.extend(b"a second picture, as phones append");
    assert!(verify(&bytes).is_ok());
}

#[test]
fn a_jpeg_without_a_frame_is_damaged() {
    assert!(matches!(probe_bytes(&[0xff, 0xd8, 0xff, 0xd9]), Err(Error::Damaged { .. })));
    assert!(matches!(probe_bytes(&[0xff, 0xd8, 0xff, 0xe0, 0, 1, 0, 0]), Err(Error::Damaged { .. })));
    assert!(matches!(probe_bytes(&[0xff, 0xd8, 0xff, 0xe0, 0, 99]), Err(Error::Truncated { .. })));
}

#[test]
fn cmyk_jpegs_become_rgb() {
    // As Photoshop writes them: inverted, with an Adobe segment saying "no transform".
    let adobe = [b"Adobe".as_slice(), &[0, 100, 0, 0, 0, 0, 0]].concat();
    let file = |blocks| FlatJpeg { columns: 1, blocks, segments: vec![(0xee, adobe.clone())] }.bytes();
    let light = decode_upright(&file(vec![vec![200, 100, 50, 255]])).unwrap();
    assert_near(light.pixel(3, 3).unwrap(), [200, 100, 50]);
    let dark = decode_upright(&file(vec![vec![200, 100, 50, 128]])).unwrap();
    assert_near(dark.pixel(3, 3).unwrap(), [100, 50, 25]);
}

#[test]
fn colour_and_grey_jpegs_keep_their_colours() {
    let colour = FlatJpeg { columns: 1, blocks: vec![vec![76, 85, 255]], segments: Vec::new() }.bytes();
    assert_near(decode_upright(&colour).unwrap().pixel(0, 0).unwrap(), [254, 0, 0]);
    let grey = FlatJpeg { columns: 1, blocks: vec![vec![77]], segments: Vec::new() }.bytes();
    assert_eq!(decode_upright(&grey).unwrap(), Picture::filled(8, 8, [77; 3]));
}

fn assert_near(found: [u8; 3], expected: [u8; 3]) {
    let far = found.iter().zip(expected).any(|(a, b)| a.abs_diff(b) > 2);
    assert!(!far, "{found:?} is not {expected:?}");
}

#[test]
fn sixteen_bits_palette_and_grey_become_rgb() {
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::from_pixel(3, 2, Rgb([0xffff, 0x8080, 0]));
    assert_eq!(
        decode_upright(&encoded(deep.clone(), image::ImageFormat::Png)).unwrap(),
        Picture::filled(3, 2, [255, 128, 0])
    );
    assert_eq!(decode_upright(&encoded(deep, image::ImageFormat::Tiff)).unwrap(), Picture::filled(3, 2, [255, 128, 0]));
    let deep_grey: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_pixel(3, 2, Luma([0x4040]));
    assert_eq!(decode_upright(&encoded(deep_grey, image::ImageFormat::Png)).unwrap(), Picture::filled(3, 2, [64; 3]));
    let grey = GrayImage::from_pixel(3, 2, Luma([9]));
    assert_eq!(decode_upright(&encoded(grey, image::ImageFormat::Png)).unwrap(), Picture::filled(3, 2, [9; 3]));
    let palette = encoded(RgbaImage::from_pixel(3, 2, Rgba([1, 2, 3, 255])), image::ImageFormat::Gif);
    assert_eq!(decode_upright(&palette).unwrap(), Picture::filled(3, 2, [1, 2, 3]));
}

#[test]
fn alpha_is_laid_over_white() {
    let half = RgbaImage::from_fn(2, 1, |x, _| if x == 0 { Rgba([0, 100, 200, 128]) } else { Rgba([7, 7, 7, 0]) });
    let picture = decode_upright(&encoded(half, image::ImageFormat::Png)).unwrap();
    assert_eq!(picture.rgb, [127, 177, 227, 255, 255, 255]);
}

#[test]
fn animations_give_their_first_frame() {
    assert_eq!(decode_upright(&animated_gif(6, 4)).unwrap(), Picture::filled(6, 4, [255, 0, 0]));
    let (first, second) = (chequer(4), Picture::filled(8, 12, [0, 0, 255]));
    let bytes = animated_webp([&first, &second]);
    assert_eq!(probe_bytes(&bytes).unwrap().height, 12);
    assert_eq!(decode_upright(&bytes).unwrap(), first);
}

#[test]
fn icc_profiles_change_nothing() {
    let plain = png(&chequer(2), None, None);
    let profiled = png(&chequer(2), None, Some(vec![7; 500]));
    assert_ne!(plain, profiled);
    assert_eq!(decode_upright(&plain).unwrap(), decode_upright(&profiled).unwrap());
    let (mut jpeg, upright) = FlatJpeg::turned(8);
    jpeg.segments.push((0xe2, [b"ICC_PROFILE\0\x01\x01".as_slice(), &[9; 300]].concat()));
    assert_eq!(decode_upright(&jpeg.bytes()).unwrap(), upright);
}

#[test]
fn one_pixel_is_a_picture() {
    for orientation in 1..=8 {
        let bytes = png(&Picture::filled(1, 1, [4, 5, 6]), Some(exif_block(orientation)), None);
        assert_eq!(decode_upright(&bytes).unwrap(), Picture::filled(1, 1, [4, 5, 6]));
    }
}

/// Pictures by Dave Perrett: the same scene under every orientation, `_0` without EXIF.
#[test]
fn the_public_orientation_samples_all_look_the_same() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets/tool_exports/20_exif_orientation");
    if !folder.is_dir() {
        return;
    }
    for (name, size) in [("Landscape", (1800, 1200)), ("Portrait", (1200, 1800))] {
        let first = std::fs::read(folder.join(format!("{name}_1.jpg"))).unwrap();
        let reference = decode_upright(&first).unwrap();
        assert_eq!((reference.width, reference.height), size);
        for orientation in 2..=8 {
            let bytes = std::fs::read(folder.join(format!("{name}_{orientation}.jpg"))).unwrap();
            assert_eq!(probe_bytes(&bytes).unwrap().orientation, orientation);
            let difference = mean_difference(&reference, &decode_upright(&bytes).unwrap());
            assert!(difference < 12.0, "{name}_{orientation} differs by {difference} on average");
        }
    }
}

fn mean_difference(a: &Picture, b: &Picture) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let sum: u64 = a.rgb.iter().zip(&b.rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.rgb.len() as f64
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000), kind in 0..6_usize, keep in 0..64_usize) {
        let (_, sample) = one_of_each().swap_remove(kind);
        let keep = keep.min(sample.len());
        let bytes = [&sample[..keep], &bytes].concat();
        let _ = probe_bytes(&bytes);
        let _ = verify(&bytes);
        let _ = crate::thumbnail(&bytes, 32);
    }

    #[test]
    fn one_changed_byte_never_panics(kind in 0..6_usize, at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let (_, mut bytes) = one_of_each().swap_remove(kind);
        let at = at.index(bytes.len());
        bytes[at] = value;
        let _ = probe_bytes(&bytes);
        let _ = verify(&bytes);
    }
}
