//! The same as SQL: every figure of the page, asked of the tables.

use tator_domain::{DatasetName, RunName};
use tator_pipeline::calibrate::Record;

use crate::addresses;

macro_rules! statements {
    ($($name:literal),+) => {
        [$(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/calibrate/sql/", $name, ".sql"))),+]
    };
}

/// A statement as a link: what it asks, and where it opens.
pub(super) type Question = (String, String);

fn question(text: &str, fill: &[(&str, &str)]) -> Question {
    let text =
        fill.iter().fold(text.trim_end().to_owned(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value));
    let title = text.lines().next().unwrap_or_default().trim_start_matches("-- ").to_owned();
    let dataset = fill.iter().find(|(key, _)| *key == "dataset").map_or("", |(_, value)| value).to_owned();
    (title, format!("/sql{}", addresses::query(&[("dataset", dataset), ("q", text), ("run", "1".to_owned())])))
}

/// Questions about one calibration.
pub(super) fn of_calibration(record: &Record) -> Vec<Question> {
    let (d, name, run) = (record.dataset.as_str(), record.calibration.as_str(), record.run.as_str());
    let fill = [("dataset", d), ("calibration", name), ("run", run)];
    statements!["test", "classes", "reliability", "curve", "errors", "ceiling", "bands", "reviewed"]
        .into_iter()
        .map(|text| question(text, &fill))
        .collect()
}

/// Questions about two calibrations.
pub(super) fn of_two(d: &DatasetName, a: &RunName, b: &RunName) -> Vec<Question> {
    let fill = [("dataset", d.as_str()), ("calibration", a.as_str()), ("other", b.as_str())];
    statements!["pairs"].into_iter().map(|text| question(text, &fill)).collect()
}
