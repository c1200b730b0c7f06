//! Reading a YOLO set: pictures and label files side by side, on all cores, delivered in order.

use tator_domain::{ImageState, NewClass, Split};

use super::super::layout::{self, Place};
use super::super::{ClassKey, FoundBox, ImageKey, ReadOptions, Sink, Task};
use super::description::{self, Description, placeholder};
use super::labels::{self, LabelFiles};
use super::rows::{self, Meaning, Row, Rows};
use super::sets;
use crate::error::Error;
use crate::formats::image_folder::unlabelled;
use crate::source::{Picture, Source, in_order, reason};

/// Largest label file of one picture, in bytes.
const MAX_LABEL_BYTES: u64 = 64 << 20;
/// How many classes beyond the named ones are made up before a number counts as a slip.
const MAX_PLACEHOLDERS: usize = 1000;

/// A picture and the label file that belongs to it.
struct Pair<'a> {
    file: &'a str,
    label: Option<&'a str>,
    place: Place,
    split: Split,
}

/// What one picture and its label file gave.
struct Seen {
    picture: Result<Picture, String>,
    rows: Option<Result<Rows, Error>>,
}

/// Reads a whole source.
pub(super) fn read(source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error> {
    for (item, why) in source.left_out() {
        sink.skip(item, why);
    }
    let about = description::find(source)?;
    let images: Vec<&str> = source.images().map(|e| e.path.as_str()).collect();
    let sets = sets::resolve(source, &images, &about)?;
    for (item, message) in about.warnings.iter().chain(&sets.warnings) {
        sink.warn(item, message);
    }
    for (item, why) in &sets.missing {
        sink.skip(item, why);
    }
    let used: Vec<String> = about.used.iter().chain(&sets.lists).cloned().collect();
    let files = labels::pair(source, &images, &used)?;
    refuse_without_pictures(source, &images, &files)?;
    for orphan in &files.orphans {
        sink.skip(orphan, "no picture of that name; its size is needed to place the boxes");
    }
    let mut classes = Classes::announce(&about, sink)?;
    let task = options.task.or(about.task);
    let places = layout::places(&images);
    let pairs: Vec<Pair<'_>> = (images.iter().zip(files.of_image).zip(places))
        .map(|((file, label), place)| Pair {
            file,
            label,
            split: split(sets.splits.get(file).copied(), &place, label, options),
            place,
        })
        .collect();
    let (total, mut done) = (pairs.len() as u64, 0);
    in_order(
        &pairs,
        |pair| see(source, pair, task, about.keypoints),
        |pair, seen| {
            deliver(pair, seen, &mut classes, about.keypoints, sink)?;
            done += 1;
            sink.progress(done, total)
        },
    )
}

fn refuse_without_pictures(source: &Source, images: &[&str], files: &LabelFiles<'_>) -> Result<(), Error> {
    if !images.is_empty() {
        return Ok(());
    }
    match files.orphans.first() {
        Some(label) => Err(Error::invalid(
            *label,
            "has no picture; YOLO rows are fractions of a picture's size, so name the folder of pictures with --images",
        )),
        None => Err(Error::invalid(source.name(), "holds neither pictures nor labels")),
    }
}

/// The description's word, then the picture's folder, then the label's folder, then what the person said.
fn split(declared: Option<Split>, place: &Place, label: Option<&str>, options: &ReadOptions) -> Split {
    let by_label = || label.and_then(|path| path.split('/').rev().skip(1).find_map(layout::split_of));
    declared.or(place.split).or_else(by_label).or(options.split).unwrap_or(Split::None)
}

fn see(source: &Source, pair: &Pair<'_>, task: Option<Task>, keypoints: bool) -> Seen {
    let picture = source.probe(pair.file).map_err(|e| reason(&e));
    let rows = match (&picture, pair.label) {
        (Ok(picture), Some(label)) => Some(source.read_text(label, MAX_LABEL_BYTES).map(|text| {
            let (width, height) = (f64::from(picture.width), f64::from(picture.height));
            rows::parse(&text, Meaning { task, keypoints, width, height })
        })),
        _ => None,
    };
    Seen { picture, rows }
}

fn deliver(
    pair: &Pair<'_>,
    seen: Seen,
    classes: &mut Classes,
    keypoints: bool,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let picture = match seen.picture {
        Ok(picture) => picture,
        Err(why) => {
            sink.skip(pair.file, &why);
            return Ok(());
        }
    };
    let label = pair.label.unwrap_or_default();
    let rows = match seen.rows {
        Some(Ok(rows)) => Some(rows),
        Some(Err(error)) => {
            sink.skip(label, &reason(&error));
            None
        }
        None => None,
    };
    if let Some((line, columns)) = rows.as_ref().and_then(|r| r.undeclared) {
        return Err(undeclared(label, line, columns, keypoints));
    }
    let mut image = unlabelled(pair.file, pair.place.clone(), &picture, &ReadOptions::default());
    image.split = pair.split;
    let Some(rows) = rows else {
        sink.image(image)?;
        return Ok(());
    };
    // A file of which nothing could be read is no confirmed negative.
    let is_lost = rows.boxes.is_empty() && !rows.bad.is_empty();
    if !is_lost {
        image.state = ImageState::Labelled;
    }
    let key = sink.image(image)?;
    report(label, &rows, is_lost, sink);
    rows.boxes.into_iter().try_for_each(|row| add(label, key, row, classes, sink))
}

fn report(label: &str, rows: &Rows, is_lost: bool, sink: &mut dyn Sink) {
    for (line, why) in &rows.bad {
        sink.skip(&format!("{label}:{line}"), why);
    }
    for (line, message) in &rows.odd {
        sink.warn(&format!("{label}:{line}"), message);
    }
    if is_lost {
        sink.warn(label, "none of its rows could be read; the image counts as unlabelled");
    }
}

fn undeclared(label: &str, line: usize, columns: usize, keypoints: bool) -> Error {
    let item = format!("{label}:{line}");
    if keypoints {
        return Error::invalid(item, "has keypoints, which are not kept; pass --task detect to read the boxes alone");
    }
    let message = format!(
        "has {columns} numbers, which may be an outline, an oriented box or a saved prediction; \
         pass --task segment, --task obb or --task detect"
    );
    Error::invalid(item, message)
}

fn add(label: &str, image: ImageKey, row: Row, classes: &mut Classes, sink: &mut dyn Sink) -> Result<(), Error> {
    let item = format!("{label}:{}", row.line);
    let Some(class) = classes.key(row.class, &item, sink)? else {
        sink.skip(&item, "the class number is far beyond the named classes");
        return Ok(());
    };
    let Row { rect, polygon, angle, score, .. } = row;
    sink.add_box(image, FoundBox { class, rect, polygon, angle, score, ..FoundBox::default() })
}

/// Classes by their number in the rows.
struct Classes {
    keys: Vec<ClassKey>,
    named: usize,
}

impl Classes {
    fn announce(about: &Description, sink: &mut dyn Sink) -> Result<Self, Error> {
        let mut keys = Vec::with_capacity(about.classes.len());
        let mut seen = std::collections::HashSet::new();
        for class in &about.classes {
            if !seen.insert(class.name.as_str()) {
                sink.warn(
                    &about.file,
                    &format!("names the class {:?} twice; both numbers mean the same class", class.name),
                );
            }
            keys.push(sink.class(class.clone())?);
        }
        Ok(Self { named: keys.len(), keys })
    }

    /// The key of a number; numbers beyond the names get placeholders, those below them too, so that order is number.
    fn key(&mut self, number: usize, item: &str, sink: &mut dyn Sink) -> Result<Option<ClassKey>, Error> {
        if number >= self.named + MAX_PLACEHOLDERS {
            return Ok(None);
        }
        while self.keys.len() <= number {
            let name = placeholder(self.keys.len());
            sink.warn(item, &format!("class {} has no name; it is called {name}", self.keys.len()));
            self.keys.push(sink.class(NewClass { name, ..NewClass::default() })?);
        }
        Ok(Some(self.keys[number]))
    }
}
