//! The history of a dataset, and taking changes back.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::DatasetName;

use super::visit::{Bench, Visit, html, see};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;
use crate::page::Section;
use view::{PAGE, Page};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/history", |route| route.to(page)),
        Door::post("/d/{dataset}/history/{change}/undo", |route| route.to(undo)),
        Door::post("/d/{dataset}/history/{change}/redo", |route| route.to(redo)),
    ]
}

/// Where the page begins.
#[derive(Deserialize)]
struct Wish {
    before: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    let before = parsed("before", wish.before.as_deref())?;
    let page = blocking(move || {
        let changes = bench.reader().history(&name, before, PAGE)?;
        let shell = visit.shell(&bench, Section::History, Some(&name))?;
        Ok::<_, tator_pipeline::Error>(Page { shell, dataset: name.into_inner(), changes, older: before.is_some() })
    })
    .await?;
    html(&page)
}

async fn undo(bench: Bench, visit: Visit, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    let (name, change) = path.into_inner();
    let back = see(&format!("/d/{name}/history"));
    blocking(move || bench.undo_change(&name, change, &visit.author().name())).await?;
    Ok(back)
}

async fn redo(bench: Bench, visit: Visit, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    let (name, change) = path.into_inner();
    let back = see(&format!("/d/{name}/history"));
    blocking(move || bench.redo_change(&name, change, &visit.author().name())).await?;
    Ok(back)
}
