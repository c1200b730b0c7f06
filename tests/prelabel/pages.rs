//! The pages as a person without scripts meets them, and with them in a browser: compose, try, watch, compare, drafts, undo.

use serde_json::json;

use super::{RECIPE, imported};
use crate::assist::{has_runtime, server_with, stand_ins};
use crate::harness::webdriver::Browser;

#[test]
fn a_run_is_composed_tried_watched_compared_and_its_drafts_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 24, 12);
    let server = server_with(&workspace, &stand_ins());
    let Some(browser) = has_runtime(&server).then(Browser::open).flatten() else { return };
    browser.go(&server.url);
    let go = |path: &str| browser.go(&format!("{}{path}", server.base));
    let text = "document.getElementById('p-recipe').value";
    let press = |selector: &str| drop(browser.script(&format!("document.querySelector({selector:?}).click()")));

    // The form writes the text, the text the form.
    go("/d/seen/prelabel");
    browser.until(&format!("{text}.includes('name = \"fast\"')"));
    press("[name=windows]");
    browser.until(&format!("{text}.includes('windows')"));
    let set = |value: &str| {
        // A text that has just come in is not bound yet; no hand is that fast.
        browser.until("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')");
        browser.script(&format!(
            "const t = document.getElementById('p-recipe'); t.value = {}; t.dispatchEvent(new Event('change', {{ bubbles: true }}))",
            json!(value)
        ));
    };
    set("[[detectors]]\nmodel = 'x'\nscroe = 1");
    browser.until("document.getElementById('fields').textContent.includes('when the text can be read')");
    set(RECIPE);
    browser.until("[...document.querySelectorAll('[name=model]:checked')].length === 2");

    // What it would take, then a sample, watched to its end.
    press("[hx-post$=_estimate]");
    browser.until("document.getElementById('estimate').textContent.includes('images; ')");
    browser.fill("#p-sample", "8");
    press("[name=do][value=sample]");
    browser.until("document.querySelector('.pace') && document.body.textContent.includes('See the run')");
    browser.until("document.querySelector('.pace').textContent.includes('sets the pace')");
    press("a.button.first[href*='/prelabel/runs/']");
    browser.until("location.pathname.endsWith('/prelabel/runs/two_sample_1')");
    browser.until("document.querySelector('.k-union')");

    // A second run, and both beside each other.
    let more = server.post(
        "/api/v1/datasets/seen/runs",
        &json!({ "recipe": RECIPE.replace("0.2\n[classes]", "0.9\n[classes]"), "run": "all" }),
    );
    assert_eq!(server.job(more["job_id"].as_i64().unwrap())["state"], "done");
    go("/d/seen/prelabel");
    press(".compare .button");
    browser.until("document.querySelector('.pairs .k-union')");
    let page = browser.script("return document.body.textContent");
    assert!(page.as_str().unwrap().contains("detectors.stand-in-nanodet.score"), "{page}");

    // Candidates on an image: the slider hides what is not sure, a source can be switched off.
    go("/d/seen/prelabel/runs/all/images/1");
    browser.until("document.querySelectorAll('.found svg rect[data-key]').length >= 1");
    browser.script("const s = document.getElementById('f-score'); s.value = 1; s.dispatchEvent(new Event('input'))");
    browser.until("document.querySelectorAll('.found svg rect[data-key]').length === 0");
    browser.script("const s = document.getElementById('f-score'); s.value = 0; s.dispatchEvent(new Event('input'))");
    browser.until("document.querySelector('[data-list]').textContent.includes('stand-in-yolox')");
    browser.keys(&["\u{E014}"]);
    browser.until("location.pathname.endsWith('/images/2')");

    // Drafts on the rest, and back.
    go("/d/seen/prelabel/runs/all/drafts?score=0.3");
    browser.until("document.querySelector('.wall .cell')");
    press("button[formmethod=post]");
    browser.until("document.body.textContent.includes('drafts are on 12 images')");
    go("/d/seen/history");
    browser.until("document.body.textContent.includes('drafts of all')");
    browser.script("document.querySelector('form[action$=\"/undo\"] button').click()");
    browser.until("document.body.textContent.includes('undo of change')");
    let left = server.get("/api/v1/datasets/seen/images?limit=100&state=unlabelled");
    assert!(
        left["images"].as_array().unwrap().iter().all(|image| image["n_boxes"] == 0 || image["boxes"] == 0),
        "{left}"
    );
    assert_eq!(browser.log(), Vec::<String>::new());
}
