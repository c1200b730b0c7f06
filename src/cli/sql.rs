//! `tator sql`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tator_store::{SqlAnswer, SqlFormat, SqlRequest};

use super::workspace::{Opened, open};
use super::{Ending, WorkspaceFlag, answer, tell};

/// Rows that a table on the terminal shows.
const TABLE_ROWS: usize = 1000;
/// Seconds a statement may run from here, where nobody else waits for it.
const SECONDS: u64 = 300;

#[derive(Args)]
#[command(after_help = "Examples:
  tator sql \"SELECT state, count(*) FROM coins.images GROUP BY state\"
  tator sql \"FROM coins.boxes WHERE w < 8\" --format csv --out tiny.csv
  tator sql \"SHOW ALL TABLES\"")]
pub(super) struct Sql {
    /// One statement that reads: SELECT, WITH, FROM, EXPLAIN, DESCRIBE, SUMMARIZE, SHOW
    statement: String,
    /// How the rows are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
    Parquet,
}

pub(super) fn run(command: &Sql) -> anyhow::Result<Ending> {
    let opened = open(&command.workspace.workspace)?;
    match command.format {
        Format::Table => {
            let rows = rows(&opened, &command.statement, TABLE_ROWS)?;
            let mut table = Vec::new();
            write_table(&rows, &mut table)?;
            let mut out = target(command)?;
            out.write_all(&table)?;
            out.flush()?;
            if rows.truncated {
                tell(&format!("the first {TABLE_ROWS} rows of more; --format csv gives all"));
            }
        }
        // The server's own text, so that no number is read and written once more.
        Format::Json if matches!(opened, Opened::There(_)) => stream(&opened, command, SqlFormat::Json, "json")?,
        Format::Json => {
            let rows = rows(&opened, &command.statement, usize::MAX)?;
            let object = json!({ "columns": rows.columns, "rows": rows.rows, "truncated": rows.truncated });
            match &command.out {
                None => answer(&object.to_string()),
                Some(_) => {
                    let mut out = target(command)?;
                    serde_json::to_writer(&mut out, &object)?;
                    out.flush()?;
                }
            }
        }
        Format::Csv => stream(&opened, command, SqlFormat::Csv, "csv")?,
        Format::Parquet if command.out.is_none() => bail!("Parquet needs a file: add --out FILE"),
        Format::Parquet => stream(&opened, command, SqlFormat::Parquet, "parquet")?,
    }
    Ok(Ending::Done)
}

fn target(command: &Sql) -> anyhow::Result<Box<dyn Write + Send>> {
    Ok(match &command.out {
        None => Box::new(io::stdout()),
        Some(path) => {
            let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
            Box::new(BufWriter::new(file))
        }
    })
}

fn rows(opened: &Opened, statement: &str, limit: usize) -> anyhow::Result<SqlAnswer> {
    match opened {
        Opened::Here(bench) => {
            let request = SqlRequest { limit, seconds: SECONDS, ..SqlRequest::new(statement) };
            Ok(bench.reader().sql(&request)?)
        }
        Opened::There(server) => {
            let body = json!({ "sql": statement, "limit": limit.min(100_000), "seconds": 60 });
            Ok(serde_json::from_value(server.post("/api/v1/sql", &body)?)?)
        }
    }
}

fn stream(opened: &Opened, command: &Sql, format: SqlFormat, name: &str) -> anyhow::Result<()> {
    let mut out = target(command)?;
    match opened {
        Opened::Here(bench) => {
            let request = SqlRequest { seconds: SECONDS, ..SqlRequest::new(&command.statement) };
            bench.reader().sql_export(&request, format, &mut *out)?;
        }
        Opened::There(server) => {
            let body = json!({ "sql": command.statement, "format": name, "seconds": 60 });
            server.download("/api/v1/sql/export", &body, &mut *out)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Columns under their names, numbers to the right.
fn write_table(rows: &SqlAnswer, out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<Vec<String>> = rows.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let widths: Vec<usize> = (0..rows.columns.len())
        .map(|i| {
            cells
                .iter()
                .map(|row| row[i].chars().count())
                .chain([rows.columns[i].name.chars().count()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let names: Vec<String> = rows.columns.iter().map(|c| c.name.clone()).collect();
    let line = |values: &[String], numbers: &dyn Fn(usize) -> bool| {
        let padded = values.iter().enumerate().map(|(i, value)| {
            let gap = " ".repeat(widths[i].saturating_sub(value.chars().count()));
            if numbers(i) { format!("{gap}{value}") } else { format!("{value}{gap}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    writeln!(out, "{}", line(&names, &|_| false))?;
    writeln!(out, "{}", widths.iter().map(|w| "-".repeat(*w)).collect::<Vec<_>>().join("  "))?;
    for (row, values) in cells.iter().zip(&rows.rows) {
        writeln!(out, "{}", line(row, &|i| values[i].is_number()))?;
    }
    Ok(())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::String(text) => text.replace('\n', "⏎"),
        other => other.to_string(),
    }
}
