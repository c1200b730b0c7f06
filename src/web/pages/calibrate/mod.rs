//! Calibrating: choosing among candidates, judged by a person. A list with the form to start, the figures of one calibration,
//! thresholds that move, errors, blind verdicts, two beside each other, and putting what is accepted on images.

mod apply;
mod audit;
mod candidate;
pub(super) mod ceiling;
mod charts;
mod compare;
mod crop;
mod errors;
mod figures;
mod list;
mod questions;
#[cfg(test)]
mod samples;
mod thresholds;
mod verdicts;
pub(super) mod view;
pub(super) mod view_list;
pub(super) mod view_parts;

use std::collections::BTreeMap;

use tator_domain::{ClassId, DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::calibrate::Record;

use super::visit::{Bench, Visit, form_again, html, see};
use crate::door::Door;
use crate::page::{Section, Shell};
use view_parts::{About, Tab};

pub(super) fn doors() -> Vec<Door> {
    let pages = [compare::doors(), figures::doors(), thresholds::doors(), errors::doors()];
    let more = [candidate::doors(), verdicts::doors(), apply::doors(), ceiling::doors(), questions::doors()];
    [list::doors(), pages.concat(), more.concat()].concat()
}

/// Names and colours of classes.
type Classes = BTreeMap<ClassId, (String, String)>;

fn classes(bench: &Workbench, d: &DatasetName) -> Result<Classes, tator_pipeline::Error> {
    let list = bench.reader().class_list(d)?;
    Ok(list.into_iter().map(|class| (class.class_id, (class.name, class.colour))).collect())
}

fn record(bench: &Workbench, d: &DatasetName, name: &RunName) -> Result<Record, tator_pipeline::Error> {
    Record::parse(&bench.calibration(d, name)?.record)
}

fn shell(bench: &Workbench, visit: &Visit, d: &DatasetName) -> Result<Shell, tator_pipeline::Error> {
    visit.shell(bench, Section::Calibrate, Some(d))
}

/// What every page of one calibration begins with.
fn about(bench: &Workbench, record: &Record, tab: Tab) -> Result<About, tator_pipeline::Error> {
    let Record { dataset, calibration, run, gate, .. } = record;
    let (promoted, why) = (gate.promoted, gate.why.clone());
    let changed = bench.truth_changed_since(dataset, record)?;
    Ok(About { dataset: dataset.clone(), name: calibration.clone(), run: run.clone(), tab, promoted, why, changed })
}

/// A class in words, also one that is gone.
fn class_name(classes: &Classes, class: ClassId) -> String {
    classes.get(&class).map_or_else(|| format!("class {class}"), |(name, _)| name.clone())
}

fn colour(classes: &Classes, class: ClassId) -> String {
    classes.get(&class).map_or_else(|| "#ffffff".to_owned(), |(_, colour)| colour.clone())
}
