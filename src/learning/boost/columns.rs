//! A table of numbers, column by column.

use rayon::prelude::*;
use xgb::DMatrix;

use super::refused;
use crate::Error;

/// Columns of equal length with their names; NaN stands for a missing value.
#[derive(Debug, Clone)]
pub struct Columns<'a> {
    names: &'a [String],
    columns: Vec<&'a [f32]>,
    rows: usize,
}

impl<'a> Columns<'a> {
    /// Sees slices as a table; refuses columns of different lengths, without name, or with infinite numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`], naming the column.
    pub fn new(names: &'a [String], columns: Vec<&'a [f32]>) -> Result<Self, Error> {
        if names.len() != columns.len() || names.is_empty() {
            return Err(Error::invalid("columns", format!("{} names for {} columns", names.len(), columns.len())));
        }
        let rows = columns[0].len();
        for (name, column) in names.iter().zip(&columns) {
            if column.len() != rows {
                return Err(Error::invalid("columns", format!("{name} has {} rows, not {rows}", column.len())));
            }
            if let Some(row) = column.par_iter().position_first(|value| value.is_infinite()) {
                return Err(Error::invalid("columns", format!("{name} is infinite in row {row}")));
            }
        }
        Ok(Self { names, columns, rows })
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> &'a [String] {
        self.names
    }

    /// The columns, in order.
    #[must_use]
    pub fn slices(&self) -> &[&'a [f32]] {
        &self.columns
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'a [f32]> {
        self.names.iter().position(|known| known == name).map(|at| self.columns[at])
    }

    /// The named rows, one after the other, each with all columns.
    #[must_use]
    pub fn gather(&self, rows: &[usize]) -> Vec<f32> {
        let width = self.columns.len();
        let mut cells = vec![0.0; rows.len() * width];
        cells.par_chunks_mut(width).zip(rows).for_each(|(to, &row)| {
            to.iter_mut().zip(&self.columns).for_each(|(cell, column)| *cell = column[row]);
        });
        cells
    }

    /// The named rows as XGBoost wants them.
    pub(super) fn matrix(&self, rows: &[usize]) -> Result<DMatrix, Error> {
        if rows.is_empty() {
            return Err(Error::invalid("rows", "there are none"));
        }
        let mut matrix = DMatrix::from_dense(&self.gather(rows), rows.len()).map_err(refused("rows"))?;
        // XGBoost refuses some signs in names; ours stay with the model, where they belong.
        let names: Vec<String> = (0..self.columns.len()).map(|at| format!("f{at}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        matrix.set_feature_names(&names).map_err(refused("columns"))?;
        Ok(matrix)
    }
}
