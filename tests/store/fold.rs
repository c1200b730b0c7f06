//! The fold: what is published is what stands, whatever happens on the way, and it stays small.

use std::fs;

use crate::harness::cellar::{Cellar, add, coins, delete, move_to};
use crate::harness::rows::{assert_same, tables};
use crate::harness::trees;

/// What the published tables hold, read by a workspace that has nothing else.
pub fn published(cellar: &Cellar) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for part in ["datasets", "tables"] {
        trees::copy(&cellar.path().join(part), &folder.path().join(part));
    }
    tables(Cellar::of(folder).reader(), &coins())
}

#[test]
fn what_is_published_is_what_stands() {
    let cellar = Cellar::filled(20, 4);
    cellar.load_every_kind();
    cellar.writer().fold(&coins()).unwrap();
    assert_same(&published(&cellar), &tables(cellar.reader(), &coins()), "after the first fold");
    let moved = cellar.reader().image(&coins(), 3).unwrap().boxes[0].box_id;
    cellar.edit(3, "c1", vec![move_to(moved, 12.5), add("n", 1.0, 2.0, 3.0, 4.0)]);
    let report = cellar.writer().fold(&coins()).unwrap();
    assert_eq!((report.images, report.rewritten), (1, false));
    assert_same(&published(&cellar), &tables(cellar.reader(), &coins()), "after an edit");
    assert!(!cellar.writer().needs_fold(&coins()).unwrap());
}

#[test]
fn a_fold_after_an_edit_changes_only_that_images_rows() {
    let cellar = Cellar::filled(20, 3);
    cellar.writer().fold(&coins()).unwrap();
    let before = published(&cellar);
    let gone = cellar.reader().image(&coins(), 7).unwrap().boxes[1].box_id;
    cellar.edit(7, "c1", vec![delete(gone)]);
    cellar.writer().fold(&coins()).unwrap();
    let after = published(&cellar);
    let lost: Vec<_> = before.iter().filter(|row| !after.contains(row)).collect();
    let new: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
    assert_eq!((lost.len(), new.len()), (2, 1), "an image's row and one box: {lost:?} {new:?}");
    assert!(lost.iter().any(|row| row.starts_with(&format!("[{gone},7,"))));
}

#[test]
fn a_fold_that_was_cut_off_before_it_forgot_its_queue_does_the_same_again() {
    let mut cellar = Cellar::filled(20, 3);
    cellar.writer().fold(&coins()).unwrap();
    let edited = cellar.reader().image(&coins(), 5).unwrap().boxes[0].box_id;
    cellar.edit(5, "c1", vec![move_to(edited, 33.0), add("n", 1.0, 2.0, 3.0, 4.0)]);
    cellar.close();
    let (live, aside) = (cellar.path().join("live.duckdb"), cellar.path().join("aside.duckdb"));
    fs::copy(&live, &aside).unwrap();
    cellar.reopen();
    cellar.writer().fold(&coins()).unwrap();
    let once = published(&cellar);
    cellar.close();
    let _ = fs::remove_file(cellar.path().join("live.duckdb.wal"));
    fs::copy(&aside, &live).unwrap();
    cellar.reopen();
    assert!(cellar.writer().needs_fold(&coins()).unwrap(), "the queue is back, the tables are ahead");
    cellar.writer().fold(&coins()).unwrap();
    assert_same(&published(&cellar), &once, "after the second fold");
    assert_same(&once, &tables(cellar.reader(), &coins()), "and that is what stands");
}

#[test]
fn many_small_edits_leave_few_fragments_and_little_on_disk() {
    let cellar = Cellar::filled(60, 5);
    cellar.writer().fold(&coins()).unwrap();
    let folder = cellar.reader().folders().tables_of(&coins());
    let fresh = trees::size(&folder);
    for n in 0..70_u32 {
        let image = i64::from(n % 60) + 1;
        cellar.edit(image, &format!("c{n}"), vec![add("n", f64::from(n), 1.0, 5.0, 5.0)]);
        cellar.writer().fold(&coins()).unwrap();
    }
    for (table, health) in cellar.writer().table_health(&coins()).unwrap() {
        assert!(health.fragments <= 50, "{table}: {health:?}");
        assert!(health.deleted_rows <= 2 * health.rows, "{table}: {health:?}");
    }
    let now = trees::size(&folder);
    // 20 versions of each table are kept: each is a manifest, a fragment and a list of dead rows of some kilobytes.
    assert!(now < fresh + 4_000_000, "{fresh} bytes became {now}");
    assert_same(&published(&cellar), &tables(cellar.reader(), &coins()), "at the end");
}
