//! Bringing data in from a path of this machine. Files of the browser go to the API's uploads.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tator_domain::DatasetName;

use super::visit::{Bench, Visit, form_again, html, see};
use crate::api::import_request;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::page::Section;
use view::{Form, Page};

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/datasets/new", |route| route.to(page)), Door::post("/datasets/new", |route| route.to(start))]
}

/// What the address may ask for.
#[derive(Deserialize)]
struct Wish {
    dataset: Option<String>,
}

async fn page(bench: Bench, visit: Visit, wish: web::Query<Wish>) -> WebResult<HttpResponse> {
    let form = Form { dataset: wish.into_inner().dataset.unwrap_or_default(), ..Form::default() };
    let page = blocking(move || {
        let shell = visit.shell(&bench, Section::Datasets, None)?;
        Ok::<_, tator_pipeline::Error>(Page::new(shell, form, None))
    })
    .await?;
    html(&page)
}

/// Starts the import and shows its job; what is wrong is said beside the field it is about.
async fn start(bench: Bench, visit: Visit, form: web::Form<Form>) -> WebResult<HttpResponse> {
    let form = form.into_inner();
    match begin(&bench, &form).await {
        Ok(job) => Ok(see(&format!("/jobs/{job}"))),
        Err(error) if error.status.is_client_error() => {
            let field = error.details.as_ref().and_then(|details| details["field"].as_str()).unwrap_or_default();
            let wrong = Some((field.to_owned(), error.to_string()));
            let page = blocking(move || {
                let shell = visit.shell(&bench, Section::Datasets, None)?;
                Ok::<_, tator_pipeline::Error>(Page::new(shell, form, wrong))
            })
            .await?;
            form_again(&page)
        }
        Err(error) => Err(error),
    }
}

async fn begin(bench: &Bench, form: &Form) -> WebResult<tator_pipeline::JobId> {
    let dataset: DatasetName =
        form.dataset.parse().map_err(|error: tator_domain::BadName| WebError::invalid("dataset", error.to_string()))?;
    if !std::path::Path::new(form.source.trim()).is_absolute() {
        return Err(WebError::invalid(
            "source",
            "give the whole path of a folder, a .zip or a .json, beginning with /",
        ));
    }
    let request = import_request(&dataset, fields(form))?;
    let bench = bench.clone();
    blocking(move || bench.start_import(request)).await
}

/// The form as the API's body: what was left empty is left out.
fn fields(form: &Form) -> Map<String, Value> {
    let text = |value: &str| (!value.trim().is_empty()).then(|| json!(value.trim()));
    let split = form.split.as_str();
    [
        ("source", text(&form.source)),
        ("images_dir", text(&form.images_dir)),
        ("format", text(&form.format)),
        ("mode", text(&form.mode)),
        ("task", text(&form.task)),
        ("split", text(if split == "none" { "" } else { split })),
        ("existing", text(&form.existing)),
        ("one_based", form.one_based.as_ref().map(|_| json!(true))),
        ("dry_run", form.dry_run.as_ref().map(|_| json!(true))),
    ]
    .into_iter()
    .filter_map(|(key, value)| value.map(|value| (key.to_owned(), value)))
    .collect()
}
