//! Dense tensors as the adapters make and read them, so that ONNX Runtime's own types stay in [`network`](crate::network).

use std::borrow::Cow;

use crate::model_error::ModelError;

/// Element values of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// 32-bit floats; 16-bit ones are widened on the way out of a network.
    F32(Vec<f32>),
    /// 64-bit integers; 32-bit ones are widened.
    I64(Vec<i64>),
    /// Bytes.
    U8(Vec<u8>),
    /// Truth values.
    Bool(Vec<bool>),
}

/// A dense tensor, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of every axis; empty for a scalar.
    pub shape: Vec<usize>,
    /// As many values as the product of `shape`.
    pub data: Data,
}

impl Tensor {
    /// A tensor of floats; `values` has as many as `shape` says.
    #[must_use]
    pub fn f32(shape: &[usize], values: Vec<f32>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), data: Data::F32(values) }
    }

    /// A tensor of integers.
    #[must_use]
    pub fn i64(shape: &[usize], values: Vec<i64>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), data: Data::I64(values) }
    }

    /// A tensor of truth values.
    #[must_use]
    pub fn bool(shape: &[usize], values: Vec<bool>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), data: Data::Bool(values) }
    }

    /// A tensor of bytes.
    #[must_use]
    pub fn u8(shape: &[usize], values: Vec<u8>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), data: Data::U8(values) }
    }

    /// Floats of it; integers and truth values become floats.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        self.floats().into_owned()
    }

    /// As [`to_f32`](Self::to_f32), without a copy where they are floats already.
    #[must_use]
    pub fn floats(&self) -> Cow<'_, [f32]> {
        match &self.data {
            Data::F32(values) => Cow::Borrowed(values),
            Data::I64(values) => values.iter().map(|v| *v as f32).collect(),
            Data::U8(values) => values.iter().map(|v| f32::from(*v)).collect(),
            Data::Bool(values) => values.iter().map(|v| f32::from(u8::from(*v))).collect(),
        }
    }

    /// Integers of it; floats are truncated.
    #[must_use]
    pub fn integers(&self) -> Vec<i64> {
        match &self.data {
            Data::F32(values) => values.iter().map(|v| *v as i64).collect(),
            Data::I64(values) => values.clone(),
            Data::U8(values) => values.iter().map(|v| i64::from(*v)).collect(),
            Data::Bool(values) => values.iter().map(|v| i64::from(*v)).collect(),
        }
    }

    /// One item of a batch of `count`: its values; shapes are those of [`shape`](Self::shape) without the first axis.
    ///
    /// # Errors
    /// [`ModelError::Shape`] when the tensor has fewer items.
    pub(crate) fn item<'t>(&self, values: &'t [f32], item: usize) -> Result<&'t [f32], ModelError> {
        let size: usize = self.shape.iter().skip(1).product();
        values.get(item * size..(item + 1) * size).ok_or_else(|| self.unfit("an answer for too few pictures"))
    }

    /// An error about its shape.
    pub(crate) fn unfit(&self, what: &str) -> ModelError {
        ModelError::Shape { what: what.to_owned(), shape: self.shape.clone() }
    }

    /// Bytes it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.data {
            Data::F32(values) => values.len() * 4,
            Data::I64(values) => values.len() * 8,
            Data::U8(values) => values.len(),
            Data::Bool(values) => values.len(),
        }
    }

    /// The lengths of the last two axes: height and width of a stack of planes.
    ///
    /// # Errors
    /// [`ModelError::Shape`] when there are fewer than two axes.
    pub(crate) fn plane(&self, what: &str) -> Result<(usize, usize), ModelError> {
        match self.shape[..] {
            [.., height, width] if height > 0 && width > 0 => Ok((height, width)),
            _ => Err(ModelError::Shape { what: what.to_owned(), shape: self.shape.clone() }),
        }
    }
}
