//! JSON under `/api/v1`, one file per noun. `assets/openapi.json` describes every door of it; a test holds the two
//! together.

mod assist;
mod calibrations;
mod classes;
mod datasets;
mod downloads;
mod edits;
mod embeddings;
mod evaluate;
mod exports;
mod glossaries;
mod heads;
mod history;
mod images;
mod imports;
mod jobs;
mod maps;
mod models;
mod openapi;
mod packages;
mod people;
mod pictures;
mod quality;
mod queries;
mod reviews;
mod runs;
mod select;
mod similar;
mod sql;
mod sql_export;
mod sql_slots;
mod trash;
mod tweaks;
mod versions;

use actix_web::web;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tator_domain::DatasetName;
use tator_pipeline::Workbench;

use crate::door::Door;
use crate::error::{WebError, WebResult};
use crate::uploads;

pub(crate) use imports::request as import_request;
pub(crate) use maps::Wish as MapWish;
pub(crate) use quality::Wish as QualityWish;
pub use sql_slots::{SqlSlots, Stop};

/// The workbench as handlers get it.
type Bench = web::Data<Workbench>;

/// Every door of the API.
pub(crate) fn doors() -> Vec<Door> {
    [
        datasets::doors(),
        images::doors(),
        pictures::doors(),
        edits::doors(),
        assist::doors(),
        tweaks::doors(),
        calibrations::doors(),
        reviews::doors(),
        maps::doors(),
        quality::doors(),
        models::doors(),
        heads::doors(),
        select::doors(),
        embeddings::doors(),
        similar::doors(),
        glossaries::doors(),
        classes::doors(),
        history::doors(),
        versions::doors(),
        people::doors(),
        packages::doors(),
        imports::doors(),
        uploads::doors(),
        exports::doors(),
        runs::doors(),
        evaluate::doors(),
        jobs::doors(),
        downloads::doors(),
        trash::doors(),
        queries::doors(),
        sql::doors(),
        sql_export::doors(),
        openapi::doors(),
    ]
    .concat()
}

/// What is asked in a body, about the dataset of the address; `what` it is and what is needed, in words.
///
/// # Errors
/// Saying why it cannot be read.
fn about<T: DeserializeOwned>(
    dataset: &DatasetName,
    mut body: Map<String, Value>,
    what: &str,
    needed: &'static str,
) -> WebResult<T> {
    body.insert("dataset".to_owned(), json!(dataset));
    let wrong = |error| WebError::invalid("body", format!("the {what} cannot be read: {error}")).hint(needed);
    serde_json::from_value(Value::Object(body)).map_err(wrong)
}

/// Counts as a JSON object.
fn by_name<T: ToString>(counts: &[(T, u64)]) -> Map<String, Value> {
    counts.iter().map(|(name, count)| (name.to_string(), Value::from(*count))).collect()
}
