//! Reading the tables of a run, by ranges of images so that memory stays bounded.

use std::ops::RangeInclusive;

use arrow::array::RecordBatch;
use tator_domain::{DatasetName, ImageId, RunName};

use super::RunKind;
use super::decode::{self, Pool};
use super::rows::{Atom, Candidate, Member, RunImage};
use crate::queries::{self, Query};
use crate::reader::batches;
use crate::{Error, Reader};

impl Reader {
    /// Number of the latest change of a dataset: what was read at one number was the same data.
    ///
    /// # Errors
    /// When the dataset does not exist.
    pub fn data_version(&self, d: &DatasetName) -> Result<i64, Error> {
        let query = queries::GREATEST_NUMBER;
        self.engine.with(|c| {
            crate::reader::find_dataset(c, d)?;
            c.query_row(&query.of(d), [], |row| row.get("used")).map_err(query.failed())
        })
    }

    /// Atoms of a run by image and number.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run.
    pub fn run_atoms(&self, d: &DatasetName, run: &RunName, on: RangeInclusive<ImageId>) -> Result<Vec<Atom>, Error> {
        self.run_rows(d, (RunKind::Prepass, run), on, &queries::SELECT_ATOMS, decode::atoms)
    }

    /// Candidates of a run by image and number.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run.
    pub fn run_candidates(
        &self,
        d: &DatasetName,
        run: &RunName,
        on: RangeInclusive<ImageId>,
    ) -> Result<Vec<Candidate>, Error> {
        self.run_rows(d, (RunKind::Prepass, run), on, &queries::SELECT_CANDIDATES, decode::candidates)
    }

    /// Which atoms the candidates of a run are made of, by image, candidate and atom.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run.
    pub fn run_members(
        &self,
        d: &DatasetName,
        run: &RunName,
        on: RangeInclusive<ImageId>,
    ) -> Result<Vec<Member>, Error> {
        self.run_rows(d, (RunKind::Prepass, run), on, &queries::SELECT_MEMBERS, decode::members)
    }

    /// What became of each image of a run in each of its stages.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run.
    pub fn run_images(
        &self,
        d: &DatasetName,
        run: &RunName,
        on: RangeInclusive<ImageId>,
    ) -> Result<Vec<RunImage>, Error> {
        self.run_rows(d, (RunKind::Prepass, run), on, &queries::SELECT_RUN_IMAGES, decode::images)
    }

    /// Candidates and their scores in a calibration.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the calibration.
    pub fn calibration_scores(
        &self,
        d: &DatasetName,
        calibration: &RunName,
        on: RangeInclusive<ImageId>,
    ) -> Result<Vec<(i64, f64)>, Error> {
        self.run_rows(d, (RunKind::Calibration, calibration), on, &queries::SELECT_SCORES, decode::scores)
    }

    fn run_rows<T>(
        &self,
        d: &DatasetName,
        (kind, run): (RunKind, &RunName),
        on: RangeInclusive<ImageId>,
        query: &Query,
        decode: fn(&RecordBatch, &mut Pool) -> Result<Vec<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        self.run_entry(d, kind, run)?;
        self.engine.with(|c| {
            let found = batches(c, query, &query.of_run(d, run), [*on.start(), *on.end()])?;
            let (mut pool, mut rows) = (Pool::default(), Vec::new());
            for batch in &found {
                rows.extend(decode(batch, &mut pool)?);
            }
            Ok(rows)
        })
    }
}
