//! `/api/v1/datasets/{dataset}/history`: what was done to a dataset, and taking it back.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::DatasetName;

use super::Bench;
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;

const USUAL_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 1000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/history", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/history/{change}/undo", |route| route.to(undo)),
        Door::post("/api/v1/datasets/{dataset}/history/{change}/redo", |route| route.to(redo)),
    ]
}

/// What the list may be asked.
#[derive(Deserialize)]
struct ListQuery {
    before: Option<String>,
    limit: Option<String>,
}

async fn list(bench: Bench, name: web::Path<DatasetName>, query: web::Query<ListQuery>) -> WebResult<HttpResponse> {
    let before = parsed("before", query.before.as_deref())?;
    let limit = parsed("limit", query.limit.as_deref())?.unwrap_or(USUAL_LIMIT).clamp(1, LARGEST_LIMIT);
    let changes = blocking(move || bench.reader().history(&name, before, limit)).await?;
    let next = if changes.len() == limit { changes.last().map(|change| change.change_id) } else { None };
    Ok(HttpResponse::Ok().json(json!({ "changes": changes, "next": next })))
}

async fn undo(bench: Bench, author: Author, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    let (name, change) = path.into_inner();
    blocking(move || bench.undo_change(&name, change, &author.name())).await?;
    Ok(HttpResponse::Ok().json(json!({ "change_id": change, "status": "undone" })))
}

async fn redo(bench: Bench, author: Author, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    let (name, change) = path.into_inner();
    blocking(move || bench.redo_change(&name, change, &author.name())).await?;
    Ok(HttpResponse::Ok().json(json!({ "change_id": change, "status": "done" })))
}
