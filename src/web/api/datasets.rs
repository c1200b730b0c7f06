//! `/api/v1/datasets`: what there is, making one, deleting one.

use std::path::PathBuf;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tator_domain::{DatasetName, Timestamp};
use tator_store::{DatasetSummary, ImageHome};

use super::{Bench, by_name};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets", |route| route.to(list)),
        Door::post("/api/v1/datasets", |route| route.to(create)),
        Door::get("/api/v1/datasets/{dataset}", |route| route.to(show)),
        Door::delete("/api/v1/datasets/{dataset}", |route| route.to(remove)),
    ]
}

/// A dataset as the API gives it.
#[derive(Serialize)]
struct Dataset {
    name: DatasetName,
    #[serde(flatten)]
    home: ImageHome,
    task: String,
    images: u64,
    boxes: u64,
    classes: u64,
    states: Map<String, Value>,
    splits: Map<String, Value>,
    created_at: Timestamp,
}

impl From<DatasetSummary> for Dataset {
    fn from(summary: DatasetSummary) -> Self {
        Self {
            states: by_name(&summary.states),
            splits: by_name(&summary.splits),
            name: summary.name,
            home: summary.home,
            task: summary.task,
            images: summary.images,
            boxes: summary.boxes,
            classes: summary.classes,
            created_at: summary.created_at,
        }
    }
}

async fn list(bench: Bench) -> WebResult<HttpResponse> {
    let datasets = blocking(move || bench.reader().datasets()).await?;
    let datasets: Vec<Dataset> = datasets.into_iter().map(Dataset::from).collect();
    Ok(HttpResponse::Ok().json(json!({ "datasets": datasets })))
}

async fn show(bench: Bench, name: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let summary = blocking(move || bench.reader().dataset(&name)).await?;
    Ok(HttpResponse::Ok().json(Dataset::from(summary)))
}

/// A new dataset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDataset {
    name: DatasetName,
    #[serde(default)]
    mode: Mode,
    folder: Option<PathBuf>,
    #[serde(default = "detect")]
    task: String,
}

/// Where its images lie.
#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Managed,
    Linked,
}

fn detect() -> String {
    "detect".to_owned()
}

async fn create(bench: Bench, new: web::Json<NewDataset>) -> WebResult<HttpResponse> {
    let NewDataset { name, mode, folder, task } = new.into_inner();
    let home = match (mode, folder) {
        (Mode::Managed, None) => ImageHome::Managed,
        (Mode::Linked, Some(folder)) if folder.is_absolute() => ImageHome::Linked { folder },
        (Mode::Linked, _) => {
            return Err(WebError::invalid("folder", "a linked dataset needs the absolute path of its folder"));
        }
        (Mode::Managed, Some(_)) => {
            return Err(WebError::invalid("folder", "a managed dataset has no folder of its own: use mode \"linked\""));
        }
    };
    let summary = blocking(move || {
        bench.create_dataset(&name, home, &task)?;
        bench.reader().dataset(&name).map_err(tator_pipeline::Error::from)
    })
    .await?;
    Ok(HttpResponse::Created().json(Dataset::from(summary)))
}

async fn remove(bench: Bench, name: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let trashed = blocking(move || bench.delete_dataset(&name)).await?;
    Ok(HttpResponse::Ok().json(trashed))
}
