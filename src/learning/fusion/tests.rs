//! Compared with SAHI and ensemble_boxes: `tests/learning/fusion.py`. Properties that must hold for any boxes.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::fixtures::{assert_close, numbers, read, rows};

/// Candidates of a case, whose places are shares of an image of `side` pixels.
fn candidates(case: &Value, side: f64) -> Vec<Candidate> {
    let made = |row: Vec<f64>| {
        let [x0, y0, x1, y1] = [0, 1, 2, 3].map(|i| row[i] * side);
        let rect = PixelBox::from_corners(x0, y0, x1, y1);
        Candidate { rect, class: row[5] as ClassId, score: row[4], source: row[6] as u32 }
    };
    rows(&case["rows"]).into_iter().map(made).collect()
}

fn row(rect: &PixelBox, score: f64, class: ClassId) -> Vec<f64> {
    vec![rect.x, rect.y, rect.right(), rect.bottom(), score, f64::from(class)]
}

fn compare(case: &Value, mut ours: Vec<Vec<f64>>, within: f64) {
    let theirs = rows(&case["made"]);
    ours.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert_eq!(ours.len(), theirs.len(), "{case}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_close(&case.to_string(), ours, theirs, within);
    }
}

fn sahi_rule(case: &Value) -> Overlap {
    let metric = if case["metric"] == "IOS" { Metric::Ios } else { Metric::Iou };
    let limit = Limit::From(case["threshold"].as_f64().unwrap());
    Overlap { metric, limit, class_agnostic: case["agnostic"] == true }
}

fn merged_rows(merged: &[Merged]) -> Vec<Vec<f64>> {
    merged.iter().map(|one| row(&one.rect, one.score, one.class)).collect()
}

#[test]
fn suppression_and_merging_are_those_of_sahi() {
    for case in read("fusion.json").as_array().unwrap() {
        let given = candidates(case, 1000.0);
        let stays = |group: &Group| {
            let kept = &given[group.keeper];
            row(&kept.rect, kept.score, kept.class)
        };
        match case["kind"].as_str().unwrap() {
            "nms" => compare(case, nms(&given, &sahi_rule(case)).iter().map(stays).collect(), 1e-3),
            "greedy" => compare(case, merged_rows(&merge_greedily(&given, &sahi_rule(case))), 1e-3),
            "transitive" => compare(case, merged_rows(&merge_transitively(&given, &sahi_rule(case))), 1e-3),
            _ => {}
        }
    }
}

#[test]
fn suppression_is_that_of_torchvision() {
    for case in read("fusion.json").as_array().unwrap().iter().filter(|case| case["kind"] == "torchvision") {
        let limit = Limit::Above(case["threshold"].as_f64().unwrap());
        let groups = nms(&candidates(case, 1.0), &Overlap { metric: Metric::Iou, limit, class_agnostic: false });
        let kept: Vec<f64> = groups.iter().map(|group| group.keeper as f64).collect();
        assert_eq!(kept, numbers(&case["kept"]));
    }
}

#[test]
fn soft_suppression_is_that_of_its_paper() {
    for case in read("fusion.json").as_array().unwrap().iter().filter(|case| case["kind"] == "soft") {
        let number = |name: &str| case[name].as_f64().unwrap();
        let decay =
            if case["method"] == 1 { Decay::Linear(number("threshold")) } else { Decay::Gaussian(number("sigma")) };
        let given = candidates(case, 1.0);
        let kept = soft_nms(&given, &SoftRule { decay, least_score: number("least"), class_agnostic: false });
        let kept = kept.into_iter().map(|(i, score)| row(&given[i].rect, score, given[i].class)).collect();
        compare(case, kept, 1e-5);
    }
}

#[test]
fn weighted_fusion_is_that_of_ensemble_boxes() {
    for case in read("fusion.json").as_array().unwrap().iter().filter(|case| case["kind"] == "weighted") {
        let confidence = match case["confidence"].as_str().unwrap() {
            "avg" => Confidence::Mean,
            "max" => Confidence::Max,
            "box_and_model_avg" => Confidence::BoxesAndSources,
            _ => Confidence::AbsentSources,
        };
        let number = |name: &str| case[name].as_f64().unwrap();
        let weights = numbers(&case["weights"]);
        let rule = WeightedRule { iou: number("threshold"), least_score: number("least"), weights, confidence };
        let fused = weighted_boxes_fusion(&candidates(case, 1.0), &rule);
        compare(case, fused.iter().map(|one| row(&one.rect, one.score, one.class)).collect(), 1e-5);
    }
}

#[test]
fn an_overlap_at_the_limit_counts_only_from_it() {
    let at = |w, score| Candidate { rect: PixelBox { x: 0.0, y: 0.0, w, h: 1.0 }, class: 0, score, source: 0 };
    let two = [at(2.0, 0.9), at(1.0, 0.8)];
    let rule = |limit| Overlap { metric: Metric::Iou, limit, class_agnostic: false };
    assert_eq!(nms(&two, &rule(Limit::From(0.5))).len(), 1);
    assert_eq!(nms(&two, &rule(Limit::Above(0.5))).len(), 2);
}

#[test]
fn a_cluster_remembers_who_said_what() {
    let at =
        |x, class, score, source| Candidate { rect: PixelBox { x, y: 0.0, w: 10.0, h: 10.0 }, class, score, source };
    let given = [at(0.0, 1, 0.6, 7), at(0.5, 1, 0.9, 3), at(0.4, 1, 0.7, 7), at(0.5, 2, 0.8, 5), at(50.0, 1, 0.1, 3)];
    let apart = dedupe(&given, &DedupeRule::default());
    assert_eq!(
        apart.iter().map(|cluster| cluster.members.clone()).collect::<Vec<_>>(),
        [vec![1, 2, 0], vec![3], vec![4]]
    );
    assert_eq!(apart[0].score_by_source, [(3, 0.9), (7, 0.7)].into());
    let across = dedupe(&given, &DedupeRule { cross_class_iou: Some(0.8), ..DedupeRule::default() });
    assert_eq!((across.len(), across[0].members.len(), across[0].class), (2, 4, 1));
    let mean = dedupe(&given, &DedupeRule { weighted_boxes: true, ..DedupeRule::default() });
    let wanted = (0.9 * 0.5 + 0.7 * 0.4) / (0.9 + 0.7 + 0.6);
    assert!((mean[0].rect.x - wanted).abs() < 1e-12, "{:?}", mean[0].rect);
}

#[test]
fn a_candidate_joins_the_cluster_it_overlaps_most() {
    let at = |x, score| Candidate { rect: PixelBox { x, y: 0.0, w: 10.0, h: 10.0 }, class: 1, score, source: 0 };
    let rule = DedupeRule { iou: 0.5, ..DedupeRule::default() };
    let clusters = dedupe(&[at(0.0, 0.9), at(4.0, 0.8), at(2.5, 0.7)], &rule);
    assert_eq!(clusters[1].members, [1, 2], "{clusters:?}");
}

#[test]
fn a_scoreless_candidate_needs_a_scored_one_beside_it() {
    let at = |x| Candidate { rect: PixelBox { x, y: 0.0, w: 10.0, h: 10.0 }, class: 1, score: 0.0, source: 0 };
    assert_eq!(drop_scoreless(&[at(0.0), at(1.0), at(30.0)], &[true, false, false], 0.5), [0, 1]);
}

/// Candidates of which no two are alike in the rule that orders them.
fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (0.0f64..50.0, 0.0f64..50.0, 1.0f64..30.0, 1.0f64..30.0, 0i32..3, 0u32..4, 0u8..9);
    let made = |(x, y, w, h, class, source, score)| Candidate {
        rect: PixelBox { x, y, w, h },
        class,
        score: f64::from(score) / 8.0,
        source,
    };
    proptest::collection::vec(one.prop_map(made), 0..25)
}

fn any_rule() -> impl Strategy<Value = Overlap> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 0.1f64..0.9).prop_map(|(ios, above, class_agnostic, at)| Overlap {
        metric: if ios { Metric::Ios } else { Metric::Iou },
        limit: if above { Limit::Above(at) } else { Limit::From(at) },
        class_agnostic,
    })
}

fn kept(candidates: &[Candidate], rule: &Overlap) -> Vec<Candidate> {
    nms(candidates, rule).iter().map(|group| candidates[group.keeper]).collect()
}

proptest! {
    #[test]
    fn suppressing_again_changes_nothing(given in any_candidates(), rule in any_rule()) {
        let once = kept(&given, &rule);
        prop_assert_eq!(kept(&once, &rule), once);
    }

    #[test]
    fn the_order_of_rows_decides_nothing(given in any_candidates(), rule in any_rule()) {
        let turned: Vec<Candidate> = given.iter().rev().copied().collect();
        prop_assert_eq!(kept(&given, &rule), kept(&turned, &rule));
        let shapes = |all: Vec<Merged>| all.into_iter().map(|m| (m.rect, m.class)).collect::<Vec<_>>();
        prop_assert_eq!(shapes(merge_greedily(&given, &rule)), shapes(merge_greedily(&turned, &rule)));
        prop_assert_eq!(shapes(merge_transitively(&given, &rule)), shapes(merge_transitively(&turned, &rule)));
        let clusters = |rows: &[Candidate]| {
            let clusters = dedupe(rows, &DedupeRule { iou: 0.4, cross_class_iou: Some(0.6), weighted_boxes: true });
            clusters.into_iter().map(|cluster| (cluster.rect, cluster.score_by_source)).collect::<Vec<_>>()
        };
        prop_assert_eq!(clusters(&given), clusters(&turned));
    }

    #[test]
    fn every_candidate_is_in_one_group(given in any_candidates(), rule in any_rule()) {
        let all: Vec<usize> = (0..given.len()).collect();
        let sorted = |members: Vec<usize>| { let mut members = members; members.sort_unstable(); members };
        prop_assert_eq!(sorted(nms(&given, &rule).iter().flat_map(Group::members).collect()), &all[..]);
        let merged = |all: Vec<Merged>| sorted(all.iter().flat_map(|one| one.group.members()).collect());
        prop_assert_eq!(merged(merge_greedily(&given, &rule)), &all[..]);
        prop_assert_eq!(merged(merge_transitively(&given, &rule)), &all[..]);
        prop_assert_eq!(sorted(dedupe(&given, &DedupeRule::default()).into_iter().flat_map(|c| c.members).collect()), &all[..]);
    }

    #[test]
    fn no_edge_is_invented(given in any_candidates(), rule in any_rule()) {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        for one in merge_greedily(&given, &rule) {
            let has = |side: fn(&PixelBox) -> f64| one.group.members().any(|i| close(side(&given[i].rect), side(&one.rect)));
            prop_assert!(has(|r| r.x) && has(|r| r.y) && has(PixelBox::right) && has(PixelBox::bottom));
        }
        for cluster in dedupe(&given, &DedupeRule::default()) {
            prop_assert_eq!(cluster.rect, given[cluster.members[0]].rect);
        }
        let soft = SoftRule { decay: Decay::Gaussian(0.5), least_score: 0.0, class_agnostic: false };
        for (row, score) in soft_nms(&given, &soft) {
            prop_assert!(score <= given[row].score);
        }
    }
}
