//! Fitting all boxes of a class: asked for as a job, looked at as proposals, applied as one change.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::{BoxId, ClassId, DatasetName};

use super::Bench;
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;

/// Proposals of one answer.
const USUAL_LIMIT: u64 = 200;
const MOST: u64 = 2000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::post("/api/v1/datasets/{dataset}/tweak", |route| route.to(start)),
        Door::get("/api/v1/datasets/{dataset}/tweaks/{tweak}", |route| route.to(show)),
        Door::post("/api/v1/datasets/{dataset}/tweaks/{tweak}/apply", |route| route.to(apply)),
    ]
}

/// The class whose boxes are to be fitted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    class_id: ClassId,
}

async fn start(bench: Bench, dataset: web::Path<DatasetName>, wish: web::Json<Wish>) -> WebResult<HttpResponse> {
    let (job_id, tweak_id) = blocking(move || bench.start_tweak(&dataset, wish.class_id)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id, "tweak_id": tweak_id })))
}

/// Which part of the proposals.
#[derive(Deserialize)]
struct Page {
    after: Option<String>,
    limit: Option<String>,
}

async fn show(bench: Bench, path: web::Path<(DatasetName, i64)>, page: web::Query<Page>) -> WebResult<HttpResponse> {
    let (dataset, tweak) = path.into_inner();
    let after = parsed("after", page.after.as_deref())?.unwrap_or(0);
    let limit = parsed("limit", page.limit.as_deref())?.unwrap_or(USUAL_LIMIT).clamp(1, MOST);
    let (summary, proposals) = blocking(move || bench.proposals(&dataset, tweak, (after, limit))).await?;
    let end = after + proposals.len() as u64;
    let next = (end < summary.proposals && !proposals.is_empty()).then_some(end);
    Ok(HttpResponse::Ok()
        .json(json!({ "class_id": summary.class_id, "summary": summary, "proposals": proposals, "next": next })))
}

/// Which proposals to take.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Choice {
    except: Vec<BoxId>,
    min_iou: Option<f64>,
}

async fn apply(
    bench: Bench,
    author: Author,
    path: web::Path<(DatasetName, i64)>,
    choice: web::Json<Choice>,
) -> WebResult<HttpResponse> {
    let (dataset, tweak) = path.into_inner();
    let least = choice.min_iou.unwrap_or(0.0);
    if !(0.0..=1.0).contains(&least) {
        return Err(WebError::invalid("min_iou", "between 0 and 1"));
    }
    let (change_id, changed) =
        blocking(move || bench.apply_tweak(&dataset, tweak, (&choice.except, least), &author.name())).await?;
    Ok(HttpResponse::Ok().json(json!({ "change_id": change_id, "changed": changed })))
}
