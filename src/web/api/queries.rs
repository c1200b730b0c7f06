//! `/api/v1/queries`: statements that people keep in the workspace.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::Bench;
use crate::door::Door;
use crate::error::{WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/queries", |route| route.to(list)),
        Door::post("/api/v1/queries", |route| route.to(save)),
        Door::delete("/api/v1/queries/{name}", |route| route.to(remove)),
    ]
}

async fn list(bench: Bench) -> WebResult<HttpResponse> {
    let queries = blocking(move || bench.saved_queries()).await?;
    Ok(HttpResponse::Ok().json(json!({ "queries": queries })))
}

/// A statement to keep.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewQuery {
    name: String,
    sql: String,
}

async fn save(bench: Bench, new: web::Json<NewQuery>) -> WebResult<HttpResponse> {
    let saved = blocking(move || bench.save_query(new.name.trim(), &new.sql)).await?;
    Ok(HttpResponse::Ok().json(saved))
}

/// The answer is what was deleted: whoever regrets it can keep it again.
async fn remove(bench: Bench, name: web::Path<String>) -> WebResult<HttpResponse> {
    let removed = blocking(move || bench.delete_query(&name)).await?;
    Ok(HttpResponse::Ok().json(removed))
}
