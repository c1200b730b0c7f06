//! `/api/v1/datasets/{dataset}/exports`: writing a dataset in the format of another tool.

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};
use tator_domain::DatasetName;
use tator_pipeline::ExportRequest;

use super::{Bench, about};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![Door::post("/api/v1/datasets/{dataset}/exports", |route| route.to(start))]
}

async fn start(
    bench: Bench,
    name: web::Path<DatasetName>,
    body: web::Json<Map<String, Value>>,
) -> WebResult<HttpResponse> {
    let needed = "needed are format and out; images (copy, link, none) and where may be given";
    let request: ExportRequest = about(&name, body.into_inner(), "export", needed)?;
    if !request.out.is_absolute() {
        return Err(WebError::invalid("out", "give the absolute path of a new folder or .zip on this machine"));
    }
    let job_id = blocking(move || bench.start_export(request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}
