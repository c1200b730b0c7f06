//! Boxes that a model proposes, put on images that nobody has labelled: one change in the history, taken back as a whole.
//! What a person has touched since stays theirs, in every direction.

use duckdb::params;
use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, DatasetName, ImageId, Origin, PixelBox};

use crate::bulk::{self, BulkChange, run};
use crate::writer::{Writer, WriterState};
use crate::{Error, queries};

/// A box on its way to an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DraftBox {
    /// The image.
    pub image_id: ImageId,
    /// A class of the dataset.
    pub class_id: ClassId,
    /// Where.
    pub rect: PixelBox,
    /// How sure the run is.
    pub score: Option<f64>,
}

/// What was put where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Drafted {
    /// The change, which can be taken back.
    pub change_id: i64,
    /// Images that got drafts.
    pub images: u64,
    /// Drafts.
    pub boxes: u64,
}

/// What the history keeps of it: the numbers that were given out.
#[derive(Debug, Serialize, Deserialize)]
struct DraftRecord {
    run: String,
    first_box_id: i64,
    last_box_id: i64,
}

impl Writer {
    /// Puts drafts on images, but for those that somebody has labelled or that have boxes by now.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no draft finds a place.
    pub fn add_drafts(
        &self,
        d: &DatasetName,
        run_name: &str,
        drafts: &[DraftBox],
        author: &str,
    ) -> Result<Drafted, Error> {
        let now = self.clock.now();
        let wanted = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
        let first = self.reserve(d, 0, wanted, 0)?.box_id;
        self.change(|state| {
            let query = queries::CREATE_DRAFT_STAGING;
            state.connection.execute_batch(query.sql).map_err(query.failed())?;
            stage(state, drafts)?;
            let origin = Origin::Model(run_name.to_owned()).to_string();
            let boxes = run(state, d, &queries::INSERT_DRAFTS, params![first, origin, now])?;
            if boxes == 0 {
                let text = "no image is left for these drafts: all have boxes or were labelled meanwhile";
                return Err(Error::Invalid(text.into()));
            }
            let last = first + i64::try_from(boxes).unwrap_or(i64::MAX) - 1;
            let change_id = state.next_change_id(d)?;
            // Kept as a list of what was touched; the undo keeps them anew.
            run(state, d, &queries::KEEP_BOXES_IN_RANGE, params![change_id, "after", first, last])?;
            bulk::after_swap(state, d, change_id, now)?;
            let images = bulk::count_kept_images(state, d, change_id)?;
            let record = DraftRecord { run: run_name.to_owned(), first_box_id: first, last_box_id: last };
            let record = serde_json::to_string(&record).map_err(|e| Error::Invalid(e.to_string()))?;
            let title = format!("drafts of {run_name}");
            let reach = (images, i64::try_from(boxes).unwrap_or(i64::MAX));
            bulk::log(state, d, change_id, ("drafts", &title, author), &record, reach, ("done", now))?;
            Ok(Drafted { change_id, images: images.unsigned_abs(), boxes })
        })
    }
}

fn stage(state: &WriterState, drafts: &[DraftBox]) -> Result<(), Error> {
    let mut appender = state.connection.appender("staged_drafts")?;
    for DraftBox { image_id, class_id, rect, score } in drafts {
        appender.append_row(params![image_id, class_id, rect.x, rect.y, rect.w, rect.h, score])?;
    }
    Ok(appender.flush()?)
}

/// Undo and redo.
pub(crate) fn swap(
    state: &mut WriterState,
    d: &DatasetName,
    change: &BulkChange,
    undo: bool,
    now: i64,
) -> Result<(), Error> {
    let DraftRecord { first_box_id, last_box_id, .. } = bulk::parse(change)?;
    let id = change.change_id;
    if undo {
        run(state, d, &queries::FORGET_KEPT, params![id, "after"])?;
        run(state, d, &queries::KEEP_UNTOUCHED_DRAFTS, params![id, first_box_id, last_box_id])?;
        run(state, d, &queries::DELETE_KEPT_DRAFTS, params![id])?;
    } else {
        run(state, d, &queries::RESTORE_DRAFTS, params![id])?;
    }
    bulk::after_swap(state, d, id, now)
}
