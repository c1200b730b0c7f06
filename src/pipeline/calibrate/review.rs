//! A calibration looked at by a person: thresholds that move, blind verdicts, and what a verdict says of the whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, DatasetName, ImageId, RunName};
use tator_learning::calibration::{sample_size, wilson};
use tator_store::{DraftBox, ImageFilter, Judged, RunKind, Verdict};

use super::apply::{ApplyPreview, ApplyRequest};
use super::record::Record;
use crate::error::Error;
use crate::prepass::DraftSample;
use crate::workbench::Workbench;

/// What can be said of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The class is right and the box fits.
    Yes,
    /// It is nothing, or the box does not fit.
    No,
    /// It is an object of another class.
    Other,
    /// Cannot be told.
    Skip,
}

impl Answer {
    fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Other => "other",
            Self::Skip => "skip",
        }
    }
}

/// Everything a page needs to move thresholds without asking again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreTable {
    /// Probability from which on a candidate that is not accepted goes to people.
    pub queue_from: f64,
    /// Overlap with an object from which on a candidate is right.
    pub iou: f64,
    /// The classes.
    pub classes: Vec<ClassScores>,
}

/// Candidates of a class by their probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassScores {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: String,
    /// Its threshold in use.
    pub least: Option<f64>,
    /// Objects of it on tested images.
    pub truths: usize,
    /// Candidates on images without truth that are left out, since a better one of the class covers them.
    pub duplicates: u64,
    /// Thousandth of the probability, right and wrong ones on tested images, those on images without truth.
    pub bins: Vec<(i32, u64, u64, u64)>,
}

/// What people said of a band, and what that says of all of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BandEstimate {
    /// `accept` or `queue`.
    pub band: String,
    /// Candidates in it on images without truth.
    pub candidates: u64,
    /// Share that the probabilities expect to be right.
    pub expected: f64,
    /// How many were judged.
    pub judged: u64,
    /// Of how many nobody could tell.
    pub skipped: u64,
    /// Right among them.
    pub right: u64,
    /// Share right, with its interval of 95 %.
    pub share: Option<[f64; 3]>,
    /// Half of an interval, and how many have to be judged for it.
    pub advice: Vec<(f64, u64)>,
}

/// Halves of intervals that are advised on.
const HALVES: [f64; 4] = [0.1, 0.05, 0.03, 0.02];

impl Workbench {
    fn record_of(&self, d: &DatasetName, name: &RunName) -> Result<Record, Error> {
        Record::parse(&self.reader().run_entry(d, RunKind::Calibration, name)?.record)
    }

    /// What a page needs to move the thresholds of a calibration.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn score_table(&self, d: &DatasetName, name: &RunName) -> Result<ScoreTable, Error> {
        let record = self.record_of(d, name)?;
        let known = self.reader().class_list(d)?;
        let least = |class: ClassId| record.rule.least(class);
        let thresholds: Vec<(ClassId, f64)> =
            known.iter().filter_map(|class| Some((class.class_id, least(class.class_id)?))).collect();
        let mut bins: BTreeMap<ClassId, Vec<(i32, u64, u64, u64)>> = BTreeMap::new();
        let mut duplicates: BTreeMap<ClassId, u64> = BTreeMap::new();
        for one in self.reader().score_counts(d, name, (&thresholds, record.queue_from))? {
            *duplicates.entry(one.class_id).or_default() += one.duplicates;
            let bins = bins.entry(one.class_id).or_default();
            if one.right + one.wrong + one.open > 0 {
                bins.push((one.bin, one.right, one.wrong, one.open));
            }
        }
        let truths: BTreeMap<ClassId, usize> =
            record.figures.classes.iter().map(|class| (class.class_id, class.right + class.missed)).collect();
        for class in truths.keys() {
            bins.entry(*class).or_default();
        }
        let class = |(class_id, bins): (ClassId, Vec<_>)| {
            let about = known.iter().find(|class| class.class_id == class_id);
            ClassScores {
                class_id,
                name: about.map_or_else(|| format!("class {class_id}"), |class| class.name.clone()),
                colour: about.map_or_else(|| "#888888".to_owned(), |class| class.colour.clone()),
                least: least(class_id),
                truths: truths.get(&class_id).copied().unwrap_or(0),
                duplicates: duplicates.get(&class_id).copied().unwrap_or(0),
                bins,
            }
        };
        let classes = bins.into_iter().map(class).collect();
        Ok(ScoreTable { queue_from: record.queue_from, iou: record.options.iou, classes })
    }

    /// What people said of candidates on images without truth, and what that says of all of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn verdict_estimates(&self, d: &DatasetName, name: &RunName) -> Result<Vec<BandEstimate>, Error> {
        let record = self.record_of(d, name)?;
        let said = self.reader().verdict_counts(d, &record.key)?;
        let bands = self.reader().open_bands(d, name)?;
        let estimate = |band: &str| {
            let (_, candidates, expected) = bands.iter().find(|(known, ..)| known == band)?;
            let of = |answer: Answer| {
                let found = said.iter().find(|(known, word, _)| known == band && word == answer.word());
                found.map_or(0, |(.., n)| *n)
            };
            let (right, wrong) = (of(Answer::Yes), of(Answer::No) + of(Answer::Other));
            Some(BandEstimate {
                band: band.to_owned(),
                candidates: *candidates,
                expected: *expected,
                judged: right + wrong,
                skipped: of(Answer::Skip),
                right,
                share: wilson(right, right + wrong).map(|found| [found.value, found.low, found.high]),
                advice: HALVES.map(|half| (half, sample_size(*expected, half, *candidates))).to_vec(),
            })
        };
        Ok(["accept", "queue"].into_iter().filter_map(estimate).collect())
    }

    /// The next candidates of a band that nobody has judged, out of a sample of `size`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration; [`Error::Invalid`] for a band that is never asked about.
    pub fn next_verdicts(
        &self,
        d: &DatasetName,
        name: &RunName,
        (band, size): (&str, u32),
        n: u32,
    ) -> Result<Vec<Judged>, Error> {
        if !["accept", "queue"].contains(&band) {
            return Err(Error::invalid("band", format!("{band} is neither accept nor queue")));
        }
        let record = self.record_of(d, name)?;
        let of = (&record.key[..], record.options.seed);
        Ok(self.reader().next_in_sample((d, name, &record.run), (band, size), of, n)?)
    }

    /// Keeps what a person said of a candidate. No box changes.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration; [`Error::Invalid`] for a candidate or class that there is not.
    pub fn keep_verdict(
        &self,
        d: &DatasetName,
        name: &RunName,
        candidate_id: i64,
        (answer, said): (Answer, Option<ClassId>),
        author: &str,
    ) -> Result<(), Error> {
        let record = self.record_of(d, name)?;
        if let Some(class) = said.filter(|_| answer == Answer::Other) {
            let known = self.reader().class_list(d)?;
            if !known.iter().any(|one| one.class_id == class) {
                return Err(Error::invalid("class", format!("{d} has no class {class}")));
            }
        }
        let said = said.filter(|_| answer == Answer::Other);
        let verdict = Verdict { candidate_id, answer: answer.word(), said, author };
        Ok(self.open.writer.keep_verdict(d, (name, &record.key), &verdict)?)
    }

    /// Takes back what was said last of a candidate of this calibration; gives the candidate.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn take_back_verdict(&self, d: &DatasetName, name: &RunName) -> Result<Option<i64>, Error> {
        let record = self.record_of(d, name)?;
        Ok(self.open.writer.take_back_verdict(d, &record.key)?)
    }

    /// What applying a calibration would do, with some of the images that would get drafts.
    ///
    /// # Errors
    /// As [`Workbench::preview_calibration`].
    pub fn preview_calibration_pictures(
        &self,
        d: &DatasetName,
        name: &RunName,
        request: &ApplyRequest,
        n: usize,
    ) -> Result<(ApplyPreview, Vec<DraftSample>), Error> {
        let (preview, drafts) = self.chosen(d, name, &self.record_of(d, name)?, request)?;
        let on: Vec<&[DraftBox]> = drafts.chunk_by(|a, b| a.image_id == b.image_id).collect();
        let step = on.len().div_ceil(n.max(1)).max(1);
        let shown: Vec<&[DraftBox]> = on.into_iter().step_by(step).collect();
        let list: Vec<ImageId> = shown.iter().map(|drafts| drafts[0].image_id).collect();
        let list = list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if list.is_empty() {
            return Ok((preview, Vec::new()));
        }
        let filter = ImageFilter { condition: Some(format!("image_id IN ({list})")), ..ImageFilter::default() };
        let images = self.reader().image_rows(d, &filter)?;
        let sample = |drafts: &&[DraftBox]| {
            let image = images.iter().find(|image| image.image_id == drafts[0].image_id)?;
            Some(crate::prepass::sample(image, drafts))
        };
        Ok((preview, shown.iter().filter_map(sample).collect()))
    }
}
