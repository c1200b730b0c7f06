//! Real detectors on real pictures, where both are at hand; and what `tests/bench/detectors.py` measures.

#![expect(clippy::print_stderr, reason = "a test that cannot be made says so")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tator_domain::{PixelBox, iou};

use super::tests::{has_runtime, manifest};
use super::*;
use crate::detector::{DetectOptions, Detection};
use crate::network::Stop;
use crate::picture::{Picture, decode_upright};
use crate::runtime::ProviderWish;

/// Family, file and side of the frame of the models in `shared/models`, all with COCO's classes.
const MODELS: [(&str, &str, u32); 5] = [
    ("yolox", "yolox_nano/yolox_nano.onnx", 416),
    ("picodet", "picodet_s_416/picodet_s_416_clean.onnx", 416),
    ("picodet", "picodet_s_416/picodet_s_320_clean.onnx", 320),
    ("nanodet", "nanodet_m_416/nanodet_m_416_clean.onnx", 416),
    ("fastestdet", "fastestdet/FastestDet.onnx", 352),
];

/// Pictures of COCO val2017 with one large thing, and its official box.
const KNOWN: [(&str, &str, [f64; 4]); 5] = [
    ("000000000285.jpg", "bear", [1.0, 69.0, 585.0, 564.0]),
    ("000000159112.jpg", "pizza", [1.0, 2.0, 639.0, 442.0]),
    ("000000252332.jpg", "stop sign", [83.0, 0.0, 455.0, 455.0]),
    ("000000343934.jpg", "motorcycle", [175.0, 175.0, 321.0, 240.0]),
    ("000000519611.jpg", "bear", [144.0, 113.0, 363.0, 272.0]),
];

/// What lies beside the repository for development, if anything: `TATOR_SHARED`, or a folder `shared`.
fn shared(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let beside = ["../shared", "../../shared"].map(|place| root.join(place));
    let said = std::env::var_os("TATOR_SHARED").map(PathBuf::from);
    let found = said.into_iter().chain(beside).map(|place| place.join(name)).find(|place| place.exists());
    if found.is_none() {
        eprintln!("not tested: shared/{name} is not here");
    }
    found
}

/// The manifest that such a file would have.
fn described(family: &str, file: &str, side: u32) -> Manifest {
    let (hash, classes) = ("0".repeat(64), super::names::COCO);
    let text = format!(
        "name = 'real'\ntask = 'detect'\nfamily = '{family}'\nlicence = 'Apache-2.0'\nsource = 'shared'\n\
         input_size = [{side}, {side}]\nclasses = {classes:?}\n\
         [files.model]\npath = '{file}'\nsha256 = '{hash}'\nsize = 1\n"
    );
    Manifest::parse(&text).expect("it is sound")
}

fn picture(path: &Path) -> Picture {
    decode_upright(&fs::read(path).expect("it is there")).expect("a picture")
}

/// How many of the known things a detector finds.
fn hits(manifest: &Manifest, folder: &Path, pictures: &Path) -> usize {
    let options = OpenOptions { provider: ProviderWish::Cpu, threads: 2, many: false };
    let detector = open_detector(&Parts { manifest, folder, options }).expect("it opens");
    let asked = DetectOptions { score: 0.3, ..detector.usual() };
    let known: Vec<Picture> = KNOWN.iter().map(|(name, ..)| picture(&pictures.join(name))).collect();
    let found = detector.detect(&known, &asked, &Stop::default()).expect("it looks");
    let is_hit = |(found, (_, class, [x, y, w, h])): &(&Vec<Detection>, &(&str, &str, [f64; 4]))| {
        let wanted = PixelBox { x: *x, y: *y, w: *w, h: *h };
        found.iter().any(|one| detector.classes()[one.class] == *class && iou(&one.rect, &wanted) > 0.7)
    };
    found.iter().zip(&KNOWN).filter(is_hit).count()
}

#[test]
fn real_detectors_find_what_is_known() {
    let (Some(models), Some(pictures)) = (shared("models"), shared("datasets/coco_bench/images/val2017")) else {
        return;
    };
    if !has_runtime() {
        return;
    }
    for (family, file, side) in MODELS {
        let (folder, file) = file.split_once('/').expect("a folder and a file");
        let hits = hits(&described(family, file, side), &models.join(folder), &pictures);
        // Detectors this small may miss one; how good they are, tests/bench/detectors.py measures.
        assert!(hits + 1 >= KNOWN.len(), "{file}: {hits} of {}", KNOWN.len());
    }
}

/// The one that `make setup` fetches.
#[test]
fn the_demos_detector_finds_what_is_known() {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let Some(folder) = cache.map(|cache| cache.join("tator/models/yolox-nano")).filter(|folder| folder.exists()) else {
        eprintln!("not tested: the model yolox-nano is not here");
        return;
    };
    let Some(pictures) = shared("datasets/coco_bench/images/val2017") else { return };
    if has_runtime() {
        assert_eq!(hits(&manifest(&folder), &folder, &pictures), KNOWN.len());
    }
}

/// Writes what the models of `TATOR_BENCH_MODELS` (folders, `:` between) find in the pictures that the file
/// `TATOR_BENCH_LIST` names, one a line, into the folder `TATOR_BENCH_OUT`, and how long it took without decoding.
#[test]
#[ignore = "a benchmark: tests/bench/detectors.py runs it"]
fn dump_detections() {
    let said = |name: &str| std::env::var(name).expect("see tests/bench/detectors.py");
    let list = fs::read_to_string(said("TATOR_BENCH_LIST")).expect("a list");
    let pictures: Vec<Picture> = list.lines().map(|line| picture(Path::new(line))).collect();
    let threads = said("TATOR_BENCH_THREADS").parse().expect("a number");
    for folder in said("TATOR_BENCH_MODELS").split(':').map(Path::new) {
        let manifest = manifest(folder);
        let options = OpenOptions { provider: ProviderWish::Cpu, threads, many: false };
        let detector = open_detector(&Parts { manifest: &manifest, folder, options }).expect("it opens");
        let asked = DetectOptions { score: 0.02, most: 300, ..detector.usual() };
        detector.detect(&pictures[..4], &asked, &Stop::default()).expect("it warms up");
        let begun = Instant::now();
        let found = detector.detect(&pictures, &asked, &Stop::default()).expect("it looks");
        let seconds = begun.elapsed().as_secs_f64();
        let mut rows = String::new();
        for (number, one) in found.iter().enumerate().flat_map(|(number, all)| all.iter().map(move |one| (number, one)))
        {
            let PixelBox { x, y, w, h } = one.rect;
            let separator = if rows.is_empty() { "" } else { "," };
            write!(rows, "{separator}[{number},{},{},{x},{y},{w},{h}]", one.class, one.score).expect("text");
        }
        let text = format!("{{\"seconds\":{seconds},\"rows\":[{rows}]}}");
        fs::write(Path::new(&said("TATOR_BENCH_OUT")).join(format!("{}.json", manifest.name)), text).expect("written");
    }
}
