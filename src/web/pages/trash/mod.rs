//! Deleted datasets, and taking one back.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use tator_domain::{Clock, SystemClock};

use super::visit::{Bench, Visit, form_again, html, see};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use view::Page;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/trash", |route| route.to(page)), Door::post("/trash/{entry}/restore", |route| route.to(restore))]
}

async fn page(bench: Bench, visit: Visit) -> WebResult<HttpResponse> {
    html(&drawn(bench, visit, None).await?)
}

async fn drawn(bench: Bench, visit: Visit, wrong: Option<String>) -> WebResult<Page> {
    blocking(move || {
        let shell = visit.shell(&bench, Section::Trash, None)?;
        Ok::<_, tator_pipeline::Error>(Page::new(shell, bench.trash()?, SystemClock.now(), wrong))
    })
    .await
}

/// Only an entry of the list can be restored, so no path leads out of the trash.
async fn restore(bench: Bench, visit: Visit, entry: web::Path<String>) -> WebResult<HttpResponse> {
    let own = bench.clone();
    let restored = blocking(move || {
        if !own.trash()?.iter().any(|trashed| trashed.entry == *entry) {
            return Err(tator_pipeline::Error::NotFound("this entry of the trash".to_owned()));
        }
        own.restore_dataset(&entry)
    })
    .await;
    match restored {
        Ok(name) => Ok(see(&format!("/d/{name}"))),
        Err(error) if error.status.is_client_error() => {
            form_again(&drawn(bench, visit, Some(error.to_string())).await?)
        }
        Err(error) => Err(error),
    }
}
