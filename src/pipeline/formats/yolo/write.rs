//! Writing a YOLO set: `data.yaml`, `classes.txt`, `labels/<split>/…`; pictures go to `images/<split>/…`.
//!
//! Images in no split lie in `images/unsplit`, which `data.yaml` counts as training data and names again under
//! `tator:`, so that an import gives them back in no split. Without validation images `val` repeats `train`, because
//! training programs refuse a set without it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use tator_domain::{Class, ClassId, Image, ImageBox, ImageState, PixelBox, Ring, Split};

use super::super::spread::{Sheet, write_sheets};
use super::super::{Labels, Task, WriteReport};
use super::labels::label_path;
use super::numbers::{unit_from_free_point, unit_from_point, unit_from_span};
use super::oriented::{corners_of, to_corners};
use crate::error::Error;
use crate::output::Output;
use crate::source::folded;

/// Collisions that an error lists.
const LISTED: usize = 10;

/// Where the picture goes.
pub(super) fn image_path(image: &Image) -> String {
    format!("images/{}/{}", folder(image.split), image.path)
}

fn folder(split: Split) -> &'static str {
    match split {
        Split::None => "unsplit",
        other => other.as_str(),
    }
}

/// Writes everything but the pictures.
pub(super) fn write(task: Task, labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
    let used = check_names(labels)?;
    let yaml = data_yaml(task, labels, &used);
    out.file("data.yaml", &mut |file| put(file, &yaml, "data.yaml"))?;
    let names: String = labels.classes().iter().map(|class| one_line(&class.name) + "\n").collect();
    out.file("classes.txt", &mut |file| put(file, &names, "classes.txt"))?;
    let numbers: HashMap<ClassId, usize> = labels.classes().iter().enumerate().map(|(n, c)| (c.class_id, n)).collect();
    let mut report = WriteReport { classes: labels.classes().len() as u64, ..WriteReport::default() };
    write_sheets(labels, out, &mut report, &|image, boxes| sheet(task, &numbers, image, boxes))?;
    Ok(report)
}

/// The label file of an image, unless nobody has looked at it.
fn sheet(task: Task, numbers: &HashMap<ClassId, usize>, image: &Image, boxes: &[ImageBox]) -> Sheet {
    let (mut sheet, mut text) = (Sheet::default(), String::with_capacity(boxes.len() * 80));
    for found in boxes {
        write_box(task, image, found, numbers, &mut text, &mut sheet);
    }
    let is_decided = matches!(image.state, ImageState::Labelled | ImageState::Reviewed);
    if is_decided || !text.is_empty() {
        sheet.file = Some((label_path(&image_path(image)), text.into_bytes()));
    }
    sheet
}

fn put(file: &mut dyn std::io::Write, text: &str, path: &str) -> Result<(), Error> {
    file.write_all(text.as_bytes()).map_err(Error::io(format!("writing {path}")))
}

/// Refuses pictures that would share a label file; gives the splits that have images.
fn check_names(labels: &dyn Labels) -> Result<HashSet<Split>, Error> {
    let mut splits = HashSet::new();
    let mut owners: HashMap<String, String> = HashMap::new();
    let mut clashes = Vec::new();
    labels.for_each_image(&mut |image| {
        splits.insert(image.split);
        if let Some(other) = owners.insert(folded(&label_path(&image_path(image))), image.path.clone()) {
            clashes.push(format!("{other} and {}", image.path));
        }
        Ok(())
    })?;
    if clashes.is_empty() {
        return Ok(splits);
    }
    let listed = clashes[..clashes.len().min(LISTED)].join("; ");
    Err(Error::Conflict(format!(
        "{} pairs of images would share one label file, as YOLO drops the extension: {listed}. Rename one of each",
        clashes.len()
    )))
}

fn data_yaml(task: Task, labels: &dyn Labels, used: &HashSet<Split>) -> String {
    let mut yaml = String::from("# Class numbers are positions in this list; paths count from this file.\n");
    let places = |splits: &[Split]| {
        let there = splits.iter().filter(|s| used.contains(s)).map(|s| format!("images/{}", folder(*s)));
        there.collect::<Vec<_>>()
    };
    let train = places(&[Split::Train, Split::None]);
    let train = if train.is_empty() { vec!["images/train".to_owned()] } else { train };
    let _ = writeln!(yaml, "train: {}", place_list(&train));
    if used.contains(&Split::Val) {
        yaml.push_str("val: images/val\n");
    } else {
        let _ = writeln!(
            yaml,
            "# No image is in the split val, so it repeats train: choose some before you trust a score."
        );
        let _ = writeln!(yaml, "val: {}", place_list(&train));
    }
    if used.contains(&Split::Test) {
        yaml.push_str("test: images/test\n");
    }
    let _ = writeln!(
        yaml,
        "nc: {}\nnames:{}",
        labels.classes().len(),
        if labels.classes().is_empty() { " {}" } else { "" }
    );
    for (number, class) in labels.classes().iter().enumerate() {
        let _ = writeln!(yaml, "  {number}: {}", quoted(&class.name));
    }
    write_own(&mut yaml, task, labels, used.contains(&Split::None));
    yaml
}

/// What other programs do not read, and an import gives back.
fn write_own(yaml: &mut String, task: Task, labels: &dyn Labels, has_unsplit: bool) {
    let task = match task {
        Task::Detect => "detect",
        Task::Segment => "segment",
        Task::Obb => "obb",
    };
    let _ = writeln!(yaml, "tator:\n  dataset: {}\n  task: {task}", quoted(labels.dataset()));
    if has_unsplit {
        yaml.push_str("  unsplit: images/unsplit\n");
    }
    if !labels.classes().is_empty() {
        yaml.push_str("  classes:\n");
    }
    for (number, class) in labels.classes().iter().enumerate() {
        let _ = writeln!(yaml, "    - {}", own_class(number, class));
    }
}

fn own_class(number: usize, class: &Class) -> String {
    let mut text = format!("{{index: {number}, class_id: {}", class.class_id);
    for (key, value) in [("source_id", &class.source_id), ("supercategory", &class.supercategory)] {
        if let Some(value) = value {
            let _ = write!(text, ", {key}: {}", quoted(value));
        }
    }
    text + "}"
}

fn place_list(places: &[String]) -> String {
    match places {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// A JSON string is a YAML string, whatever it holds.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn write_box(
    task: Task,
    image: &Image,
    found: &ImageBox,
    numbers: &HashMap<ClassId, usize>,
    text: &mut String,
    sheet: &mut Sheet,
) {
    let mut leave = |why: &str| sheet.left_out.push((format!("{} box {}", image.path, found.box_id), why.to_owned()));
    if found.is_crowd {
        return leave("crowd regions are not part of YOLO");
    }
    let Some(number) = numbers.get(&found.class_id) else { return leave("its class is retired without a successor") };
    let size = (f64::from(image.width), f64::from(image.height));
    let inside = found.rect.clipped(size.0, size.1);
    if inside.w <= 0.0 || inside.h <= 0.0 {
        return leave("the box has no area inside the picture");
    }
    let _ = write!(text, "{number}");
    match task {
        Task::Detect => write_span(text, &upright(found), size),
        Task::Segment => write_outline(text, found, size, &mut leave),
        Task::Obb => write_points(text, &corners_of(found), size, unit_from_free_point),
    }
    text.push('\n');
    sheet.boxes += 1;
}

/// The rectangle, or the one around an oriented box.
pub(in crate::formats) fn upright(found: &ImageBox) -> PixelBox {
    match found.angle {
        Some(angle) if angle != 0.0 => {
            let corners = to_corners(&found.rect, angle).to_vec();
            tator_domain::Polygon::from_ring(corners).bounds().unwrap_or(found.rect)
        }
        _ => found.rect,
    }
}

fn write_span(text: &mut String, rect: &PixelBox, (width, height): (f64, f64)) {
    let rect = if rect.x < 0.0 || rect.y < 0.0 || rect.right() > width || rect.bottom() > height {
        rect.clipped(width, height)
    } else {
        *rect
    };
    let (cx, w) = unit_from_span(rect.x, rect.w, width);
    let (cy, h) = unit_from_span(rect.y, rect.h, height);
    let _ = write!(text, " {cx} {cy} {w} {h}");
}

fn write_outline(text: &mut String, found: &ImageBox, size: (f64, f64), leave: &mut dyn FnMut(&str)) {
    let rings = found.polygon.as_ref().map_or(&[][..], |p| p.rings.as_slice());
    let rings: Vec<&Ring> = rings.iter().filter(|ring| ring.len() >= 3).collect();
    match rings.as_slice() {
        [] => {
            if found.mask.is_some() {
                leave("the mask has no outline; its rectangle was written");
            }
            write_points(text, &to_corners(&found.rect, found.angle.unwrap_or(0.0)), size, unit_from_point);
        }
        [one] => write_points(text, one, size, unit_from_point),
        several => {
            leave("the parts of the object were joined into one outline");
            write_points(text, &joined(several), size, unit_from_point);
        }
    }
}

fn write_points(text: &mut String, ring: &[[f64; 2]], (width, height): (f64, f64), unit: fn(f64, f64) -> f64) {
    for [x, y] in ring {
        let _ = write!(text, " {} {}", unit(*x, width), unit(*y, height));
    }
}

/// Rings joined by a bridge between their nearest corners, there and back, as Ultralytics' COCO converter does it.
fn joined(rings: &[&Ring]) -> Ring {
    let mut all = rings[0].clone();
    for ring in &rings[1..] {
        let (at, from) = nearest(&all, ring);
        let around = ring[from..].iter().chain(&ring[..=from]).copied();
        let detour: Vec<[f64; 2]> = around.chain([all[at]]).collect();
        all.splice(at + 1..at + 1, detour);
    }
    all
}

fn nearest(one: &[[f64; 2]], other: &[[f64; 2]]) -> (usize, usize) {
    let distance = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
    let pairs =
        one.iter().enumerate().flat_map(|(i, a)| other.iter().enumerate().map(move |(j, b)| (i, j, distance(a, b))));
    pairs.min_by(|a, b| a.2.total_cmp(&b.2)).map_or((0, 0), |(i, j, _)| (i, j))
}
