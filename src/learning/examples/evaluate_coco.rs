//! Times the evaluator on a COCO file of truths and one of results, for `tests/bench/evaluation.py`.
//!
//! `evaluate_coco TRUTHS.json RESULTS.json [REPEATS]` prints one JSON line: the twelve figures, the median seconds of the
//! evaluation alone with everything in memory, and of reading both files.
#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::time::Instant;

use serde_json::{Value, json};
use tator_domain::PixelBox;
use tator_learning::coco_evaluation::{Classes, Detection, Truth, evaluate, operating_point};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [truths, results, repeats @ ..] = arguments.as_slice() else {
        return Err("usage: evaluate_coco TRUTHS.json RESULTS.json [REPEATS]".into());
    };
    let repeats = repeats.first().map_or(Ok(1), |text| text.parse::<usize>())?.max(1);
    let begun = Instant::now();
    let truths = read(truths, "annotations")?;
    let truths = truths.iter().map(truth).collect::<Option<Vec<_>>>().ok_or("an annotation lacks a field")?;
    let found = read(results, "")?;
    let found = found.iter().map(detection).collect::<Option<Vec<_>>>().ok_or("a result lacks a field")?;
    let reading = begun.elapsed().as_secs_f64();
    let mut seconds = Vec::new();
    let mut point_seconds = Vec::new();
    let mut figures = serde_json::Map::new();
    for _ in 0..repeats {
        let begun = Instant::now();
        let evaluation = evaluate(&truths, &found, Classes::Apart)?;
        seconds.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let point = operating_point(&truths, &found, 0.5, 0.5)?.overall;
        point_seconds.push(begun.elapsed().as_secs_f64());
        figures = evaluation.figures.named().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        figures.insert("f1".into(), json!(point.f1()));
    }
    let seconds = json!({"evaluate": median(seconds), "operating_point": median(point_seconds), "read": reading});
    println!("{}", json!({"tool": "tator", "figures": figures, "seconds": seconds}));
    Ok(())
}

fn read(path: &str, key: &str) -> Result<Vec<Value>, Failure> {
    let mut file: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let list = if key.is_empty() { file.take() } else { file[key].take() };
    match list {
        Value::Array(rows) => Ok(rows),
        _ => Err(format!("{path} holds no list {key}").into()),
    }
}

fn rect(row: &Value) -> Option<PixelBox> {
    let number = |i: usize| row["bbox"][i].as_f64();
    Some(PixelBox { x: number(0)?, y: number(1)?, w: number(2)?, h: number(3)? })
}

fn class(row: &Value) -> Option<i32> {
    i32::try_from(row["category_id"].as_i64()?).ok()
}

fn truth(row: &Value) -> Option<Truth<PixelBox>> {
    let crowd = row["iscrowd"].as_i64().unwrap_or(0) != 0;
    let (image, area) = (row["image_id"].as_i64()?, row["area"].as_f64()?);
    Some(Truth { image, class: class(row)?, shape: rect(row)?, area, crowd })
}

fn detection(row: &Value) -> Option<Detection<PixelBox>> {
    let (image, score) = (row["image_id"].as_i64()?, row["score"].as_f64()?);
    Some(Detection { image, class: class(row)?, shape: rect(row)?, score })
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
