//! Class heads and selection through the real program, with the stand-in for EfficientNet-Lite0, whose vector is the mean
//! colour of a picture: what is red and what is blue is told apart, and every answer can be worked out by hand.

mod selecting;
mod training;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::program::{Answer, Server, Starting, program};

/// Sides of every picture here.
const SIZE: (usize, usize) = (160, 120);
const RED: [u8; 3] = [220, 30, 40];
const BLUE: [u8; 3] = [30, 60, 210];
const GREY: [u8; 3] = [128, 128, 128];
pub const ENCODER: &str = "stand-in-efficientnet";

/// Commands and servers that see the stand-ins and no other models.
pub struct Shop {
    pub workspace: PathBuf,
    empty: PathBuf,
}

impl Shop {
    /// A workspace with the dataset `seen`: so many labelled pictures, each with a red coin and a blue note, and so many
    /// that nobody has labelled.
    pub fn open(folder: &Path, labelled: usize, unlabelled: usize) -> Self {
        let empty = folder.join("no-models");
        fs::create_dir_all(&empty).unwrap();
        let shop = Self { workspace: folder.join("w"), empty };
        let source = painted(&folder.join("source"), labelled, unlabelled);
        shop.run(&["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
        shop
    }

    fn command(&self) -> Command {
        let mut command = program();
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
        command.env("TATOR_MODELS", models).env("XDG_CACHE_HOME", &self.empty).env_remove("TATOR_HUB");
        command
    }

    /// Runs `tator` on the workspace.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        let done = self.command().args(arguments).arg("--workspace").arg(&self.workspace).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Answer { code: done.status.code().unwrap_or(-1), stdout: text(done.stdout), stderr: text(done.stderr) }
    }

    /// Vectors of boxes and images; false without ONNX Runtime, in words.
    pub fn embed(&self) -> bool {
        let done = self.run(&["embed", "--dataset", "seen", "--model", ENCODER]);
        if done.code != 0 && done.stderr.contains("ONNX Runtime") {
            eprintln!("not tested: {}", done.stderr);
            return false;
        }
        done.expect(0);
        true
    }

    pub fn serve(&self) -> Server {
        let log = self.workspace.with_extension("log");
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--workspace"]).arg(&self.workspace);
        command.stderr(fs::File::options().create(true).append(true).open(&log).unwrap());
        let server = Starting::spawn(&mut command, log).ready();
        server.patch("/api/v1/assist", &json!({ "embedder": ENCODER }));
        server
    }

    /// Trains a head and gives what the command printed.
    pub fn train(&self, more: &[&str]) -> Value {
        let mut arguments = vec!["train", "head", "--dataset", "seen", "--encoder", ENCODER, "--json"];
        arguments.extend(more);
        self.run(&arguments).expect(0).json()
    }
}

/// A grey bitmap with rectangles `[x, y, w, h]` of a colour; a little brighter or darker by number, so that no two are one.
fn bitmap(number: usize, rects: &[([usize; 4], [u8; 3])]) -> Vec<u8> {
    let (width, height) = SIZE;
    let mut file = b"BM".to_vec();
    let length = (width * height * 3) as u32;
    let sides = [width as u32, height as u32];
    for field in [54 + length, 0, 54, 40, sides[0], sides[1], 1 | 24 << 16, 0, length, 2835, 2835, 0, 0] {
        file.extend(field.to_le_bytes());
    }
    for row in (0..height).rev() {
        for column in 0..width {
            let inside = |[x, y, w, h]: [usize; 4]| (x..x + w).contains(&column) && (y..y + h).contains(&row);
            let [red, green, blue] = rects.iter().find(|(rect, _)| inside(*rect)).map_or(GREY, |(_, colour)| *colour);
            let shade = (number * 7 % 40) as u8;
            file.extend([blue.saturating_add(shade), green.saturating_add(shade), red.saturating_add(shade)]);
        }
    }
    file
}

/// Where the coin and the note lie on a picture.
pub fn places(number: usize) -> [[usize; 4]; 2] {
    let shift = number * 5 % 30;
    [[8 + shift, 10, 40, 40], [90 + shift, 60, 36, 44]]
}

fn painted(at: &Path, labelled: usize, unlabelled: usize) -> PathBuf {
    fs::create_dir_all(at.join("images")).unwrap();
    fs::create_dir_all(at.join("labels")).unwrap();
    for number in 0..labelled + unlabelled {
        let [coin, note] = places(number);
        fs::write(at.join(format!("images/{number:03}.bmp")), bitmap(number, &[(coin, RED), (note, BLUE)])).unwrap();
        let line = |class: usize, [x, y, w, h]: [usize; 4]| {
            let (width, height) = (SIZE.0 as f64, SIZE.1 as f64);
            let middle = |start: usize, side: usize, whole: f64| (start as f64 + side as f64 / 2.0) / whole;
            let sides = (w as f64 / width, h as f64 / height);
            format!("{class} {} {} {} {}\n", middle(x, w, width), middle(y, h, height), sides.0, sides.1)
        };
        if number < labelled {
            fs::write(at.join(format!("labels/{number:03}.txt")), line(0, coin) + &line(1, note)).unwrap();
        }
    }
    fs::write(at.join("data.yaml"), "path: .\ntrain: images\nnames: [coin, note]\n").unwrap();
    at.to_owned()
}
