//! Runs the calibrator on arrays of numpy, for `tests/bench/calibrate.py`; prints one JSON object.
//!
//! `calibrator FOLDER OPTIONS_JSON`: the folder holds `images.npy` (image, width, height), `candidates.npy` (image, class,
//! x, y, w, h, score), `truths.npy` (image, class, x, y, w, h, area, crowd), `sources.npy` (source, image, class, x, y, w,
//! h, score), `columns.npy` (32-bit, a row each candidate) and `names.json`.
#![allow(clippy::panic, clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

use std::time::Instant;

use serde_json::json;
use tator_domain::PixelBox;
use tator_learning::boost::Columns;
use tator_learning::calibrator::{ImageSize, NoShelf, Options, Pool, Source, calibrate};
use tator_learning::coco_evaluation::{Detection, Truth};

/// Numbers of a `.npy` file of version 1 in C order, and the length of its rows.
fn npy<const N: usize>(path: &str) -> (Vec<[u8; N]>, usize) {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(header.contains("'fortran_order': False"), "{path}: {header}");
    let shape = header.split_once("'shape': (").unwrap().1.split_once(')').unwrap().0;
    let columns = shape.split(',').nth(1).and_then(|size| size.trim().parse().ok()).unwrap_or(1);
    (bytes[10 + length..].as_chunks::<N>().0.to_vec(), columns)
}

fn doubles(path: &str) -> Vec<Vec<f64>> {
    let (numbers, width) = npy::<8>(path);
    let numbers: Vec<f64> = numbers.into_iter().map(f64::from_le_bytes).collect();
    numbers.chunks(width.max(1)).map(<[f64]>::to_vec).collect()
}

fn rect(row: &[f64]) -> PixelBox {
    PixelBox { x: row[0], y: row[1], w: row[2], h: row[3] }
}

fn detection(row: &[f64]) -> Detection<PixelBox> {
    Detection { image: row[0] as i64, class: row[1] as i32, shape: rect(&row[2..6]), score: row[6] }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, options] = &arguments[..] else { panic!("FOLDER OPTIONS_JSON") };
    let options: Options = serde_json::from_str(options).unwrap();
    let file = |name: &str| format!("{folder}/{name}");
    let size = |row: Vec<f64>| ImageSize { image: row[0] as i64, width: row[1], height: row[2] };
    let images: Vec<ImageSize> = doubles(&file("images.npy")).into_iter().map(size).collect();
    let candidates: Vec<_> = doubles(&file("candidates.npy")).iter().map(|row| detection(row)).collect();
    let truth = |row: Vec<f64>| Truth {
        image: row[0] as i64,
        class: row[1] as i32,
        shape: rect(&row[2..6]),
        area: row[6],
        crowd: row[7] > 0.0,
    };
    let truths: Vec<_> = doubles(&file("truths.npy")).into_iter().map(truth).collect();
    let source_names: Vec<String> = serde_json::from_slice(&std::fs::read(file("sources.json")).unwrap()).unwrap();
    let mut sources: Vec<Source> =
        source_names.iter().map(|name| Source { name: name.clone(), detections: Vec::new() }).collect();
    for row in doubles(&file("sources.npy")) {
        sources[row[0] as usize].detections.push(detection(&row[1..]));
    }
    let names: Vec<String> = serde_json::from_slice(&std::fs::read(file("names.json")).unwrap()).unwrap();
    let (cells, width) = npy::<4>(&file("columns.npy"));
    let cells: Vec<f32> = cells.into_iter().map(f32::from_le_bytes).collect();
    let columns: Vec<Vec<f32>> = (0..width).map(|at| cells.iter().skip(at).step_by(width).copied().collect()).collect();
    let table = Columns::new(&names, columns.iter().map(Vec::as_slice).collect()).unwrap();
    let begun = Instant::now();
    let pool = Pool::new(&images, &candidates, &truths, table).unwrap();
    let done = calibrate(&pool, &sources, &options, &NoShelf, &mut |_| true).unwrap();
    println!(
        "{}",
        json!({
            "seconds": begun.elapsed().as_secs_f64(), "test": done.test, "baselines": done.baselines, "gate": done.gate,
            "folds": done.folds, "tried": done.development.tried,
            "importances": done.development.ensemble.base().importances().unwrap(),
        })
    );
}
