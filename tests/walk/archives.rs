//! A zip is a folder, both ways.

use tator_pipeline::{ImportMode, ImportRequest};

use crate::harness::rows::{assert_same, carried};
use crate::harness::sources;
use crate::harness::workshop::{Workshop, from, named, to};

#[test]
fn what_was_written_as_a_zip_is_read_from_it() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    for (format, task) in [("yolo", Some("detect".to_owned())), ("coco", None), ("voc", None), ("parquet", None)] {
        let out = shop.place(&format!("{format}.zip"));
        shop.export(to(&out, "d", format));
        assert!(out.is_file());
        let request = ImportRequest { task, format: format.into(), ..from(&out, &format!("z_{format}")) };
        shop.import(request);
        let [before, after] =
            ["d", &format!("z_{format}")].map(|d| carried(shop.reader(), &named(d), "b.x, b.y, b.w, b.h"));
        assert_same(&after, &before, format);
    }
}

#[test]
fn a_zip_cannot_be_linked() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    let out = shop.place("a.zip");
    shop.export(to(&out, "d", "yolo"));
    let why = shop.import_fails(ImportRequest { mode: ImportMode::Link, ..from(&out, "linked") });
    assert!(why.contains("only a folder can be linked"), "{why}");
    assert_eq!(shop.reader().datasets().unwrap().len(), 1);
}

#[test]
fn a_damaged_zip_brings_nothing() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    let (out, cut) = (shop.place("a.zip"), shop.place("cut.zip"));
    shop.export(to(&out, "d", "yolo"));
    let bytes = std::fs::read(&out).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    shop.import_fails(from(&cut, "other"));
    assert_eq!(shop.reader().datasets().unwrap().len(), 1, "no empty dataset stays behind");
}
