//! The darkroom: pixels (and, later, models). Bytes in, numbers out; it knows no dataset and no table.

/// Trouble with a picture.
#[derive(Debug, thiserror::Error)]
pub enum Error {}
