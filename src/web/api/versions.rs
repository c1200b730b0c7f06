//! `/api/v1/datasets/{dataset}/versions`: the states of a dataset that have a name, and naming the present one.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::DatasetName;

use super::Bench;
use crate::door::Door;
use crate::error::{WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/versions", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/versions", |route| route.to(name)),
    ]
}

async fn list(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let versions = blocking(move || bench.named_versions(&dataset)).await?;
    Ok(HttpResponse::Ok().json(json!({ "versions": versions })))
}

/// A name for what the dataset is now.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewVersion {
    name: String,
}

async fn name(bench: Bench, dataset: web::Path<DatasetName>, new: web::Json<NewVersion>) -> WebResult<HttpResponse> {
    let version = blocking(move || bench.name_version(&dataset, new.name.trim())).await?;
    Ok(HttpResponse::Created().json(version))
}
