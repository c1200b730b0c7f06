//! Candidates of a run, as a look at the quality compares them with boxes. The run's files are read through the views
//! that `runs` makes.

use std::collections::HashSet;

use tator_domain::{ClassId, DatasetName, ImageId, PixelBox};

use crate::Error;
use crate::reader::{Reader, find_dataset};

/// An object that the detectors of a run saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    /// Its number in the run.
    pub candidate_id: i64,
    /// The image.
    pub image_id: ImageId,
    /// What it was taken for, as that class is today.
    pub class_id: ClassId,
    /// Where.
    pub rect: PixelBox,
    /// How sure the run is.
    pub score: f64,
    /// People have finished the image.
    pub is_truth: bool,
}

impl Reader {
    /// Makes sure that a dataset has a run of that name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn check_run(&self, d: &DatasetName, run: &str) -> Result<(), Error> {
        let plain = !run.is_empty() && run.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let view = format!("candidates_{run}");
        let known: i64 = self.engine.with(|c| {
            find_dataset(c, d)?;
            let sql = "SELECT count(*) FROM duckdb_views() WHERE schema_name = ? AND view_name = ?";
            Ok(c.query_row(sql, [d.as_str(), &view], |row| row.get(0))?)
        })?;
        if plain && known > 0 { Ok(()) } else { Err(Error::NotFound(format!("run {run} of {d}"))) }
    }

    /// Everything that a run saw, and the images it looked at to the end.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run; when its files cannot be read.
    pub fn sightings(&self, d: &DatasetName, run: &str) -> Result<(Vec<Sighting>, HashSet<ImageId>), Error> {
        self.check_run(d, run)?;
        // The views are of one run each: their names are no part of the register.
        let sightings = format!(
            "SELECT k.candidate_id, k.image_id, k.class_id, k.x, k.y, k.w, k.h, coalesce(k.score, 0)::DOUBLE AS score,
                    i.state IN ('labelled', 'reviewed') AS truth
             FROM \"{d}\".\"candidates_{run}\" k JOIN \"{d}\".images i USING (image_id) ORDER BY k.image_id, k.candidate_id"
        );
        // A run keeps the classes of its day: what was merged since is what it became, what was retired for good is nobody's
        // wish any more.
        let living = tator_domain::living_classes(&self.class_list(d)?);
        let looked = format!(
            "SELECT image_id FROM \"{d}\".\"run_images_{run}\" GROUP BY image_id HAVING bool_and(status = 'done')"
        );
        self.engine.with(|c| {
            let mut statement = c.prepare(&sightings)?;
            let rows = statement.query_map([], |row| {
                Ok(Sighting {
                    candidate_id: row.get(0)?,
                    image_id: row.get(1)?,
                    class_id: row.get(2)?,
                    rect: PixelBox { x: row.get(3)?, y: row.get(4)?, w: row.get(5)?, h: row.get(6)? },
                    score: row.get(7)?,
                    is_truth: row.get(8)?,
                })
            })?;
            let today = |sighting: Sighting| Some(Sighting { class_id: *living.get(&sighting.class_id)?, ..sighting });
            let found = rows.filter_map(|row| row.map(today).transpose()).collect::<Result<Vec<_>, _>>()?;
            let mut statement = c.prepare(&looked)?;
            let images = statement.query_map([], |row| row.get(0))?.collect::<Result<HashSet<ImageId>, _>>()?;
            Ok((found, images))
        })
    }
}
