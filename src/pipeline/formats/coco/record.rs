//! The records of a COCO file, as they are written there; nothing is judged here.
//!
//! Keys that COCO does not define are kept as JSON text and given back on export. Keys that begin with `tator_` are
//! ours: `tator_state` (of an image that is not simply labelled, of a box that is a draft), `tator_source_id` (a
//! foreign id that is no integer, or that another record has), `tator_area: "computed"` (the area was filled in by
//! the export), `tator_rle` (the mask's spelling where it is not the usual one) and `tator_license` (the record of
//! the image's licence; inside our attributes only).

use std::borrow::Cow;
use std::fmt;

use tator_domain::{BoxState, ImageState};

use super::json::{BadJson, Cursor};
use super::json_text::{push_compact, push_string};
use super::segmentation::Segmentation;

/// An id: a whole number, also when it is written as a string, or any other text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ForeignId {
    /// The usual case.
    Number(i64),
    /// Some tools use file names.
    Text(Box<str>),
}

impl ForeignId {
    /// The id that a text stands for.
    pub fn from_text(text: &str) -> Self {
        match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Self::Number(number),
            _ => Self::Text(text.into()),
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        match cursor.peek() {
            Some(b'"') => Ok(Some(Self::from_text(&cursor.string()?))),
            Some(b'-' | b'0'..=b'9') => Ok(Some(Self::from_number(cursor.number_text()?))),
            _ => cursor.raw().map(|_| None),
        }
    }

    fn from_number(text: &str) -> Self {
        match text.parse::<f64>() {
            // `7.0` is 7; pandas writes ids like that.
            Ok(value) if text.contains(['.', 'e', 'E']) && value.fract() == 0.0 && value.abs() < 9e15 => {
                Self::Number(value as i64)
            }
            _ => Self::from_text(text),
        }
    }
}

impl fmt::Display for ForeignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// Keys that are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra(String);

impl Extra {
    /// Adds a key with its value, made compact.
    pub fn push(&mut self, key: &str, raw: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        push_string(key, &mut self.0);
        self.0.push(':');
        push_compact(raw, &mut self.0);
    }

    /// The keys as a JSON object; `None` when there are none.
    pub fn into_object(self) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("{{{}}}", self.0))
    }
}

/// A class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Category {
    /// Its id.
    pub id: Option<ForeignId>,
    /// Its name, trimmed.
    pub name: String,
    /// Its group, kept even when empty.
    pub supercategory: Option<String>,
    /// Keys that have no place in our classes.
    pub unknown: Vec<String>,
}

impl Category {
    /// Reads one element of `categories`.
    pub fn read(text: &str) -> Result<Self, BadJson> {
        let mut found = Self::default();
        whole(text, |key, c| {
            match &*key {
                "id" => found.id = ForeignId::read(c)?,
                "name" => found.name = text_of(c)?.unwrap_or_default().trim().to_owned(),
                "supercategory" => found.supercategory = text_of(c)?,
                _ => {
                    c.raw()?;
                    found.unknown.push(key.into_owned());
                }
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// An image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageRecord {
    /// Its id.
    pub id: Option<ForeignId>,
    /// Where the picture is, as the file says it.
    pub file_name: Option<String>,
    /// Width, if it is a positive whole number.
    pub width: Option<u32>,
    /// Height, if it is a positive whole number.
    pub height: Option<u32>,
    /// Its licence's id.
    pub licence: Option<ForeignId>,
    /// `tator_state`
    pub state: Option<ImageState>,
    /// `tator_source_id`
    pub source_id: Option<String>,
    /// All other keys.
    pub extra: Extra,
}

impl ImageRecord {
    /// Reads one element of `images`.
    pub fn read(text: &str) -> Result<Self, BadJson> {
        let mut found = Self::default();
        whole(text, |key, c| {
            match &*key {
                "id" => found.id = ForeignId::read(c)?,
                "file_name" => found.file_name = text_of(c)?,
                "width" => found.width = side_of(c)?,
                "height" => found.height = side_of(c)?,
                "tator_state" => found.state = text_of(c)?.and_then(|t| t.parse().ok()),
                "tator_source_id" => found.source_id = text_of(c)?,
                "license" => {
                    found.licence = ForeignId::read(&mut c.clone())?;
                    found.extra.push(&key, c.raw()?);
                }
                _ => found.extra.push(&key, c.raw()?),
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// Where a box is, as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Bbox {
    /// No `bbox`, or an empty one.
    #[default]
    Missing,
    /// Left, top, width, height.
    Given([f64; 4]),
    /// Something else.
    Odd,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotation {
    /// Its id.
    pub id: Option<ForeignId>,
    /// The image's id.
    pub image: Option<ForeignId>,
    /// The category's id.
    pub category: Option<ForeignId>,
    /// Where it is.
    pub bbox: Bbox,
    /// Its outline or mask.
    pub segmentation: Segmentation,
    /// Its area, if finite.
    pub area: Option<f64>,
    /// `tator_area` says that the area was computed by an export of ours.
    pub area_computed: bool,
    /// A crowd region.
    pub crowd: bool,
    /// Confidence, if finite.
    pub score: Option<f64>,
    /// `attributes.rotation`, degrees clockwise about the centre, as CVAT writes it.
    pub rotation: Option<f64>,
    /// `tator_state`
    pub state: Option<BoxState>,
    /// `tator_source_id`
    pub source_id: Option<String>,
    /// All other keys.
    pub extra: Extra,
}

impl Annotation {
    /// Reads one element of `annotations`.
    pub fn read(text: &str) -> Result<Self, BadJson> {
        let mut found = Self::default();
        whole(text, |key, c| found.take(&key, c))?;
        Ok(found)
    }

    fn take(&mut self, key: &str, c: &mut Cursor<'_>) -> Result<(), BadJson> {
        match key {
            "id" => self.id = ForeignId::read(c)?,
            "image_id" => self.image = ForeignId::read(c)?,
            "category_id" => self.category = ForeignId::read(c)?,
            "bbox" => self.bbox = read_bbox(c)?,
            "segmentation" => self.segmentation = Segmentation::read(c)?,
            "area" => self.area = finite_of(c)?,
            "iscrowd" => self.crowd = flag_of(c)?,
            "score" => self.score = finite_of(c)?,
            "attributes" if c.peek() == Some(b'{') => self.take_attributes(c)?,
            "tator_state" => self.state = text_of(c)?.and_then(|t| t.parse().ok()),
            "tator_area" => self.area_computed = text_of(c)?.as_deref() == Some("computed"),
            "tator_source_id" => self.source_id = text_of(c)?,
            _ => self.extra.push(key, c.raw()?),
        }
        Ok(())
    }

    fn take_attributes(&mut self, c: &mut Cursor<'_>) -> Result<(), BadJson> {
        let mut rest = Extra::default();
        let mut rotation = None;
        c.object(|key, c| {
            match (&*key, c.peek()) {
                ("rotation", Some(b'-' | b'0'..=b'9')) => rotation = finite_of(c)?,
                _ => rest.push(&key, c.raw()?),
            }
            Ok(())
        })?;
        self.rotation = rotation;
        match rest.into_object() {
            Some(object) => self.extra.push("attributes", &object),
            None if rotation.is_none() => self.extra.push("attributes", "{}"),
            None => {}
        }
        Ok(())
    }
}

/// Reads a record that must be one object and nothing else.
fn whole<'a>(
    text: &'a str,
    each: impl FnMut(Cow<'a, str>, &mut Cursor<'a>) -> Result<(), BadJson>,
) -> Result<(), BadJson> {
    let mut cursor = Cursor::new(text);
    cursor.object(each)?;
    cursor.end()
}

fn text_of(c: &mut Cursor<'_>) -> Result<Option<String>, BadJson> {
    match c.peek() {
        Some(b'"') => Ok(Some(c.string()?.into_owned())),
        Some(b'-' | b'0'..=b'9') => Ok(Some(c.number_text()?.to_owned())),
        _ => c.raw().map(|_| None),
    }
}

fn finite_of(c: &mut Cursor<'_>) -> Result<Option<f64>, BadJson> {
    match c.peek() {
        Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Ok(Some(c.number()?).filter(|v| v.is_finite())),
        _ => c.raw().map(|_| None),
    }
}

fn side_of(c: &mut Cursor<'_>) -> Result<Option<u32>, BadJson> {
    let side = match c.peek() {
        Some(b'"') => c.string()?.parse().ok(),
        _ => finite_of(c)?,
    };
    Ok(side.filter(|v| v.fract() == 0.0 && *v >= 1.0 && *v <= f64::from(u32::MAX)).map(|v| v as u32))
}

fn flag_of(c: &mut Cursor<'_>) -> Result<bool, BadJson> {
    match c.peek() {
        Some(b'-' | b'0'..=b'9') => Ok(c.number()? != 0.0),
        _ => Ok(c.raw()? == "true"),
    }
}

fn read_bbox(c: &mut Cursor<'_>) -> Result<Bbox, BadJson> {
    if c.null() {
        return Ok(Bbox::Missing);
    }
    if c.peek() != Some(b'[') {
        return c.raw().map(|_| Bbox::Odd);
    }
    let mut numbers = Vec::with_capacity(4);
    let plain = c.numbers(&mut numbers)?;
    Ok(match <[f64; 4]>::try_from(numbers) {
        Ok(four) if plain => Bbox::Given(four),
        Err(none) if plain && none.is_empty() => Bbox::Missing,
        _ => Bbox::Odd,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_whether_written_as_number_or_text() {
        let id = |text: &str| ForeignId::read(&mut Cursor::new(text)).unwrap();
        assert_eq!(id("7"), id("\"7\""));
        assert_eq!(id("7.0"), Some(ForeignId::Number(7)));
        assert_eq!(id("\"007\""), Some(ForeignId::Text("007".into())));
        assert_eq!(id("null"), None);
    }

    #[test]
    fn rotation_becomes_the_angle_and_other_keys_stay() {
        let text = r#"{"id":1,"attributes":{"occluded": false, "rotation": 12.5},"keypoints":[1, 2],"bbox":[1,2,3,4]}"#;
        let a = Annotation::read(text).unwrap();
        assert_eq!(a.rotation, Some(12.5));
        assert_eq!(a.bbox, Bbox::Given([1.0, 2.0, 3.0, 4.0]));
        assert_eq!(a.extra.into_object().unwrap(), r#"{"attributes":{"occluded":false},"keypoints":[1,2]}"#);
    }

    #[test]
    fn numbers_that_python_writes_do_not_stop_the_file() {
        let a = Annotation::read(r#"{"bbox":[NaN,1,2,3],"area":Infinity}"#).unwrap();
        assert!(matches!(a.bbox, Bbox::Given([x, ..]) if x.is_nan()));
        assert_eq!(a.area, None);
    }
}
