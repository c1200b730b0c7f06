//! Edits of one image: acknowledged once, merged where they can be, refused where they make no sense.

use tator_domain::{ImageState, PixelBox};
use tator_store::{Edit, EditOutcome, Error};

use crate::harness::cellar::{Cellar, add, applied, coins, delete, image, move_to, reclass};
use crate::harness::rows::{number, rows};

fn conflict(outcome: EditOutcome) -> tator_store::EditAnswer {
    match outcome {
        EditOutcome::Conflict(answer) => answer,
        EditOutcome::Applied(answer) => panic!("was taken: {answer:?}"),
    }
}

#[test]
fn edits_of_every_kind_stand_together() {
    let cellar = Cellar::filled(2, 2);
    let before = cellar.reader().image(&coins(), 1).unwrap();
    let [first, second] = [before.boxes[0].box_id, before.boxes[1].box_id];
    let edits = vec![
        add("new", 1.5, 2.25, 30.0, 20.0),
        move_to(first, 41.0),
        delete(second),
        Edit::State { value: ImageState::Reviewed },
    ];
    let answer = cellar.edit(1, "c1", edits);
    let new = answer.ids["new"];
    assert!(new > second, "a new number");
    let by_id: Vec<_> = answer.boxes.iter().map(|b| (b.box_id, b.rect.x)).collect();
    assert_eq!(by_id, [(first, 41.0), (new, 1.5)]);
    assert_eq!((answer.revision, answer.state), (before.revision + 1, ImageState::Reviewed));
    let stored = cellar.reader().image(&coins(), 1).unwrap();
    assert_eq!((stored.boxes, stored.revision, stored.image.n_boxes), (answer.boxes, answer.revision, 2));
    assert_eq!(cellar.reader().image(&coins(), 2).unwrap().revision, 0, "the other image is left alone");
}

#[test]
fn an_edit_that_fails_leaves_nothing_behind() {
    let cellar = Cellar::filled(1, 2);
    let before = cellar.reader().image(&coins(), 1).unwrap();
    let refused = cellar.try_edit(1, 0, "c1", vec![add("a", 0.0, 0.0, 5.0, 5.0), delete(999)]);
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    assert_eq!(cellar.reader().image(&coins(), 1).unwrap(), before);
}

#[test]
fn a_replay_gets_the_answer_it_got_even_after_later_edits() {
    let cellar = Cellar::filled(1, 1);
    let first = cellar.edit(1, "c1", vec![add("a", 1.0, 1.0, 5.0, 5.0)]);
    let moved = first.ids["a"];
    cellar.edit(1, "c2", vec![move_to(moved, 50.0), Edit::State { value: ImageState::Reviewed }]);
    cellar.edit(1, "c3", vec![delete(first.boxes[0].box_id)]);
    let again = applied(cellar.try_edit(1, 0, "c1", vec![add("a", 1.0, 1.0, 5.0, 5.0)]).unwrap());
    assert_eq!((&again.boxes, again.revision, &again.ids), (&first.boxes, first.revision, &first.ids));
    assert_eq!(number(cellar.reader(), "SELECT count(*) FROM coins.boxes"), 1, "nothing was added twice");
}

#[test]
fn a_replay_after_a_restart_is_no_second_box() {
    let mut cellar = Cellar::filled(1, 0);
    let first = cellar.edit(1, "c1", vec![add("a", 1.0, 1.0, 5.0, 5.0)]);
    cellar.reopen();
    let again = applied(cellar.try_edit(1, 0, "c1", vec![add("a", 1.0, 1.0, 5.0, 5.0)]).unwrap());
    assert_eq!((again.boxes, again.ids), (first.boxes, first.ids));
}

#[test]
fn old_revisions_merge_when_other_boxes_were_touched() {
    let cellar = Cellar::filled(1, 2);
    let boxes = cellar.reader().image(&coins(), 1).unwrap().boxes;
    cellar.edit(1, "hers", vec![move_to(boxes[0].box_id, 50.0)]);
    let his = applied(cellar.try_edit(1, 0, "his", vec![move_to(boxes[1].box_id, 60.0)]).unwrap());
    let lefts: Vec<f64> = his.boxes.iter().map(|b| b.rect.x).collect();
    assert_eq!((lefts, his.revision), (vec![50.0, 60.0], 2));
}

#[test]
fn old_revisions_conflict_when_the_same_box_was_touched() {
    let cellar = Cellar::filled(1, 2);
    let boxes = cellar.reader().image(&coins(), 1).unwrap().boxes;
    cellar.edit(1, "hers", vec![move_to(boxes[0].box_id, 50.0)]);
    let his = conflict(cellar.try_edit(1, 0, "his", vec![move_to(boxes[0].box_id, 60.0)]).unwrap());
    assert_eq!((his.boxes[0].rect.x, his.revision), (50.0, 1), "the answer is how the image stands");
    cellar.edit(1, "gone", vec![delete(boxes[1].box_id)]);
    conflict(cellar.try_edit(1, 1, "late", vec![move_to(boxes[1].box_id, 3.0)]).unwrap());
}

#[test]
fn edits_that_make_no_sense_are_refused() {
    let cellar = Cellar::filled(2, 1);
    let other = cellar.reader().image(&coins(), 2).unwrap().boxes[0].box_id;
    for (what, edits) in [
        ("no edits", vec![]),
        ("a box that is not there", vec![move_to(4711, 1.0)]),
        ("a box of another image", vec![delete(other)]),
        ("no area", vec![add("a", 5.0, 5.0, 0.0, 5.0)]),
        ("a negative size", vec![add("a", 5.0, 5.0, -3.0, 5.0)]),
        ("outside", vec![add("a", 100.0, 5.0, 10.0, 5.0)]),
        ("not a number", vec![add("a", f64::NAN, 5.0, 10.0, 5.0)]),
        ("endless", vec![add("a", 1.0, 5.0, f64::INFINITY, 5.0)]),
    ] {
        let refused = cellar.try_edit(1, 0, what, edits);
        assert!(matches!(refused, Err(Error::Invalid(_))), "{what}: {refused:?}");
    }
    let unknown = cellar.try_edit(1, 0, "class", vec![reclass(1, 99)]);
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
    let nowhere = cellar.try_edit(77, 0, "image", vec![delete(1)]);
    assert!(matches!(nowhere, Err(Error::NotFound(_))), "{nowhere:?}");
    assert_eq!(number(cellar.reader(), "SELECT max(revision) FROM coins.images"), 0);
}

#[test]
fn a_box_is_cut_at_the_edge_of_its_image() {
    let cellar = Cellar::filled(1, 0);
    let (width, height) = (f64::from(image("").width), f64::from(image("").height));
    let answer = cellar.edit(1, "c1", vec![add("a", -5.0, 70.0, 30.0, 40.0), add("b", 90.5, -3.0, 99.0, 500.0)]);
    let rects: Vec<PixelBox> = answer.boxes.iter().map(|b| b.rect).collect();
    let whole = PixelBox { x: 0.0, y: 70.0, w: 25.0, h: height - 70.0 };
    assert_eq!(rects, [whole, PixelBox { x: 90.5, y: 0.0, w: width - 90.5, h: height }]);
}

#[test]
fn a_retired_class_sends_new_boxes_to_its_successor() {
    let cellar = Cellar::filled(1, 3);
    cellar.writer().merge_class(&coins(), 1, 2, "tester").unwrap();
    cellar.writer().merge_class(&coins(), 2, 3, "tester").unwrap();
    let answer = cellar.edit(1, "c1", vec![add("a", 1.0, 1.0, 5.0, 5.0)]);
    assert!(answer.boxes.iter().all(|b| b.class_id == 3), "{answer:?}");
}

#[test]
fn an_edited_box_is_a_persons() {
    let cellar = Cellar::filled(1, 1);
    let id = cellar.reader().image(&coins(), 1).unwrap().boxes[0].box_id;
    cellar.edit(1, "c1", vec![move_to(id, 9.0)]);
    assert_eq!(rows(cellar.reader(), "SELECT origin, state FROM coins.boxes"), [r#"["human","trusted"]"#]);
}

#[test]
fn a_models_box_stays_the_models_until_it_is_changed() {
    let cellar = Cellar::filled(1, 0);
    let taken: Edit = serde_json::from_value(serde_json::json!({
        "op": "add", "key": "a", "class_id": 1, "x": 1.0, "y": 1.0, "w": 9.0, "h": 9.0, "origin": "model:night", "state": "draft"
    }))
    .unwrap();
    let id = cellar.edit(1, "c1", vec![taken]).ids["a"];
    let told = || rows(cellar.reader(), "SELECT origin, state FROM coins.boxes");
    for (state, client) in [("trusted", "c2"), ("draft", "c3"), ("trusted", "c4")] {
        let said = serde_json::json!({ "op": "update", "box_id": id, "state": state });
        cellar.edit(1, client, vec![serde_json::from_value(said).unwrap()]);
        assert_eq!(told(), [format!(r#"["model:night","{state}"]"#)], "to accept is not to draw");
    }
    cellar.edit(1, "c5", vec![move_to(id, 9.0)]);
    assert_eq!(told(), [r#"["human","trusted"]"#]);
}
