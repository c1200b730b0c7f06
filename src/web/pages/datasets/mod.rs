//! The list of datasets, and making an empty one.

#[cfg(test)]
pub(super) mod samples;
pub(super) mod view;

use std::path::Path;

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

/// An empty dataset, from the form of the import page; what is wrong brings the form back with a word beside the field.
async fn create(bench: Bench, visit: Visit, form: web::Form<import::Form>) -> WebResult<HttpResponse> {
    let form = form.into_inner();
    let answer = blocking(move || match made(&bench, &form) {
        Ok(name) => Ok::<_, tator_pipeline::Error>(Ok(name)),
        Err((field, words)) => {
            let shell = visit.shell(&bench, Section::Datasets, None)?;
            Ok(Err(import::Page::new(shell, form, Some((field.to_owned(), words)))))
        }
    })
    .await?;
    match answer {
        Ok(name) => Ok(see(&format!("/d/{name}"))),
        Err(page) => form_again(&page),
    }
}

/// The new dataset, or the field that is wrong and why.
fn made(bench: &Workbench, form: &import::Form) -> Result<DatasetName, (&'static str, String)> {
    let name: DatasetName =
        form.dataset.parse().map_err(|error: tator_domain::BadName| ("dataset", error.to_string()))?;
    let task = if form.task.is_empty() { "detect" } else { &form.task };
    let home = home_of(form.folder.trim()).map_err(|words| ("folder", words))?;
    bench.create_dataset(&name, home, task).map_err(|error| ("dataset", error.to_string()))?;
    Ok(name)
}

/// Where the images of an empty dataset lie: in the folder that was given, or in the workspace.
fn home_of(folder: &str) -> Result<ImageHome, String> {
    let path = Path::new(folder);
    match folder {
        "" => Ok(ImageHome::Managed),
        _ if !path.is_absolute() => Err("give the whole path of the folder, beginning with /".to_owned()),
        _ if !path.is_dir() => Err(format!("{folder} is not a folder on this machine")),
        _ => Ok(ImageHome::Linked { folder: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_dataset_is_linked_to_a_whole_path_of_a_folder_or_to_nothing() {
        assert_eq!(home_of(""), Ok(ImageHome::Managed));
        assert!(matches!(home_of(env!("CARGO_MANIFEST_DIR")), Ok(ImageHome::Linked { .. })));
        assert!(home_of("photos").is_err() && home_of("/no/such/folder").is_err());
    }
}
