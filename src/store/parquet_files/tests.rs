//! The layout as other programs see it.

use tator_domain::{BoxState, Class, Image, ImageBox, ImageState, Origin, PixelBox, Polygon, Split};

use super::{LayoutWriter, Received, read_boxes};
use crate::Error;

fn image(image_id: i64) -> Image {
    Image {
        image_id,
        path: format!("{image_id}.jpg"),
        content_hash: String::new(),
        width: 640,
        height: 480,
        orientation: 1,
        bytes: 0,
        split: Split::Train,
        state: ImageState::Labelled,
        revision: 0,
        n_boxes: 2,
        source_id: None,
        attributes: None,
    }
}

fn one_box(box_id: i64, image_id: i64) -> ImageBox {
    ImageBox {
        box_id,
        image_id,
        class_id: 1,
        rect: PixelBox { x: 0.1 * box_id as f64, y: 2.0, w: 3.0, h: 4.0 },
        polygon: (box_id % 2 == 0).then(|| Polygon::from_ring(vec![[0.0, 0.5], [4.0, 0.0], [4.0, 4.0]])),
        angle: None,
        mask: None,
        area: None,
        is_crowd: false,
        origin: Origin::Human,
        state: BoxState::Trusted,
        score: None,
        source_id: None,
        attributes: None,
    }
}

fn class() -> Class {
    Class {
        class_id: 1,
        name: "coin".to_owned(),
        supercategory: None,
        colour: "#e69f00".to_owned(),
        source_id: None,
        retired: false,
        retired_into: None,
    }
}

/// Files of a dataset of so many images with two boxes each, by name.
fn written(images: i64) -> Vec<(&'static str, Vec<u8>)> {
    let mut writer = LayoutWriter::new().unwrap();
    for id in 1..=images {
        writer.add(&image(id), &[one_box(2 * id, id), one_box(2 * id + 1, id)]).unwrap();
    }
    let files = writer.finish("coins", &[class()]).unwrap();
    let bytes = |mut file: super::WrittenFile| {
        let mut bytes = Vec::new();
        file.copy_to(&mut bytes).unwrap();
        (file.name, bytes)
    };
    files.into_iter().map(bytes).collect()
}

#[test]
fn duckdb_reads_the_layout_without_code_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in written(100) {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let duckdb = duckdb::Connection::open_in_memory().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let sql = format!(
        "SELECT count(*), sum(b.x), sum(len(b.polygon)), max(b.polygon[1][2][1]), min(c.name), max(i.width)
         FROM '{}' b JOIN '{}' c USING (class_id) JOIN '{}' i USING (image_id)",
        at("boxes.parquet"),
        at("classes.parquet"),
        at("images.parquet")
    );
    let row = |r: &duckdb::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?));
    let found: (i64, f64, i64, f64, String, i32) = duckdb.query_row(&sql, [], row).unwrap();
    let sum: f64 = (2..=201).map(|id| 0.1 * f64::from(id)).sum();
    assert_eq!((found.0, found.2, found.3, found.4.as_str(), found.5), (200, 100, 4.0, "coin", 640));
    assert!((found.1 - sum).abs() < 1e-9);
}

#[test]
fn tables_that_duckdb_writes_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boxes.parquet");
    let duckdb = duckdb::Connection::open_in_memory().unwrap();
    // Other integer types, other column order, columns missing.
    let sql = format!(
        "COPY (SELECT 7::SMALLINT AS class_id, 1.5::FLOAT AS x, 2 AS y, 3 AS w, 4 AS h, 9::INTEGER AS image_id,
            [[[1.0::DOUBLE, 2.0], [3.0, 4.0], [5.0, 6.0]]] AS polygon) TO '{}'",
        path.display()
    );
    duckdb.execute_batch(&sql).unwrap();
    let file = Received::open("boxes.parquet", std::fs::File::open(&path).unwrap()).unwrap();
    let mut rows = Vec::new();
    read_boxes(&file, |row| {
        rows.push(row);
        Ok::<(), Error>(())
    })
    .unwrap();
    assert_eq!((rows[0].image_id, rows[0].class_id, rows[0].origin.clone()), (9, 7, Origin::Import));
    assert_eq!(rows[0].rect, PixelBox { x: 1.5, y: 2.0, w: 3.0, h: 4.0 });
    assert_eq!(rows[0].polygon.as_ref().unwrap().rings[0][2], [5.0, 6.0]);
}

#[test]
fn the_same_labels_give_the_same_bytes_over_several_row_groups() {
    let once = written(70_000);
    assert!(once == written(70_000), "bytes differ");
    let boxes = &once.iter().find(|(name, _)| *name == "boxes.parquet").unwrap().1;
    let file = Received::copy("boxes.parquet", &mut boxes.as_slice()).unwrap();
    let mut next = 2;
    read_boxes(&file, |row| {
        assert_eq!((row.box_id, row.polygon.is_some()), (next, next % 2 == 0));
        next += 1;
        Ok::<(), Error>(())
    })
    .unwrap();
    assert_eq!(next, 140_002);
}
