//! Test support: random labels for round trips, and the comparison that a round trip must pass.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tator_domain::{BoxState, Class, Image, ImageBox, ImageState, Origin, PixelBox, Polygon, Rle, Ring, Split};

use super::collect::FixedLabels;

/// What a format can hold of a box and an image.
#[derive(Debug, Clone, Copy)]
pub struct Holds {
    ids: bool,
    masks: bool,
    rings: usize,
    numbers: bool,
    origin: bool,
    states: bool,
    json: bool,
}

impl Holds {
    /// COCO: everything but who made a box.
    pub const COCO: Self =
        Self { ids: true, masks: true, rings: 3, numbers: true, origin: false, states: true, json: true };
    /// Pascal VOC: class, box, one outline, angle, flat attributes.
    pub const VOC: Self =
        Self { ids: false, masks: false, rings: 1, numbers: false, origin: false, states: false, json: false };
    /// Our Parquet: everything.
    pub const PARQUET: Self =
        Self { ids: true, masks: true, rings: 3, numbers: true, origin: true, states: true, json: true };
}

fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..200.0, (0u32..200).prop_map(f64::from), Just(285.840_000_000_000_03), Just(1e-3), 0.0..1e-9]
}

fn side() -> impl Strategy<Value = f64> {
    prop_oneof![1e-6..300.0, (1u32..300).prop_map(f64::from), Just(0.1)]
}

fn ring() -> impl Strategy<Value = Ring> {
    prop::collection::vec(prop::array::uniform2(coordinate()), 3..7)
}

fn outline(holds: Holds) -> impl Strategy<Value = (Option<Polygon>, Option<Vec<u32>>)> {
    let polygon = prop::collection::vec(ring(), 1..=holds.rings).prop_map(|rings| (Some(Polygon { rings }), None));
    let counts = prop::collection::vec(0u32..40, 1..6).prop_map(|counts| (None, Some(counts)));
    let masks = if holds.masks { 1 } else { 0 };
    prop_oneof![2 => Just((None, None)), 2 => polygon, masks => counts]
}

fn maybe<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>, possible: bool) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(if possible { 0.5 } else { 0.0 }, value)
}

fn attributes(holds: Holds) -> impl Strategy<Value = Option<String>> {
    let plain = ["{\"difficult\":1}", "{\"pose\":\"Left <&> \\\"x\\\"\",\"track\":7}", "{\"k\":0.5,\"t\":true}"];
    let json = ["{\"keypoints\":[1,2.50,{\"a\":null}]}", "{\"attributes\":{\"occluded\":false},\"ü\":\"\\u0001\"}"];
    let all: Vec<&str> = plain.into_iter().chain(json.into_iter().filter(|_| holds.json)).collect();
    prop::option::of(prop::sample::select(all).prop_map(str::to_owned))
}

fn one_box(holds: Holds) -> impl Strategy<Value = ImageBox> {
    let rect = (coordinate(), coordinate(), side(), side()).prop_map(|(x, y, w, h)| PixelBox { x, y, w, h });
    let numbers = (maybe(side(), holds.numbers), maybe(0.0..1.0, holds.numbers), prop::option::of(-180.0..180.0));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (0..3i32, rect, outline(holds), numbers, flags, attributes(holds)).prop_map(
        move |(class_id, rect, (polygon, mask), (area, score, angle), (crowd, draft, model), attributes)| ImageBox {
            box_id: 0,
            image_id: 0,
            class_id: class_id + 1,
            rect,
            polygon,
            angle,
            // The counts are fitted to the image later.
            mask: mask.map(|counts| counts.iter().map(|c| format!("{c},")).collect()),
            area,
            is_crowd: crowd && holds.numbers,
            origin: if model && holds.origin { Origin::Model("run_1".to_owned()) } else { Origin::Import },
            state: if draft && holds.states { BoxState::Draft } else { BoxState::Trusted },
            score,
            source_id: None,
            attributes,
        },
    )
}

fn image(holds: Holds) -> impl Strategy<Value = (Image, Vec<ImageBox>)> {
    let names = ["a.jpg", "b c.png", "sub/a.jpg", "sub/a.png", "Köln/ü.jpg", "x#%.jpg"];
    let labelled = [ImageState::Labelled];
    let states = prop::sample::select(if holds.states { ImageState::ALL } else { &labelled[..] }.to_vec());
    let about = (prop::sample::select(names.to_vec()), 300u32..400, 300u32..400, states);
    let split = prop::sample::select(Split::ALL.to_vec());
    let boxes = prop::collection::vec(one_box(holds), 0..4);
    (about, split, boxes, maybe(0i64..50, holds.ids), any::<bool>()).prop_map(
        move |((path, width, height, state), split, boxes, source_id, extra)| {
            let image = Image {
                image_id: 0,
                path: path.to_owned(),
                content_hash: String::new(),
                width,
                height,
                orientation: 1,
                bytes: 54,
                split,
                state,
                revision: 0,
                n_boxes: boxes.len() as u32,
                source_id: source_id.map(|id| id.to_string()),
                attributes: (extra && holds.json).then(|| "{\"license\":3,\"u\":[1.50]}".to_owned()),
            };
            (image, boxes)
        },
    )
}

/// Labels of some images that the format can hold.
pub fn labels(holds: Holds) -> impl Strategy<Value = FixedLabels> {
    prop::collection::vec(image(holds), 1..6).prop_map(move |images| numbered(images, holds))
}

fn numbered(mut images: Vec<(Image, Vec<ImageBox>)>, holds: Holds) -> FixedLabels {
    images.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    images.dedup_by(|a, b| a.0.path == b.0.path);
    let mut next_box = 100;
    for (image_id, (image, boxes)) in (1..).zip(&mut images) {
        image.image_id = image_id;
        for one in boxes {
            next_box += 1;
            (one.box_id, one.image_id) = (next_box, image_id);
            one.mask = one.mask.take().map(|text| mask(&text, image));
            one.source_id = (holds.ids && next_box % 3 == 0).then(|| format!("{}", next_box * 7));
        }
    }
    let class = |(class_id, name): (i32, &str)| Class {
        class_id,
        name: name.to_owned(),
        supercategory: (holds.ids && class_id != 2).then(|| if class_id == 1 { String::new() } else { "s".to_owned() }),
        colour: tator_domain::class_colour(0).to_owned(),
        source_id: (holds.ids && class_id == 3).then(|| "90".to_owned()),
        retired: false,
        retired_into: None,
    };
    FixedLabels { classes: [(1, "coin"), (2, "a & b: <c>"), (3, "Münze")].map(class).to_vec(), images }
}

/// A mask over the whole image that begins with these runs.
fn mask(runs: &str, image: &Image) -> String {
    let mut counts: Vec<u32> = runs.split_terminator(',').map(|c| c.parse().expect("a number")).collect();
    counts.push(image.width * image.height - counts.iter().sum::<u32>());
    Rle::new(image.height, image.width, counts).expect("a mask of the image's size").encode()
}

/// Panics unless both hold the same, image by image; ids of ours may differ, floats may not in a single bit.
pub fn assert_same(found: &FixedLabels, wanted: &FixedLabels, holds: Holds) {
    let (found, wanted) = (comparable(found, wanted, holds), comparable(wanted, wanted, holds));
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "images");
    for (path, want) in wanted {
        assert_eq!(found[&path], want, "{path}");
    }
}

/// Each image with its boxes as text, without what the format gives anew.
fn comparable(labels: &FixedLabels, original: &FixedLabels, holds: Holds) -> BTreeMap<String, String> {
    let names: BTreeMap<i32, &str> = labels.classes.iter().map(|c| (c.class_id, c.name.as_str())).collect();
    let kept = |path: &str| original.images.iter().find(|(i, _)| i.path == path);
    let row = |(image, boxes): &(Image, Vec<ImageBox>)| {
        let mut text = format!("{}x{} {} {}", image.width, image.height, image.split, image.state);
        let before = kept(&image.path);
        let had_id = before.is_some_and(|(i, _)| i.source_id.is_some());
        let id = image.source_id.as_ref().filter(|_| had_id && holds.ids);
        text.push_str(&format!(" {id:?} {:?}\n", image.attributes));
        for (n, one) in boxes.iter().enumerate() {
            let had_id = before.and_then(|(_, b)| b.get(n)).is_some_and(|b| b.source_id.is_some());
            let bits = [one.rect.x, one.rect.y, one.rect.w, one.rect.h].map(f64::to_bits);
            let class = names.get(&one.class_id);
            text.push_str(&format!("{class:?} {bits:?} {:?} {:?} {:?} {:?}", one.polygon, one.angle, one.mask, one.area));
            let id = one.source_id.as_ref().filter(|_| had_id && holds.ids);
            let origin = Some(&one.origin).filter(|_| holds.origin);
            text.push_str(&format!(" {} {origin:?} {} {:?} {id:?} {:?}\n", one.is_crowd, one.state, one.score, one.attributes));
        }
        (image.path.clone(), text)
    };
    labels.images.iter().map(row).collect()
}
