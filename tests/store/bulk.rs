//! Changes of many images at once are undone and redone through the history.

use tator_store::{Error, LoadPolicy};

use crate::harness::cellar::{Cellar, add, coins};
use crate::harness::rows::{assert_same, rows, tables};

const LABELS: &str = "SELECT * EXCLUDE (updated_at) FROM coins.boxes ORDER BY box_id";
const IMAGES: &str = "SELECT * EXCLUDE (updated_at, revision) FROM coins.images ORDER BY image_id";

fn standing(cellar: &Cellar) -> Vec<String> {
    [rows(cellar.reader(), IMAGES), rows(cellar.reader(), LABELS)].concat()
}

#[test]
fn an_import_is_undone_and_redone() {
    let mut cellar = Cellar::filled(3, 2);
    let before = standing(&cellar);
    let loaded = cellar.load(LoadPolicy::Keep, 6, 2, 0.0);
    let after = standing(&cellar);
    assert_eq!(after.len(), 6 + 12);
    cellar.reopen();
    cellar.writer().undo_change(&coins(), loaded.change_id, "tester").unwrap();
    assert_same(&standing(&cellar), &before, "undone");
    cellar.reopen();
    cellar.writer().redo_change(&coins(), loaded.change_id, "tester").unwrap();
    assert_same(&standing(&cellar), &after, "redone");
    cellar.writer().undo_change(&coins(), loaded.change_id, "tester").unwrap();
    assert_same(&standing(&cellar), &before, "and undone again");
    cellar.writer().fold(&coins()).unwrap();
    assert_same(&super::fold::published(&cellar), &tables(cellar.reader(), &coins()), "published");
}

#[test]
fn an_import_that_replaced_labels_gives_the_old_ones_back() {
    let cellar = Cellar::filled(4, 2);
    let before = standing(&cellar);
    let loaded = cellar.load(LoadPolicy::Replace, 4, 3, 5.0);
    assert_eq!(loaded.diff.images_replaced, 4);
    let after = standing(&cellar);
    cellar.writer().undo_change(&coins(), loaded.change_id, "tester").unwrap();
    assert_same(&standing(&cellar), &before, "undone");
    cellar.writer().redo_change(&coins(), loaded.change_id, "tester").unwrap();
    assert_same(&standing(&cellar), &after, "redone");
}

#[test]
fn an_import_on_which_people_worked_is_not_undone() {
    let cellar = Cellar::filled(2, 1);
    let change = cellar.reader().history(&coins(), None, 1).unwrap()[0].change_id;
    cellar.edit(1, "c1", vec![add("n", 1.0, 1.0, 5.0, 5.0)]);
    let before = standing(&cellar);
    let refused = cellar.writer().undo_change(&coins(), change, "tester");
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    assert_same(&standing(&cellar), &before, "nothing has changed");
}

#[test]
fn merged_classes_are_parted_again() {
    let mut cellar = Cellar::filled(3, 3);
    let before = [standing(&cellar), rows(cellar.reader(), "FROM coins.classes ORDER BY class_id")];
    assert_eq!(cellar.writer().merge_class(&coins(), 1, 3, "tester").unwrap(), 3);
    let merge = cellar.reader().history(&coins(), None, 1).unwrap().remove(0);
    assert_eq!((merge.kind.as_str(), merge.status.as_str()), ("merge", "done"));
    assert_eq!((merge.n_images, merge.n_boxes), (3, 3));
    cellar.reopen();
    cellar.writer().undo_change(&coins(), merge.change_id, "tester").unwrap();
    let parted = [standing(&cellar), rows(cellar.reader(), "FROM coins.classes ORDER BY class_id")];
    assert_eq!(parted, before);
    cellar.writer().redo_change(&coins(), merge.change_id, "tester").unwrap();
    assert_eq!(rows(cellar.reader(), "SELECT count(*) FROM coins.boxes WHERE class_id = 1"), ["[0]"]);
    cellar.writer().fold(&coins()).unwrap();
    assert_same(&super::fold::published(&cellar), &tables(cellar.reader(), &coins()), "published");
}

#[test]
fn a_renamed_class_gets_its_name_back() {
    let mut cellar = Cellar::filled(1, 3);
    let names = |cellar: &Cellar| -> Vec<String> {
        cellar.reader().class_list(&coins()).unwrap().into_iter().map(|class| class.name).collect()
    };
    let before = names(&cellar);
    cellar.writer().rename_class(&coins(), 1, " one penny ", "tester").unwrap();
    let rename = cellar.reader().history(&coins(), None, 1).unwrap().remove(0);
    assert_eq!((rename.kind.as_str(), rename.title), ("rename", format!("renamed class {} to one penny", before[0])));
    let taken = cellar.writer().rename_class(&coins(), 2, "one penny", "tester").unwrap_err();
    assert_eq!(taken.to_string(), "class \"one penny\" exists already");
    cellar.reopen();
    cellar.writer().undo_change(&coins(), rename.change_id, "tester").unwrap();
    assert_eq!(names(&cellar), before);
    cellar.writer().rename_class(&coins(), 2, "one penny", "tester").unwrap();
    let refused = cellar.writer().redo_change(&coins(), rename.change_id, "tester");
    assert!(matches!(refused, Err(Error::Exists(_))), "{refused:?}");
    cellar.writer().rename_class(&coins(), 1, "zloty", "tester").unwrap();
    let refused = cellar.writer().redo_change(&coins(), rename.change_id, "tester");
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let changes = cellar.reader().history(&coins(), None, 100).unwrap().len();
    cellar.writer().rename_class(&coins(), 1, "zloty", "tester").unwrap();
    assert_eq!(cellar.reader().history(&coins(), None, 100).unwrap().len(), changes, "no change, no entry");
}

#[test]
fn a_change_is_undone_once() {
    let cellar = Cellar::filled(2, 1);
    let loaded = cellar.load(LoadPolicy::Keep, 3, 1, 0.0);
    cellar.writer().undo_change(&coins(), loaded.change_id, "tester").unwrap();
    let again = cellar.writer().undo_change(&coins(), loaded.change_id, "tester");
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    let unknown = cellar.writer().undo_change(&coins(), 4711, "tester");
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
}
