//! Look-alikes in a browser: embedded by a button, found from the gallery, from a box, from a region and from a picture
//! of one's own, and taken to the labeller.

use std::fs;
use std::path::Path;

use super::{image_called, open_labeller, photographs};
use crate::harness::program::{Server, Starting, program, tator_in};
use crate::harness::webdriver::Browser;

const ALT: &str = "\u{E00A}";
const ENTER: &str = "\u{E007}";

/// A server whose only encoder is the stand-in of `tests/models`.
fn server(workspace: &Path) -> Server {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    let (log, own) = (workspace.with_extension("log"), workspace.with_extension("models"));
    fs::create_dir_all(own.join("encoder")).unwrap();
    for file in fs::read_dir(models.join("efficientnet")).unwrap().flatten() {
        fs::copy(file.path(), own.join("encoder").join(file.file_name())).unwrap();
    }
    let mut command = program();
    command.args(["serve", "--listen", "127.0.0.1:0", "--workspace"]).arg(workspace);
    command.env("TATOR_MODELS", &own).env("XDG_CACHE_HOME", &own);
    command.stderr(fs::File::options().create(true).append(true).open(&log).unwrap());
    Starting::spawn(&mut command, log).ready()
}

fn cells(browser: &Browser) -> u64 {
    browser.script("return document.querySelectorAll('#pieces .cell').length").as_u64().unwrap()
}

#[test]
fn look_alikes_are_found_from_everywhere_and_taken_to_the_labeller() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = photographs(&folder.path().join("photographs"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    let server = server(&workspace);
    if !server.get("/api/v1/models")["runtime"]["problem"].is_null() {
        eprintln!("SKIPPED: there is no ONNX Runtime");
        return;
    }
    let image = image_called(&server, "seen", "astronaut.png");
    browser.go(&server.url);
    browser.go(&format!("{}/d/seen/similar", server.base));
    browser.until("document.querySelector('.empty h2').textContent.includes('Nothing is embedded')");
    browser.click(".embed button");
    browser.until("document.querySelector('a[href=\"/d/seen/similar\"].first') !== null");
    // From a picture of the gallery by key.
    browser.go(&format!("{}/d/seen/gallery", server.base));
    browser.until("document.querySelectorAll('#pieces .cell').length === 3");
    browser.script(&format!("document.querySelector('[data-image=\"{image}\"]').focus()"));
    browser.keys(&["s"]);
    browser.until("document.querySelector('.asked-title')?.textContent.startsWith('Image')");
    assert_eq!(cells(&browser), 2);
    assert!(
        browser.script("return document.querySelector('[data-how]').textContent").as_str().unwrap().contains("exact")
    );
    // A part of it, drawn on the spot.
    let at = browser.script(
        "const r = document.querySelector('[data-draw]').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]",
    );
    let side = |n: usize| at[n].as_f64().unwrap();
    let place = |x: f64, y: f64| (side(0) + side(2) * x, side(1) + side(3) * y);
    browser.drag(place(0.3, 0.3), place(0.6, 0.6));
    browser.until("document.querySelector('.asked-title').textContent.startsWith('A region')");
    browser.until("document.querySelectorAll('#pieces .cell').length === 2");
    assert!(browser.url().contains("rect="));
    // From a box of the labeller by key.
    open_labeller(&browser, &server, "seen", image, 2);
    browser.keys(&["\u{E004}"]);
    browser.until("!document.getElementById('lab-editor').hidden");
    browser.keys(&[ALT, "l"]);
    browser.until("document.querySelector('.asked-title')?.textContent.startsWith('Box')");
    assert_eq!(cells(&browser), 1);
    // A picture of one's own.
    browser.script(
        "fetch(document.querySelector('image').href.baseVal).then((r) => r.blob()).then((blob) => {
            const files = new DataTransfer();
            files.items.add(new File([blob], 'own.jpg'));
            const input = document.querySelector('[data-upload]');
            input.files = files.files;
            input.dispatchEvent(new Event('change'));
        })",
    );
    browser.until("document.querySelector('.asked-title').textContent === 'Your picture'");
    browser.until("document.querySelectorAll('#pieces .cell').length === 3");
    // By keys along the wall and into the labeller.
    browser.keys(&["\u{E014}", "\u{E014}", ENTER]);
    browser.until("document.documentElement.dataset.labeller === 'ready'");
    assert_eq!(browser.log(), Vec::<String>::new());
}
