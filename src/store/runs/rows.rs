//! The rows of a prepass: atoms as models gave them, candidates as they were put together, and the bridge between.

use std::sync::Arc;

use tator_domain::{BoxId, ClassId, ImageId, PixelBox};

use super::RunDraft;
use super::table::{Column, RunTable};
use crate::Error;

/// Rows that are collected before they become columns.
const BATCH_ROWS: usize = 16_384;

/// One box that one model gave, under a class of the dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// Its number in the run.
    pub atom_id: i64,
    /// The image it is on.
    pub image_id: ImageId,
    /// A class of the dataset.
    pub class_id: ClassId,
    /// Where, in pixels of the upright image.
    pub rect: PixelBox,
    /// How sure the model is, as it says it; `None` when it does not.
    pub score: Option<f64>,
    /// The score on the scale that all sources share; `None` without a map for its source.
    pub calibrated: Option<f64>,
    /// `detector`, `text` or `similarity`.
    pub stage: Arc<str>,
    /// The model.
    pub source: Arc<str>,
    /// `<model>:<full|windows>`
    pub source_run: Arc<str>,
    /// Which window it was seen in; `None` for the whole image.
    pub window_index: Option<i32>,
    /// The words that were asked for.
    pub prompt: Option<Arc<str>>,
    /// `base`, `expanded` or `class`.
    pub prompt_kind: Option<Arc<str>>,
    /// The box it looks like.
    pub exemplar_box_id: Option<BoxId>,
    /// The class as the model names it.
    pub model_class: Arc<str>,
}

/// What all sources together say about one place of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its number in the run.
    pub candidate_id: i64,
    /// The image it is on.
    pub image_id: ImageId,
    /// A class of the dataset.
    pub class_id: ClassId,
    /// Where.
    pub rect: PixelBox,
    /// Score of its best atom or the fused one; `None` when no atom has any.
    pub score: Option<f64>,
    /// `calibrated`, `raw`, `fused` or `unknown`: what the score is.
    pub score_source: Arc<str>,
    /// The model of its best atom.
    pub source: Arc<str>,
    /// Every model that has an atom in it, by name.
    pub sources: Vec<Arc<str>>,
    /// Atoms it is made of.
    pub n_atoms: i32,
    /// Models among them.
    pub n_sources: i32,
}

/// An atom of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// The candidate.
    pub candidate_id: i64,
    /// The atom.
    pub atom_id: i64,
    /// The image both are on.
    pub image_id: ImageId,
    /// Overlap of the two.
    pub iou: f64,
}

/// What became of an image in one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct RunImage {
    /// The image.
    pub image_id: ImageId,
    /// BLAKE3 of the bytes that were looked at; empty when they could not be read.
    pub content_hash: Arc<str>,
    /// `detector`, `text` or `similarity`.
    pub stage: Arc<str>,
    /// `<model>:<full|windows>`
    pub source_run: Arc<str>,
    /// `done`, `failed` or `skipped`.
    pub status: Arc<str>,
    /// Why it failed.
    pub error: Option<Arc<str>>,
    /// Atoms under classes of the dataset.
    pub n_atoms: i32,
    /// Milliseconds it took; kept in a table of its own, so that the others are the same bytes every time.
    pub ms: Option<f64>,
}

/// The five tables of a run in the making. Rows come sorted by image.
pub struct PrepassTables {
    images: (RunTable, Vec<RunImage>),
    timings: RunTable,
    atoms: (RunTable, Vec<Atom>),
    candidates: (RunTable, Vec<Candidate>),
    members: (RunTable, Vec<Member>),
}

impl PrepassTables {
    /// Begins the tables of a draft.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn new(draft: &RunDraft) -> Result<Self, Error> {
        let mut tables = Self {
            images: (draft.table("images")?, Vec::new()),
            timings: draft.table("timings")?,
            atoms: (draft.table("atoms")?, Vec::new()),
            candidates: (draft.table("candidates")?, Vec::new()),
            members: (draft.table("candidate_atoms")?, Vec::new()),
        };
        // Tables without rows have columns all the same.
        tables.flush()?;
        Ok(tables)
    }

    /// Adds what is known of one image.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add(
        &mut self,
        images: Vec<RunImage>,
        atoms: Vec<Atom>,
        candidates: Vec<Candidate>,
        members: Vec<Member>,
    ) -> Result<(), Error> {
        self.images.1.extend(images);
        self.atoms.1.extend(atoms);
        self.candidates.1.extend(candidates);
        self.members.1.extend(members);
        let waiting = self.images.1.len().max(self.atoms.1.len()).max(self.members.1.len());
        if waiting >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    /// Ends the tables; gives how many atoms and candidates there are.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(mut self) -> Result<(u64, u64), Error> {
        self.flush()?;
        self.images.0.finish()?;
        self.timings.finish()?;
        self.members.0.finish()?;
        Ok((self.atoms.0.finish()?, self.candidates.0.finish()?))
    }

    fn flush(&mut self) -> Result<(), Error> {
        let images = std::mem::take(&mut self.images.1);
        self.timings.write(timing_columns(&images))?;
        self.images.0.write(image_columns(&images))?;
        self.atoms.0.write(atom_columns(&std::mem::take(&mut self.atoms.1)))?;
        self.candidates.0.write(candidate_columns(&std::mem::take(&mut self.candidates.1)))?;
        self.members.0.write(member_columns(&std::mem::take(&mut self.members.1)))
    }
}

fn big<T>(rows: &[T], of: impl Fn(&T) -> Option<i64>) -> Column {
    Column::Big(rows.iter().map(of).collect())
}

fn int<T>(rows: &[T], of: impl Fn(&T) -> Option<i32>) -> Column {
    Column::Int(rows.iter().map(of).collect())
}

fn double<T>(rows: &[T], of: impl Fn(&T) -> Option<f64>) -> Column {
    Column::Double(rows.iter().map(of).collect())
}

fn text<T>(rows: &[T], of: impl Fn(&T) -> Option<Arc<str>>) -> Column {
    Column::Text(rows.iter().map(of).collect())
}

fn image_columns(rows: &[RunImage]) -> Vec<(&'static str, Column)> {
    vec![
        ("image_id", big(rows, |r| Some(r.image_id))),
        ("content_hash", text(rows, |r| Some(r.content_hash.clone()))),
        ("stage", text(rows, |r| Some(r.stage.clone()))),
        ("source_run", text(rows, |r| Some(r.source_run.clone()))),
        ("status", text(rows, |r| Some(r.status.clone()))),
        ("error", text(rows, |r| r.error.clone())),
        ("n_atoms", int(rows, |r| Some(r.n_atoms))),
    ]
}

fn timing_columns(rows: &[RunImage]) -> Vec<(&'static str, Column)> {
    vec![
        ("image_id", big(rows, |r| Some(r.image_id))),
        ("source_run", text(rows, |r| Some(r.source_run.clone()))),
        ("ms", double(rows, |r| r.ms)),
    ]
}

/// `x, y, w, h`
fn rect_columns<T>(rows: &[T], of: impl Fn(&T) -> PixelBox) -> [(&'static str, Column); 4] {
    [
        ("x", double(rows, |r| Some(of(r).x))),
        ("y", double(rows, |r| Some(of(r).y))),
        ("w", double(rows, |r| Some(of(r).w))),
        ("h", double(rows, |r| Some(of(r).h))),
    ]
}

fn atom_columns(rows: &[Atom]) -> Vec<(&'static str, Column)> {
    let mut columns = vec![
        ("atom_id", big(rows, |r| Some(r.atom_id))),
        ("image_id", big(rows, |r| Some(r.image_id))),
        ("class_id", int(rows, |r| Some(r.class_id))),
    ];
    columns.extend(rect_columns(rows, |r| r.rect));
    columns.extend([
        ("score", double(rows, |r| r.score)),
        ("calibrated", double(rows, |r| r.calibrated)),
        ("stage", text(rows, |r| Some(r.stage.clone()))),
        ("source", text(rows, |r| Some(r.source.clone()))),
        ("source_run", text(rows, |r| Some(r.source_run.clone()))),
        ("window_index", int(rows, |r| r.window_index)),
        ("prompt", text(rows, |r| r.prompt.clone())),
        ("prompt_kind", text(rows, |r| r.prompt_kind.clone())),
        ("exemplar_box_id", big(rows, |r| r.exemplar_box_id)),
        ("model_class", text(rows, |r| Some(r.model_class.clone()))),
    ]);
    columns
}

fn candidate_columns(rows: &[Candidate]) -> Vec<(&'static str, Column)> {
    let mut columns = vec![
        ("candidate_id", big(rows, |r| Some(r.candidate_id))),
        ("image_id", big(rows, |r| Some(r.image_id))),
        ("class_id", int(rows, |r| Some(r.class_id))),
    ];
    columns.extend(rect_columns(rows, |r| r.rect));
    columns.extend([
        ("score", double(rows, |r| r.score)),
        ("score_source", text(rows, |r| Some(r.score_source.clone()))),
        ("source", text(rows, |r| Some(r.source.clone()))),
        ("sources", Column::Texts(rows.iter().map(|r| r.sources.clone()).collect())),
        ("n_atoms", int(rows, |r| Some(r.n_atoms))),
        ("n_sources", int(rows, |r| Some(r.n_sources))),
    ]);
    columns
}

fn member_columns(rows: &[Member]) -> Vec<(&'static str, Column)> {
    vec![
        ("candidate_id", big(rows, |r| Some(r.candidate_id))),
        ("atom_id", big(rows, |r| Some(r.atom_id))),
        ("image_id", big(rows, |r| Some(r.image_id))),
        ("iou", double(rows, |r| Some(r.iou))),
    ]
}
