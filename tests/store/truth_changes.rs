//! How many images of a run have another truth than at a change: what tells that a calibration is out of date.

use serde_json::json;
use tator_domain::{BoxState, ImageId, ImageState, PixelBox, RunName};
use tator_store::{DraftBox, Edit, LoadPolicy, PrepassTables, RunImage, RunKind};

use crate::harness::cellar::{Cellar, add, coins, delete, move_to};

/// A run over the first images, which found nothing.
fn run_over(cellar: &Cellar, images: ImageId) -> RunName {
    let name: RunName = "r".parse().unwrap();
    let draft = cellar.writer().begin_run(&coins(), RunKind::Prepass, &name).unwrap();
    let mut tables = PrepassTables::new(&draft).unwrap();
    for image_id in 1..=images {
        let seen = RunImage {
            image_id,
            content_hash: "".into(),
            stage: "detector".into(),
            source_run: "yolox:full".into(),
            status: "done".into(),
            error: None,
            n_atoms: 0,
            ms: None,
        };
        tables.add(vec![seen], vec![], vec![], vec![]).unwrap();
    }
    tables.finish().unwrap();
    cellar.writer().publish_run(draft, &json!({})).unwrap();
    name
}

fn boxes(cellar: &Cellar, image: ImageId) -> Vec<i64> {
    cellar.reader().image(&coins(), image).unwrap().boxes.iter().map(|one| one.box_id).collect()
}

#[test]
fn images_whose_truth_is_another_count_and_nothing_else_does() {
    let cellar = Cellar::filled(6, 2);
    let run = run_over(&cellar, 5);
    let gone = boxes(&cellar, 5).into_iter().map(delete).chain([Edit::State { value: ImageState::Unlabelled }]);
    cellar.edit(5, "free", gone.collect());
    cellar.edit(3, "before", vec![move_to(boxes(&cellar, 3)[0], 1.0)]);
    let since = cellar.reader().data_version(&coins()).unwrap();
    let changed = || cellar.reader().truth_changes(&coins(), &run, since).unwrap();
    assert_eq!(changed(), 0);

    cellar.edit(1, "tag", vec![Edit::Tag { tag: "odd".into(), on: None }]);
    let draft = match add("d", 5.0, 5.0, 9.0, 9.0) {
        Edit::Add { key, class_id, x, y, w, h, .. } => {
            let (polygon, angle, origin) = (None, None, None);
            Edit::Add { key, class_id, x, y, w, h, polygon, angle, state: Some(BoxState::Draft), origin }
        }
        other => other,
    };
    cellar.edit(2, "draft", vec![draft]);
    let rect = PixelBox { x: 1.0, y: 1.0, w: 5.0, h: 5.0 };
    let found = DraftBox { image_id: 5, class_id: 1, rect, score: Some(0.5) };
    let drafted = cellar.writer().add_drafts(&coins(), "r", &[found], "tester").unwrap();
    assert_eq!(changed(), 0, "tags and drafts are no truth");

    cellar.edit(5, "label", vec![Edit::State { value: ImageState::Labelled }]);
    assert_eq!(changed(), 1, "labelled since");
    cellar.writer().undo_change(&coins(), drafted.change_id, "tester").unwrap();
    assert_eq!(changed(), 1, "the drafts beside its truth go");
    cellar.edit(1, "move", vec![move_to(boxes(&cellar, 1)[0], 33.0)]);
    assert_eq!(changed(), 2, "another box");
    cellar.undo(1, "undo");
    assert_eq!(changed(), 1, "taken back");
    cellar.redo(1, "redo");
    cellar.edit(6, "elsewhere", vec![move_to(boxes(&cellar, 6)[0], 33.0)]);
    assert_eq!(changed(), 2, "the run has not seen that image");
    cellar.undo(3, "older");
    assert_eq!(changed(), 3, "what was changed before is taken back since");
    cellar.edit(4, "doubt", vec![Edit::State { value: ImageState::InProgress }]);
    assert_eq!(changed(), 4, "truth no longer");
    cellar.edit(2, "accept", vec![Edit::State { value: ImageState::Reviewed }]);
    assert_eq!(changed(), 5, "its draft is truth now");
}

#[test]
fn changes_of_many_images_count_until_they_are_taken_back() {
    let cellar = Cellar::filled(6, 2);
    let run = run_over(&cellar, 4);
    let since = cellar.reader().data_version(&coins()).unwrap();
    let changed = || cellar.reader().truth_changes(&coins(), &run, since).unwrap();
    let last = || cellar.reader().data_version(&coins()).unwrap();
    cellar.writer().rename_class(&coins(), 1, "shilling", "tester").unwrap();
    assert_eq!(changed(), 0, "a name is no truth");
    cellar.writer().merge_class(&coins(), 1, 2, "tester").unwrap();
    let merge = last();
    assert_eq!(changed(), 4);
    cellar.writer().undo_change(&coins(), merge, "tester").unwrap();
    assert_eq!(changed(), 0);
    cellar.writer().redo_change(&coins(), merge, "tester").unwrap();
    assert_eq!(changed(), 4);
    let later = last();
    cellar.writer().undo_change(&coins(), merge, "tester").unwrap();
    let of_later = cellar.reader().truth_changes(&coins(), &run, later).unwrap();
    assert_eq!((changed(), of_later), (0, 4), "what was merged before is taken back since");

    cellar.edit(1, "mine", vec![move_to(boxes(&cellar, 1)[0], 33.0)]);
    assert_eq!(changed(), 1);
    cellar.load(LoadPolicy::Keep, 6, 2, 1.0);
    assert_eq!(changed(), 4, "the import changes the others");
}
