//! Look-alikes as JSON, and pictures to ask about.

use actix_web::{HttpResponse, web};
use serde_json::json;
use tator_domain::DatasetName;
use tator_pipeline::SimilarRequest;

use super::Bench;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::security::limits::MOST_PICTURE;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::post("/api/v1/datasets/{dataset}/similar", |route| route.to(similar)),
        Door::post("/api/v1/datasets/{dataset}/similar/pictures", |route| route.to(keep)),
        Door::get("/api/v1/datasets/{dataset}/similar/pictures/{picture}", |route| route.to(show)),
    ]
}

async fn similar(
    bench: Bench,
    dataset: web::Path<DatasetName>,
    request: web::Json<SimilarRequest>,
) -> WebResult<HttpResponse> {
    let answer = blocking(move || bench.similar(&dataset, &request)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

async fn keep(bench: Bench, dataset: web::Path<DatasetName>, body: web::Payload) -> WebResult<HttpResponse> {
    let read = body.to_bytes_limited(MOST_PICTURE as usize).await;
    let bytes = read.map_err(|_| WebError::too_large(MOST_PICTURE))?;
    let bytes = bytes.map_err(|_| WebError::bad_request("the picture did not come whole"))?;
    let number = blocking(move || {
        bench.reader().dataset(&dataset)?;
        bench.keep_looked(&bytes)
    })
    .await?;
    Ok(HttpResponse::Created().json(json!({ "picture": number })))
}

async fn show(bench: Bench, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (_, number) = path.into_inner();
    let jpeg = blocking(move || bench.looked_thumbnail(&number, 512)).await?;
    Ok(HttpResponse::Ok().content_type("image/jpeg").insert_header(("Cache-Control", "private, no-cache")).body(jpeg))
}
