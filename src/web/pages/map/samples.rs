//! Maps as the page may meet them.

use tator_store::{EmbeddingMeta, EmbeddingOf, EmbeddingTable, MapRecord};

use super::view::{Page, Shown};
use crate::page::{Sample, Section, Shell};

fn map(encoder: &str, of: &str, method: &str, points: u64) -> MapRecord {
    MapRecord {
        map: MapRecord::name(encoder, of, method),
        encoder: encoder.into(),
        of: of.into(),
        method: method.into(),
        points,
        fingerprint: "f".into(),
        parameters: r#"{"seed":0,"laid_out":50000}"#.into(),
        made_at: 1_795_331_000_000_000,
    }
}

fn table(encoder: &str, of: EmbeddingOf, rows: u64) -> EmbeddingTable {
    let meta =
        EmbeddingMeta { encoder: encoder.into(), fingerprint: "f".into(), of, recipe: "square".into(), dims: 384 };
    EmbeddingTable { meta, rows, stale: 0, missing: 0, bytes: 1 << 20 }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |maps: Vec<MapRecord>, tables: &[EmbeddingTable], wrong: Option<&str>| {
            let shell = Shell::sample(Section::Explore, Some("coins"));
            let dataset = "coins".parse().expect("a valid name");
            let shown = maps.first().map(Shown::of);
            Self::new(shell, dataset, maps, shown, tables, wrong.map(str::to_owned))
        };
        let tables = [table("dinov3-small", EmbeddingOf::Boxes, 860_001), table("<b>clip</b>", EmbeddingOf::Images, 3)];
        let maps = vec![map("dinov3-small", "boxes", "umap", 860_001), map("<b>clip</b>", "images", "pca", 3)];
        vec![
            ("without embeddings", page(vec![], &[], None)),
            ("without maps", page(vec![], &tables, Some("<coins> has no embeddings of images"))),
            ("usual", page(maps, &tables, None)),
        ]
    }
}
