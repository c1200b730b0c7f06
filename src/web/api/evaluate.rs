//! `/api/v1/datasets/{dataset}/evaluate`: detections against the truth.

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value};
use tator_domain::DatasetName;
use tator_pipeline::EvaluateRequest;

use super::{Bench, about};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![Door::post("/api/v1/datasets/{dataset}/evaluate", |route| route.to(evaluate))]
}

async fn evaluate(
    bench: Bench,
    dataset: web::Path<DatasetName>,
    body: web::Json<Map<String, Value>>,
) -> WebResult<HttpResponse> {
    let needed = "give predictions (a file of COCO results on this machine) or run; iou, score, source, stage and where may be given";
    let request: EvaluateRequest = about(&dataset, body.into_inner(), "question", needed)?;
    if request.predictions.as_ref().is_some_and(|file| !file.is_absolute()) {
        return Err(WebError::invalid("predictions", "give the absolute path of a file on this machine"));
    }
    let report = blocking(move || bench.evaluate(&request)).await?;
    Ok(HttpResponse::Ok().json(report.to_json()))
}
