//! `tator sql`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tator_store::{SqlAnswer, SqlFormat, SqlRequest};

use super::workspace::{Opened, open_existing};
use super::{Ending, WorkspaceFlag, answer, tell, terminal};

/// Rows that a table on the terminal shows.
const TABLE_ROWS: usize = 1000;
/// Characters of a cell of such a table; the other formats cut nothing.
const LONGEST_CELL: usize = 80;
/// Characters that a column keeps however narrow the terminal is.
const NARROWEST: usize = 8;
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
    let opened = open_existing(&command.workspace.workspace)?;
    match command.format {
        Format::Table => {
            let rows = rows(&opened, &command.statement, TABLE_ROWS)?;
            let mut table = Vec::new();
            write_table(&rows, command.out.is_none().then(terminal::width).flatten(), &mut table)?;
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
    if let Some(path) = &command.out {
        tell(&format!("wrote {}", path.display()));
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

/// Columns under their names, numbers to the right; what is too long for a cell, or for the terminal, is cut with `…`.
fn write_table(rows: &SqlAnswer, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let mut cells: Vec<Vec<String>> = rows.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let mut names: Vec<String> = rows.columns.iter().map(|c| c.name.clone()).collect();
    let longest = |i: usize| cells.iter().chain([&names]).map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths = fitted((0..names.len()).map(|i| longest(i).min(LONGEST_CELL)).collect(), width);
    for row in cells.iter_mut().chain([&mut names]) {
        row.iter_mut().zip(&widths).for_each(|(text, width)| cut(text, *width));
    }
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

/// Widths that fit the terminal: the widest columns give way first, none below [`NARROWEST`].
fn fitted(mut widths: Vec<usize>, terminal: Option<usize>) -> Vec<usize> {
    let Some(terminal) = terminal else { return widths };
    let gaps = 2 * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > terminal {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

fn cut(text: &mut String, width: usize) {
    if text.chars().count() > width {
        *text = text.chars().take(width.saturating_sub(1)).chain(['…']).collect();
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::String(text) => text.replace('\n', "⏎"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_give_way() {
        assert_eq!(fitted(vec![10, 60, 20], Some(60)), [10, 26, 20]);
        assert_eq!(fitted(vec![10, 60, 20], None), [10, 60, 20]);
        assert_eq!(fitted(vec![9, 60, 60], Some(10)), [8, 8, 8]);
        let mut text = "äöüäöü".to_owned();
        cut(&mut text, 4);
        assert_eq!(text, "äöü…");
    }
}
