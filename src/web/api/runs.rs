//! `/api/v1/datasets/{dataset}/runs`: prelabelling. A run is asked for as a job, looked at, measured, compared, and its
//! surest candidates put on unlabelled images as drafts.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tator_domain::{DatasetName, ImageId, RunName};
use tator_pipeline::PrepassRequest;
use tator_pipeline::evaluate::Cut;
use tator_pipeline::prepass::{DraftRequest, PRESETS};
use tator_store::RunKind;

use super::{Bench, about};
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/recipes", |route| route.to(recipes)),
        Door::get("/api/v1/datasets/{dataset}/runs", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/runs", |route| route.to(start)),
        Door::post("/api/v1/datasets/{dataset}/runs/estimate", |route| route.to(estimate)),
        Door::get("/api/v1/datasets/{dataset}/runs/{run}", |route| route.to(show)),
        Door::delete("/api/v1/datasets/{dataset}/runs/{run}", |route| route.to(delete)),
        Door::get("/api/v1/datasets/{dataset}/runs/{run}/recall", |route| route.to(recall)),
        Door::get("/api/v1/datasets/{dataset}/runs/{run}/images/{id}", |route| route.to(on_image)),
        Door::post("/api/v1/datasets/{dataset}/runs/{run}/drafts/preview", |route| route.to(preview)),
        Door::post("/api/v1/datasets/{dataset}/runs/{run}/drafts", |route| route.to(apply)),
        Door::post("/api/v1/trash/runs/{entry}/restore", |route| route.to(restore)),
    ]
}

async fn recipes() -> HttpResponse {
    let presets = PRESETS.iter().map(|(name, text)| json!({ "name": name, "recipe": text }));
    HttpResponse::Ok().json(json!({ "recipes": presets.collect::<Vec<_>>() }))
}

async fn list(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let answer = blocking(move || {
        let (runs, unfinished) = (bench.prepass_runs(&dataset)?, bench.unfinished_runs(&dataset));
        Ok::<_, tator_pipeline::Error>(json!({ "runs": runs, "unfinished": unfinished }))
    });
    Ok(HttpResponse::Ok().json(answer.await?))
}

/// The body with the dataset of the address.
fn request(dataset: &DatasetName, body: Map<String, Value>) -> WebResult<PrepassRequest> {
    let needed = "needed is recipe (TOML or the name of a preset), or resume; run, where and sample may be given";
    about(dataset, body, "run", needed)
}

async fn start(
    bench: Bench,
    dataset: web::Path<DatasetName>,
    body: web::Json<Map<String, Value>>,
) -> WebResult<HttpResponse> {
    let request = request(&dataset, body.into_inner())?;
    let (job_id, run) = blocking(move || bench.start_prepass(request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id, "run": run })))
}

async fn estimate(
    bench: Bench,
    dataset: web::Path<DatasetName>,
    body: web::Json<Map<String, Value>>,
) -> WebResult<HttpResponse> {
    let mut body = body.into_inner();
    let images = body.remove("images").and_then(|n| n.as_u64()).and_then(|n| usize::try_from(n).ok());
    let request = request(&dataset, body)?;
    let job_id = blocking(move || bench.start_estimate(request, images)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

async fn show(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let entry = blocking(move || bench.reader().run_entry(&dataset, RunKind::Prepass, &run)).await?;
    Ok(HttpResponse::Ok().json(entry))
}

async fn delete(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let trashed = blocking(move || bench.delete_run(&dataset, &run)).await?;
    Ok(HttpResponse::Ok().json(trashed))
}

async fn restore(bench: Bench, entry: web::Path<String>) -> WebResult<HttpResponse> {
    let restored = blocking(move || bench.restore_run(&entry)).await?;
    Ok(HttpResponse::Ok().json(restored))
}

/// Where precision and recall are measured.
#[derive(Deserialize)]
struct Point {
    iou: Option<String>,
    score: Option<String>,
    pool: Option<String>,
    #[serde(rename = "where")]
    condition: Option<String>,
}

async fn recall(
    bench: Bench,
    path: web::Path<(DatasetName, RunName)>,
    point: web::Query<Point>,
) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let iou = parsed("iou", point.iou.as_deref())?.unwrap_or(0.5);
    let score = parsed("score", point.score.as_deref())?.unwrap_or(0.5);
    // One score for both is what a caller means who names one.
    let pool = parsed("pool", point.pool.as_deref())?.unwrap_or(score);
    for (field, value) in [("iou", iou), ("score", score), ("pool", pool)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(WebError::invalid(field, "between 0 and 1"));
        }
    }
    let report =
        blocking(move || bench.recall(&dataset, &run, Cut { iou, score, pool }, point.condition.as_deref())).await?;
    Ok(HttpResponse::Ok().json(report))
}

async fn on_image(bench: Bench, path: web::Path<(DatasetName, RunName, ImageId)>) -> WebResult<HttpResponse> {
    let (dataset, run, id) = path.into_inner();
    Ok(HttpResponse::Ok().json(blocking(move || bench.found_on(&dataset, &run, id)).await?))
}

async fn preview(
    bench: Bench,
    path: web::Path<(DatasetName, RunName)>,
    wish: web::Json<DraftRequest>,
) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let preview = blocking(move || bench.preview_drafts(&dataset, &run, &wish)).await?;
    Ok(HttpResponse::Ok().json(preview))
}

async fn apply(
    bench: Bench,
    author: Author,
    path: web::Path<(DatasetName, RunName)>,
    wish: web::Json<DraftRequest>,
) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let drafted = blocking(move || bench.apply_drafts(&dataset, &run, &wish, &author.name())).await?;
    Ok(HttpResponse::Ok().json(drafted))
}
