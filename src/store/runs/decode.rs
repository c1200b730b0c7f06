//! Columns of a run's tables, back into rows. The few texts that repeat a million times are kept once.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray as _, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray};
use tator_domain::PixelBox;

use super::rows::{Atom, Candidate, Member, RunImage};
use crate::Error;
use crate::columns::{column, number, texts};

/// Texts that were seen before.
#[derive(Default)]
pub(super) struct Pool(HashSet<Arc<str>>);

impl Pool {
    fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }

    fn maybe(&mut self, texts: &StringArray, row: usize) -> Option<Arc<str>> {
        texts.is_valid(row).then(|| self.get(texts.value(row)))
    }
}

struct Rects<'a>([&'a Float64Array; 4]);

impl<'a> Rects<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, Error> {
        Ok(Self([column(batch, "x")?, column(batch, "y")?, column(batch, "w")?, column(batch, "h")?]))
    }

    fn get(&self, row: usize) -> PixelBox {
        let [x, y, w, h] = self.0.map(|side| side.value(row));
        PixelBox { x, y, w, h }
    }
}

pub(super) fn atoms(batch: &RecordBatch, pool: &mut Pool) -> Result<Vec<Atom>, Error> {
    let (ids, images) = (column::<Int64Array>(batch, "atom_id")?, column::<Int64Array>(batch, "image_id")?);
    let (classes, rects) = (column::<Int32Array>(batch, "class_id")?, Rects::of(batch)?);
    let (scores, calibrated): (&Float64Array, &Float64Array) = (column(batch, "score")?, column(batch, "calibrated")?);
    let (stages, sources, runs) = (texts(batch, "stage")?, texts(batch, "source")?, texts(batch, "source_run")?);
    let (prompts, kinds, names) = (texts(batch, "prompt")?, texts(batch, "prompt_kind")?, texts(batch, "model_class")?);
    let windows = column::<Int32Array>(batch, "window_index")?;
    let exemplars = column::<Int64Array>(batch, "exemplar_box_id")?;
    let row = |row| Atom {
        atom_id: ids.value(row),
        image_id: images.value(row),
        class_id: classes.value(row),
        rect: rects.get(row),
        score: number(scores, row),
        calibrated: number(calibrated, row),
        stage: pool.get(stages.value(row)),
        source: pool.get(sources.value(row)),
        source_run: pool.get(runs.value(row)),
        window_index: windows.is_valid(row).then(|| windows.value(row)),
        prompt: pool.maybe(&prompts, row),
        prompt_kind: pool.maybe(&kinds, row),
        exemplar_box_id: exemplars.is_valid(row).then(|| exemplars.value(row)),
        model_class: pool.get(names.value(row)),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

pub(super) fn candidates(batch: &RecordBatch, pool: &mut Pool) -> Result<Vec<Candidate>, Error> {
    let (ids, images) = (column::<Int64Array>(batch, "candidate_id")?, column::<Int64Array>(batch, "image_id")?);
    let (classes, rects) = (column::<Int32Array>(batch, "class_id")?, Rects::of(batch)?);
    let scores = column::<Float64Array>(batch, "score")?;
    let (kinds, sources) = (texts(batch, "score_source")?, texts(batch, "source")?);
    let lists = column::<ListArray>(batch, "sources")?;
    let (n_atoms, n_sources) = (column::<Int32Array>(batch, "n_atoms")?, column::<Int32Array>(batch, "n_sources")?);
    let row = |row| {
        let list = lists.value(row);
        let names = list.as_string_opt::<i32>();
        let names = names.ok_or_else(|| Error::Invalid("column sources has another type".into()))?;
        Ok(Candidate {
            candidate_id: ids.value(row),
            image_id: images.value(row),
            class_id: classes.value(row),
            rect: rects.get(row),
            score: number(scores, row),
            score_source: pool.get(kinds.value(row)),
            source: pool.get(sources.value(row)),
            sources: names.iter().flatten().map(|name| pool.get(name)).collect(),
            n_atoms: n_atoms.value(row),
            n_sources: n_sources.value(row),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

pub(super) fn members(batch: &RecordBatch, _: &mut Pool) -> Result<Vec<Member>, Error> {
    let (ids, atoms) = (column::<Int64Array>(batch, "candidate_id")?, column::<Int64Array>(batch, "atom_id")?);
    let (images, ious) = (column::<Int64Array>(batch, "image_id")?, column::<Float64Array>(batch, "iou")?);
    let row = |row| Member {
        candidate_id: ids.value(row),
        atom_id: atoms.value(row),
        image_id: images.value(row),
        iou: ious.value(row),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

pub(super) fn images(batch: &RecordBatch, pool: &mut Pool) -> Result<Vec<RunImage>, Error> {
    let (ids, counts) = (column::<Int64Array>(batch, "image_id")?, column::<Int32Array>(batch, "n_atoms")?);
    let (hashes, stages, runs) = (texts(batch, "content_hash")?, texts(batch, "stage")?, texts(batch, "source_run")?);
    let (states, errors) = (texts(batch, "status")?, texts(batch, "error")?);
    let times = column::<Float64Array>(batch, "ms")?;
    let row = |row| RunImage {
        image_id: ids.value(row),
        content_hash: hashes.value(row).into(),
        stage: pool.get(stages.value(row)),
        source_run: pool.get(runs.value(row)),
        status: pool.get(states.value(row)),
        error: pool.maybe(&errors, row),
        n_atoms: counts.value(row),
        ms: number(times, row),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Candidate and score of a calibration.
pub(super) fn scores(batch: &RecordBatch, _: &mut Pool) -> Result<Vec<(i64, f64)>, Error> {
    let (ids, scores) = (column::<Int64Array>(batch, "candidate_id")?, column::<Float64Array>(batch, "score")?);
    Ok((0..batch.num_rows()).map(|row| (ids.value(row), scores.value(row))).collect())
}
