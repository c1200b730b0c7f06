//! Reads annotation files in parallel and announces them in the order of their paths.

use std::collections::{HashMap, HashSet};

use tator_domain::{ImageState, NewClass, Split};

use super::files::{Pictures, Splits, annotation_files, label_map, name_below};
use super::object::{self, Object};
use super::xml::{self, Element};
use crate::error::Error;
use crate::formats::image_folder::unlabelled;
use crate::formats::layout::split_of;
use crate::formats::matching::{base_name, even};
use crate::formats::measure::{Measure, TURNED, measure};
use crate::formats::{ClassKey, FoundBox, FoundImage, ReadOptions, Sink};
use crate::source::{Source, in_order, is_picture, name_fault};

/// Largest annotation file; one with ten thousand outlines has a few megabytes.
const MAX_XML: u64 = 32 << 20;

/// Reads the whole source.
pub fn read(source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error> {
    source.left_out().iter().for_each(|(item, why)| sink.skip(item, why));
    let files = annotation_files(source);
    if files.is_empty() {
        return Err(Error::invalid(source.name(), "holds no XML files of Pascal VOC"));
    }
    let pictures = Pictures::of(source);
    if pictures.is_empty() {
        sink.warn(source.name(), "holds no pictures; labels only are imported");
    }
    let mut reading = Reading {
        source,
        options,
        splits: Splits::of(source)?,
        classes: HashMap::new(),
        paths: HashSet::new(),
        used: vec![false; pictures.len()],
        done: 0,
        total: (files.len().max(pictures.len())) as u64,
    };
    for name in label_map(source)? {
        reading.class(&name, sink)?;
    }
    let load = |path: &&str| load(source, path, &pictures, options);
    in_order(&files, load, |path, loaded| match loaded {
        Ok(loaded) => reading.annotation(path, loaded, &pictures, sink),
        Err(Trouble::Skip(reason)) => {
            sink.skip(path, &reason);
            reading.step(sink)
        }
        Err(Trouble::Stop(error)) => Err(error),
    })?;
    reading.unlabelled(&pictures, sink)
}

/// One annotation file with its picture.
struct Loaded {
    filename: Option<String>,
    picture: Option<usize>,
    measure: Measure,
    objects: Vec<Result<Object, String>>,
}

enum Trouble {
    /// This file is left out.
    Skip(String),
    /// The source is unreadable as a whole.
    Stop(Error),
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Skip(reason)
    }
}

fn load(source: &Source, path: &str, pictures: &Pictures<'_>, options: &ReadOptions) -> Result<Loaded, Trouble> {
    let text = source.read_text(path, MAX_XML).map_err(|e| Trouble::Skip(crate::source::reason(&e)))?;
    let root = xml::parse(&text)?;
    if root.name != "annotation" {
        return Err(Trouble::Skip("the XML is no Pascal VOC annotation".to_owned()));
    }
    let filename = root.text_of("filename").map(str::to_owned);
    let picture = pictures.find(path, filename.as_deref()).map_err(Trouble::Stop)?;
    let probed = picture.map(|n| source.probe(pictures.get(n).0)).transpose();
    let probed = probed.map_err(|e| Trouble::Skip(crate::source::reason(&e)))?;
    let measure = measure(size(&root), probed.as_ref())?;
    let objects = root.all("object").map(|o| object::read(o, options.one_based)).collect();
    Ok(Loaded { filename, picture, measure, objects })
}

/// The stated size; some tools write 0 when they do not know it.
fn size(root: &Element) -> Option<(u32, u32)> {
    let size = root.child("size")?;
    let side = |name: &str| {
        let value = size.number_of(name)?;
        (value.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&value)).then_some(value as u32)
    };
    side("width").zip(side("height"))
}

struct Reading<'a> {
    source: &'a Source,
    options: &'a ReadOptions,
    splits: Splits,
    classes: HashMap<String, ClassKey>,
    paths: HashSet<String>,
    used: Vec<bool>,
    done: u64,
    total: u64,
}

impl Reading<'_> {
    fn class(&mut self, name: &str, sink: &mut dyn Sink) -> Result<ClassKey, Error> {
        if let Some(key) = self.classes.get(name) {
            return Ok(*key);
        }
        let key = sink.class(NewClass { name: name.to_owned(), ..NewClass::default() })?;
        self.classes.insert(name.to_owned(), key);
        Ok(key)
    }

    fn step(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        self.done += 1;
        sink.progress(self.done.min(self.total), self.total)
    }

    fn annotation(
        &mut self,
        xml: &str,
        loaded: Loaded,
        pictures: &Pictures<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let Loaded { filename, picture, measure, objects } = loaded;
        let name = name_below(xml).1;
        let (file, place) = picture.map(|n| pictures.get(n)).unzip();
        let path = place.map_or_else(|| path_without_picture(name, filename.as_deref()), |p| p.path.clone());
        if let Some(fault) = name_fault(&path) {
            sink.skip(xml, &format!("its file name {fault}"));
            return self.step(sink);
        }
        if !self.paths.insert(path.clone()) {
            sink.skip(xml, "another annotation file speaks of the same picture");
            return self.step(sink);
        }
        if let Some(number) = picture {
            self.used[number] = true;
        } else if !pictures.is_empty() {
            sink.warn(xml, "its picture is not in the source; the labels are kept");
        }
        if measure.turn.is_some() {
            sink.warn(xml, TURNED);
        }
        let folder_split = || xml.rsplit('/').skip(1).find_map(split_of);
        let split = self.splits.get(name).or(place.and_then(|p| p.split)).or_else(folder_split);
        let key = sink.image(FoundImage {
            path,
            file: file.map(str::to_owned),
            width: measure.width,
            height: measure.height,
            orientation: measure.orientation,
            bytes: measure.bytes,
            split: split.or(self.options.split).unwrap_or(Split::None),
            state: ImageState::Labelled,
            source_id: None,
            attributes: None,
        })?;
        for (number, object) in (1..).zip(objects) {
            let item = || format!("{xml} object {number}");
            match object {
                Ok(object) => {
                    object.warnings.iter().for_each(|message| sink.warn(&item(), message));
                    let class = self.class(&object.name, sink)?;
                    sink.add_box(key, upright(object, class, &measure))?;
                }
                Err(reason) => sink.skip(&item(), &reason),
            }
        }
        self.step(sink)
    }

    /// Pictures without an annotation file are part of the dataset, but nobody has labelled them.
    fn unlabelled(&mut self, pictures: &Pictures<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        let numbers: Vec<usize> = (0..pictures.len()).filter(|n| !self.used[*n]).collect();
        let files: Vec<&str> = numbers.iter().map(|n| pictures.get(*n).0).collect();
        let mut numbers = numbers.into_iter();
        self.source.probe_all(&files, |file, picture| {
            let Some(number) = numbers.next() else { return Ok(()) };
            let mut place = pictures.get(number).1.clone();
            match picture {
                Err(reason) => sink.skip(file, &reason),
                Ok(_) if self.paths.contains(&place.path) => sink.skip(file, "another image has its path"),
                Ok(picture) => {
                    place.split = self.splits.get(&place.path).or(place.split);
                    sink.image(unlabelled(file, place, &picture, self.options))?;
                }
            }
            Ok(())
        })
    }
}

/// Path of an image that is not there: the XML's name with the extension that `filename` states.
fn path_without_picture(name: &str, filename: Option<&str>) -> String {
    let stated = filename.map(even);
    let extension = stated.as_deref().filter(|f| is_picture(f)).and_then(|f| base_name(f).rsplit_once('.'));
    match extension {
        _ if is_picture(name) => name.to_owned(),
        Some((_, extension)) => format!("{name}.{extension}"),
        None => format!("{name}.jpg"),
    }
}

fn upright(object: Object, class: ClassKey, measure: &Measure) -> FoundBox {
    let turned = |polygon| match &measure.turn {
        Some(turn) => turn.polygon(&polygon),
        None => polygon,
    };
    FoundBox {
        class,
        rect: measure.turn.map_or(object.rect, |turn| turn.rect(&object.rect)),
        polygon: object.polygon.map(turned),
        angle: object.angle,
        attributes: object.attributes,
        ..FoundBox::default()
    }
}
