//! A trained model: its answers, the reasons for them, and the file it is kept as.

use serde::Serialize;
use xgb::Booster;

use super::columns::Columns;
use super::refused;
use crate::Error;

/// Boosted trees with the names of their columns.
pub struct Model {
    booster: Booster,
    names: Vec<String>,
}

/// How the trees are written down; both are XGBoost's own and open in any program that speaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text that people can read.
    Json,
    /// The same, smaller.
    Ubj,
}

/// What a column does in the trees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    /// Its name.
    pub name: String,
    /// How often the trees split by it.
    pub splits: u64,
    /// What these splits gained together.
    pub gain: f64,
}

/// Attribute of the file that holds the names.
const NAMES: &str = "tator_columns";

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Model {
    pub(super) fn new(booster: Booster, names: Vec<String>) -> Self {
        Self { booster, names }
    }

    /// The names of its columns, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The probability of each of these rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the table has other columns.
    pub fn predict(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<f64>, Error> {
        Ok(self.margins(columns, rows)?.into_iter().map(|margin| 1.0 / (1.0 + (-margin).exp())).collect())
    }

    /// The same before the sigmoid: log odds, which do not run together near 0 and 1.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the table has other columns.
    pub fn margins(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<f64>, Error> {
        self.check(columns)?;
        let mut margins = Vec::with_capacity(rows.len());
        for part in rows.chunks(PART) {
            let told = self.booster.predict_margin(&columns.matrix(part)?).map_err(refused("prediction"))?;
            margins.extend(told.into_iter().map(f64::from));
        }
        Ok(margins)
    }

    /// Why each of these rows gets its margin (Lundberg and Lee 2017): what each column adds, and last what all start from.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the table has other columns.
    pub fn contributions(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<Vec<f64>>, Error> {
        self.check(columns)?;
        let mut all = Vec::with_capacity(rows.len());
        for part in rows.chunks(PART / 16) {
            let (told, (_, width)) =
                self.booster.predict_contributions(&columns.matrix(part)?).map_err(refused("contributions"))?;
            all.extend(told.chunks(width.max(1)).map(|row| row.iter().map(|one| f64::from(*one)).collect()));
        }
        Ok(all)
    }

    /// What each column does, the most useful first; those that no tree uses too.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the trees cannot be read.
    pub fn importances(&self) -> Result<Vec<Importance>, Error> {
        let none = |name: &String| Importance { name: name.clone(), splits: 0, gain: 0.0 };
        let mut all: Vec<Importance> = self.names.iter().map(none).collect();
        for tree in self.booster.dump_model_vec(true).map_err(refused("trees"))? {
            for (column, gain) in tree.lines().filter_map(split) {
                if let Some(importance) = all.get_mut(column) {
                    importance.splits += 1;
                    importance.gain += gain;
                }
            }
        }
        all.sort_by(|a, b| b.gain.total_cmp(&a.gain).then_with(|| a.name.cmp(&b.name)));
        Ok(all)
    }

    /// The model as bytes of a file; equal models give equal bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] when XGBoost cannot write it.
    pub fn to_bytes(&mut self, format: Format) -> Result<Vec<u8>, Error> {
        let names = serde_json::to_string(&self.names).map_err(|e| Error::invalid("columns", e.to_string()))?;
        self.booster.set_attribute(NAMES, &names).map_err(refused("columns"))?;
        self.booster.save_buffer(format == Format::Ubj).map_err(refused("writing the trees"))
    }

    /// The model of a file, whichever format it has. It is checked before XGBoost sees it: a file that some other program
    /// wrote may lack the names.
    ///
    /// # Errors
    /// [`Error::Artefact`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |why: String| Error::Artefact(why);
        if bytes.first() != Some(&b'{') {
            return Err(damaged("it does not begin like trees of XGBoost".into()));
        }
        let booster = Booster::load_buffer(bytes)
            .map_err(|e| damaged(e.to_string().lines().next().unwrap_or_default().to_owned()))?;
        let names = booster.get_attribute(NAMES).map_err(|e| damaged(e.to_string()))?;
        let names = names.ok_or_else(|| damaged("it does not say what its columns are".into()))?;
        let names: Vec<String> = serde_json::from_str(&names).map_err(|e| damaged(e.to_string()))?;
        Ok(Self { booster, names })
    }

    fn check(&self, columns: &Columns<'_>) -> Result<(), Error> {
        if self.names == columns.names() {
            return Ok(());
        }
        let (ours, theirs) = (&self.names, columns.names());
        let missing =
            ours.iter().find(|name| !theirs.contains(name)).or(theirs.iter().find(|name| !ours.contains(name)));
        let which = missing.map_or_else(|| "their order".to_owned(), |name| format!("{name:?}"));
        Err(Error::invalid("columns", format!("they are not those the model was trained on: {which} differs")))
    }
}

/// Rows that are looked at together: with a hundred columns, 50 MB.
const PART: usize = 131_072;

/// Column and gain of a line like `0:[f3<0.5] yes=1,no=2,missing=1,gain=12.5,cover=80`.
fn split(line: &str) -> Option<(usize, f64)> {
    let (_, rest) = line.split_once("[f")?;
    let column = rest.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()?;
    let (_, gain) = rest.split_once("gain=")?;
    let gain = gain.split(',').next()?.parse().ok()?;
    Some((column, gain))
}
