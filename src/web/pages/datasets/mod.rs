//! The list of datasets, and making an empty one.

#[cfg(test)]
pub(super) mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use tator_domain::DatasetName;
use tator_pipeline::Workbench;
use tator_store::{DatasetSummary, ImageFilter, ImageHome};

use super::import::view as import;
use super::visit::{Bench, Visit, form_again, html, see};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use view::{PREVIEWS, Page, Row};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/", |route| route.to(home)),
        Door::get("/datasets", |route| route.to(page)),
        Door::post("/datasets", |route| route.to(create)),
    ]
}

async fn home() -> HttpResponse {
    see("/datasets")
}

async fn page(bench: Bench, visit: Visit) -> WebResult<HttpResponse> {
    let page = blocking(move || {
        let shell = visit.shell(&bench, Section::Datasets, None)?;
        let summaries = bench.reader().datasets()?;
        let rows = summaries.iter().map(|summary| row(&bench, summary)).collect::<Result<_, _>>()?;
        Ok::<_, tator_pipeline::Error>(Page { shell, rows })
    })
    .await?;
    html(&page)
}

fn row(bench: &Workbench, summary: &DatasetSummary) -> Result<Row, tator_pipeline::Error> {
    let reader = bench.reader();
    let classes = reader.classes(&summary.name, None, usize::MAX)?;
    let first = reader.images(&summary.name, &ImageFilter::default(), None, PREVIEWS)?;
    Ok(Row::new(summary, &classes, first.images.iter().map(|image| image.image_id).collect()))
}

/// An empty dataset, from the form of the import page; a wrong name brings the form back with a word about it.
async fn create(bench: Bench, visit: Visit, form: web::Form<import::Form>) -> WebResult<HttpResponse> {
    let form = form.into_inner();
    let answer = blocking(move || match made(&bench, &form) {
        Ok(name) => Ok::<_, tator_pipeline::Error>(Ok(name)),
        Err(words) => {
            let shell = visit.shell(&bench, Section::Datasets, None)?;
            Ok(Err(import::Page::new(shell, form, Some(("dataset".to_owned(), words)))))
        }
    })
    .await?;
    match answer {
        Ok(name) => Ok(see(&format!("/d/{name}"))),
        Err(page) => form_again(&page),
    }
}

fn made(bench: &Workbench, form: &import::Form) -> Result<DatasetName, String> {
    let name: DatasetName = form.dataset.parse().map_err(|error: tator_domain::BadName| error.to_string())?;
    let task = if form.task.is_empty() { "detect" } else { &form.task };
    bench.create_dataset(&name, ImageHome::Managed, task).map_err(|error| error.to_string())?;
    Ok(name)
}
