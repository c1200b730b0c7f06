//! Which statements of a person may run: read, and only the tables.
//!
//! The real parser decides (`json_serialize_sql`, which takes SELECT statements alone; DESCRIBE, SUMMARIZE and SHOW are
//! such underneath). Its tree is walked for functions that reach outside. Behind this stand the closed instance and a
//! read-only transaction: either alone would do for what it covers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use duckdb::{Connection, InterruptHandle};
use serde_json::Value;
use tator_domain::DatasetName;

use crate::Error;

/// How long a filter's condition may run.
pub(crate) const CONDITION_SECONDS: u64 = 10;

/// Table functions that only make or list rows.
const TABLE_FUNCTIONS: &[&str] = &[
    "range",
    "generate_series",
    "unnest",
    "repeat",
    "repeat_row",
    "json_each",
    "json_tree",
    "histogram",
    "histogram_values",
    "summary",
    "duckdb_columns",
    "duckdb_tables",
    "duckdb_views",
    "duckdb_functions",
    "duckdb_types",
    "duckdb_schemas",
    "duckdb_keywords",
    "pragma_table_info",
    "pragma_version",
    "show_tables",
    "regexp_split_to_table",
    "string_split_table",
    // Ours: they take names and numbers.
    "knn",
    "embeddings",
];

/// Scalar functions that read the process, change state or keep a thread busy on purpose.
const REFUSED_FUNCTIONS: &[&str] = &[
    "getenv",
    "nextval",
    "currval",
    "setseed",
    "write_log",
    "sleep_ms",
    "sleep",
    "current_setting",
    "read_text",
    "read_blob",
    "getvariable",
    "txid_current",
    "pg_sleep",
    "file_exists",
];

/// Parts of a query that read; anything else (an INSERT in a WITH, say) is refused.
const NODES: &[&str] = &["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"];

/// The statement that may run, checked.
///
/// # Errors
/// [`Error::Sql`] saying what is refused and what is allowed.
pub(crate) fn check_statement(connection: &Connection, sql: &str) -> Result<(), Error> {
    let body = strip_explain(sql);
    let tree: String = connection
        .query_row("SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", [body], |row| row.get(0))
        .map_err(|e| Error::Sql(plain_message(&e)))?;
    let tree: Value =
        serde_json::from_str(&tree).map_err(|e| Error::Sql(format!("the statement cannot be read: {e}")))?;
    if tree["error"].as_bool() == Some(true) {
        return Err(refusal(&tree));
    }
    match tree["statements"].as_array().map(Vec::len) {
        Some(1) => walk(&tree["statements"][0]),
        Some(0) | None => Err(Error::Sql("there is no statement to run".into())),
        Some(n) => Err(Error::Sql(format!("one statement at a time: this text has {n}"))),
    }
}

/// A condition is one boolean expression: it must not close the bracket it will stand in.
pub(crate) fn check_condition(connection: &Connection, dataset: &DatasetName, condition: &str) -> Result<(), Error> {
    check_expression(connection, condition)?;
    check_statement(connection, &format!("SELECT image_id FROM \"{dataset}\".images WHERE (\n{condition}\n)"))
}

/// An expression is one value: it must not close the bracket it will stand in.
pub(crate) fn check_expression(connection: &Connection, expression: &str) -> Result<(), Error> {
    // What closes one kind of bracket cannot close the other: `a) OR (b` reads well in the first and not in the second.
    check_statement(connection, &format!("SELECT (\n{expression}\n)"))?;
    check_statement(connection, &format!("SELECT [\n{expression}\n]"))
}

fn refusal(tree: &Value) -> Error {
    let message = tree["error_message"].as_str().unwrap_or("the statement cannot be read");
    if tree["error_type"].as_str() == Some("not implemented") {
        let allowed = "only reading is allowed here: SELECT, WITH, FROM, EXPLAIN, DESCRIBE, SUMMARIZE and SHOW";
        return Error::Sql(allowed.into());
    }
    let place = tree["position"].as_str().map(|p| format!(" (at character {p})")).unwrap_or_default();
    Error::Sql(format!("{message}{place}"))
}

/// EXPLAIN is not a SELECT for the parser: what it explains is.
fn strip_explain(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    if starts_with_word(rest, "explain") {
        rest = rest["explain".len()..].trim_start();
        if starts_with_word(rest, "analyze") {
            rest = rest["analyze".len()..].trim_start();
        }
    }
    rest
}

fn starts_with_word(text: &str, word: &str) -> bool {
    let head = text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    head && text[word.len()..].starts_with(|c: char| c.is_whitespace())
}

fn walk(node: &Value) -> Result<(), Error> {
    match node {
        Value::Array(items) => items.iter().try_for_each(walk),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
            if kind.ends_with("_NODE") && !NODES.contains(&kind) {
                return Err(Error::Sql("only reading is allowed here".into()));
            }
            // A table whose name looks like a file would be read from disk.
            if let ("BASE_TABLE" | "SHOW_REF", Some(name)) = (kind, fields.get("table_name").and_then(Value::as_str))
                && name.contains(['/', '\\', '.', ':', '*'])
            {
                return Err(Error::Sql(format!("{name:?} is no table; files cannot be read here")));
            }
            if kind == "TABLE_FUNCTION" {
                let name = fields.get("function").and_then(|f| f["function_name"].as_str()).unwrap_or_default();
                if !TABLE_FUNCTIONS.contains(&name.to_ascii_lowercase().as_str()) {
                    return Err(Error::Sql(format!("the table function {name} is not allowed here")));
                }
            }
            if let Some(name) = fields.get("function_name").and_then(Value::as_str)
                && REFUSED_FUNCTIONS.contains(&name.to_ascii_lowercase().as_str())
            {
                return Err(Error::Sql(format!("the function {name} is not allowed here")));
            }
            fields.values().try_for_each(walk)
        }
        _ => Ok(()),
    }
}

/// Runs `read` in a read-only transaction that is interrupted after `seconds`.
pub(crate) fn read_only<T>(c: &Connection, seconds: u64, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let watch = Watch::start(c.interrupt_handle(), seconds);
    c.execute_batch("BEGIN TRANSACTION READ ONLY")?;
    let answer = read();
    let timed_out = watch.stop();
    // The transaction only read; whether it ends well changes nothing.
    let _ = c.execute_batch("ROLLBACK");
    match answer {
        Err(_) if timed_out => {
            Err(Error::TimedOut { seconds, hint: "ask for less, or add a WHERE; the limit keeps labelling fast" })
        }
        Err(Error::Query { source, .. } | Error::Database(source)) => Err(classify(&source)),
        other => other,
    }
}

/// Interrupts a statement when its time is up.
pub(crate) struct Watch {
    stop: mpsc::Sender<()>,
    fired: Arc<AtomicBool>,
}

impl Watch {
    pub fn start(handle: Arc<InterruptHandle>, seconds: u64) -> Self {
        let (stop, stopped) = mpsc::channel();
        let fired = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&fired);
        std::thread::spawn(move || {
            if stopped.recv_timeout(Duration::from_secs(seconds)) == Err(mpsc::RecvTimeoutError::Timeout) {
                flag.store(true, Ordering::SeqCst);
                handle.interrupt();
            }
        });
        Self { stop, fired }
    }

    /// Whether the time was up.
    pub fn stop(self) -> bool {
        let _ = self.stop.send(());
        self.fired.load(Ordering::SeqCst)
    }
}

/// What DuckDB said, for the person who wrote the statement.
pub(crate) fn classify(error: &duckdb::Error) -> Error {
    let text = plain_message(error);
    if text.contains("INTERRUPT") || text.contains("Interrupted") { Error::Interrupted } else { Error::Sql(text) }
}

fn plain_message(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
