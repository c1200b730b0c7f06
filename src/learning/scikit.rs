//! Beside scikit-learn: its answers on small data, made by `tests/learning/make_fixtures.py`.
#![allow(clippy::print_stderr)]

use serde_json::Value;

use crate::head::{ClassWeights, HeadClass, LogisticOptions, Metrics, Recipe, Samples, Scored, train};
use crate::project::{BoxSize, Pca, SizeBias};
use crate::select::{KMeansOptions, k_means};
use crate::{Matrix, Rows};

fn fixtures() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/learning/scikit.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// All numbers of nested lists.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(parts) => parts.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

fn floats(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|number| number as f32).collect()
}

fn wholes(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|number| number as usize).collect()
}

fn worst(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// A head with the options of a fixture, fitted until nothing moves.
fn head(fixture: &Value, vectors: Matrix<'_>, labels: &[usize], classes: usize) -> crate::head::Head {
    let balanced = fixture["balanced"].as_bool().unwrap();
    let recipe = Recipe::Logistic(LogisticOptions {
        c: fixture["c"].as_f64(),
        class_weights: if balanced { ClassWeights::Balanced } else { ClassWeights::None },
        tolerance: 0.0,
        max_iterations: 400,
        ..LogisticOptions::default()
    });
    let names: Vec<HeadClass> = (0..classes).map(|class| HeadClass::Class(class as i32)).collect();
    train(&recipe, "e", &names, &Samples { vectors, labels }, None, &mut |_| true).unwrap().head
}

#[test]
fn logistic_heads_are_those_of_scikit_learn() {
    let fixtures = fixtures();
    let (data, labels) = (floats(&fixtures["vectors"]), wholes(&fixtures["labels"]));
    let vectors = Matrix::new(&data, fixtures["dims"].as_u64().unwrap() as usize).unwrap();
    for fixture in fixtures["logistic"].as_array().unwrap() {
        let head = head(fixture, vectors, &labels, 4);
        let theirs = [numbers(&fixture["coef"]), numbers(&fixture["intercept"])].concat();
        let coefficients = worst(&widened(head.parameters()), &theirs);
        let told = head.predict_many(Matrix::new(vectors.slice(0..20), vectors.dims()).unwrap()).unwrap();
        let probabilities = worst(&widened(&told), &numbers(&fixture["probabilities"]));
        eprintln!("coefficients {coefficients:.1e}, probabilities {probabilities:.1e}");
        assert!(coefficients < 1e-4 && probabilities < 1e-4);
    }
}

#[test]
fn two_classes_are_the_binary_head_of_scikit_learn() {
    let fixtures = fixtures();
    let (data, labels) = (floats(&fixtures["vectors"]), wholes(&fixtures["labels"]));
    let vectors = Matrix::new(&data, fixtures["dims"].as_u64().unwrap() as usize).unwrap();
    let labels: Vec<usize> = labels.into_iter().map(|label| usize::from(label > 0)).collect();
    let head = head(&fixtures["binary"], vectors, &labels, 2);
    let weights = widened(head.parameters());
    let difference: Vec<f64> = (0..vectors.dims()).map(|at| weights[vectors.dims() + at] - weights[at]).collect();
    assert!(worst(&difference, &numbers(&fixtures["binary"]["coef"])) < 1e-4);
    let told = head.predict_many(Matrix::new(vectors.slice(0..20), vectors.dims()).unwrap()).unwrap();
    assert!(worst(&widened(&told), &numbers(&fixtures["binary"]["probabilities"])) < 1e-4);
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    let fixture = &fixtures()["metrics"];
    let (truth, predicted) = (wholes(&fixture["truth"]), wholes(&fixture["predicted"]));
    let images: Vec<i64> = (0..truth.len() as i64).collect();
    let (truth, predicted, images) = (&truth[..], &predicted[..], &images[..]);
    let scored = Scored { truth, predicted, images, classes: 5, first_background: 5, draws: 0, seed: 1 };
    let ours = Metrics::of(&scored).unwrap();
    let of = |figure: fn(&crate::head::ClassMetrics) -> f64| ours.per_class.iter().map(figure).collect::<Vec<_>>();
    let together = [ours.accuracy, ours.macro_f1, ours.weighted_f1];
    let theirs = ["accuracy", "macro_f1", "weighted_f1"].map(|name| fixture[name].as_f64().unwrap());
    assert!(worst(&together, &theirs) < 1e-12);
    assert!(worst(&of(|class| class.precision), &numbers(&fixture["precision"])) < 1e-12);
    assert!(worst(&of(|class| class.recall), &numbers(&fixture["recall"])) < 1e-12);
    assert!(worst(&of(|class| class.f1), &numbers(&fixture["f1"])) < 1e-12);
    assert_eq!(of(|class| class.support as f64), numbers(&fixture["support"]));
    assert_eq!(ours.confusion, wholes(&fixture["confusion"]).iter().map(|n| *n as u64).collect::<Vec<_>>());
}

#[test]
fn principal_components_are_those_of_scikit_learn_up_to_sign() {
    let fixtures = fixtures();
    let (fixture, dims) = (&fixtures["pca"], fixtures["dims"].as_u64().unwrap() as usize);
    let data = floats(&fixtures["vectors"]);
    let vectors = Matrix::new(&data, dims).unwrap();
    let pca = Pca::fit(&vectors, 5, 1, &|_, _| true).unwrap();
    assert!(worst(&widened(&pca.mean), &numbers(&fixture["mean"])) < 1e-6);
    assert!(worst(&pca.variances, &numbers(&fixture["variances"])) < 1e-5);
    let ratios: Vec<f64> = pca.variances.iter().map(|variance| variance / pca.total_variance).collect();
    assert!(worst(&ratios, &numbers(&fixture["ratios"])) < 1e-6);
    let theirs = numbers(&fixture["components"]);
    for (ours, theirs) in pca.components.chunks(dims).zip(theirs.chunks(dims)) {
        let ours = widened(ours);
        let flipped: Vec<f64> = ours.iter().map(|value| -value).collect();
        assert!(worst(&ours, theirs).min(worst(&flipped, theirs)) < 1e-4);
    }
    let ours = pca.transform(&Matrix::new(vectors.slice(0..10), dims).unwrap()).unwrap();
    let absolute = |values: &[f64]| values.iter().map(|value| value.abs()).collect::<Vec<_>>();
    assert!(worst(&absolute(&widened(&ours)), &absolute(&numbers(&fixture["coordinates"]))) < 1e-4);
}

#[test]
fn clusters_are_as_tight_as_those_of_scikit_learn() {
    let fixtures = fixtures();
    let data = floats(&fixtures["vectors"]);
    let vectors = Matrix::new(&data, fixtures["dims"].as_u64().unwrap() as usize).unwrap();
    for (centres, theirs) in fixtures["k_means"].as_object().unwrap() {
        let options = KMeansOptions { centres: centres.parse().unwrap(), tries: 10, ..KMeansOptions::default() };
        let ours = k_means(&vectors, &options, &|_, _| true).unwrap().inertia;
        eprintln!("k-means {centres}: {:.4} of scikit-learn's inertia", ours / theirs.as_f64().unwrap());
        assert!(ours <= 1.01 * theirs.as_f64().unwrap());
    }
}

#[test]
fn what_remains_without_size_is_what_scikit_learn_leaves() {
    let fixtures = fixtures();
    let (fixture, dims) = (&fixtures["size_bias"], fixtures["dims"].as_u64().unwrap() as usize);
    let mut data = floats(&fixtures["vectors"]);
    let (boxes, crops) = (numbers(&fixture["boxes"]), numbers(&fixture["crops"]));
    let sides = |values: &[f64]| [values[0], values[1]];
    let sizes: Vec<BoxSize> = boxes
        .chunks(2)
        .zip(crops.chunks(2))
        .map(|(one, crop)| BoxSize { box_sides: sides(one), crop_sides: sides(crop) })
        .collect();
    let fitted = SizeBias::fit(Matrix::new(&data, dims).unwrap(), &sizes).unwrap();
    fitted.remove(&mut data, &sizes).unwrap();
    assert!(worst(&widened(&data[..10 * dims]), &numbers(&fixture["rest"])) < 1e-5);
}
