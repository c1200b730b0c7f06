//! T8: what a statement of a person may not do, and what it may.

use std::path::Path;

use tator_store::{Error, ImageFilter, SqlRequest};

use crate::harness::cellar::{Cellar, coins};
use crate::harness::rows::{number, rows};
use crate::harness::trees;

/// Statements that must be refused; `@` is a file outside the workspace, `~` the folder of the tables.
const REFUSED: &[&str] = &[
    // Files.
    "SELECT * FROM read_text('@')",
    "SELECT * FROM read_blob('@')",
    "SELECT * FROM read_csv('@')",
    "SELECT * FROM read_csv_auto('@')",
    "SELECT * FROM sniff_csv('@')",
    "SELECT * FROM read_json('@')",
    "SELECT * FROM read_json_auto('@')",
    "SELECT * FROM read_json_objects('@')",
    "SELECT * FROM read_ndjson('@')",
    "SELECT * FROM read_parquet('@')",
    "SELECT * FROM parquet_scan('@')",
    "SELECT * FROM parquet_metadata('@')",
    "SELECT * FROM parquet_schema('@')",
    "SELECT * FROM read_duckdb('@')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM glob('~/*')",
    "SELECT * FROM '@'",
    "SELECT * FROM \"@\"",
    "FROM '@'",
    "TABLE '@'",
    "SELECT * FROM '~/canary.csv'",
    "SELECT * FROM read_text('~/canary.csv')",
    "SELECT * FROM 'https://example.org/a.parquet'",
    "SELECT * FROM read_csv('http://127.0.0.1:1/a.csv')",
    "SELECT * FROM read_parquet('s3://bucket/a.parquet')",
    "SELECT (SELECT content FROM read_text('@'))",
    "WITH t AS (FROM read_text('@')) SELECT * FROM t",
    "SELECT * FROM coins.boxes WHERE box_id IN (SELECT length(content) FROM read_text('@'))",
    "SELECT * FROM range(1), LATERAL (SELECT * FROM read_text('@'))",
    "SELECT * FROM coins.boxes UNION ALL SELECT * FROM read_csv('@')",
    "DESCRIBE SELECT * FROM read_csv('@')",
    "DESCRIBE '@'",
    "SUMMARIZE '@'",
    "EXPLAIN SELECT * FROM read_csv('@')",
    "EXPLAIN ANALYZE SELECT * FROM read_csv('@')",
    "SELECT * FROM query('FROM read_text(''@'')')",
    "SELECT * FROM query_table('@')",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM test_all_types()",
    // Writing.
    "COPY coins.boxes TO '~/out.csv'",
    "COPY (SELECT 1) TO '~/out.parquet' (FORMAT parquet)",
    "COPY (SELECT 1) TO '@.out'",
    "COPY coins.boxes FROM '@'",
    "EXPLAIN COPY (SELECT 1) TO '~/out.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '~/out.csv'",
    "EXPORT DATABASE '~/dump'",
    "IMPORT DATABASE '~/dump'",
    "CREATE TABLE t (a INTEGER)",
    "CREATE TEMP TABLE t AS SELECT 1",
    "CREATE VIEW coins.v AS SELECT 1",
    "CREATE SCHEMA other",
    "CREATE MACRO m() AS 1",
    "CREATE SEQUENCE s",
    "CREATE TYPE t AS ENUM ('a')",
    "CREATE INDEX i ON coins.boxes (x)",
    "CREATE SECRET s (TYPE s3)",
    "CREATE PERSISTENT SECRET s (TYPE s3)",
    "DROP TABLE coins.boxes",
    "DROP SCHEMA coins CASCADE",
    "ALTER TABLE coins.boxes DROP COLUMN x",
    "TRUNCATE coins.boxes",
    "INSERT INTO coins.boxes SELECT * FROM coins.boxes",
    "UPDATE coins.boxes SET x = 0",
    "DELETE FROM coins.boxes",
    "MERGE INTO coins.boxes USING (SELECT 1 AS box_id) s USING (box_id) WHEN MATCHED THEN DELETE",
    "WITH d AS (DELETE FROM coins.boxes RETURNING *) SELECT * FROM d",
    "EXPLAIN ANALYZE DELETE FROM coins.boxes",
    // The instance.
    "ATTACH '@'",
    "ATTACH ':memory:' AS m",
    "DETACH coins",
    "USE coins",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs",
    "UPDATE EXTENSIONS",
    "SET enable_external_access = true",
    "SET GLOBAL threads = 64",
    "SET VARIABLE a = 1",
    "RESET memory_limit",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "PRAGMA memory_limit = '99GB'",
    "CALL pragma_database_list()",
    "CALL enable_logging()",
    "CHECKPOINT",
    "FORCE CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "SELECT getenv('HOME')",
    "SELECT GetEnv('HOME')",
    "SELECT main.getenv('HOME')",
    "SELECT \"getenv\"('HOME')",
    "SELECT [getenv(x) FOR x IN ['HOME']]",
    "SELECT list_transform(['HOME'], lambda x: getenv(x))",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_databases()",
    "SELECT * FROM duckdb_extensions()",
    "SELECT * FROM duckdb_temporary_files()",
    "SELECT * FROM pragma_database_list()",
    "SELECT * FROM which_secret('@', 's3')",
    "SELECT nextval('s')",
    "SELECT setseed(0.5)",
    "SELECT current_setting('temp_directory')",
    "SELECT write_log('x')",
    "SELECT sleep_ms(10000)",
    // Two in one.
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE coins.boxes",
    "SELECT 1;; DELETE FROM coins.boxes;",
    "SELECT 1 /* ; */ ; DELETE FROM coins.boxes",
    "SELECT 1 -- quiet\n; DELETE FROM coins.boxes",
    "/* SELECT */ DELETE FROM coins.boxes",
    "-- SELECT\nDELETE FROM coins.boxes",
    "EXPLAIN SELECT 1; DELETE FROM coins.boxes",
    "SELECT '\u{0}'; DELETE FROM coins.boxes",
    "",
    ";",
    "-- nothing",
];

const CANARY: &str = "canary_4711";

/// A store with a readable file outside and one inside the folder of the tables.
fn with_canaries() -> (Cellar, tempfile::TempDir) {
    let cellar = Cellar::filled(2, 2);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("canary.csv"), format!("a,b\n{CANARY},2\n")).unwrap();
    let inside = cellar.reader().folders().tables().join("canary.csv");
    std::fs::copy(outside.path().join("canary.csv"), inside).unwrap();
    (cellar, outside)
}

fn filled_in(statement: &str, outside: &Path, tables: &Path) -> String {
    let file = outside.join("canary.csv");
    statement.replace('@', &file.to_string_lossy()).replace('~', &tables.to_string_lossy())
}

#[test]
fn what_writes_reads_files_or_reaches_out_is_refused() {
    let (cellar, outside) = with_canaries();
    let tables = cellar.reader().folders().tables();
    let before = (trees::contents(outside.path()), trees::contents(&tables), rows(cellar.reader(), "FROM coins.boxes"));
    let mut through = Vec::new();
    for statement in REFUSED {
        let sql = filled_in(statement, outside.path(), &tables);
        match cellar.reader().sql(&SqlRequest { seconds: 3, ..SqlRequest::new(sql) }) {
            Err(Error::Sql(message)) => assert!(!message.contains(CANARY), "{statement}: {message}"),
            other => through.push(format!("{statement}: {other:?}")),
        }
    }
    assert!(through.is_empty(), "{through:#?}");
    let after = (trees::contents(outside.path()), trees::contents(&tables), rows(cellar.reader(), "FROM coins.boxes"));
    assert_eq!(after, before);
}

#[test]
fn a_condition_reads_no_files_either() {
    let (cellar, outside) = with_canaries();
    let tables = cellar.reader().folders().tables();
    for statement in REFUSED.iter().filter(|s| s.contains('@') && s.starts_with("SELECT")) {
        let condition = format!("image_id IN ({})", filled_in(statement, outside.path(), &tables));
        let filter = ImageFilter { condition: Some(condition), ..ImageFilter::default() };
        let answer = cellar.reader().images(&coins(), &filter, None, 10);
        assert!(matches!(answer, Err(Error::Sql(_))), "{statement}: {answer:?}");
    }
}

#[test]
fn reading_is_allowed_in_every_way() {
    let cellar = Cellar::filled(2, 2);
    for (sql, at_least) in [
        ("SELECT * FROM coins.boxes", 4),
        ("FROM coins.boxes", 4),
        ("FROM coins.boxes SELECT count(*)", 1),
        ("WITH a AS (SELECT * FROM coins.images) SELECT * FROM a", 2),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) FROM n", 5),
        ("SELECT class_id, count(*) FROM coins.boxes GROUP BY ALL ORDER BY ALL", 2),
        ("SELECT * FROM coins.boxes b JOIN coins.images i USING (image_id) WHERE b.w > 1", 4),
        ("SELECT unnest([1, 2, 3])", 3),
        ("SELECT * FROM range(7)", 7),
        ("VALUES (1), (2)", 2),
        ("SELECT 1 UNION ALL SELECT 2", 2),
        ("EXPLAIN SELECT * FROM coins.boxes", 1),
        ("EXPLAIN ANALYZE SELECT * FROM coins.boxes", 1),
        ("DESCRIBE coins.boxes", 19),
        ("DESCRIBE SELECT 1 AS a, 2 AS b", 2),
        ("SUMMARIZE coins.boxes", 19),
        ("SHOW TABLES FROM coins", 3),
        ("SHOW ALL TABLES", 3),
        ("SELECT 'a;b' AS \"c;d\" -- ; DELETE", 1),
        ("  select 1 ;  ", 1),
    ] {
        match cellar.reader().sql(&SqlRequest::new(sql)) {
            Ok(answer) => assert!(answer.rows.len() >= at_least, "{sql}: {answer:?}"),
            Err(error) => panic!("{sql}: {error}"),
        }
    }
}

#[test]
fn values_go_beside_the_statement() {
    let cellar = Cellar::filled(3, 1);
    let mut request = SqlRequest::new("SELECT path FROM coins.images WHERE path = ? OR image_id = ? ORDER BY 1");
    request.params = vec!["a/0003.jpg'; DROP TABLE coins.images --".into(), 2.into()];
    assert_eq!(cellar.reader().sql(&request).unwrap().rows, [["a/0002.jpg"]]);
}

#[test]
fn a_condition_cannot_leave_its_brackets() {
    let cellar = Cellar::filled(3, 1);
    let filter = |condition: &str| ImageFilter { condition: Some(condition.to_owned()), ..ImageFilter::default() };
    for condition in [
        "1=1) OR (1=1",
        "true) --",
        "true)\n--",
        "true); DELETE FROM coins.boxes; --",
        "true) UNION ALL SELECT * FROM coins.images WHERE (true",
        "true /*",
        "image_id = 1; SELECT 2",
        "image_id IN (DELETE FROM coins.boxes RETURNING image_id)",
        "getenv('HOME') = ''",
        "exists (FROM read_text('/etc/passwd'))",
        "'",
    ] {
        let filter = filter(condition);
        let answer = cellar.reader().images(&coins(), &filter, None, 10);
        assert!(matches!(answer, Err(Error::Sql(_))), "{condition}: {answer:?}");
        assert!(cellar.reader().facets(&coins(), &filter).is_err(), "{condition}");
        assert!(cellar.reader().neighbours(&coins(), 1, &filter).is_err(), "{condition}");
        assert!(cellar.writer().snapshot(&coins(), &filter).is_err(), "{condition}");
    }
    let unknown = cellar.reader().images(&coins(), &filter("nothing_like_it = 1"), None, 10);
    assert!(matches!(unknown, Err(Error::Sql(_))), "{unknown:?}");
    for (condition, images) in [
        ("image_id > 1", 2),
        ("image_id = 1 OR image_id = 2 -- the first two", 2),
        ("image_id IN (SELECT image_id FROM boxes WHERE class_id = 1)", 3),
        ("path LIKE '%)%' OR path = 'a/0001.jpg'", 1),
        (
            "exists (SELECT 1 FROM boxes b JOIN classes c USING (class_id) WHERE b.image_id = images.image_id AND c.name = 'penny')",
            3,
        ),
    ] {
        let page = cellar.reader().images(&coins(), &filter(condition), None, 10);
        assert_eq!(page.as_ref().map(|p| p.images.len()).ok(), Some(images), "{condition}: {page:?}");
    }
    assert_eq!(number(cellar.reader(), "SELECT count(*) FROM coins.boxes"), 3);
}

#[test]
fn a_filter_shown_as_sql_finds_the_same_images() {
    let cellar = Cellar::filled(5, 2);
    let filter = ImageFilter {
        class: Some(2),
        text: Some("A/000".into()),
        condition: Some("image_id IN (SELECT image_id FROM boxes WHERE x > 1) AND image_id <> 3".into()),
        ..ImageFilter::default()
    };
    let page = cellar.reader().images(&coins(), &filter, None, 10).unwrap();
    let shown = cellar.reader().sql(&SqlRequest::new(filter.as_sql(&coins()))).unwrap();
    let ids: Vec<serde_json::Value> = page.images.iter().map(|i| i.image_id.into()).collect();
    assert_eq!((ids.len(), shown.rows.iter().map(|r| r[0].clone()).collect::<Vec<_>>()), (4, ids));
}
