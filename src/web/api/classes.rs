//! `/api/v1/datasets/{dataset}/classes`: finding, adding, renaming and merging classes.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::{ClassId, DatasetName};

use super::Bench;
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;

/// Classes of an answer unless asked otherwise: all of every dataset we know.
const USUAL_LIMIT: usize = 10_000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/classes", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/classes", |route| route.to(add)),
        Door::patch("/api/v1/datasets/{dataset}/classes/{class}", |route| route.to(change)),
    ]
}

/// What the list may be asked.
#[derive(Deserialize)]
struct ListQuery {
    search: Option<String>,
    limit: Option<String>,
}

async fn list(bench: Bench, name: web::Path<DatasetName>, query: web::Query<ListQuery>) -> WebResult<HttpResponse> {
    let ListQuery { search, limit } = query.into_inner();
    let limit = parsed("limit", limit.as_deref())?.unwrap_or(USUAL_LIMIT);
    let search = search.filter(|text| !text.is_empty());
    let classes = blocking(move || bench.reader().classes(&name, search.as_deref(), limit)).await?;
    Ok(HttpResponse::Ok().json(json!({ "classes": classes })))
}

/// A new class.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClass {
    name: String,
}

async fn add(bench: Bench, dataset: web::Path<DatasetName>, new: web::Json<NewClass>) -> WebResult<HttpResponse> {
    let class = blocking(move || bench.add_class(&dataset, &new.name)).await?;
    Ok(HttpResponse::Created().json(class))
}

/// A change of a class: exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassChange {
    name: Option<String>,
    merge_into: Option<ClassId>,
}

async fn change(
    bench: Bench,
    author: Author,
    path: web::Path<(DatasetName, ClassId)>,
    change: web::Json<ClassChange>,
) -> WebResult<HttpResponse> {
    let (dataset, id) = path.into_inner();
    let change = change.into_inner();
    let left = change.merge_into.unwrap_or(id);
    let classes = blocking(move || {
        match (change.name, change.merge_into) {
            (Some(name), None) => bench.rename_class(&dataset, id, &name).map(|_| ())?,
            (None, Some(into)) => bench.merge_class(&dataset, id, into, &author.name()).map(|_| ())?,
            _ => return Err(WebError::invalid("name", "give either a name or merge_into")),
        }
        bench.reader().classes(&dataset, None, usize::MAX).map_err(WebError::from)
    })
    .await?;
    let class = classes.into_iter().find(|class| class.class.class_id == left);
    class.map(|class| HttpResponse::Ok().json(class)).ok_or_else(|| WebError::not_found("the class"))
}
