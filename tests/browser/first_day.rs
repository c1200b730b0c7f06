//! The walk of a newcomer: import a zip, draw, undo, change a class, reload, ask in SQL, export.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{CONTROL, boxes_of, draw, image_called, labeller_shows, objects, open_labeller, photographs, saved};
use crate::cli::zip_of;
use crate::harness::program::Server;
use crate::harness::webdriver::Browser;

#[test]
fn a_newcomer_imports_labels_asks_and_exports() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("journey.zip");
    zip_of(&photographs(&folder.path().join("photographs")), &zip);
    let server = Server::start(&folder.path().join("w"));

    browser.go(&server.url);
    browser.until("location.pathname === '/datasets' && document.body.textContent.includes('No datasets yet')");
    assert!(!browser.url().contains("token"), "the token stays in the address: {}", browser.url());
    import_through_the_page(&browser, &server, &zip);

    let image = image_called(&server, "journey", "coins.png");
    open_labeller(&browser, &server, "journey", image, 0);
    browser.keys(&["r"]);
    draw(&browser, (0.35, 0.35), (0.45, 0.45));
    labeller_shows(&browser, 1);
    draw(&browser, (0.5, 0.5), (0.6, 0.65));
    labeller_shows(&browser, 2);
    draw(&browser, (0.4, 0.6), (0.46, 0.7));
    labeller_shows(&browser, 3);
    saved(&browser);
    assert_eq!(boxes_of(&server, "journey", image).len(), 3);

    browser.keys(&[CONTROL, "z"]);
    labeller_shows(&browser, 2);
    saved(&browser);
    assert_eq!(boxes_of(&server, "journey", image).len(), 2);

    change_class(&browser, &server, image);
    let (before, shown) = (boxes_of(&server, "journey", image), objects(&browser));
    browser.reload();
    labeller_shows(&browser, 2);
    assert_eq!(objects(&browser), shown);
    assert_eq!(boxes_of(&server, "journey", image), before);
    assert_eq!(shown, before.iter().map(in_words).collect::<Vec<_>>());

    count_by_sql(&browser, &server, 4);
    check_coco(&browser, &server, folder.path());
    check_yolo(&browser, &server, folder.path());
    assert_eq!(browser.log(), Vec::<String>::new());
}

fn import_through_the_page(browser: &Browser, server: &Server, zip: &Path) {
    browser.go(&format!("{}/datasets/new", server.base));
    browser.until("!document.querySelector('[data-drop]').hidden");
    browser.fill("#pick-zip", zip.to_str().unwrap());
    browser.until("document.getElementById('dataset').value === 'journey'");
    browser.click("#import .act button.first");
    browser.until("location.pathname.startsWith('/jobs/') && document.querySelector('.j-done')");
    let seen = server.get("/api/v1/datasets/journey");
    assert_eq!((&seen["images"], &seen["boxes"], &seen["classes"]), (&3.into(), &2.into(), &2.into()), "{seen}");
}

/// The first box of the list becomes the second class by the digit of that class.
fn change_class(browser: &Browser, server: &Server, image: i64) {
    let classes = server.get("/api/v1/datasets/journey/classes");
    let face = classes["classes"].as_array().unwrap().iter().find(|c| c["name"] == "face").unwrap();
    let digit = browser.until(
        "[...document.querySelectorAll('#lab-class-list li')].find((row) => row.textContent.includes('face'))?.querySelector('kbd')?.textContent",
    );
    browser.click("#lab-object-list li[data-index='0']");
    browser.until(
        "document.querySelector('#lab-object-list li[data-index=\"0\"]').getAttribute('aria-selected') === 'true'",
    );
    browser.keys(&[digit.as_str().unwrap()]);
    browser.until("document.querySelector('#lab-object-list li[data-index=\"0\"] .lab-name').textContent === 'face'");
    saved(browser);
    let classes: Vec<_> = boxes_of(server, "journey", image).iter().map(|b| b["class_id"].clone()).collect();
    assert_eq!(classes.iter().filter(|id| **id == face["class_id"]).count(), 1, "{classes:?}");
}

fn in_words(one: &Value) -> String {
    let round = |side: &str| one[side].as_f64().unwrap().round();
    let name = if one["class_id"] == 1 { "thing" } else { "face" };
    format!("{name} {}×{}", round("w"), round("h"))
}

fn count_by_sql(browser: &Browser, server: &Server, boxes: usize) {
    browser.go(&format!("{}/sql?q=SELECT%20count(*)%20AS%20n%20FROM%20journey.boxes", server.base));
    browser.until("document.querySelector('[data-editor]').shadowRoot");
    browser.click("[data-run]");
    browser.until(&format!("document.querySelector('#result tbody td:not(.at):not(.fill)').textContent === '{boxes}'"));
}

/// Exports through the dataset's page.
fn export(browser: &Browser, server: &Server, format: &str, out: &Path) {
    browser.go(&format!("{}/d/journey", server.base));
    browser.script(&format!("document.getElementById('export-format').value = '{format}'"));
    browser.fill("#export-out", out.to_str().unwrap());
    browser.click("#export button[type=submit]");
    browser.until("location.pathname.startsWith('/jobs/') && document.querySelector('.j-done')");
}

/// Class name and whole pixels of every box, by the file name of its picture.
type Found = BTreeMap<String, Vec<(String, [i64; 4])>>;

fn found(server: &Server) -> Found {
    let rows = server.sql(
        "SELECT i.path, c.name, b.x, b.y, b.w, b.h FROM journey.boxes b JOIN journey.images i USING (image_id) JOIN journey.classes c USING (class_id)",
    );
    let mut found = Found::new();
    for row in rows {
        let file = row[0].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let sides = [2, 3, 4, 5].map(|n: usize| row[n].as_f64().unwrap().round() as i64);
        found.entry(file).or_default().push((row[1].as_str().unwrap().to_owned(), sides));
    }
    found.values_mut().for_each(|boxes| boxes.sort());
    found
}

fn files_under(root: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(root).unwrap().map(|e| e.unwrap().path()) {
        if path.is_dir() { found.extend(files_under(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn check_coco(browser: &Browser, server: &Server, folder: &Path) {
    let out = folder.join("out-coco");
    export(browser, server, "coco", &out);
    let json: Vec<_> = files_under(&out).into_iter().filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    let mut read = Found::new();
    for path in &json {
        let coco: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let named = |list: &str, id: &Value, key: &str| {
            let entry = coco[list].as_array().unwrap().iter().find(|e| e["id"] == *id).unwrap();
            entry[key].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
        };
        for one in coco["annotations"].as_array().unwrap() {
            let sides = [0, 1, 2, 3].map(|n: usize| one["bbox"][n].as_f64().unwrap().round() as i64);
            let class = named("categories", &one["category_id"], "name");
            read.entry(named("images", &one["image_id"], "file_name")).or_default().push((class, sides));
        }
        ask_pycocotools(path);
    }
    read.values_mut().for_each(|boxes| boxes.sort());
    assert_eq!(read, found(server));
}

fn ask_pycocotools(json: &Path) {
    let have = Command::new("python3").args(["-c", "import pycocotools"]).output().is_ok_and(|d| d.status.success());
    if !have {
        eprintln!("pycocotools is not installed: the COCO file was only read by this test");
        return;
    }
    let script = "import sys; from pycocotools.coco import COCO; c = COCO(sys.argv[1]); c.loadAnns(c.getAnnIds()); c.loadImgs(c.getImgIds())";
    let done = Command::new("python3").args(["-c", script]).arg(json).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn check_yolo(browser: &Browser, server: &Server, folder: &Path) {
    let out = folder.join("out-yolo");
    export(browser, server, "yolo", &out);
    let files = files_under(&out);
    let yaml = fs::read_to_string(files.iter().find(|p| p.ends_with("data.yaml")).unwrap()).unwrap();
    assert!(yaml.find("thing").unwrap() < yaml.find("face").unwrap(), "{yaml}");
    let sizes = server.sql("SELECT path, width, height FROM journey.images");
    let mut read = Found::new();
    for row in sizes {
        let file = row[0].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let stem = Path::new(&file).file_stem().unwrap().to_owned();
        let (width, height) = (row[1].as_f64().unwrap(), row[2].as_f64().unwrap());
        let label = files.iter().find(|p| p.extension().is_some_and(|e| e == "txt") && p.file_stem() == Some(&stem));
        let text = label.map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        for line in text.lines() {
            let n: Vec<f64> = line.split(' ').map(|part| part.parse().unwrap()).collect();
            let class = ["thing", "face"][n[0] as usize].to_owned();
            let (w, h) = (n[3] * width, n[4] * height);
            let sides = [n[1] * width - w / 2.0, n[2] * height - h / 2.0, w, h].map(|v| v.round() as i64);
            read.entry(file.clone()).or_default().push((class, sides));
        }
    }
    read.values_mut().for_each(|boxes| boxes.sort());
    assert_eq!(read, found(server));
}
