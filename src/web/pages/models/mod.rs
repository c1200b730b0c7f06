//! Models: what is at hand, what can be fetched, which is used, and the images it keeps ready.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_pipeline::models::ProviderWish;
use tator_pipeline::{AddRequest, AssistChange, PullRequest, Workbench};

use super::visit::{Bench, Visit, form_again, html, see};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use view::{Now, Page, Predictors};

const HERE: &str = "/models";

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get(HERE, |route| route.to(page)),
        Door::get("/models/_predictors", |route| route.to(predictors)),
        Door::post("/models/pull", |route| route.to(pull)),
        Door::post("/models/add", |route| route.to(add)),
        Door::post("/models/settings", |route| route.to(settings)),
        Door::post("/models/{name}/measure", |route| route.to(measure)),
        Door::post("/models/{name}/verify", |route| route.to(verify)),
    ]
}

async fn drawn(bench: Bench, visit: Visit, wrong: Option<String>) -> WebResult<Page> {
    blocking(move || {
        let shell = visit.shell(&bench, Section::Models, None)?;
        let (status, now) = (bench.models_status(), Now(bench.assist_status()));
        Ok::<_, tator_pipeline::Error>(Page { shell, status, now, wrong })
    })
    .await
}

async fn page(bench: Bench, visit: Visit) -> WebResult<HttpResponse> {
    html(&drawn(bench, visit, None).await?)
}

async fn predictors(bench: Bench) -> WebResult<HttpResponse> {
    let now = blocking(move || Ok::<_, tator_pipeline::Error>(Now(bench.assist_status()))).await?;
    html(&Predictors { now })
}

/// Does what a form asks, and shows the page again with what was wrong about it.
async fn done<W>(bench: Bench, visit: Visit, work: W) -> WebResult<HttpResponse>
where
    W: FnOnce(&Workbench) -> Result<String, tator_pipeline::Error> + Send + 'static,
{
    let own = bench.clone();
    match blocking(move || work(&own)).await {
        Ok(next) => Ok(see(&next)),
        Err(error) => form_again(&drawn(bench, visit, Some(error.to_string())).await?),
    }
}

/// A model of the catalogue.
#[derive(Deserialize)]
struct Wanted {
    name: String,
    #[serde(default)]
    accept: Option<String>,
}

async fn pull(bench: Bench, visit: Visit, form: web::Form<Wanted>) -> WebResult<HttpResponse> {
    let Wanted { name, accept } = form.into_inner();
    let request = PullRequest { name, endpoint: None, accept_licence: accept.is_some() };
    done(bench, visit, move |bench| Ok(format!("/jobs/{}", bench.start_pull(&request)?))).await
}

/// A folder of this machine.
#[derive(Deserialize)]
struct Folder {
    folder: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    family: String,
    #[serde(default)]
    licence: String,
}

async fn add(bench: Bench, visit: Visit, form: web::Form<Folder>) -> WebResult<HttpResponse> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let request = AddRequest {
        folder: form.folder.trim().into(),
        name: given(&form.name),
        family: given(&form.family),
        licence: given(&form.licence),
        ..AddRequest::default()
    };
    done(bench, visit, move |bench| {
        if !request.folder.is_absolute() {
            return Err(tator_pipeline::Error::invalid("folder", "give the absolute path of a folder on this machine"));
        }
        let added = bench.add_model(&request)?;
        Ok(format!("{HERE}#m-{}", added.manifest.name))
    })
    .await
}

/// What is changed; what is missing stays. `preload_sent` tells an empty tick from a form without it.
#[derive(Deserialize)]
struct Wish {
    slots: Option<u8>,
    mebibytes: Option<usize>,
    preload: Option<String>,
    preload_sent: Option<String>,
    provider: Option<ProviderWish>,
    segmenter: Option<String>,
    embedder: Option<String>,
}

async fn settings(bench: Bench, visit: Visit, form: web::Form<Wish>) -> WebResult<HttpResponse> {
    let wish = form.into_inner();
    let change = AssistChange {
        slots: wish.slots,
        bytes: wish.mebibytes.map(|n| n.saturating_mul(1 << 20)),
        preload: wish.preload_sent.map(|_| wish.preload.is_some()),
        segmenter: wish.segmenter,
        embedder: wish.embedder,
        provider: wish.provider,
    };
    done(bench, visit, move |bench| bench.change_assist(change).map(|()| HERE.to_owned())).await
}

async fn measure(bench: Bench, visit: Visit, name: web::Path<String>) -> WebResult<HttpResponse> {
    done(bench, visit, move |bench| bench.measure_model(&name).map(|_| format!("{HERE}#m-{name}"))).await
}

async fn verify(bench: Bench, visit: Visit, name: web::Path<String>) -> WebResult<HttpResponse> {
    done(bench, visit, move |bench| Ok(format!("/jobs/{}", bench.start_verify(Some(&name))?))).await
}
