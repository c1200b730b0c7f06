//! Bulk loading: what an import has read is staged, compared with what is there, and taken over in one transaction.
//!
//! Staging lies in temporary tables of one connection, so that a killed import leaves nothing. Numbers are given in
//! the order of paths, whatever the order of the source.

use arrow::array::RecordBatch;
use duckdb::{Connection, params};
use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, ImageId, NewBox, NewClass, NewImage, class_colour};

use crate::Error;
use crate::queries::{self, Query};
use crate::staging::{BoxColumns, ImageColumns};
use crate::writer::{Reserved, Writer};

/// Rows that are gathered before they are staged.
const BATCH_ROWS: usize = 16_384;

/// What happens to images that are there already and have other labels in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadPolicy {
    /// Images that people worked on stay; the others follow the source.
    #[default]
    Keep,
    /// All follow the source.
    Replace,
    /// Only new images come in.
    New,
}

impl LoadPolicy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Replace => "replace",
            Self::New => "new",
        }
    }
}

/// What a load does, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadDiff {
    /// Images that were not there.
    pub images_new: u64,
    /// Images whose labels are the same.
    pub images_same: u64,
    /// Images of which the source has no labels; theirs stay.
    pub images_silent: u64,
    /// Images that stay as people left them although the source differs.
    pub images_kept: u64,
    /// Images whose boxes are replaced.
    pub images_replaced: u64,
    /// Boxes that come with new images.
    pub boxes_new: u64,
    /// Boxes that are added to images that were there.
    pub boxes_added: u64,
    /// Boxes that go from images that were there.
    pub boxes_removed: u64,
    /// Classes that were not there.
    pub classes_new: u64,
}

/// What a committed load left in the dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What was done.
    pub diff: LoadDiff,
    /// Its change in the history.
    pub change_id: i64,
}

/// A file of the source that belongs to a new image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// The image's key in this load.
    pub key: u32,
    /// Entry of the source.
    pub file: String,
    /// Path of the image in the dataset.
    pub path: String,
}

/// What an import's change record holds: the numbers it gave, for its undo.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoadRecord {
    pub first_image_id: i64,
    pub last_image_id: i64,
    pub first_box_id: i64,
    pub last_box_id: i64,
}

/// A load in progress.
pub struct Loader<'w> {
    writer: &'w Writer,
    dataset: DatasetName,
    connection: Connection,
    classes: Vec<NewClass>,
    images: ImageColumns,
    boxes: BoxColumns,
    n_images: u32,
    n_boxes: i64,
    reserved: Option<Reserved>,
}

impl Writer {
    /// Begins a load into a dataset.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn loader(&self, dataset: &DatasetName) -> Result<Loader<'_>, Error> {
        self.reader.dataset(dataset)?;
        let connection = self.reader.engine.connect()?;
        let query = queries::CREATE_STAGING;
        connection.execute_batch(query.sql).map_err(query.failed())?;
        Ok(Loader {
            writer: self,
            dataset: dataset.clone(),
            connection,
            classes: Vec::new(),
            images: ImageColumns::default(),
            boxes: BoxColumns::default(),
            n_images: 0,
            n_boxes: 0,
            reserved: None,
        })
    }
}

impl Loader<'_> {
    /// Stages a class; the same name gives the same key.
    pub fn class(&mut self, new: NewClass) -> u32 {
        let known = self.classes.iter().position(|c| c.name == new.name);
        let key = known.unwrap_or_else(|| {
            self.classes.push(new);
            self.classes.len() - 1
        });
        u32::try_from(key).unwrap_or(u32::MAX)
    }

    /// Stages an image; `file` is the source's name for its bytes, empty without.
    ///
    /// # Errors
    /// When the rows cannot be staged.
    pub fn image(&mut self, new: &NewImage, file: &str) -> Result<u32, Error> {
        let key = self.n_images;
        self.n_images += 1;
        self.images.push(key, new, file);
        if self.images.rows >= BATCH_ROWS {
            self.flush_images()?;
        }
        Ok(key)
    }

    /// Stages a box; `class_id` of `new` is the key of a staged class.
    ///
    /// # Errors
    /// When the rows cannot be staged.
    pub fn add_box(&mut self, image: u32, new: &NewBox) -> Result<(), Error> {
        self.boxes.push(self.n_boxes, image, new);
        self.n_boxes += 1;
        if self.boxes.rows >= BATCH_ROWS {
            self.flush_boxes()?;
        }
        Ok(())
    }

    /// Images staged so far.
    #[must_use]
    pub fn n_images(&self) -> u64 {
        u64::from(self.n_images)
    }

    /// Boxes staged so far.
    #[must_use]
    pub fn n_boxes(&self) -> u64 {
        self.n_boxes.unsigned_abs()
    }

    /// Decides what happens to every image, without doing it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the source names a path twice.
    pub fn plan(&mut self, policy: LoadPolicy) -> Result<LoadDiff, Error> {
        self.flush_images()?;
        self.flush_boxes()?;
        self.stage_classes()?;
        self.refuse_duplicates()?;
        let classes = i32::try_from(self.classes.len()).unwrap_or(i32::MAX);
        let reserved = self.writer.reserve(&self.dataset, i64::from(self.n_images), self.n_boxes, classes)?;
        self.reserved = Some(reserved);
        self.run(&queries::PLAN_CLASSES, params![reserved.class_id])?;
        self.run(&queries::PLAN_IMAGES, params![reserved.image_id, policy.as_str()])?;
        self.count_plan()
    }

    /// The files that belong to new images, after [`Loader::plan`].
    ///
    /// # Errors
    /// When the plan cannot be read.
    pub fn new_files(&self) -> Result<Vec<NewFile>, Error> {
        let query = queries::SELECT_NEW_IMAGES;
        let mut statement = self.connection.prepare(query.sql).map_err(query.failed())?;
        let rows = statement.query_map([], |row| {
            Ok(NewFile {
                key: row.get::<_, i32>("key")?.unsigned_abs(),
                file: row.get("file")?,
                path: row.get("path")?,
            })
        });
        rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
    }

    /// Tells the content hashes of images.
    ///
    /// # Errors
    /// When the rows cannot be staged.
    pub fn hashes(&mut self, hashes: &[(u32, String)]) -> Result<(), Error> {
        let mut appender = self.connection.appender("staged_hashes")?;
        for (key, hash) in hashes {
            appender.append_row(params![i32::try_from(*key).unwrap_or(i32::MAX), hash])?;
        }
        appender.flush()?;
        Ok(())
    }

    /// Takes everything over in one transaction, after [`Loader::plan`]; `copied` when the files now lie at their dataset
    /// path rather than where the source names them.
    ///
    /// # Errors
    /// When an image was edited at the same moment, or the disk refuses; nothing has changed then.
    pub fn commit(mut self, title: &str, author: &str, copied: bool) -> Result<Loaded, Error> {
        let Some(reserved) = self.reserved.take() else {
            return Err(Error::Invalid("a load is planned before it is committed".into()));
        };
        let diff = self.count_plan()?;
        self.connection.execute_batch("BEGIN TRANSACTION")?;
        let done = self.take_over(&reserved, &diff, (title, author), copied);
        if done.is_ok() {
            self.connection.execute_batch("COMMIT")?;
        } else {
            // What went wrong is the error to tell.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.writer.forget(&self.dataset);
        self.writer.reader().engine.bump_version();
        done.map(|()| Loaded { diff, change_id: reserved.change_id })
    }

    fn take_over(
        &self,
        reserved: &Reserved,
        diff: &LoadDiff,
        (title, author): (&str, &str),
        copied: bool,
    ) -> Result<(), Error> {
        let now = self.writer.clock.now();
        self.run(&queries::INSERT_STAGED_CLASSES, [])?;
        self.colour_classes()?;
        if diff.images_replaced > 0 {
            self.run(&queries::KEEP_REPLACED_BOXES, params![reserved.change_id])?;
            self.run(&queries::DELETE_REPLACED_BOXES, [])?;
        }
        self.run(&queries::INSERT_STAGED_IMAGES, params![now, copied])?;
        self.run(&queries::INSERT_STAGED_BOXES, params![reserved.box_id, now])?;
        if diff.images_replaced > 0 {
            self.run(&queries::UPDATE_REPLACED_IMAGES, params![now])?;
        }
        let new = i64::try_from(diff.images_new).unwrap_or(i64::MAX);
        let (boxes, last_image_id) = (self.boxes_taken(reserved)?, reserved.image_id + new - 1);
        let record = LoadRecord {
            first_image_id: reserved.image_id,
            last_image_id,
            first_box_id: reserved.box_id,
            last_box_id: reserved.box_id + boxes - 1,
        };
        let text = serde_json::to_string(&record).map_err(|e| Error::Invalid(e.to_string()))?;
        let touched = i64::try_from(diff.images_new + diff.images_replaced).unwrap_or(i64::MAX);
        let none: Option<i64> = None;
        let values = params![
            reserved.change_id,
            "import",
            title,
            author,
            none,
            none,
            None::<String>,
            text,
            touched,
            boxes,
            "done",
            now
        ];
        self.run(&queries::INSERT_CHANGE, values)?;
        self.touch((reserved.image_id, last_image_id))?;
        self.replaced()?.into_iter().try_for_each(|id| self.touch((id, id)))
    }

    fn boxes_taken(&self, reserved: &Reserved) -> Result<i64, Error> {
        let sql = format!("SELECT count(*)::BIGINT FROM \"{}\".boxes WHERE box_id >= ? AND box_id < ?", self.dataset);
        let limit = reserved.box_id + self.n_boxes;
        Ok(self.connection.query_row(&sql, params![reserved.box_id, limit], |row| row.get(0))?)
    }

    fn touch(&self, range: (ImageId, ImageId)) -> Result<(), Error> {
        self.run(&queries::INSERT_UNFOLDED, params![self.writer.next_seq(), range.0, range.1])
    }

    fn replaced(&self) -> Result<Vec<ImageId>, Error> {
        let query = queries::SELECT_REPLACED;
        let mut statement = self.connection.prepare(query.sql).map_err(query.failed())?;
        let rows = statement.query_map([], |row| row.get("image_id")).map_err(query.failed())?;
        rows.collect::<Result<_, _>>().map_err(query.failed())
    }

    /// Colours are given by number, as [`Writer::add_class`] does.
    fn colour_classes(&self) -> Result<(), Error> {
        let d = &self.dataset;
        let mut statement =
            self.connection.prepare(&format!("SELECT class_id FROM \"{d}\".classes WHERE colour = ''"))?;
        let ids: Vec<i32> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for id in ids {
            let colour = class_colour(usize::try_from(id).unwrap_or_default());
            let sql = format!("UPDATE \"{d}\".classes SET colour = ? WHERE class_id = ?");
            self.connection.execute(&sql, params![colour, id])?;
        }
        Ok(())
    }

    fn run<P: duckdb::Params>(&self, query: &Query, values: P) -> Result<(), Error> {
        self.connection.execute(&query.of(&self.dataset), values).map_err(query.failed())?;
        Ok(())
    }

    fn count_plan(&self) -> Result<LoadDiff, Error> {
        let query = queries::COUNT_PLAN;
        let mut statement = self.connection.prepare(&query.of(&self.dataset)).map_err(query.failed())?;
        let counted = statement.query_row([], |row| {
            let n = |name: &str| row.get::<_, i64>(name).map(i64::unsigned_abs);
            let unchanged = n("boxes_unchanged")?;
            Ok(LoadDiff {
                images_new: n("images_new")?,
                images_same: n("images_same")?,
                images_silent: n("images_silent")?,
                images_kept: n("images_kept")?,
                images_replaced: n("images_replaced")?,
                boxes_new: n("boxes_new")?,
                boxes_added: n("boxes_replacing")? - unchanged,
                boxes_removed: n("boxes_replaced")? - unchanged,
                classes_new: n("classes_new")?,
            })
        });
        counted.map_err(query.failed())
    }

    fn refuse_duplicates(&self) -> Result<(), Error> {
        let query = queries::SELECT_STAGED_DUPLICATES;
        let mut statement = self.connection.prepare(query.sql).map_err(query.failed())?;
        let rows = statement.query_map([], |row| row.get::<_, String>("path")).map_err(query.failed())?;
        let twice: Vec<String> = rows.collect::<Result<_, _>>().map_err(query.failed())?;
        if twice.is_empty() {
            return Ok(());
        }
        Err(Error::Invalid(format!("the source has several images with the same path: {}", twice.join(", "))))
    }

    fn stage_classes(&mut self) -> Result<(), Error> {
        let mut appender = self.connection.appender("staged_classes")?;
        for (key, class) in self.classes.iter().enumerate() {
            let key = i32::try_from(key).unwrap_or(i32::MAX);
            appender.append_row(params![key, class.name, class.supercategory, class.source_id])?;
        }
        appender.flush()?;
        Ok(())
    }

    fn flush_images(&mut self) -> Result<(), Error> {
        if self.images.rows == 0 {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.images).finish()?;
        append(&self.connection, "staged_images", batch)
    }

    fn flush_boxes(&mut self) -> Result<(), Error> {
        if self.boxes.rows == 0 {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.boxes).finish()?;
        append(&self.connection, "staged_boxes", batch)
    }
}

fn append(connection: &Connection, table: &str, batch: RecordBatch) -> Result<(), Error> {
    let mut appender = connection.appender(table)?;
    appender.append_record_batch(batch)?;
    appender.flush()?;
    Ok(())
}
