//! What is answered when the class of a box is asked for.

use serde::Serialize;
use tator_domain::ClassId;

/// What the labelled boxes say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassSuggestion {
    /// The most likely class.
    pub class_id: ClassId,
    /// Its share of the vote, 0 to 1.
    pub probability: f32,
    /// The second.
    pub runner_up: Option<Runner>,
    /// `head` when one is active, else `neighbours`.
    pub method: &'static str,
    /// The image encoder.
    pub model: String,
    /// Name of the head that was asked.
    pub head: Option<String>,
    /// Whether what is in the box looks like an object; only heads with background tell.
    pub guard: Guarded,
    /// Samples in the gallery; 0 when a head was asked.
    pub neighbours: usize,
    /// Milliseconds it took.
    pub ms: f64,
}

/// What the guard against background says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guarded {
    /// It looks like an object, or nobody looked.
    #[default]
    Passed,
    /// Background comes close.
    Flagged,
    /// It looks like background.
    Refused,
}

/// A class that came second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Runner {
    /// The class.
    pub class_id: ClassId,
    /// Its share of the vote.
    pub probability: f32,
}
