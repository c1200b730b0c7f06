//! Findings about a dataset, and what people said about them.
//!
//! A look replaces what the look before found; decisions stay, by the finding's key, so that nothing that was decided
//! comes back. A fix that was taken back in the history makes its finding wait again.

use duckdb::{OptionalExt, params};
use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, ClassId, DatasetName, ImageId, PixelBox, Timestamp};

use crate::reader::{Reader, find_dataset};
use crate::writer::Writer;
use crate::{Error, bulk, queries};

/// Something that may be wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What it is about and in which way: the same when it is found again.
    pub key: String,
    /// What kind of wrong.
    pub kind: String,
    /// The image.
    pub image_id: ImageId,
    /// The box, when it is about one.
    pub box_id: Option<BoxId>,
    /// The other image or box of a pair.
    pub other_id: Option<i64>,
    /// The class of the box when it was looked at.
    pub class_id: Option<ClassId>,
    /// A class that fits better, or that of a box that is missing.
    pub suggested_class_id: Option<ClassId>,
    /// Where the box was when it was looked at, or where one is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rect: Option<PixelBox>,
    /// Where the box would fit better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_rect: Option<PixelBox>,
    /// The run whose models saw what it tells, when it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How bad it is; only good for the order within a kind.
    pub score: f64,
    /// In words.
    pub why: String,
}

/// A finding that waits, with what it is shown with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenFinding {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Path of the image.
    pub path: String,
    /// Width and height of the image in pixels.
    pub size: (u32, u32),
    /// Path of the other image of a pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_path: Option<String>,
    /// Where the other box of a pair is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_rect: Option<PixelBox>,
    /// The class of the other box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_class_id: Option<ClassId>,
}

/// How many findings of a kind there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingCount {
    /// The kind.
    pub kind: String,
    /// All.
    pub found: u64,
    /// Those that wait for a person.
    pub waiting: u64,
}

/// What a person says about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is right as it is.
    Keep,
    /// It was wrong and has been put right.
    Fix,
    /// Not now.
    Skip,
}

impl Decision {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Fix => "fix",
            Self::Skip => "skip",
        }
    }
}

/// A finding that was decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    /// The finding's key.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// `keep`, `fix` or `skip`.
    pub decision: String,
    /// The image.
    pub image_id: ImageId,
    /// The box.
    pub box_id: Option<BoxId>,
    /// The change in the history that the decision made.
    pub change_id: Option<i64>,
    /// Who decided.
    pub author: String,
    /// When, microseconds since 1970.
    pub decided_at: Timestamp,
    /// What it changed was taken back: it waits again.
    pub taken_back: bool,
}

impl Writer {
    /// Keeps what a person said about a finding; `change_id` is the change that it made.
    ///
    /// # Errors
    /// When the working set cannot be written.
    pub fn decide(
        &self,
        d: &DatasetName,
        finding: &Finding,
        decision: Decision,
        change_id: Option<i64>,
        author: &str,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        self.change(|state| {
            bulk::run(state, d, &queries::DELETE_DECISION, [&finding.key])?;
            let Finding { key, kind, image_id, box_id, .. } = finding;
            let values = params![key, kind, decision.as_str(), image_id, box_id, change_id, author, now];
            bulk::run(state, d, &queries::INSERT_DECISION, values)?;
            // Decisions are published with the next fold, as comments are.
            state.touch(d, (0, -1))
        })
    }

    /// Makes a finding wait again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing was decided about it.
    pub fn undecide(&self, d: &DatasetName, key: &str) -> Result<(), Error> {
        self.change(|state| {
            if bulk::run(state, d, &queries::DELETE_DECISION, [key])? == 0 {
                return Err(Error::NotFound(format!("a decision about {key} of {d}")));
            }
            state.touch(d, (0, -1))
        })
    }
}

impl Reader {
    /// Findings by kind, kinds without any left out.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn finding_counts(&self, d: &DatasetName) -> Result<Vec<FindingCount>, Error> {
        let query = queries::COUNT_OPEN_FINDINGS;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map([], |row| {
                let count = |name: &str| row.get::<_, i64>(name).map(i64::unsigned_abs);
                Ok(FindingCount { kind: row.get("kind")?, found: count("n")?, waiting: count("waiting")? })
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// Findings of a kind that wait, the worst first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn findings(&self, d: &DatasetName, kind: &str, (skip, limit): (u64, u64)) -> Result<Vec<OpenFinding>, Error> {
        let query = queries::SELECT_OPEN_FINDINGS;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map(params![kind, skip, limit], |row| {
                Ok(OpenFinding {
                    finding: finding(row)?,
                    path: row.get("path")?,
                    size: (row.get("width")?, row.get("height")?),
                    other_path: row.get("other_path")?,
                    other_rect: rect(row, ["other_x", "other_y", "other_w", "other_h"])?,
                    other_class_id: row.get("other_class_id")?,
                })
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// One finding, decided or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn finding(&self, d: &DatasetName, key: &str) -> Result<Finding, Error> {
        let query = queries::SELECT_FINDING;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let found = statement.query_row([key], finding).optional().map_err(query.failed())?;
            found.ok_or_else(|| Error::NotFound(format!("finding {key} of {d}")))
        })
    }

    /// What was decided about findings of a kind, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn decisions(&self, d: &DatasetName, kind: &str, limit: u64) -> Result<Vec<Decided>, Error> {
        let query = queries::SELECT_DECISIONS;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map(params![kind, limit], |row| {
                Ok(Decided {
                    key: row.get("key")?,
                    kind: row.get("kind")?,
                    decision: row.get("decision")?,
                    image_id: row.get("image_id")?,
                    box_id: row.get("box_id")?,
                    change_id: row.get("change_id")?,
                    author: row.get("author")?,
                    decided_at: row.get("at_us")?,
                    taken_back: row.get("taken_back")?,
                })
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// The change that an edit of an image made, by the number its client gave it.
    ///
    /// # Errors
    /// When the working set cannot be read.
    pub fn change_of_edit(&self, d: &DatasetName, image: ImageId, client_id: &str) -> Result<Option<i64>, Error> {
        let query = queries::SELECT_CHANGE_OF_EDIT;
        self.engine.with(|c| {
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            statement.query_row(params![image, client_id], |row| row.get("change_id")).map_err(query.failed())
        })
    }
}

fn finding(row: &duckdb::Row<'_>) -> Result<Finding, duckdb::Error> {
    Ok(Finding {
        key: row.get("key")?,
        kind: row.get("kind")?,
        image_id: row.get("image_id")?,
        box_id: row.get("box_id")?,
        other_id: row.get("other_id")?,
        class_id: row.get("class_id")?,
        suggested_class_id: row.get("suggested_class_id")?,
        rect: rect(row, ["x", "y", "w", "h"])?,
        suggested_rect: rect(row, ["new_x", "new_y", "new_w", "new_h"])?,
        run: row.get("run")?,
        score: row.get("score")?,
        why: row.get("why")?,
    })
}

fn rect(row: &duckdb::Row<'_>, names: [&str; 4]) -> Result<Option<PixelBox>, duckdb::Error> {
    let side = |at: usize| row.get::<_, Option<f64>>(names[at]);
    Ok(match (side(0)?, side(1)?, side(2)?, side(3)?) {
        (Some(x), Some(y), Some(w), Some(h)) => Some(PixelBox { x, y, w, h }),
        _ => None,
    })
}
