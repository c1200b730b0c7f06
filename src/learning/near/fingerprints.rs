//! Pairs of 64-bit fingerprints that differ in few bits.

use std::collections::HashSet;

use rayon::prelude::*;

/// Bytes of a fingerprint: of two that differ in fewer bits than this, one byte is the same in both.
const BYTES: u32 = 8;

/// Pairs `(lower row, higher row, bits that differ)` that differ in at most `most` bits, in order; `most` is 7 at most.
///
/// Only fingerprints that share a byte are compared (one in 32 of all pairs), which misses none: seven bits cannot
/// touch all eight bytes.
pub fn close_fingerprints(prints: &[u64], most: u32) -> Vec<(usize, usize, u32)> {
    let most = most.min(BYTES - 1);
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

fn within(prints: &[u64], rows: &[usize], most: u32) -> Vec<(usize, usize, u32)> {
    let differ = |a: usize, b: usize| (prints[a] ^ prints[b]).count_ones();
    let after = |(at, a): (usize, &usize)| {
        let pairs = rows[at + 1..].iter().map(move |b| (*a, *b, differ(*a, *b)));
        pairs.filter(move |pair| pair.2 <= most).collect::<Vec<_>>()
    };
    rows.iter().enumerate().flat_map(after).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chance::Chance;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn no_pair_is_missed(seed in any::<u64>(), most in 0u32..=7) {
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
