//! The model assists with the demo's own models: by keyboard alone, fitted boxes, several points. Without the models
//! (`make setup` fetches them) these tests say so and do nothing.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{CONTROL, boxes_of, draw, image_called, labeller_shows, objects, open_labeller, saved};
use crate::harness::program::{Server, tator_in};
use crate::harness::webdriver::Browser;

const ENTER: &str = "\u{E007}";
const RIGHT: &str = "\u{E014}";
const SHIFT: &str = "\u{E008}";

/// Photographs to label in the keyboard journey.
const TEN: usize = 10;

/// Photographs of the demo as a YOLO folder, the first `bare` without their labels; gives the folder and those names.
fn photographs(at: &Path, bare: usize) -> (PathBuf, Vec<String>) {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/demo");
    fs::create_dir_all(at.join("images")).unwrap();
    fs::create_dir_all(at.join("labels")).unwrap();
    let mut names: Vec<_> = fs::read_dir(demo.join("images/train")).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    for (n, picture) in names.iter().take(30).enumerate() {
        fs::copy(picture, at.join("images").join(picture.file_name().unwrap())).unwrap();
        let label = Path::new(picture.file_stem().unwrap()).with_extension("txt");
        let source = demo.join("labels/train").join(&label);
        if n >= bare && source.is_file() {
            fs::copy(source, at.join("labels").join(label)).unwrap();
        }
    }
    fs::copy(demo.join("data.yaml"), at.join("data.yaml")).unwrap();
    let yaml = fs::read_to_string(at.join("data.yaml")).unwrap();
    let lines = yaml.lines().filter(|line| !["val:", "test:"].iter().any(|key| line.starts_with(key)));
    let yaml: Vec<_> = lines.map(|line| if line.starts_with("train:") { "train: images" } else { line }).collect();
    fs::write(at.join("data.yaml"), yaml.join("\n")).unwrap();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    (at.to_owned(), names.iter().take(bare).map(name).collect())
}

/// A browser, and a server with a segmenter; nothing, and loudly so, where either is missing.
fn ready(folder: &Path, bare: usize) -> Option<(Browser, Server, Vec<String>)> {
    let browser = Browser::open()?;
    let (source, names) = photographs(&folder.join("photographs"), bare);
    let workspace = folder.join("w");
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "helped"]).expect(0);
    let server = Server::start(&workspace);
    if server.get("/api/v1/assist")["segmenter"].is_null() {
        eprintln!("SKIPPED: there is no segmenter (run make setup), so the assists were not tried in a browser");
        return None;
    }
    browser.go(&server.url);
    Some((browser, server, names))
}

fn stage(browser: &Browser) -> [f64; 2] {
    let size = browser
        .script("const r = document.getElementById('lab-shapes').getBoundingClientRect(); return [r.width, r.height]");
    [0, 1].map(|n: usize| size[n].as_f64().unwrap())
}

fn numbers(of: &Value) -> [f64; 4] {
    ["x", "y", "w", "h"].map(|side| of[side].as_f64().unwrap())
}

/// Nothing of this tab is in flight.
fn quiet(browser: &Browser) {
    browser.until("document.querySelector('.assist-line').hidden");
}

#[test]
fn ten_images_are_labelled_by_keyboard_alone() {
    let folder = tempfile::tempdir().unwrap();
    let Some((browser, server, names)) = ready(folder.path(), TEN) else { return };
    let first = image_called(&server, "helped", &names[0]);
    open_labeller(&browser, &server, "helped", first, 0);
    browser.keys(&["d"]);
    for name in &names {
        browser.until(&format!("document.getElementById('lab-path').title.endsWith({name:?})"));
        // A point where the aim is: in the middle, once a little to the right of it.
        if *name == names[1] {
            browser.keys(&[SHIFT, RIGHT]);
        }
        browser.keys(&["f"]);
        browser.until("document.getElementById('lab-object-total').textContent === '1'");
        browser.keys(&["2"]);
        browser.until("document.querySelector('#lab-object-list li .lab-name').textContent === 'bird'");
        browser.keys(&[" "]);
    }
    browser.until(&format!("!document.getElementById('lab-path').title.endsWith({:?})", names[TEN - 1]));
    saved(&browser);
    for name in &names {
        let image = image_called(&server, "helped", name);
        let seen = server.get(&format!("/api/v1/datasets/helped/images/{image}"));
        assert_eq!(seen["image"]["state"], "labelled", "{name}");
        let boxes = boxes_of(&server, "helped", image);
        assert_eq!(boxes.len(), 1, "{name}: {boxes:?}");
        assert!(boxes[0]["polygon"].as_array().is_some_and(|rings| !rings.is_empty()), "{name} has no outline");
    }
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn a_loose_box_is_fitted_and_undo_goes_back_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let Some((browser, server, _)) = ready(folder.path(), 30) else { return };
    let image = image_called(&server, "helped", "baseball.webp");
    open_labeller(&browser, &server, "helped", image, 0);
    browser.keys(&["s"]);
    let [width, height] = stage(&browser);
    assert!(width > 300.0 && height > 300.0);
    draw(&browser, (0.12, 0.06), (0.9, 0.95));
    labeller_shows(&browser, 1);
    // The fit may come before a slow machine has read the list: what was drawn is what undo gives back.
    browser.until("document.querySelector('#lab-object-list li .lab-mark').textContent === 'outline'");
    let fitted_row = objects(&browser);
    saved(&browser);
    let fitted = boxes_of(&server, "helped", image);
    assert!(fitted[0]["polygon"].is_array());

    browser.keys(&[CONTROL, "z"]);
    browser.until("document.querySelector('#lab-object-list li .lab-mark').textContent === ''");
    saved(&browser);
    assert_ne!(objects(&browser), fitted_row);
    let loose = boxes_of(&server, "helped", image);
    assert!(loose[0].get("polygon").is_none());
    assert_ne!(numbers(&loose[0]), numbers(&fitted[0]));
    browser.keys(&[CONTROL, "z"]);
    labeller_shows(&browser, 0);

    // The key fits a box that was drawn with another tool.
    browser.keys(&["r"]);
    draw(&browser, (0.12, 0.06), (0.9, 0.95));
    labeller_shows(&browser, 1);
    browser.keys(&["x"]);
    browser.until("document.querySelector('#lab-object-list li .lab-mark').textContent === 'outline'");
    quiet(&browser);
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn points_show_their_mask_and_enter_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some((browser, server, _)) = ready(folder.path(), 30) else { return };
    let image = image_called(&server, "helped", "baseball.webp");
    open_labeller(&browser, &server, "helped", image, 0);
    browser.keys(&["m"]);
    browser.keys(&["f"]);
    browser.until("/Mask found/.test(document.getElementById('lab-live').textContent)");
    browser.until("document.querySelector('.assist-chip').textContent.startsWith('Mask 1')");
    assert_eq!(boxes_of(&server, "helped", image).len(), 0, "a mask that is looked at is no box yet");
    browser.keys(&[CONTROL, RIGHT]);
    browser.keys(&["f"]);
    browser.keys(&[CONTROL, "z"]);
    browser.until("/Point taken back|Mask found/.test(document.getElementById('lab-live').textContent)");
    browser.keys(&[ENTER]);
    labeller_shows(&browser, 1);
    // Asked for, and left: the object comes all the same, where it belongs.
    browser.keys(&["f"]);
    browser.keys(&[ENTER]);
    browser.keys(&["."]);
    browser.until(&format!("!location.search.includes('image={image}')"));
    quiet(&browser);
    saved(&browser);
    assert_eq!(boxes_of(&server, "helped", image).len(), 2);
    assert_eq!(browser.log(), Vec::<String>::new());
}

/// Every box of a class is fitted by a job that is killed on its way, resumed, looked through, applied, undone.
#[test]
fn every_box_of_a_class_is_fitted_across_a_crash_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let Some((browser, server, _)) = ready(folder.path(), 0) else { return };
    let address = server.address().to_owned();
    let rows = "SELECT class_id, count(*) AS n FROM helped.boxes GROUP BY 1 HAVING count(*) BETWEEN 2 AND 8 ORDER BY 2 DESC, 1 LIMIT 1";
    let most = server.sql(rows).remove(0);
    let (class, count) = (most[0].as_i64().unwrap(), most[1].as_u64().unwrap());
    let sum = || format!("SELECT round(sum(x + y + w + h), 2) FROM helped.boxes WHERE class_id = {class}");
    let before = server.sql(&sum());
    let image = server.sql(&format!("SELECT min(image_id) FROM helped.boxes WHERE class_id = {class}"))[0][0].as_i64();
    browser.go(&format!("{}/d/helped/label?image={}", server.base, image.unwrap()));
    browser.until("document.documentElement.dataset.labeller === 'ready'");
    // A box of the class gives the class to the keys that follow.
    let row = "[...document.querySelectorAll('#lab-class-list li')].find((row) => row.getAttribute('aria-selected') === 'true')";
    let name = server.get("/api/v1/datasets/helped/classes");
    let name = name["classes"].as_array().unwrap().iter().find(|c| c["class_id"] == class).unwrap()["name"].clone();
    browser.keys(&["0"]);
    browser.fill("#lab-finder-input", name.as_str().unwrap());
    browser.keys(&[ENTER]);
    browser.until(&format!("{row}?.textContent.includes({name})"));
    browser.keys(&["x"]);
    browser.keys(&["x"]);
    browser.until("document.querySelector('.assist-batch[open][data-stage=ask]')");
    browser.click(".assist-batch-foot .assist-first");
    browser.until("document.querySelector('.assist-batch[data-stage=progress]')");
    server.kill();
    browser.until("/does not answer/.test(document.querySelector('.assist-figures')?.textContent)");

    let server = Server::start_at(&folder.path().join("w"), &address);
    browser.go(&server.url);
    browser.go(&format!("{}/d/helped/label?image={}", server.base, image.unwrap()));
    browser.until("document.documentElement.dataset.labeller === 'ready'");
    browser.until("[...document.querySelectorAll('.lab-toast button')].some((b) => b.textContent === 'Look')");
    browser.script("[...document.querySelectorAll('.lab-toast button')].find((b) => b.textContent === 'Look').click()");
    let stage = browser.until("document.querySelector('.assist-batch[open]')?.dataset.stage");
    if stage == "ended" {
        browser.click(".assist-batch-foot .assist-first");
    }
    browser.until("document.querySelector('.assist-batch[data-stage=review]')");
    let cards = browser.until("document.querySelectorAll('.assist-card').length");
    assert!(cards.as_u64().unwrap() <= count, "{cards} proposals for {count} boxes");
    assert_eq!(server.sql(&sum()), before, "proposals change nothing");
    browser.click(".assist-batch-foot .assist-first");
    browser.until("[...document.querySelectorAll('.lab-toast')].some((t) => /fitted\\./.test(t.textContent))");
    assert_ne!(server.sql(&sum()), before);
    browser.script("[...document.querySelectorAll('.lab-toast button')].find((b) => b.textContent === 'Undo').click()");
    browser.until("[...document.querySelectorAll('.lab-toast')].some((t) => /as they were/.test(t.textContent))");
    assert_eq!(server.sql(&sum()), before);
    // The address in the report of the job leads to the same proposals.
    browser.go(&format!("{}/d/helped/label?tweak={}", server.base, tweak_of(&server)));
    browser.until("document.querySelector('.assist-batch[open][data-stage=review]')");
}

/// The number of the newest tweak, as its job reports it.
fn tweak_of(server: &Server) -> String {
    let jobs = server.get("/api/v1/jobs");
    let report = jobs["jobs"].as_array().unwrap().iter().find_map(|job| job["report"]["tweak"]["review"].as_str());
    report.unwrap().rsplit('=').next().unwrap().to_owned()
}
