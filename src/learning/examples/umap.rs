//! Lays vectors out for `tests/bench/map.py`; prints the seconds it took.
//!
//! `umap VECTORS DIMS OUT [SEED [MOST]]` · files of 32-bit floats, row after row, two a row in OUT
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use tator_learning::Matrix;
use tator_learning::project::{UmapOptions, umap};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bytes = std::fs::read(&arguments[0]).unwrap();
    let data: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<u64>().unwrap());
    let usual = UmapOptions::default();
    let options = UmapOptions {
        seed: number(3).unwrap_or(usual.seed),
        most: number(4).map_or(usual.most, |most| most as usize),
        ..usual
    };
    let vectors = Matrix::new(&data, number(1).unwrap() as usize).unwrap();
    let begun = std::time::Instant::now();
    let places = umap(vectors, &options, &|_, _| true).unwrap();
    println!("{}", begun.elapsed().as_secs_f64());
    let bytes: Vec<u8> = places.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(&arguments[2], bytes).unwrap();
}
