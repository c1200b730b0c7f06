//! Times exact search and the index on vectors in a file, for `tests/bench/similar.py`.
//!
//! `neighbours VECTORS.f32 DIMS QUERIES.f32 K` reads little-endian floats, row after row and of length 1, and prints one JSON
//! line: milliseconds of each query, the rows that were found, and what building the index took.
#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::time::Instant;

use serde_json::{Value, json};
use tator_learning::near::{Gallery, Ivf, IvfOptions, Neighbour};
use tator_learning::{Error, Matrix, Rows};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vectors, dims, queries, k] = arguments.as_slice() else {
        return Err("usage: neighbours VECTORS.f32 DIMS QUERIES.f32 K".into());
    };
    let (dims, k) = (dims.parse()?, k.parse()?);
    let (vectors, queries) = (read(vectors)?, read(queries)?);
    let (matrix, queries) = (Matrix::new(&vectors, dims)?, Matrix::new(&queries, dims)?);
    let gallery = Gallery::unit(matrix);
    let exact = timed(queries, |query| gallery.top_k(query, k))?;
    let begun = Instant::now();
    let index = Ivf::build(matrix, &IvfOptions::default(), &|_, _| true)?;
    let build = begun.elapsed().as_secs_f64();
    let indexed = timed(queries, |query| index.top_k(matrix, query, k))?;
    let (probes, centres) = index.probes();
    let told = json!({
        "exact": exact,
        "index": indexed,
        "build_s": build,
        "bytes": index.bytes(),
        "probes": probes,
        "centres": centres,
        "recall": index.recall(),
    });
    println!("{told}");
    Ok(())
}

fn read(path: &str) -> Result<Vec<f32>, Failure> {
    let bytes = std::fs::read(path)?;
    let (floats, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{path} is cut off").into());
    }
    Ok(floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
}

fn timed(queries: Matrix<'_>, find: impl Fn(&[f32]) -> Result<Vec<Neighbour>, Error>) -> Result<Value, Error> {
    let (mut ms, mut rows) = (Vec::new(), Vec::new());
    find(queries.row(0))?;
    for at in 0..queries.count() {
        let begun = Instant::now();
        let found = find(queries.row(at))?;
        ms.push(begun.elapsed().as_secs_f64() * 1e3);
        rows.push(found.iter().map(|n| n.row).collect::<Vec<_>>());
    }
    Ok(json!({ "ms": ms, "rows": rows }))
}
