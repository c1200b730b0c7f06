//! C31 to C39: what users of other tools complained about, from the file that goes in to the file that comes out.

use std::fs;
use std::path::Path;

use tator_pipeline::ImportRequest;

use crate::harness::rows::rows;
use crate::harness::sources::{self, bitmap, write};
use crate::harness::trees;
use crate::harness::workshop::{Workshop, from, to};

fn shop_with(files: &[(&str, &[u8])]) -> (Workshop, std::path::PathBuf) {
    let shop = Workshop::new();
    let source = shop.place("source");
    for (path, bytes) in files {
        write(&source.join(path), bytes);
    }
    (shop, source)
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn c31_an_import_that_brings_nothing_fails_and_says_why() {
    let (shop, source) = shop_with(&[("data.yaml", b"names: [a]\n"), ("labels/x.txt", b"0 0.5 0.5 0.1 0.1\n")]);
    let why = shop.import_fails(ImportRequest { format: "yolo".into(), ..from(&source, "d") });
    assert!(why.contains("labels/x.txt"), "{why}");
    assert_eq!(shop.reader().datasets().unwrap(), [], "no empty dataset stays behind");
    let empty = shop.place("empty");
    fs::create_dir(&empty).unwrap();
    shop.import_fails(from(&empty, "d"));
}

#[test]
fn c31_what_was_left_out_is_counted_by_reason() {
    let picture = bitmap(40, 40, 1);
    let (shop, source) = shop_with(&[
        ("data.yaml", b"names: [a]\n"),
        ("images/x.bmp", &picture),
        ("labels/x.txt", b"0 0.5 0.5 0.1 0.1\n0 0.5 nonsense 0.1 0.1\n7 0.5 0.5 0.1 0.1\n0 0.5 0.5 0 0.1\n"),
    ]);
    let report = shop.import(from(&source, "d"));
    let left_out: u64 = report.skipped.iter().map(|s| s.count).sum();
    assert!(left_out >= 2, "{report:?}");
    assert_eq!(report.boxes + left_out, 4, "{report:?}");
    assert!(report.skipped.iter().all(|s| s.item.starts_with("labels/x.txt:")), "{report:?}");
}

#[test]
fn c32_labels_find_their_picture_by_path_and_not_by_order() {
    let (one, two) = (bitmap(40, 40, 1), bitmap(80, 40, 2));
    let (shop, source) = shop_with(&[
        ("data.yaml", b"names: [a]\n"),
        ("images/a.bmp", &one),
        ("images/b.bmp", &two),
        ("images/c.bmp", &one),
        ("labels/b.txt", b"0 0.5 0.5 0.5 0.5\n"),
    ]);
    shop.import(from(&source, "d"));
    let found = rows(shop.reader(), "SELECT path, b.w FROM d.boxes b JOIN d.images USING (image_id)");
    assert_eq!(found, [r#"["b.bmp",40.0]"#]);
}

#[test]
fn c33_equal_names_in_two_folders_stay_two_images_on_the_way_out() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    for format in ["yolo", "coco", "voc"] {
        let out = shop.place(format);
        shop.export(to(&out, "d", format));
        let pictures = trees::files(&out).into_iter().filter(|f| f.extension().is_some_and(|e| e == "bmp"));
        let bytes: std::collections::BTreeSet<_> = pictures.map(|f| fs::read(f).unwrap()).collect();
        assert_eq!(bytes.len(), 6, "{format}: no picture has overwritten another");
    }
}

#[test]
fn c34_a_data_yaml_with_nc_is_read() {
    let picture = bitmap(40, 40, 1);
    let (shop, source) = shop_with(&[
        ("data.yaml", b"nc: 2\nnames: ['a', 'b']\ntrain: ../train/images\nroboflow: {version: 1}\n"),
        ("train/images/x.bmp", &picture),
        ("train/labels/x.txt", b"1 0.5 0.5 0.1 0.1\n"),
    ]);
    let report = shop.import(from(&source, "d"));
    assert_eq!((report.images, report.boxes, report.classes), (1, 1, 2), "{report:?}");
}

#[test]
fn c35_coco_boxes_come_back_digit_by_digit() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::coco(&source);
    shop.import(from(&source, "d"));
    let out = shop.place("out");
    shop.export(to(&out, "d", "coco"));
    let files: Vec<_> = trees::files(&out).into_iter().filter(|f| f.extension().is_some_and(|e| e == "json")).collect();
    let boxes = |value: &serde_json::Value| -> Vec<(String, Vec<f64>)> {
        let notes = value["annotations"].as_array().unwrap().iter();
        let numbers = |note: &serde_json::Value| serde_json::from_value(note["bbox"].clone()).unwrap();
        notes.map(|note| (note["id"].to_string(), numbers(note))).collect()
    };
    let mut before = boxes(&json(&source.join("annotations.json")));
    let mut after: Vec<_> = files.iter().flat_map(|f| boxes(&json(f))).collect();
    before.sort_by(|a, b| a.0.cmp(&b.0));
    after.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(after, before);
}

#[test]
fn c36_class_numbers_are_written_down_and_keep_their_order() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    let out = shop.place("yolo");
    shop.export(to(&out, "d", "yolo"));
    let yaml = fs::read_to_string(out.join("data.yaml")).unwrap();
    let places: Vec<_> = ["zebra", "ant", "big cat"].iter().map(|name| yaml.find(name)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{yaml}");
    let coco = shop.place("coco");
    shop.export(to(&coco, "d", "coco"));
    for file in trees::files(&coco).iter().filter(|f| f.extension().is_some_and(|e| e == "json")) {
        let names: Vec<_> = json(file)["categories"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["zebra", "ant", "big cat"], "{}", file.display());
    }
}

#[test]
fn c37_what_a_format_cannot_hold_is_named() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::coco(&source);
    shop.import(from(&source, "d"));
    let written = shop.export(to(&shop.place("out"), "d", "yolo"));
    let left_out: u64 = written.skipped.iter().map(|s| s.count).sum();
    assert!(left_out > 0 && written.boxes + left_out >= 3, "{written:?}");
    assert!(written.skipped.iter().any(|s| s.reason.contains("crowd")), "{written:?}");
}

#[test]
fn c38_negatives_leave_as_negatives() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    let out = shop.place("yolo");
    shop.export(to(&out, "d", "yolo"));
    let labels = trees::contents(&out.join("labels"));
    assert_eq!(labels.iter().filter(|(_, text)| text.is_empty()).count(), 1, "one empty label file");
    assert_eq!(labels.len(), 5, "and none for the image that nobody looked at");
    let coco = shop.place("coco");
    shop.export(to(&coco, "d", "coco"));
    let files: Vec<_> =
        trees::files(&coco).into_iter().filter(|f| f.extension().is_some_and(|e| e == "json")).collect();
    let entries: usize = files.iter().map(|f| json(f)["images"].as_array().unwrap().len()).sum();
    assert_eq!(entries, 6, "every image has its entry");
}

#[test]
fn c39_rotated_photographs_have_their_upright_size_in_the_tables_and_outside() {
    let Some(source) = sources::real("tool_exports/20_exif_orientation") else { return };
    let shop = Workshop::new();
    shop.import(from(&source, "d"));
    let wrong = "SELECT path FROM d.images WHERE (path LIKE 'Landscape%' AND width <= height) OR (path LIKE 'Portrait%' AND width >= height)";
    assert_eq!(rows(shop.reader(), wrong), Vec::<String>::new());
    let turned = rows(shop.reader(), "SELECT count(DISTINCT orientation) FROM d.images");
    assert_eq!(turned, ["[8]"], "all eight orientations");
    let out = shop.place("coco");
    shop.export(to(&out, "d", "coco"));
    for file in trees::files(&out).iter().filter(|f| f.extension().is_some_and(|e| e == "json")) {
        for image in json(file)["images"].as_array().unwrap() {
            let is_wide = image["width"].as_u64() > image["height"].as_u64();
            assert_eq!(is_wide, image["file_name"].as_str().unwrap().contains("Landscape"), "{image}");
        }
    }
}
