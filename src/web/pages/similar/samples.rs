//! Look-alikes as the page may meet them.

use tator_domain::PixelBox;
use tator_pipeline::SimilarTo;
use tator_pipeline::embed::Encoder;
use tator_pipeline::similar::Region;
use tator_store::{BoxPlace, EmbeddingMeta, EmbeddingOf, EmbeddingTable, ImageFilter};

use super::view::{Asked, Cell, Page, Shown, USUAL, Wish};
use crate::page::{Sample, Section, Shell};
use crate::pages::sql::result::crop;

fn table(encoder: &str, of: EmbeddingOf, missing: u64) -> EmbeddingTable {
    let meta = EmbeddingMeta {
        encoder: encoder.into(),
        fingerprint: "0123456789abcdef".into(),
        of,
        recipe: "square, padding 0.15".into(),
        dims: 1_280,
    };
    EmbeddingTable { meta, rows: 860_001, stale: missing / 2, missing, bytes: 4_400_000_000 }
}

fn place(n: i64) -> BoxPlace {
    let rect = PixelBox { x: 40.0 * n as f64, y: 20.5, w: 120.0, h: 90.0 };
    BoxPlace { box_id: n, image_id: n / 2 + 1, rect, width: 1024, height: 683 }
}

fn shown(n: i64, building: bool) -> Shown {
    let d = "coins".parse().expect("a valid name");
    let cell = |n: i64| Cell {
        image_id: n / 2 + 1,
        box_id: Some(n),
        picture: crate::addresses::thumbnail(&d, n / 2 + 1, 384),
        crop: (n % 3 != 2).then(|| crop(&d, &place(n))),
        class: Some((["<b>cent</b> & \"more\"", "dime"][n as usize % 2].into(), "#4477aa".into())),
        score: 0.98 - n as f32 * 0.01,
        href: format!("/d/coins/label?image={}&box={n}", n / 2 + 1),
        again: format!("/d/coins/similar?box={n}&of=boxes"),
    };
    Shown {
        cells: (0..n).map(cell).collect(),
        how: "1,234,567 boxes searched in 6.1 ms · index, finds 98.7 % of the true ones".into(),
        building,
        without: building.then(|| "Boxes without a vector by <b>, which cannot be found: 1,234".into()),
        encoder: "dinov2-small".into(),
        as_images: (n > 0).then(|| ("/d/coins/gallery?where=true".into(), "/d/coins/label?image=1&where=true".into())),
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |to: Option<SimilarTo>, asked, shown, tables: Vec<EmbeddingTable>, wrong: Option<&str>| Self {
            shell: Shell::sample(Section::Explore, Some("coins")),
            base: "/d/coins".into(),
            dataset: "coins".parse().expect("a valid name"),
            wish: Wish { to, of: None, encoder: None, k: USUAL, filter: ImageFilter::default() },
            asked,
            shown,
            tables,
            encoders: vec![
                Encoder { name: "dinov2-small".into(), title: "DINOv2 <small>".into(), words: false, usual: true },
                Encoder { name: "clip".into(), title: "CLIP".into(), words: true, usual: false },
            ],
            wrong: wrong.map(str::to_owned),
        };
        let rect = PixelBox { x: 10.0, y: 20.0, w: 30.5, h: 40.0 };
        let region = SimilarTo::Region(Region { image_id: 3, rect });
        let asked = Asked {
            title: "A region of image 3".into(),
            picture: Some("/api/v1/datasets/coins/images/3/thumb?size=1024".into()),
            image: Some((3, 1024, 683)),
            rect: Some(rect),
            href: Some("/d/coins/label?image=3".into()),
        };
        let tables = || vec![table("clip", EmbeddingOf::Images, 0), table("dinov2-small", EmbeddingOf::Boxes, 17)];
        let words = SimilarTo::Text("a <worn> coin".into());
        let refused = "dinov2-small knows pictures only; clip could look for words: embed with such an encoder";
        let d = "coins".parse().expect("a valid name");
        vec![
            ("nothing embedded", page(None, None, None, vec![], None)),
            ("nothing asked", page(None, None, None, tables(), None)),
            ("region", page(Some(region), Some(asked), Some(shown(12, true)), tables(), None)),
            ("words", page(Some(words), Some(Asked::words("a <worn> coin")), None, tables(), Some(refused))),
            (
                "picture",
                page(
                    Some(SimilarTo::Picture("ab12".into())),
                    Some(Asked::picture(&d, "ab12")),
                    Some(shown(0, false)),
                    tables(),
                    None,
                ),
            ),
        ]
    }
}
