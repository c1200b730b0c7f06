//! What a run found on one image, for whoever looks at it.

use serde::Serialize;
use tator_domain::{BoxId, ClassId, DatasetName, ImageId, RunName};
use tator_store::{Atom, Candidate};

use crate::error::Error;
use crate::workbench::Workbench;

/// What a run found on an image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundOn {
    /// The image.
    pub image_id: ImageId,
    /// Its candidates, each with its atoms.
    pub candidates: Vec<ShownCandidate>,
    /// Which sources looked at it, and which failed.
    pub sources: Vec<ShownSource>,
}

/// A candidate and what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownCandidate {
    /// Its number in the run.
    pub candidate_id: i64,
    /// A class of the dataset, as it is today: a merged one is what it became.
    pub class_id: ClassId,
    /// `[x, y, w, h]` in pixels.
    pub rect: [f64; 4],
    /// Its score; `None` when no source gave any.
    pub score: Option<f64>,
    /// `calibrated`, `raw`, `fused` or `unknown`.
    pub score_source: String,
    /// Models in it.
    pub sources: Vec<String>,
    /// The boxes it is made of.
    pub atoms: Vec<ShownAtom>,
}

/// A box of one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownAtom {
    /// Its number in the run.
    pub atom_id: i64,
    /// `[x, y, w, h]` in pixels.
    pub rect: [f64; 4],
    /// As the model says it.
    pub score: Option<f64>,
    /// On the scale of all sources.
    pub calibrated: Option<f64>,
    /// `<model>:<full|windows>`
    pub source_run: String,
    /// The class as the model names it.
    pub model_class: String,
    /// The words that were asked for.
    pub prompt: Option<String>,
    /// The labelled box that it looks like.
    pub exemplar_box_id: Option<BoxId>,
}

/// What became of the image in one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownSource {
    /// `<model>:<full|windows>`
    pub source_run: String,
    /// `done`, `failed` or `skipped`.
    pub status: String,
    /// Why it failed.
    pub error: Option<String>,
    /// Boxes of it.
    pub n_atoms: i32,
}

fn sides(rect: tator_domain::PixelBox) -> [f64; 4] {
    [rect.x, rect.y, rect.w, rect.h]
}

fn shown_atom(atom: &Atom) -> ShownAtom {
    ShownAtom {
        atom_id: atom.atom_id,
        rect: sides(atom.rect),
        score: atom.score,
        calibrated: atom.calibrated,
        source_run: atom.source_run.to_string(),
        model_class: atom.model_class.to_string(),
        prompt: atom.prompt.as_deref().map(str::to_owned),
        exemplar_box_id: atom.exemplar_box_id,
    }
}

fn shown_candidate(candidate: &Candidate, class_id: ClassId, atoms: Vec<ShownAtom>) -> ShownCandidate {
    ShownCandidate {
        candidate_id: candidate.candidate_id,
        class_id,
        rect: sides(candidate.rect),
        score: candidate.score,
        score_source: candidate.score_source.to_string(),
        sources: candidate.sources.iter().map(ToString::to_string).collect(),
        atoms,
    }
}

impl Workbench {
    /// What a run found on an image.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run, or when it did not look at the image.
    pub fn found_on(&self, d: &DatasetName, run: &RunName, image_id: ImageId) -> Result<FoundOn, Error> {
        let (reader, on) = (self.reader(), image_id..=image_id);
        let sources = reader.run_images(d, run, on.clone())?;
        if sources.is_empty() {
            return Err(Error::NotFound(format!("image {image_id} in run {run} of {d}")));
        }
        let (atoms, members) = (reader.run_atoms(d, run, on.clone())?, reader.run_members(d, run, on.clone())?);
        let candidates = reader.run_candidates(d, run, on)?;
        let living = super::living_classes(reader, d)?;
        let of = |candidate: &Candidate| {
            let ours = members.iter().filter(|member| member.candidate_id == candidate.candidate_id);
            let atoms = ours.filter_map(|member| atoms.iter().find(|atom| atom.atom_id == member.atom_id));
            let today = living.get(&candidate.class_id).copied().unwrap_or(candidate.class_id);
            shown_candidate(candidate, today, atoms.map(shown_atom).collect())
        };
        let source = |row: &tator_store::RunImage| ShownSource {
            source_run: row.source_run.to_string(),
            status: row.status.to_string(),
            error: row.error.as_deref().map(str::to_owned),
            n_atoms: row.n_atoms,
        };
        Ok(FoundOn {
            image_id,
            candidates: candidates.iter().map(of).collect(),
            sources: sources.iter().map(source).collect(),
        })
    }
}
