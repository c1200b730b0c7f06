//! The models at a person's side: outlines for points and boxes, the likely class of a box, and what the models are doing.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{DatasetName, ImageId, PixelBox};
use tator_pipeline::{AssistChange, ProposeRequest, SegmentRequest};

use super::Bench;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/assist", |route| route.to(status)),
        Door::patch("/api/v1/assist", |route| route.to(change)),
        Door::post("/api/v1/datasets/{dataset}/assist/window", |route| route.to(window)),
        Door::post("/api/v1/datasets/{dataset}/images/{image}/segment", |route| route.to(segment)),
        Door::post("/api/v1/datasets/{dataset}/images/{image}/propose", |route| route.to(propose)),
        Door::post("/api/v1/datasets/{dataset}/images/{image}/classify", |route| route.to(classify)),
    ]
}

async fn status(bench: Bench) -> WebResult<HttpResponse> {
    let status = blocking(move || Ok::<_, WebError>(bench.assist_status())).await?;
    Ok(HttpResponse::Ok().json(status))
}

async fn change(bench: Bench, change: web::Json<AssistChange>) -> WebResult<HttpResponse> {
    let status = blocking(move || {
        bench.change_assist(change.into_inner())?;
        Ok::<_, WebError>(bench.assist_status())
    })
    .await?;
    Ok(HttpResponse::Ok().json(status))
}

/// What a tab looks at, and what lies around it in its direction of travel, the nearest first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    client: String,
    current: ImageId,
    #[serde(default)]
    ahead: Vec<ImageId>,
    #[serde(default)]
    behind: Vec<ImageId>,
}

async fn window(bench: Bench, dataset: web::Path<DatasetName>, window: web::Json<Window>) -> WebResult<HttpResponse> {
    let status = blocking(move || {
        let Window { client, current, ahead, behind } = window.into_inner();
        let client: String = client.chars().take(64).collect();
        bench.assist_window(&dataset, &client, current, ahead.first().copied(), behind.first().copied())?;
        Ok::<_, WebError>(bench.assist_status())
    })
    .await?;
    Ok(HttpResponse::Accepted().json(status))
}

async fn segment(
    bench: Bench,
    path: web::Path<(DatasetName, ImageId)>,
    request: web::Json<SegmentRequest>,
) -> WebResult<HttpResponse> {
    let (dataset, image) = path.into_inner();
    let answer = blocking(move || bench.segment(&dataset, image, &request)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

async fn propose(
    bench: Bench,
    path: web::Path<(DatasetName, ImageId)>,
    request: web::Json<ProposeRequest>,
) -> WebResult<HttpResponse> {
    let (dataset, image) = path.into_inner();
    let answer = blocking(move || bench.propose(&dataset, image, &request)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// A box whose class is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    #[serde(rename = "box")]
    rect: [f64; 4],
}

async fn classify(
    bench: Bench,
    path: web::Path<(DatasetName, ImageId)>,
    question: web::Json<Question>,
) -> WebResult<HttpResponse> {
    let (dataset, image) = path.into_inner();
    let [x, y, w, h] = question.rect;
    let rect = PixelBox { x, y, w, h };
    let answer = blocking(move || bench.classify(&dataset, image, &rect)).await?;
    Ok(HttpResponse::Ok().json(answer))
}
