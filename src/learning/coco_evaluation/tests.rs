//! Compared with pycocotools: `tests/learning/coco.py`.

use serde_json::Value;
use tator_domain::{PixelBox, Rle};

use super::*;
use crate::fixtures::{assert_close, numbers, read, rows};

/// One case: rows without their shape, and shapes.
struct Case<S> {
    truths: Vec<Truth<S>>,
    detections: Vec<Detection<S>>,
}

fn case<S>(case: &Value, shape: impl Fn(&[Value]) -> S) -> Case<S> {
    let number = |value: &Value| value.as_i64().unwrap();
    let rows = |name: &str| case[name].as_array().unwrap().iter().map(|row| row.as_array().unwrap());
    let truth = |row: &Vec<Value>| Truth {
        image: number(&row[0]),
        class: number(&row[1]) as ClassId,
        shape: shape(&row[2..]),
        area: row[row.len() - 2].as_f64().unwrap(),
        crowd: number(&row[row.len() - 1]) == 1,
    };
    let detection = |row: &Vec<Value>| Detection {
        image: number(&row[0]),
        class: number(&row[1]) as ClassId,
        shape: shape(&row[2..]),
        score: row[row.len() - 1].as_f64().unwrap(),
    };
    Case { truths: rows("truths").map(truth).collect(), detections: rows("detections").map(detection).collect() }
}

fn rect(values: &[Value]) -> PixelBox {
    let [x, y, w, h] = [0, 1, 2, 3].map(|i| values[i].as_f64().unwrap());
    PixelBox { x, y, w, h }
}

fn mask(values: &[Value]) -> Mask {
    let size = numbers(&values[0]["size"]);
    let counts = numbers(&values[0]["counts"]).into_iter().map(|count| count as u32).collect();
    Mask::from(Rle::new(size[0] as u32, size[1] as u32, counts).unwrap())
}

fn as_printed(figures: &Figures) -> Vec<f64> {
    figures.values().into_iter().map(|value| value.unwrap_or(-1.0)).collect()
}

fn compare<S: Shape>(given: &Value, case: &Case<S>) {
    let name = given["name"].as_str().unwrap();
    let classes = if given["pooled"] == true { Classes::Pooled } else { Classes::Apart };
    let ours = evaluate(&case.truths, &case.detections, classes).unwrap();
    assert_close(name, &as_printed(&ours.figures), &numbers(&given["stats"]), 1e-12);
    let theirs = given["classes"].as_array().unwrap();
    assert_eq!(ours.classes.len(), theirs.len(), "{name}");
    for (ours, theirs) in ours.classes.iter().zip(theirs) {
        assert_eq!(i64::from(ours.class), theirs[0].as_i64().unwrap(), "{name}");
        assert_close(&format!("{name}, class {}", ours.class), &as_printed(&ours.figures), &numbers(&theirs[1]), 1e-12);
    }
    for point in given.get("points").map(rows).unwrap_or_default() {
        let counts = operating_point(&case.truths, &case.detections, point[0], point[1]).unwrap().overall;
        let ours = [counts.right, counts.wrong, counts.missed].map(|count| count as f64);
        assert_eq!(ours, point[2..], "{name} at IoU {} and score {}", point[0], point[1]);
    }
}

#[test]
fn every_case_has_the_figures_of_pycocotools() {
    let cases = read("coco.json");
    assert!(cases.as_array().unwrap().len() > 30);
    for given in cases.as_array().unwrap() {
        if given["masks"] == true {
            compare(given, &case(given, mask));
        } else {
            compare(given, &case(given, rect));
        }
    }
}

#[test]
fn nothing_at_all_has_no_figures() {
    let none = evaluate::<PixelBox>(&[], &[], Classes::Apart).unwrap();
    assert_eq!((none.figures, none.classes.len()), (Figures::default(), 0));
    let point = operating_point::<PixelBox>(&[], &[], 0.5, 0.0).unwrap();
    assert_eq!((point.overall.precision(), point.overall.recall(), point.overall.f1()), (None, None, None));
}

#[test]
fn figures_bear_their_usual_names() {
    let figures = Figures { ap: Some(0.25), ar_large: Some(0.5), ..Figures::default() };
    let named: Vec<_> = figures.named().collect();
    assert_eq!((named[0], named[11]), (("AP", Some(0.25)), ("ARl", Some(0.5))));
}

#[test]
fn a_junk_detection_never_raises_f1() {
    for given in read("coco.json").as_array().unwrap().iter().filter(|given| given["masks"] != true) {
        let mut case = case(given, rect);
        let f1 = |case: &Case<PixelBox>| {
            operating_point(&case.truths, &case.detections, 0.5, 0.0).unwrap().overall.f1().unwrap_or(0.0)
        };
        let before = f1(&case);
        let shape = PixelBox { x: 9e5, y: 9e5, w: 1.0, h: 1.0 };
        case.detections.insert(0, Detection { image: 1, class: 1, shape, score: 1.0 });
        assert!(f1(&case) <= before, "{}", given["name"]);
    }
}

#[test]
fn counts_come_per_class_and_add_up() {
    let given = &read("coco.json")[0];
    let case = case(given, rect);
    let point = operating_point(&case.truths, &case.detections, 0.5, 0.3).unwrap();
    assert_eq!(point.classes.values().copied().sum::<Counts>(), point.overall);
    let real = case.truths.iter().filter(|truth| !truth.crowd).count();
    assert_eq!(point.overall.right + point.overall.missed, real);
    let matches = match_at(&case.truths, &case.detections, 0.5, Classes::Apart).unwrap();
    for (truth, found_by) in matches.found_by.iter().enumerate() {
        assert!(found_by.is_none_or(|detection| matches.outcomes[detection] == Outcome::Right(truth)));
    }
}
