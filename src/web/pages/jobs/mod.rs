//! Long work: the list, one job, its progress, stopping it and going on.

pub(super) mod report;
#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use tator_domain::{Clock, SystemClock};
use tator_pipeline::Workbench;

use super::visit::{Bench, Visit, html, see};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use crate::uploads::{Uploads, clear_after};
use view::{Badge, JobPage, JobView, List, Page, Progress};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/jobs", |route| route.to(page)),
        Door::get("/jobs/_list", |route| route.to(list)),
        Door::get("/jobs/_badge", |route| route.to(badge)),
        Door::get("/jobs/{id}", |route| route.to(job)),
        Door::get("/jobs/{id}/_progress", |route| route.to(progress)),
        Door::post("/jobs/{id}/cancel", |route| route.to(cancel)),
        Door::post("/jobs/{id}/resume", |route| route.to(resume)),
        Door::post("/jobs/{id}/import", |route| route.to(import)),
    ]
}

fn jobs(bench: &Workbench) -> Result<Vec<JobView>, tator_pipeline::Error> {
    let now = SystemClock.now();
    let datasets = bench.reader().dataset_names()?;
    let shown = |record| JobView::new(record, now).among(&datasets);
    let mut jobs: Vec<JobView> = bench.jobs()?.iter().map(shown).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
    Ok(jobs)
}

fn one(bench: &Workbench, id: i64) -> Result<JobView, tator_pipeline::Error> {
    Ok(JobView::new(&bench.job(id)?, SystemClock.now()).among(&bench.reader().dataset_names()?))
}

async fn page(bench: Bench, visit: Visit) -> WebResult<HttpResponse> {
    let page = blocking(move || {
        Ok::<_, tator_pipeline::Error>(Page { shell: visit.shell(&bench, Section::Jobs, None)?, jobs: jobs(&bench)? })
    })
    .await?;
    html(&page)
}

async fn list(bench: Bench) -> WebResult<HttpResponse> {
    html(&List { jobs: blocking(move || jobs(&bench)).await? })
}

async fn badge(bench: Bench, visit: Visit) -> WebResult<HttpResponse> {
    let shell = blocking(move || visit.shell(&bench, Section::Jobs, None)).await?;
    html(&Badge { shell })
}

async fn job(bench: Bench, visit: Visit, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let page = blocking(move || {
        let job = one(&bench, *id)?;
        let shell = visit.shell(&bench, Section::Jobs, job.dataset.as_ref())?;
        Ok::<_, tator_pipeline::Error>(JobPage { shell, job })
    })
    .await?;
    html(&page)
}

/// A job that has ended is told once more with 286, which ends the asking.
async fn progress(bench: Bench, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let job = blocking(move || one(&bench, *id)).await?;
    let ended = !job.is_live();
    let mut answer = html(&Progress { job })?;
    if ended && let Ok(stop) = StatusCode::from_u16(286) {
        *answer.status_mut() = stop;
    }
    Ok(answer)
}

async fn cancel(bench: Bench, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let back = see(&format!("/jobs/{id}"));
    blocking(move || bench.cancel_job(*id)).await?;
    Ok(back)
}

async fn resume(bench: Bench, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let job = blocking(move || bench.resume_job(*id)).await?;
    Ok(see(&format!("/jobs/{job}")))
}

/// What a dry run looked at is imported now.
async fn import(bench: Bench, uploads: web::Data<Uploads>, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let asked = bench.clone();
    let (job, uploaded) = blocking(move || {
        let job = asked.start_checked_import(*id)?;
        let uploaded = uploads.hand_over(*id, job).map_err(tator_pipeline::Error::io("keeping the upload"))?;
        Ok::<_, tator_pipeline::Error>((job, uploaded))
    })
    .await?;
    if let Some(folder) = uploaded {
        actix_web::rt::spawn(clear_after(bench, job, folder));
    }
    Ok(see(&format!("/jobs/{job}")))
}
