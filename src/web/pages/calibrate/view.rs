//! What the pages of calibrating show.

use askama::Template;
use tator_domain::ClassId;
use tator_pipeline::calibrate::{BandCounts, BandEstimate, Sizes};

use super::charts::Histogram;
use super::crop::Crop;
use super::questions::Question;
use super::view_parts::{About, StandingLine, pc, pc_range};
use crate::figures::filters;
use crate::page::Shell;

/// `/d/{dataset}/calibrate/results/{calibration}`
#[derive(Template)]
#[template(path = "calibrate/figures.html")]
pub struct FiguresPage {
    /// Around the content.
    pub shell: Shell,
    /// What every page begins with.
    pub about: About,
    /// The calibration and all it has to beat.
    pub standings: Vec<StandingLine>,
    /// What to know before believing the figures.
    pub warnings: Vec<String>,
    /// How the test was kept apart.
    pub protocol: String,
    /// How many there are of what.
    pub sizes: Sizes,
    /// Share of the objects that any candidate reaches.
    pub ceiling: String,
    /// F1.
    pub f1: String,
    /// What the script draws.
    pub curves: Vec<Curve>,
    /// Single figures with their names.
    pub figures: Vec<(&'static str, String)>,
    /// Candidates by probability.
    pub histogram: Histogram,
    /// Raw scores by source: name, candidates, path.
    pub raw: Vec<(String, u64, String)>,
    /// Columns: name, bar, share of the gain, splits.
    pub importances: Vec<(String, f64, String, u64)>,
    /// Errors: kind, words, how many.
    pub errors: Vec<(String, &'static str, u64)>,
    /// Classes.
    pub classes: Vec<ClassLine>,
    /// What people said, where anybody did.
    pub estimates: Vec<BandEstimate>,
    /// F1 at stricter overlaps.
    pub stricter: Vec<(String, String)>,
    /// The same as SQL.
    pub questions: Vec<Question>,
    /// What it was made of.
    pub audit: Vec<(&'static str, String)>,
}

/// A curve, and the table beneath that says the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What it shows.
    pub title: &'static str,
    /// For the script.
    pub json: String,
    /// How to read it.
    pub words: String,
    /// Head of the table.
    pub head: [&'static str; 3],
    /// Rows of the table.
    pub rows: Vec<[String; 3]>,
}

/// A class in the table of figures.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassLine {
    /// Its number.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// Its threshold.
    pub least: String,
    /// Precision, recall, F1.
    pub figures: [String; 3],
    /// Right, wrong, missed.
    pub counts: [u64; 3],
    /// What is done with candidates on images without truth.
    pub bands: BandCounts,
}

/// `/d/{dataset}/calibrate/results/{calibration}/thresholds`
#[derive(Template)]
#[template(path = "calibrate/thresholds.html")]
pub struct ThresholdsPage {
    /// Around the content.
    pub shell: Shell,
    /// What every page begins with.
    pub about: About,
    /// Thousandth from which on people look.
    pub queue_tick: i32,
    /// Overlap that counts.
    pub iou: f64,
    /// Least recall that was asked for.
    pub recall_floor: f64,
    /// Classes, those with most objects first.
    pub rows: Vec<ThresholdRow>,
    /// Candidates on images without labels that are left out as duplicates.
    pub duplicates: u64,
    /// Both sides of the line of the chosen class.
    pub examples: Option<Sides>,
}

/// A class with its threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdRow {
    /// Its number.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: String,
    /// Thousandth of its threshold.
    pub tick: i32,
    /// Objects on tested images.
    pub truths: u64,
    /// Right, wrong, missed.
    pub counts: [u64; 3],
    /// What is done with candidates on images without truth.
    pub bands: BandCounts,
    /// Of the accepted there those that are less sure than what people are asked about.
    pub past_people: usize,
}

/// `/d/{dataset}/calibrate/results/{calibration}/_examples`
#[derive(Template)]
#[template(path = "calibrate/_examples.html")]
pub struct ExamplesPart {
    /// What it shows.
    pub part: Sides,
}

/// Candidates on both sides of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Sides {
    /// Name of the class.
    pub class: String,
    /// The line.
    pub least: String,
    /// Just accepted.
    pub above: Vec<Crop>,
    /// Just not.
    pub below: Vec<Crop>,
}

/// `/d/{dataset}/calibrate/results/{calibration}/errors`
#[derive(Template)]
#[template(path = "calibrate/errors.html")]
pub struct ErrorsPage {
    /// Around the content.
    pub shell: Shell,
    /// What every page begins with.
    pub about: About,
    /// Kinds: address, words, how many, key.
    pub kinds: Vec<(String, &'static str, u64, &'static str)>,
    /// The kind that is shown.
    pub kind: String,
    /// Classes: number, name, chosen.
    pub classes: Vec<(ClassId, String, bool)>,
    /// Pictures, each with the address of its reasons and a note.
    pub crops: Vec<(Crop, Option<String>, &'static str)>,
    /// Those before.
    pub previous: Option<String>,
    /// Those after.
    pub next: Option<String>,
    /// From, to, of.
    pub place: (u64, u64, u64),
}

/// `/d/{dataset}/calibrate/results/{calibration}/candidates/{candidate}`
#[derive(Template)]
#[template(path = "calibrate/candidate.html")]
pub struct CandidatePage {
    /// Around the content.
    pub shell: Shell,
    /// What every page begins with.
    pub about: About,
    /// The candidate, and the same with more around it.
    pub crops: [Crop; 2],
    /// What is done with it.
    pub band: String,
    /// No better one of its class covers it.
    pub kept: bool,
    /// Which part its image is in.
    pub part: String,
    /// The threshold of its class.
    pub least: String,
    /// A sentence.
    pub summary: String,
    /// Whose score it is and whose reasons; nothing on an image without labels.
    pub whose: String,
    /// Reasons, the weightiest first.
    pub reasons: Vec<ReasonLine>,
    /// The labeller.
    pub label: String,
    /// All candidates of the image.
    pub on_image: String,
}

/// A reason.
#[derive(Debug, Clone, PartialEq)]
pub struct ReasonLine {
    /// In words.
    pub words: String,
    /// What it adds to the log odds.
    pub adds: String,
    /// It speaks for the candidate.
    pub raises: bool,
    /// Its bar, of 100.
    pub width: f64,
}

/// `/d/{dataset}/calibrate/results/{calibration}/review`
#[derive(Template)]
#[template(path = "calibrate/review.html")]
pub struct ReviewPage {
    /// Around the content.
    pub shell: Shell,
    /// What every page begins with.
    pub about: About,
    /// The candidate that is asked about.
    pub crop: Option<Crop>,
    /// The same with more around it.
    pub context: Option<Crop>,
    /// The picture after it.
    pub upcoming: Option<String>,
    /// Candidates in the sample.
    pub asked: u64,
    /// Those judged or skipped.
    pub done: u64,
    /// Overlap that counts.
    pub iou: f64,
    /// Which candidates.
    pub band: &'static str,
    /// Size of the sample that was asked for.
    pub size: u32,
    /// Classes by name.
    pub classes: Vec<(ClassId, String)>,
    /// What is known of each band.
    pub estimates: Vec<BandEstimate>,
}

/// An estimate, its interval, and how far it reaches, in percent.
pub(super) fn estimate_words(band: &BandEstimate) -> String {
    match band.share {
        Some([share, low, high]) => format!("{} % ({})", pc(share), pc_range([low, high])),
        None => "nobody has looked yet".to_owned(),
    }
}

impl ThresholdsPage {
    /// Classes that accept what is less sure than what people are asked about.
    #[must_use]
    pub fn below(&self) -> usize {
        self.rows.iter().filter(|row| row.tick < self.queue_tick).count()
    }

    /// Candidates that are accepted although they are less sure than that.
    #[must_use]
    pub fn past_people(&self) -> usize {
        self.rows.iter().map(|row| row.past_people).sum()
    }
}

impl CandidatePage {
    /// The candidate, and what is around it where that shows more.
    #[must_use]
    pub fn looks(&self) -> &[Crop] {
        let more = self.crops[1].view_box != self.crops[0].view_box;
        &self.crops[..if more { 2 } else { 1 }]
    }
}

impl ReviewPage {
    /// An estimate in words.
    #[must_use]
    pub fn estimate(&self, band: &BandEstimate) -> String {
        estimate_words(band)
    }

    /// A share in percent.
    #[must_use]
    pub fn share(&self, share: &f64) -> String {
        pc(*share)
    }
}

impl FiguresPage {
    /// An estimate in words.
    #[must_use]
    pub fn estimate(&self, band: &BandEstimate) -> String {
        estimate_words(band)
    }

    /// A share in percent.
    #[must_use]
    pub fn share(&self, share: &f64) -> String {
        pc(*share)
    }
}
