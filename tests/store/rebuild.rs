//! The working set is lost; the published tables bring it back.

use std::fs;

use crate::harness::cellar::{Cellar, add, coins, delete};
use crate::harness::rows::{assert_same, number, tables};

fn lose_the_working_set(cellar: &mut Cellar) {
    cellar.close();
    fs::remove_file(cellar.path().join("live.duckdb")).unwrap();
    let _ = fs::remove_file(cellar.path().join("live.duckdb.wal"));
    cellar.reopen();
}

#[test]
fn everything_comes_back_bit_for_bit() {
    let mut cellar = Cellar::filled(5, 3);
    let image = cellar.load_every_kind();
    cellar.edit(2, "c1", vec![add("n", 0.1 + 0.2, 1.0 / 3.0, 7.0, 8.0)]);
    cellar.writer().merge_class(&coins(), 1, 2, "tester").unwrap();
    cellar.writer().fold(&coins()).unwrap();
    let before = (tables(cellar.reader(), &coins()), cellar.reader().image(&coins(), image).unwrap());
    lose_the_working_set(&mut cellar);
    assert_same(&tables(cellar.reader(), &coins()), &before.0, "the tables");
    let after = cellar.reader().image(&coins(), image).unwrap();
    assert_eq!((after.image, after.boxes), (before.1.image, before.1.boxes), "polygons, angle, mask and the rest");
}

#[test]
fn numbers_are_not_given_out_twice() {
    let mut cellar = Cellar::filled(3, 2);
    let last = cellar.edit(3, "c1", vec![add("n", 1.0, 1.0, 5.0, 5.0)]).ids["n"];
    cellar.edit(3, "c2", vec![delete(last)]);
    cellar.writer().fold(&coins()).unwrap();
    lose_the_working_set(&mut cellar);
    let next = cellar.edit(3, "c3", vec![add("n", 1.0, 1.0, 5.0, 5.0)]).ids["n"];
    assert!(next > last, "{next} after {last}, which was deleted");
    cellar.load_every_kind();
    assert!(number(cellar.reader(), "SELECT max(image_id) FROM coins.images") > 3);
    assert_eq!(number(cellar.reader(), "SELECT count(*) - count(DISTINCT box_id) FROM coins.boxes"), 0);
}

#[test]
fn a_rebuilt_dataset_goes_on_being_published() {
    let mut cellar = Cellar::filled(12, 2);
    cellar.writer().fold(&coins()).unwrap();
    lose_the_working_set(&mut cellar);
    cellar.edit(4, "c1", vec![add("n", 1.0, 1.0, 5.0, 5.0)]);
    let report = cellar.writer().fold(&coins()).unwrap();
    assert_eq!(report.images, 1, "{report:?}");
    assert_same(&super::fold::published(&cellar), &tables(cellar.reader(), &coins()), "published");
}
