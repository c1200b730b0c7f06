//! What several pages of a calibration share.

use tator_domain::{DatasetName, RunName};
use tator_pipeline::calibrate::Standing;

/// Which page of a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Figures.
    Figures,
    /// Thresholds.
    Thresholds,
    /// Errors.
    Errors,
    /// Blind verdicts.
    Review,
    /// Drafts.
    Apply,
}

/// What every page of one calibration begins with.
#[derive(Debug, Clone)]
pub struct About {
    /// The dataset.
    pub dataset: DatasetName,
    /// The calibration.
    pub name: RunName,
    /// The run it judges.
    pub run: RunName,
    /// Which page this is.
    pub tab: Tab,
    /// Better than what there is.
    pub promoted: bool,
    /// In words.
    pub why: String,
    /// Images of the run that were labelled or changed since.
    pub changed: u64,
}

impl About {
    /// Address of the calibration.
    #[must_use]
    pub fn at(&self) -> String {
        at(&self.dataset, &self.name)
    }

    /// The pages: address, name, whether it is this one.
    #[must_use]
    pub fn tabs(&self) -> [(String, &'static str, bool); 5] {
        let tab = |tab: Tab, end: &str, name| (format!("{}{end}", self.at()), name, tab == self.tab);
        [
            tab(Tab::Figures, "", "Figures"),
            tab(Tab::Thresholds, "/thresholds", "Thresholds"),
            tab(Tab::Errors, "/errors", "Errors"),
            tab(Tab::Review, "/review", "Blind review"),
            tab(Tab::Apply, "/apply", "Apply"),
        ]
    }
}

/// Address of a calibration.
pub(super) fn at(d: &DatasetName, name: &RunName) -> String {
    format!("/d/{d}/calibrate/results/{name}")
}

/// A share as percent with one digit.
pub(super) fn pc(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

/// An interval of a share, in percent.
pub(super) fn pc_range([low, high]: [f64; 2]) -> String {
    format!("{}–{}", pc(low), pc(high))
}

/// A line of the table of figures.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingLine {
    /// Its name.
    pub name: String,
    /// It is the calibration itself.
    pub own: bool,
    /// Precision, recall and F1, each with its interval.
    pub figures: [(String, String); 3],
    /// Difference in F1 of the calibration to it, with its interval; empty for itself.
    pub gain: Option<(String, String)>,
    /// F1 and its interval in a picture 100 wide.
    pub place: (f64, f64, f64),
    /// Right, wrong and missed.
    pub counts: (u64, u64, u64),
}

impl StandingLine {
    /// What a standing comes to.
    #[must_use]
    pub fn of(name: &str, own: bool, standing: &Standing, gain: Option<[f64; 3]>) -> Self {
        let Standing { precision, precision_ci, recall, recall_ci, f1, f1_ci, right, wrong, missed, .. } = standing;
        let figure = |value: &f64, ci: &[f64; 2]| (pc(*value), pc_range(*ci));
        Self {
            name: name.to_owned(),
            own,
            figures: [figure(precision, precision_ci), figure(recall, recall_ci), figure(f1, f1_ci)],
            gain: gain.map(|[value, low, high]| {
                (format!("{:+.1}", value * 100.0), format!("{:+.1} to {:+.1}", low * 100.0, high * 100.0))
            }),
            place: (f1 * 100.0, f1_ci[0] * 100.0, (f1_ci[1] - f1_ci[0]) * 100.0),
            counts: (*right as u64, *wrong as u64, *missed as u64),
        }
    }
}
