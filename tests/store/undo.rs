//! Everything is undoable, after a restart too.

use tator_domain::ImageState;
use tator_store::{Edit, Error};

use crate::harness::cellar::{Cellar, add, applied, coins, delete, move_to};
use crate::harness::rows::rows;

fn boxes(cellar: &Cellar) -> Vec<String> {
    rows(cellar.reader(), "SELECT * EXCLUDE (created_at, updated_at) FROM coins.boxes ORDER BY box_id")
}

#[test]
fn edits_are_undone_and_redone_over_restarts() {
    let mut cellar = Cellar::filled(1, 1);
    let image = cellar.load_every_kind();
    let ids: Vec<i64> = cellar.reader().image(&coins(), image).unwrap().boxes.iter().map(|b| b.box_id).collect();
    let mut steps = vec![boxes(&cellar)];
    let edits = [
        vec![delete(ids[1]), delete(ids[2])],
        vec![move_to(ids[3], 44.0), add("n", 2.0, 3.0, 4.0, 5.0)],
        vec![delete(ids[4]), Edit::State { value: ImageState::Reviewed }],
    ];
    for (n, edits) in edits.into_iter().enumerate() {
        cellar.edit(image, &format!("e{n}"), edits);
        steps.push(boxes(&cellar));
    }
    for n in (0..3).rev() {
        cellar.reopen();
        let answer = cellar.undo(image, &format!("u{n}"));
        assert_eq!(boxes(&cellar), steps[n], "undo {n}");
        assert_eq!((answer.can_undo, answer.can_redo), (n > 0, true));
    }
    for (n, step) in steps.iter().enumerate().skip(1).take(3) {
        cellar.reopen();
        let answer = cellar.redo(image, &format!("r{n}"));
        assert_eq!(&boxes(&cellar), step, "redo {n}");
        assert_eq!((answer.can_undo, answer.can_redo), (true, n < 3));
    }
    assert_eq!(cellar.reader().image(&coins(), image).unwrap().image.state, ImageState::Reviewed);
}

#[test]
fn a_new_edit_ends_what_could_be_redone() {
    let mut cellar = Cellar::filled(1, 1);
    cellar.edit(1, "a", vec![add("a", 1.0, 1.0, 5.0, 5.0)]);
    cellar.undo(1, "u");
    let answer = cellar.edit(1, "b", vec![add("b", 2.0, 2.0, 5.0, 5.0)]);
    assert!(!answer.can_redo);
    cellar.reopen();
    let nothing = cellar.writer().redo(&coins(), 1, "r", "tester");
    assert!(matches!(nothing, Err(Error::Invalid(_))), "{nothing:?}");
}

#[test]
fn there_is_nothing_to_undo_on_a_fresh_image() {
    let cellar = Cellar::filled(1, 1);
    let nothing = cellar.writer().undo(&coins(), 1, "u", "tester");
    assert!(matches!(nothing, Err(Error::Invalid(_))), "{nothing:?}");
}

#[test]
fn an_undo_that_is_sent_twice_is_one_undo() {
    let cellar = Cellar::filled(1, 0);
    cellar.edit(1, "a", vec![add("a", 1.0, 1.0, 5.0, 5.0)]);
    cellar.edit(1, "b", vec![add("b", 2.0, 2.0, 5.0, 5.0)]);
    let first = cellar.undo(1, "u");
    let again = applied(cellar.writer().undo(&coins(), 1, "u", "tester").unwrap());
    assert_eq!((first.boxes.len(), again.boxes.len(), again.revision), (1, 1, first.revision));
    assert_eq!(boxes(&cellar).len(), 1);
}

#[test]
fn a_deleted_box_comes_back_under_its_number() {
    let cellar = Cellar::filled(1, 2);
    let before = cellar.reader().image(&coins(), 1).unwrap().boxes;
    cellar.edit(1, "a", vec![delete(before[0].box_id)]);
    assert_eq!(cellar.undo(1, "u").boxes, before);
}
