//! What the pages of class heads show.

use std::collections::HashMap;

use askama::Template;
use tator_domain::{ClassId, DatasetName};
use tator_pipeline::heads::{HeadRun, HeadSummary, Heads, Readiness};

use super::form::Form;
use crate::addresses;
use crate::figures::{filters, grouped};
use crate::page::Shell;
use crate::pages::jobs::view::JobView;

/// More classes than these make no matrix that anybody can read.
const MOST_IN_MATRIX: usize = 30;
/// Mistakes that are listed.
const MISTAKES: usize = 20;

/// `/d/{dataset}/train`
#[derive(Template)]
#[template(path = "train/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// What there is to learn from.
    pub ready: Readiness,
    /// What was trained.
    pub heads: Heads,
    /// The training under way.
    pub job: Option<JobView>,
    /// The form as it stands.
    pub form: Form,
    /// What was wrong about it.
    pub wrong: Option<String>,
}

impl Page {
    /// The largest class, for the bars.
    #[must_use]
    pub fn share(&self, boxes: &u64) -> u64 {
        let most = self.ready.classes.iter().map(|class| class.boxes).max().unwrap_or(0).max(1);
        if *boxes == 0 { 0 } else { (boxes * 100 / most).max(1) }
    }

    /// A class that is too small to be told.
    #[must_use]
    pub fn is_small(&self, boxes: &u64) -> bool {
        *boxes < 20
    }

    /// How classes can weigh: the word in the form, in words, and whether it is chosen.
    #[must_use]
    pub fn weights(&self) -> Vec<(&'static str, &'static str, bool)> {
        let all = [
            ("", "as usual for the head"),
            ("none", "as many as they have"),
            ("balanced", "all the same"),
            ("effective_number", "by effective number"),
        ];
        all.map(|(value, words)| (value, words, value == self.form.class_weights)).into()
    }

    /// When the frequency of classes can be taken out, in the same way.
    #[must_use]
    pub fn adjustments(&self) -> Vec<(&'static str, &'static str, bool)> {
        let all = [
            ("", "left as it is"),
            ("train", "out of the loss"),
            ("infer", "out of the answer"),
            ("both", "out of both"),
        ];
        all.map(|(value, words)| (value, words, value == self.form.logit_adjustment)).into()
    }

    /// Macro F1 of a head with its interval.
    #[must_use]
    pub fn macro_f1(&self, head: &HeadSummary) -> String {
        with_interval(head.macro_f1, head.macro_f1_interval.map(|range| (range.low, range.high)))
    }

    /// Its accuracy.
    #[must_use]
    pub fn accuracy(&self, head: &HeadSummary) -> String {
        with_interval(head.accuracy, head.accuracy_interval.map(|range| (range.low, range.high)))
    }

    /// Some boxes have none, or one of what they were.
    #[must_use]
    pub fn misses_vectors(&self) -> bool {
        self.ready.encoders.iter().any(|encoder| encoder.chosen && encoder.missing > 0)
    }

    /// No box has a vector.
    #[must_use]
    pub fn wants_vectors(&self) -> bool {
        self.ready.encoders.iter().all(|encoder| encoder.rows == 0)
    }
}

/// A figure with its interval as text.
fn with_interval(value: f64, interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(|| format!("{value:.3}"), |(low, high)| format!("{value:.3} [{low:.3}, {high:.3}]"))
}

/// A figure between 0 and 1 as a bar with whiskers: all in hundredths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// The figure.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// How long it is.
    pub width: f64,
}

/// A class of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassRow {
    /// Its name.
    pub name: String,
    /// Its colour in the dataset.
    pub colour: Option<String>,
    /// Share of its predictions that are right.
    pub precision: String,
    /// Share of its boxes that are found.
    pub recall: String,
    /// Their mean, with its interval.
    pub f1: String,
    /// The same as a bar.
    pub bar: Bar,
    /// Test boxes.
    pub support: u64,
    /// Boxes it was fitted on.
    pub train: u64,
    /// Its boxes.
    pub href: String,
}

/// A cell of the matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixCell {
    /// How many.
    pub count: u64,
    /// 0 to 9: its share of the row.
    pub heat: u8,
    /// It is on the diagonal.
    pub right: bool,
    /// Its boxes.
    pub href: String,
    /// In words.
    pub words: String,
}

/// A mistake that is made often.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// What it is.
    pub truth: String,
    /// What it is taken for.
    pub predicted: String,
    /// How often.
    pub count: u64,
    /// Its boxes.
    pub href: String,
}

/// `/d/{dataset}/train/{run}`
#[derive(Template)]
#[template(path = "train/run.html")]
pub struct RunPage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// The record.
    pub run: HeadRun,
    /// The iterations as JSON, for the curves.
    pub log: String,
    /// Its line in the list.
    pub summary: Option<HeadSummary>,
    /// The others, to compare with.
    pub others: Vec<HeadSummary>,
    /// Figures of each class.
    pub classes: Vec<ClassRow>,
    /// Row after row; none with too many classes.
    pub matrix: Vec<(String, Vec<MatrixCell>)>,
    /// The most frequent first.
    pub mistakes: Vec<Mistake>,
    /// The request as text.
    pub options: Vec<(String, String)>,
    /// What was wrong.
    pub wrong: Option<String>,
}

impl RunPage {
    /// A run as it is shown; `log` is JSON, beside it the colours of the classes.
    #[must_use]
    pub fn new(
        shell: Shell,
        dataset: DatasetName,
        run: HeadRun,
        (log, colours): (String, HashMap<ClassId, String>),
        heads: Heads,
        wrong: Option<String>,
    ) -> Self {
        let (own, others): (Vec<_>, Vec<_>) = heads.heads.into_iter().partition(|head| head.id == run.id);
        let mistakes = mistakes(&dataset, &run);
        let options = options(&run);
        Self {
            classes: class_rows(&dataset, &run, &colours),
            matrix: matrix(&dataset, &run),
            summary: own.into_iter().next(),
            shell,
            dataset,
            run,
            log,
            others,
            mistakes,
            options,
            wrong,
        }
    }

    /// Accuracy with its interval.
    #[must_use]
    pub fn accuracy(&self) -> String {
        let interval = self.run.metrics.accuracy_interval.map(|range| (range.low, range.high));
        with_interval(self.run.metrics.accuracy, interval)
    }

    /// Macro F1 with its interval.
    #[must_use]
    pub fn macro_f1(&self) -> String {
        let interval = self.run.metrics.macro_f1_interval.map(|range| (range.low, range.high));
        with_interval(self.run.metrics.macro_f1, interval)
    }

    /// Weighted F1.
    #[must_use]
    pub fn weighted_f1(&self) -> String {
        with_interval(self.run.metrics.weighted_f1, None)
    }

    /// Auto class asks it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.summary.as_ref().is_some_and(|summary| summary.active)
    }

    /// Why it cannot work.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.summary.as_ref()?.problem.as_deref()
    }

    /// Background was learnt.
    #[must_use]
    pub fn guard_words(&self) -> Option<String> {
        let guard = self.run.guard?;
        let background = guard.refused + guard.flagged + guard.passed;
        let objects = guard.objects_kept + guard.objects_flagged + guard.objects_refused;
        Some(format!(
            "Of {background} crops that show nothing it refuses {}, flags {} and lets {} pass; of {objects} objects it refuses {} and flags {}.",
            guard.refused, guard.flagged, guard.passed, guard.objects_refused, guard.objects_flagged
        ))
    }
}

fn cell_href(dataset: &DatasetName, run: &HeadRun, truth: Option<usize>, predicted: Option<usize>) -> String {
    let pairs = [("truth", truth), ("predicted", predicted)];
    let pairs: Vec<(&str, String)> =
        pairs.into_iter().filter_map(|(key, class)| Some((key, class?.to_string()))).collect();
    format!("/d/{dataset}/train/{}/boxes{}", run.id, addresses::query(&pairs))
}

fn class_rows(dataset: &DatasetName, run: &HeadRun, colours: &HashMap<ClassId, String>) -> Vec<ClassRow> {
    let rows = run.classes.iter().zip(&run.metrics.per_class).enumerate();
    rows.map(|(at, (class, figures))| {
        let interval = figures.f1_interval.map(|range| (range.low, range.high));
        let (low, high) = interval.unwrap_or((figures.f1, figures.f1));
        ClassRow {
            name: class.name.clone(),
            colour: class.class_id.and_then(|id| colours.get(&id).cloned()),
            // A class without test boxes has no figures: zero would be a verdict.
            precision: tested(figures.support, || format!("{:.3}", figures.precision)),
            recall: tested(figures.support, || format!("{:.3}", figures.recall)),
            f1: tested(figures.support, || with_interval(figures.f1, interval)),
            bar: Bar { value: tenths(figures.f1), low: tenths(low), width: tenths(high - low) },
            support: figures.support,
            train: class.train as u64,
            href: cell_href(dataset, run, Some(at), None),
        }
    })
    .collect()
}

fn tested(boxes: u64, words: impl Fn() -> String) -> String {
    if boxes == 0 { "–".to_owned() } else { words() }
}

/// A share in hundredths, to one digit: no picture shows more.
fn tenths(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

fn matrix(dataset: &DatasetName, run: &HeadRun) -> Vec<(String, Vec<MatrixCell>)> {
    let n = run.classes.len();
    let own = run.metrics.per_class.len();
    if own > MOST_IN_MATRIX {
        return Vec::new();
    }
    let row = |truth: usize| {
        let counts = &run.metrics.confusion[truth * n..][..n];
        let total: u64 = counts.iter().sum();
        let cell = |predicted: usize| {
            let count = counts[predicted];
            let share = if total == 0 { 0 } else { (count * 9).div_ceil(total) };
            let words =
                format!("{} taken for {}: {}", run.classes[truth].name, run.classes[predicted].name, grouped(count));
            let heat = u8::try_from(share).unwrap_or(9);
            let href = cell_href(dataset, run, Some(truth), Some(predicted));
            MatrixCell { count, heat, right: truth == predicted, href, words }
        };
        (run.classes[truth].name.clone(), (0..n).map(cell).collect())
    };
    (0..own).map(row).collect()
}

fn mistakes(dataset: &DatasetName, run: &HeadRun) -> Vec<Mistake> {
    let n = run.classes.len();
    let cells = (0..run.metrics.per_class.len()).flat_map(|truth| (0..n).map(move |predicted| (truth, predicted)));
    let mut wrong: Vec<(u64, usize, usize)> = cells
        .filter(|(truth, predicted)| truth != predicted)
        .map(|(truth, predicted)| (run.metrics.confusion[truth * n + predicted], truth, predicted))
        .filter(|(count, ..)| *count > 0)
        .collect();
    wrong.sort_by_key(|(count, truth, predicted)| (std::cmp::Reverse(*count), *truth, *predicted));
    let one = |(count, truth, predicted): (u64, usize, usize)| Mistake {
        truth: run.classes[truth].name.clone(),
        predicted: run.classes[predicted].name.clone(),
        count,
        href: cell_href(dataset, run, Some(truth), Some(predicted)),
    };
    wrong.into_iter().take(MISTAKES).map(one).collect()
}

/// What was asked, flat and in words, for whoever wants to do it again.
pub(super) fn options(run: &HeadRun) -> Vec<(String, String)> {
    let told = serde_json::to_value(&run.options).unwrap_or_default();
    let mut found = Vec::new();
    flatten("", &told, &mut found);
    found.retain(|(key, _)| !matches!(key.as_str(), "name" | "activate" | "encoder"));
    found
}

fn flatten(before: &str, value: &serde_json::Value, found: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(parts) => {
            parts.iter().for_each(|(key, value)| flatten(&format!("{before} {}", key.replace('_', " ")), value, found));
        }
        serde_json::Value::Null => found.push((before.trim().to_owned(), "no".into())),
        serde_json::Value::String(text) => found.push((before.trim().to_owned(), text.replace('_', " "))),
        serde_json::Value::Number(number) if number.is_f64() => {
            // Options of 32 bits look odd with the digits of 64.
            let value = (number.as_f64().unwrap_or_default() * 1e6).round() / 1e6;
            found.push((before.trim().to_owned(), value.to_string()));
        }
        other => found.push((before.trim().to_owned(), other.to_string())),
    }
}
