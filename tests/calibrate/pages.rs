//! The review as a person goes through it in a browser: calibrate, look, move a line, judge blindly, apply, undo.

use serde_json::{Value, json};

use super::{done, drafts, rows};
use crate::assist::{has_runtime, server_with, stand_ins};
use crate::harness::webdriver::Browser;
use crate::prelabel::{RECIPE, imported};

const HOME: &str = "\u{E011}";
const END: &str = "\u{E010}";

#[test]
fn from_candidates_to_drafts_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 36, 30);
    let server = server_with(&workspace, &stand_ins());
    let Some(browser) = has_runtime(&server).then(Browser::open).flatten() else { return };
    done(&server, &server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": RECIPE, "run": "r" })));
    browser.go(&server.url);
    let go = |path: &str| browser.go(&format!("{}{path}", server.base));
    let press = |selector: &str| drop(browser.script(&format!("document.querySelector({selector:?}).click()")));
    let text = |selector: &str| browser.script(&format!("return document.querySelector({selector:?}).textContent"));

    // The form refuses with a reason, and starts a job.
    go("/d/seen/calibrate");
    browser.until("document.body.textContent.includes('No calibration yet')");
    let set = |id: &str, value: &str| browser.script(&format!("document.getElementById('{id}').value = '{value}'"));
    set("n-floor", "0");
    set("n-seen", "stand-in-yolox");
    press(".begin .first");
    browser.until("document.querySelector('.begin .note.bad').textContent.includes('MODEL=CONDITION')");
    let told = browser.log();
    assert!(told.iter().all(|line| line.contains("422")), "the refusal alone is told: {told:?}");
    set("n-seen", "");
    press(".begin .first");
    browser.until("location.pathname.startsWith('/jobs/')");
    let job = browser.script("return location.pathname.split('/').pop()").as_str().unwrap().parse().unwrap();
    assert_eq!(server.job(job)["state"], "done");

    // Figures beside every baseline, curves drawn, every statement runs.
    go("/d/seen/calibrate/results/r_c1");
    browser.until("document.querySelectorAll('.beside tbody tr').length === 6");
    browser.until("document.querySelectorAll('.plot').length === 3 && [...document.querySelectorAll('.plot')].every((plot) => plot.textContent || plot.querySelector('canvas'))");
    let asks = browser
        .script("return [...document.querySelectorAll('.asks a')].map((a) => new URL(a.href).searchParams.get('q'))");
    for ask in asks.as_array().unwrap() {
        assert!(rows(&server, ask.as_str().unwrap()).is_array(), "{ask}");
    }
    for page in ["errors", "errors?kind=duplicate", "candidates/1", "apply"] {
        go(&format!("/d/seen/calibrate/results/r_c1/{page}"));
        browser
            .until("document.readyState === 'complete' && document.querySelector('main').textContent.includes('r_c1')");
    }
    assert!(text("main").as_str().unwrap().contains("not promoted"), "the stand-ins are hard to beat");

    // One key a candidate, blindly; what was said is counted and taken back, and no box changes.
    let before = drafts(&server);
    go("/d/seen/calibrate/results/r_c1/review?size=3");
    browser.until("document.readyState === 'complete' && document.querySelector('.blind .crop')");
    let shows = browser.script("return /[0-9][.][0-9]{2}/.test(document.querySelector('.blind').textContent)");
    assert_eq!(shows, false, "a score shows through: {}", text(".blind"));
    browser.keys(&["y"]);
    browser.until("document.readyState === 'complete' && document.querySelector('.blind [role=status]').textContent.startsWith('1 of')");
    browser.keys(&["n"]);
    let said = || server.get("/api/v1/datasets/seen/calibrations/r_c1/verdicts")["bands"][0].clone();
    browser.until("document.readyState === 'complete' && document.querySelector('[data-key=z]') && !document.querySelector('.blind [role=status]')?.textContent.startsWith('1 of')");
    assert_eq!((&said()["judged"], &said()["right"]), (&json!(2), &json!(1)));
    browser.keys(&["z"]);
    browser.until("document.readyState === 'complete' && document.querySelector('.blind [role=status]').textContent.startsWith('1 of')");
    assert_eq!(said()["judged"], 1);
    assert_eq!(drafts(&server), before);

    // A line that moves by key and by hand; counts follow without the server.
    nothing_moved_is_the_same_in_the_preview(&browser, &server.base);
    go("/d/seen/calibrate/results/r_c1/thresholds");
    browser.until("'ready' in document.querySelector('form.thresholds').dataset");
    let accept = || text(".chosen [data-cell=accept]").as_str().unwrap().replace(',', "").parse::<u64>().unwrap();
    browser.script("document.querySelector('tr[data-class] input').focus()");
    browser.keys(&[END]);
    assert_eq!(accept(), 0);
    assert_eq!(text(".chosen [data-cell=least]"), "none");
    assert_eq!(browser.script("return document.querySelector('[data-below]').hidden"), true);
    browser.keys(&[HOME]);
    assert_eq!(browser.script("return document.querySelector('.chosen [data-below-mark]').checkVisibility()"), true);
    let all = accept();
    assert!(all > 0, "{}", text(".rows"));
    let at = browser.script(
        "document.querySelector('.stage').scrollIntoView({ block: 'center' }); const r = document.querySelector('.stage').getBoundingClientRect(); return [r.x, r.y + r.height / 2, r.width]",
    );
    let point = |share: f64| (at[0].as_f64().unwrap() + at[2].as_f64().unwrap() * share, at[1].as_f64().unwrap());
    browser.drag(point(0.001), point(0.9));
    let line = text(".chosen [data-cell=least]").as_str().unwrap().parse::<f64>().unwrap();
    assert!((line - 0.9).abs() < 0.02, "{line}");
    assert!(accept() < all);
    browser.until("document.querySelector('[data-examples]').textContent.includes('line at 0.9') || document.querySelector('[data-examples]').textContent.includes('line at 0.89')");
    browser.script("document.querySelector('tr[data-class] input').focus()");
    browser.keys(&[HOME]);
    let all_classes: u64 = text("[data-total=accept]").as_str().unwrap().parse().unwrap();

    // Looked at, applied, taken back.
    press("form.thresholds .first");
    browser.until("location.pathname.endsWith('/apply') && document.querySelector('.wall .cell')");
    assert!(text("main").as_str().unwrap().contains("1 of the thresholds are yours"), "{}", text("main"));
    press("[name=anyway]");
    press("button[formmethod=post]");
    browser.until("document.querySelector('.done [role=status]')");
    assert_eq!(drafts(&server), json!(before.as_u64().unwrap() + all_classes));
    press(".done button");
    browser.until("location.pathname.endsWith('/history')");
    assert_eq!(drafts(&server), before);

    // Two beside each other, candidate by candidate.
    let again = json!({ "run": "r", "options": { "recall_floor": 0.0, "seed": 7 } });
    done(&server, &server.post(super::AT, &again));
    go("/d/seen/calibrate");
    press(".compare .button");
    browser.until("document.querySelector('.cross')");
    let sum = browser.script("return [...document.querySelectorAll('.cross a')].reduce((sum, a) => sum + Number(a.textContent.replace(/,/g, '')), 0)");
    assert_eq!(
        Value::from(sum.as_f64().unwrap() as u64),
        rows(&server, "SELECT count(*) FROM seen.candidates_r")[0][0]
    );
    assert!(text("main").as_str().unwrap().contains("options.seed"));
    assert_eq!(browser.log(), Vec::<String>::new());
}

/// Lines that stand where the calibration has them: both pages count the same.
fn nothing_moved_is_the_same_in_the_preview(browser: &Browser, base: &str) {
    browser.go(&format!("{base}/d/seen/calibrate/results/r_c1/thresholds"));
    browser.until("'ready' in document.querySelector('form.thresholds').dataset");
    let told = browser.script(
        "return [...['accept', 'queue', 'drop'].map((key) => document.querySelector(`[data-total=${key}]`).textContent), document.querySelector('[data-total-duplicates]').textContent]",
    );
    browser.script("document.querySelector('form.thresholds .first').click()");
    browser.until("location.pathname.endsWith('/apply') && document.querySelector('.bands')");
    let applied = browser.script(
        "const column = (at) => [...document.querySelectorAll('.bands tbody tr')].reduce((sum, row) => sum + Number((row.children[at].querySelector('strong') ?? row.children[at]).textContent.replaceAll(',', '')), 0); return [...[1, 2, 3].map((at) => column(at).toLocaleString('en')), document.querySelector('[data-duplicates]').textContent]",
    );
    assert_eq!(told, applied);
}
