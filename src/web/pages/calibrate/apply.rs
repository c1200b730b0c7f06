//! Applying: counts by class and pictures first, then drafts in one change, taken back by one press.

use actix_web::{HttpResponse, web};
use tator_domain::{DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::calibrate::{ApplyRequest, Record};
use tator_store::Drafted;

use super::thresholds::{NOTHING, least_at, tick_of};
use super::view_list::ApplyPage;
use super::view_parts::Tab;
use super::{Bench, Visit, about, form_again, html, record, shell};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::pages::prelabel;
use crate::pages::prelabel::form::Sent;

/// Pictures of the preview.
const PICTURES: usize = 12;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/calibrate/results/{calibration}/apply", |route| route.to(look)),
        Door::post("/d/{dataset}/calibrate/results/{calibration}/apply", |route| route.to(put)),
    ]
}

/// The form: `t<class>` are ticks of thresholds, those that stand where the calibration has them change nothing.
fn request_of(record: &Record, sent: &Sent) -> ApplyRequest {
    let moved = |(key, value): &(String, String)| {
        let (class, tick) = (key.strip_prefix('t')?.parse().ok()?, value.parse::<i32>().ok()?);
        let own = record.rule.least(class);
        (tick != tick_of(own)).then(|| (class, if tick >= NOTHING { 1.0 } else { least_at(own, tick) }))
    };
    let queue_tick = sent.read::<i32>("queue_from").filter(|tick| *tick != tick_of(Some(record.queue_from)));
    ApplyRequest {
        dry_run: false,
        queue: sent.get("queue").is_some(),
        thresholds: sent.0.iter().filter_map(moved).collect(),
        queue_from: queue_tick.map(|tick| (f64::from(tick) / 1000.0).clamp(0.0, 1.0)),
        classes: None,
        condition: sent.get("where").map(str::to_owned),
        anyway: sent.get("anyway").is_some(),
    }
}

async fn look(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    query: web::Query<Vec<(String, String)>>,
) -> WebResult<HttpResponse> {
    let ((d, name), sent) = (path.into_inner(), Sent(query.into_inner()));
    let page = blocking(move || {
        let record = record(&bench, &d, &name)?;
        let request = request_of(&record, &sent);
        drawn(&bench, &visit, (&d, &record), &request, Ok(None))
    });
    html(&page.await?)
}

async fn put(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    form: web::Form<Vec<(String, String)>>,
) -> WebResult<HttpResponse> {
    let ((d, name), sent) = (path.into_inner(), Sent(form.into_inner()));
    let page = blocking(move || {
        let record = record(&bench, &d, &name)?;
        let request = request_of(&record, &sent);
        let applied = bench.apply_calibration(&d, &name, &request, &visit.author().name());
        let done = applied.map(|applied| applied.change).map_err(|error| match error {
            tator_pipeline::Error::NotPromoted { .. } => {
                format!("{error}. If you know better, tick “Apply it all the same”")
            }
            other => other.to_string(),
        });
        drawn(&bench, &visit, (&d, &record), &request, done)
    });
    let page = page.await?;
    if page.done.is_some() { html(&page) } else { form_again(&page) }
}

fn drawn(
    bench: &Workbench,
    visit: &Visit,
    (d, record): (&DatasetName, &Record),
    request: &ApplyRequest,
    done: Result<Option<Drafted>, String>,
) -> Result<ApplyPage, tator_pipeline::Error> {
    let name = &record.calibration;
    let preview = bench.preview_calibration_pictures(d, name, request, PICTURES).map_err(|error| error.to_string());
    let (done, wrong) = match done {
        Ok(done) => (done, None),
        Err(words) => (None, Some(words)),
    };
    let (preview, samples) = match preview {
        Ok((preview, samples)) => (Ok(preview), samples),
        Err(words) => (Err(words), Vec::new()),
    };
    let ticks = request.thresholds.iter().map(|(class, least)| (*class, (least * 1000.0).round() as i32)).collect();
    let on_image = |id| format!("/d/{d}/prelabel/runs/{}/images/{id}", record.run);
    Ok(ApplyPage {
        about: about(bench, record, Tab::Apply)?,
        shell: shell(bench, visit, d)?,
        pictures: prelabel::pictures(bench, d, &samples, on_image)?,
        condition: request.condition.clone().unwrap_or_default(),
        queue: request.queue,
        queue_tick: request.queue_from.map(|from| (from * 1000.0).round() as i32),
        anyway: request.anyway,
        ticks,
        preview,
        wrong,
        done: done.map(|drafted| (drafted.change_id, drafted.boxes, drafted.images)),
    })
}
