//! Reads COCO files: a first pass for categories, names and wholeness, a second for images and boxes.

use std::collections::HashMap;
use std::ops::Range;

use tator_domain::{ImageState, Split};

use super::categories::Classes;
use super::files::{Pictures, Survey, choose, record, survey, walk};
use super::outline::{Known, Outline};
use super::record::{Annotation, Extra, ForeignId, ImageRecord};
use super::stream::Part;
use crate::error::Error;
use crate::formats::image_folder::unlabelled;
use crate::formats::matching::even;
use crate::formats::measure::{Measure, TURNED, measure};
use crate::formats::{FoundBox, FoundImage, ImageKey, ReadOptions, Sink};
use crate::source::{Picture, Source, in_order, name_fault};

/// Images that are measured at once.
const CHUNK: usize = 1024;
/// Bytes of annotations that are read at once.
const BATCH: usize = 4 << 20;

/// Reads the whole source.
pub fn read(source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error> {
    source.left_out().iter().for_each(|(item, why)| sink.skip(item, why));
    let paths = choose(source, Some(sink));
    if paths.is_empty() {
        return Err(Error::invalid(source.name(), "holds no COCO file: a JSON object with images and annotations"));
    }
    let surveys = paths.iter().map(|path| survey(source, path)).collect::<Result<Vec<_>, _>>()?;
    let pictures = Pictures::of(source);
    let matched = pictures.matched(&surveys)?;
    if pictures.is_empty() {
        sink.warn(source.name(), "holds no pictures; labels only are imported");
    }
    let named: Vec<_> = surveys.iter().map(|s| (s.path.as_str(), s.categories.as_slice())).collect();
    let classes = Classes::announce(&named, sink)?;
    let total = surveys.iter().map(|s| s.names.len() as u64 + s.annotations).sum();
    let mut reading = Reading { source, options, pictures, classes, paths: HashMap::new(), done: 0, total };
    for (number, survey) in surveys.iter().enumerate() {
        reading.file(number, survey, &matched[number], sink)?;
    }
    reading.unmatched(&matched, sink)
}

/// What is known while a source is read.
struct Reading<'a> {
    source: &'a Source,
    options: &'a ReadOptions,
    pictures: Pictures<'a>,
    classes: Classes,
    /// Images that were announced, by their path in the dataset.
    paths: HashMap<String, (ImageKey, Split)>,
    done: u64,
    total: u64,
}

/// Annotations that are read together.
#[derive(Debug, Default)]
struct Batch {
    text: String,
    /// Where each stands in the text, and at which byte of the file.
    parts: Vec<(Range<usize>, u64)>,
}

impl Batch {
    fn push(&mut self, part: Part<'_>) {
        let start = self.text.len();
        self.text.push_str(part.text);
        self.parts.push((start..self.text.len(), part.at));
    }
}

/// Images by their id in the file.
type KnownImages = HashMap<ForeignId, Known>;

impl Reading<'_> {
    fn file(
        &mut self,
        number: usize,
        survey: &Survey,
        matched: &[Option<usize>],
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let (source, path) = (self.source, survey.path.as_str());
        let mut known = KnownImages::with_capacity(matched.len());
        let mut waiting: Vec<ImageRecord> = Vec::new();
        let mut announced = 0;
        let mut images = |this: &mut Self, known: &mut KnownImages, part: Option<Part<'_>>, sink: &mut dyn Sink| {
            if let Some(part) = part {
                waiting.push(record(source, path, part, ImageRecord::read)?);
            }
            if waiting.len() >= CHUNK || part.is_none() {
                let records = std::mem::take(&mut waiting);
                let numbers = &matched[announced..announced + records.len()];
                announced += records.len();
                this.images(survey, records, numbers, known, sink)?;
            }
            Ok::<(), Error>(())
        };
        let mut images_done = false;
        let mut batch = Batch::default();
        if !survey.images_first {
            walk(source, path, &mut |part| match (part.key, part.element) {
                ("images", true) => images(self, &mut known, Some(part), sink),
                _ => Ok(()),
            })?;
            images(self, &mut known, None, sink)?;
            images_done = true;
        }
        walk(source, path, &mut |part| match (part.key, part.element) {
            ("images", true) if !images_done => images(self, &mut known, Some(part), sink),
            ("annotations", true) => {
                if !images_done {
                    images(self, &mut known, None, sink)?;
                    images_done = true;
                }
                batch.push(part);
                if batch.text.len() < BATCH {
                    Ok(())
                } else {
                    self.annotations((number, path), &mut batch, &known, sink)
                }
            }
            _ => Ok(()),
        })?;
        self.annotations((number, path), &mut batch, &known, sink)?;
        if images_done { Ok(()) } else { images(self, &mut known, None, sink) }
    }

    fn step(&mut self, by: u64, sink: &mut dyn Sink) -> Result<(), Error> {
        let before = self.done;
        self.done += by;
        if before >> 12 == self.done >> 12 && self.done != self.total {
            return Ok(());
        }
        sink.progress(self.done, self.total)
    }

    /// Announces some images of a file.
    fn images(
        &mut self,
        survey: &Survey,
        records: Vec<ImageRecord>,
        numbers: &[Option<usize>],
        known: &mut KnownImages,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let count = records.len() as u64;
        let files: Vec<&str> = numbers.iter().flatten().map(|n| self.pictures.get(*n).0).collect();
        let mut probed = HashMap::with_capacity(files.len());
        self.source.probe_all(&files, |file, picture| {
            probed.insert(file.to_owned(), picture);
            Ok(())
        })?;
        for (image, number) in records.into_iter().zip(numbers) {
            let picture = number.map(|n| probed.get(self.pictures.get(n).0).cloned());
            let id = image.id.clone();
            let found = self.image(survey, image, *number, picture.flatten(), sink)?;
            let Some(id) = id else { continue };
            if known.contains_key(&id) {
                sink.skip(&format!("{} image {id}", survey.path), "its id is used twice");
                continue;
            }
            known.insert(id, found);
        }
        self.step(count, sink)
    }

    /// Announces one image, or says why not.
    fn image(
        &mut self,
        survey: &Survey,
        image: ImageRecord,
        number: Option<usize>,
        picture: Option<Result<Picture, String>>,
        sink: &mut dyn Sink,
    ) -> Result<Known, Error> {
        let item = item_of(survey, &image);
        let out = |reason: &str, sink: &mut dyn Sink| {
            sink.skip(&item, reason);
            Ok(Known { key: None, width: 0, height: 0, turn: None })
        };
        let size = match size_of(&image, picture) {
            Ok(size) => size,
            Err(reason) => return out(&reason, sink),
        };
        if size.turn.is_some() {
            sink.warn(&item, TURNED);
        }
        let (file, place) = number.map(|n| self.pictures.get(n)).unzip();
        let name = even(image.file_name.as_deref().unwrap_or_default());
        let split = survey.split.or(place.and_then(|p| p.split)).or(self.options.split).unwrap_or(Split::None);
        let path = self.free_path(place.map_or(name, |p| p.path.clone()), split, file.is_some());
        if let Some(fault) = name_fault(&path) {
            return out(&format!("its file name {fault}"), sink);
        }
        let known = |key| Known { key: Some(key), width: size.width, height: size.height, turn: size.turn };
        if let Some((key, _)) = self.paths.get(&path) {
            sink.warn(&item, "is listed more than once; its boxes are put together");
            return Ok(known(*key));
        }
        if file.is_none() && !self.pictures.is_empty() {
            sink.warn(&item, "its picture is not in the source; the labels are kept");
        }
        let key = sink.image(FoundImage {
            path: path.clone(),
            file: file.map(str::to_owned),
            width: size.width,
            height: size.height,
            orientation: size.orientation,
            bytes: size.bytes,
            split,
            state: image.state.unwrap_or(ImageState::Labelled),
            source_id: image.source_id.clone().or_else(|| image.id.as_ref().map(ToString::to_string)),
            attributes: with_licence(image, survey).into_object(),
        })?;
        self.paths.insert(path, (key, split));
        Ok(known(key))
    }

    /// Labels without pictures may use one name in two splits; those are two images.
    fn free_path(&self, path: String, split: Split, has_file: bool) -> String {
        match self.paths.get(&path) {
            Some((_, other)) if !has_file && *other != split => format!("{split}/{path}"),
            _ => path,
        }
    }

    /// Adds the boxes of a batch: read by all cores, handed over in order.
    fn annotations(
        &mut self,
        file: (usize, &str),
        batch: &mut Batch,
        known: &KnownImages,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let Batch { text, parts } = std::mem::take(batch);
        let source = self.source;
        let part = |(range, at): &(Range<usize>, u64)| Part {
            key: "annotations",
            element: true,
            at: *at,
            text: &text[range.clone()],
        };
        in_order(
            &parts,
            |one| record(source, file.1, part(one), Annotation::read),
            |(_, at), read| {
                let read = read?;
                let id = read.id.clone();
                if let Err(reason) = self.add(file, read, known, sink)? {
                    let item = match id {
                        Some(id) => format!("{} annotation {id}", file.1),
                        None => format!("{} annotation at byte {at}", file.1),
                    };
                    sink.skip(&item, &reason);
                }
                self.step(1, sink)
            },
        )
    }

    /// Adds a box, or says why not.
    fn add(
        &mut self,
        file: (usize, &str),
        mut found: Annotation,
        known: &KnownImages,
        sink: &mut dyn Sink,
    ) -> Result<Result<(), String>, Error> {
        let image = match found.image.as_ref().and_then(|id| known.get(id)) {
            Some(image) => image,
            None => return Ok(Err("its image is not in the file".to_owned())),
        };
        let Some(key) = image.key else { return Ok(Err("its image was left out".to_owned())) };
        let outline = match Outline::of(&mut found, image) {
            Ok(outline) => outline,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some(class) = self.classes.of(file, found.category.as_ref(), sink)? else {
            return Ok(Err("its category is not in the file".to_owned()));
        };
        if let Some(message) = outline.message {
            let id = found.id.as_ref().map(ToString::to_string).unwrap_or_default();
            sink.warn(&format!("{} annotation {id}", file.1), message);
        }
        let mut extra = found.extra;
        if let Some(spelling) = outline.spelling {
            extra.push("tator_rle", spelling);
        }
        let one = FoundBox {
            class,
            rect: outline.rect,
            polygon: outline.polygon,
            angle: found.rotation,
            mask: outline.mask,
            area: found.area.filter(|_| !found.area_computed),
            is_crowd: found.crowd,
            score: found.score,
            source_id: found.source_id.or_else(|| found.id.map(|id| id.to_string())),
            attributes: extra.into_object(),
            origin: None,
            state: found.state,
        };
        sink.add_box(key, one)?;
        Ok(Ok(()))
    }

    /// Pictures of which no file speaks are part of the dataset, but nobody has labelled them.
    fn unmatched(&mut self, matched: &[Vec<Option<usize>>], sink: &mut dyn Sink) -> Result<(), Error> {
        let numbers = self.pictures.unmatched(matched);
        let files: Vec<&str> = numbers.iter().map(|n| self.pictures.get(*n).0).collect();
        let mut numbers = numbers.into_iter();
        self.source.probe_all(&files, |file, picture| {
            let Some(number) = numbers.next() else { return Ok(()) };
            let place = self.pictures.get(number).1;
            let picture = match picture {
                Ok(picture) => picture,
                Err(reason) => {
                    sink.skip(file, &reason);
                    return Ok(());
                }
            };
            if self.paths.contains_key(&place.path) {
                sink.skip(file, "another image has its path");
                return Ok(());
            }
            sink.image(unlabelled(file, place.clone(), &picture, self.options)).map(drop)
        })
    }
}

fn item_of(survey: &Survey, image: &ImageRecord) -> String {
    match (&image.file_name, &image.id) {
        (Some(name), _) if !name.is_empty() => name.clone(),
        (_, Some(id)) => format!("{} image {id}", survey.path),
        _ => format!("an image of {}", survey.path),
    }
}

/// The image's licence travels with it, because a dataset has no place for a list of licences.
fn with_licence(mut image: ImageRecord, survey: &Survey) -> Extra {
    let licence = image.licence.and_then(|id| survey.licences.iter().find(|(other, _)| *other == id));
    if let Some((_, raw)) = licence {
        image.extra.push("tator_license", raw);
    }
    image.extra
}

/// The image's size, from the file or its picture.
fn size_of(image: &ImageRecord, picture: Option<Result<Picture, String>>) -> Result<Measure, String> {
    if image.id.is_none() {
        return Err("it has no id".to_owned());
    }
    if image.file_name.as_deref().unwrap_or_default().trim().is_empty() {
        return Err("it has no file name".to_owned());
    }
    measure(image.width.zip(image.height), picture.transpose()?.as_ref())
}
