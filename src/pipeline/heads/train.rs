//! The training itself: gathered, split, fitted, tested once, kept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use tator_domain::{ClassId, Clock, ImageId, SystemClock};
use tator_learning::Matrix;
use tator_learning::head::{
    Guard, Head, HeadClass, Iteration, Metrics, Parts, Recipe, Samples, Scored, SplitRow, Trained, Verdict, clusters,
    split_by_image, verdict,
};
use tator_store::EmbeddingOf;
use tator_vision::Embedder;

use super::augment::{Copies, Original, copies};
use super::background::{Background, background};
use super::data::{Labelled, choose, labelled, no_vectors, too_few};
use super::elsewhere::hashes;
use super::kept::Eyes;
use super::record::{DataVersion, HeadRun, PartCount, RunClass, TestBox};
use super::{HeadOptions, TrainHeadRequest, record};
use crate::error::Error;
use crate::jobs::Context;

/// Draws of whole images for the intervals.
const DRAWS: usize = 1_000;

/// Rows of objects, then rows of background, with what a head is to say of each.
struct Table {
    data: Vec<f32>,
    dims: usize,
    images: Vec<ImageId>,
    /// Index of the class; background comes after the classes, told apart later.
    labels: Vec<usize>,
    /// How many of the rows are boxes.
    boxes: usize,
    /// Classes of the dataset in the order of their numbers, with their names.
    classes: Vec<(ClassId, String)>,
    left_out: Vec<(String, u64)>,
}

/// Does what a request asks.
pub(crate) fn train(context: &Context, request: &TrainHeadRequest) -> Result<HeadRun, Error> {
    let begun = (Instant::now(), SystemClock.now());
    let TrainHeadRequest { dataset: d, options } = request;
    let reader = context.writer.reader();
    let encoder = options.encoder.clone().ok_or_else(|| no_vectors((d, EmbeddingOf::Boxes), None))?;
    context.progress("reading vectors", 0, 0)?;
    let mut known = labelled(reader, d, &encoder)?;
    let classes = reader.class_list(d)?;
    let (kept, left_out) = choose(&mut known, &classes, options.min_per_class);
    if kept.len() < 2 {
        return Err(too_few(&known, kept.len(), &left_out, d.as_str()));
    }
    let sampled_out = known.sample(options.seed);
    let recipe = crate::embed::Recipe::parse(&known.vectors.recipe);
    let recipe = recipe.ok_or_else(|| no_vectors((d, EmbeddingOf::Boxes), Some(&encoder)))?;
    let embedder = embedder(context, options, &known, &encoder)?;
    let (fingerprint, dims) = (known.vectors.fingerprint.as_str(), known.vectors.dims);
    let eyes = embedder.as_deref().map(|embedder| Eyes { fingerprint, embedder, dims, recipe });
    let beside = beside(context, request, &known, eyes.as_ref())?;
    let mut table = Table::new(&known, &beside, kept, left_out);
    let parts = table.split(options);
    let kinds = table.tell_background_apart(&parts, options)?;
    let copies = changed(context, request, (&known, &table, &parts), eyes.as_ref())?;
    let fitting = Instant::now();
    let trained = table.fit(context, options, (fingerprint, &copies), &parts, kinds)?;
    let fit_seconds = fitting.elapsed().as_secs_f64();
    context.progress("testing", 0, 0)?;
    let names = table.class_names(kinds);
    let judged = table.judge(&trained.head, &parts, options)?;
    let bytes = trained.head.to_bytes().map_err(refused)?;
    let run = HeadRun {
        id: String::new(),
        name: options.name.clone().unwrap_or_default().trim().to_owned(),
        dataset: d.clone(),
        dataset_made_at: reader.made_at(d)?,
        created_at: begun.1,
        seconds: begun.0.elapsed().as_secs_f64(),
        fit_seconds,
        encoder,
        fingerprint: known.vectors.fingerprint.clone(),
        crop: recipe.words(),
        options: options.clone(),
        data: DataVersion { augmented: copies.labels.len(), ..data_version(&known, &beside, sampled_out) },
        parts: table.counts(&parts, &names),
        classes: table.run_classes(&parts, &names),
        left_out: table.left_out.clone(),
        iterations: trained.log.len(),
        converged: trained.converged,
        hard: trained.hard,
        temperature: trained.head.temperature,
        metrics: judged.metrics,
        guard: judged.guard,
        artefact: blake3::hash(&bytes).to_hex().to_string(),
    };
    let test = table.test_boxes(&known, &parts, &judged.predicted, &judged.sure);
    let images = table.images_seen(&parts);
    let seen = hashes(reader, d, |image| images.contains(&image))?;
    let outcome = record::Outcome { run, log: trained.log, test, seen };
    let run = outcome.keep(&reader.run_records(), bytes)?;
    if options.activate {
        context.assist.heads.activate(reader, d, Some(&run.id))?;
    }
    Ok(run)
}

pub(crate) fn refused(error: tator_learning::Error) -> Error {
    match error {
        tator_learning::Error::Stopped => Error::Cancelled,
        other => Error::invalid("training", other.to_string()),
    }
}

/// The encoder itself, where a training looks at more than the vectors that are there.
fn embedder(
    context: &Context,
    options: &HeadOptions,
    known: &Labelled,
    encoder: &str,
) -> Result<Option<Arc<dyn Embedder>>, Error> {
    if options.background.kinds == 0 && options.augment.copies == 0 {
        return Ok(None);
    }
    let (model, embedder) = context.assist.engine_of(encoder)?;
    if model.manifest.fingerprint() == known.vectors.fingerprint {
        return Ok(Some(embedder));
    }
    let message = format!(
        "{encoder} on the shelf is not the one that made the vectors: embed the boxes anew, or train without background and \
         changed copies"
    );
    Err(Error::invalid("encoder", message))
}

fn beside(
    context: &Context,
    request: &TrainHeadRequest,
    known: &Labelled,
    eyes: Option<&Eyes<'_>>,
) -> Result<Background, Error> {
    let options = &request.options;
    let Some(eyes) = eyes.filter(|_| options.background.kinds > 0) else { return Ok(Background::default()) };
    let found = background(context, &request.dataset, eyes, known.rows.len(), (options.background, options.seed))?;
    if found.failed > 0 {
        context.log(&format!("{} images could not be read for background", found.failed));
    }
    Ok(found)
}

/// Changed copies of the boxes of the training part, and of no other.
fn changed(
    context: &Context,
    request: &TrainHeadRequest,
    (known, table, parts): (&Labelled, &Table, &Parts),
    eyes: Option<&Eyes<'_>>,
) -> Result<Copies, Error> {
    let options = &request.options;
    let Some(eyes) = eyes.filter(|_| options.augment.copies > 0) else { return Ok(Copies::default()) };
    let boxes = parts.train.iter().filter(|row| **row < table.boxes);
    let originals: Vec<Original<'_>> =
        boxes.map(|row| Original { row: &known.rows[*row], label: table.labels[*row] }).collect();
    let found = copies(context, &request.dataset, eyes, &originals, (options.augment, options.seed))?;
    if found.failed > 0 {
        context.log(&format!("{} images could not be read for changed copies", found.failed));
    }
    Ok(found)
}

fn data_version(known: &Labelled, beside: &Background, sampled_out: usize) -> DataVersion {
    let images: BTreeSet<ImageId> = known.rows.iter().map(|row| row.image_id).collect();
    let (boxes, background) = (known.rows.len(), beside.images.len());
    let (hash, images, missing) = (known.version(), images.len(), known.missing);
    DataVersion { hash, boxes, images, background, missing, sampled_out, augmented: 0 }
}

/// What the head makes of the test rows.
struct Judged {
    metrics: Metrics,
    guard: Option<Guard>,
    predicted: Vec<usize>,
    sure: Vec<f32>,
}

impl Table {
    fn new(
        known: &Labelled,
        beside: &Background,
        classes: Vec<(ClassId, String)>,
        left_out: Vec<(String, u64)>,
    ) -> Self {
        let label = |id: ClassId| classes.partition_point(|(other, _)| *other < id);
        let labels = known.rows.iter().map(|row| label(row.class_id));
        let labels = labels.chain(beside.images.iter().map(|_| classes.len())).collect();
        let mut data = known.gather(0..known.rows.len());
        data.extend_from_slice(&beside.data);
        let images = known.rows.iter().map(|row| row.image_id).chain(beside.images.iter().copied()).collect();
        Self { data, dims: known.vectors.dims, images, labels, boxes: known.rows.len(), classes, left_out }
    }

    fn split(&self, options: &HeadOptions) -> Parts {
        let rows = self.images.iter().zip(&self.labels);
        let rows: Vec<SplitRow> =
            rows.map(|(image, class)| SplitRow { image: *image, class: *class, augmented: false }).collect();
        split_by_image(&rows, options.shares, options.seed)
    }

    /// Clusters the background of the training part, and gives every other crop the nearest kind; how many there are.
    fn tell_background_apart(&mut self, parts: &Parts, options: &HeadOptions) -> Result<usize, Error> {
        let is_background = |row: &usize| *row >= self.boxes;
        let train: Vec<usize> = parts.train.iter().copied().filter(is_background).collect();
        let kinds = options.background.kinds.min(train.len());
        if kinds == 0 {
            return Ok(0);
        }
        let data = self.matrix()?.gather(&train);
        let matrix = Matrix::new(&data, self.dims).map_err(refused)?;
        let found = clusters(matrix, kinds, options.seed).map_err(refused)?;
        for row in self.boxes..self.labels.len() {
            self.labels[row] = self.classes.len() + found.assign(&self.data[row * self.dims..][..self.dims]);
        }
        Ok(kinds)
    }

    /// The images of the training and validation parts.
    fn images_seen(&self, parts: &Parts) -> BTreeSet<ImageId> {
        parts.train.iter().chain(&parts.validation).map(|row| self.images[*row]).collect()
    }

    fn matrix(&self) -> Result<Matrix<'_>, Error> {
        Matrix::new(&self.data, self.dims).map_err(refused)
    }

    /// Vectors and labels of some rows; without a kind for them, crops of background are left out.
    fn part(&self, rows: &[usize], kinds: usize) -> Result<(Vec<usize>, Vec<f32>, Vec<usize>), Error> {
        let rows: Vec<usize> = rows.iter().copied().filter(|row| *row < self.boxes || kinds > 0).collect();
        let labels = rows.iter().map(|row| self.labels[*row]).collect();
        let data = self.matrix()?.gather(&rows);
        Ok((rows, data, labels))
    }

    fn fit(
        &self,
        context: &Context,
        options: &HeadOptions,
        (fingerprint, copies): (&str, &Copies),
        parts: &Parts,
        kinds: usize,
    ) -> Result<Trained, Error> {
        let background = (0..kinds).filter_map(|kind| u16::try_from(kind).ok()).map(HeadClass::Background);
        let classes: Vec<HeadClass> =
            self.classes.iter().map(|(id, _)| HeadClass::Class(*id)).chain(background).collect();
        let (_, mut data, mut labels) = self.part(&parts.train, kinds)?;
        data.extend_from_slice(&copies.data);
        labels.extend_from_slice(&copies.labels);
        let (_, held, truth) = self.part(&parts.validation, kinds)?;
        let samples = Samples { vectors: Matrix::new(&data, self.dims).map_err(refused)?, labels: &labels };
        let validation = Samples { vectors: Matrix::new(&held, self.dims).map_err(refused)?, labels: &truth };
        let (recipe, most) = seeded(options);
        context.progress("training", 0, most)?;
        let mut log = |iteration: &Iteration| {
            context.log(&line(iteration));
            context.progress("training", iteration.iteration as u64, most.max(iteration.iteration as u64)).is_ok()
        };
        let trained =
            tator_learning::head::train(&recipe, fingerprint, &classes, &samples, Some(&validation), &mut log);
        let mut trained = trained.map_err(refused)?;
        if !options.temperature {
            trained.head.temperature = 1.0;
        }
        Ok(trained)
    }

    /// The test part is looked at here and nowhere else.
    fn judge(&self, head: &Head, parts: &Parts, options: &HeadOptions) -> Result<Judged, Error> {
        let kinds = head.classes.len() - self.classes.len();
        let (rows, data, truth) = self.part(&parts.test, kinds)?;
        if !rows.iter().any(|row| *row < self.boxes) {
            let message = "no box is in the test part: label more images, or hold out a larger share";
            return Err(Error::invalid("test", message));
        }
        let told = head.predict_many(Matrix::new(&data, self.dims).map_err(refused)?).map_err(refused)?;
        let (predicted, sure) = decided(&told, head);
        let images: Vec<ImageId> = rows.iter().map(|row| self.images[*row]).collect();
        let metrics = Metrics::of(&Scored {
            truth: &truth,
            predicted: &predicted,
            images: &images,
            classes: head.classes.len(),
            first_background: self.classes.len(),
            draws: DRAWS,
            seed: options.seed,
        });
        let guard = (kinds > 0).then(|| Guard::of(&told, &truth, &head.classes, options.background.margin));
        Ok(Judged { metrics: metrics.map_err(refused)?, guard, predicted, sure })
    }

    fn class_names(&self, kinds: usize) -> Vec<(Option<ClassId>, String)> {
        let own = self.classes.iter().map(|(id, name)| (Some(*id), name.clone()));
        own.chain((1..=kinds).map(|kind| (None, format!("background {kind}")))).collect()
    }

    fn counts(&self, parts: &Parts, names: &[(Option<ClassId>, String)]) -> super::Parts {
        let count = |rows: &[usize]| {
            let boxes: Vec<usize> = rows.iter().copied().filter(|row| *row < self.boxes).collect();
            let images: BTreeSet<ImageId> = boxes.iter().map(|row| self.images[*row]).collect();
            PartCount { images: images.len(), boxes: boxes.len() }
        };
        let untested = parts.untested.iter().filter(|class| **class < self.classes.len());
        super::Parts {
            train: count(&parts.train),
            validation: count(&parts.validation),
            test: count(&parts.test),
            stratified: parts.stratified,
            untested: untested.map(|class| names[*class].1.clone()).collect(),
        }
    }

    fn run_classes(&self, parts: &Parts, names: &[(Option<ClassId>, String)]) -> Vec<RunClass> {
        let count = |rows: &[usize], class| rows.iter().filter(|row| self.labels[**row] == class).count();
        let one = |(class, (class_id, name)): (usize, &(Option<ClassId>, String))| RunClass {
            class_id: *class_id,
            name: name.clone(),
            train: count(&parts.train, class),
            test: count(&parts.test, class),
        };
        names.iter().enumerate().map(one).collect()
    }

    /// Boxes come before background in every part, so the first predictions are theirs.
    fn test_boxes(&self, known: &Labelled, parts: &Parts, predicted: &[usize], sure: &[f32]) -> Vec<TestBox> {
        let boxes = parts.test.iter().filter(|row| **row < self.boxes);
        let told = predicted.iter().zip(sure);
        boxes
            .zip(told)
            .map(|(row, (predicted, sure))| {
                let of = &known.rows[*row];
                let (box_id, image_id) = (of.box_id, of.image_id);
                TestBox { box_id, image_id, truth: self.labels[*row], predicted: *predicted, probability: *sure }
            })
            .collect()
    }
}

/// The recipe with the request's seed, and how many iterations it may take.
fn seeded(options: &HeadOptions) -> (Recipe, u64) {
    let mut recipe = options.recipe.clone();
    let most = match &mut recipe {
        Recipe::Logistic(logistic) => logistic.max_iterations,
        Recipe::Mlp(mlp) => {
            mlp.seed = options.seed;
            mlp.epochs
        }
    };
    (recipe, most as u64)
}

/// The class that each row is taken for once background is looked at, and its probability.
pub(crate) fn decided(told: &[f32], head: &Head) -> (Vec<usize>, Vec<f32>) {
    let first = head.classes.iter().position(|class| matches!(class, HeadClass::Background(_)));
    let best_background = |row: &[f32]| {
        let kinds = first.unwrap_or(0)..row.len();
        kinds.fold(first.unwrap_or(0), |best, kind| if row[kind] > row[best] { kind } else { best })
    };
    let rows = told.chunks_exact(head.classes.len());
    rows.map(|row| {
        let class = match verdict(row, &head.classes, 0.0) {
            Verdict::Class(class) | Verdict::Doubtful(class) => class,
            Verdict::Background => best_background(row),
        };
        (class, row[class])
    })
    .unzip()
}

/// An iteration as a line of the job's log: words and numbers, for people and for the curves of the page.
fn line(iteration: &Iteration) -> String {
    let Iteration { iteration, train, validation, coef_delta, loss_delta } = iteration;
    let held =
        validation.map_or_else(String::new, |fit| format!(" val_loss={:.6} val_acc={:.4}", fit.loss, fit.accuracy));
    format!(
        "iteration={iteration} train_loss={:.6} train_acc={:.4}{held} coef_delta={coef_delta:.3e} loss_delta={loss_delta:.3e}",
        train.loss, train.accuracy
    )
}

#[cfg(test)]
mod tests {
    use tator_learning::head::Fit;

    use super::*;

    #[test]
    fn a_line_of_the_log_has_what_the_curves_need() {
        let fit = Fit { loss: 0.5, accuracy: 0.75 };
        let told =
            line(&Iteration { iteration: 3, train: fit, validation: Some(fit), coef_delta: 0.01, loss_delta: 0.002 });
        assert_eq!(
            told,
            "iteration=3 train_loss=0.500000 train_acc=0.7500 val_loss=0.500000 val_acc=0.7500 coef_delta=1.000e-2 loss_delta=2.000e-3"
        );
    }
}
