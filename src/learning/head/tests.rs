//! Heads as a whole: what they learn, that they are reproducible, and that their files are safe.

use proptest::prelude::*;

use super::*;
use crate::chance::Chance;

/// Clouds around one point per class, in the corner of a larger space.
fn clouds(rows: usize, dims: usize, classes: usize, spread: f64, seed: u64) -> (Vec<f32>, Vec<usize>) {
    let mut chance = Chance::new(9);
    let centres: Vec<f64> = (0..classes * dims).map(|_| chance.normal()).collect();
    let mut chance = Chance::new(seed);
    let labels: Vec<usize> = (0..rows).map(|row| row % classes).collect();
    let number = |(label, dim): (usize, usize)| (centres[label * dims + dim] + spread * chance.normal()) as f32;
    let cells = labels.iter().flat_map(|label| (0..dims).map(move |dim| (*label, dim)));
    let mut vectors: Vec<f32> = cells.map(number).collect();
    crate::normalise(&mut vectors, dims);
    (vectors, labels)
}

fn classes(count: usize) -> Vec<HeadClass> {
    (0..count).map(|class| HeadClass::Class(class as i32 + 10)).collect()
}

fn trained(recipe: &Recipe, rows: usize) -> Trained {
    let ((vectors, labels), (others, wanted)) = (clouds(rows, 16, 4, 1.0, 1), clouds(400, 16, 4, 1.0, 2));
    let samples = Samples { vectors: Matrix::new(&vectors, 16).unwrap(), labels: &labels };
    let validation = Samples { vectors: Matrix::new(&others, 16).unwrap(), labels: &wanted };
    train(recipe, "encoder", &classes(4), &samples, Some(&validation), &mut |_| true).unwrap()
}

fn accuracy(head: &Head) -> f64 {
    let (vectors, labels) = clouds(1000, 16, 4, 1.0, 3);
    fit(&head.predict_many(Matrix::new(&vectors, 16).unwrap()).unwrap(), &labels).accuracy
}

fn recipes() -> Vec<Recipe> {
    let mlp = MlpOptions { hidden: vec![24], epochs: 12, batch: 32, ..MlpOptions::default() };
    vec![
        Recipe::Logistic(LogisticOptions { c: Some(10.0), ..LogisticOptions::default() }),
        Recipe::Logistic(LogisticOptions { hard_mining: Some(HardMining::default()), ..LogisticOptions::default() }),
        Recipe::Mlp(mlp.clone()),
        Recipe::Mlp(MlpOptions {
            layer_norm: true,
            activation: Activation::Relu,
            focal_gamma: Some(2.0),
            balanced_sampler: true,
            logit_adjustment: LogitAdjustment::Both,
            hard_mining: Some(HardMining::default()),
            ..mlp.clone()
        }),
        Recipe::Mlp(MlpOptions { arcface: Some(ArcFace::default()), mixup: 0.0, ..mlp.clone() }),
        Recipe::Mlp(MlpOptions {
            arcface: Some(ArcFace::default()),
            contrastive: Some(Contrastive::default()),
            logit_adjustment: LogitAdjustment::Train,
            ..mlp
        }),
    ]
}

#[test]
fn every_recipe_learns_the_clouds() {
    for recipe in recipes() {
        let trained = trained(&recipe, 800);
        let accuracy = accuracy(&trained.head);
        assert!(accuracy > 0.9, "{recipe:?}: {accuracy}");
        assert!(trained.log.windows(2).all(|pair| pair[1].iteration == pair[0].iteration + 1));
        let (first, last) = (trained.log[0], trained.log[trained.log.len() - 1]);
        assert!(last.validation.unwrap().loss < first.validation.unwrap().loss);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_head() {
    let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for recipe in recipes() {
        let (one, three) = (on(1).install(|| trained(&recipe, 700)), on(3).install(|| trained(&recipe, 700)));
        assert_eq!(one.head, three.head, "{recipe:?}");
        assert_eq!(one.log, three.log);
    }
}

#[test]
fn training_can_be_stopped_and_senseless_input_is_refused() {
    let (vectors, labels) = clouds(100, 16, 4, 1.0, 1);
    let samples = Samples { vectors: Matrix::new(&vectors, 16).unwrap(), labels: &labels };
    for recipe in recipes() {
        let stopped = train(&recipe, "e", &classes(4), &samples, None, &mut |log| log.iteration < 2);
        assert!(matches!(stopped, Err(Error::Stopped)));
        assert!(matches!(
            train(&recipe, "e", &classes(3), &samples, None, &mut |_| true),
            Err(Error::Invalid { what: "training rows", .. })
        ));
    }
    let alone = Samples { vectors: samples.vectors, labels: &[0; 100] };
    assert!(train(&recipes()[0], "e", &classes(4), &alone, None, &mut |_| true).is_err());
}

#[test]
fn losses_that_make_no_sense_are_refused() {
    let (vectors, labels) = clouds(100, 16, 4, 1.0, 1);
    let samples = Samples { vectors: Matrix::new(&vectors, 16).unwrap(), labels: &labels };
    let wrong = [
        MlpOptions { arcface: Some(ArcFace { scale: 0.0, ..ArcFace::default() }), ..MlpOptions::default() },
        MlpOptions { arcface: Some(ArcFace { margin: f32::NAN, ..ArcFace::default() }), ..MlpOptions::default() },
        MlpOptions { contrastive: Some(Contrastive::default()), hidden: vec![], ..MlpOptions::default() },
    ];
    for options in wrong {
        let told = train(&Recipe::Mlp(options), "e", &classes(4), &samples, None, &mut |_| true);
        assert!(matches!(told, Err(Error::Invalid { .. })));
    }
}

#[test]
fn an_arcface_head_asks_only_for_the_direction() {
    let (vectors, labels) = clouds(300, 16, 4, 1.0, 1);
    let samples = Samples { vectors: Matrix::new(&vectors, 16).unwrap(), labels: &labels };
    let options = MlpOptions { arcface: Some(ArcFace::default()), hidden: vec![], epochs: 8, ..MlpOptions::default() };
    let head = train(&Recipe::Mlp(options), "e", &classes(4), &samples, None, &mut |_| true).unwrap().head;
    let longer: Vec<f32> = vectors[..16].iter().map(|value| value * 7.0).collect();
    let (one, other) = (head.predict(&vectors[..16]).unwrap(), head.predict(&longer).unwrap());
    assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-4), "{one:?} {other:?}");
}

#[test]
fn a_class_without_rows_is_never_preferred() {
    let (vectors, labels) = clouds(200, 16, 4, 0.5, 1);
    let samples = Samples { vectors: Matrix::new(&vectors, 16).unwrap(), labels: &labels };
    let head = train(&recipes()[0], "e", &classes(6), &samples, None, &mut |_| true).unwrap().head;
    let rows = head.predict_many(samples.vectors).unwrap();
    assert!(rows.chunks_exact(6).all(|row| weights::top_two(row).0 < 4));
}

#[test]
fn one_prediction_equals_the_row_of_many() {
    for recipe in recipes() {
        let head = trained(&recipe, 300).head;
        let (vectors, _) = clouds(10, 16, 4, 1.0, 5);
        let many = head.predict_many(Matrix::new(&vectors, 16).unwrap()).unwrap();
        for (vector, row) in vectors.chunks_exact(16).zip(many.chunks_exact(4)) {
            let one = head.predict(vector).unwrap();
            assert!(one.iter().zip(row).all(|(a, b)| (a - b).abs() < 1e-5));
        }
        assert!(head.predict(&vectors[..15]).unwrap_err().to_string().contains("this head reads 16"));
    }
}

#[test]
fn a_file_gives_the_same_head_back() {
    for recipe in recipes() {
        let head = trained(&recipe, 300).head;
        let bytes = head.to_bytes().unwrap();
        assert_eq!(Head::from_bytes(&bytes).unwrap(), head);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_file_is_refused(at in 0usize..2_000, flip in 1u8..=255, cut in 0usize..2_000) {
        let network = Network::linear(4, 3, vec![0.5; 15]);
        let recipe = Recipe::Logistic(LogisticOptions::default());
        let head = Head { encoder: "e".into(), classes: classes(3), recipe, temperature: 1.0, shift: vec![], network };
        let whole = head.to_bytes().unwrap();
        let mut bytes = whole.clone();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        prop_assert!(Head::from_bytes(&bytes).is_err());
        prop_assert!(Head::from_bytes(&whole[..cut % whole.len()]).is_err());
    }
}

/// A file with that header and so many numbers, its hash right.
fn forged(change: impl Fn(&mut serde_json::Value), numbers: usize) -> Result<Head, Error> {
    let network = Network::linear(4, 3, vec![0.5; 15]);
    let recipe = Recipe::Logistic(LogisticOptions::default());
    let head = Head { encoder: "e".into(), classes: classes(3), recipe, temperature: 1.0, shift: vec![], network };
    let whole = head.to_bytes().unwrap();
    let length = u32::from_le_bytes(whole[8..12].try_into().unwrap()) as usize;
    let mut header = serde_json::from_slice(&whole[12..12 + length]).unwrap();
    change(&mut header);
    let header = serde_json::to_vec(&header).unwrap();
    let mut bytes = [b"TATORHD1".as_slice(), &(header.len() as u32).to_le_bytes(), &header].concat();
    bytes.extend(vec![0u8; numbers * 4]);
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    Head::from_bytes(&bytes)
}

#[test]
fn a_well_hashed_file_with_a_false_header_is_refused() {
    assert!(forged(|_| {}, 15).is_ok());
    assert!(forged(|_| {}, 14).is_err());
    assert!(forged(|header| header["temperature"] = 0.into(), 15).is_err());
    assert!(forged(|header| header["classes"] = serde_json::json!([]), 15).is_err());
    assert!(forged(|header| header["shape"]["dims"] = u64::MAX.into(), 15).is_err());
    assert!(forged(|header| header["shape"]["hidden"] = serde_json::json!([1 << 20, 1 << 20]), 15).is_err());
    assert!(forged(|header| header["shape"]["cosine"] = (-1).into(), 15).is_err());
    assert!(forged(|header| header["exec"] = "x".into(), 15).is_err());
}

#[test]
fn a_penalty_that_nobody_names_is_the_best_on_validation_rows() {
    let of = |c| Recipe::Logistic(LogisticOptions { c, ..LogisticOptions::default() });
    let chosen = |trained: &Trained| trained.head.recipe.c();
    let found = trained(&of(None), 200);
    let best = chosen(&found);
    assert!(best.is_some_and(|c| c > 1.0), "vectors of length 1 want a weak penalty: {best:?}");
    let same = trained(&of(best), 200);
    assert_eq!(same.head.to_bytes().unwrap(), found.head.to_bytes().unwrap());
    assert_eq!(same.log.len(), found.log.len(), "only the steps of the one that was taken are told");
    // Without validation rows nothing tells which is best.
    let (vectors, labels) = clouds(200, 16, 4, 1.0, 1);
    let samples = Samples { vectors: Matrix::new(&vectors, 16).unwrap(), labels: &labels };
    let plain = train(&of(None), "encoder", &classes(4), &samples, None, &mut |_| true).unwrap();
    assert_eq!(chosen(&plain), Some(1.0));
}

#[test]
#[allow(clippy::print_stderr)]
fn eighty_classes_are_told_in_well_under_a_millisecond() {
    let network = Network::linear(1280, 80, vec![0.01; 80 * 1280 + 80]);
    let recipe = Recipe::Logistic(LogisticOptions::default());
    let head = Head { encoder: "e".into(), classes: classes(80), recipe, temperature: 1.0, shift: vec![], network };
    let vector = vec![0.1; 1280];
    let best = (0..50).map(|_| {
        let begun = std::time::Instant::now();
        head.predict(&vector).unwrap();
        begun.elapsed()
    });
    let best = best.min().unwrap();
    eprintln!("one prediction of 80 classes from 1280 numbers: {best:?}");
    assert!(best < std::time::Duration::from_millis(1));
}
