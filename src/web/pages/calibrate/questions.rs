//! The same as SQL: every figure of the page, asked of the tables, one by one or together in a notebook.

use actix_web::{HttpResponse, web};
use tator_domain::{DatasetName, RunName};
use tator_pipeline::calibrate::Record;

use super::{Bench, record, see};
use crate::addresses;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::pages::{notebook, prelabel};

macro_rules! statements {
    ($($name:literal),+) => {
        [$(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/calibrate/sql/", $name, ".sql"))),+]
    };
}

pub(super) fn doors() -> Vec<Door> {
    vec![Door::post("/d/{dataset}/calibrate/results/{calibration}/notebook", |route| route.to(make_notebook))]
}

/// A statement as a link: what it asks, and where it opens.
pub(super) type Question = (String, String);

fn filled(text: &str, fill: &[(&str, &str)]) -> String {
    fill.iter().fold(text.trim_end().to_owned(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
}

fn question(d: &DatasetName, text: String) -> Question {
    let title = text.lines().next().unwrap_or_default().trim_start_matches("-- ").to_owned();
    (title, format!("/sql{}", addresses::query(&[("dataset", d.to_string()), ("q", text), ("run", "1".to_owned())])))
}

/// Statements about one calibration.
fn statements_of(record: &Record) -> Vec<String> {
    let (d, name, run) = (record.dataset.as_str(), record.calibration.as_str(), record.run.as_str());
    let fill = [("dataset", d), ("calibration", name), ("run", run)];
    let all = statements!["test", "classes", "reliability", "curve", "errors", "ceiling", "bands", "reviewed"];
    all.into_iter().map(|text| filled(text, &fill)).collect()
}

/// Questions about one calibration.
pub(super) fn of_calibration(record: &Record) -> Vec<Question> {
    statements_of(record).into_iter().map(|text| question(&record.dataset, text)).collect()
}

/// Questions about two calibrations.
pub(super) fn of_two(d: &DatasetName, a: &RunName, b: &RunName) -> Vec<Question> {
    let fill = [("dataset", d.as_str()), ("calibration", a.as_str()), ("other", b.as_str())];
    statements!["pairs"].into_iter().map(|text| question(d, filled(text, &fill))).collect()
}

/// Everything about a calibration and its run as one notebook.
fn as_notebook(record: &Record) -> String {
    let Record { dataset, calibration, run, gate, .. } = record;
    let title = format!("{calibration} of {run} on {dataset}");
    let words = format!(
        "{}: {}.\n\nThe figures of the pages, asked of the tables `{dataset}.scores_{calibration}`, \
         `{dataset}.features_{calibration}`, `{dataset}.missed_{calibration}` and of those of the run. Change what you like: \
         this file is yours, the pages stay as they are.",
        if gate.promoted { "Promoted" } else { "Not promoted" },
        gate.why
    );
    let mut statements = statements_of(record);
    statements.extend(prelabel::statements(dataset, run, record.options.iou));
    notebook::of_statements(&title, &words, &statements)
}

async fn make_notebook(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (d, name) = path.into_inner();
    let address = blocking(move || {
        let record = record(&bench, &d, &name)?;
        notebook::kept(&bench, &format!("{d} {name}"), &as_notebook(&record))
    });
    Ok(see(&address.await?))
}
