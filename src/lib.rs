//! tator
