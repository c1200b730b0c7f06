//! The HTML pages: one file per noun.

use actix_web::web;

use crate::door::{self, Door};

/// Every page and fragment.
#[must_use]
pub fn doors() -> Vec<Door> {
    Vec::new()
}

/// Hangs the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    door::register(config, &doors());
}
