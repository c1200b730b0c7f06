use super::*;

fn some(box_ids: Vec<BoxId>) -> Vectors {
    Vectors {
        encoder: "e".into(),
        fingerprint: String::new(),
        of: EmbeddingOf::Boxes,
        recipe: String::new(),
        dims: 1,
        image_ids: vec![1, 1, 4, 4, 9],
        box_ids,
        keys: vec![0; 5],
        data: vec![0.0, 1.0, 2.0, 3.0, 4.0],
    }
}

#[test]
fn rows_are_found_by_image_and_box() {
    let boxes = some(vec![3, 8, 2, 7, 5]);
    assert_eq!(boxes.find(4, Some(7)), Some(3));
    assert_eq!(boxes.find(4, Some(8)), None);
    assert_eq!(boxes.find(5, Some(5)), None);
    assert_eq!((boxes.id(4), boxes.row(4)), (5, &[4.0][..]));
}
