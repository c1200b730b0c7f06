//! Lance: the open, versioned tables. Async ends here.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchIterator};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::TryStreamExt;
use lance::Dataset;
use lance::dataset::cleanup::CleanupPolicyBuilder;
use lance::dataset::optimize::{CompactionOptions, compact_files};
use lance::dataset::transaction::{Operation, Transaction, UpdateMode};
use lance::dataset::{CommitBuilder, InsertBuilder, WriteMode, WriteParams};
use tokio::runtime::Runtime;

use crate::Error;

/// Batches on their way into a table.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// Versions that stay readable beside the named ones, for programs that have one open.
const KEPT_VERSIONS: usize = 20;
/// Compaction waits for this many fragments …
const COMPACT_FRAGMENTS: usize = 24;
/// … or for this share of deleted rows.
const COMPACT_DELETED: f64 = 0.3;

/// The runtime that Lance needs, and nothing else.
pub(crate) struct Lance {
    /// `None` only while this is dropped.
    runtime: Option<Runtime>,
}

/// The last handle may go in async code, where a runtime must not wait for its threads.
impl Drop for Lance {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How a table stands, for the metrics page and the gates.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct TableHealth {
    /// Version that readers see.
    pub version: u64,
    /// Data files.
    pub fragments: usize,
    /// Rows that count.
    pub rows: usize,
    /// Rows that are deleted but still on disk.
    pub deleted_rows: usize,
}

fn failed<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> Error + use<'_, E> {
    move |error| Error::Lance { table: table_name(path), message: error.to_string() }
}

/// `coins/boxes` for `…/tables/coins/boxes.lance`.
fn table_name(path: &Path) -> String {
    let dataset = path.parent().and_then(Path::file_name).unwrap_or_default();
    format!("{}/{}", dataset.to_string_lossy(), path.file_stem().unwrap_or_default().to_string_lossy())
}

impl Lance {
    pub fn new() -> Result<Self, Error> {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).thread_name("lance").enable_all().build();
        Ok(Self { runtime: Some(runtime.map_err(Error::io("starting the Lance runtime"))?) })
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.as_ref().expect("the runtime is there until this is dropped").block_on(work)
    }

    fn open(&self, path: &Path) -> Result<Dataset, Error> {
        self.block_on(Dataset::open(&path.to_string_lossy())).map_err(failed(path))
    }

    /// Writes the whole table as a new version; older versions stay.
    pub fn replace(&self, path: &Path, schema: SchemaRef, batches: Batches) -> Result<u64, Error> {
        let mode = if path.exists() { WriteMode::Overwrite } else { WriteMode::Create };
        let params = WriteParams { mode, skip_auto_cleanup: true, ..WriteParams::default() };
        let reader = RecordBatchIterator::new(batches, schema);
        let uri = path.to_string_lossy();
        let written = self.block_on(Dataset::write(reader, &*uri, Some(params))).map_err(failed(path))?;
        Ok(written.version_id())
    }

    /// Replaces the rows that `predicate` names by `batches`, in one commit: readers see the old rows or the new ones.
    ///
    /// Rows are found by image, not joined by box number, so that a deleted box needs no case of its own; what this and a
    /// `merge_insert` cost stands in BENCHMARKS.md.
    pub fn replace_rows(&self, path: &Path, predicate: &str, batches: Vec<RecordBatch>) -> Result<u64, Error> {
        let dataset = Arc::new(self.open(path)?);
        self.block_on(replace_rows(dataset, predicate, batches)).map_err(failed(path))
    }

    /// All rows of a table, batch by batch.
    pub fn scan(&self, path: &Path, take: &mut dyn FnMut(RecordBatch) -> Result<(), Error>) -> Result<(), Error> {
        let dataset = self.open(path)?;
        let mut scan = dataset.scan();
        scan.scan_in_order(true);
        let mut stream = self.block_on(scan.try_into_stream()).map_err(failed(path))?;
        while let Some(batch) = self.block_on(stream.try_next()).map_err(failed(path))? {
            take(batch)?;
        }
        Ok(())
    }

    /// The version that readers see.
    pub fn version(&self, path: &Path) -> Result<u64, Error> {
        Ok(self.open(path)?.version_id())
    }

    /// What a table says about itself.
    pub fn metadata(&self, path: &Path) -> Result<HashMap<String, String>, Error> {
        Ok(self.open(path)?.schema().metadata.clone())
    }

    /// Some columns of all rows of one version, in that order, batch by batch.
    pub fn scan_columns(
        &self,
        path: &Path,
        version: u64,
        columns: &[&str],
        take: &mut dyn FnMut(RecordBatch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let dataset = self.open(path)?;
        let dataset = self.block_on(dataset.checkout_version(version)).map_err(failed(path))?;
        let mut scan = dataset.scan();
        scan.scan_in_order(true).project(columns).map_err(failed(path))?;
        let mut stream = self.block_on(scan.try_into_stream()).map_err(failed(path))?;
        while let Some(batch) = self.block_on(stream.try_next()).map_err(failed(path))? {
            take(batch)?;
        }
        Ok(())
    }

    /// How a table stands.
    pub fn health(&self, path: &Path) -> Result<TableHealth, Error> {
        let dataset = self.open(path)?;
        self.block_on(async {
            let rows = dataset.count_rows(None).await.map_err(failed(path))?;
            let deleted_rows = dataset.count_deleted_rows().await.map_err(failed(path))?;
            Ok(TableHealth { version: dataset.version_id(), fragments: dataset.count_fragments(), rows, deleted_rows })
        })
    }

    /// Compacts a table when it has many fragments or many dead rows, and drops old unnamed versions.
    ///
    /// Files that no manifest lists are left alone: they may belong to another program that is writing.
    pub fn tidy(&self, path: &Path) -> Result<bool, Error> {
        let health = self.health(path)?;
        let dead = health.deleted_rows as f64 / (health.rows + health.deleted_rows).max(1) as f64;
        if health.fragments < COMPACT_FRAGMENTS && dead < COMPACT_DELETED {
            return Ok(false);
        }
        let mut dataset = self.open(path)?;
        self.block_on(async {
            let options = CompactionOptions { materialize_deletions_threshold: 0.05, ..CompactionOptions::default() };
            compact_files(&mut dataset, options, None).await.map_err(failed(path))?;
            let policy = CleanupPolicyBuilder::default().delete_unverified(false).error_if_tagged_old_versions(false);
            let policy = policy.retain_n_versions(&dataset, KEPT_VERSIONS).await.map_err(failed(path))?;
            dataset.cleanup_with_policy(policy.build()).await.map_err(failed(path))?;
            Ok(true)
        })
    }

    /// Names the version that readers see now, whatever had the name before; a named version is never cleaned up.
    pub fn tag(&self, path: &Path, name: &str) -> Result<(), Error> {
        let dataset = self.open(path)?;
        let version = dataset.version_id();
        let named = self.block_on(async {
            let tags = dataset.tags();
            if tags.list().await?.contains_key(name) {
                tags.update(name, version).await
            } else {
                tags.create(name, version).await
            }
        });
        named.map_err(failed(path))
    }

    /// The named versions of a table by name: version number, and when it was named.
    pub fn tags(&self, path: &Path) -> Result<Vec<Tag>, Error> {
        let dataset = self.open(path)?;
        let tags = self.block_on(dataset.tags().list()).map_err(failed(path))?;
        let mut named: Vec<_> = tags
            .into_iter()
            .map(|(name, tag)| Tag {
                name,
                version: tag.version,
                named_at: tag.created_at.map(|at| at.timestamp_micros()),
            })
            .collect();
        named.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(named)
    }

    /// How many rows a version of a table has.
    pub fn rows_at(&self, path: &Path, tag: &str) -> Result<u64, Error> {
        let dataset = self.open(path)?;
        let rows = self.block_on(async { dataset.checkout_version(tag).await?.count_rows(None).await });
        Ok(rows.map_err(failed(path))? as u64)
    }
}

/// A named version of a table.
pub(crate) struct Tag {
    pub name: String,
    pub version: u64,
    pub named_at: Option<i64>,
}

async fn replace_rows(dataset: Arc<Dataset>, predicate: &str, batches: Vec<RecordBatch>) -> lance::Result<u64> {
    let (mut updated, mut removed) = (Vec::new(), Vec::new());
    let touched = if predicate == "false" { Vec::new() } else { dataset.get_fragments() };
    for fragment in touched {
        let before = fragment.metadata().clone();
        match fragment.delete(predicate).await? {
            None => removed.push(before.id),
            Some(after) if after.metadata().deletion_file != before.deletion_file => {
                updated.push(after.metadata().clone());
            }
            Some(_) => {}
        }
    }
    let new_fragments = if batches.iter().all(|b| b.num_rows() == 0) {
        Vec::new()
    } else {
        let params = WriteParams { mode: WriteMode::Append, skip_auto_cleanup: true, ..WriteParams::default() };
        let insert = InsertBuilder::new(Arc::clone(&dataset)).with_params(&params).execute_uncommitted(batches).await?;
        match insert.operation {
            Operation::Append { fragments } => fragments,
            _ => Vec::new(),
        }
    };
    if updated.is_empty() && removed.is_empty() && new_fragments.is_empty() {
        return Ok(dataset.version_id());
    }
    let operation = Operation::Update {
        removed_fragment_ids: removed,
        updated_fragments: updated,
        new_fragments,
        fields_modified: Vec::new(),
        compacted_sstables: Vec::new(),
        fields_for_preserving_frag_bitmap: Vec::new(),
        update_mode: Some(UpdateMode::RewriteRows),
        inserted_rows_filter: None,
        updated_fragment_offsets: None,
    };
    let transaction = Transaction::new(dataset.version_id(), operation, None);
    let committed = CommitBuilder::new(dataset).with_skip_auto_cleanup(true).execute(transaction).await?;
    Ok(committed.version_id())
}
