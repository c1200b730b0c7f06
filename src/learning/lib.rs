//! The study: numbers in, numbers out. Evaluation, matching, fusion and calibration of detections.
//!
//! It sees boxes, classes, scores and counts; it never opens a database, a picture or a connection.

pub mod bad_number;
pub mod calibration;
pub mod candidate;
pub mod coco_evaluation;
#[cfg(test)]
mod fixtures;
pub mod fusion;
pub mod matching;
