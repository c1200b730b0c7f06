//! Other words for classes: of a dataset, of the library that all share, and the language model that may propose some.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use tator_domain::DatasetName;
use tator_pipeline::glossary::BUDGET;
use tator_pipeline::{ExpandRequest, Glossary, LanguageChange};

use super::Bench;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/glossary", |route| route.to(show)),
        Door::post("/api/v1/datasets/{dataset}/glossary", |route| route.to(set)),
        Door::post("/api/v1/datasets/{dataset}/glossary/use", |route| route.to(take_over)),
        Door::post("/api/v1/datasets/{dataset}/glossary/expand", |route| route.to(expand)),
        Door::get("/api/v1/glossaries", |route| route.to(library)),
        Door::get("/api/v1/glossaries/{name}", |route| route.to(shelved)),
        Door::post("/api/v1/glossaries/{name}", |route| route.to(shelve)),
        Door::delete("/api/v1/glossaries/{name}", |route| route.to(remove)),
        Door::get("/api/v1/language", |route| route.to(language)),
        Door::patch("/api/v1/language", |route| route.to(change_language)),
    ]
}

async fn show(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let words = blocking(move || bench.dataset_words(&dataset, Some(BUDGET))).await?;
    Ok(HttpResponse::Ok().json(words))
}

/// Words in any spelling, or one that was given out here.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Own(Glossary),
    Spelt(Spelt),
    /// JSON in one of the spellings: an object or a list.
    Json(Value),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spelt {
    text: String,
}

impl Words {
    fn read(self) -> Result<Glossary, tator_pipeline::Error> {
        match self {
            Self::Own(glossary) => Ok(glossary),
            Self::Spelt(Spelt { text }) => Glossary::read(&text),
            Self::Json(json) => Glossary::read(&json.to_string()),
        }
    }
}

async fn set(bench: Bench, dataset: web::Path<DatasetName>, words: web::Json<Words>) -> WebResult<HttpResponse> {
    let words = blocking(move || {
        bench.set_glossary(&dataset, &words.into_inner().read()?)?;
        bench.dataset_words(&dataset, Some(BUDGET))
    })
    .await?;
    Ok(HttpResponse::Ok().json(words))
}

/// A glossary of the library.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

async fn take_over(bench: Bench, dataset: web::Path<DatasetName>, named: web::Json<Named>) -> WebResult<HttpResponse> {
    let added = blocking(move || bench.take_over_glossary(&dataset, &named.name)).await?;
    Ok(HttpResponse::Ok().json(json!({ "added": added })))
}

async fn expand(
    bench: Bench,
    dataset: web::Path<DatasetName>,
    request: web::Json<ExpandRequest>,
) -> WebResult<HttpResponse> {
    let expanded = blocking(move || bench.expand_glossary(&dataset, &request)).await?;
    Ok(HttpResponse::Ok().json(expanded))
}

async fn library(bench: Bench) -> WebResult<HttpResponse> {
    let glossaries = blocking(move || bench.glossary_library()).await?;
    Ok(HttpResponse::Ok().json(json!({ "glossaries": glossaries })))
}

async fn shelved(bench: Bench, name: web::Path<String>) -> WebResult<HttpResponse> {
    let glossary = blocking(move || bench.shelved_glossary(&name)).await?;
    Ok(HttpResponse::Ok().json(glossary))
}

async fn shelve(bench: Bench, name: web::Path<String>, words: web::Json<Words>) -> WebResult<HttpResponse> {
    let glossary = blocking(move || {
        let glossary = words.into_inner().read()?;
        bench.shelve_glossary(&name, &glossary)?;
        Ok::<_, tator_pipeline::Error>(glossary)
    })
    .await?;
    Ok(HttpResponse::Ok().json(glossary))
}

/// The answer is what was removed: whoever regrets it can put it in again.
async fn remove(bench: Bench, name: web::Path<String>) -> WebResult<HttpResponse> {
    let glossary = blocking(move || bench.remove_glossary(&name)).await?;
    Ok(HttpResponse::Ok().json(glossary))
}

async fn language(bench: Bench) -> WebResult<HttpResponse> {
    let settings = blocking(move || Ok::<_, WebError>(bench.language_settings())).await?;
    Ok(HttpResponse::Ok().json(settings))
}

async fn change_language(bench: Bench, change: web::Json<LanguageChange>) -> WebResult<HttpResponse> {
    let settings = blocking(move || bench.change_language(change.into_inner())).await?;
    Ok(HttpResponse::Ok().json(settings))
}
