//! The doors: HTTP, security, pages. Requests come in, the rooms below are asked, HTML or JSON goes out.
//!
//! Every request passes the lock ([`security`]) before it is routed, whatever its address. Handlers are thin: they read
//! the request, call [`tator_pipeline`] or the store's reader on the thread pool, and shape the answer. No SQL text,
//! no pixels, no files but assets and uploads.

pub mod door;
pub mod error;
pub mod pages;
mod server;

use door::Door;

pub use error::{WebError, WebResult};
pub use server::{Parts, Settings, serve};

/// Every door of the house: the table of contents.
#[must_use]
pub fn doors() -> Vec<Door> {
    pages::doors()
}
