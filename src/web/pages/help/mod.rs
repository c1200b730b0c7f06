//! The keys of every page.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::visit::{Bench, Visit, html};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use view::{GROUPS, Keys, Page};

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/help", |route| route.to(page)), Door::get("/help/_keys", |route| route.to(keys))]
}

async fn page(bench: Bench, visit: Visit) -> WebResult<HttpResponse> {
    let shell = blocking(move || visit.shell(&bench, Section::Help, None)).await?;
    html(&Page { shell, groups: GROUPS.to_vec() })
}

/// The page whose keys are asked for.
#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    page: String,
}

async fn keys(wish: web::Query<Wish>) -> WebResult<HttpResponse> {
    html(&Keys::of(&wish.page))
}
