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

/// Class counts by statement, as long as the data stay what they were.
#[derive(Default)]
pub(crate) struct Counted {
    version: u64,
    by_statement: HashMap<String, Arc<ClassNumbers>>,
}

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
