//! The pages of exploring in a real browser.

use serde_json::json;

use super::{done, embed, imported};
use crate::assist;
use crate::harness::program::Server;
use crate::harness::webdriver::Browser;

const BOXES: &str = "0 0.25 0.5 0.3 0.5\n1 0.75 0.5 0.3 0.5\n";
const READY: &str = "document.documentElement.dataset.map === 'ready'";

/// What is chosen on the map.
fn chosen(browser: &Browser) -> i64 {
    let words = "return Number(document.querySelector('[data-chosen-count]').textContent)";
    browser.script(words).as_i64().unwrap()
}

#[test]
fn points_are_chosen_coloured_filtered_and_followed_into_the_gallery() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let pictures: Vec<_> = (0..12u8).map(|n| ("train", [20 * n, 100, 250 - 20 * n], BOXES)).collect();
    let server = assist::server(&imported(folder.path(), &pictures));
    browser.go(&server.url);
    browser.go(&format!("{}/d/seen/map", server.base));
    browser.until("document.querySelector('form[action$=\"/map/embed\"]') !== null");
    if !assist::has_runtime(&server) {
        return;
    }
    embed(&server);
    browser.reload();
    browser.until("document.querySelector('#make-method') !== null");
    done(&server, "maps", &json!({ "method": "pca" }));
    browser.reload();
    browser.until(READY);
    assert_eq!(browser.script("return document.querySelector('[data-told]').textContent"), "24 points");

    // A rectangle over everything, by pointer.
    browser.keys(&["r"]);
    let at = browser.script("const r = document.querySelector('[data-stage]').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]");
    let side = |n: usize| at[n].as_f64().unwrap();
    browser.drag((side(0) + 4.0, side(1) + 4.0), (side(0) + side(2) - 4.0, side(1) + side(3) - 4.0));
    browser.until("!document.querySelector('[data-chosen]').hidden");
    assert_eq!(chosen(&browser), 24);
    browser.until("document.querySelectorAll('[data-crops] li').length === 24");

    // A word of the legend is hidden; what is chosen follows.
    browser.click("[data-legend] button[data-code='0']");
    browser.until("document.querySelector('[data-chosen-count]').textContent === '12'");
    browser.click("[data-legend] button[data-code='0']");
    browser.until("document.querySelector('[data-chosen-count]').textContent === '24'");

    // A condition leaves the boxes of two images; their gallery has just those.
    browser.script("const f = document.querySelector('[data-where]'); f.value = 'image_id <= 2'; f.dispatchEvent(new Event('change'))");
    browser.until("document.querySelector('[data-chosen-count]').textContent === '4'");
    assert_eq!(browser.script("return new URLSearchParams(location.search).get('where')"), "image_id <= 2");
    browser.click("[data-to-gallery]");
    browser.until("document.querySelectorAll('.cell').length === 2");

    // Reload keeps colour and condition; keys alone choose as well.
    browser.go(&format!("{}/d/seen/map?colour=split&where=image_id%20%3D%203", server.base));
    browser.until(READY);
    browser.until("document.querySelector('[data-told]').textContent === '2 of 24 points'");
    assert_eq!(browser.script("return document.querySelector('[data-colour]').value"), "split");
    browser.script("document.querySelector('[data-stage]').focus()");
    browser.keys(&["n", "\u{E007}"]);
    browser.until("document.querySelector('[data-chosen-count]').textContent === '1'");
    browser.keys(&["\u{E00C}", "v"]);
    browser.until("document.querySelector('[data-chosen-count]').textContent === '2'");
    let said: Vec<String> = browser.log().into_iter().filter(|line| !line.contains("WebGL")).collect();
    // What the driver says about drawing without a graphics card is no fault of the page.
    assert_eq!(said, Vec::<String>::new());
}

#[test]
fn a_fix_by_key_stands_in_the_history_and_comes_back_when_it_is_undone() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let twice = "0 0.5 0.5 0.3 0.5\n0 0.501 0.5 0.3 0.5\n";
    let pictures = [("train", [200, 30, 30], twice), ("train", [30, 200, 30], twice), ("val", [30, 30, 200], twice)];
    let server = Server::start(&imported(folder.path(), &pictures));
    browser.go(&server.url);
    browser.go(&format!("{}/d/seen/quality", server.base));
    browser.until("document.querySelector('.quality-look button') !== null");
    done(&server, "quality", &json!({}));
    browser.go(&format!("{}/d/seen/quality?kind=overlap", server.base));
    browser.until("document.querySelectorAll('.card').length === 3");
    browser.until("document.activeElement.classList.contains('card')");
    browser.keys(&["f"]);
    browser.until("document.querySelectorAll('.card').length === 2");
    browser.keys(&["k"]);
    browser.until("document.querySelectorAll('.card').length === 1");
    browser.until("document.querySelector('[data-left]').textContent === '1 wait'");
    assert_eq!(server.sql("SELECT count(*) FROM seen.boxes"), [[json!(5)]]);

    // The history takes the fix back, and the finding waits again; what was kept does not.
    let changes = server.get("/api/v1/datasets/seen/history");
    let change =
        changes["changes"].as_array().unwrap().iter().find(|c| c["kind"] == "edit").unwrap()["change_id"].clone();
    server.post(&format!("/api/v1/datasets/seen/history/{change}/undo"), &json!({}));
    browser.reload();
    browser.until("document.querySelectorAll('.card').length === 2");
    assert_eq!(server.sql("SELECT count(*) FROM seen.boxes"), [[json!(6)]]);

    // U takes back what was decided here.
    browser.until("document.activeElement.classList.contains('card')");
    browser.keys(&["s"]);
    browser.until("document.querySelectorAll('.card').length === 1");
    browser.keys(&["u"]);
    browser.until("document.querySelectorAll('.card').length === 2");
    assert_eq!(browser.log(), Vec::<String>::new());
}
