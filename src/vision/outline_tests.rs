use proptest::prelude::*;
use tator_domain::{PixelBox, iou};

use super::*;

/// A grid whose logits are `inside(x, y)` at the middle of each cell, in picture pixels.
fn grid(cells: (usize, usize), size: (u32, u32), inside: impl Fn(f64, f64) -> f64) -> MaskGrid {
    let (step_x, step_y) = (f64::from(size.0) / cells.0 as f64, f64::from(size.1) / cells.1 as f64);
    let place = |i: usize, step: f64| (i as f64 + 0.5) * step;
    let logits = (0..cells.1)
        .flat_map(|y| (0..cells.0).map(move |x| (x, y)))
        .map(|(x, y)| inside(place(x, step_x), place(y, step_y)) as f32)
        .collect();
    MaskGrid { width: cells.0, height: cells.1, logits, step_x, step_y, score: 1.0 }
}

fn disc(cx: f64, cy: f64, r: f64) -> impl Fn(f64, f64) -> f64 {
    move |x, y| r - (x - cx).hypot(y - cy)
}

#[test]
fn a_disc_is_a_disc() {
    let outline = grid((64, 64), (512, 512), disc(200.0, 300.0, 80.0)).outline(512, 512, &Prompt::default());
    let outline = outline.expect("something is inside");
    let want = PixelBox { x: 120.0, y: 220.0, w: 160.0, h: 160.0 };
    assert!(iou(&outline.rect, &want) > 0.98, "{:?}", outline.rect);
    let round = std::f64::consts::PI * 80.0 * 80.0;
    assert!((outline.polygon.area() / round - 1.0).abs() < 0.02, "{}", outline.polygon.area());
    assert!(outline.polygon.rings[0].len() < 60, "{} corners", outline.polygon.rings[0].len());
}

#[test]
fn nothing_inside_is_no_outline() {
    assert_eq!(grid((8, 8), (64, 64), |_, _| -1.0).outline(64, 64, &Prompt::default()), None);
}

#[test]
fn all_inside_is_the_whole_picture() {
    let outline = grid((8, 8), (100, 60), |_, _| 1.0).outline(100, 60, &Prompt::default()).expect("all of it");
    assert_eq!(outline.rect, PixelBox { x: 0.0, y: 0.0, w: 100.0, h: 60.0 });
    assert_eq!(outline.polygon.area(), 6000.0);
}

#[test]
fn a_mask_at_the_edge_reaches_the_edge() {
    let outline = grid((64, 64), (640, 480), disc(0.0, 240.0, 100.0)).outline(640, 480, &Prompt::default());
    let rect = outline.expect("half a disc").rect;
    assert_eq!(rect.x, 0.0);
    assert!((rect.right() - 100.0).abs() < 2.0, "{rect:?}");
}

#[test]
fn what_lies_in_the_padding_is_cut_off() {
    // A frame of 1024 holds a picture of 1000 × 500: the lower half of the grid is padding.
    let mut all = grid((32, 32), (1000, 1000), |_, _| 1.0);
    all.score = 0.5;
    let outline = all.outline(1000, 500, &Prompt::default()).expect("all of it");
    assert_eq!(outline.rect, PixelBox { x: 0.0, y: 0.0, w: 1000.0, h: 500.0 });
}

#[test]
fn crumbs_go_unless_somebody_points_at_them() {
    let two = |x: f64, y: f64| disc(100.0, 100.0, 60.0)(x, y).max(disc(230.0, 230.0, 9.0)(x, y));
    let mask = grid((64, 64), (256, 256), two);
    let plain = mask.outline(256, 256, &Prompt::default()).expect("a disc");
    assert!(plain.rect.right() < 165.0, "{:?}", plain.rect);
    let pointed = Prompt { points: vec![(230.0, 230.0, true)], rect: None };
    let both = mask.outline(256, 256, &pointed).expect("both");
    assert_eq!(both.polygon.rings.len(), 2);
    assert!(both.rect.right() > 230.0);
}

#[test]
fn holes_are_filled() {
    let ring = |x: f64, y: f64| disc(128.0, 128.0, 90.0)(x, y).min(-disc(128.0, 128.0, 40.0)(x, y));
    let outline = grid((64, 64), (256, 256), ring).outline(256, 256, &Prompt::default()).expect("a ring");
    assert_eq!(outline.polygon.rings.len(), 1);
    assert!(outline.polygon.area() > 0.95 * std::f64::consts::PI * 8100.0);
}

proptest! {
    /// Whatever the network says, the outline lies in the picture and its rings are sound.
    #[test]
    fn any_grid_gives_sound_rings(
        cells in (2usize..12, 2usize..12),
        size in (1u32..400, 1u32..400),
        seed in prop::collection::vec(-3.0f32..3.0, 144),
    ) {
        let mut mask = grid(cells, size, |_, _| 0.0);
        mask.logits.iter_mut().zip(&seed).for_each(|(cell, value)| *cell = *value);
        if let Some(outline) = mask.outline(size.0, size.1, &Prompt::default()) {
            prop_assert!(outline.polygon.is_valid());
            let (w, h) = (f64::from(size.0), f64::from(size.1));
            prop_assert!(outline.rect.x >= 0.0 && outline.rect.y >= 0.0);
            prop_assert!(outline.rect.right() <= w + 1e-9 && outline.rect.bottom() <= h + 1e-9);
        }
    }
}
