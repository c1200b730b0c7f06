//! From the fractions of a YOLO row to pixels and back, so that what was read is written again as it stood.
//!
//! Division undoes multiplication only nearly. Writing therefore looks for the shortest fraction that a reader turns
//! into exactly the stored pixels; for coordinates that came from a file there is one.

/// Start and size in pixels of centre `c` and size `s`, both fractions of `length`; cut off at the picture's edges.
pub(super) fn span_from_unit(c: f64, s: f64, length: f64) -> (f64, f64) {
    let (start, size) = ((c - s / 2.0) * length, s * length);
    if start >= 0.0 && start + size <= length {
        return (start, size);
    }
    let (a, b) = (start.clamp(0.0, length), (start + size).clamp(0.0, length));
    (a, b - a)
}

/// Pixel position of a fraction, cut off at the picture's edges.
pub(super) fn point_from_unit(v: f64, length: f64) -> f64 {
    (v * length).clamp(0.0, length)
}

/// Centre and size as fractions that [`span_from_unit`] turns into these pixels, or into their nearest neighbours.
pub(super) fn unit_from_span(start: f64, size: f64, length: f64) -> (f64, f64) {
    let (c, s) = ((start + size / 2.0) / length, size / length);
    if let Some(found) = exact_span(c, s, (start, size), length) {
        return found;
    }
    let (start, size) = span_from_unit(c, s, length);
    exact_span((start + size / 2.0) / length, size / length, (start, size), length).unwrap_or((c, s))
}

/// The fraction that [`point_from_unit`] turns into this position, or into its nearest neighbour.
pub(super) fn unit_from_point(position: f64, length: f64) -> f64 {
    exact_point(position / length, |v| point_from_unit(v, length), position)
}

/// The same for a position that is not cut off, as the corners of oriented boxes.
pub(super) fn unit_from_free_point(position: f64, length: f64) -> f64 {
    exact_point(position / length, |v| v * length, position)
}

fn exact_point(guess: f64, read: impl Fn(f64) -> f64, position: f64) -> f64 {
    let wanted = |value: f64| candidate(guess, |v| same(read(v), value));
    wanted(position).or_else(|| wanted(read(guess))).unwrap_or(guess)
}

fn exact_span(c: f64, s: f64, wanted: (f64, f64), length: f64) -> Option<(f64, f64)> {
    let fits = |c: f64, s: f64| {
        let (start, size) = span_from_unit(c, s, length);
        same(start, wanted.0) && same(size, wanted.1)
    };
    let mut found = None;
    candidate(s, |s| {
        found = if same(s * length, wanted.1) { candidate(c, |c| fits(c, s)).map(|c| (c, s)) } else { None };
        found.is_some()
    });
    if found.is_some() || (wanted.0 > 0.0 && wanted.0 + wanted.1 < length) {
        return found;
    }
    // A box that was cut off at the edge has a size of its own: any that reaches just beyond the edge will do.
    (0..=16).find_map(|n| {
        let s = s + f64::from(n) * f64::EPSILON / 2.0;
        let from_left = neighbour(wanted.0 / length + s / 2.0, |c| fits(c, s));
        let found = from_left.or_else(|| neighbour((wanted.0 + wanted.1) / length - s / 2.0, |c| fits(c, s)));
        found.map(|c| (c, s))
    })
}

fn same(a: f64, b: f64) -> bool {
    // Zero and minus zero are one position.
    a == b
}

/// The first that `fits` among decimals of growing length, then among the neighbours of `v`. A plain loop, as this is
/// where a large export spends its time; a decimal that is the one before it is not asked again.
fn candidate(v: f64, mut fits: impl FnMut(f64) -> bool) -> Option<f64> {
    let mut last = f64::NAN;
    for power in POWERS {
        let decimal = rounded(v * power) / power + 0.0;
        if decimal != last && fits(decimal) {
            return Some(decimal);
        }
        last = decimal;
    }
    neighbour(v, fits)
}

/// The first that `fits` of `v` and the doubles around it, nearest first.
fn neighbour(v: f64, mut fits: impl FnMut(f64) -> bool) -> Option<f64> {
    for n in 0..=NEIGHBOURS {
        for near in [step(v, n), step(v, n.wrapping_neg())] {
            if fits(near) {
                return Some(near);
            }
        }
    }
    None
}

/// Doubles on each side that are tried.
const NEIGHBOURS: u64 = 6;

/// The nearest whole number; `f64::round` is a call into the maths library on most targets.
fn rounded(v: f64) -> f64 {
    const WHOLE: f64 = (1_u64 << 52) as f64;
    if v >= WHOLE || v <= -WHOLE {
        v
    } else if v < 0.0 {
        -((0.5 - v) as i64 as f64)
    } else {
        (v + 0.5) as i64 as f64
    }
}

/// 10^4 to 10^16; all are exact doubles, so the quotient is the double nearest to the decimal.
const POWERS: [f64; 13] = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];

fn step(v: f64, by: u64) -> f64 {
    if v == 0.0 { 0.0 } else { f64::from_bits(v.to_bits().wrapping_add(by)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::Config;

    use super::*;

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]
        #[test]
        fn what_was_read_is_written_to_the_same_pixels(
            c in 0.0..1.0_f64, s in 0.0001..1.0_f64, length in 1_u32..16_384, digits in 4_i32..17,
        ) {
            let power = 10_f64.powi(digits);
            let s = (s * power).round() / power;
            let c = ((s / 2.0 + c * (1.0 - s)) * power).round() / power;
            let length = f64::from(length);
            prop_assume!(s > 0.0 && c - s / 2.0 >= 0.0 && c + s / 2.0 <= 1.0);
            let (start, size) = span_from_unit(c, s, length);
            let (c2, s2) = unit_from_span(start, size, length);
            prop_assert_eq!(span_from_unit(c2, s2, length), (start, size));
        }

        #[test]
        fn a_box_cut_off_at_the_edge_stays_where_it_is(
            c in 0.0..1.0_f64, s in 0.001..1.0_f64, length in 10_u32..16_384, digits in 4_i32..17, right in any::<bool>(),
        ) {
            let power = 10_f64.powi(digits);
            let (c, s) = ((c * power).round() / power, (s * power).round() / power);
            let c = if right { 1.0 - s / 2.0 + c * s / 4.0 } else { s / 2.0 - c * s / 4.0 };
            let length = f64::from(length);
            let (start, size) = span_from_unit(c, s, length);
            let (c2, s2) = unit_from_span(start, size, length);
            prop_assert_eq!(span_from_unit(c2, s2, length), (start, size));
        }

        #[test]
        fn a_short_fraction_stays_short(millionth in 1_u32..1_000_000, length in 1_u32..10_000) {
            let (v, length) = (f64::from(millionth) / 1e6, f64::from(length));
            prop_assert_eq!(unit_from_point(point_from_unit(v, length), length), v);
        }

        #[test]
        fn pixels_drawn_by_hand_move_by_rounding_alone(
            start in 0.0..500.0_f64, size in 0.01..500.0_f64, length in 1000_u32..9000,
        ) {
            let length = f64::from(length);
            let (c, s) = unit_from_span(start, size, length);
            let (start2, size2) = span_from_unit(c, s, length);
            prop_assert!((start2 - start).abs() < 1e-9 && (size2 - size).abs() < 1e-9);
            prop_assert_eq!(unit_from_span(start2, size2, length), (c, s));
        }
    }
}
