//! The doors: HTTP, security, pages. Requests come in, the rooms below are asked, HTML or JSON goes out.
//!
//! Every request passes the lock ([`security`]) before it is routed, whatever its address. Handlers are thin: they read
//! the request, call [`tator_pipeline`] or the store's reader on the thread pool, and shape the answer. No SQL text,
//! no pixels, no files but assets and uploads.
//!
//! ```text
//! request ─▶ mounted ─▶ presentation ─▶ security ─▶ pages · api · assets ─▶ pipeline, store
//!            (base path) (errors,        (host, origin,
//!                         headers,        size, token)
//!                         metrics)
//! ```

mod addresses;
mod api;
pub mod assets;
mod author;
mod bars;
pub mod door;
pub mod error;
mod extractors;
mod figures;
pub mod filter;
mod login;
mod metrics;
mod mounted;
mod outlines;
pub mod page;
pub mod pages;
mod presence;
mod presentation;
mod public_url;
pub mod security;
mod server;
mod upload_names;
mod uploads;

use actix_web::web;
use door::Door;

pub use error::{WebError, WebResult};
pub use public_url::PublicUrl;
pub use security::password::{PasswordError, check_listen, hash_password};
pub use security::token::LaunchToken;
pub use server::{Parts, Settings, base_url, serve};
pub use uploads::UploadLimits;

/// Every door of the house: the table of contents.
#[must_use]
pub fn doors() -> Vec<Door> {
    [metrics::doors(), login::doors(), assets::doors(), api::doors(), pages::doors()].concat()
}

/// Hangs every door; the pages hang their own.
fn routes(config: &mut web::ServiceConfig) {
    let own = [metrics::doors(), login::doors(), assets::doors(), api::doors()].concat();
    door::register(config, &own);
    pages::routes(config);
}
