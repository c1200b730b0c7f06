//! Promise 10: same in, same out.

use tator_pipeline::ExportRequest;

use crate::harness::rows::rows;
use crate::harness::sources;
use crate::harness::trees;
use crate::harness::workshop::{Workshop, from, to};

#[test]
fn two_exports_of_the_same_are_equal_byte_for_byte() {
    let shop = Workshop::new();
    for (write, d) in [(sources::yolo as fn(&std::path::Path), "d"), (sources::coco, "e")] {
        let source = shop.place(&format!("source_{d}"));
        write(&source);
        shop.import(from(&source, d));
        for format in tator_pipeline::formats::FORMATS.iter().map(|f| f.name()).filter(|n| *n != "images") {
            let [one, two] = [1, 2].map(|n| {
                let out = shop.place(&format!("{d}_{format}_{n}"));
                shop.export(to(&out, d, format));
                trees::contents(&out)
            });
            let differ = one.iter().find(|(path, bytes)| two.get(*path) != Some(bytes)).map(|(path, _)| path);
            assert_eq!((differ, one.len()), (None, two.len()), "{d} as {format}");
        }
        let [one, two] = [1, 2].map(|n| {
            let out = shop.place(&format!("{d}_{n}.zip"));
            shop.export(to(&out, d, "coco"));
            std::fs::read(out).unwrap()
        });
        assert!(one == two, "{d} as a zip");
    }
}

#[test]
fn two_workspaces_write_the_same() {
    let [one, two] = [(), ()].map(|()| {
        let shop = Workshop::new();
        let source = shop.place("source");
        sources::coco(&source);
        shop.import(from(&source, "d"));
        let out = shop.place("out");
        shop.export(to(&out, "d", "coco"));
        trees::contents(&out)
    });
    assert!(one == two);
}

#[test]
fn an_export_takes_the_images_that_a_condition_means() {
    let shop = Workshop::new();
    let source = shop.place("source");
    sources::yolo(&source);
    shop.import(from(&source, "d"));
    let condition =
        "image_id IN (SELECT image_id FROM boxes JOIN classes USING (class_id) WHERE name = 'ant') AND split = 'train'";
    let request = ExportRequest { condition: Some(condition.into()), ..to(&shop.place("out"), "d", "coco") };
    let written = shop.export(request);
    let expected = "SELECT count(DISTINCT image_id) FROM d.boxes JOIN d.images i USING (image_id) JOIN d.classes c USING (class_id)
        WHERE c.name = 'ant' AND i.split = 'train'";
    assert_eq!(rows(shop.reader(), expected), [format!("[{}]", written.images)]);
    assert!(written.images > 0 && written.images < 6, "{written:?}");
    let pictures =
        trees::files(&shop.place("out")).iter().filter(|f| f.extension().is_some_and(|e| e == "bmp")).count();
    assert_eq!(pictures as u64, written.images);
    for condition in ["true) OR (true", "1; SELECT 2", "nothing = 1"] {
        let request = ExportRequest { condition: Some(condition.into()), ..to(&shop.place("never"), "d", "coco") };
        assert!(shop.start_export(request).is_err(), "{condition}");
    }
    assert!(!shop.place("never").exists());
}
