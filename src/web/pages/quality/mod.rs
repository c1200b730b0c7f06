//! The quality page: what may be wrong, kind by kind, each a queue to decide about.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::DatasetName;
use tator_pipeline::quality;
use tator_store::Decision;

use super::visit::{Bench, Visit, form_again, html, see};
use crate::api::QualityWish;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;
use crate::page::Section;
use view::{Page, Queue};

/// Cards on a page.
const CARDS: u64 = 36;
/// Decisions listed under the cards.
const DECIDED: u64 = 30;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/quality", |route| route.to(page)),
        Door::post("/d/{dataset}/quality", |route| route.to(look)),
        Door::post("/d/{dataset}/quality/decide", |route| route.to(decide)),
    ]
}

/// Which kind, and from which place on.
#[derive(Deserialize, Default)]
struct Wish {
    kind: Option<String>,
    after: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    let Wish { kind, after } = wish.into_inner();
    let after = parsed("after", after.as_deref())?.unwrap_or(0);
    html(&drawn(bench, visit, dataset.into_inner(), (kind, after), None).await?)
}

async fn drawn(
    bench: Bench,
    visit: Visit,
    dataset: DatasetName,
    (kind, after): (Option<String>, u64),
    wrong: Option<String>,
) -> WebResult<Page> {
    blocking(move || {
        let reader = bench.reader();
        let counts = reader.finding_counts(&dataset)?;
        let shell = visit.shell(&bench, Section::Explore, Some(&dataset))?;
        let runs = reader.run_names(&dataset, tator_store::RunKind::Prepass)?.iter().map(ToString::to_string).collect();
        let waiting = |kind: &&quality::Kind| counts.iter().any(|c| c.kind == kind.name && c.waiting > 0);
        let chosen = kind.as_deref().and_then(quality::kind).or_else(|| quality::KINDS.iter().find(waiting));
        let queue = match chosen.filter(|_| !counts.is_empty()) {
            None => None,
            Some(kind) => {
                let found = reader.findings(&dataset, kind.name, (after, CARDS))?;
                let decided = reader.decisions(&dataset, kind.name, DECIDED)?;
                let classes = reader.class_list(&dataset)?;
                let waiting = counts.iter().find(|c| c.kind == kind.name).map_or(0, |c| c.waiting);
                Some(Queue::new(&dataset, kind, &found, &decided, &classes, (after, CARDS, waiting)))
            }
        };
        Ok::<_, tator_pipeline::Error>(Page::new(shell, dataset, &counts, queue, runs, wrong))
    })
    .await
}

/// What to look for.
#[derive(Deserialize)]
struct LookForm {
    #[serde(default)]
    run: String,
}

async fn look(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<LookForm>,
) -> WebResult<HttpResponse> {
    let (own, dataset) = (bench.clone(), dataset.into_inner());
    let wish = QualityWish { run: Some(form.into_inner().run), ..QualityWish::default() };
    let request = wish.of(dataset.clone());
    match blocking(move || own.start_quality(&request)).await {
        Ok(job) => Ok(see(&format!("/jobs/{job}"))),
        Err(error) if error.status.is_client_error() && error.code != "not_found" => {
            form_again(&drawn(bench, visit, dataset, (None, 0), Some(error.to_string())).await?)
        }
        Err(error) => Err(error),
    }
}

/// What was said about a finding, without scripts.
#[derive(Deserialize)]
struct DecideForm {
    key: String,
    kind: String,
    decision: String,
}

async fn decide(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<DecideForm>,
) -> WebResult<HttpResponse> {
    let (dataset, DecideForm { key, kind, decision }) = (dataset.into_inner(), form.into_inner());
    let (own, name, author) = (bench.clone(), dataset.clone(), visit.author().name());
    let decision = match decision.as_str() {
        "keep" => Some(Decision::Keep),
        "fix" => Some(Decision::Fix),
        "skip" => Some(Decision::Skip),
        "open" => None,
        _ => return Err(WebError::invalid("decision", "keep, fix, skip or open")),
    };
    let done = blocking(move || match decision {
        Some(decision) => own.decide_finding(&name, &key, decision, &author).map(|_| ()),
        None => own.reopen_finding(&name, &key, &author),
    });
    match done.await {
        Ok(()) => Ok(see(&format!("/d/{dataset}/quality?kind={kind}"))),
        Err(error) if error.status.is_client_error() => {
            form_again(&drawn(bench, visit, dataset, (Some(kind), 0), Some(error.to_string())).await?)
        }
        Err(error) => Err(error),
    }
}
