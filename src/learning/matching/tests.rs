use proptest::prelude::*;

use super::*;

fn rect(x: f64, w: f64) -> PixelBox {
    PixelBox { x, y: 0.0, w, h: 10.0 }
}

fn candidate(x: f64, w: f64, class: ClassId, score: f64) -> Candidate {
    Candidate { rect: rect(x, w), class, score, source: 0 }
}

fn truth(x: f64, w: f64, class: ClassId) -> Truth {
    Truth { rect: rect(x, w), class }
}

fn rule(assignment: Assignment) -> Rule {
    Rule { iou: 0.5, cross_class: false, assignment }
}

fn truths_of(matches: &[Option<Match>]) -> Vec<Option<usize>> {
    matches.iter().map(|found| found.map(|found| found.truth)).collect()
}

#[test]
fn the_best_candidate_chooses_first() {
    let truths = [truth(0.0, 10.0, 1)];
    let two = [candidate(0.0, 10.0, 1, 0.5), candidate(1.0, 10.0, 1, 0.9)];
    assert_eq!(truths_of(&assign(&two, &truths, &rule(Assignment::Greedy))), [None, Some(0)]);
    assert_eq!(truths_of(&assign(&two, &truths, &rule(Assignment::ManyToOne))), [Some(0), Some(0)]);
    assert_eq!(truths_of(&assign(&two, &truths, &rule(Assignment::Hungarian))), [Some(0), None]);
}

#[test]
fn the_hungarian_way_finds_pairs_that_greed_loses() {
    let truths = [truth(0.0, 10.0, 1), truth(3.0, 10.0, 1)];
    // The better one overlaps both, the other the first alone; greed gives the first away.
    let two = [candidate(1.0, 10.0, 1, 0.9), candidate(-2.0, 10.0, 1, 0.5)];
    assert_eq!(truths_of(&assign(&two, &truths, &rule(Assignment::Greedy))), [Some(0), None]);
    assert_eq!(truths_of(&assign(&two, &truths, &rule(Assignment::Hungarian))), [Some(1), Some(0)]);
}

#[test]
fn classes_are_told_apart_unless_asked() {
    let (one, truths) = ([candidate(0.0, 10.0, 2, 0.9)], [truth(0.0, 10.0, 1)]);
    assert_eq!(truths_of(&assign(&one, &truths, &rule(Assignment::Greedy))), [None]);
    let cross = Rule { cross_class: true, ..rule(Assignment::Greedy) };
    assert_eq!(truths_of(&assign(&one, &truths, &cross)), [Some(0)]);
}

#[test]
fn every_kind_of_error_has_its_name() {
    let truths = [truth(0.0, 10.0, 1), truth(100.0, 10.0, 1), truth(200.0, 10.0, 2), truth(300.0, 10.0, 2)];
    let candidates = [
        candidate(0.0, 10.0, 1, 0.9),   // right
        candidate(1.0, 10.0, 1, 0.8),   // the same again
        candidate(106.0, 10.0, 1, 0.7), // a quarter of the second
        candidate(200.0, 10.0, 1, 0.6), // another class
        candidate(306.0, 10.0, 1, 0.5), // another class, and badly placed
        candidate(500.0, 10.0, 1, 0.4), // nothing
    ];
    let found = find_errors(&candidates, &truths, 0.5, BACKGROUND_IOU);
    let kinds: Vec<&str> = found.candidates.iter().map(name).collect();
    assert_eq!(kinds, ["right", "duplicate", "localisation", "wrong class", "both", "background"]);
    assert_eq!((found.missed, found.unexplained), (vec![1, 2, 3], vec![3]));
}

fn name(finding: &Finding) -> &'static str {
    match finding {
        Finding::Right(_) => "right",
        Finding::Localisation(_) => "localisation",
        Finding::WrongClass(_) => "wrong class",
        Finding::Duplicate(_) => "duplicate",
        Finding::Background => "background",
        Finding::ClassAndLocalisation(_) => "both",
    }
}

#[test]
fn an_image_without_truths_has_background_alone() {
    let found = find_errors(&[candidate(0.0, 10.0, 1, 0.9)], &[], 0.5, BACKGROUND_IOU);
    assert_eq!(found.candidates, [Finding::Background]);
}

/// The best sum of an assignment, trying all.
fn by_trying(gains: &[Vec<Option<f64>>], row: usize, taken: u32) -> (usize, f64) {
    let Some(columns) = gains.get(row) else { return (0, 0.0) };
    let mut best = by_trying(gains, row + 1, taken);
    for (column, gain) in columns.iter().enumerate().filter(|(column, _)| taken & 1 << column == 0) {
        if let Some(gain) = gain {
            let (pairs, sum) = by_trying(gains, row + 1, taken | 1 << column);
            if (pairs + 1, sum + gain) > best {
                best = (pairs + 1, sum + gain);
            }
        }
    }
    best
}

proptest! {
    #[test]
    fn the_hungarian_way_is_the_best_of_all(
        gains in (1usize..6).prop_flat_map(|n| proptest::collection::vec(proptest::collection::vec(proptest::option::of(0.5f64..1.0), n), 0..6))
    ) {
        let found = hungarian::assign(&gains);
        let pairs: Vec<&Match> = found.iter().flatten().collect();
        let columns: std::collections::BTreeSet<usize> = pairs.iter().map(|pair| pair.truth).collect();
        prop_assert_eq!(columns.len(), pairs.len());
        let (n, sum) = by_trying(&gains, 0, 0);
        prop_assert_eq!(pairs.len(), n);
        prop_assert!((pairs.iter().map(|pair| pair.iou).sum::<f64>() - sum).abs() < 1e-6);
    }

    #[test]
    fn one_to_one_never_gives_a_truth_twice(
        boxes in proptest::collection::vec((0.0f64..40.0, 5.0f64..20.0, 0i32..2, 0.0f64..1.0), 0..12),
        there in proptest::collection::vec((0.0f64..40.0, 5.0f64..20.0, 0i32..2), 0..8),
    ) {
        let candidates: Vec<_> = boxes.iter().map(|(x, w, class, score)| candidate(*x, *w, *class, *score)).collect();
        let truths: Vec<_> = there.iter().map(|(x, w, class)| truth(*x, *w, *class)).collect();
        let count = |assignment| assign(&candidates, &truths, &rule(assignment)).iter().flatten().count();
        let greedy = assign(&candidates, &truths, &rule(Assignment::Greedy));
        let mut taken: Vec<usize> = greedy.iter().flatten().map(|found| found.truth).collect();
        taken.sort_unstable();
        prop_assert!(taken.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(count(Assignment::Greedy) <= count(Assignment::Hungarian));
        prop_assert!(count(Assignment::Hungarian) <= count(Assignment::ManyToOne));
    }
}
