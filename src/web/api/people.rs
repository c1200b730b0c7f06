//! Who somebody is, who looks at an image, and what is said about it. Comments and tags come and go by edits of the image.

use std::time::Instant;

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use tator_domain::{DatasetName, ImageId, PersonName};

use super::Bench;
use crate::author::{self, Author};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;
use crate::mounted::Mount;
use crate::presence::Presence;

/// Tags a list gives unless asked otherwise.
const USUAL_TAGS: usize = 50;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/me", |route| route.to(me)),
        Door::post("/api/v1/me", |route| route.to(say_name)),
        Door::get("/api/v1/datasets/{dataset}/presence", |route| route.to(everybody)),
        Door::post("/api/v1/datasets/{dataset}/images/{image}/presence", |route| route.to(beat)),
        Door::get("/api/v1/datasets/{dataset}/images/{image}/notes", |route| route.to(notes)),
        Door::get("/api/v1/datasets/{dataset}/tags", |route| route.to(tags)),
    ]
}

async fn me(author: Author) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "name": author.name(), "said": author.said().is_some() }))
}

/// The name to go by; none takes it back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewName {
    name: Option<PersonName>,
}

async fn say_name(request: HttpRequest, wish: web::Json<NewName>) -> HttpResponse {
    let name = wish.into_inner().name;
    HttpResponse::Ok()
        .insert_header((SET_COOKIE, author::cookie(name.as_ref(), &Mount::of(&request))))
        .json(json!({ "name": name.clone().unwrap_or_default(), "said": name.is_some() }))
}

async fn everybody(
    bench: Bench,
    presence: web::Data<Presence>,
    name: web::Path<DatasetName>,
) -> WebResult<HttpResponse> {
    let name = name.into_inner();
    let present = presence.on(&name, Instant::now());
    let counts = blocking(move || bench.reader().comment_counts(&name)).await?;
    Ok(HttpResponse::Ok().json(json!({ "present": present, "comments": counts })))
}

/// What a page says while it shows an image.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Beat {
    /// The page's own id.
    page: String,
    /// It is being left.
    #[serde(default)]
    leaving: bool,
    /// The work package it walks through.
    #[serde(default)]
    package: Option<i64>,
}

async fn beat(
    bench: Bench,
    presence: web::Data<Presence>,
    author: Author,
    path: web::Path<(DatasetName, ImageId)>,
    beat: web::Json<Beat>,
) -> WebResult<HttpResponse> {
    let ((dataset, image), Beat { page, leaving, package }) = (path.into_inner(), beat.into_inner());
    if page.is_empty() || page.len() > 64 {
        return Err(WebError::invalid("page", "page: a page names itself with 1 to 64 characters"));
    }
    if leaving {
        presence.leave(&page);
        return Ok(HttpResponse::Ok().json(json!({ "others": [], "revision": Value::Null })));
    }
    let (name, own) = (author.name(), dataset.clone());
    let package = package.filter(|_| presence.is_due(&page, Instant::now()));
    let revision = blocking(move || {
        if let Some(package) = package {
            bench.note_activity(&own, package, &name)?;
        }
        Ok::<_, tator_pipeline::Error>(bench.reader().revision(&own, image)?)
    })
    .await?;
    let others = presence.beat(&dataset, image, &page, &author.name(), Instant::now());
    Ok(HttpResponse::Ok().json(json!({ "others": others, "revision": revision })))
}

async fn notes(bench: Bench, path: web::Path<(DatasetName, ImageId)>) -> WebResult<HttpResponse> {
    let (name, image) = path.into_inner();
    Ok(HttpResponse::Ok().json(blocking(move || bench.reader().notes(&name, image)).await?))
}

/// What the list of tags may be asked.
#[derive(Deserialize)]
struct TagsQuery {
    search: Option<String>,
    limit: Option<String>,
}

async fn tags(bench: Bench, name: web::Path<DatasetName>, query: web::Query<TagsQuery>) -> WebResult<HttpResponse> {
    let limit = parsed("limit", query.limit.as_deref())?.unwrap_or(USUAL_TAGS).clamp(1, 1000);
    let search = query.into_inner().search.unwrap_or_default();
    let found = blocking(move || bench.reader().tags(&name, &search, limit)).await?;
    let tags: Vec<Value> = found.iter().map(|(tag, images)| json!({ "tag": tag, "images": images })).collect();
    Ok(HttpResponse::Ok().json(json!({ "tags": tags })))
}
