//! Style sheets, scripts and icons, under an address that names their content: `/assets/<hash>/js/label/main.js`.
//!
//! The hash is of all files together, so modules that import each other by relative paths stay under one address and
//! browsers may keep them for ever. A debug build reads the folder of the source tree when it is there, so that an edit
//! shows after a reload.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::door::Door;
use crate::error::{WebError, WebResult};
use crate::security::token::hex;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

static HASH: LazyLock<String> = LazyLock::new(content_hash);

/// The address of a file of `assets/`, such as `css/tokens.css`.
#[must_use]
pub fn url(path: &str) -> String {
    format!("/assets/{}/{path}", *HASH)
}

pub(crate) fn doors() -> Vec<Door> {
    vec![
        Door::get("/assets/{hash}/{path:.*}", |route| route.to(file)),
        Door::get("/favicon.ico", |route| route.to(icon)),
    ]
}

async fn file(path: web::Path<(String, String)>) -> WebResult<HttpResponse> {
    let (hash, path) = path.into_inner();
    let bytes = bytes(&path).ok_or_else(|| WebError::not_found("this asset"))?;
    // A tab that is older than the program must not keep a newer file under the older address.
    let fixed = hash == *HASH && source_folder().is_none();
    let caching = if fixed { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type(&path)))
        .insert_header((CACHE_CONTROL, caching))
        .body(bytes.into_owned()))
}

/// Browsers ask for it unasked.
async fn icon() -> HttpResponse {
    HttpResponse::MovedPermanently().insert_header(("location", url("icons/favicon.svg"))).finish()
}

/// A file's bytes; only names that were known when the program was built exist, so no path can lead elsewhere.
fn bytes(path: &str) -> Option<Cow<'static, [u8]>> {
    let (name, embedded) = EMBEDDED.iter().find(|(name, _)| *name == path)?;
    let fresh = source_folder().and_then(|folder| std::fs::read(folder.join(name)).ok());
    Some(fresh.map_or(Cow::Borrowed(*embedded), Cow::Owned))
}

fn source_folder() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets"));
    (cfg!(debug_assertions) && folder.is_dir()).then(|| folder.to_owned())
}

fn content_hash() -> String {
    let mut hasher = Sha256::new();
    for (name, _) in EMBEDDED {
        let content = bytes(name).unwrap_or_default();
        hasher.update(name.as_bytes());
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    let mut hash = hex(&hasher.finalize());
    hash.truncate(16);
    hash
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_files_are_assets() {
        assert!(bytes("css/tokens.css").is_some());
        for bad in [
            "",
            "../Cargo.toml",
            "css/../css/tokens.css",
            "/etc/passwd",
            "css",
            "js/vendor/README.md",
            "css/tokens.css/",
        ] {
            assert!(bytes(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn vendored_scripts_are_the_ones_that_were_looked_at() {
        let notes = notes(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/js/vendor")));
        let mut scripts =
            EMBEDDED.iter().filter(|(name, _)| name.starts_with("js/vendor/") && name.ends_with(".js")).peekable();
        assert!(scripts.peek().is_some());
        for (name, content) in scripts {
            assert!(
                notes.contains(&hex(&Sha256::digest(content))),
                "no README.md in js/vendor records the SHA-256 of {name}"
            );
        }
    }

    /// Every README.md of the vendored code, one after the other.
    fn notes(folder: &Path) -> String {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(|path| match path.file_name().and_then(|name| name.to_str()) {
                _ if path.is_dir() => notes(&path),
                Some("README.md") => std::fs::read_to_string(path).unwrap(),
                _ => String::new(),
            })
            .collect()
    }
}
