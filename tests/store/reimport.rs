//! C10: importing again shows what would change, and keeps what people did.

use tator_store::LoadPolicy;

use crate::harness::cellar::{Cellar, add, coins, move_to};
use crate::harness::rows::{number, rows};

#[test]
fn c10_importing_the_same_again_changes_nothing() {
    let cellar = Cellar::filled(3, 2);
    let before = rows(cellar.reader(), "FROM coins.boxes ORDER BY box_id");
    let diff = cellar.load(LoadPolicy::Keep, 3, 2, 0.0).diff;
    assert_eq!((diff.images_same, diff.images_new, diff.images_replaced, diff.boxes_added), (3, 0, 0, 0), "{diff:?}");
    assert_eq!(rows(cellar.reader(), "FROM coins.boxes ORDER BY box_id"), before);
}

#[test]
fn c10_corrected_labels_are_kept_and_the_others_follow_the_source() {
    let cellar = Cellar::filled(4, 2);
    let corrected = cellar.reader().image(&coins(), 2).unwrap().boxes[0].box_id;
    cellar.edit(2, "c1", vec![move_to(corrected, 77.0)]);
    let told = cellar.plan(LoadPolicy::Keep, 5, 2, 1.0);
    assert_eq!((told.images_new, told.images_kept, told.images_replaced), (1, 1, 3), "{told:?}");
    assert_eq!((told.boxes_new, told.boxes_added, told.boxes_removed), (2, 6, 6), "{told:?}");
    assert_eq!(number(cellar.reader(), "SELECT count(*) FROM coins.images"), 4, "a plan changes nothing");
    assert_eq!(cellar.load(LoadPolicy::Keep, 5, 2, 1.0).diff, told, "what was told is what happens");
    let lefts =
        |image: i64| rows(cellar.reader(), &format!("SELECT x FROM coins.boxes WHERE image_id = {image} ORDER BY x"));
    assert_eq!(lefts(2), ["[3.0]", "[77.0]"], "the person's");
    assert_eq!(lefts(1), ["[1.0]", "[4.0]"], "the source's");
}

#[test]
fn c10_an_image_whose_boxes_were_all_deleted_by_a_person_stays_empty() {
    let cellar = Cellar::filled(2, 1);
    let gone = cellar.reader().image(&coins(), 1).unwrap().boxes[0].box_id;
    cellar.edit(1, "c1", vec![crate::harness::cellar::delete(gone)]);
    let diff = cellar.load(LoadPolicy::Keep, 2, 1, 0.0).diff;
    assert_eq!((diff.images_kept, diff.images_same), (1, 1), "{diff:?}");
    assert_eq!(number(cellar.reader(), "SELECT count(*) FROM coins.boxes"), 1);
}

#[test]
fn c10_only_new_images_come_in_when_asked_so_and_all_follow_when_asked_so() {
    let cellar = Cellar::filled(2, 1);
    cellar.edit(1, "c1", vec![add("n", 1.0, 1.0, 5.0, 5.0)]);
    let new = cellar.plan(LoadPolicy::New, 3, 1, 1.0);
    assert_eq!((new.images_new, new.images_kept, new.images_replaced), (1, 2, 0), "{new:?}");
    let all = cellar.plan(LoadPolicy::Replace, 3, 1, 1.0);
    assert_eq!((all.images_new, all.images_kept, all.images_replaced), (1, 0, 2), "{all:?}");
}

#[test]
fn a_source_that_names_a_path_twice_is_refused() {
    let cellar = Cellar::new();
    let mut loader = cellar.writer().loader(&coins()).unwrap();
    for _ in 0..2 {
        loader.image(&crate::harness::cellar::image("a.jpg"), "").unwrap();
    }
    let refused = loader.plan(LoadPolicy::Keep);
    assert!(refused.is_err_and(|e| e.to_string().contains("a.jpg")));
}
