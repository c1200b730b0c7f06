//! The forms of one class on the dataset's page: another name, and merging it into another class.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{ClassId, DatasetName};

use super::view::Wrong;
use super::{Bench, Visit, Wish, drawn, form_again, see};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::post("/d/{dataset}/classes/{class}/rename", |route| route.to(rename)),
        Door::post("/d/{dataset}/classes/{class}/merge", |route| route.to(merge)),
    ]
}

/// Another name for a class.
#[derive(Deserialize)]
struct Rename {
    name: String,
}

async fn rename(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, ClassId)>,
    form: web::Form<Rename>,
) -> WebResult<HttpResponse> {
    let (dataset, class) = path.into_inner();
    let (at, name) = (bench.clone(), dataset.clone());
    let done = blocking(move || at.rename_class(&name, class, form.name.trim()).map(|_| ())).await;
    let next = format!("/d/{dataset}#class-{class}");
    answer(done, &next, bench, visit, dataset, class).await
}

/// The class that takes the boxes.
#[derive(Deserialize)]
struct Merge {
    into: String,
}

/// Shows the history next: there the merge is on top and can be taken back.
async fn merge(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, ClassId)>,
    form: web::Form<Merge>,
) -> WebResult<HttpResponse> {
    let (dataset, class) = path.into_inner();
    let done = match form.into.parse::<ClassId>() {
        Ok(into) => {
            let (at, name, who) = (bench.clone(), dataset.clone(), visit.author().name());
            blocking(move || at.merge_class(&name, class, into, &who).map(|_| ())).await
        }
        Err(_) => Err(WebError::invalid("into", "choose the class that takes the boxes")),
    };
    let next = format!("/d/{dataset}/history");
    answer(done, &next, bench, visit, dataset, class).await
}

/// Leads on when it went well; what the person can mend is said beside the form.
async fn answer(
    done: WebResult<()>,
    next: &str,
    bench: Bench,
    visit: Visit,
    dataset: DatasetName,
    class: ClassId,
) -> WebResult<HttpResponse> {
    match done {
        Ok(()) => Ok(see(next)),
        Err(error) if error.status.is_client_error() && error.code != "not_found" => {
            let wish = Wish { class: Some(class) };
            form_again(&drawn(bench, visit, dataset, wish, Some(Wrong::Class(error.to_string()))).await?)
        }
        Err(error) => Err(error),
    }
}
