//! Help as it is.

use super::view::{GROUPS, Keys, Page};
use crate::page::{Sample, Section, Shell};

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("usual", Self { shell: Shell::sample(Section::Help, None), groups: GROUPS.to_vec() })]
    }
}

impl Sample for Keys {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("usual", Self::of("gallery")), ("nowhere", Self::of("<nowhere>"))]
    }
}
