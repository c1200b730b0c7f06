//! Every family against its stand-in (`tests/models/README.md` says what each computes), and the real ones that are here.

use std::path::{Path, PathBuf};

use tator_domain::{PixelBox, iou};

use super::*;
use crate::network::Stop;
use crate::picture::Picture;
use crate::runtime::runtime_library;
use crate::segmenter::{MaskGrid, Prompt};

/// SAM's mean colour: the stand-ins then draw where the prompt is.
const MEAN: [u8; 3] = [124, 116, 104];
const WIDTH: u32 = 200;
const HEIGHT: u32 = 100;

pub(super) fn stand_ins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models")
}

/// Without ONNX Runtime, on a platform `make setup` does not know, nothing of this can be tested.
#[expect(clippy::print_stderr, reason = "a test that cannot be made says so")]
pub(super) fn has_runtime() -> bool {
    let found = runtime_library();
    if let Err(error) = &found {
        eprintln!("not tested: {error}");
    }
    found.is_ok()
}

pub(super) fn manifest(folder: &Path) -> Manifest {
    let text = std::fs::read_to_string(folder.join("model.toml")).expect("a manifest");
    Manifest::parse(&text).expect("a sound manifest")
}

fn segmenter(folder: &Path) -> Box<dyn Segmenter> {
    let manifest = manifest(folder);
    open_segmenter(&Parts { manifest: &manifest, folder, options: OpenOptions::default() }).expect("it opens")
}

fn ask(model: &str, picture: &Picture, prompt: &Prompt) -> Vec<MaskGrid> {
    let segmenter = segmenter(&stand_ins().join(model));
    let encoding = segmenter.encode(picture, &Stop::default()).expect("it encodes");
    segmenter.decode(&encoding, prompt).expect("it decodes")
}

fn best_box(masks: &[MaskGrid], prompt: &Prompt) -> PixelBox {
    masks[0].outline(WIDTH, HEIGHT, prompt).expect("an outline").rect
}

fn point(x: f64, y: f64) -> Prompt {
    Prompt { points: vec![(x, y, true)], rect: None }
}

fn near(found: &PixelBox, wanted: &PixelBox, tolerance: f64, what: &str) {
    let edges = |b: &PixelBox| [b.x, b.y, b.right(), b.bottom()];
    let off = edges(found).iter().zip(edges(wanted)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off <= tolerance, "{what}: {found:?}, wanted {wanted:?}");
}

/// Families in which the picture keeps its shape.
const LONG_SIDE: [&str; 5] = ["sam1", "sam1-multimask", "sam1-hwc", "edge-sam", "sam-split"];
/// Families that stretch it.
const STRETCHED: [&str; 5] = ["efficient-sam", "sam2", "sam2-community", "sam2.1-community", "sam3-tracker"];
const SAM3: [&str; 3] = ["sam3", "sam3-full", "sam3-usls"];

#[test]
fn a_point_is_where_it_was_set() {
    if !has_runtime() {
        return;
    }
    let picture = Picture::filled(WIDTH, HEIGHT, MEAN);
    let prompt = point(50.0, 40.0);
    for (model, (rx, ry)) in LONG_SIDE.map(|model| (model, (12.5, 12.5))).into_iter().chain(STRETCHED.map(|model| {
        let side = if model == "sam3-tracker" { 1008.0 } else { 1024.0 };
        (model, (64.0 * 200.0 / side, 64.0 * 100.0 / side))
    })) {
        let masks = ask(model, &picture, &prompt);
        let wanted = PixelBox { x: 50.0 - rx, y: 40.0 - ry, w: 2.0 * rx, h: 2.0 * ry };
        near(&best_box(&masks, &prompt), &wanted, 0.6, model);
        assert!((masks[0].score - 0.9).abs() < 1e-3, "{model} breaks its contract: quality {}", masks[0].score);
    }
}

#[test]
fn a_box_is_where_it_was_drawn() {
    if !has_runtime() {
        return;
    }
    let picture = Picture::filled(WIDTH, HEIGHT, MEAN);
    let rect = PixelBox { x: 41.0, y: 22.0, w: 60.0, h: 49.0 };
    let prompt = Prompt { points: Vec::new(), rect: Some(rect) };
    for model in LONG_SIDE.into_iter().chain(STRETCHED).chain(SAM3) {
        let masks = ask(model, &picture, &prompt);
        let found = best_box(&masks, &prompt);
        if model == "sam-split" {
            // It has no box prompt: points stand for it.
            assert!(iou(&found, &rect) > 0.3, "{model}: {found:?}");
        } else {
            near(&found, &rect, 0.8, model);
        }
        let quality = if model == "sam3-usls" { 0.935 } else { 0.9 };
        assert!((masks[0].score - quality).abs() < 2e-3, "{model}: quality {}", masks[0].score);
    }
}

#[test]
fn a_point_beside_takes_away() {
    if !has_runtime() {
        return;
    }
    let picture = Picture::filled(WIDTH, HEIGHT, MEAN);
    let mut prompt = point(50.0, 40.0);
    prompt.points.push((58.0, 40.0, false));
    for model in ["sam1", "edge-sam", "sam-split", "sam2", "sam2.1-community"] {
        let masks = ask(model, &picture, &prompt);
        let bite = masks[0].outline(WIDTH, HEIGHT, &prompt).expect("an outline");
        let round = ask(model, &picture, &point(50.0, 40.0))[0].outline(WIDTH, HEIGHT, &prompt).expect("an outline");
        assert!(bite.polygon.area() < 0.9 * round.polygon.area(), "{model}");
    }
}

#[test]
fn four_masks_follow_sams_rule() {
    if !has_runtime() {
        return;
    }
    let picture = Picture::filled(WIDTH, HEIGHT, MEAN);
    let one = ask("sam1-multimask", &picture, &point(50.0, 40.0));
    assert_eq!(one.len(), 4);
    assert!((one[0].score - 0.9).abs() < 1e-3, "one point: the best of the three");
    let mut two = point(50.0, 40.0);
    two.points.push((52.0, 40.0, true));
    let masks = ask("sam1-multimask", &picture, &two);
    assert!((masks[0].score - 0.5).abs() < 1e-3, "two points and the padding: the single mask, whatever its quality");
}

#[test]
fn colours_reach_the_network_in_order() {
    if !has_runtime() {
        return;
    }
    // Pure red at the top left moves the mask by (36.0, −28.9) frame pixels.
    let picture = Picture::filled(WIDTH, HEIGHT, [255, 0, 0]);
    let prompt = point(100.0, 50.0);
    let scale = 200.0 / 1024.0;
    for model in ["sam1", "sam1-hwc", "edge-sam", "sam-split"] {
        let found = best_box(&ask(model, &picture, &prompt), &prompt);
        let wanted = PixelBox { x: 100.0 - 12.5 + 36.0 * scale, y: 50.0 - 12.5 - 28.9 * scale, w: 25.0, h: 25.0 };
        near(&found, &wanted, 0.7, model);
    }
}

#[test]
fn sam3_answers_about_what_was_pointed_at() {
    if !has_runtime() {
        return;
    }
    let picture = Picture::filled(WIDTH, HEIGHT, [127, 127, 127]);
    let prompt = point(120.0, 30.0);
    for model in SAM3 {
        let found = best_box(&ask(model, &picture, &prompt), &prompt);
        assert!(
            found.x <= 120.0 && found.right() >= 120.0 && found.y <= 30.0 && found.bottom() >= 30.0,
            "{model}: {found:?}"
        );
    }
}

#[test]
fn a_portrait_picture_fits_as_well() {
    if !has_runtime() {
        return;
    }
    let picture = Picture::filled(60, 240, MEAN);
    let rect = PixelBox { x: 10.0, y: 150.0, w: 30.0, h: 60.0 };
    let prompt = Prompt { points: Vec::new(), rect: Some(rect) };
    for model in ["sam1", "sam1-hwc", "edge-sam", "efficient-sam", "sam2", "sam2.1-community", "sam3-tracker"] {
        let masks = ask(model, &picture, &prompt);
        near(&masks[0].outline(60, 240, &prompt).expect("an outline").rect, &rect, 0.8, model);
    }
}

#[test]
fn encoders_see_the_colours_of_the_right_places() {
    if !has_runtime() {
        return;
    }
    // Left half red, right half white.
    let mut picture = Picture::filled(WIDTH, HEIGHT, [255, 255, 255]);
    for row in picture.rgb.chunks_exact_mut(3 * WIDTH as usize) {
        row[..3 * WIDTH as usize / 2].copy_from_slice(&[255, 0, 0].repeat(WIDTH as usize / 2));
    }
    let cases = [
        ("clip", crate::frame::Normalise::CLIP),
        ("clip-openai", crate::frame::Normalise::CLIP),
        ("siglip", crate::frame::Normalise::SIGNED),
        ("dinov2", crate::frame::Normalise::IMAGENET),
        ("dinov3", crate::frame::Normalise::IMAGENET),
        ("efficientnet", crate::frame::Normalise::LITE),
    ];
    for (model, normalise) in cases {
        let folder = stand_ins().join(model);
        let manifest = manifest(&folder);
        let parts = Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() };
        let embedder = open_embedder(&parts).expect("it opens");
        let vectors = embedder.embed(&[picture.clone(), picture.clone()], &Stop::default()).expect("it embeds");
        assert_eq!(vectors[0], vectors[1], "{model}");
        let vector = &vectors[0];
        assert_eq!(Some(vector.len()), embedder.dimension(), "{model}");
        let length: f32 = vector.iter().map(|v| v * v).sum();
        assert!((length - 1.0).abs() < 1e-4, "{model}: length {length}");
        let at = |value: f32, channel: usize| (value - normalise.mean[channel]) / normalise.std[channel];
        let wanted = [at(255.0, 0), at(127.5, 1), at(127.5, 2), at(255.0, 0), at(0.0, 1), at(0.0, 2)];
        for (i, wanted) in wanted.into_iter().enumerate() {
            let found = vector[i] / vector[9];
            assert!((found - wanted).abs() < 0.03, "{model}, value {i}: {found}, wanted {wanted}");
        }
    }
}

#[test]
fn a_model_of_another_family_is_refused_in_words() {
    if !has_runtime() {
        return;
    }
    let folder = stand_ins().join("edge-sam");
    for family in ["sam2", "sam3", "sam_split", "efficient_sam"] {
        let manifest = Manifest { family: family.to_owned(), ..manifest(&folder) };
        let parts = Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() };
        let Err(error) = open_segmenter(&parts) else { panic!("{family} took EdgeSAM's files") };
        assert!(error.to_string().contains("image_embeddings"), "{error}");
    }
    let manifest = Manifest { family: "sam9".to_owned(), ..manifest(&folder) };
    let parts = Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() };
    assert!(open_segmenter(&parts).err().is_some_and(|error| error.to_string().contains("efficient_sam")));
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    if !has_runtime() {
        return;
    }
    let file = stand_ins().join("README.md");
    let error = Network::open(&file, &OpenOptions::default()).err().expect("it is no model");
    assert!(matches!(error, ModelError::NotOpened { .. }), "{error}");
}

#[test]
fn a_run_can_be_stopped_before_it_begins() {
    if !has_runtime() {
        return;
    }
    let stop = Stop::default();
    stop.stop();
    let outcome = segmenter(&stand_ins().join("sam1")).encode(&Picture::filled(8, 8, MEAN), &stop);
    assert!(matches!(outcome, Err(ModelError::Stopped)));
}

/// The real segmenter that `make setup` fetches: a bright disc on dark ground, by a click and by a box.
#[test]
#[expect(clippy::print_stderr, reason = "a test that cannot be made says so")]
fn the_real_segmenter_finds_a_disc() {
    let shelf = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/tator/models"));
    let Some(folder) = shelf.map(|shelf| shelf.join("mobilesam")).filter(|folder| folder.join("model.toml").exists())
    else {
        eprintln!("not tested: the model mobilesam is not here");
        return;
    };
    if !has_runtime() {
        return;
    }
    let (side, centre, radius) = (320, (180.0, 140.0), 60.0);
    let mut picture = Picture::filled(side, side, [30, 40, 35]);
    for (i, pixel) in picture.rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = ((i % side as usize) as f64 + 0.5, (i / side as usize) as f64 + 0.5);
        if (x - centre.0).hypot(y - centre.1) < radius {
            pixel.copy_from_slice(&[230, 200, 60]);
        }
    }
    let disc = PixelBox { x: 120.0, y: 80.0, w: 120.0, h: 120.0 };
    let segmenter = segmenter(&folder);
    let encoding = segmenter.encode(&picture, &Stop::default()).expect("it encodes");
    let loose = PixelBox { x: 110.0, y: 72.0, w: 145.0, h: 136.0 };
    for prompt in [point(180.0, 140.0), Prompt { points: Vec::new(), rect: Some(loose) }] {
        let masks = segmenter.decode(&encoding, &prompt).expect("it decodes");
        let found = masks[0].outline(side, side, &prompt).expect("an outline").rect;
        assert!(iou(&found, &disc) > 0.9, "{prompt:?}: {found:?}");
    }
}
