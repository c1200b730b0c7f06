//! A number that no formula can use.

use tator_domain::PixelBox;

/// A number in the input that would make every figure meaningless.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what} {row} (counted from 0) is {value}, but must be {wanted}: correct or leave out that row")]
pub struct BadNumber {
    /// What the number is, such as "score of detection".
    pub what: &'static str,
    /// Position in the slice that was given.
    pub row: usize,
    /// The number, or the box, in words.
    pub value: String,
    /// What would have been right.
    pub wanted: &'static str,
}

/// Refuses infinite numbers and those that are not a number.
pub(crate) fn finite(what: &'static str, values: impl IntoIterator<Item = f64>) -> Result<(), BadNumber> {
    let bad = values.into_iter().enumerate().find(|(_, value)| !value.is_finite());
    match bad {
        Some((row, value)) => Err(BadNumber { what, row, value: value.to_string(), wanted: "finite" }),
        None => Ok(()),
    }
}

/// Refuses numbers outside `0..=1`.
pub(crate) fn shares(what: &'static str, values: impl IntoIterator<Item = f64>) -> Result<(), BadNumber> {
    let bad = values.into_iter().enumerate().find(|(_, value)| !(0.0..=1.0).contains(value));
    match bad {
        Some((row, value)) => Err(BadNumber { what, row, value: value.to_string(), wanted: "between 0 and 1" }),
        None => Ok(()),
    }
}

/// The refusal of a box.
pub(crate) fn bad_box(what: &'static str, row: usize, rect: &PixelBox) -> BadNumber {
    let value = format!("x {} y {} w {} h {}", rect.x, rect.y, rect.w, rect.h);
    BadNumber { what, row, value, wanted: "finite with sides that are not negative" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_row() {
        let said = finite("score of detection", [0.5, f64::NAN]).unwrap_err().to_string();
        let wanted = "score of detection 1 (counted from 0) is NaN, but must be finite: correct or leave out that row";
        assert_eq!(said, wanted);
    }

    #[test]
    fn shares_end_at_nought_and_one() {
        assert!(shares("probability", [0.0, 1.0]).is_ok());
        assert_eq!(shares("probability", [1.5]).unwrap_err().row, 0);
    }
}
