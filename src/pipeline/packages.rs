//! Work packages: made, claimed and given back. What their images need is done by edits, like everything else.

use tator_domain::{DatasetName, PackageKind};
use tator_store::{NewPackages, Package};

use crate::error::Error;
use crate::workbench::{Workbench, nothing_there};

impl Workbench {
    /// Makes packages; gives their numbers.
    ///
    /// # Errors
    /// As [`tator_store::Writer::create_packages`].
    pub fn create_packages(&self, d: &DatasetName, new: &NewPackages, author: &str) -> Result<Vec<i64>, Error> {
        self.reader().dataset(d)?;
        Ok(self.open.writer.create_packages(d, new, author)?)
    }

    /// Claims the next package; `None` when there is none left.
    ///
    /// # Errors
    /// As [`tator_store::Writer::claim_next`].
    pub fn claim_next(&self, d: &DatasetName, kind: Option<PackageKind>, who: &str) -> Result<Option<Package>, Error> {
        Ok(self.open.writer.claim_next(d, kind, who)?)
    }

    /// Claims a package.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody else has it.
    pub fn claim_package(&self, d: &DatasetName, package: i64, who: &str) -> Result<Package, Error> {
        self.open.writer.claim(d, package, who).map_err(nothing_there)
    }

    /// Gives a package back; `force` also when somebody else has it.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody else has it and `force` is not said.
    pub fn release_package(&self, d: &DatasetName, package: i64, who: &str, force: bool) -> Result<Package, Error> {
        self.open.writer.release(d, package, who, force).map_err(nothing_there)
    }

    /// Puts a package away, or takes it out again.
    ///
    /// # Errors
    /// As [`tator_store::Writer::close_package`].
    pub fn close_package(&self, d: &DatasetName, package: i64, closed: bool) -> Result<Package, Error> {
        Ok(self.open.writer.close_package(d, package, closed)?)
    }

    /// Notes that somebody works on a package.
    ///
    /// # Errors
    /// As [`tator_store::Writer::note_activity`].
    pub fn note_activity(&self, d: &DatasetName, package: i64, who: &str) -> Result<(), Error> {
        Ok(self.open.writer.note_activity(d, package, who)?)
    }
}
