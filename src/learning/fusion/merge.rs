//! Non-maximum merging as in SAHI (`sahi/postprocess/combine.py`, `_numpy_backend.py`, 0.12.8): overlapping boxes of
//! neighbouring windows grow into one.
//!
//! Overlaps are computed in doubles here, in single precision there; and where boxes are chained, the better are merged
//! first, there those that come first in the list.

use tator_domain::{ClassId, PixelBox};

use super::suppress::direct_groups;
use super::{Group, Overlap, by_rank, pools};
use crate::candidate::Candidate;

/// A group and the box that its members make together.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// Who makes it up; members that do not overlap the grown box are in the group, but do not enlarge it.
    pub group: Group,
    /// The rectangle around those merged.
    pub rect: PixelBox,
    /// The greatest score.
    pub score: f64,
    /// The class of the best; of equals, of the one merged last.
    pub class: ClassId,
}

/// Each head absorbs what overlaps it directly (`GREEDYNMM`, SAHI's default, there by IoS from 0.5 on).
#[must_use]
pub fn merge_greedily(candidates: &[Candidate], overlap: &Overlap) -> Vec<Merged> {
    merge(candidates, overlap, direct_groups)
}

/// What overlaps an absorbed one is absorbed by the same head (`NMM`).
#[must_use]
pub fn merge_transitively(candidates: &[Candidate], overlap: &Overlap) -> Vec<Merged> {
    merge(candidates, overlap, chained_groups)
}

fn merge(
    candidates: &[Candidate],
    overlap: &Overlap,
    groups: impl Fn(&[Candidate], &Overlap, &[usize]) -> Vec<Group>,
) -> Vec<Merged> {
    let pools = pools(candidates, overlap.class_agnostic);
    let groups = pools.iter().flat_map(|pool| groups(candidates, overlap, pool));
    let merged = groups.map(|group| grow(candidates, overlap, group)).collect();
    by_rank(candidates, merged, |merged: &Merged| merged.group.keeper)
}

/// Members are tested once more against the box as it has grown by then.
fn grow(candidates: &[Candidate], overlap: &Overlap, group: Group) -> Merged {
    let keeper = &candidates[group.keeper];
    let (mut rect, mut score, mut class) = (keeper.rect, keeper.score, keeper.class);
    for member in group.absorbed.iter().map(|row| &candidates[*row]) {
        if overlap.joins(&rect, &member.rect) {
            rect = around(&rect, &member.rect);
            class = if score > member.score { class } else { member.class };
            score = score.max(member.score);
        }
    }
    Merged { group, rect, score, class }
}

fn around(a: &PixelBox, b: &PixelBox) -> PixelBox {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    PixelBox { x, y, w: a.right().max(b.right()) - x, h: a.bottom().max(b.bottom()) - y }
}

fn chained_groups(candidates: &[Candidate], overlap: &Overlap, pool: &[usize]) -> Vec<Group> {
    let mut home: Vec<Option<usize>> = vec![None; candidates.len()];
    let mut groups: Vec<Group> = Vec::new();
    for current in pool.iter().copied() {
        let group = *home[current].get_or_insert_with(|| {
            groups.push(Group { keeper: current, absorbed: Vec::new() });
            groups.len() - 1
        });
        for other in pool.iter().copied().filter(|other| *other != current) {
            let (a, b) = (&candidates[current], &candidates[other]);
            if home[other].is_none() && may_take(a, b) && overlap.joins(&a.rect, &b.rect) {
                home[other] = Some(group);
                groups[group].absorbed.push(other);
            }
        }
    }
    groups
}

/// Whether `a` may absorb `b` in the reference: of equal scores only the one that does not come first by place.
fn may_take(a: &Candidate, b: &Candidate) -> bool {
    let corners = |c: &Candidate| [c.rect.x, c.rect.y, c.rect.right(), c.rect.bottom()];
    a.score > b.score || (a.score == b.score && corners(a) >= corners(b))
}
