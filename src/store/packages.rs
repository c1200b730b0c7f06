//! Work packages: batches of images that one person works on at a time. A package is claimed, given back, and free again
//! when whoever claimed it has done nothing for a while.

use duckdb::params;
use serde::Serialize;
use tator_domain::{DatasetName, ImageId, PackageKind, Timestamp, plain_words};

use crate::filter::ImageFilter;
use crate::reader::{self, Reader};
use crate::writer::{Writer, WriterState};
use crate::{Error, queries};

/// A claim ends when nothing was done under it for this long, in microseconds.
pub const CLAIM_IDLE_MICROS: i64 = 2 * 3600 * 1_000_000;
/// A claim's last activity is written down at most this often, in microseconds.
const NOTE_EVERY: i64 = 60 * 1_000_000;
/// Most packages that one request makes.
const MOST_PACKAGES: usize = 1000;

/// A package as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Package {
    /// Its number, never reused.
    pub package_id: i64,
    /// What it is called.
    pub name: String,
    /// What is to be done.
    pub kind: PackageKind,
    /// Who made it.
    pub author: String,
    /// When, microseconds since 1970.
    pub made_at: Timestamp,
    /// Its images.
    pub images: u64,
    /// How many of them are finished.
    pub done: u64,
    /// How it stands.
    pub state: PackageState,
    /// Who claimed it; also when the claim has run out.
    pub claimed_by: Option<String>,
    /// When something was last done under the claim.
    pub active_at: Option<Timestamp>,
}

/// How a package stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageState {
    /// Nobody has it.
    Free,
    /// Somebody works on it.
    Claimed,
    /// Somebody had it and has done nothing for a while: it is free.
    Expired,
    /// Every image is finished.
    Done,
    /// Put away.
    Closed,
}

impl PackageState {
    /// The word, in JSON and in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Claimed => "claimed",
            Self::Expired => "expired",
            Self::Done => "done",
            Self::Closed => "closed",
        }
    }
}

/// Packages to be made.
#[derive(Debug, Clone)]
pub struct NewPackages {
    /// Their name; several are numbered.
    pub name: String,
    /// What is to be done.
    pub kind: PackageKind,
    /// The images.
    pub filter: ImageFilter,
    /// Images in one package; all in one when not said.
    pub every: Option<usize>,
}

impl Reader {
    /// The packages of a dataset in order, as they stand at `now`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn packages(&self, dataset: &DatasetName, now: Timestamp) -> Result<Vec<Package>, Error> {
        self.engine.with(|c| {
            reader::find_dataset(c, dataset)?;
            rows(c, dataset, now)
        })
    }

    fn meant_images(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Vec<ImageId>, Error> {
        let query = queries::SELECT_PACKAGE_IMAGES;
        self.filtered(dataset, filter, |c, predicate| {
            let mut statement = c.prepare(&query.of_where(dataset, predicate)).map_err(query.failed())?;
            let rows = statement.query_map([], |row| row.get(0)).map_err(query.failed())?;
            rows.collect::<Result<_, _>>().map_err(query.failed())
        })
    }
}

fn rows(c: &duckdb::Connection, d: &DatasetName, now: Timestamp) -> Result<Vec<Package>, Error> {
    let query = queries::SELECT_PACKAGES;
    let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
    let rows = statement.query_map([], |row| {
        let (images, done) = (row.get::<_, i64>("images")?.unsigned_abs(), row.get::<_, i64>("done")?.unsigned_abs());
        let (claimed_by, active_at) = (row.get("claimed_by")?, row.get("active_us")?);
        let state = standing(row.get("closed")?, images > 0 && done == images, active_at, now);
        Ok(Package {
            package_id: row.get("package_id")?,
            name: row.get("name")?,
            kind: row.get::<_, String>("kind")?.parse().unwrap_or(PackageKind::Label),
            author: row.get("author")?,
            made_at: row.get("at_us")?,
            images,
            done,
            state,
            claimed_by,
            active_at,
        })
    });
    rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
}

fn standing(closed: bool, done: bool, active_at: Option<Timestamp>, now: Timestamp) -> PackageState {
    match active_at {
        _ if closed => PackageState::Closed,
        _ if done => PackageState::Done,
        None => PackageState::Free,
        Some(at) if now - at < CLAIM_IDLE_MICROS => PackageState::Claimed,
        Some(_) => PackageState::Expired,
    }
}

impl Writer {
    /// Makes packages of the images that a filter means; gives their numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no image is meant, or too many packages would come of it; [`Error::Sql`] for a condition
    /// that is refused.
    pub fn create_packages(&self, d: &DatasetName, new: &NewPackages, author: &str) -> Result<Vec<i64>, Error> {
        let name = plain_words(&new.name, 100)
            .ok_or_else(|| Error::Invalid("a package needs a name of 1 to 100 visible characters".into()))?;
        let images = self.reader.meant_images(d, &new.filter)?;
        let size = new.every.unwrap_or(images.len()).max(1);
        let n = images.len().div_ceil(size);
        if images.is_empty() {
            return Err(Error::Invalid("no image is meant by this choice: a package needs at least one".into()));
        }
        if n > MOST_PACKAGES {
            return Err(Error::Invalid(format!(
                "{n} packages are too many: put more images in each, {MOST_PACKAGES} at most"
            )));
        }
        let now = self.clock.now();
        self.change(|state| {
            let taken = rows(&state.connection, d, now)?.iter().map(|p| p.package_id).max().unwrap_or(0);
            let mut made = Vec::with_capacity(n);
            for (package_id, batch) in (taken + 1..).zip(images.chunks(size)) {
                let own = if n == 1 { name.clone() } else { format!("{name} {}", made.len() + 1) };
                let query = queries::INSERT_PACKAGE;
                let values = params![package_id, own, new.kind.as_str(), author, now];
                state.connection.execute(&query.of(d), values).map_err(query.failed())?;
                let mut appender = state.connection.appender_to_db("package_images", d.as_str())?;
                batch.iter().try_for_each(|image| appender.append_row(params![package_id, image]))?;
                appender.flush()?;
                made.push(package_id);
            }
            state.touch(d, (0, -1))?;
            Ok(made)
        })
    }

    /// Claims the package that `author` has in hand, else the first that is free; `None` when there is nothing left.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn claim_next(
        &self,
        d: &DatasetName,
        kind: Option<PackageKind>,
        author: &str,
    ) -> Result<Option<Package>, Error> {
        let now = self.clock.now();
        self.change(|state| {
            reader::find_dataset(&state.connection, d)?;
            let fits = |p: &&Package| kind.is_none_or(|kind| kind == p.kind) && p.images > 0;
            let all = rows(&state.connection, d, now)?;
            let mine = |p: &&Package| p.state == PackageState::Claimed && p.claimed_by.as_deref() == Some(author);
            let free = |p: &&Package| matches!(p.state, PackageState::Free | PackageState::Expired);
            let found = all.iter().filter(fits).find(mine).or_else(|| all.iter().filter(fits).find(free));
            let Some(found) = found else { return Ok(None) };
            take(state, d, found.package_id, Some((author, now)))?;
            find(state, d, found.package_id, now).map(Some)
        })
    }

    /// Claims a package.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when somebody else has it, or it is done or closed.
    pub fn claim(&self, d: &DatasetName, package_id: i64, author: &str) -> Result<Package, Error> {
        let now = self.clock.now();
        self.change(|state| {
            let found = find(state, d, package_id, now)?;
            match found.state {
                PackageState::Claimed if found.claimed_by.as_deref() != Some(author) => return Err(held(&found)),
                PackageState::Done | PackageState::Closed => {
                    return Err(Error::Invalid(format!("package {:?} is {}", found.name, found.state.as_str())));
                }
                _ => {}
            }
            take(state, d, package_id, Some((author, now)))?;
            find(state, d, package_id, now)
        })
    }

    /// Gives a package back; `force` gives back what somebody else has.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when somebody else has it and `force` is not said.
    pub fn release(&self, d: &DatasetName, package_id: i64, author: &str, force: bool) -> Result<Package, Error> {
        let now = self.clock.now();
        self.change(|state| {
            let found = find(state, d, package_id, now)?;
            let other = found.claimed_by.as_deref().is_some_and(|name| name != author);
            if found.state == PackageState::Claimed && other && !force {
                return Err(held(&found));
            }
            take(state, d, package_id, None)?;
            find(state, d, package_id, now)
        })
    }

    /// Puts a package away, or takes it out again; its images stay as they are.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn close_package(&self, d: &DatasetName, package_id: i64, closed: bool) -> Result<Package, Error> {
        let now = self.clock.now();
        self.change(|state| {
            find(state, d, package_id, now)?;
            let query = queries::UPDATE_CLOSED;
            state.connection.execute(&query.of(d), params![closed, package_id]).map_err(query.failed())?;
            state.touch(d, (0, -1))?;
            find(state, d, package_id, now)
        })
    }

    /// Notes that `author` works on a package, so that the claim goes on; cheap enough for every heartbeat.
    ///
    /// # Errors
    /// When the working set cannot be read or written.
    pub fn note_activity(&self, d: &DatasetName, package_id: i64, author: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let packages = self.reader.packages(d, now)?;
        let Some(found) = packages.iter().find(|p| p.package_id == package_id) else { return Ok(()) };
        let mine = found.state == PackageState::Claimed && found.claimed_by.as_deref() == Some(author);
        if !mine || found.active_at.is_some_and(|at| now - at < NOTE_EVERY) {
            return Ok(());
        }
        self.change(|state| take(state, d, package_id, Some((author, now))))
    }
}

fn find(state: &WriterState, d: &DatasetName, package_id: i64, now: Timestamp) -> Result<Package, Error> {
    reader::find_dataset(&state.connection, d)?;
    let found = rows(&state.connection, d, now)?.into_iter().find(|p| p.package_id == package_id);
    found.ok_or_else(|| Error::NotFound(format!("package {package_id} of {d}")))
}

fn held(package: &Package) -> Error {
    let who = package.claimed_by.as_deref().unwrap_or("somebody");
    Error::Invalid(format!(
        "package {:?} is held by {who}: ask them, or confirm that you take it from them",
        package.name
    ))
}

/// Writes down who has a package since when; nobody when `holder` is none.
fn take(state: &mut WriterState, d: &DatasetName, package_id: i64, holder: Option<(&str, i64)>) -> Result<(), Error> {
    let query = queries::UPDATE_CLAIM;
    let (name, since) = (holder.map(|h| h.0), holder.map(|h| h.1));
    state.connection.execute(&query.of(d), params![name, since, since, package_id]).map_err(query.failed())?;
    state.touch(d, (0, -1))
}
