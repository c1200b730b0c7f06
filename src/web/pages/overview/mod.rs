//! One dataset: its classes, its progress, exporting and deleting it.

mod class_forms;
#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::{ClassId, DatasetName};
use tator_pipeline::ExportRequest;

use super::visit::{Bench, Visit, form_again, html, see};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;
use crate::page::Section;
use view::{Page, Wrong};

pub(super) fn doors() -> Vec<Door> {
    let own = vec![
        Door::get("/d/{dataset}", |route| route.to(page)),
        Door::post("/d/{dataset}/export", |route| route.to(export)),
        Door::post("/d/{dataset}/delete", |route| route.to(delete)),
    ];
    [own, class_forms::doors()].concat()
}

/// What the address may ask for.
#[derive(Deserialize)]
struct Asked {
    class: Option<String>,
}

/// What of the page is open.
#[derive(Default)]
struct Wish {
    /// The class whose forms are shown.
    class: Option<ClassId>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    asked: web::Query<Asked>,
) -> WebResult<HttpResponse> {
    let wish = Wish { class: parsed("class", asked.class.as_deref())? };
    html(&drawn(bench, visit, name.into_inner(), wish, None).await?)
}

async fn drawn(bench: Bench, visit: Visit, name: DatasetName, wish: Wish, wrong: Option<Wrong>) -> WebResult<Page> {
    blocking(move || {
        let summary = bench.reader().dataset(&name)?;
        let classes = bench.reader().classes(&name, None, usize::MAX)?;
        let shell = visit.shell(&bench, Section::Datasets, Some(&name))?;
        Ok::<_, tator_pipeline::Error>(Page::new(shell, &summary, &classes, wish.class, wrong))
    })
    .await
}

/// The export's form.
#[derive(Deserialize)]
struct Form {
    format: String,
    images: String,
    #[serde(default)]
    out: String,
    #[serde(default, rename = "where")]
    condition: String,
    #[serde(default)]
    padding: String,
}

async fn export(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    form: web::Form<Form>,
) -> WebResult<HttpResponse> {
    let name = name.into_inner();
    match begin(&bench, &name, &form).await {
        Ok(job) => Ok(see(&format!("/jobs/{job}"))),
        Err(error) if error.status.is_client_error() && error.code != "not_found" => {
            let wrong = Some(Wrong::Export(error.to_string()));
            form_again(&drawn(bench, visit, name, Wish::default(), wrong).await?)
        }
        Err(error) => Err(error),
    }
}

async fn begin(bench: &Bench, name: &DatasetName, form: &Form) -> WebResult<tator_pipeline::JobId> {
    // A relative path, or none, means the workspace's own folder for exports.
    let exports = bench.reader().folders().root().join("exports");
    let wished = form.out.trim();
    let out = match wished.strip_prefix("exports/").unwrap_or(wished) {
        "" => exports.join(format!("{name}-{}", form.format)),
        path => exports.join(path),
    };
    let mut fields = json!({ "dataset": name, "format": form.format, "images": form.images, "out": out });
    if !form.condition.trim().is_empty() {
        fields["where"] = json!(form.condition.trim());
    }
    if let Some(padding) = parsed::<f64>("padding", Some(form.padding.trim()))? {
        fields["padding"] = json!(padding);
    }
    let request: ExportRequest = serde_json::from_value(fields)
        .map_err(|error| WebError::invalid("format", format!("the export cannot be read: {error}")))?;
    let bench = bench.clone();
    blocking(move || bench.start_export(request)).await
}

async fn delete(bench: Bench, name: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    blocking(move || bench.delete_dataset(&name)).await?;
    Ok(see("/trash"))
}
