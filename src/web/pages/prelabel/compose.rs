//! The page that lists runs and composes a recipe: a form and a text that say the same.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::DatasetName;
use tator_pipeline::prepass::Recipe;
use tator_pipeline::{PrepassRequest, Workbench};

use super::form::{Fields, Sent};
use super::pace::Pace;
use super::view::{Compose, EstimatePart, FieldsPart, Page, RecipePart, RunLine};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use crate::pages::visit::{Bench, Visit, form_again, html, see};

/// The recipe to begin with.
const USUAL: &str = "fast";

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/prelabel", |route| route.to(page)),
        Door::post("/d/{dataset}/prelabel", |route| route.to(start)),
        Door::post("/d/{dataset}/prelabel/resume", |route| route.to(resume)),
        Door::post("/d/{dataset}/prelabel/_fields", |route| route.to(fields)),
        Door::post("/d/{dataset}/prelabel/_recipe", |route| route.to(recipe)),
        Door::post("/d/{dataset}/prelabel/_estimate", |route| route.to(estimate)),
        Door::get("/d/{dataset}/prelabel/_estimate/{job}", |route| route.to(estimated)),
    ]
}

/// What to begin with.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Begin {
    recipe: Option<String>,
    from: Option<String>,
    #[serde(rename = "where")]
    condition: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    begin: web::Query<Begin>,
) -> WebResult<HttpResponse> {
    let (dataset, begin) = (dataset.into_inner(), begin.into_inner());
    let page = blocking(move || {
        let text = match &begin.from {
            // The recipe of a run, to go on from.
            Some(run) => run.parse().ok().and_then(|run| recipe_of(&bench, &dataset, &run)),
            None => None,
        };
        let named = begin.recipe.as_deref().unwrap_or(USUAL);
        let text =
            text.unwrap_or_else(|| Recipe::preset(named).or(Recipe::preset(USUAL)).unwrap_or_default().to_owned());
        let mut compose = composed(&bench, &dataset, text)?;
        compose.condition = begin.condition.unwrap_or_default();
        whole(&bench, &visit, dataset, compose)
    });
    html(&page.await?)
}

fn recipe_of(bench: &Workbench, d: &DatasetName, run: &tator_domain::RunName) -> Option<String> {
    let entry = bench.reader().run_entry(d, tator_store::RunKind::Prepass, run).ok()?;
    serde_json::from_value::<Recipe>(entry.record["recipe"].clone()).ok()?.to_text().ok()
}

fn whole(
    bench: &Workbench,
    visit: &Visit,
    dataset: DatasetName,
    compose: Compose,
) -> Result<Page, tator_pipeline::Error> {
    let shell = visit.shell(bench, Section::Prelabel, Some(&dataset))?;
    let mut runs: Vec<RunLine> = bench.prepass_runs(&dataset)?.iter().map(RunLine::of).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.finished_at));
    let ours = |job: &tator_pipeline::JobRecord| {
        job.kind == "prepass" && job.dataset.as_ref() == Some(&dataset) && !job.state.is_over()
    };
    let live = bench.jobs()?.iter().filter(|job| ours(job)).map(|job| (job.job_id, job.title.clone())).collect();
    let unfinished = if shell.jobs_in_flight > 0 { Vec::new() } else { bench.unfinished_runs(&dataset) };
    Ok(Page { shell, dataset, runs, unfinished, live, compose })
}

/// A text with the form that says the same.
fn composed(bench: &Workbench, d: &DatasetName, text: String) -> Result<Compose, tator_pipeline::Error> {
    let (fields, wrong) = match Recipe::parse(&text) {
        Ok(recipe) => (Some(Fields::of(&recipe, &bench.detectors())), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let images = bench.reader().dataset(d)?.images;
    Ok(Compose { fields, text, wrong, condition: String::new(), run: String::new(), images })
}

/// The form as it was sent.
type Pairs = web::Form<Vec<(String, String)>>;

/// The text was changed: the form follows.
async fn fields(bench: Bench, dataset: web::Path<DatasetName>, form: Pairs) -> WebResult<HttpResponse> {
    let (dataset, sent) = (dataset.into_inner(), Sent(form.into_inner()));
    let part = blocking(move || {
        let compose = composed(&bench, &dataset, sent.get("recipe").unwrap_or_default().to_owned())?;
        Ok::<_, tator_pipeline::Error>(FieldsPart { dataset, compose })
    });
    html(&part.await?)
}

/// The form was changed: the text follows.
async fn recipe(bench: Bench, dataset: web::Path<DatasetName>, form: Pairs) -> WebResult<HttpResponse> {
    let (dataset, sent) = (dataset.into_inner(), Sent(form.into_inner()));
    let part = blocking(move || {
        let text = sent.get("recipe").unwrap_or_default();
        let text = match Recipe::parse(text).or_else(|_| Recipe::parse(Recipe::preset(USUAL).unwrap_or_default())) {
            Ok(known) => sent.recipe(&known, &bench.detectors()).to_text()?,
            Err(_) => text.to_owned(),
        };
        let compose = composed(&bench, &dataset, text)?;
        Ok::<_, tator_pipeline::Error>(RecipePart { dataset, compose })
    });
    html(&part.await?)
}

fn request_of(dataset: &DatasetName, sent: &Sent) -> Result<PrepassRequest, tator_pipeline::Error> {
    let run = match sent.get("run") {
        Some(name) => Some(
            name.parse().map_err(|e: tator_domain::BadName| tator_pipeline::Error::invalid("name", e.to_string()))?,
        ),
        None => None,
    };
    let sample = match sent.get("do") {
        Some("sample") => Some(sent.read("sample").unwrap_or(50)),
        _ => None,
    };
    Ok(PrepassRequest {
        run,
        sample,
        condition: sent.get("where").map(str::to_owned),
        ..PrepassRequest::new(dataset.clone(), sent.get("recipe").unwrap_or_default())
    })
}

async fn start(bench: Bench, visit: Visit, dataset: web::Path<DatasetName>, form: Pairs) -> WebResult<HttpResponse> {
    let (dataset, sent) = (dataset.into_inner(), Sent(form.into_inner()));
    let outcome = blocking(move || {
        let begun = request_of(&dataset, &sent).and_then(|request| bench.start_prepass(request));
        match begun {
            Ok((job, _)) => Ok(Ok(job)),
            Err(error) => {
                let mut compose = composed(&bench, &dataset, sent.get("recipe").unwrap_or_default().to_owned())?;
                compose.wrong = Some(error.to_string());
                let text = |name: &str| sent.get(name).unwrap_or_default().to_owned();
                (compose.condition, compose.run) = (text("where"), text("run"));
                Ok::<_, tator_pipeline::Error>(Err(whole(&bench, &visit, dataset, compose)?))
            }
        }
    });
    match outcome.await? {
        Ok(job) => Ok(see(&format!("/jobs/{job}"))),
        Err(page) => form_again(&page),
    }
}

async fn resume(bench: Bench, dataset: web::Path<DatasetName>, form: Pairs) -> WebResult<HttpResponse> {
    let (dataset, sent) = (dataset.into_inner(), Sent(form.into_inner()));
    let run = sent.read("run");
    let request = PrepassRequest { run, resume: true, ..PrepassRequest::new(dataset, "") };
    let (job, _) = blocking(move || bench.start_prepass(request)).await?;
    Ok(see(&format!("/jobs/{job}")))
}

async fn estimate(bench: Bench, dataset: web::Path<DatasetName>, form: Pairs) -> WebResult<HttpResponse> {
    let (dataset, sent) = (dataset.into_inner(), Sent(form.into_inner()));
    let of = dataset.clone();
    let begun = blocking(move || {
        let wish = request_of(&of, &sent)
            .and_then(|request| bench.start_estimate(PrepassRequest { sample: None, run: None, ..request }, None));
        Ok::<_, tator_pipeline::Error>(wish.map_err(|error| error.to_string()))
    });
    let part = match begun.await? {
        Ok(job) => part(dataset, job, true, "Measuring on a few images…".into()),
        Err(words) => EstimatePart { failed: true, ..part(dataset, 0, false, words) },
    };
    html(&part)
}

fn part(dataset: DatasetName, job: i64, live: bool, words: String) -> EstimatePart {
    EstimatePart { dataset, job, live, words, pace: None, warnings: Vec::new(), failed: false }
}

async fn estimated(bench: Bench, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    let (dataset, id) = path.into_inner();
    let job = blocking(move || bench.job(id)).await?;
    if !job.state.is_over() {
        let words =
            if job.progress.stage.is_empty() { "Waiting for its turn…".to_owned() } else { job.progress.stage };
        return html(&part(dataset, id, true, words));
    }
    let report = job.report.unwrap_or_default();
    html(&EstimatePart {
        pace: Pace::read(&report),
        warnings: super::words(&report["warnings"]),
        failed: report.is_null(),
        ..part(dataset, id, false, job.message)
    })
}
