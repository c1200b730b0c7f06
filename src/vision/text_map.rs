//! A linear map from one space of vectors into another, kept as a NumPy file (`.npy`, version 1, floats of 16 or 32 bits,
//! row by row), so that it can be made and looked at with any tool.

use std::path::Path;

use crate::model_error::ModelError;

/// The map: row vectors of length `from` become row vectors of length `to`.
pub(crate) struct LinearMap {
    from: usize,
    to: usize,
    /// Row by row.
    values: Vec<f32>,
}

impl LinearMap {
    /// Reads a map.
    ///
    /// # Errors
    /// [`ModelError::NotOpened`] with what is wrong.
    pub(crate) fn open(file: &Path) -> Result<Self, ModelError> {
        let wrong = |reason: String| ModelError::NotOpened { file: file.to_owned(), reason };
        let bytes = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
        parse(&bytes).map_err(|reason| wrong(reason.to_owned()))
    }

    /// Length of the vectors that go in.
    pub(crate) fn from(&self) -> usize {
        self.from
    }

    /// The vector on the other side.
    pub(crate) fn apply(&self, vector: &[f32]) -> Vec<f32> {
        let mut image = vec![0.0_f32; self.to];
        for (value, row) in vector.iter().zip(self.values.chunks_exact(self.to)) {
            image.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
        }
        image
    }
}

fn parse(bytes: &[u8]) -> Result<LinearMap, &'static str> {
    let rest = bytes.strip_prefix(b"\x93NUMPY\x01\x00").ok_or("it is no NumPy file of version 1")?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or("it is cut off")?;
    let (head, data) = rest.split_at_checked(u16::from_le_bytes(*length).into()).ok_or("it is cut off")?;
    let head = std::str::from_utf8(head).map_err(|_| "its head is no text")?;
    if !head.contains("'fortran_order': False") {
        return Err("its values stand column by column");
    }
    let shape = head.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')')).ok_or("it has no shape")?.0;
    let sides: Vec<usize> = shape.split(',').filter_map(|side| side.trim().parse().ok()).collect();
    let &[from, to] = sides.as_slice() else { return Err("it is no matrix") };
    let count = from.checked_mul(to).filter(|count| *count > 0).ok_or("it is empty")?;
    let values: Vec<f32> = if head.contains("'<f2'") {
        data.as_chunks::<2>().0.iter().map(|two| half::f16::from_le_bytes(*two).to_f32()).collect()
    } else if head.contains("'<f4'") {
        data.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
    } else {
        return Err("its values are not floats of 16 or 32 bits");
    };
    if values.len() != count || values.iter().any(|value| !value.is_finite()) {
        return Err("its values are too few, too many, or no numbers");
    }
    Ok(LinearMap { from, to, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let head = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = u16::try_from(head.len()).expect("short").to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &length, head.as_bytes(), data].concat()
    }

    #[test]
    fn a_map_of_either_width_is_read() {
        let values = [1.0_f32, 2.0, 3.0, 4.0, 5.0, -6.0];
        let wide: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let narrow: Vec<u8> = values.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect();
        for bytes in [file("<f4", "(2, 3)", &wide), file("<f2", "(2, 3)", &narrow)] {
            let map = parse(&bytes).expect("it is a map");
            assert_eq!(map.from(), 2);
            assert_eq!(map.apply(&[1.0, 10.0]), [41.0, 52.0, -57.0]);
        }
    }

    #[test]
    fn what_is_no_map_is_refused() {
        for bytes in [
            b"PK\x03\x04".to_vec(),
            file("<f4", "(2, 3)", &[0; 23]),
            file("<f4", "(6,)", &[0; 24]),
            file("<i4", "(1, 1)", &[0; 4]),
            file("<f4", "(1, 1)", &f32::NAN.to_le_bytes()),
            file("<f4", "(1, 1)", &[0; 4])[..12].to_vec(),
        ] {
            assert!(parse(&bytes).is_err());
        }
    }
}
