//! T9: a statement that would never end does, and labelling goes on beside it.

use std::time::{Duration, Instant};

use tator_store::{Error, SqlCancel, SqlFormat, SqlRequest};

use crate::harness::cellar::{Cellar, add, coins};

const ENDLESS: &[&str] = &[
    "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1",
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "SELECT max(hash(range)) FROM range(1000000000000)",
];

#[test]
fn a_statement_stops_at_its_time_limit() {
    let cellar = Cellar::filled(1, 1);
    for sql in ENDLESS {
        let begun = Instant::now();
        let answer = cellar.reader().sql(&SqlRequest { seconds: 1, ..SqlRequest::new(*sql) });
        assert!(matches!(answer, Err(Error::TimedOut { seconds: 1, .. })), "{sql}: {answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{sql}: {:?}", begun.elapsed());
    }
    assert_eq!(cellar.reader().sql(&SqlRequest::new("SELECT 1")).unwrap().rows.len(), 1, "the next one is answered");
}

#[test]
fn texts_that_would_fill_the_memory_are_refused() {
    let cellar = Cellar::filled(1, 1);
    for sql in ["SELECT repeat('x', 100000000000)", "SELECT string_agg(repeat('x', 1000000), '') FROM range(1000000)"] {
        let answer = cellar.reader().sql(&SqlRequest { seconds: 5, ..SqlRequest::new(sql) });
        assert!(matches!(answer, Err(Error::Sql(_) | Error::TimedOut { .. })), "{sql}");
    }
    assert_eq!(cellar.reader().sql(&SqlRequest::new("SELECT 1")).unwrap().rows.len(), 1);
}

#[test]
fn edits_are_taken_while_a_statement_runs_and_another_thread_stops_it() {
    let cellar = Cellar::filled(3, 1);
    let cancel = SqlCancel::default();
    let request = SqlRequest { seconds: 60, cancel: Some(cancel.clone()), ..SqlRequest::new(ENDLESS[0]) };
    let reader = cellar.reader().clone();
    let running = std::thread::spawn(move || reader.sql(&request));
    let begun = Instant::now();
    for n in 0..20_u32 {
        cellar.edit(1, &format!("c{n}"), vec![add("n", f64::from(n), 1.0, 5.0, 5.0)]);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(!running.is_finished(), "the statement was still running");
    cancel.cancel();
    let answer = running.join().unwrap();
    assert!(matches!(answer, Err(Error::Interrupted)), "{answer:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(cellar.reader().image(&coins(), 1).unwrap().boxes.len(), 21);
}

#[test]
fn a_cancelled_request_does_not_start() {
    let cellar = Cellar::filled(1, 1);
    let cancel = SqlCancel::default();
    cancel.cancel();
    let answer = cellar.reader().sql(&SqlRequest { cancel: Some(cancel), ..SqlRequest::new(ENDLESS[0]) });
    assert!(matches!(answer, Err(Error::Interrupted)), "{answer:?}");
}

#[test]
fn rows_that_were_cut_are_announced() {
    let cellar = Cellar::filled(1, 1);
    let ask = |limit| cellar.reader().sql(&SqlRequest { limit, ..SqlRequest::new("FROM range(10)") }).unwrap();
    for (limit, rows, truncated) in [(9, 9, true), (10, 10, false), (11, 10, false), (0, 0, true)] {
        let answer = ask(limit);
        assert_eq!((answer.rows.len(), answer.truncated), (rows, truncated), "limit {limit}");
    }
}

#[test]
fn an_endless_export_stops_too() {
    let cellar = Cellar::filled(1, 1);
    let mut out = std::io::sink();
    let request = SqlRequest { seconds: 1, ..SqlRequest::new(ENDLESS[0]) };
    let answer = cellar.reader().sql_export(&request, SqlFormat::Csv, &mut out);
    assert!(matches!(answer, Err(Error::TimedOut { .. })), "{answer:?}");
    assert!(cellar.reader().sql_export(&SqlRequest::new("COPY (SELECT 1) TO 'x'"), SqlFormat::Csv, &mut out).is_err());
}
