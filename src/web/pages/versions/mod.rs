//! The named versions of a dataset, and naming its present state.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::DatasetName;

use super::visit::{Bench, Visit, form_again, html, see};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use view::Page;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/versions", |route| route.to(page)),
        Door::post("/d/{dataset}/versions", |route| route.to(name)),
    ]
}

async fn page(bench: Bench, visit: Visit, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    html(&drawn(bench, visit, dataset.into_inner(), String::new(), None).await?)
}

async fn drawn(
    bench: Bench,
    visit: Visit,
    dataset: DatasetName,
    wished: String,
    wrong: Option<String>,
) -> WebResult<Page> {
    blocking(move || {
        let versions = bench.named_versions(&dataset)?;
        let shell = visit.shell(&bench, Section::History, Some(&dataset))?;
        let folder = bench.reader().folders().tables_of(&dataset).display().to_string();
        Ok::<_, tator_pipeline::Error>(Page { shell, dataset, versions, folder, wished, wrong })
    })
    .await
}

/// A name for the present state.
#[derive(Deserialize)]
struct Form {
    name: String,
}

async fn name(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Form>,
) -> WebResult<HttpResponse> {
    let (own, dataset, wished) = (bench.clone(), dataset.into_inner(), form.into_inner().name);
    let (of, name) = (dataset.clone(), wished.trim().to_owned());
    match blocking(move || own.name_version(&of, &name)).await {
        Ok(_) => Ok(see(&format!("/d/{dataset}/versions"))),
        Err(error) if error.status.is_client_error() && error.code != "not_found" => {
            form_again(&drawn(bench, visit, dataset, wished, Some(error.to_string())).await?)
        }
        Err(error) => Err(error),
    }
}
