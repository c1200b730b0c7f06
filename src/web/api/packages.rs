//! `/api/v1/datasets/{dataset}/packages`: batches of images that one person works on at a time.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::{Clock, DatasetName, PackageKind, SystemClock};
use tator_store::{ImageFilter, NewPackages};

use super::Bench;
use crate::author::Author;
use crate::door::Door;
use crate::error::{WebResult, blocking};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/packages", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/packages", |route| route.to(create)),
        Door::post("/api/v1/datasets/{dataset}/packages/next", |route| route.to(next)),
        Door::post("/api/v1/datasets/{dataset}/packages/{package}/claim", |route| route.to(claim)),
        Door::post("/api/v1/datasets/{dataset}/packages/{package}/release", |route| route.to(release)),
        Door::post("/api/v1/datasets/{dataset}/packages/{package}/close", |route| route.to(close)),
        Door::post("/api/v1/datasets/{dataset}/packages/{package}/reopen", |route| route.to(reopen)),
    ]
}

async fn list(bench: Bench, name: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let packages = blocking(move || bench.reader().packages(&name, SystemClock.now())).await?;
    Ok(HttpResponse::Ok().json(json!({ "packages": packages })))
}

/// Packages to be made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    name: String,
    #[serde(default)]
    kind: Option<PackageKind>,
    #[serde(default)]
    filter: ImageFilter,
    #[serde(default)]
    every: Option<usize>,
}

async fn create(
    bench: Bench,
    author: Author,
    name: web::Path<DatasetName>,
    wish: web::Json<Wish>,
) -> WebResult<HttpResponse> {
    let Wish { name: title, kind, filter, every } = wish.into_inner();
    let new = NewPackages { name: title, kind: kind.unwrap_or(PackageKind::Label), filter, every };
    let made = blocking(move || bench.create_packages(&name, &new, &author.name())).await?;
    Ok(HttpResponse::Created().json(json!({ "package_ids": made })))
}

/// Which kind of work is wished for.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct NextWish {
    kind: Option<PackageKind>,
}

async fn next(
    bench: Bench,
    author: Author,
    name: web::Path<DatasetName>,
    wish: Option<web::Json<NextWish>>,
) -> WebResult<HttpResponse> {
    let kind = wish.and_then(|wish| wish.kind);
    let found = blocking(move || bench.claim_next(&name, kind, &author.name())).await?;
    Ok(HttpResponse::Ok().json(json!({ "package": found })))
}

async fn claim(bench: Bench, author: Author, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    let (name, package) = path.into_inner();
    let taken = blocking(move || bench.claim_package(&name, package, &author.name())).await?;
    Ok(HttpResponse::Ok().json(json!({ "package": taken })))
}

/// Whether it is somebody else's that is given back.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Release {
    force: bool,
}

async fn release(
    bench: Bench,
    author: Author,
    path: web::Path<(DatasetName, i64)>,
    body: Option<web::Json<Release>>,
) -> WebResult<HttpResponse> {
    let ((name, package), force) = (path.into_inner(), body.is_some_and(|body| body.force));
    let freed = blocking(move || bench.release_package(&name, package, &author.name(), force)).await?;
    Ok(HttpResponse::Ok().json(json!({ "package": freed })))
}

async fn close(bench: Bench, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    put_away(bench, path.into_inner(), true).await
}

async fn reopen(bench: Bench, path: web::Path<(DatasetName, i64)>) -> WebResult<HttpResponse> {
    put_away(bench, path.into_inner(), false).await
}

async fn put_away(bench: Bench, (name, package): (DatasetName, i64), closed: bool) -> WebResult<HttpResponse> {
    let package = blocking(move || bench.close_package(&name, package, closed)).await?;
    Ok(HttpResponse::Ok().json(json!({ "package": package })))
}
