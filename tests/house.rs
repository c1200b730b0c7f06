//! The one integration-test binary: the rooms together, from outside.
//!
//! Each folder beside this file is one kind of question; `house_rules::forgotten_files` sees to it that no file is left
//! out of its `mod` list.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod doors;
mod harness;
mod house_rules;
mod properties;
mod store;
mod walk;
