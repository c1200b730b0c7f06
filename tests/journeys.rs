//! Tests that run the real program: killed under load, on the command line, and in a browser.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]
#![allow(missing_docs, dead_code, reason = "tests")]

mod harness {
    pub mod program;
    pub mod webdriver;
}
mod assist;
mod browser;
mod calibrate;
mod cli;
mod crash;
mod explore;
mod heads;
mod prelabel;
mod remote;
