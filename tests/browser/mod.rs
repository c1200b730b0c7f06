//! Journeys in a real browser, with a real server. Without chromium and chromedriver they say so and do nothing.

mod assists;
mod first_day;
mod look_alikes;
mod pages;
mod people;
mod reviewed;
mod shapes;
mod training;
mod two_tabs;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::program::Server;
use crate::harness::webdriver::Browser;

pub const CONTROL: &str = "\u{E009}";

/// Three photographs of the demo as a YOLO folder with two classes: one with two boxes, two without labels.
pub fn photographs(at: &Path) -> PathBuf {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/demo/images/train");
    fs::create_dir_all(at.join("images")).unwrap();
    fs::create_dir_all(at.join("labels")).unwrap();
    for name in ["astronaut.png", "coins.png", "dahlia.jpg"] {
        fs::copy(demo.join(name), at.join("images").join(name)).unwrap();
    }
    fs::write(at.join("labels/astronaut.txt"), "0 0.5 0.5 0.25 0.5\n1 0.25 0.25 0.125 0.125\n").unwrap();
    fs::write(at.join("data.yaml"), "path: .\ntrain: images\nnames: [thing, face]\n").unwrap();
    at.to_owned()
}

/// Number of the image whose path ends so.
pub fn image_called(server: &Server, dataset: &str, name: &str) -> i64 {
    let page = server.get(&format!("/api/v1/datasets/{dataset}/images?limit=100"));
    let images = page["images"].as_array().unwrap();
    let found = images.iter().find(|i| i["path"].as_str().unwrap().ends_with(name));
    found.unwrap_or_else(|| panic!("{name} is not in {page}"))["image_id"].as_i64().unwrap()
}

pub fn boxes_of(server: &Server, dataset: &str, image: i64) -> Vec<Value> {
    let seen = server.get(&format!("/api/v1/datasets/{dataset}/images/{image}"));
    seen["boxes"].as_array().unwrap().clone()
}

/// Opens the labeller and waits until the image is there with this many boxes.
pub fn open_labeller(browser: &Browser, server: &Server, dataset: &str, image: i64, boxes: usize) {
    browser.go(&format!("{}/d/{dataset}/label?image={image}", server.base));
    labeller_shows(browser, boxes);
}

pub fn labeller_shows(browser: &Browser, boxes: usize) {
    browser.until("document.documentElement.dataset.labeller === 'ready'");
    browser.until(&format!("document.getElementById('lab-object-total').textContent === '{boxes}'"));
}

pub fn saved(browser: &Browser) {
    browser.until("document.getElementById('lab-saved-text').textContent === 'Saved'");
}

/// Draws a box between two points given as parts of the stage.
pub fn draw(browser: &Browser, from: (f64, f64), to: (f64, f64)) {
    let at = browser.script(
        "const r = document.getElementById('lab-shapes').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]",
    );
    let side = |n: usize| at[n].as_f64().unwrap();
    let place = |(x, y): (f64, f64)| (side(0) + side(2) * x, side(1) + side(3) * y);
    browser.drag(place(from), place(to));
}

/// What the list of objects says, row by row.
pub fn objects(browser: &Browser) -> Vec<String> {
    let rows = browser.script(
        "return [...document.querySelectorAll('#lab-object-list li')].sort((a, b) => a.dataset.index - b.dataset.index)
            .map((row) => row.querySelector('.lab-name').textContent + ' ' + row.querySelector('.lab-count').textContent)",
    );
    serde_json::from_value(rows).unwrap()
}
