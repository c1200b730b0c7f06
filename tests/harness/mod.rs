//! What several tests stand on: a workspace of one's own, small labels, sources on disk, rows as text.

pub mod cellar;
pub mod python;
pub mod rows;
pub mod sources;
pub mod trees;
pub mod workshop;
