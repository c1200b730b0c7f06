//! Our Parquet layout, both directions; what is in it says [`tator_store::parquet_files`].
//!
//! It is the one format that keeps everything: origins, states, masks, angles. Numbers of images, boxes and classes
//! are given anew on import, as from every other format.

use std::collections::{HashMap, HashSet};
use std::fs::File;

use tator_domain::{Image, ImageBox, NewClass};
use tator_store::parquet_files::{
    BOXES_FILE, CLASSES_FILE, IMAGES_FILE, LayoutWriter, MANIFEST_FILE, Manifest, Received, read_boxes, read_classes,
    read_images,
};

use super::image_folder::unlabelled;
use super::layout::places;
use super::measure::{TURNED, measure};
use super::{ClassKey, Format, FoundBox, FoundImage, ImageKey, Labels, ReadOptions, Sink, WriteReport};
use crate::error::Error;
use crate::output::Output;
use crate::source::{Source, name_fault};

/// Largest manifest.
const MAX_MANIFEST: u64 = 1 << 20;
/// Images that are measured at once.
const CHUNK: usize = 1024;

/// Our Parquet layout.
#[derive(Debug)]
pub struct Parquet;

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn summary(&self) -> &'static str {
        "Parquet tables that DuckDB, pandas and Polars open directly; keeps everything"
    }

    fn recognise(&self, source: &Source) -> Option<String> {
        folder_of(source).map(|folder| format!("{folder}{IMAGES_FILE} and {folder}{BOXES_FILE} are there"))
    }

    fn read(&self, source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error> {
        source.left_out().iter().for_each(|(item, why)| sink.skip(item, why));
        let Some(folder) = folder_of(source) else {
            return Err(Error::invalid(source.name(), format!("holds no {IMAGES_FILE} with a {BOXES_FILE} beside it")));
        };
        let tables = Tables::receive(source, folder, sink)?;
        let mut reading = Reading {
            source,
            options,
            folder,
            classes: HashMap::new(),
            images: HashMap::new(),
            paths: HashSet::new(),
            total: tables.images.bytes() + tables.boxes.bytes(),
        };
        reading.classes(&tables.classes, sink)?;
        reading.images(&tables.images, sink)?;
        reading.boxes(&tables, sink)?;
        reading.unlabelled(sink)
    }

    fn image_path(&self, image: &Image) -> Option<String> {
        Some(format!("images/{}", image.path))
    }

    fn write(&self, labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
        let mut writer = LayoutWriter::new()?;
        let mut report = WriteReport { classes: labels.classes().len() as u64, ..WriteReport::default() };
        labels.for_each(&mut |image, boxes| {
            report.images += 1;
            report.boxes += boxes.len() as u64;
            Ok(writer.add(image, boxes)?)
        })?;
        for mut file in writer.finish(labels.dataset(), labels.classes())? {
            let name = file.name;
            out.file(name, &mut |to| file.copy_to(to).map_err(Error::io(format!("writing {name}"))))?;
        }
        Ok(report)
    }
}

/// Folder of the tables, empty or with `/` at its end.
fn folder_of(source: &Source) -> Option<&str> {
    let folders = source.entries().iter().filter_map(|e| e.path.strip_suffix(IMAGES_FILE));
    let at_folder = |f: &&str| f.is_empty() || f.ends_with('/');
    folders.filter(at_folder).find(|folder| source.entry(&format!("{folder}{BOXES_FILE}")).is_some())
}

/// The three tables, checked against the manifest before the first row is read.
struct Tables {
    classes: Received,
    images: Received,
    boxes: Received,
}

impl Tables {
    fn receive(source: &Source, folder: &str, sink: &mut dyn Sink) -> Result<Self, Error> {
        let path = format!("{folder}{MANIFEST_FILE}");
        let manifest = match source.entry(&path) {
            Some(_) => Some(Manifest::parse(&source.read_text(&path, MAX_MANIFEST)?)?),
            None => {
                sink.warn(&path, "is not there; the tables are taken as they are");
                None
            }
        };
        let receive = |name: &str| {
            let path = format!("{folder}{name}");
            let received = match source.disk_path(&path) {
                Some(disk) => Received::open(&path, File::open(disk).map_err(Error::io(format!("opening {path}")))?),
                None => Received::copy(&path, &mut *source.open(&path)?),
            }?;
            if let Some(manifest) = &manifest {
                manifest.check(name, &received)?;
            }
            Ok::<_, Error>(received)
        };
        Ok(Self { classes: receive(CLASSES_FILE)?, images: receive(IMAGES_FILE)?, boxes: receive(BOXES_FILE)? })
    }
}

struct Reading<'a> {
    source: &'a Source,
    options: &'a ReadOptions,
    folder: &'a str,
    classes: HashMap<i32, ClassKey>,
    /// `None` for an image that was left out.
    images: HashMap<i64, Option<ImageKey>>,
    paths: HashSet<String>,
    total: u64,
}

impl Reading<'_> {
    fn classes(&mut self, file: &Received, sink: &mut dyn Sink) -> Result<(), Error> {
        read_classes(file, |class| {
            let (name, supercategory, source_id) = (class.name, class.supercategory, class.source_id);
            let key = sink.class(NewClass { name, supercategory, source_id })?;
            self.classes.insert(class.class_id, key);
            Ok(())
        })
    }

    fn images(&mut self, file: &Received, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut waiting = Vec::with_capacity(CHUNK);
        read_images(file, |image| {
            waiting.push(image);
            if waiting.len() < CHUNK { Ok(()) } else { self.announce(std::mem::take(&mut waiting), sink) }
        })?;
        self.announce(waiting, sink)?;
        sink.progress(file.bytes(), self.total)
    }

    fn announce(&mut self, images: Vec<Image>, sink: &mut dyn Sink) -> Result<(), Error> {
        let paths: Vec<String> = images.iter().map(|i| format!("{}images/{}", self.folder, i.path)).collect();
        let there: Vec<&str> =
            paths.iter().map(String::as_str).filter(|path| self.source.entry(path).is_some()).collect();
        let mut probed = HashMap::with_capacity(there.len());
        self.source.probe_all(&there, |path, picture| {
            probed.insert(path.to_owned(), picture);
            Ok(())
        })?;
        for (image, file) in images.into_iter().zip(paths) {
            let id = image.image_id;
            let key = self.image(image, probed.remove(&file).map(|p| (file, p)), sink)?;
            if self.images.insert(id, key).is_some() {
                return Err(Error::invalid(IMAGES_FILE, format!("holds image_id {id} twice")));
            }
        }
        Ok(())
    }

    fn image(
        &mut self,
        image: Image,
        picture: Option<(String, Result<crate::source::Picture, String>)>,
        sink: &mut dyn Sink,
    ) -> Result<Option<ImageKey>, Error> {
        let (file, picture) = picture.unzip();
        let stated = (image.width, image.height);
        let size = picture.transpose().and_then(|p| measure(Some(stated).filter(|s| s.0 > 0 && s.1 > 0), p.as_ref()));
        let fault = name_fault(&image.path).map(|fault| format!("its file name {fault}"));
        let size = match (size, fault) {
            (Ok(size), None) if size.turn.is_none() => size,
            (Err(reason), _) | (_, Some(reason)) => {
                sink.skip(&image.path, &reason);
                return Ok(None);
            }
            // Our layout always speaks of the upright image.
            (Ok(_), None) => {
                sink.skip(&image.path, &TURNED.replace("they are turned", "the layout wants them turned"));
                return Ok(None);
            }
        };
        if !self.paths.insert(image.path.clone()) {
            sink.skip(&image.path, "another image has its path");
            return Ok(None);
        }
        let has_file = file.is_some();
        let found = FoundImage {
            path: image.path,
            file,
            width: size.width,
            height: size.height,
            orientation: if has_file { size.orientation } else { image.orientation },
            bytes: if has_file { size.bytes } else { image.bytes },
            split: image.split,
            state: image.state,
            source_id: image.source_id,
            attributes: image.attributes,
        };
        sink.image(found).map(Some)
    }

    fn boxes(&mut self, tables: &Tables, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut rows = 0u64;
        read_boxes(&tables.boxes, |one| {
            rows += 1;
            if rows.is_multiple_of(8192) {
                sink.progress(tables.images.bytes(), self.total)?;
            }
            let item = format!("{BOXES_FILE} row {rows}");
            match (self.images.get(&one.image_id), self.classes.get(&one.class_id)) {
                (None, _) => sink.skip(&item, "its image is not in the tables"),
                (Some(None), _) => sink.skip(&item, "its image was left out"),
                (_, None) => sink.skip(&item, "its class is not in the tables"),
                (Some(Some(_)), Some(_)) if !is_sound(&one) => {
                    sink.skip(&item, "its box is not made of finite numbers");
                }
                (Some(Some(image)), Some(class)) => sink.add_box(*image, found(one, *class))?,
            }
            Ok::<(), Error>(())
        })?;
        sink.progress(self.total, self.total)
    }

    /// Pictures beside the tables of which no row speaks.
    fn unlabelled(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let prefix = format!("{}images/", self.folder);
        let below = |path: &str| path.strip_prefix(&prefix).is_some_and(|p| self.paths.contains(p));
        let files: Vec<&str> = self.source.images().map(|e| e.path.as_str()).filter(|path| !below(path)).collect();
        let mut places = places(&files).into_iter();
        self.source.probe_all(&files, |file, picture| {
            let Some(place) = places.next() else { return Ok(()) };
            match picture {
                Err(reason) => sink.skip(file, &reason),
                Ok(_) if self.paths.contains(&place.path) => sink.skip(file, "another image has its path"),
                Ok(picture) => drop(sink.image(unlabelled(file, place, &picture, self.options))?),
            }
            Ok(())
        })
    }
}

fn is_sound(one: &ImageBox) -> bool {
    one.rect.is_valid() && one.polygon.as_ref().is_none_or(tator_domain::Polygon::is_valid)
}

fn found(one: ImageBox, class: ClassKey) -> FoundBox {
    FoundBox {
        class,
        rect: one.rect,
        polygon: one.polygon,
        angle: one.angle,
        mask: one.mask,
        area: one.area,
        is_crowd: one.is_crowd,
        score: one.score,
        source_id: one.source_id,
        attributes: one.attributes,
        origin: Some(one.origin),
        state: Some(one.state),
    }
}
