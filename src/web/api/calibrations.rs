//! `/api/v1/datasets/{dataset}/calibrations`: which candidates to believe. A calibration is asked for as a job, looked at,
//! explained candidate by candidate, and applied as drafts.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tator_domain::{DatasetName, RunName};
use tator_pipeline::{ApplyRequest, CalibrateRequest};

use super::{Bench, about};
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/calibrations", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/calibrations", |route| route.to(start)),
        Door::get("/api/v1/datasets/{dataset}/calibrations/{calibration}", |route| route.to(show)),
        Door::delete("/api/v1/datasets/{dataset}/calibrations/{calibration}", |route| route.to(delete)),
        Door::post("/api/v1/datasets/{dataset}/calibrations/{calibration}/explain", |route| route.to(explain)),
        Door::post("/api/v1/datasets/{dataset}/calibrations/{calibration}/recipe", |route| route.to(recipe)),
        Door::post("/api/v1/datasets/{dataset}/calibrations/{calibration}/apply", |route| route.to(apply)),
    ]
}

async fn list(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let found = blocking(move || bench.calibrations(&dataset)).await?;
    let short = found.iter().map(|entry| {
        let of = |key: &str| entry.record[key].clone();
        json!({
            "name": entry.name, "run": of("run"), "data_version": of("data_version"), "protocol": of("protocol"),
            "sizes": of("sizes"), "f1": entry.record["test"]["f1"], "f1_ci": entry.record["test"]["f1_ci"],
            "promoted": entry.record["gate"]["promoted"], "why": entry.record["gate"]["why"],
        })
    });
    Ok(HttpResponse::Ok().json(json!({ "calibrations": short.collect::<Vec<_>>() })))
}

async fn start(
    bench: Bench,
    dataset: web::Path<DatasetName>,
    body: web::Json<Map<String, Value>>,
) -> WebResult<HttpResponse> {
    let needed = "needed is run; name, options (iou, recall_floor, seed …), seen and queue_from may be given";
    let request: CalibrateRequest = about(&dataset, body.into_inner(), "calibration", needed)?;
    let (job_id, calibration) = blocking(move || bench.start_calibration(request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id, "calibration": calibration })))
}

async fn show(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, calibration) = path.into_inner();
    let entry = blocking(move || bench.calibration(&dataset, &calibration)).await?;
    Ok(HttpResponse::Ok().json(entry))
}

async fn delete(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, calibration) = path.into_inner();
    let trashed = blocking(move || bench.delete_calibration(&dataset, &calibration)).await?;
    Ok(HttpResponse::Ok().json(trashed))
}

/// Candidates to explain.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    candidates: Vec<i64>,
}

async fn explain(
    bench: Bench,
    path: web::Path<(DatasetName, RunName)>,
    wanted: web::Json<Wanted>,
) -> WebResult<HttpResponse> {
    let (dataset, calibration) = path.into_inner();
    let explained = blocking(move || bench.explain_candidates(&dataset, &calibration, &wanted.candidates)).await?;
    Ok(HttpResponse::Ok().json(json!({ "candidates": explained })))
}

async fn recipe(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, calibration) = path.into_inner();
    let name = format!("attachment; filename=\"{calibration}.zip\"");
    let bytes = blocking(move || bench.pack_calibration(&dataset, &calibration)).await?;
    Ok(HttpResponse::Ok().content_type("application/zip").insert_header(("content-disposition", name)).body(bytes))
}

async fn apply(
    bench: Bench,
    author: Author,
    path: web::Path<(DatasetName, RunName)>,
    wish: web::Json<ApplyRequest>,
) -> WebResult<HttpResponse> {
    let (dataset, calibration) = path.into_inner();
    let applied = blocking(move || bench.apply_calibration(&dataset, &calibration, &wish, &author.name())).await?;
    Ok(HttpResponse::Ok().json(applied))
}
