//! Real sets beside the repository, when they are there; the counts are taken without our reader.

use std::fs;
use std::path::{Path, PathBuf};

use tator_domain::ImageState;

use super::super::collect::{Collected, collect, round_trip};
use super::super::{Format, ReadOptions, Task};
use super::{DETECT, OBB, SEGMENT};
use crate::source::Source;

fn set(path: &str) -> Option<PathBuf> {
    let sets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets");
    Some(sets.join(path)).filter(|p| p.exists())
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    inside.flat_map(|p| if p.is_dir() { files(&p) } else { vec![p] }).collect()
}

fn count(root: &Path) -> (usize, usize, usize) {
    let pictures = files(&root.join("images")).len();
    let labels = files(&root.join("labels"));
    let rows = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().filter(|l| !l.trim().is_empty()).count();
    (pictures, labels.len(), labels.iter().map(rows).sum())
}

fn check(path: &str, format: &dyn Format, task: Option<Task>) -> Option<Collected> {
    let root = set(path)?;
    let source = Source::at(&root).unwrap();
    let options = ReadOptions { task, ..ReadOptions::default() };
    assert!(DETECT.recognise(&source).is_some(), "{path} is recognised");
    let found = collect(&DETECT, &source, &options).unwrap();
    let labelled = found.images.iter().filter(|i| i.state == ImageState::Labelled).count();
    let bad = found.skipped.len();
    assert_eq!((found.images.len(), labelled, found.boxes.len() + bad), count(&root), "{path}: {:?}", found.skipped);
    let again = round_trip(format, &found.labels(), &ReadOptions::default()).unwrap();
    assert_eq!(again.classes, found.classes, "{path}");
    let by_path = |c: &Collected| {
        let split = |path: &str| c.image_at(path).map(|i| i.split);
        let lines_of = |path: &String| {
            let boxes = c.boxes_of(path).into_iter().map(|b| format!("{path} {b:?}")).collect::<Vec<_>>();
            [vec![format!("{path} {:?}", split(path))], boxes].concat()
        };
        let mut lines: Vec<String> = c.images.iter().flat_map(|i| lines_of(&i.path)).collect();
        lines.sort();
        lines
    };
    let changed = by_path(&again).into_iter().zip(by_path(&found)).find(|(a, b)| a != b);
    assert_eq!(changed, None, "{path} comes back changed");
    Some(found)
}

#[test]
fn aerial_pictures_with_a_names_file() {
    if let Some(found) = check("aerial_kit_ais", &DETECT, None) {
        assert_eq!(found.class_names(), ["car", "truck", "bus", "minibus", "cyclist"]);
        assert_eq!((found.images.len(), found.boxes.len() + found.skipped.len()), (65, 2593));
    }
}

#[test]
fn sets_of_ultralytics_in_all_tasks() {
    let family = "tool_exports/17_ultralytics_coco8_family/example_datasets";
    if let Some(found) = check(&format!("{family}/coco8"), &DETECT, None) {
        assert_eq!(found.classes.len(), 80);
    }
    check(&format!("{family}/coco8-seg"), &SEGMENT, Some(Task::Segment));
    check(&format!("{family}/coco8-pose"), &DETECT, Some(Task::Detect));
    check(&format!("{family}/dota8"), &OBB, Some(Task::Obb));
}

#[test]
fn sets_of_label_studio() {
    let data = "tool_exports/08_labelstudio_converter_testdata/tests/data";
    for name in ["test_import_yolo_data", "test_import_yolo_data_unif_dims"] {
        if let Some(found) = check(&format!("{data}/{name}"), &DETECT, None) {
            assert_eq!(found.class_names(), ["closed_door", "opened_door", "bus", "number"]);
        }
    }
}

#[test]
fn texts_that_are_no_yolo_are_not_taken_for_it() {
    for path in ["deeppcb_sample", "bccd", "coco_val2017_boxes", "tool_exports/20_exif_orientation"] {
        if let Some(root) = set(path) {
            assert_eq!(DETECT.recognise(&Source::at(&root).unwrap()), None, "{path}");
        }
    }
}

#[test]
fn c39_the_size_of_a_rotated_picture_is_the_upright_one() {
    let Some(root) = set("tool_exports/20_exif_orientation") else { return };
    let source = Source::at(&root).unwrap();
    for orientation in 1..=8 {
        let picture = source.probe(&format!("Landscape_{orientation}.jpg")).unwrap();
        assert!(picture.width > picture.height && i32::from(picture.orientation) == orientation, "{orientation}");
    }
}
