//! Hartigan's exchange: single rows change their cluster where that makes all clusters together tighter.
//!
//! Lloyd's steps stop where no row is nearer to another centre. Moving a row also moves both centres, and counting that
//! finds better clusters from there; it goes row by row, so only small data get it.

use crate::kernel::squared_distance;

/// Passes over the rows at most.
const PASSES: usize = 20;
/// More work than this for one pass is not worth it: some tens of milliseconds.
const MOST_WORK: usize = 50_000_000;

/// Moves centres by moving rows; false when there was nothing to move or too much to look at.
pub(super) fn exchange(data: &[f32], dims: usize, centres: &mut [f32], labels: &mut [u32]) -> bool {
    let count = centres.len() / dims;
    if data.len().saturating_mul(count) > MOST_WORK {
        return false;
    }
    let mut sizes = vec![0usize; count];
    labels.iter().for_each(|label| sizes[*label as usize] += 1);
    let mut any = false;
    for _ in 0..PASSES {
        let mut moved = false;
        for (row, label) in data.chunks_exact(dims).zip(labels.iter_mut()) {
            if let Some(to) = better(row, *label as usize, centres, &sizes) {
                step(row, *label as usize, to, centres, &mut sizes);
                *label = to as u32;
                moved = true;
            }
        }
        any |= moved;
        if !moved {
            break;
        }
    }
    any
}

/// The cluster that a row had better belong to, if another.
fn better(row: &[f32], from: usize, centres: &[f32], sizes: &[usize]) -> Option<usize> {
    if sizes[from] < 2 {
        return None;
    }
    let far = |at: usize| squared_distance(row, &centres[at * row.len()..][..row.len()]);
    let size = |at: usize| sizes[at] as f32;
    let spared = far(from) * size(from) / (size(from) - 1.0);
    let costs = (0..sizes.len()).filter(|at| *at != from).map(|at| (at, far(at) * size(at) / (size(at) + 1.0)));
    let (to, cost) = costs.min_by(|a, b| a.1.total_cmp(&b.1))?;
    // A gain within rounding could go to and fro for ever.
    (cost < spared * (1.0 - 1e-5)).then_some(to)
}

fn step(row: &[f32], from: usize, to: usize, centres: &mut [f32], sizes: &mut [usize]) {
    sizes[from] -= 1;
    sizes[to] += 1;
    let (less, more) = (sizes[from] as f32, sizes[to] as f32);
    let dims = row.len();
    centres[from * dims..][..dims].iter_mut().zip(row).for_each(|(centre, value)| *centre -= (value - *centre) / less);
    centres[to * dims..][..dims].iter_mut().zip(row).for_each(|(centre, value)| *centre += (value - *centre) / more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_lloyd_leaves_is_moved() {
        // 0 is nearer to its own centre at 2 than to -2.1, but the pair at 3 is better off without it.
        let (data, mut centres, mut labels) = ([-2.1, 0.0, 3.0, 3.0], vec![-2.1, 2.0], vec![0, 1, 1, 1]);
        assert!(exchange(&data, 1, &mut centres, &mut labels));
        assert_eq!(labels, [0, 0, 1, 1]);
        assert!((centres[0] + 1.05).abs() < 1e-6 && (centres[1] - 3.0).abs() < 1e-6);
        assert!(!exchange(&data, 1, &mut centres, &mut labels));
    }
}
