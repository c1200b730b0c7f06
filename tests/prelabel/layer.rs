//! Candidates of a run over the picture in the labeller: shown by key, cut by the slider, taken one by one and all at once
//! as ordinary boxes, beside what people have drawn and never over it.

use serde_json::{Value, json};

use super::{RECIPE, imported};
use crate::assist::{has_runtime, server_with, stand_ins};
use crate::harness::program::Server;
use crate::harness::webdriver::Browser;

const CONTROL: &str = "\u{E009}";
const ENTER: &str = "\u{E007}";
const SHIFT: &str = "\u{E008}";

fn boxes(server: &Server, image: i64) -> Vec<Value> {
    server.get(&format!("/api/v1/datasets/seen/images/{image}"))["boxes"].as_array().unwrap().clone()
}

fn saved(browser: &Browser) {
    browser.until("document.getElementById('lab-saved').dataset.mood === 'good' && document.getElementById('lab-saved-text').textContent.startsWith('Saved')");
}

#[test]
fn candidates_lie_over_the_picture_and_become_boxes_by_key() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 6, 2);
    let server = server_with(&workspace, &stand_ins());
    let Some(browser) = has_runtime(&server).then(Browser::open).flatten() else { return };
    let begun = server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": RECIPE, "run": "night" }));
    assert_eq!(server.job(begun["job_id"].as_i64().unwrap())["state"], "done");
    browser.go(&server.url);

    // From the candidates of an image into the labeller, with the layer on. Image 3 has a red and a blue thing and no label.
    browser.go(&format!("{}/d/seen/prelabel/runs/night/images/3", server.base));
    browser.until("document.querySelector('.found[data-ready]')");
    browser.script("document.querySelector('a[href*=\"run=night\"]').click()");
    browser.until("document.documentElement.dataset.labeller === 'ready'");
    browser.until("document.querySelector('.find-bar [data-how=run]').getAttribute('aria-pressed') === 'true'");
    browser.until("/^\\d/.test(document.querySelector('.find-count').textContent)");
    let legend = browser.until("document.querySelectorAll('.find-legend button').length === 3 && document.querySelector('.find-legend').textContent");
    assert!(legend.as_str().unwrap().contains("stand-in-yolox:windows"), "{legend}");
    // What each source said of the one that is looked at.
    let detail = browser.script("return document.querySelector('.find-detail').textContent");
    assert!(detail.as_str().unwrap().contains("stand-in-nanodet:full 0.9"), "{detail}");
    assert!(boxes(&server, 3).is_empty(), "a candidate is no box");

    // The slider hides what is not sure; a source is switched off and on.
    let level = |value: &str| {
        browser.script(&format!("const s = document.querySelector('.find-score input'); s.value = {value}; s.dispatchEvent(new Event('input', {{ bubbles: true }}))"))
    };
    level("1");
    browser.until("document.querySelector('.find-count').textContent === 'none'");
    level("0.3");
    browser.until("/^\\d/.test(document.querySelector('.find-count').textContent)");
    browser.script("document.querySelectorAll('.find-legend button').forEach((b) => b.click())");
    browser.until("document.querySelector('.find-count').textContent === 'none'");
    browser.script("document.querySelectorAll('.find-legend button').forEach((b) => b.click())");
    browser.until("/^\\d/.test(document.querySelector('.find-count').textContent)");

    // One by key, then all that are shown; each taken back by itself.
    browser.keys(&["y"]);
    browser.until("document.getElementById('lab-object-total').textContent === '1'");
    saved(&browser);
    let one = boxes(&server, 3);
    assert_eq!((one.len(), &one[0]["origin"]), (1, &json!("model:night")), "{one:?}");
    browser.keys(&[CONTROL, ENTER]);
    browser.until("Number(document.getElementById('lab-object-total').textContent) > 1");
    browser.until("document.querySelector('.find-count').textContent.startsWith('0') || document.querySelector('.find-count').textContent === 'none'");
    saved(&browser);
    let all = boxes(&server, 3);
    assert!(all.iter().any(|each| each["box_id"] == one[0]["box_id"]), "what was there stays: {all:?}");
    browser.keys(&[CONTROL, "z"]);
    browser.until("document.getElementById('lab-object-total').textContent === '1'");
    saved(&browser);
    assert_eq!(boxes(&server, 3).len(), 1);

    // The layer comes along to an image that people have labelled: what is drawn there is looked at, not taken again.
    let before = boxes(&server, 1);
    for image in [2, 1] {
        browser.keys(&[","]);
        browser.until(&format!("new URL(location.href).searchParams.get('image') === '{image}'"));
    }
    browser.until("document.querySelector('.find-legend').hidden === false && /^(\\d|none)/.test(document.querySelector('.find-count').textContent)");
    browser.keys(&[CONTROL, ENTER]);
    let after = boxes(&server, 1);
    for kept in &before {
        assert!(after.contains(kept), "{kept} in {after:?}");
    }
    // The key that brought it takes it away.
    browser.keys(&[SHIFT, "v"]);
    browser.until("document.querySelector('.find-bar').hidden");
    assert_eq!(browser.log(), Vec::<String>::new());
}
