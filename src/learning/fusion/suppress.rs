//! Non-maximum suppression: `torchvision.ops.nms` with [`super::Limit::Above`], SAHI's with [`super::Limit::From`].

use super::{Group, Overlap, by_rank, pools};
use crate::candidate::Candidate;

/// The best candidate stays and those that overlap it go, until none is left.
#[must_use]
pub fn nms(candidates: &[Candidate], overlap: &Overlap) -> Vec<Group> {
    let pools = pools(candidates, overlap.class_agnostic);
    let groups = pools.iter().flat_map(|pool| direct_groups(candidates, overlap, pool)).collect();
    by_rank(candidates, groups, |group: &Group| group.keeper)
}

/// Each head takes the free ones that overlap it directly; those taken take nothing.
pub(super) fn direct_groups(candidates: &[Candidate], overlap: &Overlap, pool: &[usize]) -> Vec<Group> {
    let mut free = pool.to_vec();
    let mut groups = Vec::new();
    while let Some((keeper, others)) = free.split_first() {
        let joins = |row: &usize| overlap.joins(&candidates[*keeper].rect, &candidates[*row].rect);
        let (absorbed, rest) = others.iter().copied().partition(joins);
        groups.push(Group { keeper: *keeper, absorbed });
        free = rest;
    }
    groups
}
