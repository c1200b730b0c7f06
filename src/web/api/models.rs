//! `/api/v1/models`: models at hand, models to be had, fetching, adding and looking at them again.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_pipeline::{AddRequest, PullRequest};

use super::Bench;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/models", |route| route.to(status)),
        Door::post("/api/v1/models/pull", |route| route.to(pull)),
        Door::post("/api/v1/models/add", |route| route.to(add)),
        Door::post("/api/v1/models/verify", |route| route.to(verify)),
        Door::post("/api/v1/models/{name}/verify", |route| route.to(verify_one)),
        Door::post("/api/v1/models/{name}/measure", |route| route.to(measure)),
    ]
}

async fn status(bench: Bench) -> WebResult<HttpResponse> {
    let status = blocking(move || Ok::<_, WebError>(bench.models_status())).await?;
    Ok(HttpResponse::Ok().json(status))
}

async fn pull(bench: Bench, request: web::Json<PullRequest>) -> WebResult<HttpResponse> {
    let job_id = blocking(move || bench.start_pull(&request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

async fn add(bench: Bench, request: web::Json<AddRequest>) -> WebResult<HttpResponse> {
    if !request.folder.is_absolute() {
        return Err(WebError::invalid("folder", "give the absolute path of a folder on this machine"));
    }
    let added = blocking(move || bench.add_model(&request)).await?;
    Ok(HttpResponse::Created().json(added))
}

/// Which model; all without a name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    name: Option<String>,
}

async fn verify(bench: Bench, which: web::Json<Which>) -> WebResult<HttpResponse> {
    let job_id = blocking(move || bench.start_verify(which.name.as_deref())).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

async fn verify_one(bench: Bench, name: web::Path<String>) -> WebResult<HttpResponse> {
    let job_id = blocking(move || bench.start_verify(Some(&name))).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

async fn measure(bench: Bench, name: web::Path<String>) -> WebResult<HttpResponse> {
    let found = blocking(move || bench.measure_model(&name)).await?;
    Ok(HttpResponse::Ok().json(found))
}
