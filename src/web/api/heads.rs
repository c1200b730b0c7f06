//! `/api/v1/datasets/{dataset}/heads`: class heads, trained as jobs, kept as runs, put to work without a restart.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::DatasetName;
use tator_pipeline::heads::{HeadOptions, TestBox, TrainHeadRequest};

use super::Bench;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/heads", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/heads", |route| route.to(start)),
        Door::get("/api/v1/datasets/{dataset}/heads/readiness", |route| route.to(readiness)),
        Door::post("/api/v1/datasets/{dataset}/heads/active", |route| route.to(activate)),
        Door::get("/api/v1/datasets/{dataset}/heads/{run}", |route| route.to(show)),
        Door::patch("/api/v1/datasets/{dataset}/heads/{run}", |route| route.to(rename)),
        Door::delete("/api/v1/datasets/{dataset}/heads/{run}", |route| route.to(remove)),
        Door::post("/api/v1/datasets/{dataset}/heads/{run}/restore", |route| route.to(restore)),
        Door::get("/api/v1/datasets/{dataset}/heads/{run}/boxes", |route| route.to(boxes)),
        Door::get("/api/v1/datasets/{dataset}/heads/{run}/file", |route| route.to(file)),
    ]
}

async fn list(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    Ok(HttpResponse::Ok().json(blocking(move || bench.heads(&dataset)).await?))
}

async fn start(bench: Bench, dataset: web::Path<DatasetName>, wish: web::Json<HeadOptions>) -> WebResult<HttpResponse> {
    let request = TrainHeadRequest { dataset: dataset.into_inner(), options: wish.into_inner() };
    let job_id = blocking(move || bench.start_train_head(&request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

async fn readiness(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    Ok(HttpResponse::Ok().json(blocking(move || bench.head_readiness(&dataset)).await?))
}

/// The head to put to work; none for the neighbours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    run: Option<String>,
}

async fn activate(bench: Bench, dataset: web::Path<DatasetName>, choice: web::Json<Choice>) -> WebResult<HttpResponse> {
    let run = choice.into_inner().run;
    let active = run.clone();
    blocking(move || bench.activate_head(&dataset, run.as_deref())).await?;
    Ok(HttpResponse::Ok().json(json!({ "active": active })))
}

async fn show(bench: Bench, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let (record, log) = blocking(move || {
        let record = bench.head_run(&dataset, &run)?;
        let log = bench.head_log(&dataset, &run)?;
        Ok::<_, tator_pipeline::Error>((record, log))
    })
    .await?;
    Ok(HttpResponse::Ok().json(json!({ "run": record, "log": log })))
}

/// Another name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

async fn rename(
    bench: Bench,
    path: web::Path<(DatasetName, String)>,
    name: web::Json<Name>,
) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let run = blocking(move || bench.rename_head(&dataset, &run, &name.name)).await?;
    Ok(HttpResponse::Ok().json(json!({ "run": run })))
}

async fn remove(bench: Bench, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let deleted = run.clone();
    blocking(move || bench.delete_head(&dataset, &run)).await?;
    Ok(HttpResponse::Ok().json(json!({ "deleted": deleted, "kept_days": 30 })))
}

async fn restore(bench: Bench, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let run = blocking(move || bench.restore_head(&dataset, &run)).await?;
    Ok(HttpResponse::Ok().json(json!({ "run": run })))
}

/// A cell of the confusion matrix; both left out mean every box of the test part.
#[derive(Deserialize)]
struct Cell {
    truth: Option<String>,
    predicted: Option<String>,
}

async fn boxes(
    bench: Bench,
    path: web::Path<(DatasetName, String)>,
    cell: web::Query<Cell>,
) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let truth: Option<usize> = parsed("truth", cell.truth.as_deref())?;
    let predicted: Option<usize> = parsed("predicted", cell.predicted.as_deref())?;
    let boxes = blocking(move || bench.head_test(&dataset, &run)).await?;
    let is_in = |one: &TestBox| truth.is_none_or(|c| c == one.truth) && predicted.is_none_or(|c| c == one.predicted);
    let boxes: Vec<TestBox> = boxes.into_iter().filter(is_in).collect();
    Ok(HttpResponse::Ok().json(json!({ "boxes": boxes })))
}

async fn file(bench: Bench, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let disposition = format!("attachment; filename=\"{dataset}-{run}.tator\"");
    let bytes = blocking(move || bench.head_file(&dataset, &run)).await?;
    let mut answer = HttpResponse::Ok();
    Ok(answer.content_type("application/octet-stream").insert_header((CONTENT_DISPOSITION, disposition)).body(bytes))
}
