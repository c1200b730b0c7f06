//! The map: every embedding as a point, and making one.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::DatasetName;
use tator_pipeline::{EmbedRequest, MapMethod};
use tator_store::EmbeddingOf;

use super::visit::{Bench, Visit, form_again, html, see};
use crate::api::MapWish;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use view::{Page, Shown};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/map", |route| route.to(page)),
        Door::post("/d/{dataset}/map", |route| route.to(make)),
        Door::post("/d/{dataset}/map/embed", |route| route.to(embed)),
    ]
}

/// Which map, and how it is coloured and filtered; the scripts read the last two.
#[derive(Deserialize, Default)]
struct Wish {
    #[serde(default)]
    map: String,
}

async fn page(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    html(&drawn(bench, visit, dataset.into_inner(), wish.into_inner().map, None).await?)
}

async fn drawn(
    bench: Bench,
    visit: Visit,
    dataset: DatasetName,
    wished: String,
    wrong: Option<String>,
) -> WebResult<Page> {
    blocking(move || {
        let maps = bench.reader().maps(&dataset)?;
        let tables = bench.reader().embedding_tables(&dataset)?;
        let shell = visit.shell(&bench, Section::Explore, Some(&dataset))?;
        let shown = maps.iter().find(|map| map.map == wished).or(maps.first()).map(Shown::of);
        Ok::<_, tator_pipeline::Error>(Page::new(shell, dataset, maps, shown, &tables, wrong))
    })
    .await
}

/// A map that is wished for.
#[derive(Deserialize)]
struct Form {
    /// `encoder/of`, as the form lists them.
    vectors: String,
    method: MapMethod,
    #[serde(default)]
    size_bias: Option<String>,
}

async fn make(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Form>,
) -> WebResult<HttpResponse> {
    let (own, dataset, form) = (bench.clone(), dataset.into_inner(), form.into_inner());
    let (encoder, of) = form.vectors.rsplit_once('/').unwrap_or(("", "boxes"));
    let request = MapWish {
        encoder: Some(encoder.to_owned()),
        of: Some(of.parse().unwrap_or(EmbeddingOf::Boxes)),
        method: form.method,
        neighbours: None,
        size_bias: form.size_bias.is_some(),
        seed: 0,
    };
    let request = request.of(dataset.clone());
    match blocking(move || own.start_map(&request)).await {
        Ok(job) => Ok(see(&format!("/jobs/{job}"))),
        Err(error) if error.status.is_client_error() && error.code != "not_found" => {
            form_again(&drawn(bench, visit, dataset, String::new(), Some(error.to_string())).await?)
        }
        Err(error) => Err(error),
    }
}

async fn embed(bench: Bench, visit: Visit, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let (own, dataset) = (bench.clone(), dataset.into_inner());
    let request = EmbedRequest { dataset: dataset.clone(), model: None, of: None, padding: None, around: None };
    match blocking(move || own.start_embed(&request)).await {
        Ok(job) => Ok(see(&format!("/jobs/{job}"))),
        Err(error) if error.code != "not_found" => {
            form_again(&drawn(bench, visit, dataset, String::new(), Some(error.to_string())).await?)
        }
        Err(error) => Err(error),
    }
}
