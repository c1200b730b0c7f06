//! Writes `annotations/instances_<split>.json`, one record a line, the same bytes for the same labels.

use std::collections::BTreeMap;

use tator_domain::{BoxState, Class, Image, ImageBox, ImageState, Rle, Split};

use super::json::Cursor;
use super::json_text::{push_compact, push_number, push_string};
use super::numbering::Numbering;
use super::subset::Subset;
use crate::error::Error;
use crate::formats::{Labels, WriteReport};
use crate::output::Output;

/// Keys of an image that the writer makes itself.
const IMAGE_KEYS: &[&str] = &["id", "file_name", "width", "height", "tator_state", "tator_source_id", "tator_license"];
/// Keys of an annotation that the writer makes itself.
const BOX_KEYS: &[&str] = &[
    "id",
    "image_id",
    "category_id",
    "bbox",
    "area",
    "iscrowd",
    "segmentation",
    "score",
    "attributes",
    "tator_state",
    "tator_source_id",
    "tator_area",
    "tator_rle",
];

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
    let mut has_nested = false;
    let sound = each_attribute(one.attributes.as_deref(), |key, raw| match key {
        "attributes" if raw.starts_with('{') => {
            push_nested(raw, one.angle, line);
            has_nested = true;
        }
        "attributes" if one.angle.is_some() => {}
        "attributes" => push_raw_key(key, raw, line),
        key if BOX_KEYS.contains(&key) => {}
        _ => push_raw_key(key, raw, line),
    });
    if !has_nested && one.angle.is_some() {
        push_nested("{}", one.angle, line);
    }
    push_text_key("tator_source_id", one.source_id.as_deref().filter(|_| numbers.keep_source), line);
    push_text_key("tator_state", (one.state == BoxState::Draft).then_some("draft"), line);
    push_text_key("tator_area", one.area.is_none().then_some("computed"), line);
    sound
}

/// CVAT's own `attributes`; a turn that was edited since is the true one.
fn push_nested(raw: &str, angle: Option<f64>, line: &mut String) {
    let mut nested = String::new();
    each_attribute(Some(raw), |key, raw| match (key, angle) {
        ("rotation", Some(_)) => {}
        _ => push_raw_key(key, raw, &mut nested),
    });
    if let Some(angle) = angle {
        nested.push_str(",\"rotation\":");
        push_number(angle, &mut nested);
    }
    line.push_str(",\"attributes\":{");
    line.push_str(nested.strip_prefix(',').unwrap_or_default());
    line.push('}');
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
