//! Vectors as rows: in memory as one slice, or read piece by piece by whoever owns them.

use std::ops::Range;

use rayon::prelude::*;

use crate::Error;

/// Rows read at once where vectors do not lie in memory: 4,096 × 512 numbers are 8 MiB.
pub(crate) const CHUNK: usize = 4_096;

/// Vectors of one length, read by ranges of rows.
pub trait Rows: Sync {
    /// How many vectors there are.
    fn count(&self) -> usize;

    /// How many numbers a vector has.
    fn dims(&self) -> usize;

    /// The rows of a range, one after the other; `buffer` is for owners that have to copy them.
    fn read<'a>(&'a self, range: Range<usize>, buffer: &'a mut Vec<f32>) -> Result<&'a [f32], Error>;
}

/// Vectors in memory, row after row.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    data: &'a [f32],
    dims: usize,
}

impl<'a> Matrix<'a> {
    /// Sees `data` as rows of `dims` numbers; refuses a broken last row and numbers that are not finite.
    pub fn new(data: &'a [f32], dims: usize) -> Result<Self, Error> {
        let known = Self::known(data, dims)?;
        match data.par_chunks(dims).position_first(|row| !row.iter().all(|value| value.is_finite())) {
            Some(row) => Err(Error::invalid("vectors", format!("row {row} holds a number that is not finite"))),
            None => Ok(known),
        }
    }

    /// As [`Matrix::new`] over numbers that are known to be finite: whoever keeps them looked when they came.
    pub fn known(data: &'a [f32], dims: usize) -> Result<Self, Error> {
        if dims == 0 || !data.len().is_multiple_of(dims) {
            return Err(Error::invalid("vectors", format!("{} numbers are no rows of {dims}", data.len())));
        }
        Ok(Self { data, dims })
    }

    /// All numbers, row after row.
    pub fn data(&self) -> &'a [f32] {
        self.data
    }

    /// One vector.
    pub fn row(&self, at: usize) -> &'a [f32] {
        &self.data[at * self.dims..][..self.dims]
    }

    /// The rows of a range.
    pub fn slice(&self, range: Range<usize>) -> &'a [f32] {
        &self.data[range.start * self.dims..range.end * self.dims]
    }

    /// A copy of the named rows, in that order.
    pub fn gather(&self, rows: &[usize]) -> Vec<f32> {
        let mut copy = vec![0.0; rows.len() * self.dims];
        copy.par_chunks_mut(self.dims).zip(rows).for_each(|(to, &from)| to.copy_from_slice(self.row(from)));
        copy
    }
}

impl Rows for Matrix<'_> {
    fn count(&self) -> usize {
        self.data.len() / self.dims
    }

    fn dims(&self) -> usize {
        self.dims
    }

    fn read<'a>(&'a self, range: Range<usize>, _: &'a mut Vec<f32>) -> Result<&'a [f32], Error> {
        Ok(self.slice(range))
    }
}

/// The ranges of `step` rows that cover `count` rows.
pub(crate) fn ranges(count: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(step.max(1)).map(move |from| from..(from + step).min(count))
}

/// Calls `visit` with each range of rows and their numbers, in order.
pub(crate) fn each_chunk(
    rows: &dyn Rows,
    mut visit: impl FnMut(Range<usize>, &[f32]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut buffer = Vec::new();
    for range in ranges(rows.count(), CHUNK) {
        visit(range.clone(), checked(rows, range, &mut buffer)?)?;
    }
    Ok(())
}

/// Reads a range and makes sure that the owner gave as many numbers as it should.
pub(crate) fn checked<'a>(
    rows: &'a dyn Rows,
    range: Range<usize>,
    buffer: &'a mut Vec<f32>,
) -> Result<&'a [f32], Error> {
    let wanted = range.len() * rows.dims();
    let data = rows.read(range.clone(), buffer)?;
    if data.len() == wanted {
        return Ok(data);
    }
    let source = format!("{} numbers came instead of {wanted}", data.len()).into();
    Err(Error::Unreadable { range, source })
}

/// A copy of the named rows, read one by one.
pub(crate) fn gather(rows: &dyn Rows, wanted: &[usize]) -> Result<Vec<f32>, Error> {
    let (mut copy, mut buffer) = (Vec::with_capacity(wanted.len() * rows.dims()), Vec::new());
    for &row in wanted {
        copy.extend_from_slice(checked(rows, row..row + 1, &mut buffer)?);
    }
    Ok(copy)
}

/// The same vectors at length one; a zero vector stays zero.
pub fn normalise(data: &mut [f32], dims: usize) {
    data.par_chunks_mut(dims.max(1)).for_each(|row| {
        let length = crate::kernel::dot(row, row).sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|value| *value /= length);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_refuses_broken_rows_and_odd_numbers() {
        assert!(Matrix::new(&[1.0, 2.0, 3.0], 2).is_err());
        assert!(Matrix::new(&[], 0).is_err());
        let error = Matrix::new(&[1.0, 2.0, f32::NAN, 0.0], 2).unwrap_err().to_string();
        assert_eq!(error, "vectors: row 1 holds a number that is not finite");
    }

    #[test]
    fn gathered_rows_come_in_the_order_asked() {
        let data: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let matrix = Matrix::new(&data, 2).unwrap();
        assert_eq!(matrix.gather(&[2, 0]), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!(gather(&matrix, &[2, 0]).unwrap(), matrix.gather(&[2, 0]));
    }

    #[test]
    fn ranges_cover_every_row_once() {
        let all: Vec<usize> = ranges(10, 4).flatten().collect();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(ranges(0, 4).count(), 0);
    }

    #[test]
    fn a_normalised_vector_has_length_one_and_zero_stays() {
        let mut data = [3.0, 4.0, 0.0, 0.0];
        normalise(&mut data, 2);
        assert_eq!(data, [0.6, 0.8, 0.0, 0.0]);
    }
}
