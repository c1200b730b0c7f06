//! The work of a dataset: its packages, and what waits for somebody.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{Clock, DatasetName, PackageKind, SystemClock};
use tator_store::{ImageFilter, NewPackages};

use super::visit::{Bench, Visit, form_again, html, see};
use crate::addresses;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::{FilterQuery, parsed};
use crate::page::Section;
use view::{Page, Wish};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/work", |route| route.to(page)),
        Door::post("/d/{dataset}/work", |route| route.to(create)),
        Door::get("/datasets/{dataset}/work", |route| route.to(elsewhere)),
        Door::post("/d/{dataset}/work/next", |route| route.to(next)),
        Door::post("/d/{dataset}/work/{package}/claim", |route| route.to(claim)),
        Door::post("/d/{dataset}/work/{package}/release", |route| route.to(release)),
        Door::post("/d/{dataset}/work/{package}/close", |route| route.to(close)),
        Door::post("/d/{dataset}/work/{package}/reopen", |route| route.to(reopen)),
    ]
}

/// Where the page is, for those who guess its address.
async fn elsewhere(name: web::Path<DatasetName>) -> HttpResponse {
    see(&addresses::work(&name))
}

async fn page(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    filter: web::Query<FilterQuery>,
) -> WebResult<HttpResponse> {
    let wish = Wish { filter: filter.into_inner().filter()?, ..Wish::default() };
    html(&drawn(bench, visit, name.into_inner(), wish).await?)
}

async fn drawn(bench: Bench, visit: Visit, name: DatasetName, wish: Wish) -> WebResult<Page> {
    blocking(move || {
        let reader = bench.reader();
        let shell = visit.shell(&bench, Section::Work, Some(&name))?;
        let counts = (reader.comment_counts(&name)?, reader.facets(&name, &wish.filter).map_or(0, |f| f.total));
        let packages = reader.packages(&name, SystemClock.now())?;
        Ok::<_, tator_pipeline::Error>(Page::new(shell, name, packages, counts, wish))
    })
    .await
}

/// The form that makes packages; the filter travels in hidden fields.
#[derive(Deserialize)]
struct Form {
    name: String,
    kind: PackageKind,
    every: String,
    #[serde(flatten)]
    filter: FilterQuery,
}

async fn create(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    form: web::Form<Form>,
) -> WebResult<HttpResponse> {
    let (Form { name: title, kind, every, filter }, own) = (form.into_inner(), bench.clone());
    let filter = filter.filter()?;
    let size = match parsed::<usize>("every", Some(&every)) {
        Ok(size) => size,
        Err(error) => return again(bench, visit, name.into_inner(), (title, every, filter), error.to_string()).await,
    };
    let new = NewPackages { name: title.clone(), kind, filter: filter.clone(), every: size };
    let (d, author) = (name.clone(), visit.author().name());
    match blocking(move || own.create_packages(&d, &new, &author)).await {
        Ok(_) => Ok(see(&addresses::work(&name))),
        Err(error) if error.status.is_client_error() => {
            again(bench, visit, name.into_inner(), (title, every, filter), error.to_string()).await
        }
        Err(error) => Err(error),
    }
}

async fn again(
    bench: Bench,
    visit: Visit,
    name: DatasetName,
    (title, every, filter): (String, String, ImageFilter),
    wrong: String,
) -> WebResult<HttpResponse> {
    form_again(&drawn(bench, visit, name, Wish { title, every, filter, wrong: Some(wrong) }).await?)
}

/// Which work a person asks for.
#[derive(Deserialize)]
struct Next {
    kind: Option<PackageKind>,
}

async fn next(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    form: web::Form<Next>,
) -> WebResult<HttpResponse> {
    let (d, author) = (name.clone(), visit.author().name());
    let found = blocking(move || bench.claim_next(&d, form.kind, &author)).await?;
    Ok(see(&found.map_or_else(|| addresses::work(&name), |package| addresses::package(&name, package.package_id))))
}

async fn claim(bench: Bench, visit: Visit, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    let (name, package) = path.into_inner();
    let next = addresses::package(&name, package);
    blocking(move || bench.claim_package(&name, package, &visit.author().name())).await?;
    Ok(see(&next))
}

/// Whether it is known that somebody else has it.
#[derive(Deserialize)]
struct Release {
    #[serde(default)]
    force: Option<String>,
}

async fn release(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, i64)>,
    form: web::Form<Release>,
) -> WebResult<HttpResponse> {
    let (name, package) = path.into_inner();
    let (back, force) = (see(&addresses::work(&name)), form.force.is_some());
    blocking(move || bench.release_package(&name, package, &visit.author().name(), force)).await?;
    Ok(back)
}

async fn close(bench: Bench, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    put_away(bench, path.into_inner(), true).await
}

async fn reopen(bench: Bench, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    put_away(bench, path.into_inner(), false).await
}

async fn put_away(bench: Bench, (name, package): (DatasetName, i64), closed: bool) -> WebResult<HttpResponse> {
    let back = see(&addresses::work(&name));
    blocking(move || bench.close_package(&name, package, closed)).await?;
    Ok(back)
}
