//! A head for another use than Auto class: with the classes of the dataset that asks, and what it must not be asked to judge.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use tator_domain::{Class, ClassId, DatasetName, ImageId, Timestamp, class_called, living_classes};
use tator_learning::head::Head;
use tator_store::{ImageFilter, Reader};

use super::KIND;
use super::record::{HeadRun, RunClass, read_head, read_run, read_seen, read_test};
use super::registry::problem;
use crate::error::Error;
use crate::workbench::Workbench;

/// A head, whatever dataset it is of.
pub(crate) struct HeadAtHand {
    pub run: HeadRun,
    pub head: Head,
    /// For each thing it tells apart the living class of the asking dataset; nothing for background and classes that are not there.
    pub classes: Vec<Option<ClassId>>,
    /// Hashes of the pictures it was trained or watched with.
    pub seen: BTreeSet<String>,
}

/// The head of that number or name, for the classes of a dataset: its own by their number, those of others by their name.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Invalid`] for a name that several heads have.
pub(crate) fn head_at_hand(reader: &Reader, d: &DatasetName, wanted: &str) -> Result<HeadAtHand, Error> {
    let records = reader.run_records();
    let ids = records.ids(KIND);
    let id = match ids.iter().find(|id| *id == wanted) {
        Some(id) => id.clone(),
        None => by_name(reader, ids, wanted)?,
    };
    let run = read_run(&records, &id)?;
    let classes = Asking::new(reader, d)?.classes(&run);
    let seen = match read_seen(&records, &id) {
        Some(seen) => seen,
        None => not_tested(reader, &run)?,
    };
    Ok(HeadAtHand { head: read_head(&records, &id)?, run, classes, seen })
}

/// A head that can be asked about the classes of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeadChoice {
    /// Its number.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The dataset it was trained on.
    pub dataset: DatasetName,
    /// Living classes of the asking dataset that it knows.
    pub classes: usize,
}

impl Workbench {
    /// The heads of all datasets that know classes of this one and whose encoder is at hand, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn heads_for(&self, d: &DatasetName) -> Result<Vec<HeadChoice>, Error> {
        let (reader, models) = (self.reader(), self.open.assist.shared.shelves.list());
        let records = reader.run_records();
        let asking = Asking::new(reader, d)?;
        let choice = |id: &String| {
            let run = read_run(&records, id).ok().filter(|run| problem(run, &models).is_none())?;
            let classes: BTreeSet<ClassId> = asking.classes(&run).into_iter().flatten().collect();
            let HeadRun { id, name, dataset, .. } = run;
            (!classes.is_empty()).then_some(HeadChoice { id, name, dataset, classes: classes.len() })
        };
        Ok(records.ids(KIND).iter().rev().filter_map(choice).collect())
    }
}

/// The classes of a dataset that asks a head.
struct Asking {
    dataset: DatasetName,
    made_at: Timestamp,
    classes: Vec<Class>,
    living: HashMap<ClassId, ClassId>,
}

impl Asking {
    fn new(reader: &Reader, d: &DatasetName) -> Result<Self, Error> {
        let classes = reader.class_list(d)?;
        let (dataset, made_at, living) = (d.clone(), reader.made_at(d)?, living_classes(&classes));
        Ok(Self { dataset, made_at, classes, living })
    }

    /// For each thing a head tells apart the living class: its own dataset's by their number, those of others by their name.
    fn classes(&self, run: &HeadRun) -> Vec<Option<ClassId>> {
        let is_own = run.dataset == self.dataset && run.dataset_made_at == self.made_at;
        let known = |class: &RunClass| match class.class_id? {
            own if is_own => self.living.get(&own).copied(),
            _ => class_called(&self.classes, &self.living, |name| name == class.name),
        };
        run.classes.iter().map(known).collect()
    }
}

fn by_name(reader: &Reader, ids: Vec<String>, wanted: &str) -> Result<String, Error> {
    let records = reader.run_records();
    let is_called = |id: &String| read_run(&records, id).is_ok_and(|run| run.name == wanted);
    let mut named = ids.into_iter().filter(is_called);
    match (named.next(), named.next()) {
        (Some(id), None) => Ok(id),
        (Some(one), Some(other)) => {
            let text = format!("{one} and {other} are both called {wanted}: say which by its number");
            Err(Error::invalid("head", text))
        }
        (None, _) => Err(Error::NotFound(format!("head {wanted}"))),
    }
}

/// Where nothing was noted: every picture of its dataset that it was not tested on.
fn not_tested(reader: &Reader, run: &HeadRun) -> Result<BTreeSet<String>, Error> {
    let tested: BTreeSet<ImageId> = read_test(&reader.run_records(), &run.id)?.iter().map(|one| one.image_id).collect();
    if !reader.made_at(&run.dataset).is_ok_and(|at| at == run.dataset_made_at) {
        let text = format!(
            "{} ({}) notes no pictures and its dataset {} is gone: nobody knows what it has seen; train it again",
            run.name, run.id, run.dataset
        );
        return Err(Error::invalid("head", text));
    }
    hashes(reader, &run.dataset, |image| !tested.contains(&image))
}

/// Hashes of the pictures of some images.
pub(super) fn hashes(
    reader: &Reader,
    d: &DatasetName,
    is_in: impl Fn(ImageId) -> bool,
) -> Result<BTreeSet<String>, Error> {
    let rows = reader.image_rows(d, &ImageFilter::default())?.into_iter();
    Ok(rows.filter(|row| is_in(row.image_id)).map(|row| row.content_hash).filter(|hash| !hash.is_empty()).collect())
}
