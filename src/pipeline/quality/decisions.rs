//! What people say about findings: keep, fix or skip. A fix is an ordinary edit of one image, so that the labeller and the
//! history take it back like any other.

use serde::Serialize;
use tator_domain::{BoxState, Clock, DatasetName, ImageBox, ImageId, SystemClock, iou};
use tator_store::{Decision, Edit, EditOutcome, EditRequest, Finding, ImageDetail};

use super::kinds::kind;
use crate::error::Error;
use crate::workbench::Workbench;

/// Decisions that are looked through for the one to take back.
const LOOKED_AT: u64 = 10_000;
/// A box that overlaps the place of a missing one so much is that one.
const COVERED: f64 = 0.5;

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionAnswer {
    /// The finding.
    pub key: String,
    /// What was decided.
    pub decision: Decision,
    /// The change in the history that the decision made.
    pub change_id: Option<i64>,
    /// The image that was changed.
    pub image_id: Option<ImageId>,
}

impl Workbench {
    /// Decides about a finding; a fix is made at once. To keep what was fixed takes the fix back, or accepts the box that it
    /// made a draft.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when what it is about has changed since.
    pub fn decide_finding(
        &self,
        d: &DatasetName,
        key: &str,
        decision: Decision,
        author: &str,
    ) -> Result<DecisionAnswer, Error> {
        let finding = self.reader().finding(d, key)?;
        let decided = self.reader().decisions(d, &finding.kind, LOOKED_AT)?;
        let fixed = decided.iter().find(|one| one.key == key && one.decision == "fix" && !one.taken_back);
        let change = match (decision, fixed) {
            (Decision::Fix, None) => Some(self.fix(d, &finding, author)?),
            (Decision::Keep, Some(fixed)) => self.unfix(d, &finding, fixed.change_id, author)?,
            (Decision::Keep | Decision::Skip, None) => None,
            (Decision::Fix | Decision::Skip, Some(_)) => {
                return Err(Error::Conflict("this is fixed already; take it back first".into()));
            }
        };
        let change_id = change.and_then(|(_, change)| change);
        self.open.writer.decide(d, &finding, decision, change_id, author)?;
        Ok(DecisionAnswer { key: key.to_owned(), decision, change_id, image_id: change.map(|(image, _)| image) })
    }

    fn fix(&self, d: &DatasetName, finding: &Finding, author: &str) -> Result<(ImageId, Option<i64>), Error> {
        let split = self.reader().image(d, finding.image_id)?.image.split;
        let repair = kind(&finding.kind).and_then(|kind| kind.repair(finding, split));
        let none = "this finding has no fix: run the look again, or open the image";
        let (image, edits) = repair.ok_or_else(|| Error::Conflict(none.into()))?;
        let detail = self.reader().image(d, image)?;
        self.check_fresh(finding, &detail)?;
        if finding.kind == "leak" && detail.image.split == split {
            return Err(Error::Conflict(format!("both are in {split} by now: there is nothing to move")));
        }
        self.make(d, finding, &detail, (edits, author))
    }

    /// What was fixed and is right as it was: a box that became a draft is accepted, every other fix is taken back.
    fn unfix(
        &self,
        d: &DatasetName,
        finding: &Finding,
        change: Option<i64>,
        author: &str,
    ) -> Result<Option<(ImageId, Option<i64>)>, Error> {
        let Some(acceptance) = kind(&finding.kind).and_then(|kind| kind.acceptance(finding)) else {
            change.map_or(Ok(()), |change| self.undo_change(d, change, author))?;
            return Ok(None);
        };
        let detail = self.reader().image(d, finding.image_id)?;
        let is_draft = |b: &ImageBox| Some(b.box_id) == finding.box_id && b.state == BoxState::Draft;
        // Whoever changed it since has accepted it by that.
        if !detail.boxes.iter().any(is_draft) {
            return Ok(None);
        }
        self.make(d, finding, &detail, (vec![acceptance], author)).map(Some)
    }

    /// Edits an image for a finding; gives the change in the history too.
    fn make(
        &self,
        d: &DatasetName,
        finding: &Finding,
        detail: &ImageDetail,
        (edits, author): (Vec<Edit>, &str),
    ) -> Result<(ImageId, Option<i64>), Error> {
        let image = detail.image.image_id;
        let client_id = format!("quality-{}-{}", SystemClock.now(), finding.key);
        let request = EditRequest { base_revision: detail.revision, client_id: client_id.clone(), edits };
        match self.edit(d, image, request, author)? {
            EditOutcome::Applied(_) => Ok((image, self.reader().change_of_edit(d, image, &client_id)?)),
            EditOutcome::Conflict(_) => Err(Error::Conflict("somebody changed this image just now: look again".into())),
        }
    }

    /// A box that somebody moved or relabelled since is not fixed by what an older look found, nor is one drawn where
    /// somebody drew it, nor is a box taken away whose twin is gone.
    fn check_fresh(&self, finding: &Finding, detail: &ImageDetail) -> Result<(), Error> {
        let Some(box_id) = finding.box_id else {
            let place = finding.suggested_rect.or(finding.rect);
            let covered = |place| detail.boxes.iter().any(|b| iou(&b.rect, &place) >= COVERED);
            let text = "a box is there by now: run the look again, or open the image";
            return if place.is_some_and(covered) { Err(Error::Conflict(text.into())) } else { Ok(()) };
        };
        if matches!(finding.kind.as_str(), "overlap" | "conflict")
            && !detail.boxes.iter().any(|b| Some(b.box_id) == finding.other_id)
        {
            return Err(Error::Conflict("the other box is gone: run the look again, or open the image".into()));
        }
        let now = detail.boxes.iter().find(|b| b.box_id == box_id);
        let same = now.is_some_and(|b| Some(b.class_id) == finding.class_id && Some(b.rect) == finding.rect);
        let text = format!("box {box_id} was changed since the look: run it again, or open the image");
        if same { Ok(()) } else { Err(Error::Conflict(text)) }
    }

    /// Takes a decision back: a fix is undone, and the finding waits again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing was decided; [`Error::Conflict`] when later edits rest on the fix.
    pub fn reopen_finding(&self, d: &DatasetName, key: &str, author: &str) -> Result<(), Error> {
        let finding = self.reader().finding(d, key)?;
        let decided = self.reader().decisions(d, &finding.kind, LOOKED_AT)?;
        let decided = decided.into_iter().find(|decided| decided.key == key);
        let decided = decided.ok_or_else(|| Error::NotFound(format!("a decision about {key} of {d}")))?;
        if let Some(change) = decided.change_id.filter(|_| !decided.taken_back) {
            self.undo_change(d, change, author)?;
        }
        Ok(self.open.writer.undecide(d, key)?)
    }
}
