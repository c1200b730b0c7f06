//! Models at a person's side, through the real program, with the stand-ins of `tests/models` for models: nothing is
//! fetched and every answer can be worked out by hand.

mod embed;
mod hub;
mod pulling;
mod segment;
mod shelf;
mod tweak;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::program::{Server, Starting, program};

/// SAM's mean colour, with which the stand-ins draw where the prompt is.
const MEAN: [u8; 3] = [124, 116, 104];
const WHITE: [u8; 3] = [255, 255, 255];
/// Sides of every picture here.
const SIZE: (u32, u32) = (200, 100);

pub fn stand_ins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

/// A command that sees these models and no others.
pub fn with_models(models: &Path, empty: &Path) -> std::process::Command {
    let mut command = program();
    command.env("TATOR_MODELS", models).env("XDG_CACHE_HOME", empty).env_remove("TATOR_HUB");
    command
}

/// A server with the stand-ins, of which SAM's and EfficientNet's are chosen.
pub fn server(workspace: &Path) -> Server {
    let server = server_with(workspace, &stand_ins());
    let choice = json!({ "segmenter": "stand-in-sam1", "embedder": "stand-in-efficientnet" });
    server.patch("/api/v1/assist", &choice);
    server
}

pub fn server_with(workspace: &Path, models: &Path) -> Server {
    let empty = workspace.with_extension("empty");
    fs::create_dir_all(&empty).unwrap();
    let log = workspace.with_extension("log");
    let mut command = with_models(models, &empty);
    command.args(["serve", "--listen", "127.0.0.1:0", "--workspace"]).arg(workspace);
    command.stderr(fs::File::options().create(true).append(true).open(&log).unwrap());
    Starting::spawn(&mut command, log).ready()
}

/// Without ONNX Runtime none of this can be tested.
pub fn has_runtime(server: &Server) -> bool {
    let problem = server.get("/api/v1/models")["runtime"]["problem"].clone();
    if !problem.is_null() {
        eprintln!("not tested: {problem}");
    }
    problem.is_null()
}

/// A whole bitmap of one colour.
pub fn bitmap([red, green, blue]: [u8; 3]) -> Vec<u8> {
    let (width, height) = SIZE;
    let pixels = [blue, green, red].repeat((width * height) as usize);
    let mut file = b"BM".to_vec();
    let length = pixels.len() as u32;
    for field in [54 + length, 0, 54, 40, width, height, 1 | 24 << 16, 0, length, 2835, 2835, 0, 0] {
        file.extend(field.to_le_bytes());
    }
    file.extend(pixels);
    file
}

/// A YOLO set of pictures of one colour each, by number, with a box of class `coin` in the middle of each.
fn pictures(at: &Path, colours: &[[u8; 3]]) -> PathBuf {
    fs::create_dir_all(at.join("images")).unwrap();
    fs::create_dir_all(at.join("labels")).unwrap();
    for (n, colour) in colours.iter().enumerate() {
        fs::write(at.join(format!("images/{n:03}.bmp")), bitmap(*colour)).unwrap();
        fs::write(at.join(format!("labels/{n:03}.txt")), "0 0.5 0.5 0.3 0.5\n").unwrap();
    }
    fs::write(at.join("data.yaml"), "path: .\ntrain: images\nnames: [coin, note]\n").unwrap();
    at.to_owned()
}

/// The edges of two boxes differ by at most so much.
#[track_caller]
fn near(found: &Value, wanted: [f64; 4], tolerance: f64) {
    let found: [f64; 4] = serde_json::from_value(found.clone()).unwrap();
    let off = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off <= tolerance, "{found:?}, wanted {wanted:?}");
}
