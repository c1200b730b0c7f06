//! Outlines and turned boxes drawn and saved, boxes locked and hidden, keys out to a file and in again.

use super::{boxes_of, draw, image_called, labeller_shows, open_labeller, photographs, saved};
use crate::harness::program::{Server, tator_in};
use crate::harness::webdriver::Browser;

const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const SHIFT: &str = "\u{E008}";

#[test]
fn shapes_are_drawn_turned_locked_and_hidden_and_keys_travel_in_a_file() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (source, workspace) = (photographs(&folder.path().join("photographs")), folder.path().join("w"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "shapes"]).expect(0);
    let server = Server::start(&workspace);
    browser.go(&server.url);
    let image = image_called(&server, "shapes", "coins.png");
    open_labeller(&browser, &server, "shapes", image, 0);

    browser.keys(&["p"]);
    for at in [(0.35, 0.35), (0.6, 0.35), (0.5, 0.6)] {
        draw(&browser, at, at);
    }
    browser.keys(&[ENTER]);
    labeller_shows(&browser, 1);
    saved(&browser);
    outline_is_tight(&boxes_of(&server, "shapes", image)[0], 3);

    // A corner by keys: held, moved, and one more beside it.
    browser.keys(&[SHIFT, "p"]);
    browser.keys(&[ENTER]);
    browser.until("document.getElementById('lab-live').textContent.includes('Corner 2 of 4')");
    browser.keys(&["v"]);
    saved(&browser);
    outline_is_tight(&boxes_of(&server, "shapes", image)[0], 4);
    browser.keys(&[ESCAPE]);
    browser.keys(&[ESCAPE]);

    turned_box(&browser, &server, image);
    lock_and_hide(&browser, &server, image);
    keys_as_a_file(&browser, folder.path());
    assert_eq!(browser.log(), Vec::<String>::new());
}

fn outline_is_tight(found: &serde_json::Value, corners: usize) {
    let side = |name: &str| found[name].as_f64().unwrap();
    let ring: Vec<[f64; 2]> = serde_json::from_value(found["polygon"][0].clone()).unwrap();
    assert_eq!(ring.len(), corners, "{found}");
    let low = |n: usize| ring.iter().map(|p| p[n]).fold(f64::MAX, f64::min);
    let high = |n: usize| ring.iter().map(|p| p[n]).fold(f64::MIN, f64::max);
    for (have, want) in
        [(side("x"), low(0)), (side("y"), low(1)), (side("w"), high(0) - low(0)), (side("h"), high(1) - low(1))]
    {
        assert!((have - want).abs() < 1e-6, "{found}");
    }
}

/// One side by a drag, the width by a click, then a turn of 15 degrees by key.
fn turned_box(browser: &Browser, server: &Server, image: i64) {
    browser.keys(&["o"]);
    draw(browser, (0.4, 0.65), (0.5, 0.75));
    draw(browser, (0.42, 0.8), (0.42, 0.8));
    labeller_shows(browser, 2);
    saved(browser);
    let angle = || boxes_of(server, "shapes", image)[1]["angle"].as_f64().unwrap_or_default();
    let before = angle();
    assert!(before > 5.0, "the box is not turned: {before}");
    browser.keys(&["t"]);
    browser.until("document.getElementById('lab-field-angle').value !== ''");
    browser.keys(&["v"]);
    saved(browser);
    assert!((angle() - before - 15.0).abs() < 0.2, "{before} → {}", angle());
    browser.keys(&[ESCAPE]);
}

/// A locked box does not move or go; a hidden one leaves the canvas, not the list.
fn lock_and_hide(browser: &Browser, server: &Server, image: i64) {
    let before = boxes_of(server, "shapes", image);
    browser.click("#lab-object-list li[data-index='0']");
    browser.until("!document.getElementById('lab-editor').hidden");
    browser.click("#lab-field-lock");
    browser.until("document.querySelector('#lab-object-list li[data-index=\"0\"]').dataset.locked === 'true'");
    browser.keys(&["w"]);
    browser.until("document.querySelector('.lab-toast')?.textContent.includes('locked')");
    labeller_shows(browser, 2);
    browser.keys(&[SHIFT, "h"]);
    browser.until("document.querySelector('#lab-object-list li[data-index=\"0\"]').dataset.veiled === 'true'");
    labeller_shows(browser, 2);
    browser.click("#lab-filter-toggle");
    browser.script("const s = document.getElementById('lab-filter-state'); s.value = 'locked'; s.dispatchEvent(new Event('input', { bubbles: true }))");
    browser.until("document.getElementById('lab-object-total').textContent === '1 of 2'");
    browser.click("#lab-filter-toggle");
    labeller_shows(browser, 2);
    assert_eq!(boxes_of(server, "shapes", image), before);
}

/// Another profile, its file out, the first profile, and the file in again.
fn keys_as_a_file(browser: &Browser, folder: &std::path::Path) {
    browser.script("document.getElementById('lab-shapes').focus()");
    browser.keys(&["?"]);
    browser.until("document.getElementById('lab-help').open");
    browser.script(
        "window.kept = []; const made = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => window.kept.push(text)); return made.call(URL, blob); };
         const s = document.getElementById('lab-help-profile'); s.value = 'walking'; s.dispatchEvent(new Event('change'))",
    );
    let next = "document.querySelector('[data-action=\"next-image\"]').textContent";
    browser.until(&format!("{next}.includes('D')"));
    browser.click("#lab-help-export");
    let text = browser.until("window.kept[0]");
    let file = folder.join("keys.json");
    std::fs::write(&file, text.as_str().unwrap()).unwrap();
    browser.script("const s = document.getElementById('lab-help-profile'); s.value = 'tator'; s.dispatchEvent(new Event('change'))");
    browser.until(&format!("!{next}.includes('D')"));
    browser.script("document.getElementById('lab-help-file').hidden = false");
    browser.fill("#lab-help-file", file.to_str().unwrap());
    browser.until(&format!("{next}.includes('D') && document.getElementById('lab-help-profile').value === 'walking'"));
}
