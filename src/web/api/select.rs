//! `/api/v1/datasets/{dataset}/select`: what to label next, and what choosing would have been worth.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::{DatasetName, RunName};
use tator_pipeline::select::{SelectOptions, SimulateOptions, SimulateRequest, Strategy};

use super::Bench;
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::post("/api/v1/datasets/{dataset}/select", |route| route.to(select)),
        Door::get("/api/v1/datasets/{dataset}/simulations", |route| route.to(simulations)),
        Door::post("/api/v1/datasets/{dataset}/simulations", |route| route.to(simulate)),
    ]
}

/// What is wished for; everything has a default. With `package` the images become a work package of that name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    strategy: Option<Strategy>,
    n: Option<usize>,
    seed: Option<u64>,
    encoder: Option<String>,
    run: Option<RunName>,
    package: Option<String>,
}

async fn select(
    bench: Bench,
    author: Author,
    dataset: web::Path<DatasetName>,
    wish: web::Json<Wish>,
) -> WebResult<HttpResponse> {
    let Wish { strategy, n, seed, encoder, run, package } = wish.into_inner();
    let usual = SelectOptions::default();
    let options = SelectOptions {
        strategy: strategy.unwrap_or_default(),
        n: n.unwrap_or(usual.n),
        seed: seed.unwrap_or(usual.seed),
        encoder,
        run,
    };
    let found = blocking(move || {
        let Some(name) = package else {
            return Ok::<_, tator_pipeline::Error>((bench.select(&dataset, &options)?, None));
        };
        let (selection, package) = bench.select_package(&dataset, &options, Some(&name), &author.name())?;
        Ok((selection, Some(package)))
    })
    .await?;
    let mut answer = serde_json::to_value(found.0).map_err(|e| WebError::broken(&e))?;
    if let Some(package) = found.1 {
        answer["package_id"] = package.into();
    }
    Ok(HttpResponse::Ok().json(answer))
}

async fn simulations(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let found = blocking(move || bench.simulations(&dataset)).await?;
    Ok(HttpResponse::Ok().json(json!({ "simulations": found })))
}

async fn simulate(
    bench: Bench,
    dataset: web::Path<DatasetName>,
    wish: web::Json<SimulateOptions>,
) -> WebResult<HttpResponse> {
    let request = SimulateRequest { dataset: dataset.into_inner(), options: wish.into_inner() };
    let job_id = blocking(move || bench.start_simulate(&request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}
