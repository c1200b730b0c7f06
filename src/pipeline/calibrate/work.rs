//! The work of a calibration, from the request to its tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use tator_domain::{ClassId, ImageId, RunName};
use tator_learning::boost::Columns;
use tator_learning::calibrator::{
    Calibrated, Heard, ImageSize, Options, PRIOR_COLUMNS, Part, Pool, RowScore, calibrate, suppress, try_out,
};
use tator_store::{Column, DeskCandidate, RunDraft, RunKind};

use super::appearance::Appearance;
use super::figures::{Missed, Review, Reviewed, Said};
use super::gather::{Gathered, as_detection, gather};
use super::package::ImportedRecipe;
use super::record::{CalibrateReport, Made, Record, key_of};
use super::request::{CalibrateRequest, refused};
use super::shelf::TreeShelf;
use crate::error::Error;
use crate::evaluate::Detection;
use crate::jobs::Context;

/// Rows of a table that are written at once.
const WRITTEN: usize = 65_536;

/// What a calibration begins with.
pub(super) struct Begins<'a> {
    pub request: &'a CalibrateRequest,
    /// Number of the latest change of the dataset.
    pub data_version: i64,
    /// A recipe from elsewhere.
    pub recipe: Option<&'a ImportedRecipe>,
    /// What looks at crops of the candidates.
    pub appearance: Option<&'a Appearance>,
}

/// Does a calibration; one that was made of the same things is given instead of a second.
pub(crate) fn run(context: &Context, request: &CalibrateRequest) -> Result<CalibrateReport, Error> {
    let (begun, d, reader) = (Instant::now(), &request.dataset, context.writer.reader());
    request.check()?;
    let name = request.name.clone().ok_or_else(|| Error::invalid("name", "it has no name"))?;
    let recipe = request.recipe.as_deref().map(ImportedRecipe::open).transpose()?;
    let appearance = Appearance::of(&context.assist, request, recipe.as_ref())?;
    // What is labelled while it works is not part of it.
    let data_version = reader.data_version(d)?;
    let begins = Begins { request, data_version, recipe: recipe.as_ref(), appearance: appearance.as_ref() };
    let key = key_of(reader, &begins)?;
    for entry in reader.runs(d, RunKind::Calibration)? {
        // What could not be read then may be there now.
        let is_whole = entry.record["unread_images"].as_u64().unwrap_or(0) == 0;
        if entry.record["key"].as_str() == Some(&key) && is_whole {
            context.log(&format!("nothing has changed since {}: it is given again", entry.name));
            return Record::parse(&entry.record).map(|record| record.report(true, begun.elapsed()));
        }
    }
    let gathered = gather(context, &begins)?;
    check_truth(request, &gathered)?;
    let draft = context.writer.begin_run(d, RunKind::Calibration, &name)?;
    match make(context, &begins, &gathered, (&name, key), &draft, begun) {
        Ok((record, parts)) => {
            let value = serde_json::to_value(&record).map_err(|e| Error::invalid("record", e.to_string()))?;
            context.writer.publish_run(draft, &value)?;
            TreeShelf::open(reader).tidy();
            Ok(CalibrateReport { parts, ..record.report(false, begun.elapsed()) })
        }
        Err(error) => {
            draft.discard();
            Err(error)
        }
    }
}

fn check_truth(request: &CalibrateRequest, gathered: &Gathered) -> Result<(), Error> {
    let hidden: usize = gathered.lineage.values().map(|source| source.seen_images).sum();
    if gathered.candidates.is_empty() {
        let text = format!("run {} has no candidate on an image that is still there: nothing to judge", request.run);
        return Err(Error::invalid("run", text));
    }
    if gathered.sizes.is_empty() && request.recipe.is_none() {
        let why = match hidden {
            0 => "no image of the run is labelled or reviewed: label some first".to_owned(),
            n => format!("models were trained on all {n} labelled images of the run: label others first"),
        };
        return Err(Error::invalid("run", why));
    }
    Ok(())
}

/// The rows on images with truth, in order; their places among all rows.
fn truth_rows(gathered: &Gathered) -> Vec<usize> {
    let is_truth = |image: ImageId| gathered.sizes.binary_search_by_key(&image, |size| size.image).is_ok();
    (0..gathered.candidates.len()).filter(|row| is_truth(gathered.candidates[*row].image_id)).collect()
}

fn make(
    context: &Context,
    begins: &Begins<'_>,
    gathered: &Gathered,
    (name, key): (&RunName, String),
    draft: &RunDraft,
    begun: Instant,
) -> Result<(Record, BTreeMap<String, f64>), Error> {
    let (laid_out, request) = (begun.elapsed(), begins.request);
    let rows = truth_rows(gathered);
    let detections: Vec<Detection> = rows.iter().map(|row| as_detection(&gathered.candidates[*row])).collect();
    // Where every image has truth, the columns are used as they lie.
    let all_rows = rows.len() == gathered.candidates.len();
    let picked: Vec<Vec<f32>> = match all_rows {
        true => Vec::new(),
        false => gathered.features.columns.iter().map(|column| rows.iter().map(|row| column[*row]).collect()).collect(),
    };
    let of_truth = if all_rows { &gathered.features.columns } else { &picked };
    let columns =
        Columns::new(&gathered.features.names, of_truth.iter().map(Vec::as_slice).collect()).map_err(refused)?;
    let pool = Pool::new(&gathered.sizes, &detections, &gathered.truths, columns).map_err(refused)?;
    let shelf = TreeShelf::open(context.writer.reader());
    let mut listener = Listener::new(context, request);
    let found = match begins.recipe {
        Some(recipe) => {
            recipe.check(&gathered.features.names)?;
            context.log(&format!("recipe {}", recipe.note.fingerprint));
            let options = Options { experts: recipe.options().experts.clone(), ..request.options.clone() };
            try_out(
                &pool,
                &gathered.sources,
                recipe.development(&context.writer.reader().class_list(&request.dataset)?)?,
                &options,
            )
        }
        None => calibrate(&pool, &gathered.sources, &request.options, &shelf, &mut |heard| listener.hear(heard)),
    };
    let mut found = found.map_err(refused)?;
    context.progress("scoring and writing", 0, 0)?;
    let scores = everywhere(gathered, &found, &rows)?;
    let reviewed = review(context, request, gathered, &found, &detections)?;
    let trained = begun.elapsed();
    let mut parts = std::mem::take(&mut found.seconds);
    parts.insert("features".to_owned(), laid_out.as_secs_f64());
    write_tables(draft, gathered, &found, &rows, (&scores, &reviewed), request)?;
    let mut files = found.development.ensemble.files().map_err(refused)?;
    let looks = begins.appearance.map(Appearance::files).unwrap_or_default();
    files.extend(looks.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
    let mut hashes = BTreeMap::new();
    for (file, bytes) in files {
        hashes.insert(file.clone(), blake3::hash(&bytes).to_hex().to_string());
        draft.file(&file, &bytes)?;
    }
    parts.insert("writing".to_owned(), (begun.elapsed() - trained).as_secs_f64());
    let made = Made { name: name.clone(), key, hashes, laid_out, trained };
    let record = Record::of(context.writer.reader(), begins, gathered, &found, &scores, reviewed.figures, made)?;
    Ok((record, parts))
}

/// Tells how far the trees are; the losses go into the log now and then, so that they can be watched.
struct Listener<'a> {
    context: &'a Context,
    done: u64,
    total: u64,
    last: usize,
}

impl<'a> Listener<'a> {
    fn new(context: &'a Context, request: &CalibrateRequest) -> Self {
        let options = &request.options;
        let each = u64::from(options.parameters.rounds);
        let (outer, inner) = (options.outer_folds as u64 + 1, options.inner_folds as u64 + 1);
        Self { context, done: 0, total: each * outer * inner * (options.sweep as u64 + 1), last: 0 }
    }

    fn hear(&mut self, heard: &Heard) -> bool {
        self.done += 1;
        if heard.step.round == 1 || heard.step.round.is_multiple_of(50) {
            let tune = heard.step.tune.map_or(String::new(), |loss| format!(", left out {loss:.4}"));
            self.context
                .log(&format!("part {}: {} trees, loss {:.4}{tune}", heard.fold, heard.step.round, heard.step.train));
        }
        if heard.fold != self.last {
            // Trees are mostly stopped early: what they did not need counts as done.
            self.last = heard.fold;
        }
        self.context.progress("growing trees", self.done, self.total).is_ok()
    }
}

/// The scores of all rows: those with truth as they were tested, the others by the final trees.
fn everywhere(gathered: &Gathered, found: &Calibrated, rows: &[usize]) -> Result<Vec<Scored>, Error> {
    let mut all: Vec<Option<Scored>> = vec![None; gathered.candidates.len()];
    for (row, score) in rows.iter().zip(&found.scores) {
        all[*row] = Some(Scored { score: *score, is_truth: true, is_hidden: false });
    }
    let open: Vec<usize> = (0..all.len()).filter(|row| all[*row].is_none()).collect();
    let development = &found.development;
    if !open.is_empty() {
        let priors = prior_columns(gathered, found);
        let names = full_names(gathered);
        let columns = gathered.features.columns.iter().chain(&priors).map(Vec::as_slice).collect();
        let columns = Columns::new(&names, columns).map_err(refused)?;
        let told = development.probabilities(&columns, &open).map_err(refused)?;
        let detections: Vec<Detection> = open
            .iter()
            .zip(&told)
            .map(|(row, score)| Detection { score: *score, ..as_detection(&gathered.candidates[*row]) })
            .collect();
        for (row, probability) in open.iter().zip(&told) {
            let score =
                RowScore { probability: *probability, fold: None, part: Part::Test, accepted: false, kept: false };
            let is_hidden = gathered.hidden.contains(&gathered.candidates[*row].image_id);
            all[*row] = Some(Scored { score, is_truth: false, is_hidden });
        }
        for at in suppress(&detections, development.rule.dedupe) {
            if let Some(scored) = &mut all[open[at]] {
                scored.score.kept = true;
                scored.score.accepted = development.rule.accepts(detections[at].class, detections[at].score);
            }
        }
    }
    Ok(all.into_iter().flatten().collect())
}

/// A row's score, and whether its image has usable truth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    pub score: RowScore,
    pub is_truth: bool,
    /// Its image is labelled, but what was learnt has seen it.
    pub is_hidden: bool,
}

impl Scored {
    /// `accept`, `queue` for people, or `drop`.
    pub fn band(&self, queue_from: f64) -> &'static str {
        match (self.score.kept, self.score.accepted) {
            (true, true) => "accept",
            (true, false) if self.score.probability >= queue_from => "queue",
            _ => "drop",
        }
    }

    fn part(&self) -> &'static str {
        match (self.is_truth, self.score.part) {
            (false, _) if self.is_hidden => "hidden",
            (false, _) => "open",
            (true, Part::Train) => "train",
            (true, Part::Tune) => "tune",
            (true, Part::Test) => "test",
        }
    }
}

pub(super) fn full_names(gathered: &Gathered) -> Vec<String> {
    gathered.features.names.iter().cloned().chain(PRIOR_COLUMNS.map(str::to_owned)).collect()
}

fn prior_columns(gathered: &Gathered, found: &Calibrated) -> Vec<Vec<f32>> {
    let place = |image: ImageId| gathered.images.binary_search_by_key(&image, |one| one.image_id).ok();
    let sizes: Vec<ImageSize> = gathered
        .images
        .iter()
        .map(|image| ImageSize { image: image.image_id, width: image.width, height: image.height })
        .collect();
    let known = |one: &DeskCandidate| place(one.image_id).map(|at| (one.class_id, &sizes[at]));
    let boxes = gathered.candidates.iter().filter_map(|one| known(one).map(|(class, size)| (class, &one.rect, size)));
    found.development.priors.columns(boxes)
}

fn class_names(context: &Context, request: &CalibrateRequest) -> Result<BTreeMap<ClassId, String>, Error> {
    let classes = context.writer.reader().class_list(&request.dataset)?;
    Ok(classes.into_iter().map(|class| (class.class_id, class.name)).collect())
}

fn review(
    context: &Context,
    request: &CalibrateRequest,
    gathered: &Gathered,
    found: &Calibrated,
    detections: &[Detection],
) -> Result<Reviewed, Error> {
    let names = class_names(context, request)?;
    let tested: BTreeSet<ImageId> = match found.per_image.get("calibrated") {
        Some(counts) => gathered
            .sizes
            .iter()
            .zip(counts)
            .filter(|(_, tested)| tested.is_some())
            .map(|(size, _)| size.image)
            .collect(),
        None => BTreeSet::new(),
    };
    Review {
        candidates: detections,
        scores: &found.scores,
        truths: &gathered.truths,
        tested: &tested,
        box_ids: &gathered.box_ids,
        rule: &found.development.rule,
        names: &names,
        iou: request.options.iou,
    }
    .look()
}

fn write_tables(
    draft: &RunDraft,
    gathered: &Gathered,
    found: &Calibrated,
    rows: &[usize],
    (scores, reviewed): (&[Scored], &Reviewed),
    request: &CalibrateRequest,
) -> Result<(), Error> {
    let mut said = vec![Said { right: None, finding: None }; gathered.candidates.len()];
    rows.iter().zip(&reviewed.said).for_each(|(row, told)| said[*row] = *told);
    let (names, priors) = (full_names(gathered), prior_columns(gathered, found));
    let columns: Vec<&Vec<f32>> = gathered.features.columns.iter().chain(&priors).collect();
    let (mut features, mut scored) = (draft.table("features")?, draft.table("scores")?);
    let starts: Vec<usize> = (0..gathered.candidates.len()).step_by(WRITTEN).collect();
    for from in starts {
        let part = from..(from + WRITTEN).min(gathered.candidates.len());
        let here = &gathered.candidates[part.clone()];
        let mut cells = keys(here);
        let shown = |value: &f32| if value.is_nan() { None } else { Some(*value) };
        for (name, column) in names.iter().zip(&columns) {
            cells.push((name, Column::Float(column[part.clone()].iter().map(shown).collect())));
        }
        features.write(cells)?;
        scored.write(score_columns(here, &scores[part.clone()], &said[part], request.queue_from))?;
    }
    features.finish()?;
    scored.finish()?;
    write_missed(draft, &reviewed.missed)
}

/// The columns that both tables begin with.
fn keys(rows: &[DeskCandidate]) -> Vec<(&str, Column)> {
    vec![
        ("candidate_id", Column::Big(rows.iter().map(|row| Some(row.candidate_id)).collect())),
        ("image_id", Column::Big(rows.iter().map(|row| Some(row.image_id)).collect())),
        ("class_id", Column::Int(rows.iter().map(|row| Some(row.class_id)).collect())),
    ]
}

fn score_columns<'a>(
    rows: &[DeskCandidate],
    scores: &[Scored],
    said: &[Said],
    queue_from: f64,
) -> Vec<(&'a str, Column)> {
    let text = |words: Vec<Option<&'static str>>| {
        let mut known: BTreeMap<&'static str, Arc<str>> = BTreeMap::new();
        let one = |word: &'static str, known: &mut BTreeMap<&'static str, Arc<str>>| {
            Arc::clone(known.entry(word).or_insert_with(|| word.into()))
        };
        Column::Text(words.into_iter().map(|word| word.map(|word| one(word, &mut known))).collect())
    };
    let fold = |one: &Scored| one.score.fold.and_then(|fold| i32::try_from(fold).ok());
    vec![
        ("candidate_id", Column::Big(rows.iter().map(|row| Some(row.candidate_id)).collect())),
        ("image_id", Column::Big(rows.iter().map(|row| Some(row.image_id)).collect())),
        ("class_id", Column::Int(rows.iter().map(|row| Some(row.class_id)).collect())),
        ("score", Column::Double(scores.iter().map(|one| Some(one.score.probability)).collect())),
        ("fold", Column::Int(scores.iter().map(fold).collect())),
        ("part", text(scores.iter().map(|one| Some(one.part())).collect())),
        ("kept", Column::Flag(scores.iter().map(|one| Some(one.score.kept)).collect())),
        ("accepted", Column::Flag(scores.iter().map(|one| Some(one.score.accepted)).collect())),
        ("band", text(scores.iter().map(|one| Some(one.band(queue_from))).collect())),
        ("is_right", Column::Flag(said.iter().map(|one| one.right).collect())),
        ("finding", text(said.iter().map(|one| one.finding).collect())),
    ]
}

fn write_missed(draft: &RunDraft, missed: &[Missed]) -> Result<(), Error> {
    let mut rows = missed.to_vec();
    rows.sort_by_key(|one| (one.image_id, one.box_id));
    let mut table = draft.table("missed")?;
    table.write(vec![
        ("box_id", Column::Big(rows.iter().map(|one| Some(one.box_id)).collect())),
        ("image_id", Column::Big(rows.iter().map(|one| Some(one.image_id)).collect())),
        ("class_id", Column::Int(rows.iter().map(|one| Some(one.class_id)).collect())),
        ("reached", Column::Flag(rows.iter().map(|one| Some(one.reached)).collect())),
    ])?;
    table.finish()?;
    Ok(())
}
