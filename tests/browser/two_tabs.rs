//! Two tabs on one image, and a server that goes away for a while.

use super::{boxes_of, draw, image_called, labeller_shows, open_labeller, photographs, saved};
use crate::harness::program::{Server, tator_in};
use crate::harness::webdriver::Browser;

#[test]
fn two_tabs_on_one_image_keep_the_edits_of_both() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = photographs(&folder.path().join("photographs"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "shared"]).expect(0);
    let server = Server::start(&workspace);
    let image = image_called(&server, "shared", "coins.png");
    browser.go(&server.url);
    let first = browser.current_tab();
    open_labeller(&browser, &server, "shared", image, 0);
    let second = browser.new_tab();
    open_labeller(&browser, &server, "shared", image, 0);

    // Both saw the image empty.
    browser.keys(&["r"]);
    draw(&browser, (0.35, 0.35), (0.45, 0.45));
    saved(&browser);
    browser.tab(&first);
    browser.keys(&["r"]);
    draw(&browser, (0.5, 0.5), (0.6, 0.6));
    saved(&browser);
    assert_eq!(boxes_of(&server, "shared", image).len(), 2);
    labeller_shows(&browser, 2);
    browser.tab(&second);
    browser.reload();
    labeller_shows(&browser, 2);
}

#[test]
fn nothing_is_lost_while_the_server_is_away() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = photographs(&folder.path().join("photographs"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "away"]).expect(0);
    let server = Server::start(&workspace);
    let (image, address) = (image_called(&server, "away", "coins.png"), server.address().to_owned());
    browser.go(&server.url);
    open_labeller(&browser, &server, "away", image, 0);
    let labeller = browser.current_tab();
    browser.keys(&["r"]);
    draw(&browser, (0.35, 0.35), (0.45, 0.45));
    labeller_shows(&browser, 1);
    saved(&browser);
    server.kill();

    draw(&browser, (0.5, 0.5), (0.6, 0.6));
    draw(&browser, (0.4, 0.6), (0.46, 0.7));
    labeller_shows(&browser, 3);
    browser.until("document.getElementById('lab-saved-text').textContent.includes('Not saved')");

    let server = Server::start_at(&workspace, &address);
    assert_eq!(boxes_of(&server, "away", image).len(), 1);
    // Its token is a new one: the person opens the new address beside the page that waits.
    browser.new_tab();
    browser.go(&server.url);
    browser.tab(&labeller);
    saved(&browser);
    assert_eq!(boxes_of(&server, "away", image).len(), 3);
    browser.reload();
    labeller_shows(&browser, 3);
}
