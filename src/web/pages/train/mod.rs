//! Class heads of a dataset: trained, watched, looked at, compared, put to work.

pub(super) mod cell;
mod form;
pub(super) mod pair;
#[cfg(test)]
mod samples;
pub(super) mod view;

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{BoxId, Clock, DatasetName, SystemClock};
use tator_pipeline::heads::{TestBox, TrainHeadRequest, difference};
use tator_pipeline::{EmbedRequest, Workbench};
use tator_store::{BoxPlace, EmbeddingOf};

use super::jobs::view::JobView;
use super::visit::{Bench, Visit, form_again, html, see};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;
use crate::page::Section;
use cell::BoxesPage;
use form::Form;
use pair::ComparePage;
use view::{Page, RunPage};

/// Boxes of a cell that are shown.
const MOST_BOXES: usize = 240;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/train", |route| route.to(page)),
        Door::post("/d/{dataset}/train", |route| route.to(start)),
        Door::post("/d/{dataset}/train/embed", |route| route.to(embed)),
        Door::get("/d/{dataset}/train/compare", |route| route.to(compare)),
        Door::post("/d/{dataset}/train/neighbours", |route| route.to(neighbours)),
        Door::get("/d/{dataset}/train/{run}", |route| route.to(run)),
        Door::get("/d/{dataset}/train/{run}/boxes", |route| route.to(boxes)),
        Door::post("/d/{dataset}/train/{run}/activate", |route| route.to(activate)),
        Door::post("/d/{dataset}/train/{run}/rename", |route| route.to(rename)),
        Door::post("/d/{dataset}/train/{run}/delete", |route| route.to(remove)),
        Door::post("/d/{dataset}/train/{run}/restore", |route| route.to(restore)),
    ]
}

fn home(d: &DatasetName) -> String {
    format!("/d/{d}/train")
}

async fn page(bench: Bench, visit: Visit, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    html(&drawn(bench, visit, dataset.into_inner(), None).await?)
}

async fn drawn(bench: Bench, visit: Visit, dataset: DatasetName, wrong: Option<(Form, String)>) -> WebResult<Page> {
    blocking(move || {
        let shell = visit.shell(&bench, Section::Train, Some(&dataset))?;
        let (ready, heads) = (bench.head_readiness(&dataset)?, bench.heads(&dataset)?);
        let job = live_job(&bench, &dataset, "train_head")?;
        let (form, wrong) = match wrong {
            Some((form, words)) => (form, Some(words)),
            None => (Form::usual(&ready, heads.active.is_some()), None),
        };
        Ok::<_, tator_pipeline::Error>(Page { shell, dataset, ready, heads, job, form, wrong })
    })
    .await
}

/// The job of a kind that is under way for a dataset, if there is one.
pub(super) fn live_job(
    bench: &Workbench,
    d: &DatasetName,
    kind: &str,
) -> Result<Option<JobView>, tator_pipeline::Error> {
    if bench.jobs_in_flight() == 0 {
        return Ok(None);
    }
    let now = SystemClock.now();
    let jobs = bench.jobs()?;
    let live = jobs.iter().filter(|job| !job.state.is_over() && job.kind == kind && job.dataset.as_ref() == Some(d));
    Ok(live.min_by_key(|job| job.job_id).map(|job| JobView::new(job, now)))
}

async fn start(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Form>,
) -> WebResult<HttpResponse> {
    let (dataset, form) = (dataset.into_inner(), form.into_inner());
    let options = match form.options() {
        Ok(options) => options,
        Err(words) => return form_again(&drawn(bench, visit, dataset, Some((form, words))).await?),
    };
    let (own, request) = (bench.clone(), TrainHeadRequest { dataset: dataset.clone(), options });
    match blocking(move || own.start_train_head(&request)).await {
        Ok(_) => Ok(see(&home(&dataset))),
        Err(error) if error.status.is_client_error() && error.code != "not_found" => {
            form_again(&drawn(bench, visit, dataset, Some((form, error.to_string()))).await?)
        }
        Err(error) => Err(error),
    }
}

/// Vectors of the boxes, without which there is nothing to learn from.
async fn embed(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let request = EmbedRequest {
        dataset: dataset.into_inner(),
        model: None,
        of: Some(EmbeddingOf::Boxes),
        padding: None,
        around: None,
    };
    let job = blocking(move || bench.start_embed(&request)).await?;
    Ok(see(&format!("/jobs/{job}")))
}

async fn run(bench: Bench, visit: Visit, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    html(&one_run(bench, visit, path.into_inner(), None).await?)
}

async fn one_run(
    bench: Bench,
    visit: Visit,
    (dataset, id): (DatasetName, String),
    wrong: Option<String>,
) -> WebResult<RunPage> {
    blocking(move || {
        let shell = visit.shell(&bench, Section::Train, Some(&dataset))?;
        let run = bench.head_run(&dataset, &id)?;
        let log = serde_json::to_string(&bench.head_log(&dataset, &id)?).unwrap_or_default();
        let heads = bench.heads(&dataset)?;
        let colours =
            bench.reader().class_list(&dataset)?.into_iter().map(|class| (class.class_id, class.colour)).collect();
        Ok::<_, tator_pipeline::Error>(RunPage::new(shell, dataset, run, (log, colours), heads, wrong))
    })
    .await
}

/// Two heads.
#[derive(Deserialize)]
struct Pair {
    a: String,
    b: String,
}

async fn compare(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    pair: web::Query<Pair>,
) -> WebResult<HttpResponse> {
    let (dataset, Pair { a, b }) = (dataset.into_inner(), pair.into_inner());
    let page = blocking(move || {
        let shell = visit.shell(&bench, Section::Train, Some(&dataset))?;
        let (first, second) = (bench.head_run(&dataset, &a)?, bench.head_run(&dataset, &b)?);
        let tests = (bench.head_test(&dataset, &a)?, bench.head_test(&dataset, &b)?);
        let difference = difference(&tests.0, &tests.1, first.options.seed);
        let heads = bench.heads(&dataset)?;
        Ok::<_, tator_pipeline::Error>(ComparePage::new(shell, dataset, (first, second), difference, &heads))
    })
    .await?;
    html(&page)
}

/// A cell of the confusion matrix; what is left out means any.
#[derive(Deserialize)]
struct Asked {
    truth: Option<String>,
    predicted: Option<String>,
}

async fn boxes(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, String)>,
    cell: web::Query<Asked>,
) -> WebResult<HttpResponse> {
    let truth: Option<usize> = parsed("truth", cell.truth.as_deref())?;
    let predicted: Option<usize> = parsed("predicted", cell.predicted.as_deref())?;
    let (dataset, id) = path.into_inner();
    let page = blocking(move || {
        let shell = visit.shell(&bench, Section::Train, Some(&dataset))?;
        let run = bench.head_run(&dataset, &id)?;
        let mut found = bench.head_test(&dataset, &id)?;
        found.retain(|one| truth.is_none_or(|c| c == one.truth) && predicted.is_none_or(|c| c == one.predicted));
        // What the head is surest of comes first: a sure mistake is often a wrong label.
        found.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.box_id.cmp(&b.box_id)));
        let places = places(&bench, &dataset, &found)?;
        Ok::<_, tator_pipeline::Error>(BoxesPage::new(shell, dataset, &run, (truth, predicted), &found, &places))
    })
    .await?;
    html(&page)
}

fn places(
    bench: &Workbench,
    d: &DatasetName,
    found: &[TestBox],
) -> Result<HashMap<BoxId, BoxPlace>, tator_pipeline::Error> {
    let ids: Vec<BoxId> = found.iter().take(MOST_BOXES).map(|one| one.box_id).collect();
    Ok(bench.reader().places_of(d, &ids)?.into_iter().map(|place| (place.box_id, place)).collect())
}

async fn activate(bench: Bench, visit: Visit, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (dataset, id) = path.into_inner();
    let (own, of, run) = (bench.clone(), dataset.clone(), id.clone());
    match blocking(move || own.activate_head(&of, Some(&run))).await {
        Ok(()) => Ok(see(&format!("{}/{id}", home(&dataset)))),
        Err(error) => said_again(bench, visit, (dataset, id), error).await,
    }
}

async fn neighbours(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let back = see(&home(&dataset));
    blocking(move || bench.activate_head(&dataset, None)).await?;
    Ok(back)
}

/// Another name.
#[derive(Deserialize)]
struct Name {
    name: String,
}

async fn rename(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, String)>,
    name: web::Form<Name>,
) -> WebResult<HttpResponse> {
    let (dataset, id) = path.into_inner();
    let (own, of, run) = (bench.clone(), dataset.clone(), id.clone());
    match blocking(move || own.rename_head(&of, &run, &name.name)).await {
        Ok(_) => Ok(see(&format!("{}/{id}", home(&dataset)))),
        Err(error) => said_again(bench, visit, (dataset, id), error).await,
    }
}

async fn said_again(bench: Bench, visit: Visit, of: (DatasetName, String), error: WebError) -> WebResult<HttpResponse> {
    if !error.status.is_client_error() || error.code == "not_found" {
        return Err(error);
    }
    form_again(&one_run(bench, visit, of, Some(error.to_string())).await?)
}

async fn remove(bench: Bench, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (dataset, id) = path.into_inner();
    let back = see(&format!("{}#deleted", home(&dataset)));
    blocking(move || bench.delete_head(&dataset, &id)).await?;
    Ok(back)
}

async fn restore(bench: Bench, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (dataset, id) = path.into_inner();
    let back = see(&format!("{}/{id}", home(&dataset)));
    blocking(move || bench.restore_head(&dataset, &id)).await?;
    Ok(back)
}
