//! Blind review: one candidate of a sample after the other, without its score; what is said becomes an estimate, never a box.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::calibrate::Answer;

use super::crop::Crop;
use super::view::ReviewPage;
use super::view_parts::Tab;
use super::{Bench, Visit, about, classes, html, record, see, shell};
use crate::addresses;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;
use crate::pages::prelabel::form::Sent;

/// Candidates in a sample unless said.
const USUAL: u32 = 100;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/calibrate/results/{calibration}/review", |route| route.to(page)),
        Door::post("/d/{dataset}/calibrate/results/{calibration}/review", |route| route.to(answer)),
        Door::post("/d/{dataset}/calibrate/results/{calibration}/review/back", |route| route.to(back)),
    ]
}

/// Which sample.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wish {
    band: Option<String>,
    size: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    let (d, name) = path.into_inner();
    let size = parsed("size", wish.size.as_deref())?.unwrap_or(USUAL).clamp(1, 1_000_000);
    let band = if wish.band.as_deref() == Some("queue") { "queue" } else { "accept" };
    html(&blocking(move || drawn(&bench, &visit, (&d, &name), band, size)).await?)
}

fn drawn(
    bench: &Workbench,
    visit: &Visit,
    (d, name): (&DatasetName, &RunName),
    band: &'static str,
    size: u32,
) -> Result<ReviewPage, tator_pipeline::Error> {
    let (record, names) = (record(bench, d, name)?, classes(bench, d)?);
    let estimates = bench.verdict_estimates(d, name)?;
    let candidates = estimates.iter().find(|one| one.band == band).map_or(0, |one| one.candidates);
    let next = if candidates == 0 { Vec::new() } else { bench.next_verdicts(d, name, (band, size), 2)? };
    let (nothing, done) =
        (String::new(), estimates.iter().find(|one| one.band == band).map_or(0, |e| e.judged + e.skipped));
    let crop = |context: f64| next.first().map(|one| Crop::blind(d, &names, one, context, nothing.clone()));
    let own = crop(2.6);
    // A box that fills its picture has nothing more around it.
    let context = crop(8.0).filter(|more| own.as_ref().is_some_and(|own| own.view_box != more.view_box));
    let mut classes: Vec<(i32, String)> = names.iter().map(|(id, (name, _))| (*id, name.clone())).collect();
    classes.sort_by_key(|(_, name)| name.to_lowercase());
    Ok(ReviewPage {
        about: about(bench, &record, Tab::Review)?,
        shell: shell(bench, visit, d)?,
        crop: own,
        context,
        upcoming: next.get(1).map(|one| Crop::blind(d, &names, one, 2.6, nothing.clone()).picture),
        asked: u64::from(size).min(candidates),
        iou: record.options.iou,
        band,
        size,
        done,
        classes,
        estimates,
    })
}

fn sample_address(d: &DatasetName, name: &RunName, sent: &Sent) -> String {
    let text = |key: &str, usual: &str| sent.get(key).unwrap_or(usual).to_owned();
    let pairs = [("band", text("band", "accept")), ("size", text("size", "100"))];
    format!("{}/review{}", super::view_parts::at(d, name), addresses::query(&pairs))
}

async fn answer(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    form: web::Form<Vec<(String, String)>>,
) -> WebResult<HttpResponse> {
    let ((d, name), sent) = (path.into_inner(), Sent(form.into_inner()));
    let answer = match sent.get("answer") {
        Some("yes") => Answer::Yes,
        Some("no") => Answer::No,
        Some("other") => Answer::Other,
        Some("skip") => Answer::Skip,
        _ => return Err(WebError::invalid("answer", "yes, no, other or skip")),
    };
    let candidate =
        sent.read("candidate").ok_or_else(|| WebError::invalid("candidate", "the number of a candidate"))?;
    let next = see(&sample_address(&d, &name, &sent));
    let said = (answer, sent.read("class"));
    blocking(move || bench.keep_verdict(&d, &name, candidate, said, &visit.author().name())).await?;
    Ok(next)
}

async fn back(
    bench: Bench,
    path: web::Path<(DatasetName, RunName)>,
    form: web::Form<Vec<(String, String)>>,
) -> WebResult<HttpResponse> {
    let ((d, name), sent) = (path.into_inner(), Sent(form.into_inner()));
    let next = see(&sample_address(&d, &name, &sent));
    blocking(move || bench.take_back_verdict(&d, &name)).await?;
    Ok(next)
}
