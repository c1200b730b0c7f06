//! A head from the form to the labeller, and the next images from the strategy to their package: with the stand-in encoder
//! of `tests/heads`, in a real browser.

use super::{draw, image_called, open_labeller};
use crate::harness::webdriver::Browser;
use crate::heads::Shop;

const FINE: &str = "document.readyState === 'complete' && document.documentElement.scrollWidth <= innerWidth";

#[test]
fn a_head_is_trained_looked_at_put_to_work_and_asked() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 24, 2);
    if !shop.embed() {
        return;
    }
    let server = shop.serve();
    browser.go(&server.url);
    browser.go(&format!("{}/d/seen/train", server.base));
    browser.until(
        "document.querySelector('.train-form') && document.body.textContent.includes('48 boxes on 24 labelled images')",
    );
    browser.script("document.querySelector('[name=activate]').checked = false");
    browser.click(".train-form button[type=submit]");
    browser.until("location.pathname.endsWith('/train/head-1')");
    browser.until("document.querySelectorAll('[data-train-log] canvas').length === 3");
    browser.until(FINE);
    assert_eq!(browser.script("return document.querySelectorAll('.matrix tbody tr').length"), 2);
    browser.click(".matrix td.right a");
    browser.until("document.querySelectorAll('.crops li svg image').length > 0");
    browser.until(FINE);
    browser.go(&format!("{}/d/seen/train/head-1", server.base));
    browser.click("form[action$='/activate'] button");
    browser.until("[...document.querySelectorAll('.chip.on')].some((chip) => chip.textContent === 'in use')");
    let image = image_called(&server, "seen", "024.bmp");
    open_labeller(&browser, &server, "seen", image, 0);
    browser.keys(&["a"]);
    draw(&browser, (0.56, 0.5), (0.78, 0.86));
    browser.until("document.querySelector('.assist-chip:not([hidden])')?.textContent.includes('Auto class (head)')");
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn the_next_images_become_a_package() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 12, 6);
    if !shop.embed() {
        return;
    }
    shop.run(&[
        "select",
        "--dataset",
        "seen",
        "--simulate",
        "--seeds",
        "2",
        "--start",
        "2",
        "--step",
        "2",
        "--rounds",
        "2",
    ])
    .expect(0);
    let server = shop.serve();
    browser.go(&server.url);
    browser.go(&format!("{}/d/seen/select", server.base));
    browser.until("document.querySelectorAll('[data-curves] canvas').length === 2");
    browser.until(FINE);
    browser.script("document.getElementById('s-n').value = '4'");
    browser.click(".choose button[type=submit]");
    browser.until("document.querySelectorAll('.picks img').length === 4");
    browser.until(FINE);
    browser.click("form[action$='/select/package'] button");
    browser.until("location.pathname.endsWith('/label') && location.search.includes('package=')");
    browser.until("document.documentElement.dataset.labeller === 'ready'");
    assert_eq!(server.get("/api/v1/datasets/seen/packages")["packages"][0]["images"], 4);
    assert_eq!(browser.log(), Vec::<String>::new());
}
