//! Every family of detectors against its stand-in (`tests/models/README.md` says what each computes).

use tator_domain::{PixelBox, iou};

use super::tests::{has_runtime, manifest, stand_ins};
use super::*;
use crate::detector::{DetectOptions, Detection, Overlap};
use crate::network::Stop;
use crate::picture::Picture;
use crate::sahi::{Slicing, detect_windows};

const BLUE: usize = 0;
const CAB: usize = 1;
const RED: usize = 2;
pub(super) const DISC: PixelBox = PixelBox { x: 40.0, y: 20.0, w: 40.0, h: 40.0 };
pub(super) const BAR: PixelBox = PixelBox { x: 120.0, y: 30.0, w: 60.0, h: 60.0 };
/// 230 of 255, a little less for the soft edges.
pub(super) const SCORE: f32 = 0.9;

/// Those that leave overlaps to us: the red thing is in there twice.
pub(super) const BARE: [&str; 10] = [
    "yolo",
    "yolo-seg",
    "yolo-obb",
    "yolov5",
    "yolox",
    "yolox-decoded",
    "nanodet",
    "nanodet-plus",
    "picodet",
    "fastestdet",
];
/// Those that give finished boxes.
const FINISHED: [&str; 9] = [
    "yolo-end2end",
    "yolo-seg-nms",
    "yolo-rtdetr",
    "yolov7-nms",
    "detr",
    "detr-seg",
    "detr-hf",
    "rf-detr",
    "picodet-nms",
];

fn open(model: &str) -> Box<dyn Detector> {
    let folder = stand_ins().join(model);
    let manifest = manifest(&folder);
    let opened = open_detector(&Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() });
    opened.unwrap_or_else(|error| panic!("{model}: {error}"))
}

/// A red disc and a blue square on grey, 200 × 100 unless `width` and `height` say more.
pub(super) fn scene(width: u32, height: u32) -> Picture {
    let mut picture = Picture::filled(width, height, [90, 90, 90]);
    for (i, pixel) in picture.rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = ((i as u32 % width) as f64 + 0.5, (i as u32 / width) as f64 + 0.5);
        if (x - 60.0).hypot(y - 40.0) < 20.0 {
            pixel.copy_from_slice(&[230, 20, 20]);
        } else if x > BAR.x && x < BAR.right() && y > BAR.y && y < BAR.bottom() {
            pixel.copy_from_slice(&[20, 20, 230]);
        }
    }
    picture
}

fn ask(model: &str, picture: &Picture, options: impl Fn(DetectOptions) -> DetectOptions) -> Vec<Detection> {
    let detector = open(model);
    let options = options(detector.usual());
    let pictures = std::slice::from_ref(picture);
    let mut found = detector.detect(pictures, &options, &Stop::default());
    found.as_mut().unwrap_or_else(|error| panic!("{model}: {error}")).swap_remove(0)
}

pub(super) fn off(found: &PixelBox, wanted: &PixelBox) -> f64 {
    let edges = |b: &PixelBox| [b.x, b.y, b.right(), b.bottom()];
    edges(found).iter().zip(edges(wanted)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn only(found: &[Detection], class: usize) -> &Detection {
    let mut of_class = found.iter().filter(|detection| detection.class == class);
    let (first, second) = (of_class.next(), of_class.next());
    assert!(second.is_none(), "twice: {found:?}");
    first.unwrap_or_else(|| panic!("no class {class}: {found:?}"))
}

#[test]
fn things_are_found_where_they_are() {
    if !has_runtime() {
        return;
    }
    for model in BARE.into_iter().chain(FINISHED) {
        let found = ask(model, &scene(200, 100), |usual| usual);
        assert_eq!(found.len(), 2, "{model}: {found:?}");
        for (class, wanted) in [(RED, DISC), (BLUE, BAR)] {
            let thing = only(&found, class);
            assert!(off(&thing.rect, &wanted) < 1.0, "{model}, class {class}: {:?}", thing.rect);
            assert!((thing.score - SCORE).abs() < 0.02, "{model}, class {class}: score {}", thing.score);
        }
        assert!(found[0].score >= found[1].score, "{model}: best first");
        assert_eq!(open(model).classes(), ["blue", "driver's cab", "red"], "{model}");
    }
}

#[test]
fn a_portrait_picture_fits_as_well() {
    if !has_runtime() {
        return;
    }
    for model in BARE.into_iter().chain(FINISHED) {
        let found = ask(model, &scene(185, 391), |usual| usual);
        for (class, wanted) in [(RED, DISC), (BLUE, BAR)] {
            assert!(off(&only(&found, class).rect, &wanted) < 1.5, "{model}: {found:?}");
        }
    }
}

#[test]
fn raw_candidates_keep_their_ranks() {
    if !has_runtime() {
        return;
    }
    for model in BARE {
        let raw = ask(model, &scene(200, 100), DetectOptions::raw);
        assert_eq!(raw.iter().map(|one| one.rank).collect::<Vec<_>>(), [0, 1, 2], "{model}");
        // The copy is third: it scores a tenth less and lies a little to the right.
        let copy = &raw[2];
        let first = raw.iter().find(|one| one.class == RED).expect("the red one");
        assert!(copy.class == RED && copy.rect.x > first.rect.x, "{model}: {raw:?}");
        assert!((copy.score / first.score - 0.9).abs() < 1e-3, "{model}");
        let thin = ask(model, &scene(200, 100), |usual| usual);
        assert!(thin.iter().all(|kept| raw.contains(kept)), "{model}: {thin:?} of {raw:?}");
    }
}

#[test]
fn options_are_followed() {
    if !has_runtime() {
        return;
    }
    let one = ask("yolo", &scene(200, 100), |usual| DetectOptions { most: 1, ..usual });
    assert_eq!(one.len(), 1);
    let none = ask("yolo", &scene(200, 100), |usual| DetectOptions { score: 0.95, ..usual });
    assert_eq!(none, []);
    // Three candidates of two classes that do not touch: only identity is too much.
    let loose = Overlap { iou: 0.999, across_classes: true };
    assert_eq!(ask("yolo", &scene(200, 100), |usual| DetectOptions { overlap: Some(loose), ..usual }).len(), 3);
}

#[test]
fn a_query_may_answer_for_two_classes() {
    if !has_runtime() {
        return;
    }
    for model in ["detr-hf", "rf-detr"] {
        let found = ask(model, &scene(200, 100), |usual| DetectOptions { score: 0.3, ..usual });
        assert_eq!(found.len(), 3, "{model}: {found:?}");
        let second = only(&found, CAB);
        assert_eq!(second.rect, only(&found, RED).rect, "{model}");
        assert!((second.score - SCORE / 2.0).abs() < 0.02, "{model}");
        let best = ask(model, &scene(200, 100), |usual| DetectOptions { score: 0.3, every_class: false, ..usual });
        assert_eq!(best.len(), 2, "{model}");
    }
}

#[test]
fn masks_become_outlines() {
    if !has_runtime() {
        return;
    }
    for model in ["yolo-seg", "yolo-seg-nms", "detr-seg"] {
        for (width, height) in [(200, 100), (190, 230)] {
            let found = ask(model, &scene(width, height), |usual| usual);
            let disc = only(&found, RED).polygon.as_ref().expect("an outline");
            let round = std::f64::consts::PI * 20.0 * 20.0;
            assert!((disc.area() / round - 1.0).abs() < 0.04, "{model}: {} of {round}", disc.area());
            assert!(iou(&disc.bounds().expect("points"), &DISC) > 0.95, "{model}: {:?}", disc.bounds());
            let bar = only(&found, BLUE).polygon.as_ref().expect("an outline");
            assert!((bar.area() / BAR.area() - 1.0).abs() < 0.04, "{model}: {}", bar.area());
        }
    }
    assert_eq!(ask("yolo", &scene(200, 100), |usual| usual)[0].polygon, None);
}

#[test]
fn turned_boxes_say_how_far() {
    if !has_runtime() {
        return;
    }
    let found = ask("yolo-obb", &scene(200, 100), |usual| usual);
    assert!((only(&found, RED).angle.expect("an angle") - 0.5_f64.to_degrees()).abs() < 1e-3);
    assert!(only(&found, BLUE).angle.expect("an angle").abs() < 1e-6);
}

#[test]
fn many_pictures_are_answered_as_one_by_one() {
    if !has_runtime() {
        return;
    }
    let pictures: Vec<Picture> = (0..19).map(|i| scene(200 + 7 * i, 100 + 11 * (i % 5))).collect();
    for model in ["yolo", "yolo-end2end", "detr", "picodet-nms", "yolov7-nms", "nanodet"] {
        let detector = open(model);
        let options = detector.usual();
        let together = detector.detect(&pictures, &options, &Stop::default()).expect("all");
        assert_eq!(together.len(), pictures.len(), "{model}");
        for (picture, found) in pictures.iter().zip(&together) {
            let alone = detector.detect(std::slice::from_ref(picture), &options, &Stop::default()).expect("one");
            assert_eq!(&alone[0], found, "{model}");
        }
        assert_eq!(detector.detect(&[], &options, &Stop::default()).expect("none"), Vec::<Vec<_>>::new(), "{model}");
    }
}

#[test]
fn side_by_side_is_answered_as_one_after_the_other() {
    if !has_runtime() {
        return;
    }
    let folder = stand_ins().join("nanodet-plus");
    let (manifest, options) = (manifest(&folder), OpenOptions { many: true, ..OpenOptions::default() });
    let many = open_detector(&Parts { manifest: &manifest, folder: &folder, options }).expect("it opens");
    let (one, usual) = (open("nanodet-plus"), many.usual().raw());
    let pictures: Vec<Picture> = (0..12).map(|n| scene(180 + 7 * n, 100)).collect();
    let alone = |detector: &dyn Detector, picture: &Picture| {
        detector.detect(std::slice::from_ref(picture), &usual, &Stop::default()).expect("it looks")
    };
    let wanted: Vec<_> = pictures.iter().map(|picture| alone(one.as_ref(), picture)).collect();
    let many = many.as_ref();
    std::thread::scope(|scope| {
        let look = |picture| scope.spawn(move || alone(many, picture));
        let found: Vec<_> = pictures.iter().map(look).collect();
        for (found, wanted) in found.into_iter().zip(&wanted) {
            assert_eq!(found.join().expect("no panic"), *wanted);
        }
    });
}

#[test]
fn windows_are_shifted_back() {
    if !has_runtime() {
        return;
    }
    let detector = open("yolo-seg");
    let (options, slicing) = (detector.usual(), Slicing::square(120, 0.25));
    let found = detect_windows(&*detector, &[scene(300, 100), scene(90, 100)], &slicing, &options, &Stop::default());
    let found = found.expect("it looks");
    // Windows at 0, 90, 180: the disc is whole in the first, the bar in the second.
    let disc = found[0].iter().find(|one| one.window == 0 && one.detection.class == RED).expect("the disc");
    assert!(off(&disc.detection.rect, &DISC) < 1.0, "{disc:?}");
    let bar = found[0].iter().find(|one| one.window == 1 && one.detection.class == BLUE).expect("the bar");
    assert!(off(&bar.detection.rect, &BAR) < 1.0, "{bar:?}");
    let outline = bar.detection.polygon.as_ref().and_then(tator_domain::Polygon::bounds).expect("an outline");
    assert!(iou(&outline, &BAR) > 0.95, "{outline:?}");
    assert!(found[0].iter().all(|one| one.window != 2), "nothing is left in the last: {found:?}");
    assert_eq!(found[1].len(), 1, "the small picture has the disc alone");
}

#[test]
fn a_file_of_another_layout_is_refused_with_its_signature() {
    if !has_runtime() {
        return;
    }
    let refused = |model: &str, family: &str| {
        let folder = stand_ins().join(model);
        let manifest = Manifest { family: family.to_owned(), ..manifest(&folder) };
        let parts = Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() };
        open_detector(&parts).err().unwrap_or_else(|| panic!("{family} took {model}")).to_string()
    };
    let others = ["yolov5", "yolox", "detr", "detr_hf", "rf_detr", "nanodet", "picodet", "fastestdet"];
    for family in others {
        let error = refused("yolo", family);
        assert!(error.contains("output0 [?,7,8400]"), "{family}: {error}");
    }
    for model in ["detr", "detr-hf", "rf-detr", "nanodet", "picodet", "fastestdet", "yolov7-nms"] {
        refused(model, "yolo");
    }
    assert!(refused("yolo", "sam1").contains("rf_detr"), "it lists those that can");
}

#[test]
fn names_must_be_as_many_as_classes() {
    if !has_runtime() {
        return;
    }
    let folder = stand_ins().join("yolox");
    let mut manifest = manifest(&folder);
    let try_it =
        |manifest: &Manifest| open_detector(&Parts { manifest, folder: &folder, options: OpenOptions::default() });
    manifest.classes.pop();
    assert!(try_it(&manifest).err().is_some_and(|error| error.to_string().contains("2 class names")));
    manifest.classes.clear();
    assert_eq!(try_it(&manifest).expect("placeholders").classes(), ["class 0", "class 1", "class 2"]);
    let folder = stand_ins().join("detr");
    let manifest = Manifest { classes: vec!["blue".to_owned()], ..super::tests::manifest(&folder) };
    let parts = Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() };
    let detector = open_detector(&parts).expect("nothing tells how many it has");
    let outcome = detector.detect(&[scene(200, 100)], &detector.usual(), &Stop::default());
    assert!(matches!(outcome, Err(ModelError::UnknownClass { class: 2, named: 1 })), "{outcome:?}");
}

#[test]
fn a_run_can_be_stopped() {
    if !has_runtime() {
        return;
    }
    let (stop, detector) = (Stop::default(), open("yolo"));
    stop.stop();
    let outcome = detector.detect(&vec![scene(200, 100); 30], &detector.usual(), &stop);
    assert!(matches!(outcome, Err(ModelError::Stopped)));
}
