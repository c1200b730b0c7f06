//! `/api/v1/datasets/{dataset}/calibrations/{calibration}/scores` and `…/verdicts`: what a review of a calibration needs.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::{ClassId, DatasetName, RunName};
use tator_pipeline::calibrate::Answer;

use super::Bench;
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/calibrations/{calibration}/scores", |route| route.to(scores)),
        Door::get("/api/v1/datasets/{dataset}/calibrations/{calibration}/verdicts", |route| route.to(verdicts)),
        Door::post("/api/v1/datasets/{dataset}/calibrations/{calibration}/verdicts", |route| route.to(keep)),
    ]
}

/// Counts by class and thousandth of the probability: all that moving a threshold needs.
async fn scores(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, calibration) = path.into_inner();
    Ok(HttpResponse::Ok().json(blocking(move || bench.score_table(&dataset, &calibration)).await?))
}

async fn verdicts(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, calibration) = path.into_inner();
    let bands = blocking(move || bench.verdict_estimates(&dataset, &calibration)).await?;
    Ok(HttpResponse::Ok().json(json!({ "bands": bands })))
}

/// What somebody says of a candidate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    candidate_id: i64,
    answer: Answer,
    class_id: Option<ClassId>,
}

async fn keep(
    bench: Bench,
    author: Author,
    path: web::Path<(DatasetName, RunName)>,
    said: web::Json<Said>,
) -> WebResult<HttpResponse> {
    let ((dataset, calibration), Said { candidate_id, answer, class_id }) = (path.into_inner(), said.into_inner());
    let bands = blocking(move || {
        bench.keep_verdict(&dataset, &calibration, candidate_id, (answer, class_id), &author.name())?;
        bench.verdict_estimates(&dataset, &calibration)
    });
    Ok(HttpResponse::Ok().json(json!({ "bands": bands.await? })))
}
