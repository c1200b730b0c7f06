//! What a COCO file may hold, and that it comes back unchanged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};
use tator_domain::{ImageState, PixelBox, Rle, Split};

use super::Coco;
use crate::error::Error;
use crate::formats::collect::{Collected, FixedLabels, collect, picture, round_trip, write};
use crate::formats::sample_labels::{self, Holds};
use crate::formats::{Format as _, ReadOptions};
use crate::source::Source;

fn source(files: &[(&str, Value)], pictures: &[(&str, Vec<u8>)]) -> Source {
    let json = files.iter().map(|(path, value)| (*path, value.to_string().into_bytes()));
    Source::of_files(json.chain(pictures.iter().map(|(path, bytes)| (*path, bytes.clone()))))
}

fn read(files: &[(&str, Value)], pictures: &[(&str, Vec<u8>)]) -> Result<Collected, Error> {
    collect(&Coco, &source(files, pictures), &ReadOptions::default())
}

fn reasons(found: &Collected) -> Vec<&str> {
    found.skipped.iter().map(|(_, reason)| reason.as_str()).collect()
}

/// One image of 100 × 80 and one category, with these annotations.
#[expect(clippy::needless_pass_by_value, reason = "callers make it with json!")]
fn with_annotations(annotations: Value) -> Value {
    json!({
        "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80}],
        "annotations": annotations,
        "categories": [{"id": 3, "name": "coin", "supercategory": ""}],
    })
}

#[test]
fn c35_ids_gaps_supercategories_and_unknown_keys_are_kept() {
    let file = json!({
        "info": {"year": 2017},
        "licenses": [{"id": 4, "name": "CC BY", "url": "u"}],
        "images": [{"id": 139, "file_name": "x/a.jpg", "width": 100, "height": 80, "license": 4, "flickr_url": "f"}],
        "annotations": [{"id": 908, "image_id": 139, "category_id": 90, "bbox": [236.98, 142.51, 24.7, 69.5],
            "area": 531.8071000000001, "iscrowd": 0, "keypoints": [1, 2, 2], "score": 0.25}],
        "categories": [{"id": 1, "name": "person", "supercategory": ""}, {"id": 90, "name": "brush"}],
    });
    let found = read(&[("annotations/instances_val2017.json", file)], &[]).unwrap();
    assert_eq!(found.images[0].source_id.as_deref(), Some("139"));
    assert_eq!((found.images[0].path.as_str(), found.images[0].split), ("x/a.jpg", Split::Val));
    let attributes = found.images[0].attributes.as_deref().unwrap();
    assert_eq!(attributes, r#"{"license":4,"flickr_url":"f","tator_license":{"id":4,"name":"CC BY","url":"u"}}"#);
    assert_eq!(found.classes[0].supercategory.as_deref(), Some(""));
    assert_eq!(found.classes[1].source_id.as_deref(), Some("90"));
    let one = &found.boxes[0].1;
    assert_eq!(one.rect, PixelBox { x: 236.98, y: 142.51, w: 24.7, h: 69.5 });
    assert_eq!((one.area, one.score), (Some(531.807_100_000_000_1), Some(0.25)));
    assert_eq!(one.attributes.as_deref(), Some(r#"{"keypoints":[1,2,2]}"#));
    let (written, report) = write(&Coco, &found.labels()).unwrap();
    assert_eq!((report.images, report.boxes, report.classes, report.left_out.len()), (1, 1, 2, 0));
    let back: Value = serde_json::from_str(written.text("annotations/instances_val.json")).unwrap();
    assert_eq!(back["licenses"], json!([{"id": 4, "name": "CC BY", "url": "u"}]));
    assert_eq!(back["images"][0]["flickr_url"], "f");
    assert_eq!(back["annotations"][0]["category_id"], 90);
    assert!(written.text("annotations/instances_val.json").contains("[236.98,142.51,24.7,69.5]"));
}

#[test]
fn c35_boxes_are_not_recomputed_from_outlines() {
    let file = with_annotations(json!([{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4],
        "segmentation": [[10, 10, 50, 10, 50, 50]]}]));
    let found = read(&[("a.json", file)], &[]).unwrap();
    assert_eq!(found.boxes[0].1.rect, PixelBox { x: 1.0, y: 2.0, w: 3.0, h: 4.0 });
    let file = with_annotations(json!([{"id": 1, "image_id": 1, "category_id": 3,
        "segmentation": [[10, 10, 50, 10, 50, 30]]}]));
    let found = read(&[("a.json", file)], &[]).unwrap();
    assert_eq!(found.boxes[0].1.rect, PixelBox { x: 10.0, y: 10.0, w: 40.0, h: 20.0 });
}

#[test]
fn c37_both_kinds_of_rle_are_read_and_wrong_ones_are_named() {
    let rle = Rle::new(80, 100, vec![5, 3, 7992]).unwrap();
    let one = |id: i64, segmentation: Value| json!({"id": id, "image_id": 1, "category_id": 3, "bbox": [0, 5, 1, 3], "iscrowd": 1, "segmentation": segmentation});
    let file = with_annotations(json!([
        one(1, json!({"size": [80, 100], "counts": [5, 3, 7992]})),
        one(2, json!({"size": [80, 100], "counts": rle.encode()})),
        one(3, json!({"size": [100, 80], "counts": rle.encode()})),
        one(4, json!({"size": [80, 100], "counts": [5, 3]})),
        one(5, json!({"size": [80, 100], "counts": "~~~"})),
    ]));
    let found = read(&[("a.json", file)], &[]).unwrap();
    assert_eq!(found.boxes.len(), 2);
    for (_, one) in &found.boxes {
        assert_eq!(one.mask.as_deref(), Some(rle.encode().as_str()));
        assert!(one.is_crowd);
    }
    let wrong =
        ["its mask has another size than its image", "its mask does not cover its image", "its mask is damaged"];
    assert_eq!(reasons(&found), wrong);
    let (written, _) = write(&Coco, &found.labels()).unwrap();
    let back: Value = serde_json::from_str(written.text("annotations/instances_default.json")).unwrap();
    assert_eq!(back["annotations"][0]["segmentation"]["counts"], json!([5, 3, 7992]));
    assert_eq!(back["annotations"][1]["segmentation"]["counts"], rle.encode());
}

#[test]
fn c38_negatives_and_unlabelled_images_stay_apart() {
    let file = json!({
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9},
            {"id": 2, "file_name": "b.jpg", "width": 9, "height": 9, "tator_state": "unlabelled"}],
        "annotations": [], "categories": [{"id": 1, "name": "coin"}],
    });
    let found = read(&[("train/_annotations.coco.json", file)], &[("train/c.jpg", picture(9, 9))]).unwrap();
    let states = |found: &Collected| {
        let all = found.images.iter().map(|i| (i.path.clone(), (i.state, i.split)));
        all.collect::<BTreeMap<String, (ImageState, Split)>>()
    };
    let want = [("a.jpg", ImageState::Labelled), ("b.jpg", ImageState::Unlabelled), ("c.jpg", ImageState::Unlabelled)];
    assert_eq!(states(&found), want.map(|(path, state)| (path.to_owned(), (state, Split::Train))).into());
    let back = round_trip(&Coco, &found.labels(), &ReadOptions::default()).unwrap();
    assert_eq!(states(&back), states(&found));
}

#[test]
fn c39_labels_on_the_stored_frame_are_turned_upright() {
    let picture = exif_jpeg(100, 80, 6);
    let annotations = json!([{"id": 1, "image_id": 1, "category_id": 3, "bbox": [10, 20, 30, 40],
        "segmentation": [[10, 20, 40, 20, 40, 60]]}]);
    let found = read(&[("a.json", with_annotations(annotations.clone()))], &[("a.jpg", picture.clone())]).unwrap();
    assert_eq!((found.images[0].width, found.images[0].height, found.images[0].orientation), (80, 100, 6));
    assert_eq!(found.boxes[0].1.rect, PixelBox { x: 20.0, y: 10.0, w: 40.0, h: 30.0 });
    assert_eq!(found.boxes[0].1.polygon.as_ref().unwrap().rings[0][0], [60.0, 10.0]);
    assert!(found.warned.iter().any(|(_, message)| message.contains("EXIF")));
    let mut upright = with_annotations(annotations);
    upright["images"][0]["width"] = json!(80);
    upright["images"][0]["height"] = json!(100);
    let found = read(&[("a.json", upright)], &[("a.jpg", picture)]).unwrap();
    assert_eq!(found.boxes[0].1.rect, PixelBox { x: 10.0, y: 20.0, w: 30.0, h: 40.0 });
}

/// A JPEG of its headers alone: EXIF orientation and size.
fn exif_jpeg(width: u16, height: u16, orientation: u8) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, 0, 34];
    bytes.extend(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    bytes.extend([orientation, 0, 0, 0, 0, 0, 0]);
    bytes.extend([0xff, 0xc0, 0, 11, 8]);
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0, 0xff, 0xd9]);
    bytes
}

#[test]
fn a_picture_of_another_size_is_left_out_with_its_boxes() {
    let file = with_annotations(json!([{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]}]));
    let found = read(&[("a.json", file)], &[("a.jpg", picture(80, 100))]).unwrap();
    assert_eq!((found.images.len(), found.boxes.len()), (0, 0));
    assert_eq!(reasons(&found), ["its size differs from the size of its picture", "its image was left out"]);
}

#[test]
fn what_cannot_be_a_box_is_named() {
    let file = with_annotations(json!([
        {"id": 1, "image_id": 1, "category_id": 3, "bbox": [10, 10, -4, 5]},
        {"id": 2, "image_id": 1, "category_id": 3, "bbox": [10, 10, 0, 5]},
        {"id": 3, "image_id": 1, "category_id": 3, "bbox": [10, 10, 5]},
        {"id": 4, "image_id": 1, "category_id": 3, "caption": "a cat"},
        {"id": 5, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]},
        {"id": 6, "image_id": 1, "category_id": 4, "bbox": [1, 2, 3, 4]},
    ]));
    let found = read(&[("a.json", file)], &[]).unwrap();
    assert_eq!(found.boxes.len(), 1);
    assert_eq!(found.boxes[0].1.rect, PixelBox { x: 6.0, y: 10.0, w: 4.0, h: 5.0 });
    let want = [
        ("a.json annotation 2", "its box has no area"),
        ("a.json annotation 3", "its box is not four numbers"),
        ("a.json annotation 4", "it has neither a box nor an outline"),
        ("a.json annotation 5", "its image is not in the file"),
        ("a.json annotation 6", "its category is not in the file"),
    ];
    assert_eq!(found.skipped, want.map(|(item, reason)| (item.to_owned(), reason.to_owned())));
}

#[test]
fn annotations_may_stand_before_images_and_categories() {
    let text = r#"{"annotations":[{"id":1,"image_id":"7","category_id":2,"bbox":[1,2,3,4],"attributes":{"rotation":30.5}}],
        "images":[{"id":7,"file_name":"sub\\a.jpg","width":9,"height":9}],"categories":[{"id":2,"name":" coin "}]}"#;
    let source = Source::of_files([("all.json", text.as_bytes().to_vec())]);
    let found = collect(&Coco, &source, &ReadOptions::default()).unwrap();
    assert_eq!((found.images[0].path.as_str(), found.class_names()), ("sub/a.jpg", vec!["coin"]));
    assert_eq!(found.boxes_of("sub/a.jpg")[0].angle, Some(30.5));
}

#[test]
fn repeated_category_names_are_made_unique() {
    let file = json!({
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 9, "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": 4, "name": "cat"}, {"id": 9, "name": "cat"}, {"id": 5, "name": "Cat"}],
    });
    let found = read(&[("a.json", file)], &[]).unwrap();
    assert_eq!(found.class_names(), ["cat", "cat_9", "Cat"]);
    assert_eq!(found.boxes[0].1.class, 1);
    assert_eq!(found.warned.iter().filter(|(_, m)| m.contains("cat_9") || m.contains("case")).count(), 2);
}

#[test]
fn c32_the_layout_decides_between_equal_names() {
    let file = |name: &str| json!({"images": [{"id": 0, "file_name": name, "width": 9, "height": 9}], "annotations": [], "categories": []});
    let pictures = [
        ("images/train/a.jpg", picture(9, 9)),
        ("images/train/x/a.jpg", picture(9, 9)),
        ("images/val/a.jpg", picture(9, 9)),
    ];
    let files = [
        ("annotations/instances_train.json", file("a.jpg")),
        ("annotations/instances_val.json", file("a.jpg")),
        ("annotations/captions_val.json", file("zzz.jpg")),
    ];
    let found = read(&files, &pictures).unwrap();
    let places: Vec<_> = found.images.iter().map(|i| (i.file.as_deref().unwrap(), i.state)).collect();
    let want = [
        ("images/train/a.jpg", ImageState::Labelled),
        ("images/val/a.jpg", ImageState::Labelled),
        ("images/train/x/a.jpg", ImageState::Unlabelled),
    ];
    assert_eq!(places, want);
    assert!(found.warned.iter().any(|(item, _)| item == "annotations/captions_val.json"));
}

#[test]
fn c31_a_truncated_file_stops_with_its_place_and_nothing_is_handed_over() {
    let text = serde_json::to_string_pretty(&with_annotations(json!([
        {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]},
    ])))
    .unwrap();
    let mut cuts = 0;
    for cut in (60..text.trim_end().len()).step_by(7) {
        let source = Source::of_files([("a.json", text.as_bytes()[..cut].to_vec())]);
        let mut found = Collected::default();
        let error = Coco.read(&source, &ReadOptions::default(), &mut found).unwrap_err().to_string();
        assert_eq!(found.images.len() + found.boxes.len() + found.classes.len(), 0, "cut at {cut}");
        cuts += usize::from(error.contains("line ") && error.contains(&format!("byte {cut}")));
    }
    assert!(cuts > 10, "{cuts} of the errors name the place");
    let damaged = text.replace("\"bbox\": [", "\"bbox\": [x");
    let source = Source::of_files([("a.json", damaged.into_bytes())]);
    let error = collect(&Coco, &source, &ReadOptions::default()).unwrap_err().to_string();
    let line = text[..text.find("\"bbox\"").unwrap()].matches('\n').count() + 1;
    assert!(error.contains(&format!("line {line} ")), "{error}");
}

#[test]
fn foreign_text_ids_come_back() {
    let file = json!({
        "images": [{"id": "img-a", "file_name": "a.jpg", "width": 9, "height": 9}],
        "annotations": [{"id": "x1", "image_id": "img-a", "category_id": "c", "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": "c", "name": "coin"}],
    });
    let found = read(&[("a.json", file)], &[]).unwrap();
    let back = round_trip(&Coco, &found.labels(), &ReadOptions::default()).unwrap();
    assert_eq!(back.images[0].source_id.as_deref(), Some("img-a"));
    assert_eq!(back.boxes[0].1.source_id.as_deref(), Some("x1"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn c35_import_of_an_export_is_what_was_exported(labels in sample_labels::labels(Holds::COCO)) {
        let back = round_trip(&Coco, &labels, &ReadOptions::default()).unwrap();
        prop_assert_eq!(&back.skipped, &Vec::new());
        sample_labels::assert_same(&back.labels(), &labels, Holds::COCO);
    }

    #[test]
    fn an_export_is_the_same_bytes_every_time(labels in sample_labels::labels(Holds::COCO)) {
        let once = write(&Coco, &labels).unwrap().0;
        prop_assert_eq!(&once, &write(&Coco, &labels).unwrap().0);
        // … and after a round trip too, once the ids are in it.
        let again = |labels: &FixedLabels| round_trip(&Coco, labels, &ReadOptions::default()).unwrap().labels();
        let first = again(&labels);
        prop_assert_eq!(write(&Coco, &first).unwrap().0, write(&Coco, &again(&first)).unwrap().0);
    }

    #[test]
    fn damaged_bytes_never_panic(at in 0..400usize, byte: u8) {
        let mut text = with_annotations(json!([{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4],
            "segmentation": {"size": [80, 100], "counts": [8000]}}])).to_string().into_bytes();
        let length = text.len();
        text[at % length] = byte;
        let _ = collect(&Coco, &Source::of_files([("a.json", text)]), &ReadOptions::default());
    }
}

// --- real sets, where they are at hand -------------------------------------------------------------------------------

fn real(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets").join(path);
    root.exists().then_some(root)
}

/// Counts of a file by a parser that is not ours: images, annotations with an area, categories, sum of all their
/// boxes' numbers.
fn counted(path: &Path) -> (usize, usize, usize, f64) {
    let value: Value = serde_json::from_reader(std::fs::File::open(path).unwrap()).unwrap();
    let count = |key: &str| value[key].as_array().unwrap().len();
    let numbers = |a: &Value| a["bbox"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>();
    let boxes: Vec<Vec<f64>> = value["annotations"].as_array().unwrap().iter().map(numbers).collect();
    let boxes: Vec<Vec<f64>> = boxes.into_iter().filter(|b| b[2] > 0.0 && b[3] > 0.0).collect();
    (count("images"), boxes.len(), count("categories"), boxes.iter().flatten().sum())
}

fn check(found: &Collected, images: usize, boxes: usize, classes: usize, sum: f64) {
    assert!(reasons(found).iter().all(|reason| *reason == "its box has no area"), "{:?}", found.skipped);
    assert_eq!((found.images.len(), found.boxes.len(), found.classes.len()), (images, boxes, classes));
    let numbers = found.boxes.iter().map(|(_, b)| b.rect.x + b.rect.y + b.rect.w + b.rect.h);
    assert!((numbers.sum::<f64>() - sum).abs() < 1e-6 * sum, "sum of all coordinates");
    let back = round_trip(&Coco, &found.labels(), &ReadOptions::default()).unwrap();
    sample_labels::assert_same(&back.labels(), &found.labels(), Holds::COCO);
}

#[test]
fn coco_bench_is_read_whole() {
    let Some(root) = real("coco_bench") else { return };
    let (train, val) = (counted(&root.join("instances_train2017.json")), counted(&root.join("instances_val2017.json")));
    let found = collect(&Coco, &Source::at(&root).unwrap(), &ReadOptions::default()).unwrap();
    assert!(found.images.iter().all(|i| i.file.is_some() && i.split != Split::None));
    assert_eq!(found.images.iter().filter(|i| i.split == Split::Val).count(), val.0);
    check(&found, train.0 + val.0, train.1 + val.1, 80, train.3 + val.3);
}

#[test]
fn coco128_is_read_beside_its_pictures() {
    let (Some(labels), Some(images)) = (real("coco128_instances"), real("coco_bench/images/train2017")) else { return };
    let json = labels.join("instances_train2017.json");
    let (n_images, n_boxes, n_classes, sum) = counted(&json);
    let source = Source::with_images(&json, &images).unwrap();
    let mut found = collect(&Coco, &source, &ReadOptions::default()).unwrap();
    let with_file = found.images.iter().filter(|i| i.file.is_some() && i.state == ImageState::Labelled).count();
    assert!(with_file > 100 && with_file <= n_images, "{with_file}");
    found.images.retain(|i| i.state == ImageState::Labelled);
    check(&found, n_images, n_boxes, n_classes, sum);
}

#[test]
fn exports_of_other_tools_are_read_whole() {
    for (folder, files, pictures) in [
        ("tool_exports/05_cvat_xml_plus_coco_zip", &["instances.json"][..], 0),
        (
            "tool_exports/12_roboflow_coco_person_drone",
            &["train/_annotations.coco.json", "valid/_annotations.coco.json", "test/_annotations.coco.json"][..],
            121,
        ),
        (
            "tool_exports/15_via_coco_export_no_categories",
            &["A12/A12-B/AM-EVA12 Final via_export_coco Final.json"][..],
            51,
        ),
    ] {
        let Some(root) = real(folder) else { return };
        let counts: Vec<_> = files.iter().map(|file| counted(&root.join(file))).collect();
        let found = collect(&Coco, &Source::at(&root).unwrap(), &ReadOptions::default()).unwrap();
        // VIA has no categories: one class stands for them.
        let classes = counts.iter().map(|c| c.2).max().unwrap().max(1);
        let sum = |of: fn(&(usize, usize, usize, f64)) -> usize| counts.iter().map(of).sum::<usize>();
        check(&found, sum(|c| c.0), sum(|c| c.1), classes, counts.iter().map(|c| c.3).sum());
        assert_eq!(found.images.iter().filter(|i| i.file.is_some()).count(), pictures, "{folder}");
    }
}

#[test]
fn coco_val2017_comes_back_from_a_generated_file() {
    let Some(root) = real("coco_val2017_boxes") else { return };
    let text = std::fs::read_to_string(root.join("boxes.txt")).unwrap();
    let (mut images, mut annotations, mut sum) = (Vec::new(), Vec::new(), 0.0);
    for (id, line) in (1..).zip(text.lines()) {
        let (path, boxes) = line.split_once(".jpg").unwrap();
        let name = format!("{}.jpg", path.rsplit('/').next().unwrap());
        images.push(json!({"id": id, "file_name": name, "width": 700, "height": 700}));
        for one in boxes.split_whitespace() {
            let n: Vec<f64> = one.split(',').map(|v| v.parse().unwrap()).collect();
            if n[2] > n[0] && n[3] > n[1] {
                let bbox = [n[0], n[1], n[2] - n[0], n[3] - n[1]];
                sum += bbox.iter().sum::<f64>();
                annotations
                    .push(json!({"id": annotations.len(), "image_id": id, "category_id": n[4] as i64, "bbox": bbox}));
            }
        }
    }
    assert_eq!(images.len(), 4952);
    let categories: Vec<Value> = (0..80).map(|id| json!({"id": id, "name": format!("c{id}")})).collect();
    let (n_images, n_boxes) = (images.len(), annotations.len());
    let file = json!({"images": images, "annotations": annotations, "categories": categories});
    let found = read(&[("instances_val2017.json", file)], &[]).unwrap();
    check(&found, n_images, n_boxes, 80, sum);
}
