//! Promise 5: a linked folder is read and never written to.

use tator_pipeline::{ExportImages, ExportRequest, ImportMode, ImportRequest};

use crate::harness::sources;
use crate::harness::trees;
use crate::harness::workshop::{Workshop, from, named, to};

#[test]
fn a_linked_folder_stays_as_it_was() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    let before = trees::contents(&source);
    shop.import(ImportRequest { mode: ImportMode::Link, ..from(&source, "d") });
    shop.workbench.thumbnail(&named("d"), 1, 64).unwrap();
    for (format, images) in [("yolo", ExportImages::Copy), ("coco", ExportImages::Link), ("voc", ExportImages::None)] {
        shop.export(ExportRequest { images, ..to(&shop.place(format), "d", format) });
    }
    shop.workbench.undo_change(&named("d"), 1, "tester").unwrap();
    shop.workbench.redo_change(&named("d"), 1, "tester").unwrap();
    shop.workbench.delete_dataset(&named("d")).unwrap();
    assert!(trees::contents(&source) == before, "the source has changed");
}

#[test]
fn copied_pictures_are_the_same_bytes() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    let file = shop.workbench.image_file(&named("d"), 1).unwrap();
    let copies = trees::contents(&shop.reader().folders().dataset(&named("d")).join("images"));
    assert_eq!(copies.len(), 6);
    let originals: std::collections::BTreeSet<_> = trees::contents(&source.join("images")).into_values().collect();
    assert!(copies.values().all(|bytes| originals.contains(bytes)));
    assert!(originals.contains(&std::fs::read(file.path).unwrap()));
}

#[test]
fn an_export_never_overwrites() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    let out = shop.place("out");
    sources::write(&out.join("mine.txt"), "mine");
    match shop.start_export(to(&out, "d", "yolo")) {
        Err(_) => {}
        Ok(job) => assert_eq!(shop.ended(job).state, tator_pipeline::JobState::Failed),
    }
    let kept = trees::contents(&out);
    assert_eq!((kept.len(), kept["mine.txt"].as_slice()), (1, &b"mine"[..]));
}

#[test]
fn a_dry_run_changes_nothing() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    let told = shop.import(ImportRequest { dry_run: true, ..from(&source, "d") });
    assert_eq!((told.images, told.dry_run), (6, true));
    assert_eq!(shop.reader().datasets().unwrap(), []);
    let done = shop.import(from(&source, "d"));
    assert_eq!((done.diff.images_new, done.boxes), (told.diff.images_new, told.boxes));
}
