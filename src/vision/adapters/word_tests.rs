//! Detectors of words against their stand-ins: a red and a blue thing, asked for by name (`tests/models/README.md`).

use std::sync::Arc;

use super::detector_tests::{BAR, DISC, SCORE, off, scene};
use super::tests::{has_runtime, manifest, stand_ins};
use super::*;
use crate::detector::{DetectOptions, Detection};
use crate::network::Stop;
use crate::picture::Picture;
use crate::region_text::{RegionText, Regions};

const FAMILIES_OF_WORDS: [&str; 7] =
    ["owl", "owl-v2", "grounding-dino", "grounding-dino-xal", "yolo-world", "yoloe", "yoloe-26"];

fn open(model: &str) -> Box<dyn TextDetector> {
    let folder = stand_ins().join(model);
    let manifest = manifest(&folder);
    assert!(finds_words(&manifest), "{model}");
    open_text_detector(&Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() })
        .expect("it opens")
}

fn ask(
    model: &str,
    picture: &Picture,
    prompts: &[&str],
    change: impl Fn(DetectOptions) -> DetectOptions,
) -> Vec<Detection> {
    let detector = open(model);
    let seen = detector.look(picture, &Stop::default()).expect("it looks");
    let found = detector.find(&seen, prompts, &change(detector.usual()), &Stop::default());
    found.unwrap_or_else(|error| panic!("{model}: {error}"))
}

#[test]
fn words_find_their_things_wherever_they_stand() {
    if !has_runtime() {
        return;
    }
    for model in FAMILIES_OF_WORDS {
        for (width, height) in [(200, 100), (185, 391)] {
            // YOLO-World's stand-in knows a text by its mean token, so words stand alone.
            let found = ask(model, &scene(width, height), &["dog", "blue", "red"], |usual| usual);
            assert_eq!(found.len(), 2, "{model}: {found:?}");
            for (place, wanted) in [(1, BAR), (2, DISC)] {
                let thing = found.iter().find(|one| one.class == place).unwrap_or_else(|| panic!("{model}: {found:?}"));
                assert!(off(&thing.rect, &wanted) < 2.5, "{model}: {:?}, wanted {wanted:?}", thing.rect);
                assert!((thing.score - SCORE).abs() < 0.03, "{model}: score {}", thing.score);
            }
            assert!(found[0].score >= found[1].score, "{model}: best first");
        }
    }
}

#[test]
fn raw_answers_keep_what_overlaps() {
    if !has_runtime() {
        return;
    }
    for model in FAMILIES_OF_WORDS {
        assert_eq!(ask(model, &scene(200, 100), &["red"], |usual| usual).len(), 1, "{model}");
        // What the graph has suppressed does not come back.
        let raw = if model == "yoloe-26" { 1 } else { 2 };
        assert_eq!(ask(model, &scene(200, 100), &["red"], DetectOptions::raw).len(), raw, "{model}: the copy, too");
        assert!(ask(model, &scene(200, 100), &["dog"], |usual| usual).is_empty(), "{model}");
    }
}

#[test]
fn more_prompts_than_a_text_holds_keep_their_places() {
    if !has_runtime() {
        return;
    }
    let mut prompts = vec!["a dog"; 150];
    prompts.push("red");
    for model in ["grounding-dino", "grounding-dino-xal", "owl", "yoloe", "yoloe-26"] {
        let found = ask(model, &scene(200, 100), &prompts, |usual| usual);
        assert_eq!(found.iter().map(|one| one.class).collect::<Vec<_>>(), [150], "{model}");
    }
}

#[test]
fn sam3_answers_words() {
    if !has_runtime() {
        return;
    }
    let picture = Picture::filled(200, 100, [127, 127, 127]);
    let middle = tator_domain::PixelBox { x: 50.0, y: 25.0, w: 100.0, h: 50.0 };
    for (model, score) in [("sam3", 0.75), ("sam3-full", 0.75), ("sam3-usls", 0.865)] {
        let found = ask(model, &picture, &["red", "blue"], |usual| usual);
        assert_eq!(found.len(), 2, "{model}: {found:?}");
        assert!(found.iter().all(|one| off(&one.rect, &middle) < 1.0), "{model}: {found:?}");
        assert!(found.iter().all(|one| (one.score - score).abs() < 5e-3), "{model}: {found:?}");
    }
}

#[test]
fn words_over_regions_need_no_detector_of_words() {
    if !has_runtime() {
        return;
    }
    let folder = stand_ins().join("yolox");
    let described = manifest(&folder);
    let detector = open_detector(&Parts { manifest: &described, folder: &folder, options: OpenOptions::default() });
    let folder = stand_ins().join("efficientnet-words");
    let described = manifest(&folder);
    let described = Parts { manifest: &described, folder: &folder, options: OpenOptions::default() };
    let (embedder, text) =
        (open_embedder(&described).expect("it opens"), open_text_encoder(&described).expect("it opens"));
    let regions = Regions::Candidates(Arc::from(detector.expect("it opens")));
    let words = RegionText::new(regions, Arc::from(embedder), Some(Arc::from(text)));
    let picture = scene(200, 100);
    let seen = words.look(&picture, &Stop::default()).expect("it looks");
    let regions = RegionText::regions(&seen).expect("regions");
    assert_eq!(regions.rects.len(), 2, "the copy overlaps: {:?}", regions.rects);
    // A region is most like itself.
    for (rect, vector) in regions.rects.iter().zip(&regions.vectors) {
        let own = words.vector(&picture, rect, &Stop::default()).expect("a vector");
        assert!(own.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-3));
        let options = DetectOptions { score: 0.0, ..words.usual() };
        let like = RegionText::like(&seen, &own, &options).expect("an answer");
        assert!(off(&like[0].rect, rect) < 0.01 && like[0].score > 0.999, "{like:?}");
    }
    let options = DetectOptions { score: 0.0, every_class: true, ..words.usual() };
    let found = words.find(&seen, &["red", "blue"], &options, &Stop::default()).expect("an answer");
    assert_eq!(found.len(), 4, "each word of each region");
    assert!(found.iter().all(|one| (0.0..=1.0).contains(&one.score)));
}
