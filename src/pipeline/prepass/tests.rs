//! Fusing, with passes that never look.

use tator_domain::PixelBox;
use tator_vision::{Picture, Stop};

use super::fuse::{Fused, Numbers, class_of, fuse, settled};
use super::looks::{About, Found, Label, Look, Pass, StageKind};
use super::recipe::{FusionRecipe, Merge, Metric, Mode, WindowRecipe};
use crate::error::Error;

struct Blind;

impl Look for Blind {
    fn look(&self, pictures: &[Picture], _: &[About<'_>], _: &Stop) -> Result<Vec<Vec<Found>>, Error> {
        Ok(vec![Vec::new(); pictures.len()])
    }
}

fn pass(source: &str, windows: Option<WindowRecipe>) -> Pass {
    let label = |name: &str, class_id| Label { model_class: name.into(), class_id, prompt: None };
    Pass {
        stage: StageKind::Detector,
        source: source.into(),
        source_run: format!("{source}:full").into(),
        fingerprint: "f".into(),
        key: source.into(),
        labels: vec![label("car", Some(1)), label("truck", Some(2)), label("dog", None)],
        look: Box::new(Blind),
        needs_before: false,
        windows,
        classes: Vec::new(),
    }
}

fn at(x: f64, label: u32, score: Option<f32>) -> Found {
    let rect = PixelBox { x, y: 0.0, w: 100.0, h: 100.0 };
    Found { rect, label, score, window: None, exemplar: None }
}

fn fused(found: &[Vec<Found>], rule: &FusionRecipe) -> Fused {
    let passes: Vec<Pass> = ["a", "b"].map(|name| pass(name, None)).into();
    let settled: Vec<Vec<Found>> = passes.iter().zip(found).map(|(pass, found)| settled(pass, found)).collect();
    fuse(7, &passes, &settled, &[], rule, &mut Numbers { atom: 1, candidate: 1 })
}

#[test]
fn what_two_models_see_is_one_candidate_that_says_so() {
    let found = [vec![at(0.0, 0, Some(0.6)), at(300.0, 0, Some(0.5))], vec![at(5.0, 0, Some(0.9))]];
    let fused = fused(&found, &FusionRecipe::default());
    assert_eq!(fused.atoms.len(), 3);
    assert_eq!(fused.candidates.len(), 2);
    let best = &fused.candidates[0];
    assert_eq!((&*best.source, best.n_atoms, best.n_sources), ("b", 2, 2));
    assert_eq!(best.sources.iter().map(|source| &**source).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(best.rect.x, 5.0, "place and score of the best");
    assert_eq!((&*best.score_source, best.score), ("raw", Some(f64::from(0.9_f32))));
    let bridge: Vec<_> = fused.members.iter().map(|member| (member.candidate_id, member.atom_id)).collect();
    assert_eq!(bridge, [(1, 1), (1, 3), (2, 2)]);
    assert_eq!(fused.members[1].iou, 1.0);
}

#[test]
fn a_box_joins_the_candidate_it_overlaps_most() {
    // Both kept ones overlap the third enough; the first in order would be the wrong one.
    let rule = FusionRecipe { iou: 0.5, ..FusionRecipe::default() };
    let found = [vec![at(0.0, 0, Some(0.9)), at(40.0, 0, Some(0.8))], vec![at(30.0, 0, Some(0.3))]];
    let fused = fused(&found, &rule);
    assert_eq!(fused.candidates.len(), 2);
    assert_eq!(fused.candidates[1].n_sources, 2);
}

#[test]
fn classes_stay_apart_unless_asked_and_unmapped_ones_are_no_atoms() {
    let found = [vec![at(0.0, 0, Some(0.9)), at(0.0, 2, Some(0.5))], vec![at(0.0, 1, Some(0.8))]];
    assert_eq!(fused(&found, &FusionRecipe::default()).candidates.len(), 2);
    let across = FusionRecipe { cross_class_iou: Some(0.8), ..FusionRecipe::default() };
    let joined = fused(&found, &across);
    assert_eq!((joined.atoms.len(), joined.candidates.len()), (2, 1));
    assert_eq!(joined.candidates[0].class_id, 1);
}

#[test]
fn fused_boxes_lie_between_and_say_where_their_score_comes_from() {
    let found = [vec![at(0.0, 0, Some(0.5))], vec![at(4.0, 0, Some(0.5))]];
    let mean = fused(&found, &FusionRecipe { mode: Mode::Weighted, ..FusionRecipe::default() });
    assert!((mean.candidates[0].rect.x - 2.0).abs() < 1e-9);
    assert_eq!(&*mean.candidates[0].score_source, "raw");
    let wbf = fused(&found, &FusionRecipe { mode: Mode::Wbf, ..FusionRecipe::default() });
    assert!((wbf.candidates[0].rect.x - 2.0).abs() < 1e-9);
    assert_eq!(&*wbf.candidates[0].score_source, "fused");
}

#[test]
fn what_has_no_score_stays_and_says_so_or_needs_somebody_who_agrees() {
    let found = [vec![at(0.0, 0, None), at(300.0, 0, None)], vec![at(2.0, 0, Some(0.4))]];
    let all = fused(&found, &FusionRecipe::default());
    assert_eq!(all.candidates.len(), 2);
    assert_eq!((all.candidates[1].score, &*all.candidates[1].score_source), (None, "unknown"));
    let strict = fused(&found, &FusionRecipe { scoreless_iou: 0.5, ..FusionRecipe::default() });
    assert_eq!((strict.atoms.len(), strict.candidates.len()), (3, 1), "atoms are never thrown away");
}

#[test]
fn a_better_box_of_a_class_that_is_none_of_ours_settles_a_place_and_goes() {
    let across = FusionRecipe { cross_class_iou: Some(0.8), ..FusionRecipe::default() };
    // A dog that the other model takes for a car, and less surely so; a car that the first takes for a dog, less surely.
    let found =
        [vec![at(0.0, 2, Some(0.9)), at(300.0, 2, Some(0.3))], vec![at(0.0, 0, Some(0.4)), at(300.0, 0, Some(0.8))]];
    let settled = fused(&found, &across);
    assert_eq!((settled.atoms.len(), settled.candidates.len()), (2, 1), "atoms are kept, the dog is no car");
    assert_eq!((settled.candidates[0].rect.x, settled.candidates[0].n_atoms), (300.0, 1), "a dog is no member");
    assert_eq!(fused(&found, &FusionRecipe::default()).candidates.len(), 2, "apart, classes say nothing of each other");
    let wbf = FusionRecipe { mode: Mode::Wbf, ..across };
    assert_eq!(fused(&found, &wbf).candidates.len(), 2);

    // Neighbouring windows of one model: across classes the better word stays, whether we have that class or not.
    let windows = |across_classes| WindowRecipe { across_classes, ..merged_by(Merge::Nms) };
    let seen = [at(0.0, 2, Some(0.9)), at(5.0, 0, Some(0.4)), at(300.0, 0, Some(0.8)), at(305.0, 2, Some(0.3))];
    let kept = |across| {
        let pass = pass("a", Some(windows(across)));
        settled_classes(&pass, &seen)
    };
    assert_eq!(kept(true), [None, Some(1)]);
    assert_eq!(kept(false), [None, Some(1), Some(1), None]);
}

fn settled_classes(pass: &Pass, found: &[Found]) -> Vec<Option<i32>> {
    settled(pass, found).iter().map(|one| class_of(pass, one)).collect()
}

fn merged_by(merge: Merge) -> WindowRecipe {
    WindowRecipe { side: None, overlap: 0.2, merge, metric: Metric::Ios, threshold: 0.5, across_classes: false }
}

#[test]
fn windows_are_put_together_as_the_recipe_says() {
    let windows = |merge| Some(merged_by(merge));
    let halves = [at(0.0, 0, Some(0.9)), at(40.0, 0, Some(0.8))];
    let count = |merge| settled(&pass("a", windows(merge)), &halves).len();
    assert_eq!([Merge::None, Merge::Nms, Merge::GreedyNmm, Merge::Nmm].map(count), [2, 1, 1, 1]);
    let grown = settled(&pass("a", windows(Merge::GreedyNmm)), &halves);
    assert_eq!(grown[0].rect.w, 140.0);
    let low = windows(Merge::SoftNms).map(|windows| WindowRecipe { threshold: 0.3, ..windows });
    let soft = settled(&pass("a", low), &halves);
    assert_eq!(soft.len(), 2);
    assert!(soft[1].score < Some(0.8));
}

#[test]
fn no_image_makes_no_rows() {
    assert_eq!(fused(&[vec![], vec![]], &FusionRecipe::default()), Fused::default());
}
