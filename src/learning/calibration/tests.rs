//! Compared with scikit-learn: `tests/learning/calibration.py`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::percentile::percentile;
use super::*;
use crate::coco_evaluation::{Classes, Counts, Detection, Truth, match_at};
use crate::fixtures::{assert_close, numbers, read, rows};

/// The cases of a kind; there must be some.
fn cases(kind: &str) -> Vec<Value> {
    let all = read("calibration.json");
    let found: Vec<Value> = all.as_array().unwrap().iter().filter(|case| case["kind"] == kind).cloned().collect();
    assert!(!found.is_empty(), "{kind}");
    found
}

fn outcomes(case: &Value) -> Vec<(f64, bool)> {
    rows(&case["rows"]).into_iter().map(|row| (row[0], row[1] == 1.0)).collect()
}

fn judged(case: &Value) -> Vec<Judged> {
    outcomes(case).into_iter().map(|(score, right)| Judged { score, right }).collect()
}

#[test]
fn the_isotonic_map_is_that_of_scikit_learn() {
    for case in cases("isotonic") {
        let given: Vec<_> = rows(&case["rows"]).into_iter().map(|row| (row[0], row[1], row[2])).collect();
        let fit = Isotonic::fit(&given).unwrap();
        let ours: Vec<f64> = numbers(&case["asked"]).into_iter().map(|x| fit.probability(x).unwrap()).collect();
        assert_close("isotonic", &ours, &numbers(&case["answers"]), 1e-9);
    }
    assert_eq!(Isotonic::fit(&[]).unwrap().probability(0.5), None);
}

#[test]
fn the_sigmoid_is_that_of_scikit_learn() {
    for case in cases("platt") {
        let fit = Platt::fit(&outcomes(&case)).unwrap();
        let theirs = numbers(&case["answers"]);
        let theirs = Platt { slope: theirs[0], offset: theirs[1] };
        for score in [0.0, 0.2, 0.5, 0.9, 1.0] {
            assert_close("sigmoid", &[fit.probability(score)], &[theirs.probability(score)], 1e-4);
        }
    }
}

#[test]
fn a_sigmoid_of_one_kind_of_outcome_stays_finite() {
    let all_right = Platt::fit(&[(0.2, true), (0.9, true)]).unwrap();
    assert!((all_right.probability(0.5) - 0.75).abs() < 1e-9, "{all_right:?}");
    let separable = Platt::fit(&[(0.1, false), (0.2, false), (0.8, true), (0.9, true)]).unwrap();
    assert!(separable.probability(0.9) > 0.7 && separable.slope.is_finite(), "{separable:?}");
}

#[test]
fn the_reliability_table_is_that_of_scikit_learn() {
    for case in cases("reliability") {
        let bins = if case["strategy"] == "quantile" { Bins::EqualCount } else { Bins::EqualWidth };
        let table = reliability(&outcomes(&case), 10, bins).unwrap();
        let right: Vec<f64> = table.bins.iter().map(|bin| bin.share_right).collect();
        let mean: Vec<f64> = table.bins.iter().map(|bin| bin.mean_probability).collect();
        assert_close("share right", &right, &numbers(&case["right"]), 1e-12);
        assert_close("mean probability", &mean, &numbers(&case["mean"]), 1e-12);
        assert_close("Brier", &[table.brier.unwrap()], &[case["brier"].as_f64().unwrap()], 1e-12);
        let errors = table.bins.iter().map(|bin| bin.n as f64 * (bin.share_right - bin.mean_probability).abs());
        let expected = errors.sum::<f64>() / outcomes(&case).len() as f64;
        assert_close("ECE", &[table.expected_error.unwrap()], &[expected], 1e-12);
    }
    assert_eq!(reliability(&[], 10, Bins::EqualCount).unwrap().expected_error, None);
    assert!(reliability(&[(1.2, true)], 10, Bins::EqualWidth).is_err());
}

#[test]
fn the_curve_is_that_of_scikit_learn() {
    for case in cases("curve") {
        let given = judged(&case);
        let cuts = cut_points(&given, given.iter().filter(|one| one.right).count()).unwrap();
        for (cut, theirs) in cuts[1..].iter().zip(rows(&case["points"])) {
            let ours = [cut.least.unwrap(), cut.counts.precision().unwrap(), cut.counts.recall().unwrap()];
            assert_close("curve", &ours, &theirs, 1e-12);
        }
        assert_close("AP", &[average_precision(&cuts).unwrap()], &[case["ap"].as_f64().unwrap()], 1e-12);
    }
}

#[test]
fn the_threshold_is_the_best_of_all() {
    for case in cases("threshold") {
        let number = |name: &str| case[name].as_f64().unwrap();
        let objective = Objective { recall_floor: number("floor"), wrong_per_right: Some(number("cap")) };
        let cuts = cut_points(&judged(&case), number("truths") as usize).unwrap();
        let (cut, fulfilled) = choose(&cuts, &objective).unwrap();
        let said = match fulfilled {
            Fulfilled::All => "all",
            Fulfilled::CapAlone => "cap",
            Fulfilled::Nothing => "nothing",
        };
        assert_eq!((said, cut.least), (case["fulfilled"].as_str().unwrap(), Some(number("least"))));
        let counts = [cut.counts.right, cut.counts.wrong, cut.counts.missed].map(|count| count as f64);
        assert_eq!(counts.to_vec(), numbers(&case["counts"]));
    }
}

#[test]
fn percentiles_are_those_of_numpy() {
    for case in cases("percentile") {
        let mut sorted = numbers(&case["rows"]);
        sorted.sort_by(f64::total_cmp);
        let ours: Vec<f64> = numbers(&case["shares"]).into_iter().map(|q| percentile(&sorted, q).unwrap()).collect();
        assert_close("percentile", &ours, &numbers(&case["answers"]), 1e-12);
    }
}

const FREE: Objective = Objective { recall_floor: 0.0, wrong_per_right: None };

fn class(rows: &[(f64, bool)], n_truths: usize) -> ClassJudged {
    ClassJudged {
        judged: rows.iter().map(|(score, right)| Judged { score: *score, right: *right }).collect(),
        n_truths,
    }
}

#[test]
fn what_the_evaluator_found_is_judged_by_class() {
    let shape = tator_domain::PixelBox { x: 0.0, y: 0.0, w: 10.0, h: 10.0 };
    let away = tator_domain::PixelBox { x: 50.0, ..shape };
    let truth = |class, shape, crowd| Truth { image: 1, class, shape, area: 100.0, crowd };
    let truths = [truth(1, shape, false), truth(1, away, true), truth(3, shape, false)];
    let found = |class, shape, score| Detection { image: 1, class, shape, score };
    let detections = [found(1, shape, 0.9), found(1, shape, 0.8), found(1, away, 0.7), found(2, shape, 0.6)];
    let matches = match_at(&truths, &detections, 0.5, Classes::Apart).unwrap();
    let judged = ClassJudged::by_class(&truths, &detections, &matches);
    let wanted = [(1, class(&[(0.9, true), (0.8, false)], 1)), (2, class(&[(0.6, false)], 0)), (3, class(&[], 1))];
    assert_eq!(judged, wanted.into());
    let images = matches.counts_by_image(&truths, &detections, 0.7);
    assert_eq!(images, [(1, Counts { right: 1, wrong: 1, missed: 1 })].into());
}

#[test]
fn a_class_without_truths_accepts_nothing() {
    let (cut, _) = choose(&cut_points(&class(&[(0.9, false)], 0).judged, 0).unwrap(), &FREE).unwrap();
    assert_eq!((cut.least, cut.counts), (None, Counts::default()));
}

#[test]
fn classes_have_thresholds_of_their_own_unless_they_are_small() {
    let easy = class(&[(0.3, true), (0.2, true), (0.1, false)], 2);
    let hard = class(&[(0.9, true), (0.8, false), (0.7, false), (0.6, false)], 1);
    let classes: BTreeMap<_, _> = [(1, easy), (2, hard)].into();
    let chosen = choose_per_class(&classes, &FREE, 1).unwrap().unwrap();
    assert_eq!((chosen.classes[&1].least, chosen.classes[&2].least), (Some(0.2), Some(0.9)));
    assert_eq!((chosen.overall, chosen.blended), (Counts { right: 3, wrong: 0, missed: 0 }, 0.0));
    let shared = choose_per_class(&classes, &FREE, 2).unwrap().unwrap();
    assert_eq!(shared.classes[&2].least, shared.global.least);
    assert!(
        choose_per_class(&BTreeMap::new(), &FREE, 1).unwrap().is_some_and(|none| none.overall == Counts::default())
    );
}

#[test]
fn classes_together_keep_the_cap() {
    // Two truths of the second class score below all its wrong ones: alone nothing helps, together the cap decides.
    let first = class(&[(0.9, true), (0.8, true), (0.7, true), (0.6, false)], 3);
    let second = class(&[(0.65, false), (0.64, false), (0.63, false), (0.62, true)], 2);
    let classes: BTreeMap<_, _> = [(1, first), (2, second)].into();
    let objective = Objective { recall_floor: 0.0, wrong_per_right: Some(0.2) };
    let chosen = choose_per_class(&classes, &objective, 1).unwrap().unwrap();
    assert!(objective.is_within_cap(&chosen.overall), "{chosen:?}");
    assert_eq!(chosen.overall, Counts { right: 3, wrong: 0, missed: 2 });
}

#[test]
fn an_interval_holds_its_figure_and_repeats_itself() {
    let image = |i: usize| Counts { right: 3 + i % 4, wrong: i % 3, missed: usize::from(i.is_multiple_of(5)) };
    let images: Vec<Counts> = (0..200).map(image).collect();
    let resampling = Resampling { n: 1000, seed: 42, level: 0.95 };
    let interval = bootstrap(&images, &resampling, Counts::f1).unwrap();
    assert_eq!(interval.value, images.iter().copied().sum::<Counts>().f1().unwrap());
    assert!(interval.low < interval.value && interval.value < interval.high, "{interval:?}");
    assert!(interval.high - interval.low < 0.1, "{interval:?}");
    assert_eq!(bootstrap(&images, &resampling, Counts::f1), Some(interval));
    assert_ne!(bootstrap(&images, &Resampling { seed: 43, ..resampling }, Counts::f1), Some(interval));
}

#[test]
fn the_width_of_an_interval_is_that_of_the_mean() {
    // Shares of right ones with one candidate an image: the standard error is known.
    let images: Vec<Counts> = (0..400)
        .map(|i: usize| Counts {
            right: usize::from(i.is_multiple_of(4)),
            wrong: usize::from(!i.is_multiple_of(4)),
            missed: 0,
        })
        .collect();
    let resampling = Resampling { n: 4000, seed: 1, level: 0.95 };
    let interval = bootstrap(&images, &resampling, Counts::precision).unwrap();
    let wanted = 2.0 * 1.96 * (0.25f64 * 0.75 / 400.0).sqrt();
    assert!(((interval.high - interval.low) / wanted - 1.0).abs() < 0.1, "{interval:?} {wanted}");
}

#[test]
fn a_way_of_working_does_not_differ_from_itself() {
    let images: Vec<Counts> = (0..50).map(|i| Counts { right: i % 4, wrong: i % 3, missed: 1 }).collect();
    let better: Vec<Counts> = images.iter().map(|counts| Counts { right: counts.right + 1, ..*counts }).collect();
    let resampling = Resampling { n: 500, seed: 7, level: 0.95 };
    let none = bootstrap_difference(&images, &images, &resampling, Counts::f1).unwrap();
    assert_eq!((none.low, none.value, none.high), (0.0, 0.0, 0.0));
    assert!(bootstrap_difference(&better, &images, &resampling, Counts::f1).unwrap().low > 0.0);
    assert_eq!(bootstrap_difference(&better, &images[1..], &resampling, Counts::f1), None);
    assert_eq!(bootstrap::<Counts>(&[], &resampling, Counts::f1), None);
}

proptest! {
    #[test]
    fn the_isotonic_map_never_falls(given in proptest::collection::vec((0u8..20, any::<bool>()), 1..40)) {
        let made = |(score, right): &(u8, bool)| (f64::from(*score) / 20.0, f64::from(u8::from(*right)), 1.0);
        let fit = Isotonic::fit(&given.iter().map(made).collect::<Vec<_>>()).unwrap();
        let values: Vec<f64> = (0..100).map(|i| fit.probability(f64::from(i) / 90.0 - 0.05).unwrap()).collect();
        prop_assert!(values.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
    }

    #[test]
    fn the_order_of_rows_changes_no_threshold(given in proptest::collection::vec((0u8..12, any::<bool>()), 0..40), floor in 0.0f64..1.0) {
        let made = |(score, right): &(u8, bool)| Judged { score: f64::from(*score), right: *right };
        let rows: Vec<Judged> = given.iter().map(made).collect();
        let turned: Vec<Judged> = rows.iter().rev().copied().collect();
        let objective = Objective { recall_floor: floor, wrong_per_right: Some(0.5) };
        let chosen = |rows: &[Judged]| choose(&cut_points(rows, 30).unwrap(), &objective);
        prop_assert_eq!(chosen(&rows), chosen(&turned));
    }
}
