//! The candidates of a run on a desk: temporary rows on a connection of their own, from which features are computed as sets.
//!
//! Joins over overlapping boxes run over a grid (`queries/calibrate/load_overlaps.sql`), so that the work grows with the
//! rows; what does not fit in memory spills to the workspace's temporary folder. The rows go when the desk is dropped.

use std::collections::BTreeMap;

use arrow::array::{Array, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch};
use duckdb::Connection;
use tator_domain::{ClassId, DatasetName, ImageId, PixelBox, RunName};

use crate::columns::{column, number, texts};
use crate::queries::{self, Query};
use crate::reader::{batches, find_dataset};
use crate::runs::RunKind;
use crate::{Error, Reader};

/// The rows of one run while something is computed from them.
pub struct Desk {
    connection: Connection,
    dataset: DatasetName,
    run: RunName,
}

/// An image that a run has looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeskImage {
    /// The image.
    pub image_id: ImageId,
    /// Width of the upright picture in pixels.
    pub width: f64,
    /// Height of the upright picture in pixels.
    pub height: f64,
    /// People have looked it through, and its truth may be used.
    pub is_truth: bool,
}

/// A candidate on the desk; its place in the list is its row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeskCandidate {
    /// Its number in the run.
    pub candidate_id: i64,
    /// The image it is on.
    pub image_id: ImageId,
    /// Its living class.
    pub class_id: ClassId,
    /// Where.
    pub rect: PixelBox,
    /// Score of the run, if it has one.
    pub score: Option<f64>,
}

/// A box of one source on an image with truth.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceBox {
    /// The image it is on.
    pub image_id: ImageId,
    /// Its living class.
    pub class_id: ClassId,
    /// Where.
    pub rect: PixelBox,
    /// Score of the source; 0 when it gives none.
    pub score: f64,
}

/// Name of a look and what it found.
pub type DeskLook = (String, Vec<SourceBox>);

/// What can be said of every candidate: names and columns, a value a row, NaN where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureTable {
    /// Names of the columns, in order.
    pub names: Vec<String>,
    /// The columns.
    pub columns: Vec<Vec<f32>>,
}

/// The steps that fill a desk, in order.
const LOADS: [Query; 5] = [
    queries::LOAD_DESK_IMAGES,
    queries::LOAD_DESK_CANDIDATES,
    queries::LOAD_DESK_VOTES,
    queries::LOAD_DESK_OVERLAPS,
    queries::LOAD_DESK_NEIGHBOURS,
];

impl Reader {
    /// Lays the rows of a run on a desk, but for candidates of which no look scores a box as high as `floor`; `hear` is told before each step and its error ends the work.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run; what `hear` gives.
    pub fn desk<E: From<Error>>(
        &self,
        d: &DatasetName,
        run: &RunName,
        floor: f64,
        mut hear: impl FnMut(usize, usize) -> Result<(), E>,
    ) -> Result<Desk, E> {
        self.run_entry(d, RunKind::Prepass, run)?;
        let connection = self.engine.connect()?;
        find_dataset(&connection, d)?;
        let desk = Desk { connection, dataset: d.clone(), run: run.clone() };
        let staging = queries::CREATE_DESK;
        desk.connection.execute_batch(staging.sql).map_err(|e| E::from(staging.failed()(e)))?;
        for (done, query) in LOADS.iter().enumerate() {
            hear(done, LOADS.len())?;
            let sql = query.of_run(d, run);
            let done = match query.name == queries::LOAD_DESK_CANDIDATES.name {
                true => desk.connection.execute(&sql, [floor]),
                false => desk.connection.execute(&sql, []),
            };
            done.map_err(|e| E::from(query.failed()(e)))?;
        }
        hear(LOADS.len(), LOADS.len())?;
        Ok(desk)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The connection closes next and takes temporary tables with it; this frees their memory in any case.
        let _ = self.connection.execute_batch(
            "DROP TABLE IF EXISTS temp.cal_overlaps; DROP TABLE IF EXISTS temp.cal_neighbours; \
             DROP TABLE IF EXISTS temp.cal_votes; DROP TABLE IF EXISTS temp.cal_candidates",
        );
    }
}

impl Desk {
    /// Uses the truth of these images no further: a model has been trained on them.
    ///
    /// # Errors
    /// When the rows cannot be written.
    pub fn hide_truth(&self, images: &[ImageId]) -> Result<(), Error> {
        let query = queries::HIDE_DESK_TRUTH;
        let numbers = serde_json::json!(images).to_string();
        self.connection.execute(query.sql, [numbers]).map_err(query.failed())?;
        Ok(())
    }

    /// The images by number, those without candidates too.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn images(&self) -> Result<Vec<DeskImage>, Error> {
        self.rows(&queries::SELECT_DESK_IMAGES, |batch, all| {
            let ids = column::<Int64Array>(batch, "image_id")?;
            let side = |name| column::<Float64Array>(batch, name);
            let (widths, heights, truths) =
                (side("width")?, side("height")?, column::<BooleanArray>(batch, "is_truth")?);
            all.extend((0..batch.num_rows()).map(|row| DeskImage {
                image_id: ids.value(row),
                width: widths.value(row),
                height: heights.value(row),
                is_truth: truths.value(row),
            }));
            Ok(())
        })
    }

    /// The candidates in the order of their rows: by image and number.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn candidates(&self) -> Result<Vec<DeskCandidate>, Error> {
        self.rows(&queries::SELECT_DESK_CANDIDATES, |batch, all| {
            let (ids, places) = (column::<Int64Array>(batch, "candidate_id")?, Placed::of(batch)?);
            let scores = column::<Float64Array>(batch, "score")?;
            all.extend((0..batch.num_rows()).map(|row| {
                let (image_id, class_id, rect) = places.at(row);
                DeskCandidate { candidate_id: ids.value(row), image_id, class_id, rect, score: number(scores, row) }
            }));
            Ok(())
        })
    }

    /// What every model found by itself on images with truth: its looks by name, each with its boxes.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn sources(&self) -> Result<BTreeMap<String, Vec<DeskLook>>, Error> {
        let mut sources: BTreeMap<String, Vec<DeskLook>> = BTreeMap::new();
        self.rows(&queries::SELECT_DESK_SOURCES, |batch, _: &mut Vec<()>| {
            let (names, looks, places) = (texts(batch, "source")?, texts(batch, "source_run")?, Placed::of(batch)?);
            let scores = column::<Float64Array>(batch, "score")?;
            for row in 0..batch.num_rows() {
                let (image_id, class_id, rect) = places.at(row);
                let found = SourceBox { image_id, class_id, rect, score: scores.value(row) };
                let of = match sources.get_mut(names.value(row)) {
                    Some(of) => of,
                    None => sources.entry(names.value(row).to_owned()).or_default(),
                };
                let at = match of.iter().position(|(look, _)| look == looks.value(row)) {
                    Some(at) => at,
                    None => {
                        of.push((looks.value(row).to_owned(), Vec::new()));
                        of.len() - 1
                    }
                };
                of[at].1.push(found);
            }
            Ok(())
        })?;
        Ok(sources)
    }

    /// The features of all candidates: those of `select_features.sql`, then for each source run what it says.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn features(&self, n_candidates: usize) -> Result<FeatureTable, Error> {
        let mut table = FeatureTable::default();
        self.rows(&queries::SELECT_DESK_FEATURES, |batch, _: &mut Vec<()>| {
            if table.names.is_empty() {
                table.names = batch.schema().fields().iter().skip(1).map(|field| field.name().clone()).collect();
                table.columns = vec![Vec::with_capacity(n_candidates); table.names.len()];
            }
            for (name, all) in table.names.iter().zip(&mut table.columns) {
                let values = column::<Float32Array>(batch, name)?;
                all.extend(
                    (0..batch.num_rows()).map(|row| if values.is_valid(row) { values.value(row) } else { f32::NAN }),
                );
            }
            Ok(())
        })?;
        let mut votes: BTreeMap<String, [Vec<f32>; VOTES.len()]> = BTreeMap::new();
        self.rows(&queries::SELECT_DESK_VOTES, |batch, _: &mut Vec<()>| {
            let (rows, sources) = (column::<Int32Array>(batch, "row")?, texts(batch, "source")?);
            let said: Vec<&Float32Array> = VOTES.iter().map(|name| column(batch, name)).collect::<Result<_, _>>()?;
            for at in 0..batch.num_rows() {
                let row = rows.value(at).unsigned_abs() as usize;
                let of = votes
                    .entry(sources.value(at).to_owned())
                    .or_insert_with(|| std::array::from_fn(|_| vec![f32::NAN; n_candidates]));
                for (values, said) in of.iter_mut().zip(&said).filter(|(_, said)| said.is_valid(at)) {
                    values[row] = said.value(at);
                }
            }
            Ok(())
        })?;
        agreement(&mut table, &votes, n_candidates);
        for (source, columns) in votes {
            for (what, values) in VOTES.iter().zip(columns) {
                table.names.push(format!("{what}::{source}"));
                table.columns.push(values);
            }
        }
        Ok(table)
    }

    /// Reads a statement batch by batch: only what `take` keeps stays in memory.
    fn rows<T>(
        &self,
        query: &Query,
        mut take: impl FnMut(&RecordBatch, &mut Vec<T>) -> Result<(), Error>,
    ) -> Result<Vec<T>, Error> {
        let sql = query.of_run(&self.dataset, &self.run);
        let mut statement = self.connection.prepare(&sql).map_err(query.failed())?;
        drop(statement.stream_arrow([]).map_err(query.failed())?);
        let mut all = Vec::new();
        while let Some(columns) = statement.step().map_err(query.failed())? {
            take(&RecordBatch::from(&columns), &mut all)?;
        }
        Ok(all)
    }
}

/// What a source run says of a candidate, as `select_votes.sql` names it.
const VOTES: [&str; 4] = ["own", "support", "weighed", "atoms"];
/// Places of two of these.
const SUPPORT: usize = 1;
const WEIGHED: usize = 2;

/// What all sources say together: means over them, one that says nothing counting as 0.
fn agreement(table: &mut FeatureTable, votes: &BTreeMap<String, [Vec<f32>; VOTES.len()]>, n_candidates: usize) {
    let share = 1.0 / votes.len().max(1) as f32;
    let mut columns = vec![vec![0.0_f32; n_candidates]; 3];
    for of in votes.values() {
        for row in 0..n_candidates {
            let (support, weighed) = (of[SUPPORT][row], of[WEIGHED][row]);
            if !support.is_nan() {
                columns[0][row] += support * share;
                columns[1][row] += weighed * share;
                columns[2][row] += 1.0;
            }
        }
    }
    for (name, column) in ["mean_support", "agreement", "n_support"].into_iter().zip(columns) {
        table.names.push(name.to_owned());
        table.columns.push(column);
    }
}

/// The columns that say where a row is.
struct Placed<'a> {
    images: &'a Int64Array,
    classes: &'a Int32Array,
    sides: [&'a Float64Array; 4],
}

impl<'a> Placed<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, Error> {
        let side = |name| column::<Float64Array>(batch, name);
        Ok(Self {
            images: column(batch, "image_id")?,
            classes: column(batch, "class_id")?,
            sides: [side("x")?, side("y")?, side("w")?, side("h")?],
        })
    }

    fn at(&self, row: usize) -> (ImageId, ClassId, PixelBox) {
        let [x, y, w, h] = self.sides.map(|side| side.value(row));
        (self.images.value(row), self.classes.value(row), PixelBox { x, y, w, h })
    }
}

/// A candidate under the score of a calibration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredBox {
    /// The image it is on.
    pub image_id: ImageId,
    /// Its living class.
    pub class_id: ClassId,
    /// Where.
    pub rect: PixelBox,
    /// Its probability.
    pub score: f64,
    /// No better one of its class covers it.
    pub kept: bool,
    /// Its image is labelled, and what the calibration was learnt with had seen it.
    pub is_hidden: bool,
}

impl Reader {
    /// The candidates of a run under the scores of a calibration, by image.
    ///
    /// # Errors
    /// [`Error::NotFound`] for run or calibration.
    pub fn calibration_rows(
        &self,
        d: &DatasetName,
        calibration: &RunName,
        run: &RunName,
        on: std::ops::RangeInclusive<ImageId>,
    ) -> Result<Vec<ScoredBox>, Error> {
        self.run_entry(d, RunKind::Calibration, calibration)?;
        self.run_entry(d, RunKind::Prepass, run)?;
        let query = queries::SELECT_SCORED;
        let sql = query.of_run(d, run).replace("{calibration}", calibration.as_str());
        self.engine.with(|c| {
            let mut found = Vec::new();
            for batch in batches(c, &query, &sql, [*on.start(), *on.end()])? {
                let (places, scores) = (Placed::of(&batch)?, column::<Float64Array>(&batch, "score")?);
                let [kept, hidden] = [column::<BooleanArray>(&batch, "kept")?, column(&batch, "is_hidden")?];
                found.extend((0..batch.num_rows()).map(|row| {
                    let (image_id, class_id, rect) = places.at(row);
                    ScoredBox {
                        image_id,
                        class_id,
                        rect,
                        score: scores.value(row),
                        kept: kept.value(row),
                        is_hidden: hidden.value(row),
                    }
                }));
            }
            Ok(found)
        })
    }

    /// Rows of a calibration's features for some candidates, in the order of `names`; candidates that it does not know are
    /// left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration; when it has no such columns.
    pub fn calibration_features(
        &self,
        d: &DatasetName,
        calibration: &RunName,
        names: &[String],
        candidates: &[i64],
    ) -> Result<Vec<(i64, Vec<f32>)>, Error> {
        self.run_entry(d, RunKind::Calibration, calibration)?;
        let query = queries::SELECT_FEATURES_OF;
        let wanted = serde_json::json!(candidates).to_string();
        self.engine.with(|c| {
            let mut found = Vec::new();
            for batch in batches(c, &query, &query.of_run(d, calibration), [wanted])? {
                let ids = column::<Int64Array>(&batch, "candidate_id")?;
                let columns: Vec<&Float32Array> =
                    names.iter().map(|name| column(&batch, name)).collect::<Result<_, _>>()?;
                found.extend((0..batch.num_rows()).map(|row| {
                    let value = |one: &&Float32Array| if one.is_valid(row) { one.value(row) } else { f32::NAN };
                    (ids.value(row), columns.iter().map(value).collect())
                }));
            }
            Ok(found)
        })
    }
}
