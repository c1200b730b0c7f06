//! Auto-labelling the rest: the surest candidates of a run as drafts on images that nobody has labelled. Looked at first,
//! then one change in the history; never beside a box that is there already.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, DatasetName, ImageId, RunName};
use tator_store::{Candidate, DraftBox, Drafted, ImageFilter, ImageRow, Reader};

use crate::error::Error;
use crate::workbench::Workbench;

/// Images of which a preview shows the drafts.
const SHOWN: usize = 12;
/// The images that may get drafts.
const FREE: &str = "state = 'unlabelled' AND n_boxes = 0";

/// Which candidates become drafts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftRequest {
    /// Scores of this calibration count, not those of the run.
    #[serde(default)]
    pub calibration: Option<RunName>,
    /// Only these classes; all unless said.
    #[serde(default)]
    pub classes: Option<Vec<ClassId>>,
    /// Score from which on a candidate becomes a draft.
    #[serde(default = "half")]
    pub score: f64,
    /// The same for single classes, where it differs.
    #[serde(default)]
    pub scores: BTreeMap<ClassId, f64>,
    /// Only images for which this SQL condition is true.
    #[serde(rename = "where", default)]
    pub condition: Option<String>,
}

fn half() -> f64 {
    0.5
}

impl Default for DraftRequest {
    fn default() -> Self {
        Self { calibration: None, classes: None, score: half(), scores: BTreeMap::new(), condition: None }
    }
}

/// What would become drafts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftPreview {
    /// Images that nobody has labelled and that have no box.
    pub free_images: usize,
    /// Those among them that the run has looked at and that would get drafts.
    pub images: usize,
    /// Drafts.
    pub boxes: usize,
    /// Drafts by class.
    pub classes: BTreeMap<ClassId, usize>,
    /// Some images with their drafts, spread over all.
    pub samples: Vec<DraftSample>,
}

/// Images of a stretch among which an example is looked for.
const TRIED: usize = 48;

/// An image and what it would get.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftSample {
    /// The image.
    pub image_id: ImageId,
    /// Its path.
    pub path: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Class, `[x, y, w, h]` and score of each.
    pub boxes: Vec<(ClassId, [f64; 4], f64)>,
}

impl DraftRequest {
    fn check(&self) -> Result<(), Error> {
        let all = self.scores.values().chain([&self.score]);
        match all.copied().find(|score| !(0.0..=1.0).contains(score)) {
            Some(score) => Err(Error::invalid("score", format!("{score} is not between 0 and 1"))),
            None => Ok(()),
        }
    }

    fn takes(&self, class: ClassId, score: f64) -> bool {
        let wanted = self.classes.as_ref().is_none_or(|classes| classes.contains(&class));
        wanted && score >= self.scores.get(&class).copied().unwrap_or(self.score)
    }
}

/// The drafts of a request, with the images that are free.
fn chosen(
    reader: &Reader,
    d: &DatasetName,
    run: &RunName,
    request: &DraftRequest,
) -> Result<(Vec<ImageRow>, Vec<DraftBox>), Error> {
    request.check()?;
    let condition = request.condition.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let free = free_images(d, run);
    let condition = condition.map_or(free.clone(), |text| format!("{free} AND (\n{text}\n)"));
    let living = living_classes(reader, d)?;
    let filter = ImageFilter { condition: Some(condition), ..ImageFilter::default() };
    let images = reader.image_rows(d, &filter)?;
    let (Some(first), Some(last)) = (images.first(), images.last()) else { return Ok((images, Vec::new())) };
    let on = first.image_id..=last.image_id;
    let calibrated: Option<HashMap<i64, f64>> = match &request.calibration {
        Some(name) => {
            let name = crate::evaluate::calibration_of(reader, d, run, Some(name))?;
            Some(reader.calibration_scores(d, &name, on.clone())?.into_iter().collect())
        }
        None => None,
    };
    let score = |candidate: &Candidate| match &calibrated {
        Some(scores) => scores.get(&candidate.candidate_id).copied(),
        None => candidate.score,
    };
    let free = |id: ImageId| images.binary_search_by_key(&id, |image| image.image_id).is_ok();
    let candidates = reader.run_candidates(d, run, on)?;
    let drafts = candidates.iter().filter(|candidate| free(candidate.image_id)).filter_map(|candidate| {
        let score = score(candidate)?;
        let Candidate { image_id, rect, .. } = candidate;
        let class_id = *living.get(&candidate.class_id)?;
        let draft = DraftBox { image_id: *image_id, class_id, rect: *rect, score: Some(score) };
        request.takes(class_id, score).then_some(draft)
    });
    let drafts = drafts.collect();
    Ok((images, drafts))
}

/// The condition that drafts of a run may go on an image: nobody has worked on it, and it is the picture that was seen.
pub(crate) fn free_images(d: &DatasetName, run: &RunName) -> String {
    format!("{FREE} AND (image_id, content_hash) IN (SELECT image_id, content_hash FROM {d}.run_images_{run})")
}

/// The class that each class is today; those that are retired for good are left out.
pub(crate) fn living_classes(reader: &Reader, d: &DatasetName) -> Result<HashMap<ClassId, ClassId>, Error> {
    Ok(tator_domain::living_classes(&reader.class_list(d)?))
}

/// The condition that a run has looked at an image.
#[must_use]
pub fn looked_at(d: &DatasetName, run: &RunName) -> String {
    format!("image_id IN (SELECT image_id FROM {d}.run_images_{run})")
}

/// An image with those of the drafts that are its own.
pub(crate) fn sample(image: &ImageRow, drafts: &[DraftBox]) -> DraftSample {
    let ours = drafts.iter().filter(|draft| draft.image_id == image.image_id);
    let shown = |draft: &DraftBox| {
        let rect = draft.rect;
        (draft.class_id, [rect.x, rect.y, rect.w, rect.h], draft.score.unwrap_or_default())
    };
    let ImageRow { image_id, path, width, height, .. } = image;
    DraftSample {
        image_id: *image_id,
        path: path.clone(),
        width: *width,
        height: *height,
        boxes: ours.map(shown).collect(),
    }
}

impl Workbench {
    /// Some images of a run, spread over all of them, with their candidates that score enough. Of each stretch the first
    /// that has any: a picture of nothing shows nothing of a run.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run.
    pub fn run_samples(&self, d: &DatasetName, run: &RunName, n: usize, score: f64) -> Result<Vec<DraftSample>, Error> {
        let reader = self.reader();
        let filter = ImageFilter { condition: Some(looked_at(d, run)), ..ImageFilter::default() };
        let images = reader.image_rows(d, &filter)?;
        let living = living_classes(reader, d)?;
        let step = images.len().div_ceil(n.max(1)).max(1);
        let draft = |one: &Candidate| {
            let class_id = living.get(&one.class_id).copied().unwrap_or(one.class_id);
            DraftBox { image_id: one.image_id, class_id, rect: one.rect, score: one.score }
        };
        let of_stretch = |stretch: &[ImageRow]| {
            let some = &stretch[..stretch.len().min(TRIED)];
            let on = some[0].image_id..=some[some.len() - 1].image_id;
            let candidates = reader.run_candidates(d, run, on)?;
            let sure = candidates.iter().filter(|one| one.score.unwrap_or(0.0) >= score);
            let drafts: Vec<DraftBox> = sure.map(draft).collect();
            let has = |image: &&ImageRow| drafts.iter().any(|draft| draft.image_id == image.image_id);
            Ok(sample(some.iter().find(has).unwrap_or(&some[0]), &drafts))
        };
        images.chunks(step).map(of_stretch).collect()
    }

    /// How many images could get drafts of a run.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run.
    pub fn free_for_drafts(&self, d: &DatasetName, run: &RunName) -> Result<usize, Error> {
        let filter = ImageFilter { condition: Some(free_images(d, run)), ..ImageFilter::default() };
        Ok(self.reader().image_rows(d, &filter)?.len())
    }

    /// What candidates of a run would become drafts; nothing is changed.
    ///
    /// # Errors
    /// [`Error::NotFound`] for run or calibration; [`Error::Invalid`].
    pub fn preview_drafts(
        &self,
        d: &DatasetName,
        run: &RunName,
        request: &DraftRequest,
    ) -> Result<DraftPreview, Error> {
        let (images, drafts) = chosen(self.reader(), d, run, request)?;
        let mut classes = BTreeMap::new();
        drafts.iter().for_each(|draft| *classes.entry(draft.class_id).or_insert(0) += 1);
        let with: Vec<ImageId> =
            drafts.chunk_by(|a, b| a.image_id == b.image_id).map(|of_one| of_one[0].image_id).collect();
        let step = with.len().div_ceil(SHOWN).max(1);
        let shown = with.iter().step_by(step).filter_map(|id| images.iter().find(|image| image.image_id == *id));
        let samples = shown.map(|image| sample(image, &drafts)).collect();
        Ok(DraftPreview { free_images: images.len(), images: with.len(), boxes: drafts.len(), classes, samples })
    }

    /// Puts the drafts on their images: one change, which can be taken back.
    ///
    /// # Errors
    /// As [`Workbench::preview_drafts`]; [`Error::Invalid`] when there is nothing to put.
    pub fn apply_drafts(
        &self,
        d: &DatasetName,
        run: &RunName,
        request: &DraftRequest,
        author: &str,
    ) -> Result<Drafted, Error> {
        let (_, drafts) = chosen(self.reader(), d, run, request)?;
        if drafts.is_empty() {
            let text = "no candidate scores enough on an image that nobody has labelled and that has no box";
            return Err(Error::invalid("score", text));
        }
        Ok(self.open.writer.add_drafts(d, run.as_str(), &drafts, author)?)
    }
}
