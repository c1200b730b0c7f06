//! The pages of exploring, training, prelabelling and calibrating when there is everything to show: for eyes, ears and
//! keyboards (axe), dark and light, in a wide window and in a narrow one.

use serde_json::{Value, json};

use crate::assist::{has_runtime, server_with, stand_ins};
use crate::harness::program::Server;
use crate::harness::webdriver::Browser;
use crate::prelabel::{RECIPE, imported};

const ENCODER: &str = "stand-in-efficientnet";
const PAGES: [&str; 28] = [
    "map",
    "similar",
    "similar?box=3&of=boxes",
    "quality",
    "select",
    "select?strategy=random&n=4",
    "train",
    "train/head-1",
    "train/head-1/boxes?truth=0",
    "train/compare?a=head-1&b=head-2",
    "prelabel",
    "prelabel/runs/r",
    "prelabel/runs/r/images/3",
    "prelabel/runs/r/drafts",
    "prelabel/compare?a=r&b=s",
    "glossary",
    "calibrate",
    "calibrate/results/r_c1",
    "calibrate/results/r_c1/thresholds",
    "calibrate/results/r_c1/errors",
    "calibrate/results/r_c1/errors?kind=missed",
    "calibrate/results/r_c1/candidates/1",
    "calibrate/results/r_c1/review",
    "calibrate/results/r_c1/review?size=1",
    "calibrate/results/r_c1/apply",
    "calibrate/results/r_c1/apply?queue=1&anyway=1",
    "calibrate/compare?a=r_c1&b=r_c2",
    "history",
];
const STILL: &str = "document.readyState === 'complete' && !document.querySelector('.htmx-request, .htmx-settling, .wait-for') \
    && document.querySelector('main').children.length > 0 && [...document.images].every((i) => i.complete || i.hidden)";

fn done(server: &Server, door: &str, body: &Value) {
    let job = server.post(&format!("/api/v1/datasets/seen/{door}"), body)["job_id"].as_i64().unwrap();
    let ended = server.job(job);
    assert_eq!(ended["state"], "done", "{door}: {ended}");
}

/// Vectors, heads, a map, findings, two runs and two calibrations of one.
fn everything(server: &Server) {
    server.patch("/api/v1/assist", &json!({ "embedder": ENCODER }));
    done(server, "embed", &json!({ "model": ENCODER }));
    done(server, "maps", &json!({ "method": "pca" }));
    for seed in [1, 2] {
        done(server, "heads", &json!({ "encoder": ENCODER, "seed": seed, "background": { "kinds": 0 } }));
    }
    for (run, recipe) in [("r", RECIPE.to_owned()), ("s", RECIPE.replace("0.2\n[classes]", "0.9\n[classes]"))] {
        done(server, "runs", &json!({ "recipe": recipe, "run": run }));
    }
    done(server, "quality", &json!({ "run": "r" }));
    for seed in [1, 2] {
        done(
            server,
            "calibrations",
            &json!({ "run": "r", "options": { "recall_floor": 0.9, "seed": seed, "draws": 100,
            "outer_folds": 2, "inner_folds": 2, "parameters": { "rounds": 15, "max_depth": 2 } } }),
        );
    }
}

#[test]
fn every_page_with_everything_on_it_is_without_fault() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 36, 30);
    let server = server_with(&workspace, &stand_ins());
    let Some(browser) = has_runtime(&server).then(Browser::open).flatten() else { return };
    everything(&server);
    browser.go(&server.url);
    for theme in ["dark", "light"] {
        browser.script(&format!("localStorage.setItem('theme', '{theme}')"));
        for page in PAGES {
            browser.go(&format!("{}/d/seen/{page}", server.base));
            browser.until(STILL);
            assert_eq!(browser.faults(), Vec::<String>::new(), "{page} in {theme}");
            browser.size(900, 700);
            let fits = "return document.documentElement.scrollWidth <= innerWidth";
            assert_eq!(browser.script(fits), true, "{page} is wider than 900 pixels");
            browser.size(1400, 900);
        }
    }
    let said: Vec<String> = browser.log().into_iter().filter(|line| !line.contains("WebGL")).collect();
    assert_eq!(said, Vec::<String>::new());
}

#[test]
fn a_notebook_of_a_calibration_runs_from_its_first_block_to_its_last() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 24, 18);
    let server = server_with(&workspace, &stand_ins());
    let Some(browser) = has_runtime(&server).then(Browser::open).flatten() else { return };
    done(&server, "runs", &json!({ "recipe": RECIPE, "run": "r" }));
    done(
        &server,
        "calibrations",
        &json!({ "run": "r", "options": { "recall_floor": 0.0, "draws": 100, "outer_folds": 2,
        "inner_folds": 2, "parameters": { "rounds": 15, "max_depth": 2 } } }),
    );
    browser.go(&server.url);
    browser.go(&format!("{}/d/seen/calibrate/results/r_c1", server.base));
    browser.click("form[action$='/notebook'] button");
    browser.until(
        "location.pathname.startsWith('/notebooks/') && document.querySelectorAll('[data-block]').length === 11",
    );
    browser.until("document.querySelectorAll('[data-block][data-state]').length === 11");
    let failed =
        "return [...document.querySelectorAll('[data-block][data-state=failed]')].map((block) => block.textContent)";
    assert_eq!(browser.script(failed), json!([]));
    browser.until("document.querySelector('[data-told]').textContent === 'All 11 ran'");
    assert_eq!(browser.faults(), Vec::<String>::new());

    // What is changed and kept stands in the file, beside everything else.
    browser.script("document.querySelector('[data-block] textarea').value = 'SELECT 41 + 1 AS answer'");
    browser.click("[data-block] button[type=submit]");
    browser.until("location.hash === '#block-0' && document.querySelector('[data-block] textarea').value === 'SELECT 41 + 1 AS answer'");
    let file = std::fs::read_to_string(workspace.join("notebooks/seen r_c1.md")).unwrap();
    assert!(file.starts_with("# r_c1 of r on seen\n") && file.contains("\nSELECT 41 + 1 AS answer\n```\n"), "{file}");
    assert_eq!(file.matches("```sql ").count(), 11);
    browser.click("[data-block] [data-run]");
    browser.until("document.querySelector('[data-block] .block-result').textContent.includes('42')");
    assert_eq!(browser.log(), Vec::<String>::new());
}
