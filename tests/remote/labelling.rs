//! Labelling an image and downloading an export, by TLS, below a path, with nothing but what the browser has.

use serde_json::Value;

use super::nginx::{Nginx, free_port};
use crate::browser::{boxes_of, draw, image_called, labeller_shows, photographs, saved};
use crate::harness::program::{Server, Starting, program, tator_in};
use crate::harness::webdriver::Browser;

/// A server that knows under which address the proxy shows it.
fn serve(workspace: &std::path::Path, public: &str) -> Server {
    let log = workspace.with_extension("log");
    let stderr = std::fs::File::options().create(true).append(true).open(&log).unwrap();
    let mut command = program();
    command.arg("serve").arg("--workspace").arg(workspace).args(["--listen", "127.0.0.1:0", "--public-url", public]);
    Starting::spawn(command.stderr(stderr), log).ready()
}

#[test]
fn an_image_is_labelled_and_an_export_downloaded_through_nginx() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = photographs(&folder.path().join("photographs"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "far"]).expect(0);
    let port = free_port();
    let public = format!("https://localhost:{port}/tator");
    let mut server = serve(&workspace, &public);
    assert!(server.url.starts_with(&format!("{public}/?token=")), "{}", server.url);
    // What the test asks by itself goes to the server directly; the browser has the proxy alone.
    let note: Value = serde_json::from_str(&std::fs::read_to_string(workspace.join("tator.lock")).unwrap()).unwrap();
    server.base = note["url"].as_str().unwrap().to_owned();
    let Some(_nginx) = Nginx::start(server.address(), port) else { return };

    browser.go(&server.url);
    assert_eq!(browser.url(), format!("{public}/datasets"));
    for page in ["/datasets", "/d/far", "/d/far/gallery", "/d/far/work", "/sql?dataset=far", "/jobs", "/help"] {
        browser.go(&format!("{public}{page}"));
        browser.until("document.querySelector('.rail a[aria-current], #main h1') !== null");
        let outside = browser.script(
            "return [...document.querySelectorAll('[href], [src], [action]')].map((node) => node.getAttribute('href') ?? node.getAttribute('src') ?? node.getAttribute('action'))
                .filter((address) => address.startsWith('/') && !address.startsWith('/tator/'))",
        );
        assert_eq!(outside, serde_json::json!([]), "{page}");
    }
    let image = image_called(&server, "far", "coins.png");
    browser.go(&format!("{public}/d/far/label?image={image}"));
    labeller_shows(&browser, 0);
    browser.keys(&["r"]);
    draw(&browser, (0.35, 0.35), (0.45, 0.45));
    saved(&browser);
    assert_eq!(boxes_of(&server, "far", image).len(), 1);

    browser.go(&format!("{public}/d/far"));
    browser.script(
        "const form = document.querySelector('form[action$=\"/export\"]');
         form.elements.out.value = 'far.zip'; form.requestSubmit()",
    );
    browser.until("document.querySelector('a[download]') !== null");
    let download = "fetch(document.querySelector('a[download]').href).then((answer) => answer.arrayBuffer())
        .then((bytes) => { window.got = [bytes.byteLength, ...new Uint8Array(bytes).slice(0, 2)] })";
    browser.script(download);
    let got = browser.until("window.got");
    assert!(got[0].as_u64().unwrap() > 1000 && got[1] == 0x50 && got[2] == 0x4b, "{got}");
    let rows = "fetch('/tator/api/v1/sql/export', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sql: 'FROM far.boxes', format: 'csv' }) }).then((answer) => answer.text()).then((text) => { window.rows = text })";
    browser.script(rows);
    assert_eq!(browser.until("window.rows").as_str().unwrap().lines().count(), 4);
    assert_eq!(browser.log(), Vec::<String>::new());
}
