//! Tator: a local workbench for object-detection datasets. This crate is the front door: arguments and settings.

pub mod cli;
pub mod config;
