//! Proposals in the labeller and the page of the words, with the demo's own models. Without the models (`make setup`
//! fetches them) the tests of proposals say so and do nothing.

use std::fs;
use std::path::Path;

use super::{CONTROL, boxes_of, draw, image_called, labeller_shows, open_labeller, saved};
use crate::harness::program::{Server, tator_in};
use crate::harness::webdriver::Browser;

const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const SHIFT: &str = "\u{E008}";

/// A browser, and a server with two photographs of the demo; nothing, and loudly so, where models are missing.
fn ready(folder: &Path) -> Option<(Browser, Server)> {
    let browser = Browser::open()?;
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/demo/images/train");
    let source = folder.join("photographs");
    fs::create_dir_all(source.join("images")).unwrap();
    fs::create_dir_all(source.join("labels")).unwrap();
    for name in ["astronaut.png", "baseball.webp"] {
        fs::copy(demo.join(name), source.join("images").join(name)).unwrap();
    }
    fs::write(source.join("data.yaml"), "path: .\ntrain: images\nnames: [person, baseball glove]\n").unwrap();
    let workspace = folder.join("w");
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "found"]).expect(0);
    let server = Server::start(&workspace);
    let models = server.get("/api/v1/models");
    let has = |task: &str, part: &str| {
        models["models"].as_array().unwrap().iter().any(|model| {
            model["task"] == task && model["files"].as_array().unwrap().iter().any(|file| file["part"] == part)
        })
    };
    if !has("detect", "model") || !has("embed", "text") {
        eprintln!(
            "SKIPPED: there is no detector or no text tower (run make setup), so proposals were not tried in a browser"
        );
        return None;
    }
    browser.go(&server.url);
    Some((browser, server))
}

fn with_shift(browser: &Browser, key: &str) {
    browser.keys(&[SHIFT, key]);
}

#[test]
fn words_propose_keys_take_and_undo_takes_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some((browser, server)) = ready(folder.path()) else { return };
    let image = image_called(&server, "found", "baseball.webp");
    open_labeller(&browser, &server, "found", image, 0);
    // Words: the bar opens with the cursor in it; typing goes there and not to the keys of the labeller.
    with_shift(&browser, "w");
    browser.until("document.activeElement === document.querySelector('.find-bar form input')");
    browser.fill(".find-bar form input", "baseball glove, ball");
    browser.keys(&[ENTER]);
    browser.until("/^\\d|none/.test(document.querySelector('.find-count').textContent)");
    assert_eq!(boxes_of(&server, "found", image).len(), 0, "a proposal is no box yet");
    // The slider decides what is shown.
    browser.script(
        "const s = document.querySelector('.find-score input'); s.value = 0.05; s.dispatchEvent(new Event('input', {bubbles: true}))",
    );
    browser.until("/^\\d/.test(document.querySelector('.find-count').textContent)");
    browser.keys(&["y"]);
    labeller_shows(&browser, 1);
    saved(&browser);
    let taken = boxes_of(&server, "found", image);
    assert!(taken[0]["origin"].as_str().unwrap().starts_with("model:efficientnet-lite0+"), "{taken:?}");
    browser.keys(&[CONTROL, "z"]);
    labeller_shows(&browser, 0);
    saved(&browser);
    assert_eq!(boxes_of(&server, "found", image).len(), 0);
    browser.keys(&[ESCAPE]);
    browser.until("document.querySelector('.find-bar').hidden");
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn a_detector_proposes_all_are_taken_and_more_like_one_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let Some((browser, server)) = ready(folder.path()) else { return };
    let image = image_called(&server, "found", "astronaut.png");
    open_labeller(&browser, &server, "found", image, 0);
    with_shift(&browser, "f");
    browser.until("/^\\d/.test(document.querySelector('.find-count').textContent)");
    browser.keys(&[CONTROL, ENTER]);
    browser.until("document.getElementById('lab-object-total').textContent !== '0'");
    saved(&browser);
    let taken = boxes_of(&server, "found", image);
    assert!(taken.iter().any(|one| one["origin"] == "model:yolox-nano"), "{taken:?}");
    browser.keys(&[CONTROL, "z"]);
    labeller_shows(&browser, 0);

    // More like a drawn box, which stays the only box until something is taken.
    browser.keys(&["1"]);
    browser.keys(&["r"]);
    draw(&browser, (0.4, 0.3), (0.6, 0.6));
    labeller_shows(&browser, 1);
    with_shift(&browser, "e");
    browser.until("document.querySelector('.find-bar [data-how=like]').getAttribute('aria-pressed') === 'true'");
    browser.until("/^\\d|none/.test(document.querySelector('.find-count').textContent)");
    labeller_shows(&browser, 1);
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn words_are_written_taken_over_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let Some(browser) = Browser::open() else { return };
    let workspace = folder.path().join("w");
    let source = super::photographs(&folder.path().join("source"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "spoken"]).expect(0);
    let server = Server::start(&workspace);
    browser.go(&server.url);
    browser.go(&format!("{}/d/spoken/glossary", server.base));
    browser.fill("#pasted", "face: visage, head");
    browser.click("form[action$='/read'] button");
    browser.until("document.querySelector('[role=status].note')?.textContent.includes('2 new words')");
    let field = "[...document.querySelectorAll('.words input')].find((i) => i.getAttribute('aria-label') === 'Your words for face')";
    assert_eq!(browser.until(&format!("{field}.value")), "visage, head");
    browser.script(&format!("{field}.value = 'visage, countenance'"));
    browser.click("form.words button");
    browser.until("document.querySelector('[role=status].note')?.textContent.startsWith('Kept')");
    let words = server.get("/api/v1/datasets/spoken/glossary");
    let face = words["classes"].as_array().unwrap().iter().find(|class| class["name"] == "face").unwrap();
    assert_eq!(face["terms"], serde_json::json!(["visage", "countenance"]));
    assert_eq!(browser.log(), Vec::<String>::new());
}
