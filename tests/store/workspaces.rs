//! One program at a time; old folders open, newer ones are refused.

use std::fs;
use std::sync::Arc;

use tator_domain::SystemClock;
use tator_pipeline::Workbench;
use tator_store::{Error, LockNote, Workspace};

use crate::harness::cellar::{Cellar, coins, small_limits};

#[test]
fn two_workbenches_cannot_have_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Workbench::open(folder.path(), &small_limits()).unwrap();
    let note = LockNote { pid: 4711, url: "http://127.0.0.1:1".into(), ..LockNote::default() };
    first.announce(&note).unwrap();
    match Workbench::open(folder.path(), &small_limits()) {
        Err(tator_pipeline::Error::Store(Error::Locked { holder, .. })) => {
            assert_eq!(holder, "process 4711 at http://127.0.0.1:1");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two workbenches opened one folder"),
    }
    drop(first);
    assert!(Workbench::open(folder.path(), &small_limits()).is_ok());
}

#[test]
fn a_dataset_of_a_newer_tator_is_refused_and_left_alone() {
    let mut cellar = Cellar::filled(1, 1);
    cellar.writer().fold(&coins()).unwrap();
    let note = cellar.reader().folders().dataset(&coins()).join("dataset.toml");
    cellar.close();
    let text = fs::read_to_string(&note).unwrap();
    let newer = text.replace("schema_version = 1", "schema_version = 99");
    assert_ne!(text, newer, "{text}");
    fs::write(&note, &newer).unwrap();
    for live in ["live.duckdb", "live.duckdb.wal"] {
        let _ = fs::remove_file(cellar.path().join(live));
    }
    let workspace = Workspace::open(cellar.path()).unwrap();
    let opened = tator_store::open(&workspace, &small_limits(), Arc::new(SystemClock));
    assert!(matches!(opened, Err(Error::TooNew { found: 99, .. })), "{:?}", opened.err());
    assert_eq!(fs::read_to_string(&note).unwrap(), newer);
}

#[cfg(unix)]
#[test]
fn the_lock_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let cellar = Cellar::empty();
    let mode = fs::metadata(cellar.path().join("tator.lock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
