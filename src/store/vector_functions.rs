//! Embeddings in SQL: `knn('coins.boxes', 7, 20)`, `embeddings('coins.boxes')` and `cosine(a, b)`.
//!
//! Arguments are names and numbers, never paths. What a person writes is a macro, which passes on the number of the open
//! workspace to the function behind it: DuckDB's own way to hand a function its surroundings is a raw pointer. The
//! search itself is another room's; whoever opens the workspace brings it.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use arrow::array::{ArrayRef, Float32Array, Float32Builder, Int64Array, ListBuilder, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use duckdb::core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId};
use duckdb::vtab::{BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk};
use tator_domain::DatasetName;

use crate::embeddings::EmbeddingOf;
use crate::engine::{self, lock};
use crate::reader::Reader;
use crate::vector_shelf::Shelf;
use crate::vectors::Vectors;
use crate::workspace::Folders;
use crate::{Error, queries};

/// Rows that DuckDB takes at a time.
const CHUNK: usize = 2_048;
/// Neighbours that one statement may ask for.
const MOST_NEIGHBOURS: i64 = 100_000;

/// Rows that are looked for beyond those that are wanted, for those that turn out to be stale.
const SPARE: usize = 32;

/// Finds the rows of a matrix that are most like a vector.
pub trait NearestSearch: Send + Sync {
    /// At most `k` rows with their cosines, best first.
    ///
    /// # Errors
    /// Why nothing can be compared, in words.
    fn nearest(&self, vectors: &Arc<Vectors>, query: &[f32], k: usize) -> Result<Vec<(usize, f32)>, String>;
}

/// What the functions need of an open workspace, without keeping it open.
struct Surroundings {
    engine: Weak<engine::Shared>,
    shelf: Weak<Shelf>,
    folders: Folders,
}

static OPEN: Mutex<BTreeMap<i64, Surroundings>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicI64 = AtomicI64::new(1);

/// Gives a workspace its functions.
pub(crate) fn register(reader: &Reader) -> Result<(), Error> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let surroundings = Surroundings {
        engine: reader.engine.downgrade(),
        shelf: Arc::downgrade(&reader.shelf),
        folders: reader.folders.clone(),
    };
    let mut open = lock(&OPEN);
    open.retain(|_, other| other.engine.strong_count() > 0);
    open.insert(number, surroundings);
    drop(open);
    let connection = reader.engine.connect()?;
    connection.register_table_function::<Knn>("tator_knn")?;
    connection.register_table_function::<Embeddings>("tator_embeddings")?;
    for query in [queries::CREATE_KNN, queries::CREATE_EMBEDDINGS, queries::CREATE_COSINE] {
        connection.execute_batch(&query.sql.replace("(-1,", &format!("({number},"))).map_err(query.failed())?;
    }
    Ok(())
}

fn reader_of(number: i64) -> Result<Reader, Error> {
    let gone = || Error::Invalid("use knn(…) and embeddings(…)".into());
    let open = lock(&OPEN);
    let found = open.get(&number).ok_or_else(gone)?;
    let engine = engine::Engine::upgrade(&found.engine).ok_or_else(gone)?;
    let shelf = found.shelf.upgrade().ok_or_else(gone)?;
    Ok(Reader { shelf, ..Reader::new(engine, found.folders.clone()) })
}

impl Reader {
    /// Brings the search that `knn` in SQL uses; once.
    pub fn set_search(&self, search: Arc<dyn NearestSearch>) {
        let _ = self.shelf.search.set(search);
    }

    /// The encoder that is meant where none is named: the only one, or the one with most current rows.
    ///
    /// # Errors
    /// [`Error::NotEmbedded`] when nothing was embedded.
    pub fn usual_encoder(&self, d: &DatasetName, of: EmbeddingOf) -> Result<String, Error> {
        let tables = self.embedding_tables(d)?;
        let tables = tables.into_iter().rev().filter(|table| table.meta.of == of);
        let best = tables.max_by_key(|table| table.rows).map(|table| table.meta.encoder);
        best.ok_or_else(|| nothing_embedded(d, of))
    }
}

/// Nothing was embedded yet, and what to do.
pub(crate) fn nothing_embedded(d: &DatasetName, of: EmbeddingOf) -> Error {
    Error::NotEmbedded { dataset: d.clone(), of }
}

/// `coins.boxes` in its parts.
fn parse_place(text: &str) -> Result<(DatasetName, EmbeddingOf), Error> {
    let wrong = || Error::Invalid(format!("{text:?} names no embeddings: write dataset.boxes or dataset.images"));
    let (name, of) = text.rsplit_once('.').ok_or_else(wrong)?;
    Ok((name.trim_matches('"').parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?))
}

/// Rows that a function gives, ready to be handed out.
pub(crate) struct Found {
    vectors: Arc<Vectors>,
    /// Rows of the matrix with their scores; `None` means all, with their vectors.
    rows: Option<Vec<(usize, f32)>>,
}

pub(crate) struct Progress {
    next: AtomicUsize,
    columns: Vec<u64>,
}

impl Found {
    fn count(&self) -> usize {
        self.rows.as_ref().map_or_else(|| self.vectors.count(), Vec::len)
    }

    fn row(&self, at: usize) -> usize {
        self.rows.as_ref().map_or(at, |rows| rows[at].0)
    }

    fn column(&self, column: u64, range: std::ops::Range<usize>) -> ArrayRef {
        let vectors = &self.vectors;
        match (column, &self.rows) {
            (0, _) => Arc::new(Int64Array::from_iter_values(range.map(|at| vectors.image_ids[self.row(at)]))),
            (1, _) => Arc::new(Int64Array::from_iter(range.map(|at| vectors.box_ids.get(self.row(at)).copied()))),
            (_, Some(rows)) => Arc::new(Float32Array::from_iter_values(range.map(|at| rows[at].1))),
            (_, None) => {
                let mut lists = ListBuilder::new(Float32Builder::with_capacity(range.len() * vectors.dims));
                for at in range {
                    lists.values().append_slice(vectors.row(at));
                    lists.append(true);
                }
                Arc::new(lists.finish())
            }
        }
    }

    fn write(&self, progress: &Progress, output: &mut DataChunkHandle) -> Result<(), Box<dyn StdError>> {
        let start = progress.next.fetch_add(CHUNK, Ordering::Relaxed).min(self.count());
        let range = start..(start + CHUNK).min(self.count());
        if range.is_empty() {
            output.set_len(0);
            return Ok(());
        }
        // Where no column is asked for (a count), DuckDB names the number of the row: any number will do.
        let known = |column: &u64| if *column > 2 { 0 } else { *column };
        let columns: Vec<ArrayRef> =
            progress.columns.iter().map(|column| self.column(known(column), range.clone())).collect();
        let fields: Vec<Field> =
            columns.iter().map(|column| Field::new("", column.data_type().clone(), true)).collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(range.len()));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)?;
        record_batch_to_duckdb_data_chunk(&batch, output)
    }
}

fn text_of(bind: &BindInfo, at: u64) -> Result<String, Error> {
    let value = bind.get_parameter(at);
    if value.is_null() { Err(Error::Invalid("an argument is NULL".into())) } else { Ok(value.to_string()) }
}

fn number_of(bind: &BindInfo, at: u64, what: &str) -> Result<i64, Error> {
    let value = bind.get_parameter(at);
    if value.is_null() { Err(Error::Invalid(format!("{what} is NULL"))) } else { Ok(value.to_int64()) }
}

fn add_columns(bind: &BindInfo, last: &str, kind: LogicalTypeHandle) {
    bind.add_result_column("image_id", LogicalTypeId::Bigint.into());
    bind.add_result_column("box_id", LogicalTypeId::Bigint.into());
    bind.add_result_column(last, kind);
}

/// Dataset, of what, and encoder.
type Chosen = (DatasetName, EmbeddingOf, String);

fn chosen(reader: &Reader, place: &str, encoder: String) -> Result<Chosen, Error> {
    let (d, of) = parse_place(place)?;
    let encoder = if encoder.is_empty() { reader.usual_encoder(&d, of)? } else { encoder };
    Ok((d, of, encoder))
}

/// `tator_embeddings(workspace, place, encoder)`
struct Embeddings;

impl VTab for Embeddings {
    type InitData = Progress;
    type BindData = Found;

    fn bind(bind: &BindInfo) -> Result<Found, Box<dyn StdError>> {
        let reader = reader_of(number_of(bind, 0, "the workspace")?)?;
        let (d, of, encoder) = chosen(&reader, &text_of(bind, 1)?, text_of(bind, 2)?)?;
        let vectors = reader.vectors(&d, &encoder, of)?;
        add_columns(bind, "vector", LogicalTypeHandle::list(&LogicalTypeId::Float.into()));
        bind.set_cardinality(vectors.count() as u64, true);
        Ok(Found { vectors, rows: None })
    }

    fn init(init: &InitInfo) -> Result<Progress, Box<dyn StdError>> {
        Ok(Progress { next: AtomicUsize::new(0), columns: init.get_column_indices() })
    }

    fn func(func: &TableFunctionInfo<Self>, output: &mut DataChunkHandle) -> Result<(), Box<dyn StdError>> {
        func.get_bind_data().write(func.get_init_data(), output)
    }

    fn supports_pushdown() -> bool {
        true
    }

    fn parameters() -> Option<Vec<LogicalTypeHandle>> {
        Some([LogicalTypeId::Bigint, LogicalTypeId::Varchar, LogicalTypeId::Varchar].map(Into::into).into())
    }
}

/// `tator_knn(workspace, place, id, k, encoder)`
struct Knn;

impl VTab for Knn {
    type InitData = Progress;
    type BindData = Found;

    fn bind(bind: &BindInfo) -> Result<Found, Box<dyn StdError>> {
        let reader = reader_of(number_of(bind, 0, "the workspace")?)?;
        let (d, of, encoder) = chosen(&reader, &text_of(bind, 1)?, text_of(bind, 4)?)?;
        let (id, k) = (number_of(bind, 2, "the number")?, number_of(bind, 3, "k")?);
        let k = usize::try_from(k.min(MOST_NEIGHBOURS)).ok().filter(|k| *k > 0);
        let k = k.ok_or_else(|| Error::Invalid("knn looks for k neighbours: k must be 1 or more".into()))?;
        let found = nearest_to(&reader, (d, of, encoder), id, k)?;
        add_columns(bind, "score", LogicalTypeId::Float.into());
        bind.set_cardinality(found.count() as u64, true);
        Ok(found)
    }

    fn init(init: &InitInfo) -> Result<Progress, Box<dyn StdError>> {
        Ok(Progress { next: AtomicUsize::new(0), columns: init.get_column_indices() })
    }

    fn func(func: &TableFunctionInfo<Self>, output: &mut DataChunkHandle) -> Result<(), Box<dyn StdError>> {
        func.get_bind_data().write(func.get_init_data(), output)
    }

    fn supports_pushdown() -> bool {
        true
    }

    fn parameters() -> Option<Vec<LogicalTypeHandle>> {
        use LogicalTypeId::{Bigint, Varchar};
        Some([Bigint, Varchar, Bigint, Bigint, Varchar].map(Into::into).into())
    }
}

/// The neighbours of a box or an image, itself left out, and rows that are stale by now.
fn nearest_to(reader: &Reader, (d, of, encoder): Chosen, id: i64, k: usize) -> Result<Found, Error> {
    let vectors = reader.vectors_lately(&d, &encoder, of)?;
    let told = |row: usize| (vectors.image_ids[row], vectors.id(row), vectors.keys[row]);
    let own = (0..vectors.count()).find(|row| vectors.id(*row) == id);
    let is_current =
        |row: &usize| reader.current_rows(&d, &vectors.meta(), &[told(*row)]).is_ok_and(|now| now == [true]);
    let thing = if of == EmbeddingOf::Boxes { "box" } else { "image" };
    let own = own.filter(is_current).ok_or_else(|| {
        Error::Invalid(format!("{thing} {id} of {d} has no current embedding by {encoder}: embed {of} again"))
    })?;
    let search = reader.shelf.search.get().ok_or_else(|| Error::Invalid("nobody here can search".into()))?;
    let rows = search.nearest(&vectors, vectors.row(own), k.saturating_add(SPARE)).map_err(Error::Invalid)?;
    let all: Vec<_> = rows.iter().map(|(row, _)| told(*row)).collect();
    let current = reader.current_rows(&d, &vectors.meta(), &all)?;
    let kept = rows.into_iter().zip(current).filter(|((row, _), current)| *current && *row != own);
    let rows = kept.map(|(found, _)| found).take(k).collect();
    Ok(Found { vectors, rows: Some(rows) })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn a_place_is_a_dataset_and_what_of_it() {
        assert!(matches!(parse_place("coins.boxes"), Ok((d, EmbeddingOf::Boxes)) if d.as_str() == "coins"));
        assert!(matches!(parse_place("\"coins\".images"), Ok((_, EmbeddingOf::Images))));
        for wrong in ["coins", "boxes", "coins.candidates", "../x.boxes", "coins.boxes.lance", ""] {
            assert!(parse_place(wrong).is_err(), "{wrong}");
        }
        assert!(reader_of(-1).is_err());
    }

    #[test]
    fn a_list_column_of_arrow_is_a_list_of_floats() {
        let vectors = Arc::new(Vectors {
            encoder: "e".into(),
            fingerprint: String::new(),
            of: EmbeddingOf::Images,
            recipe: String::new(),
            dims: 2,
            image_ids: vec![3, 9],
            box_ids: Vec::new(),
            keys: vec![0; 2],
            data: vec![1.0, 0.0, 0.0, 1.0],
        });
        let all = Found { vectors, rows: None };
        assert_eq!(all.column(0, 0..2).len(), 2);
        assert_eq!(all.column(1, 0..2).null_count(), 2);
        assert!(matches!(all.column(2, 1..2).data_type(), DataType::List(_)));
    }
}
