//! Pictures made by code, for tests: exact in every pixel, one oddity each.

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, RgbaImage};

use crate::picture::Picture;

/// A 2 × 3 chequer of six colours in squares of `side` pixels: every turn and every mirror image of it differs.
pub(crate) fn chequer(side: u32) -> Picture {
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [250, 240, 10], [10, 20, 30], [200, 100, 220]];
    let mut rgb = Vec::new();
    for y in 0..3 * side {
        for x in 0..2 * side {
            rgb.extend(colours[(y / side * 2 + x / side) as usize]);
        }
    }
    Picture { width: 2 * side, height: 3 * side, rgb }
}

/// The stored pixels of which `upright` is the upright view, straight from the table in EXIF 2.32, tag 274: it says
/// which side of the visible picture row 0 and column 0 are.
pub(crate) fn stored_for(upright: &Picture, orientation: u8) -> Picture {
    let (w, h) = (upright.width, upright.height);
    let (width, height) = if orientation >= 5 { (h, w) } else { (w, h) };
    let mut rgb = Vec::new();
    for row in 0..height {
        for column in 0..width {
            let (x, y) = match orientation {
                2 => (w - 1 - column, row),         // row 0 top, column 0 right
                3 => (w - 1 - column, h - 1 - row), // bottom, right
                4 => (column, h - 1 - row),         // bottom, left
                5 => (row, column),                 // left, top
                6 => (w - 1 - row, column),         // right, top
                7 => (w - 1 - row, h - 1 - column), // right, bottom
                8 => (row, h - 1 - column),         // left, bottom
                _ => (column, row),                 // top, left
            };
            rgb.extend(upright.pixel(x, y).unwrap());
        }
    }
    Picture { width, height, rgb }
}

/// An EXIF block (a TIFF header and one directory) that holds the orientation.
pub(crate) fn exif_block(orientation: u8) -> Vec<u8> {
    tiff(&[(274, 3, 1, orientation.into())], &[])
}

/// A little-endian TIFF with these entries (tag, type, count, value or offset) and this data behind the directory.
pub(crate) fn tiff(entries: &[(u16, u16, u32, u32)], data: &[u8]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(data);
    bytes
}

pub(crate) fn rgb_tiff(picture: &Picture, orientation: u8) -> Vec<u8> {
    let behind = 8 + 2 + 10 * 12 + 4;
    let entries = [
        (256, 4, 1, picture.width),
        (257, 4, 1, picture.height),
        (258, 3, 3, behind), // three times 8 bits a sample
        (259, 3, 1, 1),      // not compressed
        (262, 3, 1, 2),      // RGB
        (273, 4, 1, behind + 6),
        (274, 3, 1, orientation.into()),
        (277, 3, 1, 3),
        (278, 4, 1, picture.height),
        (279, 4, 1, picture.rgb.len() as u32),
    ];
    tiff(&entries, &[&[8, 0, 8, 0, 8, 0], picture.rgb.as_slice()].concat())
}

pub(crate) fn png(picture: &Picture, exif: Option<Vec<u8>>, icc: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = PngEncoder::new(&mut bytes);
    if let Some(block) = exif {
        encoder.set_exif_metadata(block).unwrap();
    }
    if let Some(profile) = icc {
        encoder.set_icc_profile(profile).unwrap();
    }
    encoder.write_image(&picture.rgb, picture.width, picture.height, ExtendedColorType::Rgb8).unwrap();
    bytes.into_inner()
}

pub(crate) fn webp(picture: &Picture, exif: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = WebPEncoder::new_lossless(&mut bytes);
    if let Some(block) = exif {
        encoder.set_exif_metadata(block).unwrap();
    }
    encoder.write_image(&picture.rgb, picture.width, picture.height, ExtendedColorType::Rgb8).unwrap();
    bytes.into_inner()
}

/// Any picture the `image` crate holds, in any format it writes.
pub(crate) fn encoded(picture: impl Into<DynamicImage>, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A GIF of two frames, red and then blue.
pub(crate) fn animated_gif(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    {
        let mut encoder = GifEncoder::new(&mut bytes);
        for colour in [[255, 0, 0, 255], [0, 0, 255, 255]] {
            let frame = RgbaImage::from_pixel(width, height, image::Rgba(colour));
            encoder.encode_frame(image::Frame::new(frame)).unwrap();
        }
    }
    bytes.into_inner()
}

/// A WebP of two frames, put together from two still ones (WebP container specification: VP8X, ANIM, ANMF).
pub(crate) fn animated_webp(frames: [&Picture; 2]) -> Vec<u8> {
    let size = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    let (width, height) = (size(frames[0].width), size(frames[0].height));
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &[&[0b10, 0, 0, 0], width.as_slice(), &height].concat()));
    body.extend(chunk(b"ANIM", &[255, 255, 255, 255, 0, 0]));
    for frame in frames {
        let still = webp(frame, None);
        let head = [&[0; 6], width.as_slice(), &height, &[100, 0, 0], &[0b10]].concat();
        body.extend(chunk(b"ANMF", &[head.as_slice(), &still[12..]].concat()));
    }
    chunk(b"RIFF", &body)
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len() % 2];
    [name, (body.len() as u32).to_le_bytes().as_slice(), body, &padding].concat()
}

/// A baseline JPEG of flat 8 × 8 blocks: only their mean is coded, so grey ones decode exactly.
pub(crate) struct FlatJpeg {
    /// Blocks in a row.
    pub columns: u16,
    /// For each block in reading order one value per component.
    pub blocks: Vec<Vec<u8>>,
    /// Segments before the frame: marker and content.
    pub segments: Vec<(u8, Vec<u8>)>,
}

impl FlatJpeg {
    /// Six grey blocks, 16 × 24 pixels, stored so that they are upright under this orientation; and the upright view.
    pub(crate) fn turned(orientation: u8) -> (Self, Picture) {
        let grey = |picture: &Picture| Picture {
            rgb: picture.rgb.chunks(3).flat_map(|p| [p[0] / 2 + p[1] / 4 + p[2] / 8; 3]).collect(),
            ..picture.clone()
        };
        let stored = grey(&stored_for(&chequer(1), orientation));
        let jpeg = Self {
            columns: stored.width as u16,
            blocks: stored.rgb.chunks(3).map(|p| vec![p[0]]).collect(),
            segments: vec![(0xe1, [b"Exif\0\0".as_slice(), &exif_block(orientation)].concat())],
        };
        (jpeg, grey(&chequer(8)))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let components = self.blocks[0].len() as u8;
        let (width, height) = (self.columns * 8, (self.blocks.len() as u16 / self.columns) * 8);
        let mut bytes = vec![0xff, 0xd8];
        for (marker, content) in &self.segments {
            segment(&mut bytes, *marker, content);
        }
        segment(&mut bytes, 0xdb, &[&[0], [8; 64].as_slice()].concat());
        let mut frame = vec![8];
        frame.extend(height.to_be_bytes());
        frame.extend(width.to_be_bytes());
        frame.push(components);
        frame.extend((1..=components).flat_map(|id| [id, 0x11, 0]));
        segment(&mut bytes, 0xc0, &frame);
        // Means: nine codes of four bits for 0 to 8 further bits. The rest of a block: one code of one bit, "no more".
        segment(&mut bytes, 0xc4, &[0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        segment(&mut bytes, 0xc4, &[0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut scan = vec![components];
        scan.extend((1..=components).flat_map(|id| [id, 0]));
        scan.extend([0, 63, 0]);
        segment(&mut bytes, 0xda, &scan);
        bytes.extend(self.coded());
        bytes.extend([0xff, 0xd9]);
        bytes
    }

    fn coded(&self) -> Vec<u8> {
        let mut bits = String::new();
        let mut last = vec![0_i32; self.blocks[0].len()];
        for block in &self.blocks {
            for (value, last) in block.iter().zip(&mut last) {
                let mean = i32::from(*value) - 128;
                let difference = mean - *last;
                *last = mean;
                let size = 32 - difference.unsigned_abs().leading_zeros();
                bits += &format!("{size:04b}");
                if size > 0 {
                    let code = if difference < 0 { difference + (1 << size) - 1 } else { difference };
                    bits += &format!("{code:0width$b}", width = size as usize);
                }
                bits += "0";
            }
        }
        bits += &"1".repeat((8 - bits.len() % 8) % 8);
        let bytes = bits.as_bytes().chunks(8).map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap());
        bytes.flat_map(|byte| if byte == 0xff { vec![0xff, 0] } else { vec![byte] }).collect()
    }
}

fn segment(bytes: &mut Vec<u8>, marker: u8, content: &[u8]) {
    bytes.extend([0xff, marker]);
    bytes.extend((content.len() as u16 + 2).to_be_bytes());
    bytes.extend(content);
}

/// A PNG of this size by its header, with no pixels behind it.
pub(crate) fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 2, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(&chunk);
    bytes.extend(crc32(&chunk).to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 })
    })
}
