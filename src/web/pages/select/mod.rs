//! What to label next: images chosen by a strategy, looked at, made into a package; and what choosing would have been worth.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{DatasetName, ImageId};
use tator_pipeline::EmbedRequest;
use tator_pipeline::select::{SelectOptions, Selection, SimulateOptions, SimulateRequest, Strategy};
use tator_store::EmbeddingOf;

use super::train::live_job;
use super::visit::{Bench, Visit, form_again, html, see};
use crate::addresses;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;
use crate::page::Section;
use view::{Outcome, Page};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/select", |route| route.to(page)),
        Door::post("/d/{dataset}/select/package", |route| route.to(package)),
        Door::post("/d/{dataset}/select/simulate", |route| route.to(simulate)),
        Door::post("/d/{dataset}/select/embed", |route| route.to(embed)),
    ]
}

/// What is wished for; nothing chosen means nothing is looked for yet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Wish {
    strategy: String,
    n: String,
    seed: String,
    run: String,
}

impl Wish {
    fn options(&self) -> WebResult<Option<SelectOptions>> {
        let Some(strategy) = parsed::<Strategy>("strategy", Some(&self.strategy))? else { return Ok(None) };
        let usual = SelectOptions::default();
        Ok(Some(SelectOptions {
            strategy,
            n: parsed("n", Some(&self.n))?.unwrap_or(usual.n),
            seed: parsed("seed", Some(&self.seed))?.unwrap_or(usual.seed),
            run: parsed("run", Some(&self.run))?,
            encoder: None,
        }))
    }
}

async fn page(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    let options = wish.options()?;
    html(&drawn(bench, visit, dataset.into_inner(), options, None).await?)
}

async fn drawn(
    bench: Bench,
    visit: Visit,
    dataset: DatasetName,
    options: Option<SelectOptions>,
    wrong: Option<String>,
) -> WebResult<Page> {
    blocking(move || {
        let shell = visit.shell(&bench, Section::Explore, Some(&dataset))?;
        let outcome = match &options {
            None => None,
            Some(options) => Some(outcome(bench.select(&dataset, options))?),
        };
        let simulation = bench.simulations(&dataset)?.into_iter().next();
        let job = live_job(&bench, &dataset, "simulate")?;
        let has_vectors = bench
            .reader()
            .embedding_tables(&dataset)?
            .iter()
            .any(|table| table.meta.of == EmbeddingOf::Images && table.rows > 0);
        let mut runs = bench.prepass_runs(&dataset)?;
        runs.sort_by_key(|run| std::cmp::Reverse(run.record["finished_at"].as_i64().unwrap_or_default()));
        let runs = runs.into_iter().map(|run| run.name.to_string()).collect();
        Ok::<_, tator_pipeline::Error>(Page::new(
            shell,
            dataset,
            options.unwrap_or_default(),
            outcome,
            (simulation, job, has_vectors),
            runs,
            wrong,
        ))
    })
    .await
}

/// What is missing is part of the page, everything else is an error.
fn outcome(found: Result<Selection, tator_pipeline::Error>) -> Result<Outcome, tator_pipeline::Error> {
    use tator_pipeline::Error as E;
    match found {
        Ok(selection) => Ok(Outcome::Found(selection)),
        Err(error @ (E::NoAnswer { .. } | E::Invalid { .. })) => Ok(Outcome::Missing(error.to_string())),
        Err(error) => Err(error),
    }
}

/// The images that were looked at, and what their package is to be called.
#[derive(Deserialize)]
struct Chosen {
    images: String,
    name: String,
}

async fn package(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Chosen>,
) -> WebResult<HttpResponse> {
    let numbers = form.images.split(',').filter(|text| !text.is_empty());
    let images: Vec<ImageId> = numbers
        .map(|text| text.trim().parse().map_err(|_| WebError::invalid("images", "numbers of images, with commas")))
        .collect::<Result<_, _>>()?;
    let (own, of, author, name) = (bench.clone(), dataset.clone(), visit.author().name(), form.into_inner().name);
    match blocking(move || own.package_of(&of, &images, &name, &author)).await {
        Ok(package) => Ok(see(&addresses::package(&dataset, package))),
        Err(error) if error.status.is_client_error() && error.code != "not_found" => {
            form_again(&drawn(bench, visit, dataset.into_inner(), None, Some(error.to_string())).await?)
        }
        Err(error) => Err(error),
    }
}

/// How to replay; what is empty has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Replay {
    seeds: String,
    step: String,
    rounds: String,
}

async fn simulate(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Replay>,
) -> WebResult<HttpResponse> {
    let usual = SimulateOptions::default();
    let options = SimulateOptions {
        seeds: parsed("seeds", Some(&form.seeds))?.unwrap_or(usual.seeds),
        rounds: parsed("rounds", Some(&form.rounds))?.unwrap_or(usual.rounds),
        step: parsed("step", Some(&form.step))?,
        ..usual
    };
    let (own, request) = (bench.clone(), SimulateRequest { dataset: dataset.clone(), options });
    match blocking(move || own.start_simulate(&request)).await {
        Ok(_) => Ok(see(&format!("/d/{dataset}/select#replay"))),
        Err(error) if error.status.is_client_error() && error.code != "not_found" => {
            form_again(&drawn(bench, visit, dataset.into_inner(), None, Some(error.to_string())).await?)
        }
        Err(error) => Err(error),
    }
}

/// Vectors of the images, which most strategies look at.
async fn embed(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let request = EmbedRequest {
        dataset: dataset.into_inner(),
        model: None,
        of: Some(EmbeddingOf::Images),
        padding: None,
        around: None,
    };
    let job = blocking(move || bench.start_embed(&request)).await?;
    Ok(see(&format!("/jobs/{job}")))
}
