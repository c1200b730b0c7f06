//! Pictures as the gallery may meet them.

use tator_domain::{BoxState, Class, Image, ImageBox, ImageState, Origin, PixelBox, Split};
use tator_store::{CommentCounts, CommentFilter, Facets, ImageFilter, ImagePage};

use super::view::{Classes, Page, Panel, Piece, Rows, chosen};
use crate::page::{Sample, Section, Shell};
use crate::pages::datasets::samples::{NAMES, classes};

fn image(at: u32) -> Image {
    Image {
        image_id: i64::from(at) + 1,
        path: format!(
            "train/<b>a & \"b\"</b>/{}_{at:06}.jpg",
            ["beach", "windmill", "market-hall-with-a-long-name"][at as usize % 3]
        ),
        content_hash: String::new(),
        width: 1024,
        height: [683, 768, 1400][at as usize % 3],
        orientation: 1,
        bytes: 91_221,
        split: Split::Train,
        state: ImageState::ALL[at as usize % 5],
        revision: 0,
        n_boxes: at % 6,
        source_id: None,
        attributes: None,
    }
}

fn boxes(of: &Image) -> Vec<ImageBox> {
    let place = |n: i64| {
        let [x, y] =
            [f64::from(of.width) * 0.07 * (n + 1) as f64, f64::from(of.height) * 0.09 * (of.image_id % 4 + n) as f64];
        PixelBox { x, y, w: f64::from(of.width) * 0.22, h: f64::from(of.height) * 0.3 }
    };
    (0..i64::from(of.n_boxes))
        .map(|n| ImageBox {
            box_id: of.image_id * 100 + n,
            image_id: of.image_id,
            class_id: i32::try_from((n + of.image_id) % 9).expect("small"),
            rect: place(n),
            polygon: None,
            angle: (n == 3).then_some(30.0),
            mask: None,
            area: None,
            is_crowd: false,
            origin: Origin::Import,
            state: BoxState::Trusted,
            score: None,
            source_id: None,
            attributes: None,
        })
        .collect()
}

fn page(n: u32, filter: ImageFilter, wrong: Option<String>, names: &[&str]) -> Page {
    let dataset = "coins".parse().expect("a valid name");
    let images: Vec<Image> = (0..n).map(image).collect();
    let all: Vec<ImageBox> = images.iter().flat_map(boxes).collect();
    let classes: Vec<Class> = classes(names).into_iter().map(|count| count.class).collect();
    let facets = Facets {
        total: u64::from(n) * 985,
        states: ImageState::ALL.iter().map(|state| (*state, u64::from(n) * 200)).collect(),
        splits: Split::ALL.iter().copied().zip([82_800, 23_657, 11_830, 0]).collect(),
        classes: classes.iter().map(|class| (class.class_id, 9_000 / (class.class_id as u64 + 1))).collect(),
    };
    let found = ImagePage { images, next: (n > 0).then_some(i64::from(n)) };
    Page {
        shell: Shell::sample(Section::Gallery, Some("coins")),
        total: facets.total,
        piece: Piece::new(&dataset, &filter, None, &found, &all, &classes),
        after: filter.class.map(i64::from),
        panel: Panel::new(&dataset, &filter, &facets, &classes).said(
            &dataset,
            &filter,
            CommentCounts { open: u64::from(n), sent_back: 1 },
            &[("<b> & \"night\"".to_owned(), 118_287), ("blurry".to_owned(), 3)],
        ),
        chosen: chosen(&dataset, &filter, &classes),
        statement: filter.as_sql(&dataset),
        filter,
        wrong,
        dataset,
    }
}

fn nasty() -> ImageFilter {
    ImageFilter {
        state: Some(ImageState::InProgress),
        split: Some(Split::Val),
        class: Some(6),
        text: Some("a \"b\" <c>".into()),
        tag: Some("<b> & \"night\"".into()),
        comments: Some(CommentFilter::SentBack),
        package: Some(3),
        condition: Some("n_boxes > 3 AND path LIKE '%<x>%'".into()),
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let wrong = Some("Binder Error: Referenced column \"n_boxez\" not found <here>".to_owned());
        vec![
            ("empty", page(0, ImageFilter::default(), None, &[])),
            ("usual", page(120, ImageFilter::default(), None, &NAMES)),
            ("nasty", page(5, nasty(), wrong, &[&NAMES[..], &NAMES[..]].concat())),
            ("nothing", page(0, nasty(), None, &NAMES)),
        ]
    }
}

impl Sample for Rows {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("usual", Self { piece: page(7, nasty(), None, &NAMES).piece }),
            ("empty", Self { piece: page(0, nasty(), None, &[]).piece }),
        ]
    }
}

impl Sample for Classes {
    fn samples() -> Vec<(&'static str, Self)> {
        let dataset = "coins".parse().expect("a valid name");
        let found = Panel::found(&dataset, &nasty(), &classes(&NAMES[4..8]));
        vec![("usual", Self { panel: found }), ("empty", Self { panel: Panel::default() })]
    }
}
