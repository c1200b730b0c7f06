//! Plain folders of pictures: no labels, every image unlabelled. Folders named after classes are not interpreted.

use std::collections::HashSet;
use std::path::Path;

use tator_domain::{Image, ImageState};

use super::layout::{self, Place};
use super::{Format, FoundImage, Labels, ReadOptions, Sink, WriteReport};
use crate::error::Error;
use crate::output::Output;
use crate::source::{Picture, Source};

/// The format `images`.
#[derive(Debug)]
pub struct ImageFolder;

impl Format for ImageFolder {
    fn name(&self) -> &'static str {
        "images"
    }

    fn summary(&self) -> &'static str {
        "Pictures in folders, without labels"
    }

    fn recognise(&self, source: &Source) -> Option<String> {
        match source.images().count() {
            0 => None,
            count => Some(format!("{count} pictures and no labels of a known format")),
        }
    }

    fn read(&self, source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error> {
        for (item, why) in source.left_out() {
            sink.skip(item, why);
        }
        for path in label_like(source) {
            sink.skip(path, "looks like labels of its image, in a form that is not read; the image comes without them");
        }
        let files: Vec<&str> = source.images().map(|e| e.path.as_str()).collect();
        if files.is_empty() {
            return Err(Error::invalid(source.name(), "holds no pictures (jpg, png, webp, bmp, gif, tif)"));
        }
        let places = layout::places(&files);
        let total = files.len() as u64;
        let mut next = places.into_iter().zip(1..);
        source.probe_all(&files, |file, picture| {
            let Some((place, done)) = next.next() else { return Ok(()) };
            match picture {
                Ok(picture) => drop(sink.image(unlabelled(file, place, &picture, options))?),
                Err(why) => sink.skip(file, &why),
            }
            sink.progress(done, total)
        })
    }

    fn image_path(&self, image: &Image) -> Option<String> {
        Some(image.path.clone())
    }

    fn write(&self, labels: &dyn Labels, _out: &mut dyn Output) -> Result<WriteReport, Error> {
        let mut report = WriteReport::default();
        labels.for_each(&mut |image, boxes| {
            report.images += 1;
            if !boxes.is_empty() {
                report.left_out.push((image.path.clone(), "plain pictures carry no boxes".to_owned()));
            }
            Ok(())
        })?;
        Ok(report)
    }
}

/// Files beside the pictures that bear the name of one and may hold its labels: they are named, never passed over.
fn label_like(source: &Source) -> impl Iterator<Item = &str> {
    let stem = |path: &str| Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let pictures: HashSet<_> = source.images().filter_map(|entry| stem(&entry.path)).collect();
    let texts = source.entries().iter().map(|entry| entry.path.as_str()).filter(|path| {
        let extension = Path::new(path).extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        ["txt", "xml", "json", "csv"].contains(&extension.as_str())
    });
    texts.filter(move |path| stem(path).is_some_and(|stem| pictures.contains(&stem)))
}

/// An image of which the source says nothing but that it is there.
pub(super) fn unlabelled(file: &str, place: Place, picture: &Picture, options: &ReadOptions) -> FoundImage {
    FoundImage {
        path: place.path,
        file: Some(file.to_owned()),
        width: picture.width,
        height: picture.height,
        orientation: picture.orientation,
        bytes: picture.bytes,
        split: place.split.or(options.split).unwrap_or(tator_domain::Split::None),
        state: ImageState::Unlabelled,
        source_id: None,
        attributes: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::collect::{collect, picture};
    use super::*;

    #[test]
    fn every_picture_arrives_unlabelled_under_its_own_path() {
        let files = [("cats/a.JPG", picture(8, 6)), ("dogs/a.jpg", picture(4, 4)), ("readme.txt", b"hello".to_vec())];
        let found = collect(&ImageFolder, &Source::of_files(files), &ReadOptions::default()).unwrap();
        let paths: Vec<_> = found.images.iter().map(|i| (i.path.as_str(), i.width, i.height, i.state)).collect();
        assert_eq!(paths, [("cats/a.JPG", 8, 6, ImageState::Unlabelled), ("dogs/a.jpg", 4, 4, ImageState::Unlabelled)]);
        assert!(found.classes.is_empty() && found.skipped.is_empty());
    }

    #[test]
    fn a_broken_picture_is_named_and_the_others_arrive() {
        let files = [("a.jpg", b"not a picture".to_vec()), ("b.jpg", picture(4, 4)), ("c.png", Vec::new())];
        let found = collect(&ImageFolder, &Source::of_files(files), &ReadOptions::default()).unwrap();
        assert_eq!(found.images.len(), 1);
        let skipped: Vec<_> = found.skipped.iter().map(|(item, _)| item.as_str()).collect();
        assert_eq!(skipped, ["a.jpg", "c.png"]);
    }

    #[test]
    fn a_source_without_pictures_is_an_error() {
        let source = Source::of_files([("a.txt", Vec::new())]);
        assert!(collect(&ImageFolder, &source, &ReadOptions::default()).is_err());
    }
}
