//! A made-up world of two detectors, one better than the other, both with false alarms; and what must always hold.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use tator_domain::PixelBox;

use super::*;
use crate::boost::{Columns, Parameters};
use crate::chance::Chance;
use crate::coco_evaluation::{Counts, Detection, Truth};

struct World {
    images: Vec<ImageSize>,
    candidates: Vec<Detection<PixelBox>>,
    truths: Vec<Truth<PixelBox>>,
    names: Vec<String>,
    columns: Vec<Vec<f32>>,
    sources: Vec<Source>,
}

fn square(x: f64) -> PixelBox {
    PixelBox { x, y: 10.0, w: 20.0, h: 20.0 }
}

impl World {
    /// Each object is seen by each detector with a score that only partly tells right from wrong; agreement tells more.
    fn of(n_images: i64, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let (mut candidates, mut truths) = (Vec::new(), Vec::new());
        let (mut a, mut b, mut both) = (Vec::new(), Vec::new(), Vec::new());
        for image in 0..n_images {
            for place in 0..6 {
                let (rect, class) = (square(f64::from(place) * 60.0), place % 2);
                let real = chance.unit() < 0.5;
                if real {
                    truths.push(Truth { image, class, shape: rect, area: 400.0, crowd: false });
                }
                let lift = if real { 0.25 } else { 0.0 };
                let mut say =
                    |sure: f64| (chance.unit() < 0.85).then(|| (0.1 + 0.6 * chance.unit() + lift * sure) as f32);
                let (one, two) = (say(1.0), say(0.8));
                let score = one.unwrap_or(0.0).max(two.unwrap_or(0.0));
                if score > 0.0 {
                    candidates.push(Detection { image, class, shape: rect, score: f64::from(score) });
                    a.push(one.unwrap_or(f32::NAN));
                    b.push(two.unwrap_or(f32::NAN));
                    both.push(if one.is_some() && two.is_some() { 1.0 } else { 0.0 });
                }
            }
        }
        let images = (0..n_images).map(|image| ImageSize { image, width: 400.0, height: 100.0 }).collect();
        let source = |name: &str, said: &[f32]| Source {
            name: name.to_owned(),
            detections: candidates
                .iter()
                .zip(said)
                .filter(|(_, score)| !score.is_nan())
                .map(|(one, score)| Detection { score: f64::from(*score), ..one.clone() })
                .collect(),
        };
        let sources = vec![source("a", &a), source("b", &b)];
        let names = ["own::a", "own::b", "both"].map(str::to_owned).to_vec();
        Self { images, candidates, truths, names, columns: vec![a, b, both], sources }
    }

    fn pool(&self) -> Pool<'_> {
        let columns = Columns::new(&self.names, self.columns.iter().map(Vec::as_slice).collect()).unwrap();
        Pool::new(&self.images, &self.candidates, &self.truths, columns).unwrap()
    }

    fn calibrated(&self, options: &Options) -> Calibrated {
        calibrate(&self.pool(), &self.sources, options, &NoShelf, &mut |_| true).unwrap()
    }
}

fn options() -> Options {
    let parameters =
        Parameters { rounds: 60, early_stop: 10, max_depth: 3, eta: 0.2, balance: false, ..Parameters::default() };
    Options { recall_floor: 0.0, parameters, draws: 200, outer_folds: 3, inner_folds: 3, ..Options::default() }
}

#[test]
fn agreement_beats_each_detector_and_is_promoted() {
    let done = World::of(300, 1).calibrated(&options());
    let best = done.baselines.values().map(|standing| standing.f1).fold(0.0, f64::max);
    assert!(done.test.f1 > best, "{} {best}", done.test.f1);
    assert!(done.gate.promoted, "{}", done.gate.why);
    assert!(done.baselines.keys().eq(["a", "b", "union"]), "{:?}", done.baselines.keys());
    assert_eq!(done.protocol, Protocol::Nested { folds: 3 });
    assert!(done.scores.iter().all(|score| score.fold.is_some() && score.part == Part::Test));
    assert!(done.test.f1_ci[0] < done.test.f1 && done.test.f1 < done.test.f1_ci[1]);
}

#[test]
fn nothing_to_learn_is_not_promoted() {
    let mut world = World::of(120, 2);
    // The columns say nothing, so ours can only lose to the scores.
    world.columns.iter_mut().for_each(|column| column.fill(0.5));
    let done = world.calibrated(&options());
    assert!(!done.gate.promoted);
    assert!(done.gate.why.contains("stays"), "{}", done.gate.why);
}

#[test]
fn many_images_are_split_by_hash_and_the_test_part_is_opened_once() {
    let done = World::of(300, 3).calibrated(&Options { split_from: 200, split_truths: 200, ..options() });
    assert_eq!((done.protocol, done.folds.len()), (Protocol::Split, 1));
    let n = |part| done.scores.iter().filter(|score| score.part == part).count();
    assert!(n(Part::Train) > n(Part::Tune) && n(Part::Test) > 0);
    assert!(done.scores.iter().all(|score| (score.part == Part::Test) == score.fold.is_some()));
    let tested = done.per_image["calibrated"].iter().flatten().count();
    assert_eq!(tested, done.folds[0].test_images);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_kept_trees_change_nothing() {
    #[derive(Default)]
    struct Memory(RefCell<HashMap<String, Vec<u8>>>, RefCell<usize>);
    impl Shelf for Memory {
        fn get(&self, key: &str) -> Option<Vec<u8>> {
            let found = self.0.borrow().get(key).cloned();
            *self.1.borrow_mut() += usize::from(found.is_some());
            found
        }
        fn put(&self, key: &str, bytes: &[u8]) {
            self.0.borrow_mut().insert(key.to_owned(), bytes.to_vec());
        }
    }
    let (world, shelf) = (World::of(60, 4), Memory::default());
    let mut first = calibrate(&world.pool(), &world.sources, &options(), &shelf, &mut |_| true).unwrap();
    assert_eq!(*shelf.1.borrow(), 0);
    let mut second = calibrate(&world.pool(), &world.sources, &options(), &shelf, &mut |_| false).unwrap();
    assert!(*shelf.1.borrow() > 0);
    let mut third = world.calibrated(&options());
    let files = |done: &mut Calibrated| done.development.ensemble.files().unwrap();
    assert_eq!(files(&mut first), files(&mut second));
    assert_eq!(files(&mut first), files(&mut third));
    assert_eq!(first.scores, second.scores);
    assert_eq!(first.test, third.test);
}

#[test]
fn test_images_touch_neither_trees_nor_priors_nor_thresholds() {
    let world = World::of(90, 5);
    let before = world.calibrated(&options());
    // The truth of the images tested first is turned upside down.
    let fold_of: HashMap<i64, usize> =
        world.candidates.iter().zip(&before.scores).map(|(one, score)| (one.image, score.fold.unwrap())).collect();
    let mut turned = World::of(90, 5);
    turned.truths.retain(|truth| fold_of.get(&truth.image) != Some(&0));
    let after = turned.calibrated(&options());
    let of = |done: &Calibrated| -> Vec<RowScore> {
        done.scores.iter().filter(|score| score.fold == Some(0)).copied().collect()
    };
    assert_eq!(of(&before), of(&after));
    let rule = |done: &Calibrated, name: &str| done.baselines[name].rules[0].clone();
    assert_eq!(before.test.rules[0], after.test.rules[0]);
    assert_eq!(rule(&before, "a"), rule(&after, "a"));
    assert_ne!(before.test.right, after.test.right);
}

#[test]
fn images_without_candidates_and_classes_absent_from_an_image_count() {
    let mut world = World::of(80, 6);
    let before = world.calibrated(&options());
    // Ten objects on images that no detector found anything on.
    for image in 1000..1010 {
        world.images.push(ImageSize { image, width: 400.0, height: 100.0 });
        world.truths.push(Truth { image, class: 0, shape: square(0.0), area: 400.0, crowd: false });
    }
    let after = world.calibrated(&options());
    let objects = |standing: &Standing| standing.right + standing.missed;
    assert_eq!(objects(&after.test), objects(&before.test) + 10);
    assert_eq!(objects(&after.baselines["a"]), objects(&before.baselines["a"]) + 10);
    // A box of a class that the image has no object of is wrong, not overlooked.
    let truths = [Truth { image: 1, class: 0, shape: square(0.0), area: 400.0, crowd: false }];
    let found = [Detection { image: 1, class: 7, shape: square(0.0), score: 0.9 }];
    let images = [ImageSize { image: 1, width: 400.0, height: 100.0 }];
    let counts = judge(&truths, &found, 0.5, 0.5).unwrap().by_image(&open_rule(), &truths, &found, &images);
    assert_eq!(counts, [Counts { right: 0, wrong: 1, missed: 1 }]);
}

/// Accepts everything.
fn open_rule() -> Rule {
    Rule {
        dedupe: 0.5,
        scope: Scope::Global,
        global: Some(0.0),
        classes: BTreeMap::new(),
        bound: "none".to_owned(),
        blended: 0.0,
        cross_fitted_f1: 0.0,
        least_truths: 1,
    }
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let world = World::of(60, 8);
    let mut turned = World::of(60, 8);
    turned.truths.reverse();
    turned.sources.iter_mut().for_each(|source| source.detections.reverse());
    let (a, b) = (world.calibrated(&options()), turned.calibrated(&options()));
    assert_eq!((a.test, a.baselines, a.scores), (b.test, b.baselines, b.scores));
}

#[test]
fn experts_take_the_place_of_the_common_model_where_they_can() {
    let world = World::of(150, 9);
    let expert = Expert { name: "agreed".into(), column: "both".into(), alpha: 1.0 };
    let mut done = world.calibrated(&Options { experts: vec![expert.clone()], ..options() });
    let files = done.development.ensemble.files().unwrap();
    assert_eq!(
        files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["model.json", "start.json", "expert_agreed.json"]
    );
    let again = Ensemble::open(&[expert], |name| files.iter().find(|(known, _)| known == name).map(|(_, b)| b.clone()));
    let mut again = again.unwrap();
    assert_eq!(again.files().unwrap(), files);
    assert!(Ensemble::open(&[], |_| None).is_err());
}

#[test]
fn a_recipe_from_elsewhere_scores_images_that_are_too_few_to_test_it() {
    let made = World::of(120, 10).calibrated(&options());
    let few = World::of(4, 11);
    let done = try_out(&few.pool(), &few.sources, made.development, &options()).unwrap();
    assert!(done.scores.iter().all(|score| score.probability > 0.0 && score.fold.is_none()));
    assert!(done.scores.iter().any(|score| score.kept) && !done.gate.promoted);
}

#[test]
fn models_that_are_called_like_something_of_ours_are_told_apart() {
    let mut world = World::of(60, 12);
    world.sources[0].name = "calibrated".to_owned();
    world.sources[1].name = "union".to_owned();
    let done = world.calibrated(&options());
    assert!(done.baselines.keys().eq(["calibrated (model)", "union", "union (model)"]), "{:?}", done.baselines.keys());
    let twice = vec![Expert { name: "x".into(), column: "both".into(), alpha: 1.0 }; 2];
    assert!(Options { experts: twice, ..options() }.check().is_err());
}

#[test]
fn trees_correct_what_they_start_from_and_a_file_keeps_both() {
    let world = World::of(150, 13);
    let (mut with, mut without) =
        (world.calibrated(&options()), world.calibrated(&Options { start: false, ..options() }));
    let files = with.development.ensemble.files().unwrap();
    assert!(files.iter().any(|(name, _)| name == "start.json"));
    assert!(without.development.ensemble.files().unwrap().iter().all(|(name, _)| name != "start.json"));
    let again = Ensemble::open(&[], |name| files.iter().find(|(known, _)| known == name).map(|(_, b)| b.clone()));
    let (again, pool, rows) = (again.unwrap(), world.pool(), [0, 5, 9]);
    let priors = with.development.priors.columns_of(&pool);
    let names: Vec<String> = pool.columns.names().iter().cloned().chain(PRIOR_COLUMNS.map(str::to_owned)).collect();
    let cells = pool.columns.slices().iter().copied().chain(priors.iter().map(Vec::as_slice)).collect();
    let columns = Columns::new(&names, cells).unwrap();
    let margins = again.margins(&columns, &rows).unwrap();
    assert_eq!(margins, with.development.ensemble.margins(&columns, &rows).unwrap());
    for (adds, margin) in again.contributions(&columns, &rows).unwrap().iter().zip(margins) {
        assert!((adds.iter().sum::<f64>() - margin).abs() < 1e-4, "{adds:?} {margin}");
    }
}

#[test]
fn a_baseline_that_cannot_reach_the_recall_is_compared_without_it() {
    let mut world = World::of(150, 14);
    // Some objects look like nothing: who finds them, too, believes much that is wrong.
    for (row, one) in world.candidates.iter_mut().enumerate() {
        let real = world.truths.iter().any(|truth| truth.image == one.image && truth.shape == one.shape);
        if real && one.image % 3 == 0 {
            one.score *= 0.2;
            world.columns[..2].iter_mut().for_each(|column| column[row] *= 0.2);
        }
    }
    let sure = world.candidates.iter().filter(|one| one.score > 0.5).cloned().collect();
    world.sources = vec![Source { name: "sure".to_owned(), detections: sure }];
    let floor = Options { recall_floor: 0.95, ..options() };
    let done = world.calibrated(&floor);
    assert_eq!(done.gate.eased, ["sure"]);
    let apart = |name: &str| (done.gate.differences[name][0], done.test.f1 - done.baselines[name].f1);
    let (alike, unlike) = apart("sure");
    assert!(alike > unlike + 0.001, "{alike} {unlike}");
    let (alike, unlike) = apart("union");
    assert!((alike - unlike).abs() < 1e-9);
    assert!(world.calibrated(&options()).gate.eased.is_empty());
    // A recipe from elsewhere keeps its own rule; where that does not reach the recall here, the others are let off.
    let mut made = World::of(150, 15).calibrated(&options());
    made.development.rule = Rule { global: Some(0.7), ..open_rule() };
    let tried = try_out(&world.pool(), &world.sources, made.development, &floor).unwrap();
    assert_eq!(tried.gate.eased, ["sure", "union"]);
    let free = try_out(&world.pool(), &world.sources, tried.development, &options()).unwrap();
    assert_eq!(tried.gate.differences, free.gate.differences, "as if nothing had been asked for");
}

#[test]
fn too_little_and_too_odd_is_refused_in_words() {
    let few = World::of(4, 1);
    let said = calibrate(&few.pool(), &[], &options(), &NoShelf, &mut |_| true).unwrap_err().to_string();
    assert!(said.contains("label some more"), "{said}");
    assert!(Options { iou: 1.5, ..Options::default() }.check().is_err());
    assert!(Options { dedupe: vec![], ..Options::default() }.check().is_err());
    let world = World::of(30, 1);
    let stopped = calibrate(&world.pool(), &[], &options(), &NoShelf, &mut |_| false);
    assert!(matches!(stopped, Err(crate::Error::Stopped)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_junk_box_never_raises_f1(
        truths in proptest::collection::vec((0i64..4, 0i32..3, 0u8..6), 1..12),
        found in proptest::collection::vec((0i64..4, 0i32..3, 0u8..6, 0u8..10), 0..16),
        junk in (0i64..4, 0i32..5, 0u8..10),
    ) {
        let place = |at: u8| square(f64::from(at) * 15.0);
        let truths: Vec<_> = truths.iter().map(|(image, class, at)| Truth {
            image: *image, class: *class, shape: place(*at), area: 400.0, crowd: false,
        }).collect();
        let mut found: Vec<_> = found.iter().map(|(image, class, at, score)| Detection {
            image: *image, class: *class, shape: place(*at), score: f64::from(*score) / 10.0,
        }).collect();
        let images: Vec<ImageSize> = (0..4).map(|image| ImageSize { image, width: 400.0, height: 100.0 }).collect();
        let f1 = |found: &[Detection<PixelBox>]| {
            let judged = judge(&truths, found, 0.5, 0.5).unwrap();
            judged.by_image(&open_rule(), &truths, found, &images).into_iter().sum::<Counts>().f1().unwrap_or(0.0)
        };
        let before = f1(&found);
        // Far from everything, so that it can find nothing.
        found.push(Detection { image: junk.0, class: junk.1, shape: square(5_000.0), score: f64::from(junk.2) / 10.0 });
        prop_assert!(f1(&found) <= before);
    }

    #[test]
    fn suppression_is_done_once_and_for_all(found in proptest::collection::vec((0i64..3, 0i32..2, 0u8..12, 0u8..50), 0..30)) {
        let all: Vec<_> = found.iter().map(|(image, class, at, score)| Detection {
            image: *image, class: *class, shape: square(f64::from(*at) * 4.0), score: f64::from(*score) / 50.0,
        }).collect();
        let kept: Vec<_> = suppress(&all, 0.5).into_iter().map(|row| all[row].clone()).collect();
        prop_assert_eq!(suppress(&kept, 0.5).len(), kept.len());
    }
}
