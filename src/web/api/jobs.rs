//! `/api/v1/jobs`: long work, how far it is, stopping it and going on.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::Bench;
use crate::door::Door;
use crate::error::{WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/jobs", |route| route.to(list)),
        Door::get("/api/v1/jobs/{id}", |route| route.to(show)),
        Door::post("/api/v1/jobs/{id}/cancel", |route| route.to(cancel)),
        Door::post("/api/v1/jobs/{id}/resume", |route| route.to(resume)),
    ]
}

async fn list(bench: Bench) -> WebResult<HttpResponse> {
    let jobs = blocking(move || bench.jobs()).await?;
    Ok(HttpResponse::Ok().json(json!({ "jobs": jobs })))
}

async fn show(bench: Bench, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let job = blocking(move || bench.job(*id)).await?;
    Ok(HttpResponse::Ok().json(job))
}

async fn cancel(bench: Bench, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let job = blocking(move || {
        bench.cancel_job(*id)?;
        bench.job(*id)
    })
    .await?;
    Ok(HttpResponse::Ok().json(job))
}

async fn resume(bench: Bench, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let job_id = blocking(move || bench.resume_job(*id)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}
