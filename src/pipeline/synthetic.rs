//! Large label sets that nobody drew, for benchmarks and load tests.
//!
//! Everything is a pure function of the [`Shape`]: the same shape gives the same bytes on every machine, because only
//! whole numbers are computed with. Classes are called `made_up_01` and so on, so that nobody takes such a set for data.
//! What is imitated of COCO train2017: numbers of images, boxes and classes, gaps in the ids, common picture sizes, a few
//! images without a box, some with dozens, a few frequent classes and many rare ones. There are no outlines.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tator_domain::Split;
use tator_vision::Picture;

use crate::error::Error;

/// How large a made-up set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Number of images.
    pub images: u64,
    /// Number of boxes in all images together, kept exactly.
    pub boxes: u64,
    /// Number of classes.
    pub classes: u32,
    /// Another seed gives another set of the same shape.
    pub seed: u64,
}

impl Shape {
    /// Images, boxes and classes of COCO train2017.
    pub const COCO_TRAIN2017: Self = Self { images: 118_287, boxes: 860_001, classes: 80, seed: 2017 };
    /// A twelfth of it.
    pub const TEN_THOUSAND: Self = Self { images: 10_000, boxes: 73_000, classes: 80, seed: 2017 };
}

/// One image in twenty is for validation in the YOLO layout.
const VALIDATION_EVERY: u64 = 20;
/// One image in so many has no box, as in COCO train2017 (1,021 of 118,287).
const NEGATIVE_EVERY: u64 = 116;
/// Sizes that are common in COCO, the first ones most.
const SIZES: [(u32, u32); 16] = [
    (640, 480),
    (640, 427),
    (480, 640),
    (640, 426),
    (500, 375),
    (427, 640),
    (640, 428),
    (640, 425),
    (426, 640),
    (612, 612),
    (375, 500),
    (640, 360),
    (500, 333),
    (640, 640),
    (333, 500),
    (424, 640),
];

/// Writes the set as one COCO JSON, image by image; memory stays small whatever the size.
///
/// # Errors
/// When the file cannot be written.
pub fn write_coco(path: &Path, shape: &Shape) -> Result<(), Error> {
    let wrong = |e| Error::io(format!("writing {}", path.display()))(e);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(wrong)?);
    write_coco_to(&mut out, shape).and_then(|()| out.flush()).map_err(wrong)
}

/// Writes the set in the YOLO layout: `data.yaml`, `labels/{train,val}/*.txt` (an empty file for an image without a box)
/// and, if wished, `images/{train,val}/*.jpg`: real, but plain grey.
///
/// # Errors
/// When a file cannot be written.
pub fn write_yolo(folder: &Path, shape: &Shape, with_images: bool) -> Result<(), Error> {
    for part in ["train", "val"] {
        make_folder(&folder.join("labels").join(part))?;
    }
    write_file(&folder.join("data.yaml"), data_yaml(shape).as_bytes())?;
    let mut rows = Vec::new();
    shape.for_each(|image| {
        rows.clear();
        image.boxes.iter().for_each(|found| found.write_yolo(image, &mut rows));
        write_file(&folder.join(format!("labels/{}/{:012}.txt", image.split().as_str(), image.id)), &rows)
    })?;
    if with_images {
        make_folder(&folder.join("images/train"))?;
        make_folder(&folder.join("images/val"))?;
        write_pictures(folder, shape, |image| format!("images/{}/{}", image.split().as_str(), image.name()))?;
    }
    Ok(())
}

/// Writes the pictures of a set into one folder, under the names that [`write_coco`] gives them.
///
/// # Errors
/// When a file cannot be written.
pub fn write_images(folder: &Path, shape: &Shape) -> Result<(), Error> {
    make_folder(folder)?;
    write_pictures(folder, shape, SyntheticImage::name)
}

/// A picture is encoded once for each size; further ones are links to it, so that a hundred thousand take no room.
fn write_pictures(folder: &Path, shape: &Shape, path_of: impl Fn(&SyntheticImage) -> String) -> Result<(), Error> {
    let mut encoded: HashMap<(u32, u32), (PathBuf, Vec<u8>)> = HashMap::new();
    shape.for_each(|image| {
        let path = folder.join(path_of(image));
        let size = (image.width, image.height);
        if let Some((first, bytes)) = encoded.get_mut(&size) {
            // A file takes only so many links (65,000 on ext4), and some disks take none: then a new copy begins.
            if fs::hard_link(&*first, &path).is_err() {
                write_file(&path, bytes)?;
                *first = path;
            }
            return Ok(());
        }
        let bytes = Picture::filled(image.width, image.height, [128; 3])
            .to_jpeg()
            .map_err(|e| Error::invalid("size", e.to_string()))?;
        write_file(&path, &bytes)?;
        encoded.insert(size, (path, bytes));
        Ok(())
    })
}

fn make_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(Error::io(format!("making {}", path.display())))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(Error::io(format!("writing {}", path.display())))
}

fn class_name(index: u32) -> String {
    format!("made_up_{:02}", index + 1)
}

/// COCO's category ids run from 1 to 90 with ten gaps; here every ninth id is left out, for any number of classes.
fn category_id(index: u32) -> u32 {
    index + 1 + index / 8
}

fn data_yaml(shape: &Shape) -> String {
    let names: String = (0..shape.classes).map(|i| format!("  {i}: {}\n", class_name(i))).collect();
    format!("path: .\ntrain: images/train\nval: images/val\nnames:\n{names}")
}

fn write_coco_to(out: &mut impl Write, shape: &Shape) -> io::Result<()> {
    out.write_all(b"{\"info\":{\"description\":\"made up, for benchmarks\"},\"licenses\":[],\"images\":[")?;
    let mut separator = "\n";
    shape.for_each(|image| {
        write!(out, "{separator}{{\"id\":{},\"file_name\":\"{}\",", image.id, image.name())?;
        separator = ",\n";
        write!(out, "\"width\":{},\"height\":{}}}", image.width, image.height)
    })?;
    out.write_all(b"\n],\"annotations\":[")?;
    let (mut separator, mut id) = ("\n", 0_u64);
    shape.for_each(|image| {
        image.boxes.iter().try_for_each(|found| {
            id += 1;
            out.write_all(separator.as_bytes())?;
            separator = ",\n";
            found.write_coco(id, image.id, out)
        })
    })?;
    out.write_all(b"\n],\"categories\":[")?;
    for index in 0..shape.classes {
        let comma = if index == 0 { "\n" } else { ",\n" };
        let (id, name) = (category_id(index), class_name(index));
        write!(out, "{comma}{{\"id\":{id},\"name\":\"{name}\",\"supercategory\":\"made_up\"}}")?;
    }
    out.write_all(b"\n]}\n")
}

struct SyntheticImage {
    index: u64,
    id: u64,
    width: u32,
    height: u32,
    boxes: Vec<SyntheticBox>,
}

impl SyntheticImage {
    fn name(&self) -> String {
        format!("{:012}.jpg", self.id)
    }

    fn split(&self) -> Split {
        if self.index % VALIDATION_EVERY == VALIDATION_EVERY - 1 { Split::Val } else { Split::Train }
    }
}

/// In hundredths of a pixel, the precision of COCO's files.
struct SyntheticBox {
    class: u32,
    x: u64,
    y: u64,
    w: u64,
    h: u64,
}

impl SyntheticBox {
    fn write_coco(&self, id: u64, image_id: u64, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{{\"id\":{id},\"image_id\":{image_id},\"category_id\":{},\"bbox\":[", category_id(self.class))?;
        let hundredths = |value: u64| (value / 100, value % 100);
        let [(x, x2), (y, y2), (w, w2), (h, h2)] = [self.x, self.y, self.w, self.h].map(hundredths);
        write!(out, "{x}.{x2:02},{y}.{y2:02},{w}.{w2:02},{h}.{h2:02}],\"area\":")?;
        let area = self.w * self.h;
        write!(out, "{}.{:04},\"iscrowd\":0,\"segmentation\":[]}}", area / 10_000, area % 10_000)
    }

    fn write_yolo(&self, image: &SyntheticImage, rows: &mut Vec<u8>) {
        let (width, height) = (u64::from(image.width), u64::from(image.height));
        let unit = |doubled: u64, side: u64| (doubled * 5_000 + side / 2) / side;
        let numbers = [
            unit(2 * self.x + self.w, width),
            unit(2 * self.y + self.h, height),
            unit(2 * self.w, width),
            unit(2 * self.h, height),
        ];
        rows.extend(self.class.to_string().into_bytes());
        for millionths in numbers {
            rows.extend(format!(" {}.{:06}", millionths / 1_000_000, millionths % 1_000_000).into_bytes());
        }
        rows.push(b'\n');
    }
}

impl Shape {
    /// Calls `each` for every image in order; the same every time.
    fn for_each<E>(&self, mut each: impl FnMut(&SyntheticImage) -> Result<(), E>) -> Result<(), E> {
        let total: u128 = (0..self.images).map(|index| u128::from(self.weight(index))).sum();
        let mut image = SyntheticImage { index: 0, id: 0, width: 0, height: 0, boxes: Vec::new() };
        let (mut running, mut given) = (0_u128, 0_u64);
        for index in 0..self.images {
            running += u128::from(self.weight(index));
            // Shares of the running sum: rounded one by one, the counts still add up to the number asked for.
            let upto = (running * u128::from(self.boxes) / total.max(1)) as u64;
            self.fill(&mut image, index, upto - given);
            given = upto;
            each(&image)?;
        }
        Ok(())
    }

    /// How many boxes an image gets, relative to the others: most a few, some very many, some none.
    fn weight(&self, index: u64) -> u64 {
        let mut random = self.random(index, 1);
        // The first is never empty, so that there is a place for boxes even in a set of one image.
        if index > 0 && random.below(NEGATIVE_EVERY) == 0 {
            return 0;
        }
        let part = random.below(1 << 10);
        (1 << 20) + 20 * (part.pow(6) >> 40)
    }

    fn fill(&self, image: &mut SyntheticImage, index: u64, boxes: u64) {
        let mut random = self.random(index, 2);
        image.index = index;
        image.id = 9 + index * 5 + random.below(5);
        let size = random.skewed(SIZES.len() as u64) as usize;
        (image.width, image.height) = SIZES[size];
        image.boxes.clear();
        let (width, height) = (u64::from(image.width) * 100, u64::from(image.height) * 100);
        image.boxes.extend((0..boxes).map(|_| {
            let (w, h) = (200 + random.skewed(width - 200), 200 + random.skewed(height - 200));
            let (x, y) = (random.below(width - w + 1), random.below(height - h + 1));
            SyntheticBox { class: random.skewed(self.classes.into()) as u32, x, y, w, h }
        }));
    }

    fn random(&self, index: u64, purpose: u64) -> SplitMix {
        let mut random = SplitMix(self.seed ^ index.wrapping_mul(0xd134_2543_de82_ef95) ^ (purpose << 60));
        random.next();
        random
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014; constants of Vigna's public-domain `splitmix64.c`).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from `0..bound`.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// From `0..bound`, small numbers far more often: the cube of an even number.
    fn skewed(&mut self, bound: u64) -> u64 {
        let even = u128::from(self.next() >> 44);
        ((even * even * even * u128::from(bound)) >> 60) as u64
    }
}

#[cfg(test)]
#[path = "synthetic_tests.rs"]
mod tests;
