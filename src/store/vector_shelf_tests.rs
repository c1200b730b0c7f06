use super::*;

fn place(name: &str) -> Place {
    ("coins".parse().unwrap(), 0, name.to_owned(), EmbeddingOf::Boxes)
}

fn kept(versions: (u64, u64)) -> Kept {
    let vectors = Vectors {
        encoder: "e".into(),
        fingerprint: String::new(),
        of: EmbeddingOf::Boxes,
        recipe: String::new(),
        dims: 1,
        image_ids: vec![1],
        box_ids: vec![3],
        keys: vec![0],
        data: vec![1.0],
    };
    let (loaded, left_out) = (Some(Instant::now()), Arc::default());
    Kept { versions, loaded, vectors: Arc::new(vectors), left_out, checked: versions.1 }
}

#[test]
fn the_matrix_that_was_asked_for_last_stays() {
    let shelf = Shelf::default();
    shelf.keep(place("a"), kept((1, 1)), 0);
    shelf.keep(place("a"), kept((2, 1)), 0);
    shelf.keep(place("b"), kept((1, 1)), 0);
    assert!(shelf.get(&place("a"), |held| held.versions == (1, 1)).is_none());
    assert!(shelf.get(&place("a"), |held| held.versions == (2, 1)).is_some());
    shelf.forget(&"coins".parse().unwrap());
    assert!(shelf.get(&place("b"), |_| true).is_none());
}

#[test]
fn what_was_read_while_somebody_wrote_is_not_taken_for_what_is_there_now() {
    let (shelf, path) = (Shelf::default(), Path::new("/w/tables/coins/embeddings_e_boxes.lance"));
    let slow = shelf.version_by(path, || {
        // Another writes while this one has read version 1 and not yet said so.
        shelf.changed(path);
        Ok(1)
    });
    assert_eq!(slow.unwrap().1, 1);
    let (state, version) = shelf.version_by(path, || Ok(2)).unwrap();
    assert_eq!(version, 2, "the next one looks again");
    assert_eq!(shelf.version_by(path, || Ok(9)).unwrap(), (state, 2), "and then it is known");
    shelf.keep(place("a"), kept((2, 1)), 0);
    shelf.keep(place("a"), kept((1, 5)), 0);
    assert!(shelf.get(&place("a"), |held| held.versions == (2, 1)).is_some(), "the older one came late");
}

#[test]
fn a_table_that_was_made_anew_is_another_whatever_its_version() {
    let (shelf, path, coins) =
        (Shelf::default(), Path::new("/w/tables/coins/embeddings_e_boxes.lance"), "coins".parse());
    let other = Path::new("/w/tables/others/embeddings_e_boxes.lance");
    let (before, untouched) = (shelf.version_by(path, || Ok(1)).unwrap(), shelf.version_by(other, || Ok(1)).unwrap());
    shelf.forget(&coins.unwrap());
    let after = shelf.version_by(path, || Ok(1)).unwrap();
    assert!(after.0 > before.0 && after.1 == before.1);
    assert_eq!(shelf.version_by(other, || Ok(7)).unwrap(), untouched);
}

#[test]
fn nothing_read_while_a_table_is_taken_away_stays() {
    let (shelf, coins) = (Shelf::default(), "coins".parse().unwrap());
    let begun = shelf.forgotten();
    shelf.remove(&coins, || shelf.keep(place("a"), kept((1, 1)), begun));
    assert!(shelf.get(&place("a"), |_| true).is_none());
    // A reader that began before and ends after.
    shelf.keep(place("a"), kept((1, 1)), begun);
    assert!(shelf.get(&place("a"), |_| true).is_none());
}
