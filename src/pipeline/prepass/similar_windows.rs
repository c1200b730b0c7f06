//! Windows in which look-alikes are looked for: as large as the examples, over all of the picture.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use tator_domain::{PixelBox, iou};
use tator_vision::Slicing;

use super::alike::SMALLEST;
use super::looks::Found;

/// Windows of one picture, whatever the examples: a thousand tiny ones would cost more than all detectors.
const MOST: usize = 768;
/// Sizes that differ by less than this are one.
const ALIKE: f64 = 1.35;
/// Share that neighbouring windows have in common.
const OVERLAP: f64 = 0.5;
/// Two finds of a class that overlap so much are about one thing.
const ONE_THING: f64 = 0.3;

/// The windows: of the middle sizes of each class, those that are alike once, the commonest first.
pub(super) fn windows_like(
    sizes: impl Iterator<Item = (usize, [f64; 2])>,
    (width, height): (u32, u32),
) -> Vec<PixelBox> {
    let mut by_class: BTreeMap<usize, Vec<[f64; 2]>> = BTreeMap::new();
    sizes.for_each(|(label, size)| by_class.entry(label).or_default().push(size));
    let mut kinds: Vec<([f64; 2], usize)> = Vec::new();
    for of_one in by_class.values() {
        let middle = [0, 1].map(|axis| {
            let mut sides: Vec<f64> = of_one.iter().map(|size| size[axis]).collect();
            sides.sort_by(f64::total_cmp);
            sides[sides.len() / 2].max(SMALLEST)
        });
        let same = |a: f64, b: f64| a.max(b) <= ALIKE * a.min(b);
        match kinds.iter_mut().find(|(known, _)| same(known[0], middle[0]) && same(known[1], middle[1])) {
            Some((_, n)) => *n += of_one.len(),
            None => kinds.push((middle, of_one.len())),
        }
    }
    kinds.sort_by_key(|(_, n)| Reverse(*n));
    let mut all: Vec<PixelBox> = Vec::new();
    for ([w, h], _) in kinds {
        let (w, h) = ((w.round() as u32).clamp(1, width), (h.round() as u32).clamp(1, height));
        // Too many of one size lie further apart.
        for overlap in [OVERLAP, 0.25, 0.0] {
            let slicing = Slicing { width: w, height: h, overlap_x: overlap, overlap_y: overlap };
            let Ok(cut) = tator_vision::windows(width, height, &slicing) else { break };
            if all.len() + cut.len() <= MOST {
                all.extend(cut.into_iter().map(|at| PixelBox {
                    x: at.x.into(),
                    y: at.y.into(),
                    w: at.w.into(),
                    h: at.h.into(),
                }));
                break;
            }
        }
    }
    all
}

/// The best of those that are about one thing, best first; what is there already counts as better than all.
pub(super) fn thinned(mut found: Vec<Found>, there: &[Found]) -> Vec<Found> {
    // Stable: of equals the window that came first.
    found.sort_by(|a, b| b.score.unwrap_or(0.0).total_cmp(&a.score.unwrap_or(0.0)));
    let mut kept: Vec<Found> = Vec::new();
    for one in found {
        let same = |other: &Found| other.label == one.label && iou(&other.rect, &one.rect) >= ONE_THING;
        if !there.iter().chain(&kept).any(same) {
            kept.push(one);
        }
    }
    kept
}

/// The same window a little aside, larger, and smaller; each round in smaller steps.
pub(super) fn neighbours(rect: &PixelBox, round: usize, (width, height): (u32, u32)) -> Vec<PixelBox> {
    let step = 0.25 / (1 << round.min(8)) as f64;
    let PixelBox { x, y, w, h } = *rect;
    let aside = [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)];
    let moved = aside.map(|(dx, dy)| PixelBox { x: x + dx * step * w, y: y + dy * step * h, w, h });
    let scaled = [1.0 - step, 1.0 + step].map(|scale| PixelBox {
        x: x + w * (1.0 - scale) / 2.0,
        y: y + h * (1.0 - scale) / 2.0,
        w: w * scale,
        h: h * scale,
    });
    let inside = |rect: PixelBox| rect.clipped(f64::from(width), f64::from(height));
    let fits = |rect: &PixelBox| rect.w >= SMALLEST && rect.h >= SMALLEST;
    moved.into_iter().chain(scaled).map(inside).filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_the_sizes_of_the_classes_and_cover_the_picture() {
        let sizes = [(0, [40.0, 40.0]), (0, [44.0, 40.0]), (0, [400.0, 40.0]), (1, [50.0, 45.0]), (2, [100.0, 20.0])];
        let all = windows_like(sizes.into_iter(), (200, 100));
        let kinds: std::collections::BTreeSet<(u32, u32)> = all.iter().map(|r| (r.w as u32, r.h as u32)).collect();
        assert_eq!(
            kinds.into_iter().collect::<Vec<_>>(),
            [(44, 40), (100, 20)],
            "the middle of a class, alike ones once"
        );
        let covered =
            |x: f64, y: f64| all.iter().any(|r| r.w < 60.0 && x >= r.x && x < r.right() && y >= r.y && y < r.bottom());
        assert!((0..200).all(|x| (0..100).all(|y| covered(f64::from(x), f64::from(y)))));
        assert!(windows_like([(0, [8.0, 8.0])].into_iter(), (4000, 3000)).len() <= MOST);
        assert!(windows_like(std::iter::empty(), (200, 100)).is_empty());
    }

    #[test]
    fn one_thing_is_told_once_and_not_where_it_is_known() {
        let at = |x: f64, label, score| Found {
            rect: PixelBox { x, y: 0.0, w: 10.0, h: 10.0 },
            label,
            score: Some(score),
            window: Some(0),
            exemplar: None,
        };
        let kept =
            thinned(vec![at(0.0, 0, 0.7), at(2.0, 0, 0.9), at(2.0, 1, 0.8), at(50.0, 0, 0.9)], &[at(51.0, 0, 0.1)]);
        assert_eq!(kept.iter().map(|one| (one.rect.x, one.label)).collect::<Vec<_>>(), [(2.0, 0), (2.0, 1)]);
    }

    #[test]
    fn neighbours_stay_in_the_picture() {
        let rect = PixelBox { x: 0.0, y: 0.0, w: 20.0, h: 20.0 };
        let all = neighbours(&rect, 0, (24, 100));
        assert!(all.len() == 6 && all.iter().all(|r| r.x >= 0.0 && r.right() <= 24.0 && r.w > 0.0));
    }
}
