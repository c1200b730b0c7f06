//! Where the trees start: a logistic regression on what each look says of a candidate, and on how large it is.
//!
//! A few hundred images hold too few right candidates for trees to find again that looks which agree are to be believed, and
//! that small things score low. A dozen weights do; the trees then correct what is left over, and may find little.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::boost::Columns;

/// Columns of this beginning are what each look says.
const LOOKS: &str = "own::";
/// What all looks say together.
const TOGETHER: [&str; 2] = ["score", "agreement"];
/// How large a candidate is.
const SIZE: &str = "ln_area";

/// Penalty on squared weights of columns of deviation 1.
const RIDGE: f64 = 10.0;
/// Most steps; eight are usual.
const STEPS: usize = 50;
/// Stops when no weight moves by more.
const STILL: f64 = 1e-9;
/// Scores nearer to 0 or 1 have no larger log odds than this one.
const SUREST: f64 = 0.005;
/// Rows that are summed together; sums are added up in the order of the rows, however many threads there are.
const PART: usize = 8_192;

/// A fitted regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The columns that hold scores.
    pub scores: Vec<String>,
    /// The column that holds sizes, where there is one.
    pub size: Option<String>,
    /// Mean of each term: three for each score (its log odds, itself, times the size), then the size.
    pub means: Vec<f64>,
    /// Deviation of each term, never 0.
    pub deviations: Vec<f64>,
    /// Weight of each term as a multiple of its deviation.
    pub weights: Vec<f64>,
    /// Log odds of a candidate that is usual in every way.
    pub offset: f64,
    /// Share of the trees' correction that counts.
    pub share: f64,
}

/// The columns of a table that a regression looks at.
struct Terms<'a> {
    scores: Vec<&'a [f32]>,
    size: Option<&'a [f32]>,
}

impl Terms<'_> {
    fn width(&self) -> usize {
        3 * self.scores.len() + usize::from(self.size.is_some())
    }

    /// The terms of a row; a look that says nothing scores 0.
    fn fill(&self, row: usize, terms: &mut Vec<f64>) {
        terms.clear();
        let size = self.size.map(|column| f64::from(column[row])).filter(|size| size.is_finite());
        let size = size.map_or(0.0, |size| size.clamp(-8.0, 0.0));
        for column in &self.scores {
            let score = f64::from(column[row]);
            let score = if score.is_finite() { score } else { 0.0 };
            let sure = score.clamp(SUREST, 1.0 - SUREST);
            terms.extend([(sure / (1.0 - sure)).ln(), score, score * size]);
        }
        terms.extend(self.size.map(|_| size));
    }

    /// Adds something up over rows, part by part.
    fn sum<const N: usize>(
        &self,
        rows: &[usize],
        lengths: [usize; N],
        add: impl Fn(usize, &[f64], &mut [Vec<f64>; N]) + Sync,
    ) -> [Vec<f64>; N] {
        let empty = || lengths.map(|length| vec![0.0; length]);
        let of_part = |(part, rows): (usize, &[usize])| {
            let (mut sums, mut terms) = (empty(), Vec::new());
            for (at, row) in rows.iter().enumerate() {
                self.fill(*row, &mut terms);
                add(part * PART + at, &terms, &mut sums);
            }
            sums
        };
        let parts: Vec<[Vec<f64>; N]> = rows.par_chunks(PART).enumerate().map(of_part).collect();
        parts.into_iter().fold(empty(), |mut sums, part| {
            let pairs = sums.iter_mut().zip(&part);
            pairs.for_each(|(sum, part)| sum.iter_mut().zip(part).for_each(|(sum, one)| *sum += one));
            sums
        })
    }
}

impl Start {
    /// Fits it to rows; nothing where the table has no scores.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is nothing to tell apart.
    pub fn fit(columns: &Columns<'_>, rows: &[usize], targets: &[f32]) -> Result<Option<Self>, Error> {
        let is_score = |name: &&String| name.starts_with(LOOKS) || TOGETHER.contains(&name.as_str());
        let scores: Vec<String> = columns.names().iter().filter(is_score).cloned().collect();
        if scores.is_empty() || rows.is_empty() {
            return Ok(None);
        }
        let size = columns.column(SIZE).map(|_| SIZE.to_owned());
        let mut start =
            Self { scores, size, means: vec![], deviations: vec![], weights: vec![], offset: 0.0, share: 1.0 };
        let terms = start.terms(columns)?;
        let (width, n) = (terms.width(), rows.len() as f64);
        let [sums] = terms.sum(rows, [width], |_, of, [sums]| add(sums, of, 1.0));
        start.means = sums.iter().map(|sum| sum / n).collect();
        let means = &start.means;
        let [squares] = terms.sum(rows, [width], |_, of, [squares]| {
            squares.iter_mut().zip(of.iter().zip(means)).for_each(|(sum, (one, mean))| *sum += (one - mean).powi(2));
        });
        start.deviations = squares.iter().map(|sum| (sum / n).sqrt().max(1e-6)).collect();
        start.weights = vec![0.0; width];
        let share = targets.iter().map(|target| f64::from(*target)).sum::<f64>() / n;
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::invalid(
                "targets",
                "all rows are right or all are wrong: there is nothing to tell apart",
            ));
        }
        start.offset = (share / (1.0 - share)).ln();
        start.descend(&terms, rows, targets);
        start.offset = plain(start.offset);
        let numbers = start.means.iter_mut().chain(&mut start.deviations).chain(&mut start.weights);
        numbers.for_each(|number| *number = plain(*number));
        Ok(Some(start))
    }

    /// Newton's steps, each halved until the loss falls.
    fn descend(&mut self, terms: &Terms<'_>, rows: &[usize], targets: &[f32]) {
        let width = self.weights.len();
        let mut loss = self.loss(terms, rows, targets);
        for _ in 0..STEPS {
            let side = width + 1;
            let [mut gradient, mut curvature] =
                terms.sum(rows, [side, side * side], |at, of, [gradient, curvature]| {
                    let mut row = self.standard(of);
                    row.push(1.0);
                    let told = logistic(self.of_standard(&row[..width]));
                    add(gradient, &row, f64::from(targets[at]) - told);
                    let bend = told * (1.0 - told);
                    for (i, one) in row.iter().enumerate() {
                        add(&mut curvature[i * side..=i * side + i], &row[..=i], bend * one);
                    }
                });
            for i in 0..width {
                gradient[i] -= RIDGE * self.weights[i];
                curvature[i * side + i] += RIDGE;
            }
            curvature[side * side - 1] += 1e-9;
            let Some(step) = solve(&mut curvature, &gradient) else { return };
            let moved = |length: f64| {
                let weights = self.weights.iter().zip(&step).map(|(weight, step)| weight + length * step).collect();
                Self { weights, offset: self.offset + length * step[width], ..self.clone() }
            };
            let tried = (0..30).map(|halvings| moved(0.5_f64.powi(halvings)));
            let better = tried.map(|one| (one.loss(terms, rows, targets), one)).find(|(less, _)| *less < loss);
            let Some((less, next)) = better else { return };
            let most = step.iter().fold(0.0_f64, |most, one| most.max(one.abs()));
            (loss, *self) = (less, next);
            if most < STILL {
                return;
            }
        }
    }

    fn loss(&self, terms: &Terms<'_>, rows: &[usize], targets: &[f32]) -> f64 {
        let [sum] = terms.sum(rows, [1], |at, of, [sum]| {
            let (margin, target) = (self.of_standard(&self.standard(of)), f64::from(targets[at]));
            sum[0] += margin.max(0.0) - margin * target + (-margin.abs()).exp().ln_1p();
        });
        sum[0] + 0.5 * RIDGE * self.weights.iter().map(|weight| weight * weight).sum::<f64>()
    }

    fn terms<'a>(&self, columns: &Columns<'a>) -> Result<Terms<'a>, Error> {
        let find = |name: &String| {
            columns.column(name).ok_or_else(|| Error::invalid("columns", format!("{name} is not among them")))
        };
        let scores = self.scores.iter().map(find).collect::<Result<_, _>>()?;
        Ok(Terms { scores, size: self.size.as_ref().map(find).transpose()? })
    }

    fn standard(&self, terms: &[f64]) -> Vec<f64> {
        let usual = self.means.iter().zip(&self.deviations);
        terms.iter().zip(usual).map(|(one, (mean, deviation))| (one - mean) / deviation).collect()
    }

    fn of_standard(&self, terms: &[f64]) -> f64 {
        self.offset + terms.iter().zip(&self.weights).map(|(one, weight)| one * weight).sum::<f64>()
    }

    /// Log odds of each of these rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a column is missing.
    pub fn margins(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<f64>, Error> {
        let terms = self.terms(columns)?;
        let of_row = |of: &mut Vec<f64>, row: &usize| {
            terms.fill(*row, of);
            self.of_standard(&self.standard(of))
        };
        Ok(rows.par_iter().with_min_len(PART).map_init(Vec::new, of_row).collect())
    }

    /// What each column adds to the log odds of each of these rows, by its name, and what all start from.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a column is missing.
    pub fn contributions(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<(Vec<Vec<(&str, f64)>>, f64), Error> {
        let terms = self.terms(columns)?;
        let mut of = Vec::new();
        let mut of_row = |row: &usize| {
            terms.fill(*row, &mut of);
            let adds: Vec<f64> =
                self.standard(&of).iter().zip(&self.weights).map(|(one, weight)| one * weight).collect();
            let names = self.scores.iter().chain(&self.size).map(String::as_str);
            names.zip(adds.chunks(3)).map(|(name, of)| (name, of.iter().sum())).collect()
        };
        Ok((rows.iter().map(&mut of_row).collect(), self.offset))
    }

    /// Opens a file of it.
    ///
    /// # Errors
    /// [`Error::Artefact`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let start: Self = serde_json::from_slice(bytes).map_err(|e| Error::Artefact(format!("start.json: {e}")))?;
        start.check().map(|()| start)
    }

    /// Refuses numbers that do not belong together.
    fn check(&self) -> Result<(), Error> {
        let width = 3 * self.scores.len() + usize::from(self.size.is_some());
        let fits = [&self.means, &self.deviations, &self.weights].iter().all(|of| of.len() == width);
        let sound = self.deviations.iter().all(|deviation| *deviation > 0.0)
            && self.offset.is_finite()
            && (0.0..=1.0).contains(&self.share);
        if fits && sound {
            Ok(())
        } else {
            Err(Error::Artefact("start.json: its numbers do not belong together".into()))
        }
    }
}

fn add(sums: &mut [f64], row: &[f64], times: f64) {
    sums.iter_mut().zip(row).for_each(|(sum, one)| *sum += times * one);
}

/// Twelve digits of a number: as many as its file gives back exactly.
fn plain(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

fn logistic(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

/// Solves a symmetric system, of which the lower half is given, by Cholesky's method; nothing when it has no single answer.
fn solve(matrix: &mut [f64], right: &[f64]) -> Option<Vec<f64>> {
    let side = right.len();
    for i in 0..side {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| matrix[i * side + k] * matrix[j * side + k]).sum();
            let rest = matrix[i * side + j] - dot;
            if i == j && rest <= 0.0 {
                return None;
            }
            matrix[i * side + j] = if i == j { rest.sqrt() } else { rest / matrix[j * side + j] };
        }
    }
    let mut solved = right.to_vec();
    for i in 0..side {
        let dot: f64 = (0..i).map(|k| matrix[i * side + k] * solved[k]).sum();
        solved[i] = (solved[i] - dot) / matrix[i * side + i];
    }
    for i in (0..side).rev() {
        let dot: f64 = (i + 1..side).map(|k| matrix[k * side + i] * solved[k]).sum();
        solved[i] = (solved[i] - dot) / matrix[i * side + i];
    }
    Some(solved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    /// Two looks and a size; right the more often the more both say, and small things although they score low.
    fn rows() -> (Vec<String>, Vec<Vec<f32>>, Vec<f32>) {
        let mut chance = Chance::new(3);
        let (mut a, mut b, mut size, mut right) = (vec![], vec![], vec![], vec![]);
        for _ in 0..20_000 {
            let (one, two, ln_area) = (chance.unit(), chance.unit(), -8.0 * chance.unit());
            let odds = -4.0 + 3.0 * one + 2.0 * two - 0.4 * one * ln_area;
            right.push(if chance.unit() < logistic(odds) { 1.0 } else { 0.0 });
            a.push(one as f32);
            b.push(if two < 0.2 { f32::NAN } else { two as f32 });
            size.push(ln_area as f32);
        }
        (["own::a", "own::b", "ln_area"].map(str::to_owned).to_vec(), vec![a, b, size], right)
    }

    #[test]
    fn its_odds_are_those_that_made_the_rows() {
        let (names, columns, right) = rows();
        let table = Columns::new(&names, columns.iter().map(Vec::as_slice).collect()).unwrap();
        let all: Vec<usize> = (0..right.len()).collect();
        let start = Start::fit(&table, &all, &right).unwrap().unwrap();
        let told = start.margins(&table, &all).unwrap();
        let mut away = 0.0;
        for row in 0..right.len() {
            let (one, two) = (f64::from(columns[0][row]), f64::from(columns[1][row]));
            if two.is_finite() {
                let odds = -4.0 + 3.0 * one + 2.0 * two - 0.4 * one * f64::from(columns[2][row]);
                away += (logistic(told[row]) - logistic(odds)).abs() / right.len() as f64;
            }
        }
        assert!(away < 0.02, "{away}");
        let sum: f64 = told.iter().map(|margin| logistic(*margin)).sum();
        let truth: f64 = right.iter().map(|one| f64::from(*one)).sum();
        assert!((sum / truth - 1.0).abs() < 1e-3, "{sum} {truth}");
    }

    #[test]
    fn what_columns_add_is_the_whole_and_a_file_gives_the_same() {
        let (names, columns, right) = rows();
        let table = Columns::new(&names, columns.iter().map(Vec::as_slice).collect()).unwrap();
        let all: Vec<usize> = (0..right.len()).collect();
        let start = Start::fit(&table, &all, &right).unwrap().unwrap();
        assert_eq!(Start::from_bytes(&serde_json::to_vec(&start).unwrap()).unwrap(), start);
        let damaged = Start { weights: vec![1.0], ..start.clone() };
        assert!(Start::from_bytes(&serde_json::to_vec(&damaged).unwrap()).is_err());
        let (adds, from) = start.contributions(&table, &[0, 7]).unwrap();
        for (adds, margin) in adds.iter().zip(start.margins(&table, &[0, 7]).unwrap()) {
            assert_eq!(adds.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["own::a", "own::b", "ln_area"]);
            assert!((from + adds.iter().map(|(_, add)| add).sum::<f64>() - margin).abs() < 1e-9);
        }
    }

    #[test]
    fn a_table_without_scores_has_no_start_and_one_kind_of_rows_is_refused() {
        let (names, columns) = (vec!["edge".to_owned()], [vec![0.5_f32; 4]]);
        let table = Columns::new(&names, vec![&columns[0]]).unwrap();
        assert_eq!(Start::fit(&table, &[0, 1], &[0.0, 1.0]).unwrap(), None);
        let names = vec!["score".to_owned()];
        let table = Columns::new(&names, vec![&columns[0]]).unwrap();
        assert!(Start::fit(&table, &[0, 1], &[1.0, 1.0]).is_err());
    }
}
