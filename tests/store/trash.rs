//! A deleted dataset lies in the trash, whole.

use tator_store::{Error, ImageHome};

use crate::harness::cellar::{Cellar, add, coins};
use crate::harness::rows::{assert_same, tables};

#[test]
fn a_deleted_dataset_comes_back_as_it_was() {
    let mut cellar = Cellar::filled(4, 2);
    cellar.load_every_kind();
    let last = cellar.edit(1, "c1", vec![add("n", 1.0, 1.0, 5.0, 5.0)]).ids["n"];
    let before = tables(cellar.reader(), &coins());
    let gone = cellar.writer().delete_dataset(&coins()).unwrap();
    assert!(matches!(cellar.reader().dataset(&coins()), Err(Error::NotFound(_))));
    cellar.reopen();
    let trash = cellar.reader().trash().unwrap();
    assert_eq!((trash.len(), trash[0].images, trash[0].boxes), (1, 5, 15), "{trash:?}");
    assert_eq!(cellar.writer().restore_dataset(&gone.entry).unwrap(), coins());
    assert_same(&tables(cellar.reader(), &coins()), &before, "restored");
    assert!(cellar.edit(1, "c2", vec![add("n", 1.0, 1.0, 5.0, 5.0)]).ids["n"] > last);
    assert_eq!(cellar.reader().trash().unwrap(), []);
}

#[test]
fn nothing_is_restored_over_a_dataset_of_that_name() {
    let cellar = Cellar::filled(1, 1);
    let gone = cellar.writer().delete_dataset(&coins()).unwrap();
    cellar.writer().create_dataset(&coins(), &ImageHome::Managed, "detect").unwrap();
    assert!(matches!(cellar.writer().restore_dataset(&gone.entry), Err(Error::Exists(_))));
    assert_eq!(cellar.reader().trash().unwrap().len(), 1);
}

#[test]
fn an_entry_is_a_name_and_no_path() {
    let cellar = Cellar::filled(1, 1);
    cellar.writer().delete_dataset(&coins()).unwrap();
    for entry in ["", ".", "..", "../datasets", "/etc", "nothing"] {
        assert!(matches!(cellar.writer().restore_dataset(entry), Err(Error::NotFound(_))), "{entry:?}");
    }
}
