//! The HTML pages: one folder per noun. `view.rs` says what a page shows, `mod.rs` answers requests, `samples.rs` holds
//! values that every page has to be able to show.
//!
//! Every address gives a whole page; fragments for htmx lie beneath it and begin with `_`. Forms work without scripts:
//! they post to a page and are answered with another address.

mod calibrate;
mod datasets;
mod gallery;
mod glossary;
mod help;
mod history;
mod import;
mod jobs;
mod label;
mod map;
mod me;
mod models;
mod notebook;
mod overview;
mod prelabel;
mod quality;
mod select;
mod similar;
mod sql;
mod train;
mod trash;
mod versions;
mod visit;
mod work;

#[cfg(test)]
mod rendering;

use actix_web::web;

use crate::door::{self, Door};

/// Every page and fragment.
#[must_use]
pub fn doors() -> Vec<Door> {
    [
        datasets::doors(),
        import::doors(),
        overview::doors(),
        gallery::doors(),
        label::doors(),
        work::doors(),
        me::doors(),
        sql::doors(),
        notebook::doors(),
        select::doors(),
        train::doors(),
        similar::doors(),
        prelabel::doors(),
        calibrate::doors(),
        map::doors(),
        quality::doors(),
        models::doors(),
        glossary::doors(),
        jobs::doors(),
        history::doors(),
        versions::doors(),
        trash::doors(),
        help::doors(),
    ]
    .concat()
}

/// Hangs the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    door::register(config, &doors());
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::rendering;

    /// A door's pattern and an address agree, part by part.
    fn fits(pattern: &str, address: &str) -> bool {
        let (pattern, address): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), address.split('/').collect());
        let part = |(p, a): (&&str, &&str)| p == a || (p.starts_with('{') && !a.is_empty());
        pattern.iter().any(|p| p.contains(":.*")) && address.len() >= pattern.len()
            || pattern.len() == address.len() && pattern.iter().zip(&address).all(part)
    }

    #[test]
    fn every_address_in_a_page_has_a_door() {
        let doors = crate::doors();
        let mut seen = HashSet::new();
        for (page, html) in rendering::all() {
            for tag in rendering::read(&page, &html) {
                let posts = tag.attributes.get("method").is_some_and(|method| method == "post");
                for key in ["href", "src", "action", "formaction", "hx-get", "hx-post", "data-piece"] {
                    let Some(address) = tag.attributes.get(key).filter(|address| address.starts_with('/')) else {
                        continue;
                    };
                    let path = address.split(['?', '#']).next().unwrap_or_default();
                    seen.insert(path.to_owned());
                    let method = if posts && key == "action" { "POST" } else { "GET" };
                    let open =
                        doors.iter().any(|door| fits(door.pattern, path) && (key != "action" || door.method == method));
                    assert!(open, "{page}: {key}={address} leads nowhere");
                }
            }
        }
        assert!(seen.len() > 30, "{seen:?}");
    }
}
