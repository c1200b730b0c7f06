use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

const SMALL: Shape = Shape { images: 500, boxes: 3_637, classes: 80, seed: 1 };

fn coco(shape: &Shape) -> Value {
    let mut bytes = Vec::new();
    write_coco_to(&mut bytes, shape).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn count(document: &Value, key: &str) -> usize {
    document[key].as_array().unwrap().len()
}

#[test]
fn the_numbers_asked_for_are_kept_exactly() {
    for (images, boxes, classes) in [(500, 3_637, 80), (1, 1, 1), (1, 50, 3), (7, 0, 2), (300, 5, 4), (0, 0, 1)] {
        let document = coco(&Shape { images, boxes, classes, seed: 3 });
        assert_eq!(count(&document, "images") as u64, images);
        assert_eq!(count(&document, "annotations") as u64, boxes);
        assert_eq!(count(&document, "categories") as u32, classes);
    }
}

#[test]
fn the_same_shape_gives_the_same_bytes_and_another_seed_others() {
    assert_eq!(coco(&SMALL), coco(&SMALL));
    assert_ne!(coco(&SMALL), coco(&Shape { seed: 2, ..SMALL }));
}

#[test]
fn every_box_lies_in_its_image_and_every_reference_resolves() {
    let document = coco(&SMALL);
    let ids = |key: &str| {
        document[key].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect::<BTreeSet<_>>()
    };
    let (images, categories) = (ids("images"), ids("categories"));
    assert_eq!((images.len(), categories.len(), ids("annotations").len()), (500, 80, 3_637));
    for found in document["annotations"].as_array().unwrap() {
        assert!(categories.contains(&found["category_id"].as_u64().unwrap()));
        let image_id = &found["image_id"];
        let image = document["images"].as_array().unwrap().iter().find(|image| image["id"] == *image_id).unwrap();
        let [x, y, w, h] = [0, 1, 2, 3].map(|i| found["bbox"][i].as_f64().unwrap());
        assert!(x >= 0.0 && y >= 0.0 && w >= 2.0 && h >= 2.0);
        assert!(x + w <= image["width"].as_f64().unwrap() + 1e-9 && y + h <= image["height"].as_f64().unwrap() + 1e-9);
        assert!((w * h - found["area"].as_f64().unwrap()).abs() < 1e-6);
    }
}

#[test]
fn ids_have_gaps_and_some_images_are_empty_and_some_are_crowded() {
    let document = coco(&Shape { images: 3_000, boxes: 21_800, classes: 80, seed: 4 });
    assert_eq!(document["categories"][79]["id"], 89);
    assert!(document["images"][2_999]["id"].as_u64().unwrap() > 10_000);
    let mut counts = std::collections::HashMap::new();
    for found in document["annotations"].as_array().unwrap() {
        *counts.entry(found["image_id"].as_u64().unwrap()).or_insert(0) += 1;
    }
    assert!((2_950..2_999).contains(&counts.len()), "{} images have boxes", counts.len());
    assert!(counts.values().max().unwrap() > &30);
}

#[test]
fn yolo_files_say_the_same_as_the_coco_file() {
    let folder = tempfile::tempdir().unwrap();
    write_yolo(folder.path(), &SMALL, false).unwrap();
    let document = coco(&SMALL);
    let mut found = document["annotations"].as_array().unwrap().iter();
    for (index, image) in document["images"].as_array().unwrap().iter().enumerate() {
        let part = if index % 20 == 19 { "val" } else { "train" };
        let name = image["file_name"].as_str().unwrap().replace(".jpg", ".txt");
        let text = fs::read_to_string(folder.path().join("labels").join(part).join(name)).unwrap();
        for line in text.lines() {
            let numbers: Vec<f64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
            let expected = found.next().unwrap();
            assert_eq!(expected["image_id"], image["id"]);
            assert_eq!(expected["category_id"].as_u64().unwrap(), u64::from(category_id(numbers[0] as u32)));
            let (width, height) = (image["width"].as_f64().unwrap(), image["height"].as_f64().unwrap());
            let [x, y, w, h] = [0, 1, 2, 3].map(|i| expected["bbox"][i].as_f64().unwrap());
            let unit = [(x + w / 2.0) / width, (y + h / 2.0) / height, w / width, h / height];
            assert!(numbers[1..].iter().zip(unit).all(|(a, b)| (a - b).abs() < 6e-7), "{line} is not {unit:?}");
        }
    }
    assert!(found.next().is_none());
    let yaml = fs::read_to_string(folder.path().join("data.yaml")).unwrap();
    assert!(yaml.contains("  79: made_up_80\n"));
}

#[test]
fn pictures_are_real_and_of_the_size_the_labels_say() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { images: 40, boxes: 40, classes: 2, seed: 5 };
    write_yolo(folder.path(), &shape, true).unwrap();
    shape
        .for_each(|image| {
            let path = folder.path().join("images").join(image.split().as_str()).join(image.name());
            let header = tator_vision::probe(&mut File::open(path)?).unwrap();
            assert_eq!((header.width, header.height), (image.width, image.height));
            io::Result::Ok(())
        })
        .unwrap();
}
