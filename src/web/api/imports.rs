//! `/api/v1/datasets/{dataset}/imports`: importing a folder or an archive of this machine.

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};
use tator_domain::DatasetName;
use tator_pipeline::ImportRequest;

use super::{Bench, about};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![Door::post("/api/v1/datasets/{dataset}/imports", |route| route.to(start))]
}

async fn start(
    bench: Bench,
    name: web::Path<DatasetName>,
    body: web::Json<Map<String, Value>>,
) -> WebResult<HttpResponse> {
    let request = request(&name, body.into_inner())?;
    if !request.source.is_absolute() {
        return Err(WebError::invalid(
            "source",
            "give the absolute path of a folder, a .zip or a .json on this machine",
        ));
    }
    let job_id = blocking(move || bench.start_import(request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

/// The wishes of a visitor as a request; the dataset is the one of the address.
///
/// # Errors
/// Naming the field that cannot be read.
pub(crate) fn request(dataset: &DatasetName, fields: Map<String, Value>) -> WebResult<ImportRequest> {
    let needed =
        "needed is source; format, mode, task, split, images_dir, one_based, dry_run and existing may be given";
    about(dataset, fields, "import", needed)
}
