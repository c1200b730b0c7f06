//! Counting: how big datasets are, and how many images a filter leaves by what can be filtered next.

use std::collections::HashMap;
use std::sync::Arc;

use duckdb::Connection;
use tator_domain::{Class, ClassId, DatasetName, ImageState, Split};

use crate::engine::lock;
use crate::filter::ImageFilter;
use crate::reader::{DatasetRow, Reader, class_records, dataset_rows, find_dataset};
use crate::summary::{ClassCount, DatasetSummary, Facets};
use crate::{Error, queries};

/// Boxes and images of each class.
type ClassNumbers = Vec<(ClassId, u64, u64)>;

/// Counts by statement, as long as the data stay what they were.
#[derive(Default)]
pub(crate) struct Counted {
    version: u64,
    of_classes: HashMap<String, Arc<ClassNumbers>>,
    of_images: HashMap<String, Arc<Facets>>,
}

/// The place of one kind of counts.
type Kept<T> = fn(&mut Counted) -> &mut HashMap<String, Arc<T>>;

/// Statements whose counts are kept; people rarely look at more choices between two changes.
const COUNTS_KEPT: usize = 64;

impl Reader {
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

    /// How many images `filter` means, by state and split; the classes are left empty.
    fn image_facets(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Arc<Facets>, Error> {
        self.filtered(dataset, filter, |c, predicate| {
            let sql = queries::COUNT_FACETS.of_where(dataset, predicate);
            self.counted_once(
                |kept| &mut kept.of_images,
                sql,
                |sql| {
                    let counted = states_and_splits(c, sql)?;
                    Ok(Facets {
                        total: sum(&counted, |_| true),
                        states: by_state(&counted),
                        splits: by_split(&counted),
                        classes: Vec::new(),
                    })
                },
            )
        })
    }

    /// How many images `filter` means in all, by state, split and class.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn facets(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Facets, Error> {
        let classes = self.class_facet(dataset, filter)?;
        Ok(Facets { classes, ..Facets::clone(&*self.image_facets(dataset, filter)?) })
    }

    /// As [`Reader::facets`], but the counts of each kind are of what would be left if that kind were chosen anew.
    ///
    /// # Errors
    /// As [`Reader::facets`].
    pub fn facets_around(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Facets, Error> {
        let mut facets = Facets::clone(&*self.image_facets(dataset, filter)?);
        if filter.state.is_some() {
            let around = ImageFilter { state: None, ..filter.clone() };
            facets.states.clone_from(&self.image_facets(dataset, &around)?.states);
        }
        if filter.split.is_some() {
            let around = ImageFilter { split: None, ..filter.clone() };
            facets.splits.clone_from(&self.image_facets(dataset, &around)?.splits);
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

    /// Boxes and images of each class.
    fn class_counts(&self, c: &Connection, dataset: &DatasetName, among: &str) -> Result<Arc<ClassNumbers>, Error> {
        let query = queries::COUNT_BOXES_BY_CLASS;
        let sql = query.of_where(dataset, "true").replace("{among}", among);
        self.counted_once(
            |kept| &mut kept.of_classes,
            sql,
            |sql| {
                let mut statement = c.prepare(sql).map_err(query.failed())?;
                let rows = statement.query_map([], |row| {
                    let n = |name: &str| row.get::<_, i64>(name).map(i64::unsigned_abs);
                    Ok((row.get("class_id")?, n("n_boxes")?, n("n_images")?))
                });
                rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
            },
        )
    }

    /// What `count` makes of a statement, kept for as long as nothing changes.
    fn counted_once<T>(
        &self,
        place: Kept<T>,
        sql: String,
        count: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<Arc<T>, Error> {
        // Read before counting: a change in between makes the counts look older than they are, never newer.
        let version = self.engine.version();
        let mut counted = lock(&self.counted);
        if counted.version != version || counted.of_classes.len() + counted.of_images.len() > COUNTS_KEPT {
            *counted = Counted { version, ..Counted::default() };
        }
        if let Some(known) = place(&mut counted).get(&sql) {
            return Ok(Arc::clone(known));
        }
        drop(counted);
        let fresh = Arc::new(count(&sql)?);
        let mut counted = lock(&self.counted);
        if counted.version == version {
            place(&mut counted).insert(sql, Arc::clone(&fresh));
        }
        Ok(fresh)
    }
}

/// Images by state and split, as [`queries::COUNT_FACETS`] gives them.
type StatesAndSplits = Vec<(String, String, i64)>;

fn states_and_splits(c: &Connection, sql: &str) -> Result<StatesAndSplits, Error> {
    let query = queries::COUNT_FACETS;
    let mut statement = c.prepare(sql).map_err(query.failed())?;
    let rows = statement.query_map([], |row| Ok((row.get("state")?, row.get("split")?, row.get("n")?)));
    rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
}

fn sum(counted: &StatesAndSplits, is: impl Fn(&(String, String, i64)) -> bool) -> u64 {
    counted.iter().filter(|row| is(row)).map(|row| row.2.unsigned_abs()).sum()
}

fn by_state(counted: &StatesAndSplits) -> Vec<(ImageState, u64)> {
    ImageState::ALL.iter().map(|state| (*state, sum(counted, |row| row.0 == state.as_str()))).collect()
}

fn by_split(counted: &StatesAndSplits) -> Vec<(Split, u64)> {
    Split::ALL.iter().map(|split| (*split, sum(counted, |row| row.1 == split.as_str()))).collect()
}

fn summarise(c: &Connection, row: DatasetRow) -> Result<DatasetSummary, Error> {
    let query = queries::COUNT_ROWS;
    let mut statement = c.prepare(&query.of(&row.name)).map_err(query.failed())?;
    let (images, boxes, classes) = statement
        .query_row([], |r| Ok((r.get::<_, i64>("images")?, r.get::<_, i64>("boxes")?, r.get::<_, i64>("classes")?)))
        .map_err(query.failed())?;
    let counted = states_and_splits(c, &queries::COUNT_FACETS.of_where(&row.name, "true"))?;
    Ok(DatasetSummary {
        states: by_state(&counted),
        splits: by_split(&counted),
        name: row.name,
        home: row.home,
        task: row.task,
        images: images.unsigned_abs(),
        boxes: boxes.unsigned_abs(),
        classes: classes.unsigned_abs(),
        created_at: row.created_at,
    })
}
