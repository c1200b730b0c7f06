//! Reading the working set: what pages, commands and stages ask.

use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use duckdb::{Connection, Params, params};
use tator_domain::{Class, DatasetName, Image, ImageBox, ImageId};

use crate::columns;
use crate::counts::Counted;
use crate::engine::Engine;
use crate::filter::ImageFilter;
use crate::guard;
use crate::queries::{self, Query};
use crate::summary::{Change, ImageDetail, ImageHome, ImagePage, Neighbours};
use crate::vector_shelf::Shelf;
use crate::workspace::Folders;
use crate::{Error, Timestamp};

/// Reads the working set; cheap to clone, from any thread.
#[derive(Clone)]
pub struct Reader {
    pub(crate) engine: Engine,
    pub(crate) folders: Folders,
    pub(crate) counted: Arc<Mutex<Counted>>,
    pub(crate) shelf: Arc<Shelf>,
}

/// A dataset as its row has it.
#[derive(Debug, Clone)]
pub(crate) struct DatasetRow {
    pub name: DatasetName,
    pub task: String,
    pub home: ImageHome,
    pub created_at: Timestamp,
    pub next_image_id: i64,
    pub next_box_id: i64,
    pub next_class_id: i32,
    pub next_change_id: i64,
}

/// Where an image's bytes lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// Absolute path.
    pub path: std::path::PathBuf,
    /// BLAKE3 of the bytes as they were imported; may be empty.
    pub content_hash: String,
    /// Width of the upright picture in pixels.
    pub width: u32,
    /// Height of the upright picture in pixels.
    pub height: u32,
}

/// Runs a query of ours and gives its batches.
pub(crate) fn batches<P: Params>(
    connection: &Connection,
    query: &Query,
    sql: &str,
    params: P,
) -> Result<Vec<RecordBatch>, Error> {
    step_through(&mut connection.prepare(sql).map_err(query.failed())?, query, params)
}

/// As [`batches`], with the plan kept: for the few statements that look rows up by number, without sorting.
fn looked_up<P: Params>(
    connection: &Connection,
    query: &Query,
    sql: &str,
    params: P,
) -> Result<Vec<RecordBatch>, Error> {
    step_through(&mut *connection.prepare_cached(sql).map_err(query.failed())?, query, params)
}

/// By hand: the crate's iterator panics when a statement fails half-way, as an interrupted one does.
fn step_through<P: Params>(
    statement: &mut duckdb::Statement<'_>,
    query: &Query,
    params: P,
) -> Result<Vec<RecordBatch>, Error> {
    drop(statement.query_arrow(params).map_err(query.failed())?);
    let mut found = Vec::new();
    while let Some(columns) = statement.step().map_err(query.failed())? {
        found.push(RecordBatch::from(&columns));
    }
    Ok(found)
}

/// Collects the records of all batches.
pub(crate) fn records<T>(
    batches: &[RecordBatch],
    decode: impl Fn(&RecordBatch) -> Result<Vec<T>, Error>,
) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    for batch in batches {
        all.extend(decode(batch)?);
    }
    Ok(all)
}

/// A dataset that is not there says so by name.
pub(crate) fn find_dataset(connection: &Connection, dataset: &DatasetName) -> Result<DatasetRow, Error> {
    let known = dataset_rows(connection)?;
    known.into_iter().find(|row| row.name == *dataset).ok_or_else(|| Error::NotFound(format!("dataset {dataset}")))
}

pub(crate) fn dataset_rows(connection: &Connection) -> Result<Vec<DatasetRow>, Error> {
    let query = queries::SELECT_DATASETS;
    let mut statement = connection.prepare_cached(query.sql).map_err(query.failed())?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, String>("name")?,
            row.get::<_, String>("home")?,
            DatasetRow {
                name: "placeholder".parse().map_err(|_| duckdb::Error::InvalidQuery)?,
                task: row.get("task")?,
                home: ImageHome::Managed,
                created_at: row.get("created_us")?,
                next_image_id: row.get("next_image_id")?,
                next_box_id: row.get("next_box_id")?,
                next_class_id: row.get("next_class_id")?,
                next_change_id: row.get("next_change_id")?,
            },
        ))
    });
    let mut found = Vec::new();
    for row in rows.map_err(query.failed())? {
        let (name, home, mut dataset) = row.map_err(query.failed())?;
        dataset.name = name.parse().map_err(|e: tator_domain::BadName| Error::Invalid(e.to_string()))?;
        dataset.home = serde_json::from_str(&home).map_err(|e| Error::Invalid(format!("home of {name}: {e}")))?;
        found.push(dataset);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

pub(crate) fn image_record(connection: &Connection, dataset: &DatasetName, id: ImageId) -> Result<Image, Error> {
    let query = queries::SELECT_IMAGE;
    let found = looked_up(connection, &query, &query.of(dataset), [id])?;
    let image = records(&found, columns::images)?.pop();
    image.ok_or_else(|| Error::NotFound(format!("image {id} of {dataset}")))
}

pub(crate) fn boxes_on(connection: &Connection, dataset: &DatasetName, id: ImageId) -> Result<Vec<ImageBox>, Error> {
    let query = queries::SELECT_BOXES_BY_IMAGE;
    let mut boxes = records(&looked_up(connection, &query, &query.of(dataset), [id])?, columns::boxes)?;
    boxes.sort_unstable_by_key(|b| b.box_id);
    Ok(boxes)
}

pub(crate) fn class_records(connection: &Connection, dataset: &DatasetName) -> Result<Vec<Class>, Error> {
    let query = queries::SELECT_CLASSES;
    records(&batches(connection, &query, &query.of(dataset), [])?, columns::classes)
}

impl Reader {
    pub(crate) fn new(engine: Engine, folders: Folders) -> Self {
        Self { engine, folders, counted: Arc::default(), shelf: Arc::default() }
    }

    /// The names of all datasets, nothing counted.
    ///
    /// # Errors
    /// When the working set cannot be read.
    pub fn dataset_names(&self) -> Result<Vec<DatasetName>, Error> {
        self.engine.with(|c| Ok(dataset_rows(c)?.into_iter().map(|row| row.name).collect()))
    }

    /// The folders of the workspace.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// A page of the images that `filter` means, by number, after `after`.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn images(
        &self,
        dataset: &DatasetName,
        filter: &ImageFilter,
        after: Option<ImageId>,
        limit: usize,
    ) -> Result<ImagePage, Error> {
        self.filtered(dataset, filter, |c, predicate| {
            let query = queries::SELECT_IMAGE_PAGE;
            let wanted = i64::try_from(limit).unwrap_or(i64::MAX);
            let sql = query.of_where(dataset, predicate);
            let images = records(&batches(c, &query, &sql, [after.unwrap_or(-1), wanted])?, columns::images)?;
            let next = if images.len() == limit { images.last().map(|i| i.image_id) } else { None };
            Ok(ImagePage { images, next })
        })
    }

    /// All boxes of these images, by image and number.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn boxes_of(&self, dataset: &DatasetName, images: &[ImageId]) -> Result<Vec<ImageBox>, Error> {
        let (Some(first), Some(last)) = (images.iter().min(), images.iter().max()) else { return Ok(Vec::new()) };
        self.engine.with(|c| {
            find_dataset(c, dataset)?;
            let query = queries::SELECT_BOXES_OF_IMAGES;
            let wanted = serde_json::to_string(images).unwrap_or_default();
            records(&batches(c, &query, &query.of(dataset), params![first, last, wanted])?, columns::boxes)
        })
    }

    /// One image with its boxes.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn image(&self, dataset: &DatasetName, id: ImageId) -> Result<ImageDetail, Error> {
        self.engine.with(|c| {
            find_dataset(c, dataset)?;
            let image = image_record(c, dataset, id)?;
            let boxes = boxes_on(c, dataset, id)?;
            let (can_undo, can_redo) = crate::edits::undo_state(c, dataset, id)?;
            Ok(ImageDetail { revision: image.revision, image, boxes, can_undo, can_redo })
        })
    }

    /// How often an image's labels have changed.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn revision(&self, dataset: &DatasetName, id: ImageId) -> Result<i64, Error> {
        self.engine.with(|c| {
            find_dataset(c, dataset)?;
            Ok(image_record(c, dataset, id)?.revision)
        })
    }

    /// Where an image's bytes lie.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn image_file(&self, dataset: &DatasetName, id: ImageId) -> Result<ImageFile, Error> {
        let query = queries::SELECT_IMAGE_FILE;
        self.engine.with(|c| {
            let home = find_dataset(c, dataset)?.home;
            let mut statement = c.prepare(&query.of(dataset)).map_err(query.failed())?;
            let found = statement.query_row([id], |row| {
                let size: (u32, u32) = (row.get("width")?, row.get("height")?);
                Ok((row.get::<_, String>("file")?, row.get("content_hash")?, size))
            });
            let (file, content_hash, (width, height)) = match found {
                Err(duckdb::Error::QueryReturnedNoRows) => Err(Error::NotFound(format!("image {id} of {dataset}"))),
                other => other.map_err(query.failed()),
            }?;
            if file.is_empty() {
                return Err(Error::NotFound(format!(
                    "the file of image {id} of {dataset} (its labels came without pictures)"
                )));
            }
            let folder = match home {
                ImageHome::Managed => self.folders.dataset(dataset).join("images"),
                ImageHome::Linked { folder } => folder,
            };
            Ok(ImageFile { path: folder.join(file), content_hash, width, height })
        })
    }

    /// Where an image stands among those that `filter` means.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn neighbours(&self, dataset: &DatasetName, id: ImageId, filter: &ImageFilter) -> Result<Neighbours, Error> {
        self.filtered(dataset, filter, |c, predicate| {
            let query = queries::SELECT_NEIGHBOURS;
            let mut statement = c.prepare(&query.of_where(dataset, predicate)).map_err(query.failed())?;
            let found = statement.query_row([id; 6], |row| {
                let present: bool = row.get("present")?;
                Ok(Neighbours {
                    position: if present { row.get::<_, i64>("upto")?.unsigned_abs() } else { 0 },
                    total: row.get::<_, i64>("total")?.unsigned_abs(),
                    previous: row.get("previous")?,
                    next: row.get("next")?,
                    previous_unreviewed: row.get("previous_open")?,
                    next_unreviewed: row.get("next_open")?,
                })
            });
            found.map_err(query.failed())
        })
    }

    /// The history of a dataset, newest first, before change `before`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn history(&self, dataset: &DatasetName, before: Option<i64>, limit: usize) -> Result<Vec<Change>, Error> {
        let query = queries::SELECT_CHANGES_PAGE;
        self.engine.with(|c| {
            find_dataset(c, dataset)?;
            let mut statement = c.prepare(&query.of(dataset)).map_err(query.failed())?;
            let wanted = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map([before.unwrap_or(i64::MAX), wanted], |row| {
                Ok(Change {
                    change_id: row.get("change_id")?,
                    kind: row.get("kind")?,
                    title: row.get("title")?,
                    author: row.get("author")?,
                    image_id: row.get("image_id")?,
                    at: row.get("at_us")?,
                    n_images: row.get::<_, i64>("n_images")?.unsigned_abs(),
                    n_boxes: row.get::<_, i64>("n_boxes")?.unsigned_abs(),
                    status: row.get("status")?,
                })
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// Lends a connection and the filter's predicate; a condition written by a person is checked and run read-only.
    pub(crate) fn filtered<T>(
        &self,
        dataset: &DatasetName,
        filter: &ImageFilter,
        read: impl FnOnce(&Connection, &str) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.engine.with(|c| {
            find_dataset(c, dataset)?;
            let Some(condition) = filter.condition.as_deref().filter(|s| !s.trim().is_empty()) else {
                return read(c, &filter.predicate());
            };
            guard::check_condition(c, dataset, condition)?;
            guard::read_only(c, guard::CONDITION_SECONDS, || read(c, &filter.predicate()))
        })
    }
}
