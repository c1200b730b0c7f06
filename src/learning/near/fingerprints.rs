//! Pairs of 64-bit fingerprints that differ in few bits.

use std::collections::HashSet;

use rayon::prelude::*;

/// Bytes of a fingerprint: of two that differ in fewer bits than this, one byte is the same in both.
const BYTES: u32 = 8;

/// Pairs `(lower row, higher row, bits that differ)` that differ in at most `most` bits, in order.
///
/// Up to seven bits only fingerprints that share a byte are compared (one in 32 of all pairs), which misses none: seven
/// bits cannot touch all eight bytes. For more all are compared with all.
pub fn close_fingerprints(prints: &[u64], most: u32) -> Vec<(usize, usize, u32)> {
    if most >= BYTES {
        let all = (0..prints.len()).into_par_iter();
        return all.flat_map_iter(|row| after(prints, row, row + 1..prints.len(), most)).collect();
    }
    let found: HashSet<(usize, usize, u32)> = (0..BYTES)
        .into_par_iter()
        .flat_map_iter(|byte| {
            let mut buckets = vec![Vec::new(); 256];
            for (row, print) in prints.iter().enumerate() {
                buckets[(print >> (8 * byte) & 255) as usize].push(row);
            }
            buckets.into_iter().flat_map(move |rows| within(prints, &rows, most)).collect::<Vec<_>>()
        })
        .collect();
    let mut pairs: Vec<_> = found.into_iter().collect();
    pairs.sort_unstable();
    pairs
}

fn after(
    prints: &[u64],
    row: usize,
    others: impl Iterator<Item = usize>,
    most: u32,
) -> impl Iterator<Item = (usize, usize, u32)> {
    let pairs = others.map(move |other| (row, other, (prints[row] ^ prints[other]).count_ones()));
    pairs.filter(move |pair| pair.2 <= most)
}

fn within(prints: &[u64], rows: &[usize], most: u32) -> Vec<(usize, usize, u32)> {
    let one = |(at, row): (usize, &usize)| after(prints, *row, rows[at + 1..].iter().copied(), most);
    rows.iter().enumerate().flat_map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chance::Chance;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn no_pair_is_missed(seed in any::<u64>(), most in 0u32..=20) {
            let mut chance = Chance::new(seed);
            let mut prints: Vec<u64> = (0..60).map(|_| chance.next()).collect();
            // Some that differ from others in a few bits.
            for at in 0..30 {
                let flips = (0..chance.below(10)).fold(0, |bits, _| bits | 1 << chance.below(64));
                prints.push(prints[at] ^ flips);
            }
            let all: Vec<usize> = (0..prints.len()).collect();
            prop_assert_eq!(close_fingerprints(&prints, most), within(&prints, &all, most));
        }
    }
}
