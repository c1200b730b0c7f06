//! Edits of one image, undo and redo. They run beside everything else: no analyst's statement can hold them up.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tator_domain::{DatasetName, ImageId};
use tator_store::{EditAnswer, EditOutcome, EditRequest};

use super::Bench;
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::metrics::Metrics;
use crate::security::token::random_hex;

/// Most edits of one request.
const MOST_EDITS: usize = 10_000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::post("/api/v1/datasets/{dataset}/images/{image}/edits", |route| route.to(edit)),
        Door::post("/api/v1/datasets/{dataset}/images/{image}/undo", |route| route.to(undo)),
        Door::post("/api/v1/datasets/{dataset}/images/{image}/redo", |route| route.to(redo)),
    ]
}

async fn edit(
    bench: Bench,
    metrics: web::Data<Metrics>,
    author: Author,
    path: web::Path<(DatasetName, ImageId)>,
    request: web::Json<EditRequest>,
) -> WebResult<HttpResponse> {
    let (name, id) = path.into_inner();
    let request = request.into_inner();
    let n_edits = request.edits.len();
    if n_edits > MOST_EDITS {
        return Err(WebError::invalid(
            "edits",
            format!("{n_edits} edits at once are too many: send {MOST_EDITS} at most"),
        ));
    }
    let outcome = blocking(move || bench.edit(&name, id, request, &author.name())).await?;
    if matches!(outcome, EditOutcome::Applied(_)) {
        metrics.count_edits(n_edits);
    }
    Ok(answer(outcome))
}

/// The client's name for an undo, so that a repeated request undoes once.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Step {
    client_id: Option<String>,
}

async fn undo(
    bench: Bench,
    author: Author,
    path: web::Path<(DatasetName, ImageId)>,
    body: web::Bytes,
) -> WebResult<HttpResponse> {
    let ((name, id), client) = (path.into_inner(), client_id(&body)?);
    Ok(answer(blocking(move || bench.undo(&name, id, &client, &author.name())).await?))
}

async fn redo(
    bench: Bench,
    author: Author,
    path: web::Path<(DatasetName, ImageId)>,
    body: web::Bytes,
) -> WebResult<HttpResponse> {
    let ((name, id), client) = (path.into_inner(), client_id(&body)?);
    Ok(answer(blocking(move || bench.redo(&name, id, &client, &author.name())).await?))
}

/// The body may be left out; then every request is a step of its own.
fn client_id(body: &[u8]) -> WebResult<String> {
    let step: Step = if body.is_empty() {
        Step::default()
    } else {
        serde_json::from_slice(body).map_err(|error| {
            WebError::bad_request(format!("the body is not what was expected: {error}"))
                .hint("send {\"client_id\": \"…\"}")
        })?
    };
    match step.client_id {
        Some(client) => Ok(client),
        None => random_hex().map_err(|error| WebError::broken(&error)),
    }
}

/// How the image stands after it; a conflict says that as well, beside the error every failure has.
fn answer(outcome: EditOutcome) -> HttpResponse {
    match outcome {
        EditOutcome::Applied(answer) => HttpResponse::Ok().json(answer),
        EditOutcome::Conflict(answer) => {
            let revision = answer.revision;
            let error = WebError::conflict(format!(
                "the same boxes were changed meanwhile: the image is at revision {revision}"
            ))
            .hint("take over the boxes of this answer, then send the edit again on its revision")
            .details(json!({ "revision": revision }));
            HttpResponse::Conflict().json(ConflictBody { error: json!(error), answer })
        }
    }
}

#[derive(Serialize)]
struct ConflictBody {
    error: Value,
    #[serde(flatten)]
    answer: EditAnswer,
}
