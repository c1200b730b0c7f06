//! A file of COCO results, held against a dataset: images by their foreign number or file name, classes by theirs.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;
use tator_domain::{ClassId, DatasetName, ImageId, PixelBox};
use tator_store::{ImageFilter, ImageRow, Reader};

use super::found::Found;
use super::{Detection, Truths};
use crate::error::Error;

/// One result, as COCO's server takes it; other tools write names beside the numbers or instead of them.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    image_id: Option<Id>,
    #[serde(default)]
    file_name: Option<String>,
    #[serde(default)]
    category_id: Option<Id>,
    #[serde(default)]
    category_name: Option<String>,
    #[serde(default)]
    bbox: Option<[f64; 4]>,
    #[serde(default)]
    score: Option<f64>,
}

#[derive(Deserialize, PartialEq, Eq, Hash)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// Reads the results and finds their images and classes.
pub(super) fn read(reader: &Reader, d: &DatasetName, truths: &Truths, file: &Path) -> Result<Found, Error> {
    let opened = File::open(file).map_err(Error::io(format!("opening {}", file.display())))?;
    let rows: Vec<Row> = serde_json::from_reader(BufReader::with_capacity(1 << 18, opened)).map_err(|e| {
        let text =
            format!("{} is no list of COCO results ({{image_id, category_id, bbox, score}}): {e}", file.display());
        Error::invalid("predictions", text)
    })?;
    let images = Images::new(&reader.image_rows(d, &ImageFilter::default())?);
    let classes = Classes::read(reader, d)?;
    let mut left_out: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut placed = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        match place_row(place, row, &images, &classes) {
            Ok(detection) => placed.push(detection),
            Err((item, reason)) => left_out.entry(item).or_insert((reason, 0)).1 += 1,
        }
    }
    let mut found = Found::of(placed.into_iter(), truths);
    let told = |(item, (reason, times)): (String, (String, usize))| {
        (item, if times > 1 { format!("{reason} ({times} results)") } else { reason })
    };
    found.left_out = left_out.into_iter().map(told).collect();
    if found.detections.is_empty() && !rows.is_empty() {
        let why = found.left_out.first().map(|(item, reason)| format!("{item}: {reason}"));
        let why = why.unwrap_or_else(|| "they are all on images without truth".into());
        return Err(Error::invalid(
            "predictions",
            format!("none of the {} results can be measured: {why}", rows.len()),
        ));
    }
    Ok(found)
}

fn place_row(place: usize, row: &Row, images: &Images, classes: &Classes) -> Result<Detection, (String, String)> {
    let here = || format!("result {place} (counted from 0)");
    let image = images.find(row)?;
    let class = classes.find(row)?;
    let [x, y, w, h] = row.bbox.ok_or_else(|| (here(), "it has no bbox; masks alone are not measured".to_owned()))?;
    let shape = PixelBox { x, y, w, h };
    if !shape.is_valid() {
        return Err((here(), format!("its box {x}, {y}, {w}, {h} is none")));
    }
    let score = row.score.filter(|score| score.is_finite());
    let score = score.ok_or_else(|| (here(), "it has no score".to_owned()))?;
    Ok(Detection { image, class, shape, score })
}

/// Images by all that a result may call them.
struct Images {
    numbered: HashMap<String, ImageId>,
    /// Whole paths, file names and names without their ending; a name that two images have is nobody's.
    named: HashMap<String, Option<ImageId>>,
}

impl Images {
    fn new(rows: &[ImageRow]) -> Self {
        let numbered = rows.iter().filter_map(|row| Some((row.source_id.clone()?, row.image_id))).collect();
        let mut named: HashMap<String, Option<ImageId>> = HashMap::new();
        for row in rows {
            let name = row.path.rsplit('/').next().unwrap_or_default();
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let mut names = vec![row.path.as_str(), name, stem];
            names.dedup();
            for name in names {
                named.entry(name.to_owned()).and_modify(|known| *known = None).or_insert(Some(row.image_id));
            }
        }
        for row in rows {
            named.insert(row.path.clone(), Some(row.image_id));
        }
        Self { numbered, named }
    }

    fn find(&self, row: &Row) -> Result<ImageId, (String, String)> {
        let by_name = |name: &str| self.named.get(name).copied().flatten();
        let by_number = |id: &Id| {
            let text = id.to_string();
            // Ultralytics writes a file's name without its ending, as a number where it is one.
            self.numbered.get(&text).copied().or_else(|| by_name(&text))
        };
        let found = row.image_id.as_ref().and_then(by_number).or_else(|| row.file_name.as_deref().and_then(by_name));
        found.ok_or_else(|| {
            let name = row.image_id.as_ref().map(ToString::to_string).or_else(|| row.file_name.clone());
            let item = name.map_or("a result".to_owned(), |name| format!("image {name}"));
            (item, "no image of the dataset has this number or name".to_owned())
        })
    }
}

struct Classes {
    numbered: HashMap<String, ClassId>,
    named: HashMap<String, ClassId>,
}

impl Classes {
    fn read(reader: &Reader, d: &DatasetName) -> Result<Self, Error> {
        let all = reader.class_list(d)?;
        // What was merged into another class goes by its old number, too.
        let living = tator_domain::living_classes(&all);
        let rows = || all.iter().filter_map(|class| Some((class, *living.get(&class.class_id)?)));
        let numbered = rows().filter_map(|(class, id)| Some((class.source_id.clone()?, id))).collect();
        let named = rows().map(|(class, id)| (class.name.clone(), id)).collect();
        Ok(Self { numbered, named })
    }

    fn find(&self, row: &Row) -> Result<ClassId, (String, String)> {
        let by_number = row.category_id.as_ref().and_then(|id| self.numbered.get(&id.to_string()));
        let by_name = row.category_name.as_ref().and_then(|name| self.named.get(name));
        by_number.or(by_name).copied().ok_or_else(|| {
            let name = row.category_id.as_ref().map(ToString::to_string).or_else(|| row.category_name.clone());
            let item = name.map_or("a result".to_owned(), |name| format!("category {name}"));
            (item, "no class of the dataset has this number (source_id) or name".to_owned())
        })
    }
}
