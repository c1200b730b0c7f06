//! Results as the SQL page may meet them.

use std::collections::HashMap;

use serde_json::{Value, json};
use tator_domain::{DatasetName, PixelBox};
use tator_pipeline::SavedQuery;
use tator_store::BoxPlace;

use super::result::{Answer, Failure, Outcome, Table};
use super::starters::starters;
use super::view::{Page, TableView};
use crate::page::{Sample, Section, Shell};

const STATEMENT: &str = "SELECT b.box_id, b.image_id, c.name AS class, round(b.w, 1) AS w, b.score\nFROM coins.boxes b\nJOIN coins.classes c USING (class_id)\nWHERE c.name <> '<script>alert(1)</script>' -- nasty\nORDER BY b.w * b.h\nLIMIT 240";

fn table(rows: usize, truncated: bool) -> Table {
    let columns = [
        ("box_id", "BIGINT"),
        ("image_id", "BIGINT"),
        ("class", "VARCHAR"),
        ("w", "DOUBLE"),
        ("score", "DOUBLE"),
        ("ring", "DOUBLE[][]"),
    ];
    let columns = columns.map(|(name, kind)| (name.to_owned(), kind.to_owned())).to_vec();
    let row = |at: usize| -> Vec<Value> {
        let class = ["person", "<b>bold</b> & \"quoted\"", "coin"][at % 3];
        let score = if at % 4 == 1 { Value::Null } else { json!(0.25 + at as f64 / 1000.0) };
        vec![
            json!(9_000 + at),
            json!(at / 3 + 1),
            json!(class),
            json!(12.5 + at as f64),
            score,
            json!([[1.5, 2.0], [3.0, 4.25]]),
        ]
    };
    let rows: Vec<Vec<Value>> = (0..rows).map(row).collect();
    let place = |at: usize| BoxPlace {
        box_id: 9_000 + at as i64,
        image_id: at as i64 / 3 + 1,
        rect: PixelBox { x: 300.0 + at as f64, y: 250.0, w: 180.0, h: 150.0 },
        width: 1024,
        height: 768,
    };
    let places: HashMap<i64, BoxPlace> = (0..rows.len()).map(|at| (9_000 + at as i64, place(at))).collect();
    Table::new(columns, &rows, truncated, 41.7, Some("coins".parse().expect("a valid name")), &places)
}

fn failure() -> Outcome {
    let message = "Binder Error: Referenced column \"clazz\" not found in FROM clause!\nCandidate bindings: \"class_id\", \"<name>\"\n\nLINE 1: SELECT clazz FROM coins.boxes\n               ^".to_owned();
    Outcome::Failed(Failure { message, place: Some((1, 8)) })
}

fn page(statement: &str, outcome: Option<Outcome>) -> Page {
    let dataset: DatasetName = "coins".parse().expect("a valid name");
    let columns = |names: &[(&str, &str)]| names.iter().map(|(n, k)| ((*n).to_owned(), (*k).to_owned())).collect();
    let tables = vec![
        TableView {
            name: "coins.images".into(),
            open: false,
            columns: columns(&[("image_id", "BIGINT"), ("path", "VARCHAR")]),
        },
        TableView {
            name: "coins.boxes".into(),
            open: true,
            columns: columns(&[
                ("box_id", "BIGINT"),
                ("image_id", "BIGINT"),
                ("class_id", "INTEGER"),
                ("x", "DOUBLE"),
                ("y", "DOUBLE"),
                ("w", "DOUBLE"),
                ("h", "DOUBLE"),
                ("polygon", "DOUBLE[][][]"),
                ("\"odd <name>\"", "STRUCT(a INTEGER, b VARCHAR)"),
            ]),
        },
        TableView { name: "coins.classes".into(), open: false, columns: columns(&[("class_id", "INTEGER")]) },
    ];
    Page {
        shell: Shell::sample(Section::Sql, Some("coins")),
        statement: statement.to_owned(),
        starters: starters(&dataset),
        dataset: Some(dataset),
        tables,
        notebooks: vec!["Größte Bilder <2>".into()],
        saved: vec![
            SavedQuery { name: "review <first> & \"last\"".into(), sql: STATEMENT.into() },
            SavedQuery { name: "tiny".into(), sql: "SELECT 1".into() },
        ],
        outcome,
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let empty = Self {
            shell: Shell::empty_sample(Section::Sql),
            dataset: None,
            tables: vec![],
            saved: vec![],
            notebooks: vec![],
            starters: vec![],
            ..page("", None)
        };
        vec![
            ("empty", empty),
            ("usual", page(STATEMENT, Some(Outcome::Table(table(240, false))))),
            ("failed", page("SELECT clazz FROM coins.boxes", Some(failure()))),
            ("fresh", page("", None)),
        ]
    }
}

impl Sample for Answer {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("cut", Self { outcome: Some(Outcome::Table(table(1000, true))) }),
            ("none", Self { outcome: Some(Outcome::Table(table(0, false))) }),
            ("failed", Self { outcome: Some(failure()) }),
        ]
    }
}
