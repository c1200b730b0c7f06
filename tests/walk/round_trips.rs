//! Import, export, import into a second dataset: the tables are the same, as far as the format can hold them.

use std::path::Path;

use tator_pipeline::ImportRequest;

use crate::harness::rows::{assert_same, carried, rows};
use crate::harness::sources;
use crate::harness::workshop::{Workshop, from, named, to};

const RECT: &str = "b.x, b.y, b.w, b.h, b.state";
/// YOLO writes shares of the image: what did not come from shares is the same to a billionth of a pixel.
pub const ROUNDED: &str = "round(b.x, 9), round(b.y, 9), round(b.w, 9), round(b.h, 9)";
const OUTLINE: &str = "b.x, b.y, b.w, b.h, b.polygon, b.state";
const TURNED: &str = "b.x, b.y, b.w, b.h, b.angle, b.state";
const ALL: &str = "b.x, b.y, b.w, b.h, b.polygon, b.angle, b.mask, b.area, b.is_crowd, b.origin, b.state, b.score, b.source_id, b.attributes";

/// Brings `first` in, writes it as `format`, reads that, and compares what the format carries.
pub fn there_and_back(shop: &Workshop, dataset: &str, format: &str, task: Option<&str>, columns: &str) {
    let out = shop.place(&format!("{dataset}_{format}"));
    let written = shop.export(to(&out, dataset, format));
    assert_eq!(written.skipped, [], "{dataset} as {format}");
    let second = format!("{dataset}_{}", format.replace('-', "_"));
    let name = format.split('-').next().unwrap().to_owned();
    shop.import(ImportRequest { format: name, task: task.map(str::to_owned), ..from(&out, &second) });
    let [before, after] = [dataset, second.as_str()].map(|d| carried(shop.reader(), &named(d), columns));
    assert_same(&after, &before, &format!("{dataset} as {format}"));
}

fn with(write: impl Fn(&Path)) -> (Workshop, std::path::PathBuf) {
    let shop = Workshop::new();
    let source = shop.place("source");
    write(&source);
    (shop, source)
}

#[test]
fn yolo_comes_back() {
    let (shop, source) = with(sources::yolo);
    shop.import(from(&source, "d"));
    there_and_back(&shop, "d", "yolo", Some("detect"), RECT);
    let states = rows(shop.reader(), "SELECT state, count(*) FROM d_yolo.images GROUP BY ALL ORDER BY ALL");
    assert_eq!(states, [r#"["labelled",5]"#, r#"["unlabelled",1]"#]);
}

#[test]
fn yolo_is_the_same_through_every_format_that_holds_its_boxes() {
    let (shop, source) = with(sources::yolo);
    shop.import(from(&source, "d"));
    there_and_back(&shop, "d", "coco", None, RECT);
    there_and_back(&shop, "d", "voc", None, RECT);
    there_and_back(&shop, "d", "parquet", None, ALL);
}

#[test]
fn outlines_come_back() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::write(&source.join("data.yaml"), "names: {0: a, 1: b}\ntrain: images\n");
    sources::write(&source.join("images/p.bmp"), sources::bitmap(64, 48, 3));
    let rows = "1 0.1 0.1 0.6 0.123456789 0.3 0.7\n0 0.25 0.25 0.5 0.25 0.5 0.5 0.25 0.5\n";
    sources::write(&source.join("labels/p.txt"), rows);
    shop.import(ImportRequest { task: Some("segment".into()), ..from(&source, "d") });
    there_and_back(&shop, "d", "yolo-seg", Some("segment"), OUTLINE);
    there_and_back(&shop, "d", "coco", None, OUTLINE);
    there_and_back(&shop, "d", "parquet", None, ALL);
}

#[test]
fn turned_boxes_come_back() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::write(&source.join("data.yaml"), "names: [a]\ntrain: images\n");
    sources::write(&source.join("images/p.bmp"), sources::bitmap(100, 100, 3));
    sources::write(
        &source.join("labels/p.txt"),
        "0 0.5 0.2 0.8 0.5 0.6 0.7 0.3 0.4\n0 0.1 0.1 0.3 0.1 0.3 0.2 0.1 0.2\n",
    );
    shop.import(ImportRequest { task: Some("obb".into()), ..from(&source, "d") });
    there_and_back(&shop, "d", "yolo-obb", Some("obb"), TURNED);
    there_and_back(&shop, "d", "parquet", None, ALL);
}

#[test]
fn coco_comes_back_with_ids_outlines_masks_and_crowds() {
    let (shop, source) = with(sources::coco);
    shop.import(from(&source, "d"));
    there_and_back(&shop, "d", "coco", None, ALL);
    there_and_back(&shop, "d", "parquet", None, ALL);
    for d in ["d", "d_coco", "d_parquet"] {
        let ids = rows(shop.reader(), &format!("SELECT source_id FROM {d}.images ORDER BY path"));
        assert_eq!(ids, [r#"["9007199254740993"]"#, r#"["12"]"#, r#"["7"]"#], "{d}");
        let classes =
            rows(shop.reader(), &format!("SELECT name, supercategory, source_id FROM {d}.classes ORDER BY class_id"));
        assert_eq!(classes, [r#"["zebra","animal","90"]"#, r#"["ant","","3"]"#, r#"["unused",null,"44"]"#], "{d}");
    }
}

#[test]
fn edits_leave_with_the_next_export() {
    let (shop, source) = with(sources::yolo);
    shop.import(from(&source, "d"));
    let request: tator_store::EditRequest = serde_json::from_value(serde_json::json!({
        "base_revision": 0, "client_id": "c",
        "edits": [{"op": "add", "key": "n", "class_id": 3, "x": 1.25, "y": 2.5, "w": 8.0, "h": 4.0}]
    }))
    .unwrap();
    shop.workbench.edit(&named("d"), 1, request, "tester").unwrap();
    there_and_back(&shop, "d", "yolo", Some("detect"), ROUNDED);
    there_and_back(&shop, "d", "coco", None, RECT);
}

#[test]
fn csv_has_a_row_a_box_under_a_header() {
    let (shop, source) = with(sources::yolo);
    shop.import(from(&source, "d"));
    let out = shop.place("csv");
    let written = shop.export(to(&out, "d", "csv"));
    let file =
        crate::harness::trees::files(&out).into_iter().find(|f| f.extension().is_some_and(|e| e == "csv")).unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.lines().count() as u64 > written.boxes, "{text}");
    assert_eq!(text.matches("big cat").count(), 2, "{text}");
}
