//! Every page at its address, dark and light, reloaded, without a word in the console.

use super::{image_called, photographs};
use crate::harness::program::{Server, tator_in};
use crate::harness::webdriver::Browser;

#[test]
fn every_page_stands_at_its_address_and_says_nothing_in_the_console() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = photographs(&folder.path().join("photographs"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "gone"]).expect(0);
    let server = Server::start(&workspace);
    assert_eq!(server.delete("/api/v1/datasets/gone"), Some(200));
    let image = image_called(&server, "seen", "astronaut.png");
    let label = format!("/d/seen/label?image={image}");
    let pages = [
        "/datasets",
        "/datasets/new",
        "/d/seen",
        "/d/seen/gallery",
        "/d/seen/gallery?state=labelled",
        "/d/seen/gallery?state=labelled&class=1&text=astro&where=n_boxes%20%3E%201",
        &label,
        "/d/seen/train",
        "/d/seen/select",
        "/d/seen/select?strategy=random&n=2",
        "/d/seen/history",
        "/d/seen/similar",
        "/d/seen/map",
        "/d/seen/quality",
        "/d/seen/prelabel",
        "/d/seen/glossary",
        "/d/seen/calibrate",
        "/sql",
        "/sql?q=SELECT%20*%20FROM%20seen.boxes&run=1",
        "/notebooks",
        "/models",
        "/jobs",
        "/jobs/1",
        "/trash",
        "/help",
    ];
    browser.go(&server.url);
    browser.go(&format!("{}{}", server.base, pages[5]));
    browser.until("document.body.textContent.includes('astronaut') || document.querySelectorAll('main a[href*=\"image=\"]').length === 1");
    for theme in ["dark", "light"] {
        browser.script(&format!("localStorage.setItem('theme', '{theme}')"));
        for page in pages {
            browser.go(&format!("{}{page}", server.base));
            for _ in 0..2 {
                browser
                    .until("document.readyState === 'complete' && document.querySelector('main').children.length > 0");
                assert_eq!(browser.script("return document.documentElement.dataset.theme"), theme, "{page}");
                let broken = browser.until("[...document.images].every((i) => i.complete) && [[...document.images].filter((i) => i.naturalWidth === 0).map((i) => i.src)]");
                assert_eq!(broken[0].as_array().map_or(0, Vec::len), 0, "{page}: {broken}");
                assert_eq!(
                    browser.script(
                        "return document.title.length > 0 && document.documentElement.scrollWidth <= innerWidth"
                    ),
                    true,
                    "{page} is wider than the window"
                );
                browser.reload();
            }
            browser.until("document.readyState === 'complete'");
            assert_eq!(browser.faults(), Vec::<String>::new(), "{page} in {theme}");
            assert_eq!(browser.log(), Vec::<String>::new(), "{page} in {theme}");
        }
    }
}
