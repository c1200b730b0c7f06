//! YOLO sets of every layout, and the way there and back.

use proptest::prelude::*;
use proptest::test_runner::Config;
use tator_domain::{Image, ImageBox, ImageState, PixelBox, Polygon, Split};

use super::super::collect::{Collected, FixedLabels, collect, picture, round_trip, write};
use super::super::{Format, ReadOptions, Task};
use super::{DETECT, OBB, SEGMENT};
use crate::error::Error;
use crate::source::Source;

const ROW: &str = "0 0.5 0.5 0.25 0.5\n";

/// Texts as they are; a path of a picture stands for a picture of 80 × 40.
fn source(files: &[(&str, &str)]) -> Source {
    Source::of_files(files.iter().map(|(path, text)| {
        let is_picture = crate::source::is_picture(path);
        (*path, if is_picture { picture(80, 40) } else { text.as_bytes().to_vec() })
    }))
}

fn read(files: &[(&str, &str)]) -> Result<Collected, Error> {
    collect(&DETECT, &source(files), &ReadOptions::default())
}

fn task(task: Task) -> ReadOptions {
    ReadOptions { task: Some(task), ..ReadOptions::default() }
}

/// Path, split, state and number of boxes of every image.
fn overview(found: &Collected) -> Vec<String> {
    let boxes = |key: usize| found.boxes.iter().filter(|(k, _)| *k as usize == key).count();
    let line =
        |(key, i): (usize, &super::super::FoundImage)| format!("{} {} {} {}", i.path, i.split, i.state, boxes(key));
    found.images.iter().enumerate().map(line).collect()
}

#[test]
fn both_folder_layouts_flat_and_beside_are_one_and_the_same() {
    for (image, label) in [
        ("images/train/a.jpg", "labels/train/a.txt"),
        ("train/images/a.jpg", "train/labels/a.txt"),
        ("set/images/train/a.jpg", "set/labels/train/a.txt"),
        ("obj_train_data/a.JPG", "obj_train_data/a.txt"),
        ("train/a.png", "train/a.txt"),
    ] {
        let found = read(&[(image, ""), (label, ROW), ("classes.txt", "cat")]).unwrap();
        let name = image.rsplit('/').next().unwrap();
        assert_eq!(overview(&found), [format!("{name} train labelled 1")], "{image}");
        assert_eq!(found.boxes[0].1.rect, PixelBox { x: 30.0, y: 10.0, w: 20.0, h: 20.0 });
        assert_eq!(found.images[0].file.as_deref(), Some(image));
    }
    let flat = read(&[("images/a.jpg", ""), ("labels/a.txt", ROW), ("classes.txt", "cat")]).unwrap();
    assert_eq!(overview(&flat), ["a.jpg none labelled 1"]);
    let nested = read(&[("images/x/y/a.jpg", ""), ("labels/x/y/a.txt", ROW)]).unwrap();
    assert_eq!(overview(&nested), ["x/y/a.jpg none labelled 1"]);
}

#[test]
fn c38_an_empty_label_file_is_a_negative_and_a_missing_one_is_not() {
    let found = read(&[("images/a.jpg", ""), ("images/b.jpg", ""), ("labels/a.txt", "\r\n"), ("classes.txt", "cat")]);
    assert_eq!(overview(&found.unwrap()), ["a.jpg none labelled 0", "b.jpg none unlabelled 0"]);
}

#[test]
fn a_label_file_without_one_good_row_does_not_become_a_negative() {
    let found = read(&[("images/a.jpg", ""), ("labels/a.txt", "0 320 240 20 20\n0 5 5 5 5\n")]).unwrap();
    assert_eq!(overview(&found), ["a.jpg none unlabelled 0"]);
    let items: Vec<_> = found.skipped.iter().map(|(item, _)| item.as_str()).collect();
    assert_eq!(items, ["labels/a.txt:1", "labels/a.txt:2"]);
}

#[test]
fn the_task_is_declared_and_never_guessed() {
    let files = [("images/a.jpg", ""), ("labels/a.txt", "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n"), ("classes.txt", "cat")];
    let message = read(&files).unwrap_err().to_string();
    assert!(message.contains("labels/a.txt:1") && message.contains("--task segment"), "{message}");
    let outline = collect(&DETECT, &source(&files), &task(Task::Segment)).unwrap();
    assert!(outline.boxes[0].1.polygon.is_some() && outline.boxes[0].1.angle.is_none());
    let oriented = collect(&DETECT, &source(&files), &task(Task::Obb)).unwrap();
    assert!(oriented.boxes[0].1.angle.is_some());
    let by_name = collect(&OBB, &source(&files), &ReadOptions::default()).unwrap();
    assert_eq!(by_name.boxes, oriented.boxes);
}

#[test]
fn data_yaml_decides_the_split_by_folder_list_or_text() {
    let files = |yaml: &'static str| {
        [
            ("data.yaml", yaml),
            ("images/a/1.jpg", ""),
            ("images/b/2.jpg", ""),
            ("images/c/3.jpg", ""),
            ("lists/val.txt", "./images/c/3.jpg\n/content/set/images/b/2.jpg\nimages/gone.jpg\n"),
        ]
    };
    let found = read(&files("path: .\ntrain: [images/a, images/b]\nval: images/c\nnames: [x]")).unwrap();
    assert_eq!(
        overview(&found),
        ["a/1.jpg train unlabelled 0", "b/2.jpg train unlabelled 0", "c/3.jpg val unlabelled 0"]
    );
    let found = read(&files("train: ../images/a\nval: lists/val.txt\nnames: [x]")).unwrap();
    assert_eq!(
        overview(&found),
        ["a/1.jpg train unlabelled 0", "b/2.jpg val unlabelled 0", "c/3.jpg val unlabelled 0"]
    );
    assert_eq!(found.skipped[0].0, "lists/val.txt:3: images/gone.jpg");
    let found = read(&files("train: images/nowhere\nval: images/c\nnames: [x]")).unwrap();
    assert!(found.warned[0].1.contains("images/nowhere"));
}

#[test]
fn darknet_and_cvat_layouts_are_read() {
    let files = [
        (
            "obj.data",
            "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\nbackup = b/\n",
        ),
        ("obj.names", "cat\ndog\n"),
        ("train.txt", "data/obj_train_data/sub/a.jpg\n"),
        ("valid.txt", "data/obj_train_data/b.jpg\n"),
        ("obj_train_data/sub/a.jpg", ""),
        ("obj_train_data/sub/a.txt", "1 0.5 0.5 0.25 0.5\n"),
        ("obj_train_data/b.jpg", ""),
    ];
    let found = read(&files).unwrap();
    assert_eq!(overview(&found), ["b.jpg val unlabelled 0", "sub/a.jpg train labelled 1"]);
    assert_eq!(found.class_names(), ["cat", "dog"]);
    let cvat = [
        ("data.yaml", "names: {0: cat}\npath: .\ntrain: train.txt\n"),
        ("train.txt", "data/images/train/a.jpg\n"),
        ("images/train/a.jpg", ""),
        ("labels/train/a.txt", ROW),
    ];
    assert_eq!(overview(&read(&cvat).unwrap()), ["a.jpg train labelled 1"]);
}

#[test]
fn c36_class_numbers_are_positions_and_unnamed_ones_get_placeholders() {
    let rows = "2 0.5 0.5 0.25 0.5\n0 0.5 0.5 0.2 0.5\n";
    let found = read(&[("a.jpg", ""), ("a.txt", rows)]).unwrap();
    assert_eq!(found.class_names(), ["class_0", "class_1", "class_2"]);
    assert_eq!(found.boxes[0].1.class, 2);
    assert_eq!(found.warned.len(), 3);
    let found = read(&[
        ("a.jpg", ""),
        ("a.txt", "2 0.5 0.5 0.25 0.5\n900000 0.5 0.5 0.1 0.1\n"),
        ("classes.txt", "zebra\nape"),
    ]);
    let found = found.unwrap();
    assert_eq!(found.class_names(), ["zebra", "ape", "class_2"]);
    assert_eq!(found.skipped[0].0, "a.txt:2");
}

#[test]
fn c31_labels_without_pictures_are_named_and_stop_an_import_without_any() {
    let message = read(&[("labels/a.txt", ROW), ("classes.txt", "cat")]).unwrap_err().to_string();
    assert!(message.contains("labels/a.txt") && message.contains("--images"), "{message}");
    let found =
        read(&[("labels/a.txt", ROW), ("labels/b.txt", ROW), ("images/b.jpg", ""), ("README.txt", "hello 1 2")]);
    let found = found.unwrap();
    assert_eq!(overview(&found), ["b.jpg none labelled 1"]);
    assert_eq!(found.skipped.iter().map(|(item, _)| item.as_str()).collect::<Vec<_>>(), ["labels/a.txt"]);
    assert!(read(&[("readme.md", "")]).is_err());
}

#[test]
fn c32_a_label_file_that_fits_two_pictures_stops_the_import() {
    let message = read(&[("images/a.jpg", ""), ("images/a.png", ""), ("labels/a.txt", ROW)]).unwrap_err().to_string();
    assert!(message.contains("images/a.jpg") && message.contains("images/a.png"), "{message}");
    let message = read(&[("p/a.jpg", ""), ("q/a.jpg", ""), ("labels/a.txt", ROW)]).unwrap_err().to_string();
    assert!(message.contains("p/a.jpg") && message.contains("q/a.jpg"), "{message}");
}

#[test]
fn c32_a_label_never_goes_to_the_picture_of_another_split() {
    let found = read(&[("images/train/a.jpg", ""), ("images/val/b.jpg", ""), ("labels/val/a.txt", ROW)]).unwrap();
    assert_eq!(overview(&found), ["a.jpg train unlabelled 0", "b.jpg val unlabelled 0"]);
    assert_eq!(found.skipped[0].0, "labels/val/a.txt");
}

#[test]
fn c33_same_name_in_two_splits_keeps_two_images_and_their_own_labels() {
    let found = read(&[
        ("images/train/a.jpg", ""),
        ("images/val/a.jpg", ""),
        ("labels/train/a.txt", ROW),
        ("labels/val/a.txt", ""),
    ]);
    assert_eq!(overview(&found.unwrap()), ["train/a.jpg train labelled 1", "val/a.jpg val labelled 0"]);
}

#[test]
fn unicode_names_match_in_either_composition() {
    let found = read(&[("images/caf\u{e9}.jpg", ""), ("labels/cafe\u{301}.txt", ROW), ("classes.txt", "cat")]).unwrap();
    assert_eq!(found.boxes.len(), 1);
}

#[test]
fn keypoints_are_left_out_only_when_the_boxes_are_asked_for() {
    let files = [
        ("data.yaml", "names: [person]\nkpt_shape: [2, 2]\n"),
        ("a.jpg", ""),
        ("a.txt", "0 0.5 0.5 0.25 0.5 0.1 0.1 0.2 0.2\n"),
    ];
    assert!(read(&files).unwrap_err().to_string().contains("keypoints"));
    let found = collect(&DETECT, &source(&files), &task(Task::Detect)).unwrap();
    assert_eq!(found.boxes[0].1.rect, PixelBox { x: 30.0, y: 10.0, w: 20.0, h: 20.0 });
}

#[test]
fn auto_takes_yolo_rows_and_leaves_other_texts_alone() {
    let yes = |files: &[(&str, &str)]| DETECT.recognise(&source(files)).is_some();
    assert!(yes(&[("data.yaml", "names: [a]")]));
    assert!(yes(&[("images/a.jpg", ""), ("labels/a.txt", ROW)]));
    assert!(!yes(&[("images/a.jpg", ""), ("labels/a.txt", "466 441 493 470 3\n")]));
    assert!(!yes(&[("a.jpg", ""), ("a.txt", "A caption of the picture\n")]));
    assert!(!yes(&[("a.jpg", "")]));
    assert!(SEGMENT.recognise(&source(&[("data.yaml", "names: [a]")])).is_none());
}

/// Images of every split and state, as a set holds them.
fn labels(boxes: Vec<ImageBox>) -> FixedLabels {
    let base = read(&[("a.jpg", ""), ("a.txt", "1 0.5 0.5 0.25 0.5\n"), ("classes.txt", "cat \"x\"\n写真: 1\nno")]);
    let mut labels = base.unwrap().labels();
    labels.classes[1].source_id = Some("18".to_owned());
    labels.classes[1].supercategory = Some("pets: all".to_owned());
    let (first, found) = labels.images[0].clone();
    let more = |id: i64, path: &str, split, state| Image {
        image_id: id,
        path: path.to_owned(),
        split,
        state,
        ..first.clone()
    };
    let own = if boxes.is_empty() { found } else { boxes };
    labels.images = vec![
        (more(1, "a.jpg", Split::Train, ImageState::Labelled), own),
        (more(2, "sub/b.jpg", Split::Val, ImageState::Reviewed), Vec::new()),
        (more(3, "c.png", Split::Test, ImageState::Unlabelled), Vec::new()),
        (more(4, "images/d.jpg", Split::None, ImageState::Labelled), Vec::new()),
    ];
    labels
}

#[test]
fn c36_a_round_trip_keeps_class_order_names_and_foreign_ids() {
    let found = round_trip(&DETECT, &labels(Vec::new()), &ReadOptions::default()).unwrap();
    assert_eq!(found.class_names(), ["cat \"x\"", "写真: 1", "no"]);
    assert_eq!(found.classes[1].source_id.as_deref(), Some("18"));
    assert_eq!(found.classes[1].supercategory.as_deref(), Some("pets: all"));
    assert!(found.warned.is_empty() && found.skipped.is_empty(), "{:?} {:?}", found.warned, found.skipped);
}

#[test]
fn c38_a_round_trip_keeps_negatives_apart_from_the_unlabelled_and_all_splits() {
    let (out, report) = write(&DETECT, &labels(Vec::new())).unwrap();
    assert_eq!((report.images, report.boxes, report.classes), (4, 1, 3));
    assert_eq!(out.text("labels/train/a.txt"), "1 0.5 0.5 0.25 0.5\n");
    assert_eq!(out.text("labels/val/sub/b.txt"), "");
    assert!(!out.files.contains_key("labels/test/c.txt"));
    let found = round_trip(&DETECT, &labels(Vec::new()), &ReadOptions::default()).unwrap();
    let mut lines = overview(&found);
    lines.sort();
    assert_eq!(
        lines,
        [
            "a.jpg train labelled 1",
            "c.png test unlabelled 0",
            "images/d.jpg none labelled 0",
            "sub/b.jpg val labelled 0"
        ]
    );
}

#[test]
fn data_yaml_says_the_class_numbers_and_can_be_trained_on() {
    let (out, _) = write(&DETECT, &labels(Vec::new())).unwrap();
    let yaml = out.text("data.yaml");
    assert!(yaml.contains("\n  0: \"cat \\\"x\\\"\"\n  1: \"写真: 1\"\n  2: \"no\"\n"), "{yaml}");
    assert!(
        yaml.contains("train: [images/train, images/unsplit]\nval: images/val\ntest: images/test\nnc: 3\n"),
        "{yaml}"
    );
    assert_eq!(out.text("classes.txt"), "cat \"x\"\n写真: 1\nno\n");
    assert_eq!(write(&DETECT, &labels(Vec::new())).unwrap().0, out);
}

#[test]
fn crowds_are_left_out_and_reported() {
    let mut crowd = labels(Vec::new()).images[0].1[0].clone();
    crowd.is_crowd = true;
    let (out, report) = write(&DETECT, &labels(vec![crowd])).unwrap();
    assert_eq!((report.boxes, report.left_out.len()), (0, 1));
    assert_eq!(out.text("labels/train/a.txt"), "");
}

#[test]
fn pictures_that_would_share_a_label_file_stop_the_export() {
    let mut labels = labels(Vec::new());
    let (mut twin, boxes) = labels.images[0].clone();
    twin.path = "A.png".to_owned();
    labels.images.push((twin, boxes));
    let message = write(&DETECT, &labels).unwrap_err().to_string();
    assert!(message.contains("a.jpg and A.png"), "{message}");
}

#[test]
fn an_object_in_parts_becomes_one_outline_and_is_reported() {
    let mut found = labels(Vec::new()).images[0].1[0].clone();
    let square = |x: f64| vec![[x, 8.0], [x + 8.0, 8.0], [x + 8.0, 16.0], [x, 16.0]];
    found.polygon = Some(Polygon { rings: vec![square(8.0), square(40.0)] });
    let (out, report) = write(&SEGMENT, &labels(vec![found])).unwrap();
    assert_eq!(report.left_out.len(), 1);
    assert_eq!(out.text("labels/train/a.txt").split_whitespace().count(), 1 + 2 * (4 + 4 + 2));
}

#[test]
fn an_edited_oriented_box_loses_its_old_corners() {
    let text = "0 0.2 0.2 0.6 0.3 0.55 0.6 0.15 0.5\n";
    let options = task(Task::Obb);
    let files = source(&[("a.jpg", ""), ("a.txt", text), ("classes.txt", "cat")]);
    let mut labels = collect(&DETECT, &files, &options).unwrap().labels();
    assert_eq!(write(&OBB, &labels).unwrap().0.text("labels/unsplit/a.txt"), text);
    labels.images[0].1[0].rect.x += 1.0;
    let moved = round_trip(&OBB, &labels, &options).unwrap();
    assert!((moved.boxes[0].1.rect.x - labels.images[0].1[0].rect.x).abs() < 1e-9);
}

fn unit() -> impl Strategy<Value = f64> {
    (0.0..1.0_f64, 3..17_i32).prop_map(|(v, digits)| (v * 10_f64.powi(digits)).round() / 10_f64.powi(digits))
}

/// Rows of the task that lie within the picture.
fn rows(task: Task) -> impl Strategy<Value = String> {
    let row = (0..3_u8, proptest::collection::vec(unit(), 24), 3..12_usize).prop_map(move |(class, v, points)| {
        let numbers: Vec<f64> = match task {
            Task::Detect => vec![0.25 + v[0] / 2.0, 0.25 + v[1] / 2.0, 0.001 + v[2] / 4.0, 0.001 + v[3] / 4.0],
            Task::Segment => v[..2 * points].to_vec(),
            Task::Obb => v[..8].to_vec(),
        };
        let text: Vec<String> = numbers.iter().map(f64::to_string).collect();
        format!("{class} {}\n", text.join(" "))
    });
    proptest::collection::vec(row, 0..6).prop_map(|rows| rows.concat())
}

fn survives(format: &dyn Format, kind: Task, text: &str, size: (u32, u32)) -> Result<(), TestCaseError> {
    let files = [
        ("images/train/a.jpg", picture(size.0, size.1)),
        ("labels/train/a.txt", text.as_bytes().to_vec()),
        ("classes.txt", b"a\nb\nc".to_vec()),
    ];
    let first = collect(format, &Source::of_files(files), &task(kind)).unwrap();
    let (out, _) = write(format, &first.labels()).unwrap();
    let again = round_trip(format, &first.labels(), &ReadOptions::default()).unwrap();
    prop_assert_eq!(&again.boxes, &first.boxes);
    prop_assert_eq!(&again.images[0].path, &first.images[0].path);
    prop_assert_eq!(write(format, &again.labels()).unwrap().0, out);
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn c35_boxes_come_back_bit_for_bit(text in rows(Task::Detect), w in 10..9000_u32, h in 10..9000_u32) {
        survives(&DETECT, Task::Detect, &text, (w, h))?;
    }

    #[test]
    fn c35_outlines_come_back_bit_for_bit(text in rows(Task::Segment), w in 10..9000_u32, h in 10..9000_u32) {
        survives(&SEGMENT, Task::Segment, &text, (w, h))?;
    }

    #[test]
    fn c35_oriented_boxes_come_back_bit_for_bit(text in rows(Task::Obb), w in 10..9000_u32, h in 10..9000_u32) {
        survives(&OBB, Task::Obb, &text, (w, h))?;
    }

    #[test]
    fn any_bytes_are_refused_or_read_but_never_a_panic(label in ".{0,80}", yaml in ".{0,120}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let files = [("a.jpg", picture(9, 9)), ("a.txt", label.into_bytes()), ("data.yaml", yaml.into_bytes()),
                     ("b.jpg", picture(9, 9)), ("b.txt", bytes.clone()), ("c.jpg", bytes)];
        drop(collect(&DETECT, &Source::of_files(files), &task(Task::Segment)));
    }
}
