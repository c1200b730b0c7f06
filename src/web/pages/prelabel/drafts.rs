//! Auto-labelling the rest: which candidates would become drafts, looked at, then put on their images.

use actix_web::{HttpResponse, web};
use tator_domain::{DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::prepass::DraftRequest;
use tator_store::{Drafted, RunKind};

use super::form::Sent;
use super::pictures;
use super::view::DraftsPage;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use crate::pages::visit::{Bench, Visit, form_again, html};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/prelabel/runs/{run}/drafts", |route| route.to(look)),
        Door::post("/d/{dataset}/prelabel/runs/{run}/drafts", |route| route.to(put)),
    ]
}

fn request_of(sent: &Sent) -> DraftRequest {
    let classes: Vec<i32> =
        sent.0.iter().filter(|(key, _)| key == "class").filter_map(|(_, value)| value.parse().ok()).collect();
    let all = sent.get("classes_sent").is_none();
    DraftRequest {
        calibration: sent.read("calibration"),
        classes: (!all).then_some(classes),
        score: sent.read("score").unwrap_or(0.5),
        condition: sent.get("where").map(str::to_owned),
        ..DraftRequest::default()
    }
}

async fn look(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    query: web::Query<Vec<(String, String)>>,
) -> WebResult<HttpResponse> {
    let ((dataset, run), sent) = (path.into_inner(), Sent(query.into_inner()));
    let page = blocking(move || page(&bench, &visit, dataset, run, &request_of(&sent), None));
    html(&page.await?)
}

async fn put(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    form: web::Form<Vec<(String, String)>>,
) -> WebResult<HttpResponse> {
    let ((dataset, run), sent) = (path.into_inner(), Sent(form.into_inner()));
    let page = blocking(move || {
        let request = request_of(&sent);
        let drafted = bench.apply_drafts(&dataset, &run, &request, &visit.author().name());
        let mut page = page(&bench, &visit, dataset, run, &request, drafted.as_ref().ok())?;
        if let Err(error) = drafted {
            page.preview = Err(error.to_string());
        }
        Ok::<_, tator_pipeline::Error>(page)
    });
    let page = page.await?;
    if page.done.is_some() { html(&page) } else { form_again(&page) }
}

fn page(
    bench: &Workbench,
    visit: &Visit,
    dataset: DatasetName,
    run: RunName,
    request: &DraftRequest,
    drafted: Option<&Drafted>,
) -> Result<DraftsPage, tator_pipeline::Error> {
    bench.reader().run_entry(&dataset, RunKind::Prepass, &run)?;
    let preview = bench.preview_drafts(&dataset, &run, request).map_err(|error| error.to_string());
    let every = DraftRequest { classes: None, ..request.clone() };
    let counts = bench.preview_drafts(&dataset, &run, &every).map(|preview| preview.classes).unwrap_or_default();
    let chosen = |id| request.classes.as_ref().is_none_or(|classes| classes.contains(&id));
    let living = bench.reader().class_list(&dataset)?.into_iter().filter(|class| !class.retired);
    let classes = living
        .map(|class| {
            let n = counts.get(&class.class_id).copied().unwrap_or(0);
            (class.class_id, class.name, class.colour, chosen(class.class_id), n)
        })
        .filter(|(.., n)| *n > 0);
    let samples = preview.as_ref().map(|preview| preview.samples.clone()).unwrap_or_default();
    let calibrations = bench.reader().runs(&dataset, RunKind::Calibration)?;
    let ours = calibrations.iter().filter(|entry| entry.record["run"].as_str() == Some(run.as_str()));
    Ok(DraftsPage {
        shell: visit.shell(bench, Section::Prelabel, Some(&dataset))?,
        classes: classes.collect(),
        score: request.score,
        calibration: request.calibration.as_ref().map(ToString::to_string).unwrap_or_default(),
        calibrations: ours.map(|entry| entry.name.to_string()).collect(),
        condition: request.condition.clone().unwrap_or_default(),
        pictures: pictures(bench, &dataset, &samples, |id| super::found_at(&dataset, &run, id))?,
        done: drafted.map(|drafted| (drafted.change_id, drafted.boxes, drafted.images)),
        preview,
        dataset,
        run,
    })
}
