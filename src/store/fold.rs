//! The fold: publishes what changed in the working set to the Lance tables, and the way back.
//!
//! Every change leaves a range of image numbers in `unfolded`. A fold reads those ranges and the rows of their images
//! in one snapshot, replaces these rows in the tables, and only then forgets the ranges it read. Killed anywhere in
//! between, the next fold does the same again: replacing rows by what they are is idempotent.

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use duckdb::Connection;
use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, ImageId};

use crate::datasets::{DatasetFile, SCHEMA_VERSION};
use crate::engine::lock;
use crate::lance_tables::{Lance, TableHealth};
use crate::queries::{self, Query};
use crate::reader;
use crate::workspace::write_whole;
use crate::writer::Writer;
use crate::{Error, columns};

/// The tables that are published, and the query that gives their rows.
const TABLES: [(&str, Query); 2] = [("images", queries::SELECT_FOLD_IMAGES), ("boxes", queries::SELECT_FOLD_BOXES)];

/// From this share of a dataset's images on, a fold writes the tables anew.
const REWRITE_SHARE: f64 = 0.25;

/// What a fold did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FoldReport {
    /// Images whose rows were published.
    pub images: u64,
    /// The tables were written anew rather than changed.
    pub rewritten: bool,
    /// A table was compacted.
    pub compacted: bool,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// What stands beside the published tables: enough to go on numbering when the working set is lost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Counters {
    schema_version: u32,
    next_image_id: i64,
    next_box_id: i64,
    next_class_id: i64,
    next_change_id: i64,
}

/// A range of changed images, and its place in the queue.
struct Unfolded {
    seqs: Vec<i64>,
    ranges: Vec<(ImageId, ImageId)>,
}

impl Writer {
    /// Publishes what changed in a dataset since the last fold.
    ///
    /// # Errors
    /// [`Error::Lance`] when a table cannot be written; the working set is untouched, the next fold tries again.
    pub fn fold(&self, dataset: &DatasetName) -> Result<FoldReport, Error> {
        let begun = std::time::Instant::now();
        let lance = lock(&self.lance);
        let connection = self.reader.engine.connect()?;
        connection.execute_batch("BEGIN TRANSACTION READ ONLY")?;
        let queue = read_queue(&connection, dataset)?;
        let never = !self.table(dataset, "boxes").exists() || !self.table(dataset, "classes").exists();
        if queue.seqs.is_empty() && !never {
            return Ok(FoldReport::default());
        }
        let affected = count_affected(&connection, dataset, &queue.ranges)?;
        let rewrite = never || affected.0 as f64 > REWRITE_SHARE * affected.1 as f64;
        let folder = self.reader.folders.tables_of(dataset);
        std::fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
        let connection = self.publish(&lance, connection, dataset, &queue.ranges, rewrite)?;
        connection.execute_batch("ROLLBACK")?;
        self.write_counters(dataset)?;
        self.save_people(dataset)?;
        self.forget_queue(dataset, &queue.seqs)?;
        let mut compacted = false;
        for table in ["images", "boxes"] {
            compacted |= lance.tidy(&self.table(dataset, table))?;
        }
        let ms = begun.elapsed().as_secs_f64() * 1000.0;
        Ok(FoldReport { images: affected.0, rewritten: rewrite, compacted, ms })
    }

    /// Whether a dataset has changes that are not published yet.
    ///
    /// # Errors
    /// When the working set cannot be read.
    pub fn needs_fold(&self, dataset: &DatasetName) -> Result<bool, Error> {
        self.reader.engine.with(|c| Ok(!read_queue(c, dataset)?.seqs.is_empty()))
    }

    /// How the published tables of a dataset stand.
    ///
    /// # Errors
    /// [`Error::Lance`] when a table cannot be opened.
    pub fn table_health(&self, dataset: &DatasetName) -> Result<Vec<(String, TableHealth)>, Error> {
        let lance = lock(&self.lance);
        let published = ["images", "boxes", "classes"].into_iter().filter(|t| self.table(dataset, t).exists());
        published.map(|t| Ok((t.to_owned(), lance.health(&self.table(dataset, t))?))).collect()
    }

    /// Builds the working set of a dataset from its published tables.
    ///
    /// # Errors
    /// [`Error::TooNew`], [`Error::Damaged`]; the published tables are only read.
    pub(crate) fn rebuild(&self, file: &DatasetFile) -> Result<(), Error> {
        if file.schema_version > SCHEMA_VERSION {
            let what = format!("dataset {}", file.name);
            return Err(Error::TooNew { what, found: file.schema_version, known: SCHEMA_VERSION });
        }
        let counters = self.read_counters(&file.name)?;
        let next = [counters.next_image_id, counters.next_box_id, counters.next_class_id, counters.next_change_id];
        self.add_dataset(file, next)?;
        let lance = lock(&self.lance);
        for table in ["images", "boxes", "classes"] {
            let path = self.table(&file.name, table);
            if !path.exists() {
                continue;
            }
            self.change(|state| {
                let mut appender = state.connection.appender_to_db(table, file.name.as_str())?;
                lance.scan(&path, &mut |batch| Ok(appender.append_record_batch(batch)?))?;
                appender.flush()?;
                Ok(())
            })?;
        }
        self.load_history(&file.name)?;
        self.load_people(&file.name)?;
        self.raise_counters(&file.name)
    }

    pub(crate) fn table(&self, dataset: &DatasetName, table: &str) -> PathBuf {
        self.reader.folders.tables_of(dataset).join(format!("{table}.lance"))
    }

    /// Writes the rows; gives the connection back, whose transaction is the snapshot.
    fn publish(
        &self,
        lance: &Lance,
        mut connection: Connection,
        dataset: &DatasetName,
        ranges: &[(ImageId, ImageId)],
        rewrite: bool,
    ) -> Result<Connection, Error> {
        for (table, query) in TABLES {
            let path = self.table(dataset, table);
            if rewrite {
                connection = stream_table(connection, query, query.of_where(dataset, "true"), |schema, batches| {
                    lance.replace(&path, schema, batches)
                })?;
            } else if !ranges.is_empty() {
                let predicate = in_ranges(ranges);
                let rows = reader::batches(&connection, &query, &query.of_where(dataset, &predicate), [])?;
                lance.replace_rows(&path, &predicate, rows.iter().map(published).collect::<Result<_, _>>()?)?;
            }
        }
        let query = queries::SELECT_FOLD_CLASSES;
        stream_table(connection, query, query.of(dataset), |schema, batches| {
            lance.replace(&self.table(dataset, "classes"), schema, batches)
        })
    }

    fn forget_queue(&self, dataset: &DatasetName, seqs: &[i64]) -> Result<(), Error> {
        if seqs.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = seqs.iter().map(ToString::to_string).collect();
        let query = queries::DELETE_UNFOLDED;
        self.change(|state| {
            let sql = query.of(dataset).replace("{seqs}", &list.join(","));
            state.connection.execute_batch(&sql).map_err(query.failed())
        })
    }

    fn write_counters(&self, dataset: &DatasetName) -> Result<(), Error> {
        let row = self.reader.engine.with(|c| reader::find_dataset(c, dataset))?;
        let counters = Counters {
            schema_version: SCHEMA_VERSION,
            next_image_id: row.next_image_id,
            next_box_id: row.next_box_id,
            next_class_id: i64::from(row.next_class_id),
            next_change_id: row.next_change_id,
        };
        let text = serde_json::to_vec_pretty(&counters).map_err(|e| Error::Invalid(e.to_string()))?;
        write_whole(&self.reader.folders.tables_of(dataset).join("counters.json"), &text)
    }

    fn read_counters(&self, dataset: &DatasetName) -> Result<Counters, Error> {
        let path = self.reader.folders.tables_of(dataset).join("counters.json");
        let Ok(text) = std::fs::read(&path) else {
            return Ok(Counters {
                next_image_id: 1,
                next_box_id: 1,
                next_class_id: 1,
                next_change_id: 1,
                ..Counters::default()
            });
        };
        serde_json::from_slice(&text).map_err(|e| Error::Damaged {
            path,
            why: e.to_string(),
            hint: "delete this file: numbering then goes on after the largest number in the tables".into(),
        })
    }

    /// No number that stands in a table is given out again, whatever the counters said.
    fn raise_counters(&self, dataset: &DatasetName) -> Result<(), Error> {
        self.change(|state| {
            let sql = format!(
                "UPDATE tator.datasets SET
                     next_image_id = greatest(next_image_id, (SELECT coalesce(max(image_id), 0) + 1 FROM \"{dataset}\".images)),
                     next_box_id = greatest(next_box_id, (SELECT coalesce(max(box_id), 0) + 1 FROM \"{dataset}\".boxes)),
                     next_class_id = greatest(next_class_id, (SELECT coalesce(max(class_id), 0) + 1 FROM \"{dataset}\".classes))
                 WHERE name = '{dataset}'"
            );
            state.connection.execute_batch(&sql)?;
            Ok(())
        })
    }
}

fn read_queue(connection: &Connection, dataset: &DatasetName) -> Result<Unfolded, Error> {
    let query = queries::SELECT_UNFOLDED;
    let mut statement = connection.prepare(&query.of(dataset)).map_err(query.failed())?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, i64>("seq")?, row.get::<_, i64>("first_image_id")?, row.get::<_, i64>("last_image_id")?))
    });
    let mut queue = Unfolded { seqs: Vec::new(), ranges: Vec::new() };
    for row in rows.map_err(query.failed())? {
        let (seq, first, last) = row.map_err(query.failed())?;
        queue.seqs.push(seq);
        if first <= last {
            queue.ranges.push((first, last));
        }
    }
    queue.ranges = merge_ranges(queue.ranges);
    Ok(queue)
}

/// Overlapping and neighbouring ranges become one.
fn merge_ranges(mut ranges: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    ranges.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// The ranges as a condition both engines understand; single images are gathered in one IN.
fn in_ranges(ranges: &[(ImageId, ImageId)]) -> String {
    let single: Vec<String> = ranges.iter().filter(|r| r.0 == r.1).map(|r| r.0.to_string()).collect();
    let mut parts: Vec<String> =
        ranges.iter().filter(|r| r.0 < r.1).map(|r| format!("(image_id >= {} AND image_id <= {})", r.0, r.1)).collect();
    if !single.is_empty() {
        parts.push(format!("image_id IN ({})", single.join(",")));
    }
    if parts.is_empty() { "false".into() } else { parts.join(" OR ") }
}

/// How many images the ranges hold, and how many there are.
fn count_affected(c: &Connection, dataset: &DatasetName, ranges: &[(ImageId, ImageId)]) -> Result<(u64, u64), Error> {
    let sql =
        format!("SELECT count(*) FILTER ({})::BIGINT, count(*)::BIGINT FROM \"{dataset}\".images", in_ranges(ranges));
    let (some, all): (i64, i64) = c.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((some.unsigned_abs(), all.unsigned_abs()))
}

/// The columns with the schema version in the table's metadata.
fn published_schema(schema: &Schema) -> SchemaRef {
    let version = [("tator.schema_version".to_owned(), SCHEMA_VERSION.to_string())];
    SchemaRef::new(schema.clone().with_metadata(version.into_iter().collect()))
}

fn published(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    Ok(batch.clone().with_schema(published_schema(&batch.schema()))?)
}

/// Streams a query into `write` through a bounded channel; the connection travels to the reading thread and back.
fn stream_table(
    connection: Connection,
    query: Query,
    sql: String,
    write: impl FnOnce(SchemaRef, crate::lance_tables::Batches) -> Result<u64, Error>,
) -> Result<Connection, Error> {
    let schema = columns::schema_of(&connection, &query, &sql)?;
    let (sender, receiver) = sync_channel(4);
    let reading = std::thread::spawn(move || {
        let streamed = stream_query(&connection, &query, &sql, &sender);
        drop(sender);
        (connection, streamed)
    });
    let schema = published_schema(&schema);
    let renamed = SchemaRef::clone(&schema);
    let batches = receiver.into_iter().map(move |b: RecordBatch| b.with_schema(SchemaRef::clone(&renamed)));
    let written = write(schema, Box::new(batches));
    let (connection, streamed) = reading.join().map_err(|_| Error::Invalid("the reading thread died".into()))?;
    written?;
    streamed?;
    Ok(connection)
}

fn stream_query(
    connection: &Connection,
    query: &Query,
    sql: &str,
    sender: &std::sync::mpsc::SyncSender<RecordBatch>,
) -> Result<(), Error> {
    let mut statement = connection.prepare(sql).map_err(query.failed())?;
    drop(statement.stream_arrow([]).map_err(query.failed())?);
    while let Some(rows) = statement.step().map_err(query.failed())? {
        if sender.send(RecordBatch::from(&rows)).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        assert_eq!(merge_ranges(vec![(5, 6), (1, 2), (3, 3), (9, 9)]), vec![(1, 3), (5, 6), (9, 9)]);
    }

    #[test]
    fn single_images_share_one_condition() {
        assert_eq!(in_ranges(&[(1, 3), (5, 5), (9, 9)]), "(image_id >= 1 AND image_id <= 3) OR image_id IN (5,9)");
    }
}
