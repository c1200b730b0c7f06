//! Changing the working set: one writer, one transaction a change, acknowledged after commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use duckdb::Connection;
use tator_domain::{Class, ClassId, Clock, DatasetName, ImageId, NewClass, class_colour};

use crate::Error;
use crate::engine::lock;
use crate::lance_tables::Lance;
use crate::queries;
use crate::reader::{self, Reader};

/// The only key that changes the working set; not cloneable, so that one owner hands out changes.
pub struct Writer {
    pub(crate) reader: Reader,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lance: Mutex<Lance>,
    state: Mutex<WriterState>,
}

/// What the writer keeps at hand between changes.
pub(crate) struct WriterState {
    pub connection: Connection,
    datasets: HashMap<DatasetName, Numbers>,
    next_seq: i64,
}

/// Numbers of a dataset that were taken from its counters but not given out yet, and its classes.
struct Numbers {
    next_box_id: i64,
    box_limit: i64,
    next_change_id: i64,
    classes: Option<Arc<Vec<Class>>>,
}

/// Numbers are taken from the counters in blocks, so that an edit does not have to.
const BLOCK: i64 = 4096;

impl Writer {
    pub(crate) fn new(reader: Reader, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let connection = reader.engine.connect()?;
        let mut next_seq = 0;
        for dataset in reader::dataset_rows(&connection)? {
            let query = queries::SELECT_UNFOLDED;
            let mut statement = connection.prepare(&query.of(&dataset.name)).map_err(query.failed())?;
            let seqs = statement.query_map([], |row| row.get::<_, i64>("seq")).map_err(query.failed())?;
            for seq in seqs {
                next_seq = next_seq.max(seq.map_err(query.failed())? + 1);
            }
        }
        let state = Mutex::new(WriterState { connection, datasets: HashMap::new(), next_seq });
        let lance = Mutex::new(Lance::new()?);
        Ok(Self { reader, clock, lance, state })
    }

    /// A reader of the same working set.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Runs `change` in one transaction: all of it or nothing.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut WriterState) -> Result<T, Error>) -> Result<T, Error> {
        let mut state: MutexGuard<'_, WriterState> = lock(&self.state);
        let changed = in_transaction(&mut state, change);
        self.reader.engine.bump_version();
        changed
    }

    /// Takes numbers for many rows at once: first free image, box, class and change number.
    pub(crate) fn reserve(
        &self,
        dataset: &DatasetName,
        images: i64,
        boxes: i64,
        classes: i32,
    ) -> Result<Reserved, Error> {
        let mut state = lock(&self.state);
        let change_id = state.next_change_id(dataset)?;
        let row = reader::find_dataset(&state.connection, dataset)?;
        let query = queries::RESERVE_NUMBERS;
        state
            .connection
            .execute(query.sql, duckdb::params![images, boxes, classes, 0, dataset.as_str()])
            .map_err(query.failed())?;
        Ok(Reserved { image_id: row.next_image_id, box_id: row.next_box_id, class_id: row.next_class_id, change_id })
    }

    /// The next number in the queue of what is to be published.
    pub(crate) fn next_seq(&self) -> i64 {
        lock(&self.state).next_seq()
    }

    /// The classes were changed by somebody with a connection of their own.
    pub(crate) fn forget(&self, dataset: &DatasetName) {
        lock(&self.state).forget(dataset);
    }

    /// Makes a class, or gives the living one of that name.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Invalid`] for an empty or very long name.
    pub fn add_class(&self, dataset: &DatasetName, new: &NewClass) -> Result<Class, Error> {
        let name = checked_class_name(&new.name)?;
        let known = self.change(|state| state.classes(dataset))?;
        if let Some(class) = known.iter().find(|c| c.name == name && !c.retired) {
            return Ok(class.clone());
        }
        let class_id = self.reserve(dataset, 0, 0, 1)?.class_id;
        let class = Class {
            class_id,
            name,
            supercategory: new.supercategory.clone(),
            colour: class_colour(usize::try_from(class_id).unwrap_or_default()).to_owned(),
            source_id: new.source_id.clone(),
            retired: false,
            retired_into: None,
        };
        self.change(|state| {
            let query = queries::INSERT_CLASS;
            let values =
                duckdb::params![class.class_id, class.name, class.supercategory, class.colour, class.source_id];
            state.connection.execute(&query.of(dataset), values).map_err(query.failed())?;
            state.touch(dataset, (0, -1))?;
            state.forget(dataset);
            Ok(class)
        })
    }
}

/// Numbers that belong to the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reserved {
    pub image_id: i64,
    pub box_id: i64,
    pub class_id: i32,
    pub change_id: i64,
}

fn in_transaction<T>(
    state: &mut WriterState,
    change: impl FnOnce(&mut WriterState) -> Result<T, Error>,
) -> Result<T, Error> {
    state.connection.execute_batch("BEGIN TRANSACTION")?;
    let answer = change(state).and_then(|value| {
        state.connection.execute_batch("COMMIT")?;
        Ok(value)
    });
    if answer.is_err() {
        // The change failed; that is the error to tell, whether or not there is still a transaction to roll back.
        let _ = state.connection.execute_batch("ROLLBACK");
    }
    answer
}

pub(crate) fn checked_class_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Error::Invalid("a class needs a name of 1 to 200 visible characters".into()));
    }
    Ok(name.to_owned())
}

pub(crate) fn find_class<'a>(classes: &'a [Class], dataset: &DatasetName, id: ClassId) -> Result<&'a Class, Error> {
    classes.iter().find(|c| c.class_id == id).ok_or_else(|| Error::NotFound(format!("class {id} of {dataset}")))
}

impl WriterState {
    fn numbers(&mut self, dataset: &DatasetName) -> Result<&mut Numbers, Error> {
        if !self.datasets.contains_key(dataset) {
            let row = reader::find_dataset(&self.connection, dataset)?;
            let query = queries::GREATEST_NUMBER;
            let used: i64 =
                self.connection.query_row(&query.of(dataset), [], |r| r.get("used")).map_err(query.failed())?;
            let numbers = Numbers {
                next_box_id: row.next_box_id,
                box_limit: row.next_box_id,
                next_change_id: (used + 1).max(row.next_change_id),
                classes: None,
            };
            self.datasets.insert(dataset.clone(), numbers);
        }
        self.datasets.get_mut(dataset).ok_or_else(|| Error::NotFound(format!("dataset {dataset}")))
    }

    /// Makes sure that `wanted` box numbers can be given out without touching the counters.
    pub fn stock_box_ids(&mut self, dataset: &DatasetName, wanted: i64) -> Result<(), Error> {
        let numbers = self.numbers(dataset)?;
        if numbers.box_limit - numbers.next_box_id >= wanted {
            return Ok(());
        }
        let taken = wanted.max(BLOCK);
        let first = reader::find_dataset(&self.connection, dataset)?.next_box_id;
        let query = queries::RESERVE_NUMBERS;
        let values = duckdb::params![0, taken, 0, 0, dataset.as_str()];
        self.connection.execute(query.sql, values).map_err(query.failed())?;
        let numbers = self.numbers(dataset)?;
        (numbers.next_box_id, numbers.box_limit) = (first, first + taken);
        Ok(())
    }

    /// A box number; [`WriterState::stock_box_ids`] came before.
    pub fn next_box_id(&mut self, dataset: &DatasetName) -> Result<i64, Error> {
        let numbers = self.numbers(dataset)?;
        numbers.next_box_id += 1;
        Ok(numbers.next_box_id - 1)
    }

    /// The number of the next change.
    pub fn next_change_id(&mut self, dataset: &DatasetName) -> Result<i64, Error> {
        let numbers = self.numbers(dataset)?;
        numbers.next_change_id += 1;
        Ok(numbers.next_change_id - 1)
    }

    /// The classes of a dataset, kept at hand.
    pub fn classes(&mut self, dataset: &DatasetName) -> Result<Arc<Vec<Class>>, Error> {
        if let Some(classes) = &self.numbers(dataset)?.classes {
            return Ok(Arc::clone(classes));
        }
        let classes = Arc::new(reader::class_records(&self.connection, dataset)?);
        self.numbers(dataset)?.classes = Some(Arc::clone(&classes));
        Ok(classes)
    }

    /// The classes are read anew; numbers that were taken stay taken.
    pub fn forget(&mut self, dataset: &DatasetName) {
        if let Some(numbers) = self.datasets.get_mut(dataset) {
            numbers.classes = None;
        }
    }

    /// A dataset is gone.
    pub fn drop_numbers(&mut self, dataset: &DatasetName) {
        self.datasets.remove(dataset);
    }

    /// The place in the queue that was given last.
    pub fn last_seq(&self) -> i64 {
        self.next_seq
    }

    fn next_seq(&mut self) -> i64 {
        self.next_seq += 1;
        self.next_seq
    }

    /// Marks a range of images as changed since they were published; an empty range marks the classes.
    pub fn touch(&mut self, dataset: &DatasetName, range: (ImageId, ImageId)) -> Result<(), Error> {
        let seq = self.next_seq();
        let query = queries::INSERT_UNFOLDED;
        let mut statement = self.connection.prepare_cached(&query.of(dataset)).map_err(query.failed())?;
        statement.execute(duckdb::params![seq, range.0, range.1]).map_err(query.failed())?;
        Ok(())
    }
}
