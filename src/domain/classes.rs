//! What a box shows.

use serde::{Deserialize, Serialize};

use crate::ClassId;

/// A class of a dataset. It is never deleted: merged or retired, it points to its successor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Its number in the dataset.
    pub class_id: ClassId,
    /// What people call it; unique among the living classes of a dataset.
    pub name: String,
    /// Group it belongs to, kept even when empty.
    pub supercategory: Option<String>,
    /// Colour on screen as `#rrggbb`.
    pub colour: String,
    /// Foreign id (COCO category), given back on export.
    pub source_id: Option<String>,
    /// Retired: takes no new boxes.
    pub retired: bool,
    /// The class that edits against this one are mapped to.
    pub retired_into: Option<ClassId>,
}

/// A class on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewClass {
    /// What people call it.
    pub name: String,
    /// Group it belongs to.
    pub supercategory: Option<String>,
    /// Foreign id.
    pub source_id: Option<String>,
}
