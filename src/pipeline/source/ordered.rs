//! Work on many items with all cores, results one by one in the order of the items, memory bounded by a chunk.

use rayon::prelude::*;

use crate::error::Error;

/// Items that are in memory at once.
const CHUNK: usize = 1024;

/// Calls `work` for every item in parallel and `take` with each result in order.
///
/// # Errors
/// The first error of `take`; items after it may have been worked on but are not taken.
pub fn in_order<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync + Send,
    mut take: impl FnMut(&T, R) -> Result<(), Error>,
) -> Result<(), Error> {
    for chunk in items.chunks(CHUNK) {
        let results: Vec<R> = chunk.par_iter().map(&work).collect();
        for (item, result) in chunk.iter().zip(results) {
            take(item, result)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..5000).collect();
        let mut seen = Vec::new();
        in_order(
            &items,
            |i| i * 2,
            |i, twice| {
                assert_eq!(twice, i * 2);
                seen.push(*i);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, items);
    }
}
