//! The trees of a calibration: one model for all candidates, and further ones for some, all on top of one start.

use serde::{Deserialize, Serialize};

use super::options::Options;
use super::shelf::{self, Shelf};
use super::start::Start;
use crate::Error;
use crate::boost::{Columns, Format, Model, Parameters, Sample, Step, train};

/// A model of its own for the candidates of which a column is greater than 0.
///
/// With `alpha` 1 it takes the place of the common model (split heads), with less it has a say (quality models).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expert {
    /// What it is called in the record.
    pub name: String,
    /// The column that says which candidates it is for.
    pub column: String,
    /// Its share in their score.
    pub alpha: f64,
}

/// Rows an expert needs, of which both kinds; otherwise the common model does its work.
const LEAST_ROWS: usize = 32;
/// The file of the start.
const START: &str = "start.json";

/// Trained trees.
#[derive(Debug)]
pub struct Ensemble {
    start: Option<Start>,
    base: Model,
    experts: Vec<(Expert, Model)>,
}

/// An ensemble and how it came about.
pub(super) struct Fitted {
    pub ensemble: Ensemble,
    /// Trees of the common model, then of each expert of the options; 0 for one that has none.
    pub rounds: Vec<u32>,
    pub curve: Vec<Step>,
}

/// What trees are grown on.
pub(super) struct Ground<'a> {
    pub columns: &'a Columns<'a>,
    pub targets: &'a [Option<f32>],
    pub options: &'a Options,
    pub parameters: &'a Parameters,
    pub shelf: &'a dyn Shelf,
    /// Name of the columns' content.
    pub content: &'a str,
}

impl Ground<'_> {
    /// Grows trees on `rows`, stopped by `held` or after given rounds.
    pub fn grow(
        &self,
        rows: &[usize],
        held: Option<&[usize]>,
        rounds: Option<&[u32]>,
        hear: &mut dyn FnMut(&Step) -> bool,
    ) -> Result<Fitted, Error> {
        let (known, targets) = self.known(rows);
        let start = if self.options.start { Start::fit(self.columns, &known, &targets)? } else { None };
        let start = start.as_ref();
        let (base, of_base, curve) = self.one((rows, held), start, rounds.map(|rounds| rounds[0]), hear)?;
        let (mut counts, mut experts) = (vec![of_base], Vec::new());
        for (at, expert) in self.options.experts.iter().enumerate() {
            let (mine, aside) = (self.of(expert, rows), held.map(|held| self.of(expert, held)));
            let wanted = rounds.map(|rounds| rounds[at + 1]);
            if !self.is_enough(&mine)
                || !aside.as_deref().is_none_or(|aside| self.is_enough(aside))
                || wanted == Some(0)
            {
                counts.push(0);
                continue;
            }
            let (model, n, _) = self.one((&mine, aside.as_deref()), start, wanted, hear)?;
            counts.push(n);
            experts.push((expert.clone(), model));
        }
        Ok(Fitted { ensemble: Ensemble { start: start.cloned(), base, experts }, rounds: counts, curve })
    }

    fn one(
        &self,
        (rows, held): (&[usize], Option<&[usize]>),
        start: Option<&Start>,
        rounds: Option<u32>,
        hear: &mut dyn FnMut(&Step) -> bool,
    ) -> Result<(Model, u32, Vec<Step>), Error> {
        let (rows, targets) = self.known(rows);
        let aside = held.map(|held| self.known(held)).filter(|(held, _)| !held.is_empty());
        let columns = self.columns;
        let rounds = rounds.unwrap_or(self.parameters.rounds);
        let parameters = Parameters { rounds, ..self.parameters.clone() };
        let beside = aside.as_ref().map(|(rows, targets)| (&rows[..], &targets[..]));
        let begun = serde_json::to_string(&start).map_err(|e| Error::invalid("start", e.to_string()))?;
        let key = shelf::key(&format!("{} {begun}", self.content), (&rows, &targets), beside, &parameters);
        if let Some(known) = shelf::find(self.shelf, &key, columns.names()) {
            return Ok(known);
        }
        let from = |rows: &[usize]| self.margins(start, rows);
        let (own, other) = (from(&rows)?, aside.as_ref().map_or(Ok(Vec::new()), |(rows, _)| from(rows))?);
        let sample = Sample { columns, rows: &rows, targets: &targets, weights: &[], margins: &own };
        let tune =
            aside.as_ref().map(|(rows, targets)| Sample { columns, rows, targets, weights: &[], margins: &other });
        let trained = train(&sample, tune.as_ref(), &parameters, hear)?;
        let mut grown = (trained.model, trained.rounds, trained.curve);
        shelf::keep(self.shelf, &key, &mut grown)?;
        Ok(grown)
    }

    /// The log odds that trees start from; none where they start from the share of right ones.
    fn margins(&self, start: Option<&Start>, rows: &[usize]) -> Result<Vec<f32>, Error> {
        let margins = start.map_or(Ok(Vec::new()), |start| start.margins(self.columns, rows))?;
        Ok(margins.into_iter().map(|margin| margin as f32).collect())
    }

    /// Rows with a target, and the targets.
    fn known(&self, rows: &[usize]) -> (Vec<usize>, Vec<f32>) {
        rows.iter().filter_map(|row| self.targets[*row].map(|target| (*row, target))).unzip()
    }

    fn of(&self, expert: &Expert, rows: &[usize]) -> Vec<usize> {
        let column = self.columns.column(&expert.column);
        rows.iter().copied().filter(|row| column.is_some_and(|column| column[*row] > 0.0)).collect()
    }

    fn is_enough(&self, rows: &[usize]) -> bool {
        let (_, targets) = self.known(rows);
        targets.len() >= LEAST_ROWS && targets.contains(&1.0) && targets.contains(&0.0)
    }
}

impl Ensemble {
    /// The log odds of each of these rows, before the map to probabilities.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the table has other columns.
    pub fn margins(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<f64>, Error> {
        let share = self.share();
        Ok(self.steps(columns, rows)?.into_iter().map(|[from, to]| from + share * (to - from)).collect())
    }

    /// Where the trees start for each of these rows, and where they would end if their whole correction counted.
    pub(super) fn steps(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<[f64; 2]>, Error> {
        let from = match &self.start {
            Some(start) => start.margins(columns, rows)?,
            None => vec![0.0; rows.len()],
        };
        let trees = self.base.margins(columns, rows)?;
        let mut steps: Vec<[f64; 2]> = from.iter().zip(trees).map(|(from, trees)| [*from, from + trees]).collect();
        for (expert, model) in &self.experts {
            let Some(column) = columns.column(&expert.column) else { continue };
            let places: Vec<usize> = (0..rows.len()).filter(|at| column[rows[*at]] > 0.0).collect();
            let mine: Vec<usize> = places.iter().map(|at| rows[*at]).collect();
            for (at, trees) in places.into_iter().zip(model.margins(columns, &mine)?) {
                let [from, to] = &mut steps[at];
                let own = *from + trees;
                let share = (1.0 - expert.alpha) * sigmoid(*to) + expert.alpha * sigmoid(own);
                *to = if expert.alpha >= 1.0 { own } else { logit(share) };
            }
        }
        Ok(steps)
    }

    /// The share of the trees' correction that counts; all of it where they start from nothing but the share of right ones.
    fn share(&self) -> f64 {
        self.start.as_ref().map_or(1.0, |start| start.share)
    }

    /// The shares of the trees' correction that can be chosen from.
    pub(super) fn shares(start: bool) -> &'static [f64] {
        if start { &[0.0, 0.5, 1.0] } else { &[1.0] }
    }

    /// Lets a share of the trees' correction count.
    pub(super) fn take(&mut self, share: f64) {
        self.start.iter_mut().for_each(|start| start.share = share);
    }

    /// Whether the trees start from a regression.
    pub(super) fn has_start(&self) -> bool {
        self.start.is_some()
    }

    /// What each column adds to the log odds of each of these rows for the model of all candidates, and last what all start from.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the table has other columns.
    pub fn contributions(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<Vec<f64>>, Error> {
        let mut all = self.base.contributions(columns, rows)?;
        if let Some(start) = &self.start {
            all.iter_mut().flatten().for_each(|add| *add *= start.share);
            let (told, from) = start.contributions(columns, rows)?;
            let names = columns.names();
            for (adds, told) in all.iter_mut().zip(told) {
                for (name, add) in told {
                    let at = names.iter().position(|known| known == name).unwrap_or(names.len());
                    adds[at] += add;
                }
                adds[names.len()] += from;
            }
        }
        Ok(all)
    }

    /// The model of all candidates.
    #[must_use]
    pub fn base(&self) -> &Model {
        &self.base
    }

    /// The models as files, by name: `model.json`, `start.json` where the trees have one, and one an expert.
    ///
    /// # Errors
    /// [`Error::Invalid`] when XGBoost cannot write them.
    pub fn files(&mut self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let mut files = vec![("model.json".to_owned(), self.base.to_bytes(Format::Json)?)];
        if let Some(start) = &self.start {
            let text = serde_json::to_vec(start).map_err(|e| Error::invalid("start", e.to_string()))?;
            files.push((START.to_owned(), text));
        }
        for (expert, model) in &mut self.experts {
            files.push((format!("expert_{}.json", expert.name), model.to_bytes(Format::Json)?));
        }
        Ok(files)
    }

    /// Opens what [`Ensemble::files`] wrote; `read` gives a file or nothing.
    ///
    /// # Errors
    /// [`Error::Artefact`].
    pub fn open(experts: &[Expert], read: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Self, Error> {
        let base = read("model.json").ok_or_else(|| Error::Artefact("model.json is not there".into()))?;
        let mut own = Vec::new();
        for expert in experts {
            if let Some(bytes) = read(&format!("expert_{}.json", expert.name)) {
                own.push((expert.clone(), Model::from_bytes(&bytes)?));
            }
        }
        let start = read(START).map(|bytes| Start::from_bytes(&bytes)).transpose()?;
        Ok(Self { start, base: Model::from_bytes(&base)?, experts: own })
    }
}

pub(super) fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

fn logit(share: f64) -> f64 {
    let share = share.clamp(1e-12, 1.0 - 1e-12);
    (share / (1.0 - share)).ln()
}
