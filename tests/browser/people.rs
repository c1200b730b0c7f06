//! Two people in two browsers on one image: each sees what the other does, nothing is lost, one reviews the other.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CONTROL, boxes_of, draw, image_called, labeller_shows, objects, open_labeller, photographs, saved};
use crate::harness::program::{Server, tator_in};
use crate::harness::webdriver::Browser;

const SHIFT: &str = "\u{E008}";
const BACKSPACE: &str = "\u{E003}";
const ENTER: &str = "\u{E007}";

/// Opens the server as somebody with this name, said in the shell.
fn enter_as(browser: &Browser, server: &Server, name: &str) {
    browser.go(&server.url);
    browser.click(".me > summary");
    browser.fill("[data-me-form] input[name=name]", name);
    browser.click("[data-me-form] button");
    browser.until(&format!("document.querySelector('[data-me]').textContent === '{name}'"));
}

fn others(browser: &Browser, names: &str) {
    browser.until(&format!("document.getElementById('lab-others').getAttribute('aria-label') === '{names}'"));
}

fn state_of(server: &Server, image: i64) -> Value {
    server.get(&format!("/api/v1/datasets/shared/images/{image}"))["image"]["state"].clone()
}

fn type_text(browser: &Browser, text: &str) {
    for letter in text.chars() {
        browser.keys(&[&letter.to_string()]);
    }
}

#[test]
fn two_browsers_on_one_image_see_each_other_and_review() {
    let (Some(ann), Some(bob)) = (Browser::open(), Browser::open()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = photographs(&folder.path().join("photographs"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "shared"]).expect(0);
    let server = Server::start(&workspace);
    let image = image_called(&server, "shared", "coins.png");
    enter_as(&ann, &server, "Ann");
    enter_as(&bob, &server, "Bob");
    open_labeller(&ann, &server, "shared", image, 0);
    open_labeller(&bob, &server, "shared", image, 0);
    others(&ann, "Also here: Bob");
    others(&bob, "Also here: Ann");

    // Each draws; both see both, without a reload.
    ann.keys(&["r"]);
    draw(&ann, (0.35, 0.35), (0.45, 0.45));
    let begun = Instant::now();
    labeller_shows(&bob, 1);
    let took = begun.elapsed();
    eprintln!("the other's box was seen after {} ms", took.as_millis());
    assert!(took < Duration::from_secs(4), "{took:?}");
    bob.keys(&["r"]);
    draw(&bob, (0.5, 0.5), (0.6, 0.6));
    labeller_shows(&ann, 2);
    saved(&ann);
    saved(&bob);

    assert_eq!(boxes_of(&server, "shared", image).len(), 2);

    // Bob tags, comments and sends back; Ann sees it.
    bob.keys(&["#"]);
    type_text(&bob, "dark");
    bob.keys(&[ENTER]);
    bob.script("document.getElementById('lab-shapes').focus()");
    bob.keys(&[SHIFT, BACKSPACE]);
    type_text(&bob, "Too wide");
    bob.keys(&[ENTER]);
    ann.until("document.querySelector('.lab-comment[data-kind=sent_back] .lab-text')?.textContent === 'Too wide'");
    ann.until("document.querySelector('.lab-tag')?.textContent.startsWith('dark')");
    assert_eq!(state_of(&server, image), "in_progress");
    ann.go(&format!("{}/d/shared/gallery?comments=sent_back&tag=dark", server.base));
    assert_eq!(ann.until("document.querySelectorAll('.cell').length"), json!(1));

    // She fixes it; he accepts it, thinks better of it, and accepts again.
    ann.go(&format!("{}/d/shared/label", server.base));
    labeller_shows(&ann, 2);
    assert!(ann.url().contains(&format!("image={image}")), "what was sent back comes first: {}", ann.url());
    ann.keys(&["q"]);
    labeller_shows(&ann, 1);
    saved(&ann);
    open_labeller(&bob, &server, "shared", image, 1);
    bob.script("document.getElementById('lab-shapes').focus()");
    bob.keys(&[SHIFT, ENTER]);
    saved(&bob);
    bob.until(&format!("!location.search.includes('image={image}')"));
    open_labeller(&bob, &server, "shared", image, 1);
    assert_eq!(state_of(&server, image), "reviewed");
    bob.until("document.querySelector('.lab-comment.lab-done') !== null");
    bob.keys(&[CONTROL, "z"]);
    bob.until("document.querySelector('.lab-comment:not(.lab-done)') !== null");
    saved(&bob);
    assert_ne!(state_of(&server, image), "reviewed");
    assert_eq!(objects(&bob).len(), 1);
    let history = server.get("/api/v1/datasets/shared/history");
    let said: Vec<String> = history["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {}", c["author"].as_str().unwrap(), c["title"].as_str().unwrap()))
        .collect();
    assert!(said.iter().any(|line| line.starts_with("Bob state in_progress, sent back: Too wide")), "{said:?}");
    assert!(said.iter().any(|line| line == "Ann 1 deleted"), "{said:?}");
    assert_eq!((ann.log(), bob.log()), (vec![], vec![]));
}

#[test]
fn a_package_is_claimed_and_walked_alone() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = photographs(&folder.path().join("photographs"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "shared"]).expect(0);
    let server = Server::start(&workspace);
    enter_as(&browser, &server, "Ann");
    browser.go(&format!("{}/d/shared/work", server.base));
    browser.fill("#package-name", "Pairs");
    browser.fill("#package-every", "2");
    browser.click("form.new button");
    browser.until("document.querySelectorAll('table.work tbody tr').length === 2");
    browser.click(".head form button");
    browser.until("document.documentElement.dataset.labeller === 'ready'");
    browser.until("document.querySelector('.lab-package').textContent.startsWith('Pairs 1 ·')");
    browser.until("document.getElementById('lab-position-total').textContent === '2'");
    browser.go(&format!("{}/d/shared/work", server.base));
    browser.until("document.querySelector('tr.mine .who')?.textContent.includes('Ann')");
    server.kill();
    let server = Server::start(&workspace);
    let packages = server.get("/api/v1/datasets/shared/packages");
    assert_eq!(packages["packages"][0]["claimed_by"], "Ann", "a claim survives kill -9: {packages}");
}
