//! Proposals of a segmenter for the boxes of a class: written by a job, looked at by a person, applied in one change that
//! can be taken back. A box that somebody edited meanwhile is left alone, in every direction.

use duckdb::params;
use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, ClassId, DatasetName, ImageId, PixelBox, Polygon};

use crate::bulk::{self, BulkChange, run};
use crate::columns::flat_rings;
use crate::reader::{Reader, find_dataset};
use crate::writer::{Writer, WriterState};
use crate::{ClassSample, Error, queries};

/// Number of a tweak: of all proposals that were asked for together.
pub type TweakId = i64;

/// Where a box is, and where its object is.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The box as it was looked at.
    pub sample: ClassSample,
    /// The tight box around the object.
    pub rect: PixelBox,
    /// Its outline.
    pub polygon: Polygon,
    /// Quality the model predicts, 0 to 1.
    pub score: f64,
    /// Overlap of the two boxes.
    pub iou: f64,
}

/// A proposal as it is looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownProposal {
    /// The box.
    pub box_id: BoxId,
    /// The image it is on.
    pub image_id: ImageId,
    /// `[x, y, w, h]` when it was looked at.
    pub before: [f64; 4],
    /// `[x, y, w, h]` around the object.
    pub after: [f64; 4],
    /// The object's outline.
    pub polygon: Polygon,
    /// Quality the model predicts.
    pub score: f64,
    /// Overlap of before and after.
    pub iou: f64,
    /// The box was changed since: it is left alone.
    pub stale: bool,
}

/// What a tweak comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TweakSummary {
    /// The class of its boxes.
    pub class_id: ClassId,
    /// Proposals.
    pub proposals: u64,
    /// Those that move their box.
    pub moved: u64,
    /// Mean overlap of before and after.
    pub mean_iou: f64,
}

/// What the history keeps of an applied tweak.
#[derive(Debug, Serialize, Deserialize)]
struct TweakRecord {
    tweak_id: TweakId,
}

impl Writer {
    /// Makes sure there is a place for proposals.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn prepare_tweaks(&self, d: &DatasetName) -> Result<(), Error> {
        self.reader.dataset(d)?;
        let query = queries::SCHEMA_TWEAKS;
        self.change(|state| state.connection.execute_batch(&query.of(d)).map_err(query.failed()))
    }

    /// Keeps proposals of one image, all or none.
    ///
    /// # Errors
    /// When the working set cannot be written.
    pub fn add_proposals(&self, d: &DatasetName, tweak: TweakId, proposals: &[Proposal]) -> Result<(), Error> {
        let query = queries::INSERT_TWEAK;
        self.change(|state| {
            let mut statement = state.connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
            for Proposal { sample, rect, polygon, score, iou } in proposals {
                let rings = serde_json::to_string(&flat_rings(polygon)).unwrap_or_default();
                let old = sample.rect;
                let values = params![
                    tweak,
                    sample.box_id,
                    sample.image_id,
                    sample.class_id,
                    old.x,
                    old.y,
                    old.w,
                    old.h,
                    rect.x,
                    rect.y,
                    rect.w,
                    rect.h,
                    rings,
                    score,
                    iou
                ];
                statement.execute(values).map_err(query.failed())?;
            }
            Ok(())
        })
    }

    /// Moves the boxes of a tweak to their objects, but for those in `except`, those whose proposal overlaps them less
    /// than `least_iou`, and those that changed since. Gives the change and how many boxes moved.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no box is left to move.
    pub fn apply_tweak(
        &self,
        d: &DatasetName,
        tweak: TweakId,
        (except, least_iou): (&[BoxId], f64),
        author: &str,
    ) -> Result<(i64, u64), Error> {
        let summary = self.reader.tweak_summary(d, tweak)?;
        let now = self.clock.now();
        self.change(|state| {
            let classes = state.classes(d)?;
            let name = classes.iter().find(|class| class.class_id == summary.class_id).map(|class| class.name.clone());
            let change_id = state.next_change_id(d)?;
            let except = serde_json::json!(except).to_string();
            let kept = run(state, d, &queries::KEEP_TWEAKED_BOXES, params![change_id, tweak, least_iou, except])?;
            if kept == 0 {
                return Err(Error::Invalid("no box is left to move: all were left out or changed since".into()));
            }
            run(state, d, &queries::APPLY_TWEAK, params![change_id, tweak, now])?;
            bulk::after_swap(state, d, change_id, now)?;
            let record = serde_json::to_string(&TweakRecord { tweak_id: tweak }).unwrap_or_default();
            let title = format!("fitted boxes of {}", name.unwrap_or_else(|| format!("class {}", summary.class_id)));
            let reach = (bulk::count_kept_images(state, d, change_id)?, i64::try_from(kept).unwrap_or(i64::MAX));
            bulk::log(state, d, change_id, ("tweak", &title, author), &record, reach, ("done", now))?;
            Ok((change_id, kept))
        })
    }
}

/// Undo and redo of an applied tweak.
pub(crate) fn swap(
    state: &mut WriterState,
    d: &DatasetName,
    change: &BulkChange,
    undo: bool,
    now: i64,
) -> Result<(), Error> {
    let TweakRecord { tweak_id } = bulk::parse(change)?;
    let query = if undo { queries::REVERT_TWEAK } else { queries::APPLY_TWEAK };
    run(state, d, &query, params![change.change_id, tweak_id, now])?;
    bulk::after_swap(state, d, change.change_id, now)
}

impl Reader {
    /// The boxes of a class that a tweak has still to look at, image by image: crowds, turned boxes and specks never.
    ///
    /// # Errors
    /// When the dataset does not exist or the working set cannot be read.
    pub fn tweak_todo(&self, d: &DatasetName, tweak: TweakId, class_id: ClassId) -> Result<Vec<ClassSample>, Error> {
        let query = queries::SELECT_TWEAK_TODO;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map(params![class_id, tweak], crate::places::class_sample);
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// Proposals of a tweak, those that move their box most first.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such tweak.
    pub fn proposals(
        &self,
        d: &DatasetName,
        tweak: TweakId,
        (skip, limit): (u64, u64),
    ) -> Result<Vec<ShownProposal>, Error> {
        self.tweak_summary(d, tweak)?;
        let query = queries::SELECT_TWEAK_PAGE;
        self.engine.with(|c| {
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map(params![tweak, skip, limit], |row| {
                let rings: String = row.get::<_, Option<String>>("polygon")?.unwrap_or_default();
                let rings: Vec<Vec<f64>> = serde_json::from_str(&rings).unwrap_or_default();
                let pairs = |ring: Vec<f64>| ring.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
                Ok(ShownProposal {
                    box_id: row.get("box_id")?,
                    image_id: row.get("image_id")?,
                    before: [row.get("x")?, row.get("y")?, row.get("w")?, row.get("h")?],
                    after: [row.get("new_x")?, row.get("new_y")?, row.get("new_w")?, row.get("new_h")?],
                    polygon: Polygon { rings: rings.into_iter().map(pairs).collect() },
                    score: row.get("score")?,
                    iou: row.get("iou")?,
                    stale: row.get("stale")?,
                })
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// What a tweak comes to.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it proposed nothing or never was.
    pub fn tweak_summary(&self, d: &DatasetName, tweak: TweakId) -> Result<TweakSummary, Error> {
        let (schema, query) = (queries::SCHEMA_TWEAKS, queries::SUMMARISE_TWEAK);
        self.engine.with(|c| {
            find_dataset(c, d)?;
            // A dataset of which no class was ever fitted has no table yet.
            c.execute_batch(&schema.of(d)).map_err(schema.failed())?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let summary = statement.query_row([tweak], |row| {
                Ok(TweakSummary {
                    class_id: row.get("class_id")?,
                    proposals: row.get("n")?,
                    moved: row.get("moved")?,
                    mean_iou: row.get("mean_iou")?,
                })
            });
            let summary = summary.map_err(query.failed())?;
            if summary.proposals == 0 {
                return Err(Error::NotFound(format!("tweak {tweak} of {d}")));
            }
            Ok(summary)
        })
    }
}
