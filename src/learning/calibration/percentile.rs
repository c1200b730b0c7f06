//! Percentiles between two values, as `numpy.percentile` takes them (method "linear").

/// The value below which the share `q` of the sorted values lies; `None` without values.
pub(super) fn percentile(sorted: &[f64], q: f64) -> Option<f64> {
    let place = q * sorted.len().checked_sub(1)? as f64;
    let below = sorted.get(place.floor() as usize)?;
    let above = sorted.get(place.ceil() as usize).unwrap_or(below);
    let (apart, share) = (above - below, place - place.floor());
    // NumPy starts from the nearer end, which decides the last digit.
    Some(if share >= 0.5 { above - apart * (1.0 - share) } else { below + apart * share })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_values() {
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 1.0), Some(4.0));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
