//! Prelabelling through the real program, with the stand-ins of `tests/models` for detectors: they see red and blue
//! rectangles, so that every answer can be worked out by hand.

mod drafts;
mod layer;
mod measured;
mod merged;
mod pages;
mod resumed;
mod runs;
mod similar;

use std::fs;
use std::path::{Path, PathBuf};

use crate::assist::{stand_ins, with_models};
use crate::harness::program::Answer;

/// Sides of every picture here.
const SIZE: (u32, u32) = (320, 240);
const RED: [u8; 3] = [250, 10, 10];
const BLUE: [u8; 3] = [10, 10, 250];

/// A rectangle of one colour: x, y, w, h.
type Thing = ([u32; 4], [u8; 3]);

/// Where the things of picture `n` are: a red one on each, a blue one on every other.
fn things(n: u32) -> Vec<Thing> {
    let red = ([20 + 7 * (n % 9), 30 + 5 * (n % 7), 80, 60], RED);
    let blue = ([180, 120 + 3 * (n % 5), 90, 70], BLUE);
    if n.is_multiple_of(2) { vec![red, blue] } else { vec![red] }
}

/// A bitmap with these things on grey.
fn bitmap(things: &[Thing]) -> Vec<u8> {
    let (width, height) = SIZE;
    let mut pixels = vec![128; (3 * width * height) as usize];
    for ([left, top, w, h], [red, green, blue]) in things {
        for (x, y) in (*top..top + h).flat_map(|y| (*left..left + w).map(move |x| (x, y))) {
            // From the bottom up, as bitmaps have it.
            let at = (3 * ((height - 1 - y) * width + x)) as usize;
            pixels[at..at + 3].copy_from_slice(&[*blue, *green, *red]);
        }
    }
    let length = pixels.len() as u32;
    let mut file = b"BM".to_vec();
    for field in [54 + length, 0, 54, 40, width, height, 1 | 24 << 16, 0, length, 2835, 2835, 0, 0] {
        file.extend(field.to_le_bytes());
    }
    file.extend(pixels);
    file
}

/// A YOLO set of such pictures; the first `labelled` have their things as labels, of classes `blue` and `Rot`.
pub(crate) fn pictures(at: &Path, images: u32, labelled: u32) -> PathBuf {
    fs::create_dir_all(at.join("images")).unwrap();
    fs::create_dir_all(at.join("labels")).unwrap();
    let (width, height) = (f64::from(SIZE.0), f64::from(SIZE.1));
    for n in 0..images {
        let things = things(n);
        fs::write(at.join(format!("images/{n:03}.bmp")), bitmap(&things)).unwrap();
        let line = |(rect, colour): &Thing| {
            let [x, y, w, h] = rect.map(f64::from);
            let class = u8::from(*colour == RED);
            format!("{class} {} {} {} {}\n", (x + w / 2.0) / width, (y + h / 2.0) / height, w / width, h / height)
        };
        if n < labelled {
            fs::write(at.join(format!("labels/{n:03}.txt")), things.iter().map(line).collect::<String>()).unwrap();
        }
    }
    fs::write(at.join("data.yaml"), "path: .\ntrain: images\nnames: [blue, Rot]\n").unwrap();
    at.to_owned()
}

/// Two detectors, one of them over windows, too; `red` is `Rot` here.
pub(crate) const RECIPE: &str = r#"
name = "two"
[[detectors]]
model = "stand-in-yolox"
score = 0.2
windows = { side = 200, overlap = 0.3, merge = "nms", metric = "ios", threshold = 0.5 }
[[detectors]]
model = "stand-in-nanodet"
score = 0.2
[classes]
red = "Rot"
[fusion]
iou = 0.6
calibrate = "none"
"#;

/// `tator` with the stand-ins and no other models.
pub(crate) fn tator(workspace: &Path, arguments: &[&str]) -> Answer {
    let empty = workspace.with_extension("empty");
    fs::create_dir_all(&empty).unwrap();
    let mut command = with_models(&stand_ins(), &empty);
    let done = command.args(arguments).args(["--workspace", workspace.to_str().unwrap()]).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer { code: done.status.code().unwrap_or(-1), stdout: text(done.stdout), stderr: text(done.stderr) }
}

/// Whether models can run here.
pub(crate) fn has_runtime(workspace: &Path) -> bool {
    let listed = tator(workspace, &["doctor"]);
    let runs =
        !listed.stdout.contains("ONNX Runtime cannot be loaded") && !listed.stderr.contains("ONNX Runtime cannot");
    if !runs {
        eprintln!("not tested: {listed:?}");
    }
    runs
}

/// A workspace with such a dataset, `seen`, and the recipe's file beside it.
pub(crate) fn imported(folder: &Path, images: u32, labelled: u32) -> (PathBuf, PathBuf) {
    let (workspace, recipe) = (folder.join("w"), folder.join("two.toml"));
    let source = pictures(&folder.join("source"), images, labelled);
    tator(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    fs::write(&recipe, RECIPE).unwrap();
    (workspace, recipe)
}

/// Where the picture of that name lies in the dataset.
fn picture(workspace: &Path, name: &str) -> PathBuf {
    let mut folders = vec![workspace.join("datasets/seen/images")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with(name) {
                return path;
            }
        }
    }
    panic!("{name} is nowhere in {}", workspace.display())
}

fn sql(workspace: &Path, statement: &str) -> Vec<Vec<serde_json::Value>> {
    let answer = tator(workspace, &["sql", statement, "--format", "json"]).expect(0).json();
    serde_json::from_value(answer["rows"].clone()).unwrap()
}

/// The tables of a run that must be the same bytes every time.
fn table_bytes(workspace: &Path, run: &str) -> Vec<(String, Vec<u8>)> {
    let folder = workspace.join("tables/seen/runs").join(run);
    let names = ["images", "atoms", "candidates", "candidate_atoms"];
    names.map(|name| (name.to_owned(), fs::read(folder.join(format!("{name}.parquet"))).unwrap())).into()
}

#[track_caller]
fn same_tables(a: &[(String, Vec<u8>)], b: &[(String, Vec<u8>)]) {
    for ((name, a), (_, b)) in a.iter().zip(b) {
        assert!(a == b, "{name} differs: {} and {} bytes", a.len(), b.len());
    }
}
