//! Embeddings of a dataset: what there is, and jobs that make what is missing.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::DatasetName;
use tator_pipeline::EmbedRequest;
use tator_store::EmbeddingOf;

use super::Bench;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/embeddings", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/embed", |route| route.to(start)),
        Door::delete("/api/v1/datasets/{dataset}/embeddings/{encoder}/{of}", |route| route.to(delete)),
    ]
}

async fn list(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let tables = blocking(move || bench.reader().embedding_tables(&dataset)).await?;
    Ok(HttpResponse::Ok().json(json!({ "tables": tables })))
}

/// What to embed, see [`EmbedRequest`].
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Wish {
    model: Option<String>,
    of: Option<EmbeddingOf>,
    padding: Option<f64>,
    around: Option<String>,
}

async fn start(bench: Bench, dataset: web::Path<DatasetName>, wish: web::Json<Wish>) -> WebResult<HttpResponse> {
    let Wish { model, of, padding, around } = wish.into_inner();
    let around = around.map(|word| word.parse()).transpose().map_err(|e: String| WebError::invalid("around", e))?;
    let request = EmbedRequest { dataset: dataset.into_inner(), model, of, padding, around };
    let job_id = blocking(move || bench.start_embed(&request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

async fn delete(bench: Bench, path: web::Path<(DatasetName, String, String)>) -> WebResult<HttpResponse> {
    let (dataset, encoder, of) = path.into_inner();
    let of: EmbeddingOf = of.parse().map_err(|e: String| WebError::invalid("of", e))?;
    blocking(move || bench.delete_embeddings(&dataset, &encoder, of)).await?;
    Ok(HttpResponse::NoContent().finish())
}
