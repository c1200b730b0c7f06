//! `/api/v1/trash`: deleted datasets, and taking one back.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::Bench;
use crate::door::Door;
use crate::error::{WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/trash", |route| route.to(list)),
        Door::post("/api/v1/trash/{entry}/restore", |route| route.to(restore)),
    ]
}

async fn list(bench: Bench) -> WebResult<HttpResponse> {
    let trash = blocking(move || bench.trash()).await?;
    Ok(HttpResponse::Ok().json(json!({ "trash": trash })))
}

/// Only an entry of the list can be restored, so no path leads out of the trash.
async fn restore(bench: Bench, entry: web::Path<String>) -> WebResult<HttpResponse> {
    let name = blocking(move || {
        let known = bench.trash()?.into_iter().any(|trashed| trashed.entry == *entry);
        if !known {
            return Err(tator_pipeline::Error::NotFound("this entry of the trash".to_owned()));
        }
        bench.restore_dataset(&entry)
    })
    .await?;
    Ok(HttpResponse::Ok().json(json!({ "name": name })))
}
