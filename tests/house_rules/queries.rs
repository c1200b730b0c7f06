//! The folder `queries` and its register are the same, and every statement fits the schema.

use std::collections::BTreeSet;

use tator_store::queries;

use super::files;
use crate::harness::cellar::{Cellar, coins};

#[test]
fn the_register_names_every_file() {
    let on_disk: BTreeSet<String> = files("queries", "sql")
        .iter()
        .map(|path| path.strip_prefix("queries").unwrap().to_string_lossy().into_owned())
        .collect();
    let registered: BTreeSet<String> = queries::ALL.iter().map(|q| q.name.to_owned()).collect();
    assert_eq!(registered, on_disk);
    assert_eq!(registered.len(), queries::ALL.len(), "a file is registered twice");
}

#[test]
fn every_statement_says_what_it_does() {
    for query in queries::ALL {
        let head = query.sql.lines().next().unwrap_or_default();
        assert!(head.starts_with("-- ") && head.len() > 12, "{}: {head}", query.name);
        let parameters = query.sql.matches('?').count() + usize::from(query.sql.contains("$1"));
        let told = query.sql.contains("-- ?1");
        assert_eq!(told, parameters > 0, "{}: the head lists its parameters as `-- ?1 …`", query.name);
    }
}

#[test]
fn every_statement_prepares_in_a_fresh_workspace() {
    let cellar = Cellar::new();
    assert_eq!(cellar.reader().prepare_all(&coins()), []);
}
