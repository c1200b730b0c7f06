//! Every real set beside the repository: the counts are those that other people's tools count, and nothing is lost on
//! the way through the formats. `coco_val2017_boxes` is a text of boxes without images for benchmarks, no dataset.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use tator_pipeline::{ExportImages, ExportRequest, ImportMode, ImportRequest};

use super::round_trips::{ROUNDED, there_and_back};
use crate::harness::rows::number;
use crate::harness::workshop::{Workshop, from, to};
use crate::harness::{python, sources, trees};

const RECT: &str = "b.x, b.y, b.w, b.h";
const OUTLINE: &str = "b.x, b.y, b.w, b.h, b.polygon, b.mask, b.is_crowd";

/// What an independent count says of the set; `None` where it is not here.
fn counted(set: &str) -> Option<&'static Value> {
    static COUNTS: OnceLock<Option<Value>> = OnceLock::new();
    let folder = sources::real("")?;
    COUNTS.get_or_init(|| python::plain("count_sets.py", &[&folder])).as_ref().map(|all| &all[set])
}

/// Imports a set as the dataset `d`, linked where it can be, and compares the counts.
fn imported(set: &str, change: impl FnOnce(&mut ImportRequest)) -> Option<Workshop> {
    let (source, counts) = (sources::real(set)?, counted(set)?);
    let shop = Workshop::new();
    let mut request = from(&source, "d");
    request.mode = if source.is_dir() { ImportMode::Link } else { ImportMode::Copy };
    change(&mut request);
    let report = shop.import(request);
    let left_out: u64 = report.skipped.iter().map(|s| s.count).sum();
    let told = serde_json::json!([report.images, report.boxes, left_out]);
    let rows = serde_json::json!([
        number(shop.reader(), "SELECT count(*) FROM d.images"),
        number(shop.reader(), "SELECT count(*) FROM d.boxes"),
        left_out
    ]);
    let left = counts["flat"].as_u64().unwrap_or(0) + counts["unread"].as_u64().unwrap_or(0);
    let expected = serde_json::json!([counts["images"], counts["boxes"], left]);
    assert_eq!((&told, &rows), (&expected, &expected), "{set}: {:?}", report.skipped);
    let used = number(shop.reader(), "SELECT count(DISTINCT class_id) FROM d.boxes");
    assert_eq!(counts["used"], used, "{set}: classes in use");
    Some(shop)
}

/// The labels alone, written as COCO, open in `pycocotools` with the same counts.
fn opens_in_pycocotools(shop: &Workshop) {
    let out = shop.place("for_pycocotools");
    let written = shop.export(ExportRequest { images: ExportImages::None, ..to(&out, "d", "coco") });
    let files: Vec<_> = trees::files(&out).into_iter().filter(|f| f.extension().is_some_and(|e| e == "json")).collect();
    let (mut images, mut boxes) = (0, 0);
    for file in &files {
        let Some(seen) = python::with_packages("read_export.py", &[file as &Path]) else { return };
        images += seen["images"].as_u64().unwrap();
        boxes += seen["boxes"].as_u64().unwrap();
    }
    assert_eq!((images, boxes), (written.images, written.boxes));
}

#[test]
fn aerial_pictures_in_yolo() {
    let Some(shop) = imported("aerial_kit_ais", |_| ()) else { return };
    there_and_back(&shop, "d", "yolo", Some("detect"), RECT);
    there_and_back(&shop, "d", "voc", None, RECT);
    opens_in_pycocotools(&shop);
}

#[test]
fn blood_cells_in_voc() {
    let Some(shop) = imported("bccd", |_| ()) else { return };
    there_and_back(&shop, "d", "voc", None, RECT);
    there_and_back(&shop, "d", "yolo", Some("detect"), ROUNDED);
    there_and_back(&shop, "d", "parquet", None, RECT);
}

#[test]
fn five_hundred_pictures_in_coco() {
    let Some(shop) = imported("coco_bench", |_| ()) else { return };
    there_and_back(&shop, "d", "coco", None, OUTLINE);
    opens_in_pycocotools(&shop);
}

#[test]
fn coco_labels_without_pictures() {
    for set in ["coco128_instances/instances_train2017.json", "tool_exports/05_cvat_xml_plus_coco_zip/instances.json"] {
        let Some(shop) = imported(set, |_| ()) else { return };
        opens_in_pycocotools(&shop);
    }
}

#[test]
fn exports_of_roboflow_and_via() {
    for set in ["tool_exports/12_roboflow_coco_person_drone", "tool_exports/15_via_coco_export_no_categories"] {
        let Some(shop) = imported(set, |_| ()) else { return };
        there_and_back(&shop, "d", "coco", None, OUTLINE);
    }
}

#[test]
fn sets_of_ultralytics_in_all_tasks() {
    let family = "tool_exports/17_ultralytics_coco8_family/example_datasets";
    for (name, task, format) in
        [("coco8", "detect", "yolo"), ("coco8-seg", "segment", "yolo-seg"), ("dota8", "obb", "yolo-obb")]
    {
        let task_of = |request: &mut ImportRequest| request.task = Some(task.to_owned());
        let Some(shop) = imported(&format!("{family}/{name}"), task_of) else { return };
        there_and_back(&shop, "d", format, Some(task), "b.x, b.y, b.w, b.h, b.polygon, b.angle");
        there_and_back(&shop, "d", "parquet", None, "b.x, b.y, b.w, b.h, b.polygon, b.angle");
    }
}

#[test]
fn pictures_without_labels() {
    for set in ["clothing_small", "deeppcb_sample", "tool_exports/20_exif_orientation"] {
        let Some(shop) = imported(set, |_| ()) else { return };
        let looked_at = number(shop.reader(), "SELECT count(*) FROM d.images WHERE state <> 'unlabelled'");
        assert_eq!(looked_at, 0, "{set}: a picture without labels is no negative");
    }
}
