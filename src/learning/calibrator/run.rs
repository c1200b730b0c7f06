//! The whole of a calibration: parts, development, test, baselines, gate.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::PixelBox;

use super::develop::{Development, Fitting, with_priors};
use super::duel::{Contender, Duel, Ring};
use super::folds::{Part, Protocol, deal, parts};
use super::gate::{Gate, Standing, gate};
use super::judge::suppress;
use super::options::Options;
use super::pool::{Pool, Source};
use super::rule::Rule;
use super::shelf::Shelf;
use crate::Error;
use crate::boost::Step;
use crate::calibration::Fulfilled;
use crate::coco_evaluation::{Counts, Detection};

/// What a listener hears while trees grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Which part is left out; the number of parts when all are trained on.
    pub fold: usize,
    /// The losses.
    pub step: Step,
}

/// What a fold came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldReport {
    /// Images developed on.
    pub dev_images: usize,
    /// Images tested on, once.
    pub test_images: usize,
    /// Trees.
    pub rounds: u32,
    /// Log loss on development images left out.
    pub loss: f64,
}

/// What a candidate got.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowScore {
    /// Probability of being right, by models that have not seen its image where there are any.
    pub probability: f64,
    /// The part its image was tested with; nothing for images that are never tested.
    pub fold: Option<usize>,
    /// What its image was for.
    pub part: Part,
    /// It stays after suppression and is accepted.
    pub accepted: bool,
    /// It stays after suppression.
    pub kept: bool,
}

/// A finished calibration.
#[derive(Debug)]
pub struct Calibrated {
    /// How the test was kept apart.
    pub protocol: Protocol,
    /// What is used from now on.
    pub development: Development,
    /// Each candidate of the pool.
    pub scores: Vec<RowScore>,
    /// How it does on test images.
    pub test: Standing,
    /// How each source, their union and other recipes do on the same images, each by its own best rule.
    pub baselines: BTreeMap<String, Standing>,
    /// Counts of every test image: ours, then those of the baselines; images that are not tested have none.
    pub per_image: BTreeMap<String, Vec<Option<Counts>>>,
    /// Whether it is promoted.
    pub gate: Gate,
    /// Every fold.
    pub folds: Vec<FoldReport>,
    /// Seconds of each part of the work: labels, training (with thresholds), testing, intervals.
    pub seconds: BTreeMap<String, f64>,
}

/// The name of our own counts in [`Calibrated::per_image`].
const OURS: &str = "calibrated";
/// The name of all candidates by the run's score.
const UNION: &str = "union";

/// What is compared with: the sources, and all candidates by the run's score. A source that is called like something of ours
/// keeps its name with a word to it.
fn compared(pool: &Pool<'_>, sources: &[Source]) -> Vec<Source> {
    let told_apart = |source: &Source| match source.name.as_str() {
        OURS | UNION => Source { name: format!("{} (model)", source.name), ..source.clone() },
        _ => source.clone(),
    };
    let union = Source { name: UNION.to_owned(), detections: pool.candidates.to_vec() };
    sources.iter().map(told_apart).chain([union]).collect()
}

/// Calibrates a pool. `sources` are compared with; `shelf` keeps trees for the next time; `hear` gets every step and its `false` stops.
///
/// # Errors
/// [`Error::Invalid`] for options and rows that make no sense, or too few images; [`Error::Stopped`].
pub fn calibrate(
    pool: &Pool<'_>,
    sources: &[Source],
    options: &Options,
    shelf: &dyn Shelf,
    hear: &mut dyn FnMut(&Heard) -> bool,
) -> Result<Calibrated, Error> {
    options.check()?;
    let begun = Instant::now();
    let targets = pool
        .targets(options.iou, options.labels, &options.rank_by)
        .map_err(|e| Error::invalid("candidates", e.to_string()))?;
    let baselines = compared(pool, sources);
    let mut trial = Trial::new(pool, &baselines, options);
    trial.took("labels", begun);
    let all = vec![true; pool.images.len()];
    let n_truths = pool.truths.iter().filter(|truth| !truth.crowd).count();
    if pool.images.len() >= options.split_from && n_truths >= options.split_truths {
        let parts = parts(pool.images, options.seed);
        let is = |wanted: Part| parts.iter().map(|part| *part == wanted).collect::<Vec<_>>();
        let (tune, test) = (is(Part::Tune), is(Part::Test));
        let dev: Vec<bool> = test.iter().map(|is| !is).collect();
        let fitting = Fitting { pool, targets: &targets, dev: &dev, aside: Some(&tune), options, shelf };
        let begun = Instant::now();
        let development = fitting.develop(hear)?;
        trial.took("training", begun);
        trial.test(&development, &dev, Some(&tune), &test, 0)?;
        trial.score_rest(&development, &parts)?;
        return trial.conclude(Protocol::Split, development);
    }
    let n = options.outer_folds;
    if pool.images.len() < 2 * n {
        let text = format!("{} images have known truth; {} are the least: label some more", pool.images.len(), 2 * n);
        return Err(Error::invalid("images", text));
    }
    let outer = deal(pool.images, &all, n, options.seed);
    for fold in 0..n {
        let test: Vec<bool> = outer.iter().map(|one| *one == Some(fold)).collect();
        let dev: Vec<bool> = test.iter().map(|is| !is).collect();
        let fitting = Fitting { pool, targets: &targets, dev: &dev, aside: None, options, shelf };
        let begun = Instant::now();
        let development = fitting.develop(hear)?;
        trial.took("training", begun);
        trial.test(&development, &dev, None, &test, fold)?;
    }
    let fitting = Fitting { pool, targets: &targets, dev: &all, aside: None, options, shelf };
    let begun = Instant::now();
    let development = fitting.develop(hear)?;
    trial.took("training", begun);
    trial.conclude(Protocol::Nested { folds: n }, development)
}

/// Tries what was developed elsewhere: every image of the pool tests it, once. Baselines choose their rules on the other parts,
/// so that they have seen more of this pool than the recipe.
///
/// # Errors
/// As [`calibrate`].
pub fn try_out(
    pool: &Pool<'_>,
    sources: &[Source],
    development: Development,
    options: &Options,
) -> Result<Calibrated, Error> {
    options.check()?;
    let baselines = compared(pool, sources);
    let mut trial = Trial { is_imported: true, ..Trial::new(pool, &baselines, options) };
    let n = options.outer_folds;
    trial.score(&development, &vec![true; pool.images.len()], Part::Test)?;
    // With too few images there is nothing to compare with: the gate says so.
    if pool.images.len() >= 2 * n {
        let outer = deal(pool.images, &vec![true; pool.images.len()], n, options.seed);
        for fold in 0..n {
            let test: Vec<bool> = outer.iter().map(|one| *one == Some(fold)).collect();
            let dev: Vec<bool> = test.iter().map(|is| !is).collect();
            trial.test(&development, &dev, None, &test, fold)?;
        }
    }
    trial.conclude(Protocol::Imported, development)
}

/// What is gathered while parts are tested.
struct Trial<'a> {
    pool: &'a Pool<'a>,
    baselines: &'a [Source],
    options: &'a Options,
    /// What is tried was developed elsewhere.
    is_imported: bool,
    scores: Vec<RowScore>,
    counts: BTreeMap<String, Vec<Option<Counts>>>,
    rules: BTreeMap<String, Vec<Rule>>,
    duels: BTreeMap<String, Duel>,
    folds: Vec<FoldReport>,
    seconds: BTreeMap<String, f64>,
}

impl<'a> Trial<'a> {
    fn new(pool: &'a Pool<'a>, baselines: &'a [Source], options: &'a Options) -> Self {
        let none = RowScore { probability: 0.0, fold: None, part: Part::Train, accepted: false, kept: false };
        let scores = vec![none; pool.candidates.len()];
        Self {
            pool,
            baselines,
            options,
            is_imported: false,
            scores,
            counts: BTreeMap::new(),
            rules: BTreeMap::new(),
            duels: BTreeMap::new(),
            folds: Vec::new(),
            seconds: BTreeMap::new(),
        }
    }

    /// Adds to what a part of the work took.
    fn took(&mut self, part: &str, begun: Instant) {
        *self.seconds.entry(part.to_owned()).or_default() += begun.elapsed().as_secs_f64();
    }

    /// Opens the test images of a fold, once, for ours and for every baseline.
    fn test(
        &mut self,
        development: &Development,
        dev: &[bool],
        tune: Option<&[bool]>,
        test: &[bool],
        fold: usize,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        let rows = self.pool.rows_on(test);
        let probabilities =
            with_priors(self.pool, &development.priors, |columns| development.probabilities(columns, &rows))?;
        let scored: Vec<(usize, f64)> = rows.into_iter().zip(probabilities).collect();
        self.keep(&scored, &development.rule, (Some(fold), Part::Test));
        // A baseline learns its rule on the same images as ours: those that were left out in turn, or the tune part.
        let folds: Vec<Option<usize>> = match tune {
            Some(tune) => tune.iter().map(|is| is.then_some(0)).collect(),
            None => deal(self.pool.images, dev, self.options.inner_folds, self.options.seed.wrapping_add(1)),
        };
        let ring = Ring { pool: self.pool, options: self.options, known: tune.unwrap_or(dev), folds: &folds, test };
        let (known, tested) = (self.known(development, ring.known), self.pool.scored(&scored));
        let ours = Contender { name: OURS, known, tested, rule: development.rule.clone(), is_fixed: self.is_imported };
        let own_terms = ring.fulfilled(&ours)?;
        let counts = ring.counts(&ours, Fulfilled::All)?;
        self.count(&ours, counts, test);
        for source in self.baselines {
            let known = self.pool.detections_on(&source.detections, ring.known);
            let tested = self.pool.detections_on(&source.detections, test);
            let rule = ring.rule(&known, Fulfilled::All)?;
            let theirs = Contender { name: &source.name, known, tested, rule, is_fixed: false };
            let counts = ring.counts(&theirs, Fulfilled::All)?;
            self.count(&theirs, counts, test);
            let terms = own_terms.min(theirs.rule.fulfilled());
            let duel = self.duels.entry(source.name.clone()).or_default();
            duel.eased |= terms < Fulfilled::All;
            duel.add(ring.counts(&ours, terms)?, ring.counts(&theirs, terms)?, test);
        }
        let n = |marked: &[bool]| marked.iter().filter(|is| **is).count();
        if let Some(best) = development.tried.first() {
            let (dev_images, test_images) = (n(dev), n(test));
            self.folds.push(FoldReport { dev_images, test_images, rounds: best.rounds, loss: best.loss });
        }
        self.took("testing", begun);
        Ok(())
    }

    /// What ours says of development images by models that have not seen them. A recipe from elsewhere has seen none of the pool.
    fn known(&self, development: &Development, marked: &[bool]) -> Vec<Detection<PixelBox>> {
        if !self.is_imported {
            return self.pool.scored(&development.out_of_fold);
        }
        let rows = self.pool.rows_on(marked).into_iter();
        self.pool.scored(&rows.map(|row| (row, self.scores[row].probability)).collect::<Vec<_>>())
    }

    fn count(&mut self, of: &Contender<'_>, counts: Vec<Counts>, test: &[bool]) {
        let all = self.counts.entry(of.name.to_owned()).or_insert_with(|| vec![None; test.len()]);
        for (at, counts) in counts.into_iter().enumerate().filter(|(at, _)| test[*at]) {
            all[at] = Some(counts);
        }
        self.rules.entry(of.name.to_owned()).or_default().push(of.rule.clone());
    }

    fn keep(&mut self, scored: &[(usize, f64)], rule: &Rule, (fold, part): (Option<usize>, Part)) {
        let detections = self.pool.scored(scored);
        for (row, probability) in scored {
            self.scores[*row] = RowScore { probability: *probability, fold, part, accepted: false, kept: false };
        }
        for at in suppress(&detections, rule.dedupe) {
            let (row, one) = (scored[at].0, &detections[at]);
            self.scores[row].kept = true;
            self.scores[row].accepted = rule.accepts(one.class, one.score);
        }
    }

    /// Scores of images that are not tested: by the model that was trained on them, or that they tuned.
    fn score_rest(&mut self, development: &Development, parts: &[Part]) -> Result<(), Error> {
        for part in [Part::Train, Part::Tune] {
            let marked: Vec<bool> = parts.iter().map(|one| *one == part).collect();
            self.score(development, &marked, part)?;
        }
        Ok(())
    }

    /// Scores the candidates of the marked images, untested.
    fn score(&mut self, development: &Development, marked: &[bool], part: Part) -> Result<(), Error> {
        let rows = self.pool.rows_on(marked);
        if rows.is_empty() {
            return Ok(());
        }
        let told = with_priors(self.pool, &development.priors, |columns| development.probabilities(columns, &rows))?;
        self.keep(&rows.into_iter().zip(told).collect::<Vec<_>>(), &development.rule, (None, part));
        Ok(())
    }

    fn conclude(mut self, protocol: Protocol, development: Development) -> Result<Calibrated, Error> {
        let begun = Instant::now();
        let resampling = self.options.resampling();
        let tested: BTreeMap<String, Vec<Counts>> =
            self.counts.iter().map(|(name, of)| (name.clone(), of.iter().flatten().copied().collect())).collect();
        let mut rules = std::mem::take(&mut self.rules);
        let mut standing =
            |name: &str, counts: &[Counts]| Standing::of(counts, rules.remove(name).unwrap_or_default(), &resampling);
        let ours = tested.get(OURS).cloned().unwrap_or_default();
        let others: BTreeMap<String, Vec<Counts>> = tested.into_iter().filter(|(name, _)| name != OURS).collect();
        let test = standing(OURS, &ours);
        let baselines = others.iter().map(|(name, counts)| (name.clone(), standing(name, counts))).collect();
        let gate = gate(&ours, &others, &self.duels, &resampling);
        self.took("intervals", begun);
        Ok(Calibrated {
            protocol,
            development,
            scores: self.scores,
            test,
            baselines,
            per_image: self.counts,
            gate,
            folds: self.folds,
            seconds: self.seconds,
        })
    }
}
