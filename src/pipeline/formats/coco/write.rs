//! Writes `annotations/instances_<split>.json`, one record a line, the same bytes for the same labels.

use std::collections::BTreeMap;
use std::io::{Seek as _, Write};

use tator_domain::{BoxState, Class, Image, ImageBox, ImageState, Rle, Split};
use tempfile::SpooledTempFile;

use super::json::{Cursor, push_compact, push_number, push_string};
use super::numbering::Numbering;
use crate::error::Error;
use crate::formats::{Labels, WriteReport};
use crate::output::Output;

/// Records of one array that are kept in memory before they go to a temporary file.
const SPOOL: usize = 16 << 20;

/// Keys of an image that the writer makes itself.
const IMAGE_KEYS: &[&str] =
    &["id", "file_name", "width", "height", "tator_state", "tator_source_id", "tator_license"];
/// Keys of an annotation that the writer makes itself.
const BOX_KEYS: &[&str] = &[
    "id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "score", "attributes", "tator_state",
    "tator_source_id", "tator_area", "tator_rle",
];

/// Name of a split in files and folders.
pub fn subset_name(split: Split) -> &'static str {
    match split {
        Split::None => "default",
        named => named.as_str(),
    }
}

/// Writes everything but the pictures.
pub fn write(labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
    let mut writer = Writer::announced(labels)?;
    labels.for_each(&mut |image, boxes| writer.image(image, boxes))?;
    let report = writer.report;
    for subset in writer.subsets.into_values() {
        subset.assemble(labels.dataset(), &writer.categories, out)?;
    }
    Ok(report)
}

struct Writer {
    subsets: BTreeMap<Split, Subset>,
    category_ids: BTreeMap<i32, i64>,
    categories: String,
    report: WriteReport,
    line: String,
}

impl Writer {
    /// The first pass: which ids there are.
    fn announced(labels: &dyn Labels) -> Result<Self, Error> {
        let (category_ids, categories) = categories(labels.classes());
        let report = WriteReport { classes: category_ids.len() as u64, ..WriteReport::default() };
        let mut writer = Self { subsets: BTreeMap::new(), category_ids, categories, report, line: String::new() };
        labels.for_each(&mut |image, boxes| {
            let subset = writer.subset(image.split);
            subset.image_numbers.announce(image.source_id.as_deref(), image.image_id);
            for one in boxes {
                subset.box_numbers.announce(one.source_id.as_deref(), one.box_id);
            }
            Ok(())
        })?;
        if writer.subsets.is_empty() {
            writer.subset(Split::None);
        }
        for subset in writer.subsets.values_mut() {
            subset.image_numbers.close();
            subset.box_numbers.close();
        }
        Ok(writer)
    }

    fn subset(&mut self, split: Split) -> &mut Subset {
        self.subsets.entry(split).or_insert_with(|| Subset::new(split))
    }

    fn image(&mut self, image: &Image, boxes: &[ImageBox]) -> Result<(), Error> {
        let Some(subset) = self.subsets.get_mut(&image.split) else {
            return Err(Error::Conflict("the labels changed while they were written; export again".to_owned()));
        };
        let (number, keep_source) = subset.image_numbers.number(image.source_id.as_deref(), image.image_id);
        self.line.clear();
        let sound = push_image(image, number, keep_source, &mut subset.licences, &mut self.line);
        subset.images.push(&self.line)?;
        if !sound {
            self.report.left_out.push((image.path.clone(), "its attributes are not a JSON object".to_owned()));
        }
        self.report.images += 1;
        for one in boxes {
            let Some(category) = self.category_ids.get(&one.class_id).copied() else {
                self.report.left_out.push((box_name(image, one), "its class does not exist".to_owned()));
                continue;
            };
            let (id, keep_source) = subset.box_numbers.number(one.source_id.as_deref(), one.box_id);
            self.line.clear();
            let numbers = Numbers { id, image: number, category, keep_source };
            let reasons = push_box(image, one, &numbers, &mut self.line);
            self.report.left_out.extend(reasons.into_iter().map(|r| (box_name(image, one), r.to_owned())));
            subset.annotations.push(&self.line)?;
            self.report.boxes += 1;
        }
        Ok(())
    }
}

fn box_name(image: &Image, one: &ImageBox) -> String {
    format!("{} box {}", image.path, one.box_id)
}

/// Numbers of the categories by class, and the array of their records.
fn categories(classes: &[Class]) -> (BTreeMap<i32, i64>, String) {
    let mut numbering = Numbering::default();
    classes.iter().for_each(|c| numbering.announce(c.source_id.as_deref(), i64::from(c.class_id)));
    numbering.close();
    let (mut ids, mut text) = (BTreeMap::new(), String::new());
    for class in classes {
        let (id, keep_source) = numbering.number(class.source_id.as_deref(), i64::from(class.class_id));
        ids.insert(class.class_id, id);
        text.push_str(if text.is_empty() { "\n" } else { ",\n" });
        text.push_str(&format!("{{\"id\":{id},\"name\":"));
        push_string(&class.name, &mut text);
        push_text_key("supercategory", class.supercategory.as_deref(), &mut text);
        push_text_key("tator_source_id", class.source_id.as_deref().filter(|_| keep_source), &mut text);
        text.push('}');
    }
    (ids, text)
}

fn push_text_key(key: &str, value: Option<&str>, line: &mut String) {
    if let Some(value) = value {
        line.push_str(&format!(",\"{key}\":"));
        push_string(value, line);
    }
}

/// Appends the image's record; `false` when its attributes are no object.
fn push_image(
    image: &Image,
    number: i64,
    keep_source: bool,
    licences: &mut BTreeMap<String, String>,
    line: &mut String,
) -> bool {
    line.push_str(&format!("{{\"id\":{number},\"file_name\":"));
    push_string(&image.path, line);
    line.push_str(&format!(",\"width\":{},\"height\":{}", image.width, image.height));
    push_text_key("tator_source_id", image.source_id.as_deref().filter(|_| keep_source), line);
    let state = (image.state != ImageState::Labelled).then_some(image.state.as_str());
    push_text_key("tator_state", state, line);
    let sound = each_attribute(image.attributes.as_deref(), |key, raw| match key {
        "tator_license" => drop(licences.entry(licence_key(raw)).or_insert_with(|| raw.to_owned())),
        key if IMAGE_KEYS.contains(&key) => {}
        _ => push_raw_key(key, raw, line),
    });
    line.push('}');
    sound
}

/// Licences sort by their id as a number.
fn licence_key(raw: &str) -> String {
    let mut id = String::new();
    each_attribute(Some(raw), |key, value| {
        if key == "id" {
            id = format!("{value:>20}");
        }
    });
    id + raw
}

fn push_raw_key(key: &str, raw: &str, line: &mut String) {
    line.push(',');
    push_string(key, line);
    line.push(':');
    push_compact(raw, line);
}

/// Calls `each` with every key of a JSON object and its value as text; `false` when it is none.
fn each_attribute(attributes: Option<&str>, mut each: impl FnMut(&str, &str)) -> bool {
    let Some(text) = attributes else { return true };
    // Looked at whole first, so that a damaged end does not leave half a record.
    let sound = Cursor::new(text).raw().is_ok_and(|raw| raw.starts_with('{') && raw.len() == text.trim().len());
    sound
        && Cursor::new(text)
            .object(|key, c| {
                each(&key, c.raw()?);
                Ok(())
            })
            .is_ok()
}

struct Numbers {
    id: i64,
    image: i64,
    category: i64,
    keep_source: bool,
}

/// Appends the annotation's record; what COCO cannot hold is returned.
fn push_box(image: &Image, one: &ImageBox, numbers: &Numbers, line: &mut String) -> Vec<&'static str> {
    let mut left_out = Vec::new();
    let Numbers { id, image: image_id, category, .. } = numbers;
    line.push_str(&format!("{{\"id\":{id},\"image_id\":{image_id},\"category_id\":{category},\"bbox\":"));
    push_numbers(&[one.rect.x, one.rect.y, one.rect.w, one.rect.h], line);
    let mask = one.mask.as_deref().map(|text| Rle::decode(image.height, image.width, text));
    line.push_str(",\"area\":");
    push_number(one.area.unwrap_or_else(|| area_of(one, mask.as_ref())), line);
    line.push_str(if one.is_crowd { ",\"iscrowd\":1" } else { ",\"iscrowd\":0" });
    line.push_str(",\"segmentation\":");
    match (&mask, &one.mask) {
        (Some(Ok(rle)), Some(text)) => {
            push_mask(rle, text, spelled_as_list(one), line);
            if one.polygon.is_some() {
                left_out.push("COCO holds a mask or an outline, not both; the outline is left out");
            }
        }
        _ => push_polygon(one, line),
    }
    if matches!(mask, Some(Err(_))) {
        left_out.push("its mask does not fit the image");
    }
    if !push_box_extra(one, numbers, line) {
        left_out.push("its attributes are not a JSON object");
    }
    line.push('}');
    left_out
}

fn push_box_extra(one: &ImageBox, numbers: &Numbers, line: &mut String) -> bool {
    if let Some(score) = one.score {
        line.push_str(",\"score\":");
        push_number(score, line);
    }
    let mut nested = String::new();
    let mut has_nested = false;
    let sound = each_attribute(one.attributes.as_deref(), |key, raw| match key {
        "attributes" if raw.starts_with('{') => {
            has_nested = true;
            // A turn that was edited since is the true one.
            each_attribute(Some(raw), |key, raw| match (key, one.angle) {
                ("rotation", Some(_)) => {}
                _ => push_raw_key(key, raw, &mut nested),
            });
        }
        "attributes" if one.angle.is_some() => {}
        "attributes" => push_raw_key(key, raw, line),
        key if BOX_KEYS.contains(&key) => {}
        _ => push_raw_key(key, raw, line),
    });
    if let Some(angle) = one.angle {
        nested.push_str(",\"rotation\":");
        push_number(angle, &mut nested);
    }
    if has_nested || one.angle.is_some() {
        line.push_str(",\"attributes\":{");
        line.push_str(nested.trim_start_matches(','));
        line.push('}');
    }
    push_text_key("tator_source_id", one.source_id.as_deref().filter(|_| numbers.keep_source), line);
    push_text_key("tator_state", (one.state == BoxState::Draft).then_some("draft"), line);
    push_text_key("tator_area", one.area.is_none().then_some("computed"), line);
    sound
}

/// Official COCO writes crowds as lists of counts; tools write compressed text for everything else.
fn spelled_as_list(one: &ImageBox) -> bool {
    let mut list = one.is_crowd;
    each_attribute(one.attributes.as_deref(), |key, raw| {
        if key == "tator_rle" {
            list = raw == "\"list\"";
        }
    });
    list
}

fn area_of(one: &ImageBox, mask: Option<&Result<Rle, tator_domain::BadRle>>) -> f64 {
    match (mask, &one.polygon) {
        (Some(Ok(rle)), _) => rle.area() as f64,
        (_, Some(polygon)) => polygon.area(),
        _ => one.rect.area(),
    }
}

fn push_numbers(numbers: &[f64], line: &mut String) {
    for (i, number) in numbers.iter().enumerate() {
        line.push(if i == 0 { '[' } else { ',' });
        push_number(*number, line);
    }
    line.push(']');
}

fn push_polygon(one: &ImageBox, line: &mut String) {
    line.push('[');
    for (i, ring) in one.polygon.iter().flat_map(|p| &p.rings).enumerate() {
        if i > 0 {
            line.push(',');
        }
        push_numbers(ring.as_flattened(), line);
    }
    line.push(']');
}

fn push_mask(rle: &Rle, text: &str, as_list: bool, line: &mut String) {
    line.push_str(&format!("{{\"size\":[{},{}],\"counts\":", rle.height, rle.width));
    if as_list {
        for (i, count) in rle.counts.iter().enumerate() {
            line.push(if i == 0 { '[' } else { ',' });
            line.push_str(&count.to_string());
        }
        line.push(']');
    } else {
        push_string(text, line);
    }
    line.push('}');
}

/// One output file in the making.
struct Subset {
    split: Split,
    image_numbers: Numbering,
    box_numbers: Numbering,
    licences: BTreeMap<String, String>,
    images: Records,
    annotations: Records,
}

impl Subset {
    fn new(split: Split) -> Self {
        Self {
            split,
            image_numbers: Numbering::default(),
            box_numbers: Numbering::default(),
            licences: BTreeMap::new(),
            images: Records::new(),
            annotations: Records::new(),
        }
    }

    /// Categories come before annotations, so that a reader can make one pass.
    fn assemble(mut self, dataset: &str, categories: &str, out: &mut dyn Output) -> Result<(), Error> {
        let path = format!("annotations/instances_{}.json", subset_name(self.split));
        let mut head = String::from("{\"info\":{\"description\":");
        push_string(dataset, &mut head);
        head.push_str("},\n\"licenses\":[");
        for (i, raw) in self.licences.values().enumerate() {
            head.push_str(if i == 0 { "\n" } else { ",\n" });
            push_compact(raw, &mut head);
        }
        head.push_str("],\n\"categories\":[");
        head.push_str(categories);
        head.push_str("],\n\"images\":[");
        out.file(&path, &mut |to| {
            let failed = || Error::io(format!("writing {path}"));
            to.write_all(head.as_bytes()).map_err(failed())?;
            self.images.copy(to).map_err(failed())?;
            to.write_all(b"],\n\"annotations\":[").map_err(failed())?;
            self.annotations.copy(to).map_err(failed())?;
            to.write_all(b"]}\n").map_err(failed())
        })
    }
}

/// The records of one array, in memory while they are few.
struct Records {
    spool: SpooledTempFile,
    buffer: Vec<u8>,
    any: bool,
}

impl Records {
    fn new() -> Self {
        Self { spool: SpooledTempFile::new(SPOOL), buffer: Vec::new(), any: false }
    }

    fn push(&mut self, line: &str) -> Result<(), Error> {
        self.buffer.extend_from_slice(if self.any { b",\n" } else { b"\n" });
        self.buffer.extend_from_slice(line.as_bytes());
        self.any = true;
        if self.buffer.len() > 1 << 16 { self.flush().map_err(Error::io("writing a temporary file")) } else { Ok(()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.spool.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn copy(&mut self, to: &mut dyn Write) -> std::io::Result<()> {
        self.flush()?;
        self.spool.rewind()?;
        std::io::copy(&mut self.spool, to).map(drop)
    }
}
