//! Embeddings on disk and in memory: stale rows are nobody's, and what is missing is made once.

use std::sync::Arc;

use tator_domain::{NewBox, NewClass, Origin, PixelBox};
use tator_store::{
    EmbeddingMeta, EmbeddingOf, Error, LoadPolicy, NearestSearch, NewEmbeddings, SqlRequest, ToEmbed, Vectors,
};

use crate::harness::cellar::{Cellar, add, coins, delete, image, move_to, reclass};
use crate::harness::rows::rows;

const DIMS: usize = 4;

/// Four images with three boxes each.
fn filled() -> Cellar {
    let cellar = Cellar::new();
    let mut loader = cellar.writer().loader(&coins()).unwrap();
    let class = i32::try_from(loader.class(NewClass { name: "penny".into(), ..NewClass::default() })).unwrap();
    for i in 1..=4 {
        let path = format!("a/{i}.jpg");
        let key = loader.image(&image(&path), &path).unwrap();
        for b in 0..3 {
            let rect = PixelBox { x: f64::from(b) * 20.0, y: 1.0, w: 10.0, h: 7.0 };
            loader.add_box(key, &NewBox::plain(class, rect, Origin::Import)).unwrap();
        }
    }
    loader.plan(LoadPolicy::Keep).unwrap();
    loader.commit("import", "tester", false).unwrap();
    cellar
}

fn meta(of: EmbeddingOf) -> EmbeddingMeta {
    EmbeddingMeta { encoder: "test-1.5".into(), fingerprint: "f1".into(), of, recipe: "square".into(), dims: DIMS }
}

/// A direction that turns with the number.
fn vector(id: i64) -> [f32; DIMS] {
    let (sin, cos) = (id as f32 * 0.1).sin_cos();
    [cos, sin, 0.0, 0.0]
}

fn write(cellar: &Cellar, meta: &EmbeddingMeta, items: Vec<ToEmbed>, anew: bool) {
    let data = items.iter().flat_map(|item| vector(item.id())).collect();
    cellar.writer().add_embeddings(&coins(), meta, &NewEmbeddings { items, data }, anew).unwrap();
}

/// Does what a job does; gives how many were embedded, unchanged, and gone.
fn embed(cellar: &Cellar, meta: &EmbeddingMeta) -> (usize, u64, usize) {
    let plan = cellar.reader().embedding_plan(&coins(), meta).unwrap();
    let told = (plan.todo.len(), plan.current, plan.gone.len());
    cellar.writer().remove_embeddings(&coins(), meta, &plan.gone).unwrap();
    // In two commits: a job that is killed between them goes on with the second.
    let (first, second) = plan.todo.split_at(plan.todo.len() / 2);
    for (number, part) in [first, second].into_iter().filter(|part| !part.is_empty()).enumerate() {
        write(cellar, meta, part.to_vec(), plan.anew && number == 0);
    }
    told
}

fn boxes(cellar: &Cellar) -> Arc<Vectors> {
    cellar.reader().vectors(&coins(), "test-1.5", EmbeddingOf::Boxes).unwrap()
}

#[test]
fn rows_come_back_in_order_and_once() {
    let mut cellar = filled();
    assert!(matches!(
        cellar.reader().vectors(&coins(), "test-1.5", EmbeddingOf::Boxes),
        Err(Error::NotEmbedded { .. })
    ));
    assert_eq!(embed(&cellar, &meta(EmbeddingOf::Boxes)), (12, 0, 0));
    assert_eq!(embed(&cellar, &meta(EmbeddingOf::Images)), (4, 0, 0));
    assert_eq!(embed(&cellar, &meta(EmbeddingOf::Boxes)), (0, 12, 0));
    let vectors = boxes(&cellar);
    assert_eq!(vectors.count(), 12);
    let order: Vec<_> = vectors.image_ids.iter().zip(&vectors.box_ids).collect();
    assert!(order.is_sorted());
    assert!((0..12).all(|row| vectors.row(row) == vector(vectors.id(row))));
    assert!(Arc::ptr_eq(&vectors, &boxes(&cellar)), "what is in memory is not read again");
    cellar.reopen();
    assert_eq!(*boxes(&cellar), *vectors);
    let tables = cellar.reader().embedding_tables(&coins()).unwrap();
    assert_eq!(tables.len(), 2);
    assert!(tables.iter().all(|table| table.stale == 0 && table.missing == 0 && table.bytes > 0), "{tables:?}");
    assert!(cellar.path().join("tables/coins/embeddings_test_1_5_boxes.lance").is_dir());
}

#[test]
fn an_edited_box_is_stale_and_a_deleted_one_goes() {
    let cellar = filled();
    let meta = meta(EmbeddingOf::Boxes);
    embed(&cellar, &meta);
    let lately = cellar.reader().vectors_lately(&coins(), "test-1.5", EmbeddingOf::Boxes).unwrap();
    let ids = |image| -> Vec<i64> {
        cellar.reader().image(&coins(), image).unwrap().boxes.iter().map(|b| b.box_id).collect()
    };
    let (first, second) = (ids(1), ids(2));
    cellar.edit(1, "moved", vec![move_to(first[0], 33.0), reclass(first[1], 1)]);
    cellar.edit(2, "gone", vec![delete(second[1]), add("new", 1.0, 2.0, 9.0, 9.0)]);
    let now = boxes(&cellar);
    assert_eq!((now.count(), now.find(1, Some(first[0])), now.find(2, Some(second[1]))), (10, None, None));
    assert!(now.find(1, Some(first[1])).is_some(), "another class is the same pixels");
    // A search that looks at the rows of a moment ago is told which of them still count.
    let again = cellar.reader().vectors_lately(&coins(), "test-1.5", EmbeddingOf::Boxes).unwrap();
    assert_eq!(again.count(), 10);
    let told: Vec<_> = (0..12).map(|row| (lately.image_ids[row], lately.id(row), lately.keys[row])).collect();
    let current = cellar.reader().current_rows(&coins(), &meta, &told).unwrap();
    assert_eq!(current.iter().filter(|current| **current).count(), 10);
    let table = cellar.reader().embedding_tables(&coins()).unwrap().remove(0);
    assert_eq!((table.rows, table.stale, table.missing), (10, 2, 2));
    assert_eq!(embed(&cellar, &meta), (2, 10, 1));
    assert_eq!(boxes(&cellar).count(), 12);
    // Back where it was: the row is of other pixels now.
    cellar.undo(1, "back");
    assert_eq!(embed(&cellar, &meta), (1, 11, 0));
    assert_eq!(boxes(&cellar).count(), 12);
}

#[test]
fn what_has_no_vector_is_counted_on_through_every_change() {
    let cellar = filled();
    embed(&cellar, &meta(EmbeddingOf::Boxes));
    let counted = || {
        let (reader, meta) = (cellar.reader(), meta(EmbeddingOf::Boxes));
        let table = reader.embedding_tables(&coins()).unwrap().pop().unwrap();
        let plan = reader.embedding_plan(&coins(), &meta).unwrap();
        let stale = plan.todo.iter().filter(|item| item.replaces).count() + plan.gone.len();
        let now = (table.rows, table.stale, table.missing);
        assert_eq!(now, (plan.current, stale as u64, plan.todo.len() as u64), "counted anew");
        assert_eq!(reader.without_vector(&coins(), &meta.encoder, meta.of).unwrap(), now.2);
        now
    };
    assert_eq!(counted(), (12, 0, 0));
    cellar.edit(2, "moved", vec![move_to(4, 70.0)]);
    assert_eq!(counted(), (11, 1, 1));
    cellar.edit(3, "gone", vec![delete(7)]);
    cellar.edit(1, "new", vec![add("a", 50.0, 5.0, 10.0, 5.0)]);
    assert_eq!(counted(), (10, 2, 2));
    cellar.writer().undo(&coins(), 2, "back", "tester").unwrap();
    assert_eq!(counted(), (11, 1, 1));
    embed(&cellar, &meta(EmbeddingOf::Boxes));
    assert_eq!(counted(), (12, 0, 0));
    // A change of many images: images come and go.
    let mut loader = cellar.writer().loader(&coins()).unwrap();
    let class = i32::try_from(loader.class(NewClass { name: "penny".into(), ..NewClass::default() })).unwrap();
    let key = loader.image(&image("a/9.jpg"), "a/9.jpg").unwrap();
    loader.add_box(key, &NewBox::plain(class, PixelBox { x: 1.0, y: 1.0, w: 5.0, h: 5.0 }, Origin::Import)).unwrap();
    loader.plan(LoadPolicy::Keep).unwrap();
    loader.commit("import", "tester", false).unwrap();
    assert_eq!(counted(), (12, 0, 1));
    cellar.edit(1, "moved again", vec![move_to(1, 70.0)]);
    assert_eq!(counted(), (11, 1, 2));
}

#[test]
fn a_search_sees_a_row_that_an_undo_made_current_again() {
    let cellar = filled();
    embed(&cellar, &meta(EmbeddingOf::Boxes));
    let lately = || cellar.reader().vectors_lately(&coins(), "test-1.5", EmbeddingOf::Boxes).unwrap();
    let first = cellar.reader().image(&coins(), 1).unwrap().boxes[0].box_id;
    cellar.edit(1, "moved", vec![move_to(first, 33.0)]);
    assert_eq!(boxes(&cellar).count(), 11);
    let before = lately();
    cellar.edit(2, "other", vec![add("new", 1.0, 2.0, 9.0, 9.0)]);
    assert!(Arc::ptr_eq(&before, &lately()), "an edit costs no reading");
    cellar.undo(1, "back");
    assert_eq!((before.find(1, Some(first)), lately().find(1, Some(first)).is_some()), (None, true));
}

#[test]
fn another_model_or_recipe_makes_the_table_anew() {
    let cellar = filled();
    let old = meta(EmbeddingOf::Boxes);
    embed(&cellar, &old);
    let other = EmbeddingMeta { fingerprint: "f2".into(), ..old };
    assert_eq!(embed(&cellar, &other), (12, 0, 0));
    assert_eq!(boxes(&cellar).fingerprint, "f2");
    let wider = EmbeddingMeta { recipe: "wider".into(), ..other };
    assert_eq!(embed(&cellar, &wider), (12, 0, 0));
    assert_eq!((boxes(&cellar).count(), boxes(&cellar).recipe.as_str()), (12, "wider"));
    cellar.writer().delete_embeddings(&coins(), "test-1.5", EmbeddingOf::Boxes).unwrap();
    assert!(cellar.reader().embedding_tables(&coins()).unwrap().is_empty());
    assert!(cellar.writer().delete_embeddings(&coins(), "test-1.5", EmbeddingOf::Boxes).is_err());
}

/// The plain way.
struct Plain;

impl NearestSearch for Plain {
    fn nearest(&self, vectors: &Arc<Vectors>, query: &[f32], k: usize) -> Result<Vec<(usize, f32)>, String> {
        let cosine = |row: &[f32]| row.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
        let mut all: Vec<_> = (0..vectors.count()).map(|row| (row, cosine(vectors.row(row)))).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.truncate(k);
        Ok(all)
    }
}

fn refused(cellar: &Cellar, sql: &str) -> String {
    cellar.reader().sql(&SqlRequest::new(sql)).unwrap_err().to_string()
}

#[test]
fn statements_find_neighbours_by_names_and_numbers() {
    let cellar = filled();
    cellar.reader().set_search(Arc::new(Plain));
    assert!(refused(&cellar, "FROM knn('coins.boxes', 5, 3)").contains("tator embed --dataset coins --of boxes"));
    embed(&cellar, &meta(EmbeddingOf::Boxes));
    embed(&cellar, &meta(EmbeddingOf::Images));
    let near = "SELECT box_id FROM knn('coins.boxes', 5, 4) ORDER BY round(score, 4) DESC, box_id";
    assert_eq!(rows(cellar.reader(), near), ["[4]", "[6]", "[3]", "[7]"]);
    let named = "SELECT count(*) FROM knn('coins.images', 1, 9, 'test-1.5') WHERE box_id IS NULL";
    assert_eq!(rows(cellar.reader(), named), ["[3]"]);
    let all = "SELECT count(*), min(len(vector)), max(box_id) FROM embeddings('coins.boxes')";
    assert_eq!(rows(cellar.reader(), all), ["[12,4,12]"]);
    let alike = "SELECT round(cosine(a.vector, b.vector), 3) FROM embeddings('coins.boxes') a, embeddings('coins.boxes', 'test-1.5') b
                 WHERE a.box_id = 1 AND b.box_id = 2";
    assert_eq!(rows(cellar.reader(), alike), ["[0.995]"]);
    // No direction is like none.
    let nothing = "SELECT cosine([0.0, 0.0], [1.0, 0.0]), cosine([1.0, 0.0]::FLOAT[2], [0.0, 0.0]::FLOAT[2]), cosine(NULL::FLOAT[], [1.0]),
                   cosine([1.0, 0.0], [-2.0, 0.0]), cosine([3.0, 0.0], [1.0, 0.0])";
    assert_eq!(rows(cellar.reader(), nothing), ["[null,null,null,-1.0,1.0]"]);
    for k in [-3, 0] {
        let none = refused(&cellar, &format!("FROM knn('coins.boxes', 5, {k})"));
        assert!(none.contains("k must be 1 or more"), "{none}");
    }
    // A neighbour that was edited since is none, and neither has it neighbours.
    cellar.edit(2, "moved", vec![move_to(4, 70.0)]);
    let near = "SELECT count(*), count(*) FILTER (box_id = 4) FROM knn('coins.boxes', 5, 11)";
    assert_eq!(rows(cellar.reader(), near), ["[10,0]"]);
    assert!(refused(&cellar, "FROM knn('coins.boxes', 4, 2)").contains("no current embedding"));
    for wrong in [
        "FROM knn('../coins.boxes', 5, 2)",
        "FROM knn('coins', 5, 2)",
        "FROM knn('coins.boxes', 5, 2, '../../secret')",
        "FROM knn(NULL, 5, 2)",
        "FROM embeddings('nothing.boxes')",
        "FROM tator_knn(1, 'coins.boxes', 5, 2, '')",
        "FROM tator_embeddings(1, 'coins.boxes', '')",
    ] {
        refused(&cellar, wrong);
    }
    let filter = tator_store::ImageFilter {
        condition: Some("image_id IN (SELECT image_id FROM knn('coins.boxes', 5, 2))".into()),
        ..Default::default()
    };
    assert_eq!(cellar.reader().images(&coins(), &filter, None, 10).unwrap().images.len(), 2);
}

#[test]
fn two_open_workspaces_do_not_see_each_other() {
    let (one, other) = (filled(), filled());
    for cellar in [&one, &other] {
        cellar.reader().set_search(Arc::new(Plain));
    }
    embed(&one, &meta(EmbeddingOf::Boxes));
    assert_eq!(rows(one.reader(), "SELECT count(*) FROM embeddings('coins.boxes')"), ["[12]"]);
    refused(&other, "FROM embeddings('coins.boxes')");
}
