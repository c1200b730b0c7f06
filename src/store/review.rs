//! What a review of a calibration reads: candidates with their place and score, counts by score, and what people said of
//! candidates without knowing the score.

use duckdb::{Connection, Row, ToSql, params};
use serde::Serialize;
use tator_domain::{ClassId, DatasetName, ImageId, PixelBox, RunName};

use crate::queries::{self, Query};
use crate::reader::find_dataset;
use crate::{Error, Reader, RunKind, Writer};

/// A candidate, or an object that none finds, as a review shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Number of the candidate; of the box where an object is missed.
    pub number: i64,
    /// The image it is on.
    pub image_id: ImageId,
    /// The image's path.
    pub path: String,
    /// Width of the upright image in pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// Its class.
    pub class_id: ClassId,
    /// Where.
    pub rect: PixelBox,
    /// Its probability; a missed object has none.
    pub score: Option<f64>,
    /// `accept`, `queue` or `drop`; `reached` or `unreached` for a missed object.
    pub band: String,
    /// `train`, `tune`, `test` or `open`.
    pub part: String,
    /// Right or wrong, where that is known.
    pub is_right: Option<bool>,
    /// Kind of error.
    pub finding: Option<String>,
    /// Models in it.
    pub sources: String,
    /// Its probability in the other of two calibrations.
    pub other: Option<f64>,
}

/// Candidates of a class in a thousandth of the probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ScoreCount {
    /// The class.
    pub class_id: ClassId,
    /// Which thousandth.
    pub bin: i32,
    /// Right ones on tested images.
    pub right: u64,
    /// Wrong ones on tested images.
    pub wrong: u64,
    /// Those on images without truth.
    pub open: u64,
    /// Those there that are left out, since a better one of their class covers them.
    pub duplicates: u64,
}

/// What a calibration says of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateScore {
    /// The candidate.
    pub candidate_id: i64,
    /// Its probability; on a tested image by trees that had not seen it.
    pub score: f64,
    /// `train`, `tune`, `test` or `open`.
    pub part: String,
    /// No better one of its class covers it.
    pub kept: bool,
}

/// Candidates that two calibrations put in these bands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairCount {
    /// Band in the first.
    pub first: String,
    /// Band in the second.
    pub second: String,
    /// How many.
    pub n: u64,
    /// Right ones among them, where that is known.
    pub right: u64,
    /// Wrong ones.
    pub wrong: u64,
}

/// What a person said of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The candidate.
    pub candidate_id: i64,
    /// `yes`, `no`, `other` or `skip`.
    pub answer: &'a str,
    /// The class they saw instead.
    pub said: Option<ClassId>,
    /// Who said it.
    pub author: &'a str,
}

/// Two calibrations, or a calibration and its run.
fn filled(query: &Query, d: &DatasetName, calibration: &RunName, run: &RunName) -> String {
    query.of_run(d, run).replace("{calibration}", calibration.as_str()).replace("{other}", run.as_str())
}

fn judged(row: &Row<'_>) -> duckdb::Result<Judged> {
    Ok(Judged {
        number: row.get("number")?,
        image_id: row.get("image_id")?,
        path: row.get("path")?,
        width: row.get("width")?,
        height: row.get("height")?,
        class_id: row.get("class_id")?,
        rect: PixelBox { x: row.get("x")?, y: row.get("y")?, w: row.get("w")?, h: row.get("h")? },
        score: row.get("score")?,
        band: row.get("band")?,
        part: row.get("part")?,
        is_right: row.get("is_right")?,
        finding: row.get("finding")?,
        sources: row.get("sources")?,
        other: row.get("other")?,
    })
}

fn all<T>(
    c: &Connection,
    query: &Query,
    sql: &str,
    with: &[&dyn ToSql],
    read: impl FnMut(&Row<'_>) -> duckdb::Result<T>,
) -> Result<Vec<T>, Error> {
    let mut statement = c.prepare(sql).map_err(query.failed())?;
    let rows = statement.query_map(with, read).map_err(query.failed())?;
    rows.collect::<Result<_, _>>().map_err(query.failed())
}

impl Reader {
    fn review_rows<T>(
        &self,
        query: &Query,
        (d, calibration, run): (&DatasetName, &RunName, &RunName),
        with: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> duckdb::Result<T>,
    ) -> Result<Vec<T>, Error> {
        self.run_entry(d, RunKind::Calibration, calibration)?;
        self.engine.with(|c| all(c, query, &filled(query, d, calibration, run), with, read))
    }

    /// Candidates by class and thousandth of their probability. `least` are the thresholds in use, `queue_from` is that of
    /// people: a candidate below the one of its class never shares a thousandth with one above it, nor across that of people.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn score_counts(
        &self,
        d: &DatasetName,
        calibration: &RunName,
        (least, queue_from): (&[(ClassId, f64)], f64),
    ) -> Result<Vec<ScoreCount>, Error> {
        let least = least.iter().map(|(class, least)| serde_json::json!({ "class_id": class, "least": least }));
        let least = serde_json::Value::Array(least.collect()).to_string();
        self.review_rows(&queries::COUNT_SCORES, (d, calibration, calibration), &[&least, &queue_from], |row| {
            Ok(ScoreCount {
                class_id: row.get("class_id")?,
                bin: row.get("bin")?,
                right: row.get("n_right")?,
                wrong: row.get("n_wrong")?,
                open: row.get("n_open")?,
                duplicates: row.get("n_duplicates")?,
            })
        })
    }

    /// Candidates of a run by source and twentieth of their raw score.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run.
    pub fn raw_score_counts(&self, d: &DatasetName, run: &RunName) -> Result<Vec<(String, i32, u64)>, Error> {
        self.run_entry(d, RunKind::Prepass, run)?;
        let query = queries::COUNT_RAW_SCORES;
        self.engine.with(|c| {
            all(c, &query, &query.of_run(d, run), &[], |row| Ok((row.get("source")?, row.get("bin")?, row.get("n")?)))
        })
    }

    /// Candidates on images without truth that are accepted or go to people: band, how many, share expected to be right.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn open_bands(&self, d: &DatasetName, calibration: &RunName) -> Result<Vec<(String, u64, f64)>, Error> {
        self.review_rows(&queries::COUNT_BANDS, (d, calibration, calibration), &[], |row| {
            Ok((row.get("band")?, row.get("n")?, row.get("expected")?))
        })
    }

    /// Candidates nearest to a threshold on one side of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn candidates_beside(
        &self,
        of: (&DatasetName, &RunName, &RunName),
        class: Option<ClassId>,
        (least, above): (f64, bool),
        n: u32,
    ) -> Result<Vec<Judged>, Error> {
        self.review_rows(&queries::SELECT_BESIDE, of, &[&class, &least, &above, &n], judged)
    }

    /// Accepted candidates that are an error of a kind, the surest first; `missed` gives objects that none finds.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn errors_of_kind(
        &self,
        of: (&DatasetName, &RunName, &RunName),
        (kind, class): (&str, Option<ClassId>),
        (n, skip): (u32, u32),
    ) -> Result<Vec<Judged>, Error> {
        match kind {
            "missed" => self.review_rows(&queries::SELECT_MISSED, of, &[&class, &n, &skip], judged),
            _ => self.review_rows(&queries::SELECT_WRONG, of, &[&kind, &class, &n, &skip], judged),
        }
    }

    /// How many errors of each kind a class has, or all have together.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn error_counts(
        &self,
        d: &DatasetName,
        calibration: &RunName,
        class: Option<ClassId>,
    ) -> Result<Vec<(String, u64)>, Error> {
        self.review_rows(&queries::COUNT_FINDINGS, (d, calibration, calibration), &[&class], |row| {
            Ok((row.get("kind")?, row.get("n")?))
        })
    }

    /// One candidate under a calibration.
    ///
    /// # Errors
    /// [`Error::NotFound`] for calibration or candidate.
    pub fn judged_candidate(&self, of: (&DatasetName, &RunName, &RunName), candidate: i64) -> Result<Judged, Error> {
        let found = self.review_rows(&queries::SELECT_JUDGED, of, &[&candidate], judged)?;
        found
            .into_iter()
            .next()
            .ok_or_else(|| Error::NotFound(format!("candidate {candidate} of calibration {}", of.1)))
    }

    /// What a calibration says of some candidates; those that it does not know are left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn candidate_scores(
        &self,
        d: &DatasetName,
        calibration: &RunName,
        candidates: &[i64],
    ) -> Result<Vec<CandidateScore>, Error> {
        let wanted = serde_json::json!(candidates).to_string();
        self.review_rows(&queries::SELECT_CANDIDATE_SCORES, (d, calibration, calibration), &[&wanted], |row| {
            let (candidate_id, score) = (row.get("candidate_id")?, row.get("score")?);
            Ok(CandidateScore { candidate_id, score, part: row.get("part")?, kept: row.get("kept")? })
        })
    }

    /// The next candidates of a band that nobody has judged, out of a sample of `size`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn next_in_sample(
        &self,
        of: (&DatasetName, &RunName, &RunName),
        (band, size): (&str, u32),
        (key, seed): (&str, u64),
        n: u32,
    ) -> Result<Vec<Judged>, Error> {
        self.with_verdicts(of.0)?;
        self.review_rows(&queries::SELECT_SAMPLE, of, &[&band, &seed, &size, &key, &n], judged)
    }

    /// What was said of the candidates of a calibration: band, answer, how many.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn verdict_counts(&self, d: &DatasetName, key: &str) -> Result<Vec<(String, String, u64)>, Error> {
        self.with_verdicts(d)?;
        let query = queries::COUNT_VERDICTS;
        self.engine.with(|c| {
            all(c, &query, &query.of(d), &[&key], |row| Ok((row.get("band")?, row.get("answer")?, row.get("n")?)))
        })
    }

    /// A dataset of which no candidate was ever judged has no table yet.
    fn with_verdicts(&self, d: &DatasetName) -> Result<(), Error> {
        let query = queries::SCHEMA_VERDICTS;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            c.execute_batch(&query.of(d)).map_err(query.failed())
        })
    }

    /// Candidates by what two calibrations do with them.
    ///
    /// # Errors
    /// [`Error::NotFound`] for either.
    pub fn pair_counts(&self, d: &DatasetName, first: &RunName, second: &RunName) -> Result<Vec<PairCount>, Error> {
        self.run_entry(d, RunKind::Calibration, second)?;
        self.review_rows(&queries::COUNT_PAIRS, (d, first, second), &[], |row| {
            Ok(PairCount {
                first: row.get("first")?,
                second: row.get("second")?,
                n: row.get("n")?,
                right: row.get("n_right")?,
                wrong: row.get("n_wrong")?,
            })
        })
    }

    /// Candidates that two calibrations of one run put in these bands, those first whose probabilities differ most.
    ///
    /// # Errors
    /// [`Error::NotFound`] for either, or for the run.
    pub fn pairs(
        &self,
        (d, run): (&DatasetName, &RunName),
        [first, second]: [&RunName; 2],
        bands: [&str; 2],
        n: u32,
    ) -> Result<Vec<Judged>, Error> {
        self.run_entry(d, RunKind::Calibration, first)?;
        self.run_entry(d, RunKind::Calibration, second)?;
        let query = queries::SELECT_PAIRS;
        let sql = query.of_run(d, run).replace("{calibration}", first.as_str()).replace("{other}", second.as_str());
        self.engine.with(|c| all(c, &query, &sql, &[&bands[0], &bands[1], &n], judged))
    }
}

impl Writer {
    /// Keeps what a person said of a candidate; what was said of it before goes.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration; [`Error::Invalid`] for a candidate that it does not know, or whose truth is known.
    pub fn keep_verdict(
        &self,
        d: &DatasetName,
        (calibration, key): (&RunName, &str),
        verdict: &Verdict<'_>,
    ) -> Result<(), Error> {
        self.reader.run_entry(d, RunKind::Calibration, calibration)?;
        self.reader.with_verdicts(d)?;
        let now = self.clock.now();
        let Verdict { candidate_id, answer, said, author } = verdict;
        self.change(|state| {
            let (delete, insert) = (queries::DELETE_VERDICT, queries::INSERT_VERDICT);
            let c = &state.connection;
            c.execute(&delete.of(d), params![key, candidate_id]).map_err(delete.failed())?;
            let sql = filled(&insert, d, calibration, calibration);
            let values = params![calibration.as_str(), key, candidate_id, answer, said, author, now];
            match c.execute(&sql, values).map_err(insert.failed())? {
                0 => Err(Error::Invalid(format!(
                    "{calibration} has no candidate {candidate_id} on an image without labels: only those are judged, on \
                     labelled images it is known which are right"
                ))),
                _ => Ok(()),
            }
        })
    }

    /// Takes back what was said last; gives its candidate, or nothing when nothing was said.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn take_back_verdict(&self, d: &DatasetName, key: &str) -> Result<Option<i64>, Error> {
        self.reader.with_verdicts(d)?;
        self.change(|state| {
            let (latest, delete) = (queries::LATEST_VERDICT, queries::DELETE_VERDICT);
            let found = all(&state.connection, &latest, &latest.of(d), &[&key], |row| row.get("candidate_id"))?;
            let Some(candidate) = found.first().copied() else { return Ok(None) };
            state.connection.execute(&delete.of(d), params![key, candidate]).map_err(delete.failed())?;
            Ok(Some(candidate))
        })
    }
}
