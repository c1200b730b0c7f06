//! A share that was seen in a sample: where it may lie in the whole, and how large a sample has to be to know it.

use super::bootstrap::Interval;

/// 95 of 100 normal draws lie this many deviations around the middle.
const Z: f64 = 1.959_963_984_540_054;

/// The share of `right` among `n`, with Wilson's interval of 95 %; nothing for none.
#[must_use]
pub fn wilson(right: u64, n: u64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (n, share) = (n as f64, right as f64 / n as f64);
    let middle = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    let clamped = |value: f64| (value / whole).clamp(0.0, 1.0);
    Some(Interval { value: share, low: clamped(middle - reach), high: clamped(middle + reach) })
}

/// How many of `population` have to be looked at for an interval of ± `half` around a share that is about `share`.
#[must_use]
pub fn sample_size(share: f64, half: f64, population: u64) -> u64 {
    // What looks sure may be not: a tenth of doubt stays.
    let share = share.clamp(0.1, 0.9);
    let endless = Z * Z * share * (1.0 - share) / (half * half);
    let needed = endless / (1.0 + (endless - 1.0).max(0.0) / population.max(1) as f64);
    (needed.ceil() as u64).min(population)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_wilsons() {
        // Newcombe (1998), table I: 81 of 263, and 0 of 20.
        let found = wilson(81, 263).unwrap();
        assert!((found.low - 0.2553).abs() < 5e-5 && (found.high - 0.3662).abs() < 5e-5, "{found:?}");
        let none = wilson(0, 20).unwrap();
        assert!(none.low == 0.0 && (none.high - 0.1611).abs() < 5e-5, "{none:?}");
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn a_sample_is_as_large_as_the_books_say() {
        assert_eq!(sample_size(0.5, 0.05, 1_000_000_000), 385);
        assert_eq!(sample_size(0.5, 0.05, 1_000), 278);
        assert_eq!(sample_size(0.9, 0.1, 10_000_000), 35);
        assert_eq!(sample_size(0.99, 0.1, 10_000_000), 35);
        assert_eq!(sample_size(0.5, 0.05, 12), 12);
        assert_eq!(sample_size(0.5, 0.05, 0), 0);
    }
}
