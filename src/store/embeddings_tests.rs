use super::*;

#[test]
fn whatever_a_row_was_made_of_is_in_its_key() {
    let rect = PixelBox { x: 1.0, y: 2.0, w: 3.0, h: 4.0 };
    let keys = Keys::new("model", "square");
    let key = keys.key("content", Some(&rect));
    let others = [
        keys.key("other", Some(&rect)),
        keys.key("content", None),
        keys.key("content", Some(&PixelBox { w: 3.5, ..rect })),
        Keys::new("other", "square").key("content", Some(&rect)),
        Keys::new("model", "other").key("content", Some(&rect)),
    ];
    assert!(others.iter().all(|other| *other != key && *other >= 0), "{key} {others:?}");
    assert_eq!(key, Keys::new("model", "square").key("content", Some(&rect)));
}

#[test]
fn a_table_tells_how_it_was_made() {
    let meta = EmbeddingMeta {
        encoder: "dinov2-small".into(),
        fingerprint: "ab".into(),
        of: EmbeddingOf::Boxes,
        recipe: "square:0.15".into(),
        dims: 4,
    };
    assert_eq!(read_meta(schema_of(&meta).metadata()), Some(meta));
}
