//! What the list of calibrations, two of them beside each other, and applying one show.

use std::collections::BTreeMap;

use askama::Template;
use tator_domain::{ClassId, DatasetName, RunName};
use tator_pipeline::calibrate::{ApplyPreview, Record};

use super::crop::Crop;
use super::questions::Question;
use super::view_parts::{About, StandingLine, pc, pc_range};
use crate::figures::filters;
use crate::page::Shell;
use crate::pages::prelabel::view::PictureView;

/// `/d/{dataset}/calibrate`
#[derive(Template)]
#[template(path = "calibrate/page.html")]
pub struct ListPage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Calibrations, newest first.
    pub lines: Vec<CalibrationLine>,
    /// Runs that can be calibrated, newest first.
    pub runs: Vec<String>,
    /// Calibrations under way: job and title.
    pub live: Vec<(i64, String)>,
    /// Images with trusted labels.
    pub truth_images: u64,
    /// What can look at crops of the candidates: as the form sends it, and as people read it.
    pub looks: Vec<(String, String)>,
    /// What is being asked for.
    pub form: Form,
}

/// The form that starts a calibration, as text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Form {
    /// The run.
    pub run: String,
    /// Overlap that counts.
    pub iou: String,
    /// Least recall.
    pub recall_floor: String,
    /// Most wrong ones per right one.
    pub cap: String,
    /// Every overlapping candidate is right in training.
    pub many: bool,
    /// Seed.
    pub seed: String,
    /// Other ways of growing trees.
    pub sweep: String,
    /// Probability from which on people look.
    pub queue_from: String,
    /// What models were trained on.
    pub seen: String,
    /// What looks at crops: `encoder:NAME`, `head:NUMBER`, or nothing.
    pub looks: String,
    /// Columns left out.
    pub without: String,
    /// Its name.
    pub name: String,
    /// Why it was refused.
    pub wrong: Option<String>,
}

/// A calibration in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationLine {
    /// Its name.
    pub name: RunName,
    /// The run.
    pub run: String,
    /// Promoted.
    pub promoted: bool,
    /// Why, or why not.
    pub why: String,
    /// F1 and its interval.
    pub f1: (String, String),
    /// The best it has to beat, and its F1.
    pub best: (String, String),
    /// Images and objects of the truth.
    pub truth: (u64, u64),
    /// Candidates of the run.
    pub candidates: u64,
    /// The change up to which the data were looked at.
    pub data_version: i64,
}

impl CalibrationLine {
    /// What the list tells.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let best = record.baselines.get(&record.gate.best_baseline);
        Self {
            name: record.calibration.clone(),
            run: record.run.to_string(),
            promoted: record.gate.promoted,
            why: record.gate.why.clone(),
            f1: (pc(record.test.f1), pc_range(record.test.f1_ci)),
            best: (record.gate.best_baseline.clone(), best.map_or_else(String::new, |best| pc(best.f1))),
            truth: (record.sizes.truth_images as u64, record.sizes.truths as u64),
            candidates: record.sizes.candidates as u64,
            data_version: record.data_version,
        }
    }

    /// One whose record cannot be read.
    #[must_use]
    pub fn damaged(name: &RunName, why: &str) -> Self {
        let nothing = || (String::new(), String::new());
        let (f1, best, why) = (nothing(), nothing(), why.to_owned());
        let (name, run, truth) = (name.clone(), String::new(), (0, 0));
        Self { name, run, promoted: false, why, f1, best, truth, candidates: 0, data_version: -1 }
    }
}

/// `/d/{dataset}/calibrate/results/{calibration}/apply`
#[derive(Template)]
#[template(path = "calibrate/apply.html")]
pub struct ApplyPage {
    /// Around the content.
    pub shell: Shell,
    /// What every page begins with.
    pub about: About,
    /// SQL condition.
    pub condition: String,
    /// Those for people become drafts, too.
    pub queue: bool,
    /// Another edge of those for people.
    pub queue_tick: Option<i32>,
    /// Although it is not promoted.
    pub anyway: bool,
    /// Thresholds that were moved.
    pub ticks: BTreeMap<ClassId, i32>,
    /// What would happen, or why that cannot be said.
    pub preview: Result<ApplyPreview, String>,
    /// Some of the images.
    pub pictures: Vec<PictureView>,
    /// Why nothing was done.
    pub wrong: Option<String>,
    /// What was done: change, drafts, images.
    pub done: Option<(i64, u64, u64)>,
}

/// A cell of the table of two: address, candidates, right, wrong, chosen.
pub type Cell = (String, u64, u64, u64, bool);

/// `/d/{dataset}/calibrate/compare`
#[derive(Template)]
#[template(path = "calibrate/compare.html")]
pub struct ComparePage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// The two.
    pub lines: [StandingLine; 2],
    /// Whether each is promoted.
    pub promoted: [bool; 2],
    /// They judge the same candidates.
    pub same_run: bool,
    /// What they say differently: key, first, second.
    pub differences: Vec<(String, String, String)>,
    /// What the first does, and then the second.
    pub table: [(&'static str, [Cell; 3]); 3],
    /// Which cell is shown.
    pub cell: Option<(&'static str, &'static str)>,
    /// Candidates of it, with their probability in the second.
    pub crops: Vec<(Crop, String)>,
    /// The same as SQL.
    pub questions: Vec<Question>,
}

impl ComparePage {
    /// Address of one of the two.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        format!("/d/{}/calibrate/results/{name}", self.dataset)
    }
}

impl ListPage {
    /// Address of a calibration.
    #[must_use]
    pub fn at(&self, name: &RunName) -> String {
        super::view_parts::at(&self.dataset, name)
    }
}
