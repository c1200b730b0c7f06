//! `/api/v1/datasets/{dataset}/quality`: what may be wrong with a dataset, and deciding about it.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::DatasetName;
use tator_pipeline::{QualityRequest, quality};
use tator_store::Decision;

use super::Bench;
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;

const USUAL_LIMIT: u64 = 100;
const LARGEST_LIMIT: u64 = 1000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/quality", |route| route.to(counts)),
        Door::post("/api/v1/datasets/{dataset}/quality", |route| route.to(start)),
        Door::get("/api/v1/datasets/{dataset}/quality/findings", |route| route.to(findings)),
        Door::post("/api/v1/datasets/{dataset}/quality/decisions", |route| route.to(decide)),
    ]
}

async fn counts(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let counts = blocking(move || bench.reader().finding_counts(&dataset)).await?;
    let title = |name: &str| quality::kind(name).map_or("", |kind| kind.title);
    let kinds = counts
        .iter()
        .map(|c| json!({ "kind": c.kind, "title": title(&c.kind), "found": c.found, "waiting": c.waiting }));
    Ok(HttpResponse::Ok().json(json!({ "kinds": kinds.collect::<Vec<_>>() })))
}

/// What to look for; what is not said is as usual.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wish {
    pub encoder: Option<String>,
    pub run: Option<String>,
    pub likeness: Option<f32>,
    pub min_score: Option<f64>,
    pub seed: u64,
}

impl Wish {
    /// The request to the workbench.
    pub(crate) fn of(self, dataset: DatasetName) -> QualityRequest {
        let usual = QualityRequest::new(dataset);
        QualityRequest {
            encoder: self.encoder.filter(|name| !name.is_empty()),
            run: self.run.filter(|name| !name.is_empty()),
            likeness: self.likeness.unwrap_or(usual.likeness),
            min_score: self.min_score.unwrap_or(usual.min_score),
            seed: self.seed,
            ..usual
        }
    }
}

async fn start(bench: Bench, dataset: web::Path<DatasetName>, wish: web::Json<Wish>) -> WebResult<HttpResponse> {
    let request = wish.into_inner().of(dataset.into_inner());
    let job_id = blocking(move || bench.start_quality(&request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

/// Which findings.
#[derive(Deserialize)]
struct Asked {
    kind: String,
    after: Option<String>,
    limit: Option<String>,
}

async fn findings(bench: Bench, dataset: web::Path<DatasetName>, asked: web::Query<Asked>) -> WebResult<HttpResponse> {
    if quality::kind(&asked.kind).is_none() {
        let known: Vec<&str> = quality::KINDS.iter().map(|kind| kind.name).collect();
        return Err(WebError::invalid("kind", format!("one of {}", known.join(", "))));
    }
    let after = parsed("after", asked.after.as_deref())?.unwrap_or(0);
    let limit = parsed("limit", asked.limit.as_deref())?.unwrap_or(USUAL_LIMIT).clamp(1, LARGEST_LIMIT);
    let found = blocking(move || bench.reader().findings(&dataset, &asked.kind, (after, limit))).await?;
    let next = (found.len() as u64 == limit).then_some(after + limit);
    Ok(HttpResponse::Ok().json(json!({ "findings": found, "next": next })))
}

/// What a person says about a finding.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    key: String,
    decision: Word,
}

/// What can be said: a decision, or that there is none any more.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Keep,
    Fix,
    Skip,
    Open,
}

async fn decide(
    bench: Bench,
    author: Author,
    dataset: web::Path<DatasetName>,
    said: web::Json<Said>,
) -> WebResult<HttpResponse> {
    let Said { key, decision } = said.into_inner();
    let decision = match decision {
        Word::Keep => Decision::Keep,
        Word::Fix => Decision::Fix,
        Word::Skip => Decision::Skip,
        Word::Open => {
            let reopened = key.clone();
            blocking(move || bench.reopen_finding(&dataset, &reopened, &author.name())).await?;
            return Ok(HttpResponse::Ok().json(json!({ "key": key, "decision": "open" })));
        }
    };
    let answer = blocking(move || bench.decide_finding(&dataset, &key, decision, &author.name())).await?;
    Ok(HttpResponse::Ok().json(answer))
}
