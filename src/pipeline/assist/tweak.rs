//! Fits every box of a class to its object: proposals first, changed only when a person has seen them.
//!
//! Each image's proposals are kept as soon as they are made, so that a job that was cut off goes on where it was.

use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, ClassId, Clock, DatasetName, ImageId, SystemClock, iou};
use tator_store::{ClassSample, Proposal, ShownProposal, TweakId, TweakSummary};
use tator_vision::{Encoding, Prompt, Segmenter, Stop};

use super::Shared;
use super::slots::Place;
use crate::error::Error;
use crate::jobs::{Context, JobId};
use crate::workbench::Workbench;

/// A mask that overlaps the box it was asked for less than this is of something else.
const SAME_OBJECT: f64 = 0.3;
/// A mask of which the model thinks less is none.
const SURE: f32 = 0.5;

/// What a tweak job is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TweakRequest {
    pub dataset: DatasetName,
    pub class_id: ClassId,
    /// The same when the job is resumed.
    pub tweak_id: TweakId,
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TweakReport {
    tweak_id: TweakId,
    proposals: u64,
    moved: u64,
    mean_iou: f64,
    /// Boxes of which the model says nothing certain: they stay.
    unsure: u64,
    /// Images that could not be looked at, and why.
    pub failed: Vec<(ImageId, String)>,
    review: String,
}

impl TweakReport {
    pub fn summary(&self) -> String {
        let failed =
            if self.failed.is_empty() { String::new() } else { format!(", {} images failed", self.failed.len()) };
        format!("{} boxes looked at, {} would move{failed}; nothing is changed yet", self.proposals, self.moved)
    }
}

impl Shared {
    /// Looks at every box of the class and keeps what the segmenter says.
    pub(crate) fn propose(&self, context: &Context, request: &TweakRequest) -> Result<TweakReport, Error> {
        let TweakRequest { dataset: d, class_id, tweak_id } = request;
        let (_, segmenter) = self.engines.segmenter(&self.shelves, &self.settings(), None)?;
        context.writer.prepare_tweaks(d)?;
        let todo = context.writer.reader().tweak_todo(d, *tweak_id, *class_id)?;
        let (mut done, total) = (0, todo.len() as u64);
        let (mut unsure, mut failed) = (0, Vec::new());
        for of_one in todo.chunk_by(|a, b| a.image_id == b.image_id) {
            context.progress("fitting boxes", done, total)?;
            // People first: their clicks wait for nothing.
            if !self.wait_until_idle() {
                return Err(Error::Cancelled);
            }
            match self.propose_on(d, of_one, segmenter.as_ref()) {
                Ok(proposals) => {
                    unsure += (of_one.len() - proposals.len()) as u64;
                    context.writer.add_proposals(d, *tweak_id, &proposals)?;
                }
                Err(error) => failed.push((of_one[0].image_id, error.to_string())),
            }
            done += of_one.len() as u64;
        }
        context.progress("fitting boxes", done, total)?;
        let found = context.writer.reader().tweak_summary(d, *tweak_id).ok();
        Ok(TweakReport {
            tweak_id: *tweak_id,
            proposals: found.map_or(0, |found| found.proposals),
            moved: found.map_or(0, |found| found.moved),
            mean_iou: found.map_or(1.0, |found| found.mean_iou),
            unsure,
            failed,
            review: format!("/d/{d}/label?tweak={tweak_id}"),
        })
    }

    fn propose_on(
        &self,
        d: &DatasetName,
        samples: &[ClassSample],
        segmenter: &dyn Segmenter,
    ) -> Result<Vec<Proposal>, Error> {
        let place = Place { dataset: d.clone(), image_id: samples[0].image_id };
        let kept = self.encode(&place, None, &Stop::default())?;
        let fitted = samples.iter().map(|sample| fit(&kept.encoding, sample, segmenter));
        Ok(fitted.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

/// The object in a box, when the model is sure of one that is mostly there.
fn fit(encoding: &Encoding, sample: &ClassSample, segmenter: &dyn Segmenter) -> Result<Option<Proposal>, Error> {
    let (width, height) = (encoding.placement.width, encoding.placement.height);
    let rect = sample.rect.clipped(f64::from(width), f64::from(height));
    let prompt = Prompt { points: Vec::new(), rect: Some(rect) };
    let masks = segmenter.decode(encoding, &prompt)?;
    let proposals = masks.iter().filter(|mask| mask.score >= SURE).filter_map(|mask| {
        let outline = mask.outline(width, height, &prompt)?;
        let overlap = iou(&outline.rect, &sample.rect);
        let score = f64::from(mask.score.clamp(0.0, 1.0));
        (overlap >= SAME_OBJECT).then_some(Proposal {
            sample: *sample,
            rect: outline.rect,
            polygon: outline.polygon,
            score,
            iou: overlap,
        })
    });
    Ok(proposals.into_iter().next())
}

impl Workbench {
    /// Starts a job that proposes a tighter box for every box of a class; gives the job and the tweak.
    ///
    /// # Errors
    /// [`Error::NotFound`] for dataset or class; [`Error::NoModel`].
    pub fn start_tweak(&self, d: &DatasetName, class_id: ClassId) -> Result<(JobId, TweakId), Error> {
        let classes = self.reader().class_list(d)?;
        let class = classes.iter().find(|class| class.class_id == class_id && !class.retired);
        let class = class.ok_or_else(|| Error::NotFound(format!("class {class_id} of {d}")))?;
        let shared = &self.open.assist.shared;
        let chosen = shared.settings().segmenter;
        shared.shelves.choose(tator_vision::Task::Segment, chosen.as_deref())?;
        let request = TweakRequest { dataset: d.clone(), class_id, tweak_id: SystemClock.now() };
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        let job = self.enqueue("tweak", format!("Fit the boxes of {}", class.name), d, text)?;
        Ok((job, request.tweak_id))
    }

    /// Proposals of a tweak with what it comes to.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn proposals(
        &self,
        d: &DatasetName,
        tweak: TweakId,
        (skip, limit): (u64, u64),
    ) -> Result<(TweakSummary, Vec<ShownProposal>), Error> {
        let summary = self.reader().tweak_summary(d, tweak)?;
        Ok((summary, self.reader().proposals(d, tweak, (skip, limit))?))
    }

    /// Applies a tweak but for some boxes; gives the change, which can be taken back, and how many boxes moved.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when no box is left to move.
    pub fn apply_tweak(
        &self,
        d: &DatasetName,
        tweak: TweakId,
        (except, least_iou): (&[BoxId], f64),
        author: &str,
    ) -> Result<(i64, u64), Error> {
        Ok(self.open.writer.apply_tweak(d, tweak, (except, least_iou), author)?)
    }
}
