//! Runs the study on arrays of numpy, for `tests/bench/heads.py`; prints one JSON object.
//!
//! `heads logistic|mlp TRAIN.npy LABELS.npy TEST.npy LABELS.npy RECIPE_JSON` · `heads near VECTORS.npy QUERIES K`
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use serde_json::{Value, json};
use tator_learning::head::{HeadClass, Metrics, Recipe, Samples, Scored, train};
use tator_learning::near::Gallery;
use tator_learning::{Matrix, Rows};

/// Numbers of a `.npy` file of version 1 in C order, four or eight bytes each, and the length of its rows.
fn npy<const N: usize>(path: &str, kind: &str) -> (Vec<[u8; N]>, usize) {
    let bytes = std::fs::read(path).unwrap();
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(header.contains(kind) && header.contains("'fortran_order': False"), "{path}: {header}");
    let shape = header.split_once("'shape': (").unwrap().1.split_once(')').unwrap().0;
    let columns = shape.split(',').nth(1).and_then(|size| size.trim().parse().ok()).unwrap_or(1);
    (bytes[10 + length..].as_chunks::<N>().0.to_vec(), columns)
}

fn vectors(path: &str) -> (Vec<f32>, usize) {
    let (numbers, dims) = npy::<4>(path, "<f4");
    (numbers.into_iter().map(f32::from_le_bytes).collect(), dims)
}

fn labels(path: &str) -> Vec<usize> {
    npy::<8>(path, "<i8").0.into_iter().map(|bytes| i64::from_le_bytes(bytes) as usize).collect()
}

fn head(arguments: &[String]) -> Value {
    let [train_vectors, train_labels, test_vectors, test_labels, recipe] = arguments else { panic!("five arguments") };
    let recipe: Recipe = serde_json::from_str(recipe).unwrap();
    let ((data, dims), known) = (vectors(train_vectors), labels(train_labels));
    let ((other, _), truth) = (vectors(test_vectors), labels(test_labels));
    let classes = known.iter().chain(&truth).max().unwrap() + 1;
    let names: Vec<HeadClass> = (0..classes).map(|class| HeadClass::Class(class as i32)).collect();
    let samples = Samples { vectors: Matrix::new(&data, dims).unwrap(), labels: &known };
    let begun = Instant::now();
    let trained = train(&recipe, "bench", &names, &samples, None, &mut |_| true).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let told = trained.head.predict_many(Matrix::new(&other, dims).unwrap()).unwrap();
    let best = |row: &[f32]| (0..classes).fold(0, |best, class| if row[class] > row[best] { class } else { best });
    let predicted: Vec<usize> = told.chunks_exact(classes).map(best).collect();
    let loss = told.chunks_exact(classes).zip(&truth).map(|(row, label)| -f64::from(row[*label].max(1e-15)).ln());
    let loss = loss.sum::<f64>() / truth.len() as f64;
    let images: Vec<i64> = (0..truth.len() as i64).collect();
    let (truth, predicted, images) = (&truth[..], &predicted[..], &images[..]);
    let scored = Scored { truth, predicted, images, classes, first_background: classes, draws: 1_000, seed: 42 };
    let metrics = Metrics::of(&scored).unwrap();
    json!({"seconds": seconds, "iterations": trained.log.len(), "accuracy": metrics.accuracy,
           "interval": metrics.accuracy_interval, "macro_f1": metrics.macro_f1, "loss": loss})
}

fn near(path: &str, queries: usize, k: usize) -> Value {
    let (data, dims) = vectors(path);
    let gallery = Gallery::new(Matrix::new(&data, dims).unwrap());
    let step = gallery.matrix().count() / queries;
    let one = |query: usize| {
        let vector = gallery.matrix().row(query * step);
        let begun = Instant::now();
        let found = gallery.top_k(vector, k).unwrap();
        (begun.elapsed().as_secs_f64() * 1000.0, found.iter().map(|n| n.row).collect::<Vec<_>>())
    };
    let (mut times, rows): (Vec<f64>, Vec<Vec<usize>>) = (0..queries).map(one).unzip();
    times.sort_by(f64::total_cmp);
    json!({"best_ms": times[0], "median_ms": times[queries / 2], "rows": rows})
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let answer = match arguments[0].as_str() {
        "near" => near(&arguments[1], arguments[2].parse().unwrap(), arguments[3].parse().unwrap()),
        _ => head(&arguments[1..]),
    };
    println!("{answer}");
}
