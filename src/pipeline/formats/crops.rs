//! Crops, out only: each box as a JPEG of its own in a folder of its class, `<class>/<image>_<box_id>.jpg`.
//!
//! The layout that image classifiers train on. Crops are cut from the upright picture in its own resolution, in whole
//! pixels outwards, with the chosen padding on every side; an oriented box gives the rectangle around it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use rayon::prelude::*;
use tator_domain::{Class, ClassId, Image, ImageBox};

use super::matching::{base_name, stem};
use super::yolo::upright;
use super::{Format, Labels, ReadOptions, Sink, WriteReport};
use crate::error::Error;
use crate::output::Output;
use crate::source::{Source, folded, name_fault};

/// Pictures whose crops are in memory together.
const AT_ONCE: usize = 32;
/// These crops are trained on, not only looked at.
const QUALITY: u8 = 95;
/// Characters of a class or image that a file name carries.
const LONGEST: usize = 80;

/// The format `crops`.
#[derive(Debug)]
pub struct Crops;

impl Format for Crops {
    fn name(&self) -> &'static str {
        "crops"
    }

    fn summary(&self) -> &'static str {
        "Each box as a picture, in a folder of its class; export only"
    }

    fn recognise(&self, _source: &Source) -> Option<String> {
        None
    }

    fn read(&self, source: &Source, _options: &ReadOptions, _sink: &mut dyn Sink) -> Result<(), Error> {
        Err(Error::invalid(source.name(), "crops are for export only; import YOLO, COCO, Pascal VOC or Parquet"))
    }

    fn image_path(&self, _image: &Image) -> Option<String> {
        None
    }

    fn write(&self, labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
        let (folders, padding) = (folders(labels.classes()), labels.options().padding);
        let mut report = WriteReport { classes: folders.len() as u64, ..WriteReport::default() };
        labels.for_each_batch(&mut |batch| {
            for some in batch.chunks(AT_ONCE) {
                let found = some.iter().map(|(image, _)| labels.picture(image)).collect::<Result<Vec<_>, _>>()?;
                let cut: Vec<Sheet> = some
                    .par_iter()
                    .zip(found)
                    .map(|((image, boxes), picture)| cut_image(image, boxes, picture, &folders, padding))
                    .collect();
                for sheet in cut {
                    report.images += 1;
                    report.boxes += sheet.files.len() as u64;
                    report.left_out.extend(sheet.left_out);
                    out.files(sheet.files)?;
                }
            }
            Ok(())
        })?;
        Ok(report)
    }
}

/// The crops of one image.
#[derive(Default)]
struct Sheet {
    files: Vec<(String, Vec<u8>)>,
    left_out: Vec<(String, String)>,
}

fn cut_image(
    image: &Image,
    boxes: &[ImageBox],
    picture: Result<PathBuf, &'static str>,
    folders: &HashMap<ClassId, String>,
    padding: f64,
) -> Sheet {
    let mut sheet = Sheet::default();
    if boxes.is_empty() {
        return sheet;
    }
    let decoded = picture.map_err(str::to_owned).and_then(|path| {
        let bytes = std::fs::read(path).map_err(|e| format!("its picture cannot be read: {}", e.kind()))?;
        tator_vision::decode_upright(&bytes).map_err(|e| e.to_string())
    });
    let decoded = match decoded {
        Ok(decoded) => decoded,
        Err(why) => {
            sheet.left_out.push((image.path.clone(), why));
            return sheet;
        }
    };
    for found in boxes {
        match cut_box(&decoded, found, folders, padding) {
            Ok((folder, jpeg)) => {
                let name = plain(base_name(stem(&image.path)), "image");
                sheet.files.push((format!("{folder}/{name}_{}.jpg", found.box_id), jpeg));
            }
            Err(why) => sheet.left_out.push((format!("{} box {}", image.path, found.box_id), why)),
        }
    }
    sheet
}

fn cut_box<'a>(
    picture: &tator_vision::Picture,
    found: &ImageBox,
    folders: &'a HashMap<ClassId, String>,
    padding: f64,
) -> Result<(&'a str, Vec<u8>), String> {
    if found.is_crowd {
        return Err("a crowd region is no single object".to_owned());
    }
    let folder = folders.get(&found.class_id).ok_or("its class is retired without a successor")?;
    let cut = picture.cut(&upright(found), padding).map_err(|e| e.to_string())?;
    Ok((folder, cut.to_jpeg_of(QUALITY).map_err(|e| e.to_string())?))
}

/// A folder for each class, by its name where that can be one; none twice on any file system.
fn folders(classes: &[Class]) -> HashMap<ClassId, String> {
    let mut taken = HashSet::new();
    let mut folder = |class: &Class| {
        let name = plain(&class.name, "class");
        let free = taken.insert(folded(&name));
        if free { name } else { format!("{name}_{}", class.class_id) }
    };
    classes.iter().map(|class| (class.class_id, folder(class))).collect()
}

/// A text as part of a path that every file system takes.
fn plain(text: &str, otherwise: &str) -> String {
    let harmless = |c: char| if c.is_control() || "/\\:<>\"|?*".contains(c) { '_' } else { c };
    let name: String = text.trim().chars().take(LONGEST).map(harmless).collect();
    let name = name.trim_end_matches(['.', ' ']);
    if name.is_empty() {
        otherwise.to_owned()
    } else if name_fault(name).is_some() {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use tator_domain::{ImageState, NewBox, Origin, PixelBox, Split};
    use tator_vision::{Picture, decode_upright};

    use super::super::WriteOptions;
    use super::super::collect::{FixedLabels, Written};
    use super::*;

    fn class(class_id: i32, name: &str) -> Class {
        Class {
            class_id,
            name: name.into(),
            supercategory: None,
            colour: "#000000".into(),
            source_id: None,
            retired: false,
            retired_into: None,
        }
    }

    fn image(image_id: i64, path: &str) -> Image {
        Image {
            image_id,
            path: path.into(),
            content_hash: String::new(),
            width: 80,
            height: 40,
            orientation: 1,
            bytes: 0,
            split: Split::None,
            state: ImageState::Labelled,
            revision: 0,
            n_boxes: 1,
            source_id: None,
            attributes: None,
        }
    }

    fn found(box_id: i64, image_id: i64, class_id: i32, [x, y, w, h]: [f64; 4]) -> ImageBox {
        NewBox::plain(class_id, PixelBox { x, y, w, h }, Origin::Human).numbered(box_id, image_id)
    }

    /// Labels whose pictures lie in a folder.
    struct Photographed(FixedLabels, PathBuf, f64);

    impl Labels for Photographed {
        fn dataset(&self) -> &str {
            "test"
        }
        fn classes(&self) -> &[Class] {
            self.0.classes()
        }
        fn for_each(&self, each: &mut dyn FnMut(&Image, &[ImageBox]) -> Result<(), Error>) -> Result<(), Error> {
            self.0.for_each(each)
        }
        fn picture(&self, image: &Image) -> Result<Result<PathBuf, &'static str>, Error> {
            let path = self.1.join(&image.path);
            Ok(if path.exists() { Ok(path) } else { Err("the picture is gone") })
        }
        fn options(&self) -> WriteOptions {
            WriteOptions { padding: self.2 }
        }
    }

    fn labels(folder: &std::path::Path, padding: f64) -> Photographed {
        std::fs::create_dir_all(folder.join("a")).unwrap();
        std::fs::write(folder.join("a/one.jpg"), Picture::filled(80, 40, [200, 30, 30]).to_jpeg().unwrap()).unwrap();
        std::fs::write(folder.join("torn.jpg"), "no picture").unwrap();
        let mut crowd = found(9, 1, 1, [0.0, 0.0, 5.0, 5.0]);
        crowd.is_crowd = true;
        let boxes = vec![
            found(7, 1, 1, [10.0, 10.0, 20.0, 10.0]),
            found(8, 1, 2, [70.5, 30.0, 50.0, 50.0]),
            crowd,
            found(10, 1, 2, [90.0, 0.0, 5.0, 5.0]),
        ];
        let images = vec![
            (image(1, "a/one.jpg"), boxes),
            (image(2, "gone.jpg"), vec![found(11, 2, 1, [0.0, 0.0, 5.0, 5.0])]),
            (image(3, "torn.jpg"), vec![found(12, 3, 1, [0.0, 0.0, 5.0, 5.0])]),
            (image(4, "empty.jpg"), vec![]),
        ];
        let classes = vec![class(1, "cat"), class(2, "a/b: <c>")];
        Photographed(FixedLabels { classes, images }, folder.to_owned(), padding)
    }

    #[test]
    fn each_box_is_a_picture_in_the_folder_of_its_class() {
        let folder = tempfile::tempdir().unwrap();
        let mut out = Written::default();
        let report = Crops.write(&labels(folder.path(), 0.0), &mut out).unwrap();
        assert_eq!(out.files.keys().collect::<Vec<_>>(), ["a_b_ _c_/one_8.jpg", "cat/one_7.jpg"]);
        let size = |path: &str| decode_upright(&out.files[path]).map(|p| (p.width, p.height)).unwrap();
        assert_eq!((size("cat/one_7.jpg"), size("a_b_ _c_/one_8.jpg")), ((20, 10), (10, 10)));
        assert_eq!((report.images, report.boxes, report.classes), (4, 2, 2));
        let left: Vec<&str> = report.left_out.iter().map(|(item, _)| item.as_str()).collect();
        assert_eq!(left, ["a/one.jpg box 9", "a/one.jpg box 10", "gone.jpg", "torn.jpg"]);
        let mut again = Written::default();
        Crops.write(&labels(folder.path(), 0.0), &mut again).unwrap();
        assert_eq!(out, again);
    }

    #[test]
    fn padding_is_a_share_of_the_longer_side_cut_at_the_edges() {
        let folder = tempfile::tempdir().unwrap();
        let mut out = Written::default();
        Crops.write(&labels(folder.path(), 0.25), &mut out).unwrap();
        let cut = decode_upright(&out.files["cat/one_7.jpg"]).unwrap();
        assert_eq!((cut.width, cut.height), (30, 20));
    }

    #[test]
    fn folders_are_plain_and_never_shared() {
        let names = ["cat", "Cat", "..", "con", "ä ", "\u{1}/", ""];
        let classes: Vec<Class> = names.iter().zip(1..).map(|(name, id)| class(id, name)).collect();
        let found = folders(&classes);
        let found: Vec<&str> = (1..=7).map(|id| found[&id].as_str()).collect();
        assert_eq!(found, ["cat", "Cat_2", "class", "_con", "ä", "__", "class_7"]);
    }
}
