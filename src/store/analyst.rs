//! SQL for people: a statement of theirs, its limits, and its rows as JSON, CSV or Parquet.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use duckdb::{Connection, InterruptHandle};
use parquet::arrow::ArrowWriter;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;
use crate::engine::lock;
use crate::guard;
use crate::reader::Reader;

/// Bytes of rows that an answer may hold before it is cut.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// A statement of a person.
#[derive(Clone)]
pub struct SqlRequest {
    /// The statement.
    pub sql: String,
    /// Values for `?` or `$1` in it.
    pub params: Vec<Value>,
    /// Rows to give at most.
    pub limit: usize,
    /// Seconds it may run.
    pub seconds: u64,
    /// Lets somebody else stop it.
    pub cancel: Option<SqlCancel>,
}

impl SqlRequest {
    /// A statement with the usual limits: 1,000 rows, 10 seconds.
    #[must_use]
    pub fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), params: Vec::new(), limit: 1000, seconds: 10, cancel: None }
    }
}

/// Stops a running statement from another thread.
#[derive(Clone, Default)]
pub struct SqlCancel(Arc<Mutex<CancelState>>);

#[derive(Default)]
struct CancelState {
    cancelled: bool,
    running: Option<Arc<InterruptHandle>>,
}

impl SqlCancel {
    /// Stops the statement, or keeps it from starting.
    pub fn cancel(&self) {
        let mut state = lock(&self.0);
        state.cancelled = true;
        if let Some(handle) = &state.running {
            handle.interrupt();
        }
    }

    fn begin(&self, handle: Arc<InterruptHandle>) -> Result<(), Error> {
        let mut state = lock(&self.0);
        state.running = Some(handle);
        if state.cancelled { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// Its type, as SQL spells it.
    #[serde(rename = "type")]
    pub sql_type: String,
}

/// The rows of a statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SqlAnswer {
    /// The columns.
    pub columns: Vec<SqlColumn>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// There were more rows than were asked for.
    pub truncated: bool,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlFormat {
    /// RFC 4180 with a header.
    Csv,
    /// One JSON object: columns and rows.
    Json,
    /// Parquet, zstd.
    Parquet,
}

/// A table as the SQL page lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaTable {
    /// The dataset, or `tator`.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Names and types of its columns.
    pub columns: Vec<(String, String)>,
}

impl Reader {
    /// Runs a statement of a person and gives its rows.
    ///
    /// # Errors
    /// [`Error::Sql`] when it is refused or wrong, [`Error::TimedOut`], [`Error::Interrupted`].
    pub fn sql(&self, request: &SqlRequest) -> Result<SqlAnswer, Error> {
        let begun = Instant::now();
        let mut answer = SqlAnswer { columns: Vec::new(), rows: Vec::new(), truncated: false, ms: 0.0 };
        let mut bytes = 0;
        self.run(request, |schema, batch| {
            if answer.columns.is_empty() {
                answer.columns = columns_of(schema);
            }
            let Some(batch) = batch else { return Ok(true) };
            for row in 0..batch.num_rows() {
                if answer.rows.len() >= request.limit || bytes > MAX_ANSWER_BYTES {
                    answer.truncated = true;
                    return Ok(false);
                }
                let values: Vec<Value> =
                    batch.columns().iter().map(|c| json_value(c, row)).collect::<Result<_, _>>()?;
                bytes += values.iter().map(|v| v.as_str().map_or(16, str::len)).sum::<usize>();
                answer.rows.push(values);
            }
            Ok(true)
        })?;
        answer.ms = begun.elapsed().as_secs_f64() * 1000.0;
        Ok(answer)
    }

    /// Runs a statement of a person and writes all its rows; gives how many.
    ///
    /// # Errors
    /// As [`Reader::sql`], or [`Error::Io`].
    pub fn sql_export(
        &self,
        request: &SqlRequest,
        format: SqlFormat,
        out: &mut (dyn Write + Send),
    ) -> Result<u64, Error> {
        match format {
            SqlFormat::Csv => self.export_csv(request, out),
            SqlFormat::Parquet => self.export_parquet(request, out),
            SqlFormat::Json => {
                let whole = SqlRequest { limit: usize::MAX, ..request.clone() };
                let answer = self.sql(&whole)?;
                let object = serde_json::json!({ "columns": answer.columns, "rows": answer.rows, "truncated": false });
                writeln!(out, "{object}").map_err(Error::io("writing JSON"))?;
                Ok(answer.rows.len() as u64)
            }
        }
    }

    fn export_csv(&self, request: &SqlRequest, out: &mut (dyn Write + Send)) -> Result<u64, Error> {
        let written = || Error::io("writing CSV");
        let (mut rows, mut headed) = (0, false);
        self.run(request, |schema, batch| {
            if !headed {
                let names: Vec<_> = schema.fields().iter().map(|f| csv_field(f.name())).collect();
                writeln!(out, "{}", names.join(",")).map_err(written())?;
                headed = true;
            }
            let Some(batch) = batch else { return Ok(true) };
            let options = FormatOptions::default();
            let cells: Vec<_> =
                batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options)).collect::<Result<_, _>>()?;
            for row in 0..batch.num_rows() {
                let line: Vec<_> = cells.iter().map(|c| csv_field(&c.value(row).to_string())).collect();
                writeln!(out, "{}", line.join(",")).map_err(written())?;
                rows += 1;
            }
            Ok(true)
        })?;
        Ok(rows)
    }

    fn export_parquet(&self, request: &SqlRequest, out: &mut (dyn Write + Send)) -> Result<u64, Error> {
        let mut out = Some(out);
        let mut writer: Option<ArrowWriter<&mut (dyn Write + Send)>> = None;
        let mut rows = 0;
        self.run(request, |schema, batch| {
            if let Some(out) = out.take() {
                writer = Some(ArrowWriter::try_new(out, SchemaRef::clone(schema), None)?);
            }
            if let (Some(writer), Some(batch)) = (&mut writer, batch) {
                writer.write(batch)?;
                rows += batch.num_rows() as u64;
            }
            Ok(true)
        })?;
        if let Some(writer) = writer {
            writer.close()?;
        }
        Ok(rows)
    }

    /// The tables a person can ask, with their columns.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn schema(&self) -> Result<Vec<SchemaTable>, Error> {
        self.engine.with(|c| {
            let mut statement = c.prepare(
                // Tables of our own housekeeping (what a change took out, what is to be published) answer no question.
                "SELECT c.schema_name, c.table_name, c.column_name, c.data_type
                 FROM duckdb_columns() c
                 WHERE c.database_name = current_database() AND NOT c.internal
                   AND c.table_name NOT IN ('unfolded', 'meta') AND NOT starts_with(c.table_name, 'removed_')
                 ORDER BY c.schema_name = 'tator', c.schema_name, c.table_name, c.column_index",
            )?;
            let mut rows = statement.query([])?;
            let mut tables: Vec<SchemaTable> = Vec::new();
            while let Some(row) = rows.next()? {
                let (schema, name): (String, String) = (row.get(0)?, row.get(1)?);
                if tables.last().is_none_or(|t| t.schema != schema || t.name != name) {
                    tables.push(SchemaTable { schema, name, columns: Vec::new() });
                }
                if let Some(table) = tables.last_mut() {
                    table.columns.push((row.get(2)?, row.get(3)?));
                }
            }
            Ok(tables)
        })
    }

    /// Checks, then streams the batches to `take` until it says `false`; an answer without rows gives the schema alone.
    fn run(
        &self,
        request: &SqlRequest,
        mut take: impl FnMut(&SchemaRef, Option<&RecordBatch>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let connection = self.engine.connect()?;
        if let Some(cancel) = &request.cancel {
            cancel.begin(connection.interrupt_handle())?;
        }
        guard::read_only(&connection, request.seconds, || {
            guard::check_statement(&connection, &request.sql)?;
            stream(&connection, request, &mut take)
        })
    }
}

fn stream(
    connection: &Connection,
    request: &SqlRequest,
    take: &mut dyn FnMut(&SchemaRef, Option<&RecordBatch>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut statement = connection.prepare(&request.sql)?;
    let values: Vec<duckdb::types::Value> = request.params.iter().map(bound).collect();
    let schema = statement.stream_arrow(duckdb::params_from_iter(values))?.get_schema();
    take(&schema, None)?;
    // Stepping by hand: the crate's iterator panics when a statement fails half-way, as an interrupted one does.
    while let Some(columns) = statement.step()? {
        if !take(&schema, Some(&RecordBatch::from(&columns)))? {
            break;
        }
    }
    Ok(())
}

fn bound(value: &Value) -> duckdb::types::Value {
    use duckdb::types::Value as Bound;
    match value {
        Value::Null => Bound::Null,
        Value::Bool(b) => Bound::Boolean(*b),
        Value::Number(n) => n.as_i64().map_or_else(|| Bound::Double(n.as_f64().unwrap_or(f64::NAN)), Bound::BigInt),
        Value::String(s) => Bound::Text(s.clone()),
        other => Bound::Text(other.to_string()),
    }
}

fn csv_field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn columns_of(schema: &SchemaRef) -> Vec<SqlColumn> {
    schema.fields().iter().map(|f| SqlColumn { name: f.name().clone(), sql_type: sql_type(f.data_type()) }).collect()
}

/// SQL's name of a column type.
fn sql_type(kind: &DataType) -> String {
    match kind {
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Int8 => "TINYINT".into(),
        DataType::Int16 => "SMALLINT".into(),
        DataType::Int32 => "INTEGER".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::UInt8 => "UTINYINT".into(),
        DataType::UInt16 => "USMALLINT".into(),
        DataType::UInt32 => "UINTEGER".into(),
        DataType::UInt64 => "UBIGINT".into(),
        DataType::Float32 => "FLOAT".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR".into(),
        DataType::Timestamp(_, None) => "TIMESTAMP".into(),
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE".into(),
        DataType::Date32 => "DATE".into(),
        DataType::Decimal128(38, 0) => "HUGEINT".into(),
        DataType::Decimal128(width, scale) => format!("DECIMAL({width},{scale})"),
        DataType::List(item) | DataType::LargeList(item) => format!("{}[]", sql_type(item.data_type())),
        other => other.to_string().to_uppercase(),
    }
}

/// One value for JSON: numbers as numbers, lists as arrays, everything else as SQL would print it.
fn json_value(column: &ArrayRef, row: usize) -> Result<Value, Error> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match column.data_type() {
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            Value::Array((0..items.len()).map(|i| json_value(&items, i)).collect::<Result<_, _>>()?)
        }
        DataType::Int8
        | DataType::Int16
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float32
        | DataType::Decimal128(..) => number(&shown(column, row)?),
        _ => Value::String(shown(column, row)?),
    })
}

fn shown(column: &ArrayRef, row: usize) -> Result<String, Error> {
    Ok(ArrayFormatter::try_new(column, &FormatOptions::default())?.value(row).to_string())
}

fn number(text: &str) -> Value {
    text.parse::<i64>()
        .map(Value::from)
        .or_else(|_| text.parse::<f64>().map(Value::from))
        .unwrap_or_else(|_| text.into())
}
