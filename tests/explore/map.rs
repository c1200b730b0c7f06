//! Maps: made by a job, their points and what expressions say about them, joined in SQL.

use serde_json::{Value, json};

use super::{done, embed, imported};
use crate::assist;
use crate::harness::program::Server;

const BOXES: &str = "0 0.25 0.5 0.3 0.5\n1 0.75 0.5 0.3 0.5\n";

fn head(bytes: &[u8]) -> (Value, &[u8]) {
    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[4..4 + length]).unwrap(), &bytes[4 + length..])
}

#[test]
fn without_embeddings_a_map_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&imported(folder.path(), &[("train", [9, 9, 9], BOXES)]));
    let (status, answer) = server.client().try_post("/api/v1/datasets/seen/maps", &json!({})).unwrap();
    assert!((400..500).contains(&status), "{answer}");
    assert!(answer["error"]["hint"].as_str().unwrap().contains("tator embed"), "{answer}");
    assert!(server.page("/d/seen/map").1.contains("Embed images and boxes"));
}

#[test]
fn a_map_has_every_box_and_can_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let pictures: Vec<_> = (0..12u8).map(|n| ("train", [20 * n, 100, 250 - 20 * n], BOXES)).collect();
    let server = assist::server(&imported(folder.path(), &pictures));
    if !assist::has_runtime(&server) {
        return;
    }
    embed(&server);
    let first = done(&server, "maps", &json!({ "method": "umap", "seed": 3 }));
    let (map, table) = (first["map"].as_str().unwrap().to_owned(), first["table"].as_str().unwrap());
    assert_eq!(first["points"], 24, "{first}");
    let places = server.sql(&format!("SELECT box_id, x, y FROM {table} ORDER BY box_id"));
    done(&server, "maps", &json!({ "method": "umap", "seed": 3 }));
    assert_eq!(server.sql(&format!("SELECT box_id, x, y FROM {table} ORDER BY box_id")), places, "same in, same out");
    done(&server, "maps", &json!({ "method": "pca", "of": "images" }));
    assert_eq!(server.get("/api/v1/datasets/seen/maps")["maps"].as_array().unwrap().len(), 2);

    let door = format!("/api/v1/datasets/seen/maps/{map}");
    let points = server.bytes(&format!("{door}/points"));
    assert_eq!(points.len(), 8 + 24 * 24);
    let classes = server.bytes(&format!("{door}/values?of=class"));
    let (told, codes) = head(&classes);
    assert_eq!((&told["kind"], codes.len()), (&json!("words"), 24));
    assert_eq!(told["words"][0]["count"], 12, "{told}");
    let sizes = server.bytes(&format!("{door}/values?of=box_area"));
    let (told, numbers) = head(&sizes);
    assert_eq!((&told["kind"], numbers.len(), &told["low"]), (&json!("numbers"), 96, &json!(3000.0)), "{told}");
    for refused in ["count(*)", "1) FROM images; --", "read_text('/etc/passwd')", "no_such_column"] {
        let encoded: String = refused.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let (status, answer) = server.ask(&format!("{door}/values?of={encoded}"));
        assert_eq!(status, 422, "{refused}: {answer}");
    }
    assert_eq!(server.ask("/api/v1/datasets/seen/maps/none/points").0, 404);
}
