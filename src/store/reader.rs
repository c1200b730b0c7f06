//! Reading the working set: what pages, commands and stages ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use duckdb::{Connection, Params};
use tator_domain::{Class, ClassId, DatasetName, Image, ImageBox, ImageId, ImageState, Split};

use crate::columns;
use crate::engine::{Engine, lock};
use crate::filter::ImageFilter;
use crate::guard;
use crate::queries::{self, Query};
use crate::summary::{Change, ClassCount, DatasetSummary, Facets, ImageDetail, ImageHome, ImagePage, Neighbours};
use crate::workspace::Folders;
use crate::{Error, Timestamp};

/// Reads the working set; cheap to clone, from any thread.
#[derive(Clone)]
pub struct Reader {
    pub(crate) engine: Engine,
    pub(crate) folders: Folders,
    counted: Arc<Mutex<Counted>>,
}

/// Boxes and images of each class.
type ClassNumbers = Vec<(ClassId, u64, u64)>;

/// Class counts by statement, as long as the data stay what they were.
#[derive(Default)]
struct Counted {
    version: u64,
    by_statement: HashMap<String, Arc<ClassNumbers>>,
}

/// Statements whose counts are kept; people rarely look at more choices between two changes.
const COUNTS_KEPT: usize = 64;

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
}

/// Runs a query of ours and gives its batches.
pub(crate) fn batches<P: Params>(
    connection: &Connection,
    query: &Query,
    sql: &str,
    params: P,
) -> Result<Vec<RecordBatch>, Error> {
    let mut statement = connection.prepare(sql).map_err(query.failed())?;
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
    let mut statement = connection.prepare(query.sql).map_err(query.failed())?;
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
    Ok(found)
}

pub(crate) fn image_record(connection: &Connection, dataset: &DatasetName, id: ImageId) -> Result<Image, Error> {
    let query = queries::SELECT_IMAGE;
    let found = batches(connection, &query, &query.of(dataset), [id])?;
    let image = records(&found, columns::images)?.pop();
    image.ok_or_else(|| Error::NotFound(format!("image {id} of {dataset}")))
}

pub(crate) fn boxes_on(connection: &Connection, dataset: &DatasetName, id: ImageId) -> Result<Vec<ImageBox>, Error> {
    let query = queries::SELECT_BOXES_BY_IMAGE;
    records(&batches(connection, &query, &query.of(dataset), [id])?, columns::boxes)
}

pub(crate) fn class_records(connection: &Connection, dataset: &DatasetName) -> Result<Vec<Class>, Error> {
    let query = queries::SELECT_CLASSES;
    records(&batches(connection, &query, &query.of(dataset), [])?, columns::classes)
}

impl Reader {
    pub(crate) fn new(engine: Engine, folders: Folders) -> Self {
        Self { engine, folders, counted: Arc::default() }
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

    /// All datasets by name, with their sizes.
    ///
    /// # Errors
    /// When the working set cannot be read.
    pub fn datasets(&self) -> Result<Vec<DatasetSummary>, Error> {
        self.engine.with(|c| dataset_rows(c)?.into_iter().map(|row| summarise(c, row)).collect())
    }

    /// One dataset with its sizes.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn dataset(&self, dataset: &DatasetName) -> Result<DatasetSummary, Error> {
        self.engine.with(|c| summarise(c, find_dataset(c, dataset)?))
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
            let dense = last - first < 4 * i64::try_from(images.len()).unwrap_or(i64::MAX / 4);
            if !dense {
                return images.iter().try_fold(Vec::new(), |mut all, id| {
                    all.extend(boxes_on(c, dataset, *id)?);
                    Ok(all)
                });
            }
            let query = queries::SELECT_BOXES_BY_RANGE;
            let mut boxes = records(&batches(c, &query, &query.of(dataset), [first, last])?, columns::boxes)?;
            let wanted: std::collections::HashSet<_> = images.iter().collect();
            boxes.retain(|b| wanted.contains(&b.image_id));
            Ok(boxes)
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

    /// Where an image's bytes lie.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn image_file(&self, dataset: &DatasetName, id: ImageId) -> Result<ImageFile, Error> {
        let query = queries::SELECT_IMAGE_FILE;
        self.engine.with(|c| {
            let home = find_dataset(c, dataset)?.home;
            let mut statement = c.prepare(&query.of(dataset)).map_err(query.failed())?;
            let found = statement.query_row([id], |row| Ok((row.get::<_, String>("file")?, row.get("content_hash")?)));
            let (file, content_hash) = match found {
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
            Ok(ImageFile { path: folder.join(file), content_hash })
        })
    }

    /// How many images `filter` means, by state and split; the classes are left empty.
    fn image_facets(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Facets, Error> {
        self.filtered(dataset, filter, |c, predicate| {
            let query = queries::COUNT_FACETS;
            let mut statement = c.prepare(&query.of_where(dataset, predicate)).map_err(query.failed())?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, String>("state")?, row.get::<_, String>("split")?, row.get::<_, i64>("n")?))
            });
            let mut facets = Facets::default();
            let mut by_state = vec![0; ImageState::ALL.len()];
            let mut by_split = vec![0; Split::ALL.len()];
            for row in rows.map_err(query.failed())? {
                let (state, split, n) = row.map_err(query.failed())?;
                let n = n.unsigned_abs();
                facets.total += n;
                add_where(&mut by_state, ImageState::ALL.iter().position(|s| s.as_str() == state), n);
                add_where(&mut by_split, Split::ALL.iter().position(|s| s.as_str() == split), n);
            }
            facets.states = ImageState::ALL.iter().copied().zip(by_state).collect();
            facets.splits = Split::ALL.iter().copied().zip(by_split).collect();
            Ok(facets)
        })
    }

    /// How many images `filter` means in all, by state, split and class.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn facets(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Facets, Error> {
        let classes = self.class_facet(dataset, filter)?;
        Ok(Facets { classes, ..self.image_facets(dataset, filter)? })
    }

    /// As [`Reader::facets`], but the counts of each kind are of what would be left if that kind were chosen anew.
    ///
    /// # Errors
    /// As [`Reader::facets`].
    pub fn facets_around(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Facets, Error> {
        let mut facets = self.image_facets(dataset, filter)?;
        if filter.state.is_some() {
            facets.states = self.image_facets(dataset, &ImageFilter { state: None, ..filter.clone() })?.states;
        }
        if filter.split.is_some() {
            facets.splits = self.image_facets(dataset, &ImageFilter { split: None, ..filter.clone() })?.splits;
        }
        facets.classes = self.class_facet(dataset, &ImageFilter { class: None, ..filter.clone() })?;
        Ok(facets)
    }

    fn class_facet(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Vec<(ClassId, u64)>, Error> {
        self.filtered(dataset, filter, |c, predicate| {
            let among = if predicate == "true" {
                "true".to_owned()
            } else {
                format!("b.image_id IN (SELECT image_id FROM images WHERE {predicate})")
            };
            Ok(self.class_counts(c, dataset, &among)?.iter().map(|(id, _, images)| (*id, *images)).collect())
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

    /// Classes whose name holds `search`, by number, with how much there is of each.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn classes(&self, dataset: &DatasetName, search: Option<&str>, limit: usize) -> Result<Vec<ClassCount>, Error> {
        let wanted = search.unwrap_or_default().to_lowercase();
        self.engine.with(|c| {
            find_dataset(c, dataset)?;
            let counts = self.class_counts(c, dataset, "true")?;
            let counted = |class: Class| {
                let (_, n_boxes, n_images) = counts.iter().find(|n| n.0 == class.class_id).copied().unwrap_or_default();
                ClassCount { class, n_boxes, n_images }
            };
            let all = class_records(c, dataset)?.into_iter();
            Ok(all.filter(|class| class.name.to_lowercase().contains(&wanted)).take(limit).map(counted).collect())
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

    /// Boxes and images of each class; counted once for as long as nothing changes.
    fn class_counts(&self, c: &Connection, dataset: &DatasetName, among: &str) -> Result<Arc<ClassNumbers>, Error> {
        let query = queries::COUNT_BOXES_BY_CLASS;
        let sql = query.of_where(dataset, "true").replace("{among}", among);
        // Read before counting: a change in between makes the counts look older than they are, never newer.
        let version = self.engine.version();
        let mut counted = lock(&self.counted);
        if counted.version != version || counted.by_statement.len() > COUNTS_KEPT {
            *counted = Counted { version, by_statement: HashMap::new() };
        }
        if let Some(known) = counted.by_statement.get(&sql) {
            return Ok(Arc::clone(known));
        }
        drop(counted);
        let mut statement = c.prepare(&sql).map_err(query.failed())?;
        let rows = statement.query_map([], |row| {
            let n = |name: &str| row.get::<_, i64>(name).map(i64::unsigned_abs);
            Ok((row.get("class_id")?, n("n_boxes")?, n("n_images")?))
        });
        let fresh: ClassNumbers = rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())?;
        let fresh = Arc::new(fresh);
        let mut counted = lock(&self.counted);
        if counted.version == version {
            counted.by_statement.insert(sql, Arc::clone(&fresh));
        }
        Ok(fresh)
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

fn add_where(counts: &mut [u64], place: Option<usize>, n: u64) {
    if let Some(count) = place.and_then(|p| counts.get_mut(p)) {
        *count += n;
    }
}

fn summarise(c: &Connection, row: DatasetRow) -> Result<DatasetSummary, Error> {
    let query = queries::COUNT_ROWS;
    let mut statement = c.prepare(&query.of(&row.name)).map_err(query.failed())?;
    let (images, boxes, classes) = statement
        .query_row([], |r| Ok((r.get::<_, i64>("images")?, r.get::<_, i64>("boxes")?, r.get::<_, i64>("classes")?)))
        .map_err(query.failed())?;
    let query = queries::COUNT_FACETS;
    let mut statement = c.prepare(&query.of_where(&row.name, "true")).map_err(query.failed())?;
    let rows = statement
        .query_map([], |r| Ok((r.get::<_, String>("state")?, r.get::<_, String>("split")?, r.get::<_, i64>("n")?)))
        .map_err(query.failed())?;
    let counted: Vec<_> = rows.collect::<Result<_, _>>().map_err(query.failed())?;
    let sum = |is: &dyn Fn(&(String, String, i64)) -> bool| {
        counted.iter().filter(|r| is(r)).map(|r| r.2.unsigned_abs()).sum::<u64>()
    };
    Ok(DatasetSummary {
        states: ImageState::ALL.iter().map(|s| (*s, sum(&|r| r.0 == s.as_str()))).collect(),
        splits: Split::ALL.iter().map(|s| (*s, sum(&|r| r.1 == s.as_str()))).collect(),
        name: row.name,
        home: row.home,
        task: row.task,
        images: images.unsigned_abs(),
        boxes: boxes.unsigned_abs(),
        classes: classes.unsigned_abs(),
        created_at: row.created_at,
    })
}
