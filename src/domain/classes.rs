//! What a box shows.

use std::collections::HashMap;

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

/// The class that each class is today: itself, or what it was merged into. Those that are retired for good are left out.
#[must_use]
pub fn living_classes(classes: &[Class]) -> HashMap<ClassId, ClassId> {
    let by_number: HashMap<ClassId, &Class> = classes.iter().map(|class| (class.class_id, class)).collect();
    let today = |class: &Class| {
        let mut at = *by_number.get(&class.class_id)?;
        // As many steps as there are classes: a ring of redirects leads nowhere.
        for _ in 0..classes.len() {
            match at.retired_into.filter(|_| at.retired) {
                Some(next) => at = by_number.get(&next)?,
                None => break,
            }
        }
        (!at.retired).then_some((class.class_id, at.class_id))
    };
    classes.iter().filter_map(today).collect()
}

/// The living class that a name leads to: one that is called so, or else what a merged one of that name became. `living` is
/// that of [`living_classes`], `is_called` compares names as strictly as the caller wants.
#[must_use]
pub fn class_called(
    classes: &[Class],
    living: &HashMap<ClassId, ClassId>,
    is_called: impl Fn(&str) -> bool,
) -> Option<ClassId> {
    let named = |retired| classes.iter().find(|class| class.retired == retired && is_called(&class.name));
    living.get(&named(false).or_else(|| named(true))?.class_id).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(class_id: ClassId, retired: bool, retired_into: Option<ClassId>) -> Class {
        let (name, colour) = (format!("c{class_id}"), "#000000".to_owned());
        Class { class_id, name, supercategory: None, colour, source_id: None, retired, retired_into }
    }

    #[test]
    fn redirects_are_followed_to_their_end_and_a_ring_has_none() {
        let classes = [
            class(1, false, None),
            class(2, true, Some(1)),
            class(3, true, Some(2)),
            class(4, true, None),
            class(5, true, Some(4)),
            class(6, true, Some(7)),
            class(7, true, Some(6)),
            class(8, true, Some(99)),
        ];
        assert_eq!(living_classes(&classes), HashMap::from([(1, 1), (2, 1), (3, 1)]));
    }
}
